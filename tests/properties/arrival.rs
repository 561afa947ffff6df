//! Ways in which the same rows can arrive.

use std::fmt;
use std::ops::Range;

use crate::generate::{Random, order};
use crate::graph::Graph;
use crate::logged::Logged;
use crate::value::V;

/// A way: in which order, in which requests, and what happens between these.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrival {
    /// The rows by their positions in the history.
    pub(crate) order: Vec<usize>,
    /// The requests, each with rows of one endpoint, as parts of the order.
    pub(crate) requests: Vec<Range<usize>>,
    /// Before which requests the engine is opened anew.
    pub(crate) restarts: Vec<usize>,
    /// How many of the pipelines are there before anything comes.
    pub(crate) early: usize,
    /// After how many requests the others are committed; what was logged before is filled in, as far as it is left.
    pub(crate) commit: usize,
    /// Whether those that are there by then are made anew, in another version.
    pub(crate) replaces: bool,
    /// After how many requests there is a branch with all datasets in another version, if there ever is.
    pub(crate) anew: Option<usize>,
    /// Rows of no history, which come and are erased again.
    pub(crate) erasure: Option<Erasure>,
    /// Whether the store is on the disk.
    pub(crate) on_disk: bool,
    /// Whether what no row can need any more is removed after every row.
    pub(crate) compacts: bool,
    /// Whether what is older than its history is removed after every request.
    pub(crate) trims: bool,
    /// Whether tables are filled with one row after the other.
    pub(crate) fills_by_row: bool,
    /// Whether rows arrive as soon as they can, rather than each request years after the last.
    pub(crate) is_prompt: bool,
}

/// Rows about somebody of whom the history doesn't know.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Erasure {
    /// The rows of one dataset, each with the position of the request before which it comes.
    pub(crate) rows: Vec<(usize, Logged)>,
    /// The position of the request before which they are erased.
    pub(crate) before: usize,
}

impl Erasure {
    /// The first key of the rows, which no other row has.
    pub(crate) const KEY: i64 = 77;

    /// Rows as the history has them of some dataset, but of another key.
    fn random(
        graph: &Graph,
        history: &[Logged],
        requests: usize,
        random: &mut Random,
    ) -> Option<Self> {
        let row = random.pick(history);
        let name = graph.dataset(&row.dataset).erase_key()?;
        let alike = history.iter().filter(|other| other.dataset == row.dataset);
        let mut alike: Vec<Logged> = alike.cloned().collect();
        for row in &mut alike {
            match row.values.get_mut(name) {
                Some(V::Int(key)) => *key = Self::KEY,
                _ => return None,
            }
        }
        let before = random.below(requests + 1);
        let rows = random.some(&alike).into_iter();
        Some(Erasure {
            rows: rows.map(|row| (random.below(before + 1), row)).collect(),
            before,
        })
    }
}

impl Arrival {
    /// One row after the other, as the history has them.
    pub(crate) fn plain(history: &[Logged]) -> Self {
        Arrival {
            order: (0..history.len()).collect(),
            requests: (0..history.len()).map(|i| i..i + 1).collect(),
            restarts: Vec::new(),
            early: 0,
            commit: 0,
            replaces: false,
            anew: None,
            erasure: None,
            on_disk: false,
            compacts: false,
            trims: false,
            fills_by_row: false,
            is_prompt: false,
        }
    }

    /// Another way, in which rows that tie keep their order: those of one event time, and with keys of one key.
    pub(crate) fn random(graph: &Graph, history: &[Logged], random: &mut Random) -> Self {
        let tie = |row: usize| {
            let row = &history[row];
            let keys = graph.dataset(&row.dataset).columns.keys.iter();
            let key: Vec<_> = keys.map(|key| &row.values[&key.name]).collect();
            let dataset = (!key.is_empty()).then_some(&row.dataset);
            (row.at, dataset, key)
        };
        let order = match random.once_in(4) {
            true => (0..history.len()).collect(),
            false => order(graph, history, random),
        };
        let mut arranged = order.clone();
        for (place, row) in order.iter().enumerate() {
            let tied = |other: &usize| tie(*other) == tie(*row);
            let before = order[..place].iter().filter(|other| tied(other)).count();
            let mut all: Vec<_> = order.iter().copied().filter(tied).collect();
            all.sort_unstable();
            arranged[place] = all[before];
        }
        let longest = 1 + random.below(8.max(history.len() / 4));
        let mut requests: Vec<Range<usize>> = Vec::new();
        for place in 0..arranged.len() {
            match requests.last_mut() {
                Some(last)
                    if last.len() < longest
                        && history[arranged[last.start]].endpoint()
                            == history[arranged[place]].endpoint() =>
                {
                    last.end = place + 1;
                }
                _ => requests.push(place..place + 1),
            }
        }
        let restarts = (0..=requests.len()).filter(|_| random.once_in(6)).collect();
        let trims = random.below(4) < if graph.is_brief() { 3 } else { 1 };
        // What is computed anew lacks what windows without a beginning keep of rows that the log has no more.
        let erasure = match random.once_in(3) && !history.is_empty() {
            true => Erasure::random(graph, history, requests.len(), random),
            false => None,
        };
        // What comes later may be older than what is left, and then it isn't said which of both it meets.
        let in_the_end = trims && graph.reaches_back();
        let commit = match random.below(3) {
            // Rows that are late until others are erased aren't gone.
            _ if trims && erasure.is_some() => 0,
            0 => 0,
            1 => requests.len(),
            _ if in_the_end => requests.len(),
            _ => random.below(requests.len() + 1),
        };
        let early = random.below(graph.datasets.len());
        let is_prompt = trims && random.once_in(2);
        let in_the_end = in_the_end || trims && !is_prompt || erasure.is_some();
        let anew = match random.once_in(3) {
            true if in_the_end => Some(requests.len()),
            true => Some(random.below(requests.len() + 1)),
            false => None,
        };
        Arrival {
            order: arranged,
            requests,
            erasure,
            restarts,
            early: if graph.can_grow(early) { early } else { 0 },
            commit,
            replaces: random.once_in(3),
            anew,
            on_disk: random.once_in(24),
            compacts: random.once_in(2),
            trims,
            fills_by_row: random.once_in(2),
            is_prompt,
        }
    }

    /// The rows that have come before a request, as the history has them.
    pub(crate) fn arrived(&self, request: usize, history: &[Logged]) -> Vec<Logged> {
        let before = self.requests.get(request);
        let before = before.map_or(self.order.len(), |request| request.start);
        let mut rows = self.order[..before].to_vec();
        rows.sort_unstable();
        rows.into_iter().map(|row| history[row].clone()).collect()
    }

    /// This way without a row of the history.
    pub(crate) fn without(&self, row: usize) -> Self {
        let mut arrival = self.clone();
        let place = self.order.iter().position(|other| *other == row);
        let place = place.expect("all rows arrive");
        arrival.order.remove(place);
        for other in &mut arrival.order {
            *other -= usize::from(*other > row);
        }
        for request in &mut arrival.requests {
            request.start -= usize::from(request.start > place);
            request.end -= usize::from(request.end > place);
        }
        arrival
    }
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let disk = if self.on_disk {
            "on the disk"
        } else {
            "in memory"
        };
        let compacts = if self.compacts { ", compacting" } else { "" };
        let trims = match (self.trims, self.is_prompt) {
            (false, _) => "",
            (true, false) => ", trimming",
            (true, true) => ", prompt, trimming",
        };
        let fills = if self.fills_by_row {
            ", filling by row"
        } else {
            ""
        };
        let early = self.early;
        write!(f, "{disk}{compacts}{trims}{fills}, {early} pipelines:")?;
        for i in 0..=self.requests.len() {
            if self.restarts.contains(&i) {
                f.write_str(" restart;")?;
            }
            if self.commit == i {
                f.write_str(" commit")?;
                f.write_str(if self.replaces { " anew;" } else { ";" })?;
            }
            if let Some(Erasure { rows, before }) = &self.erasure {
                let rows = rows.iter().filter(|(place, _)| *place == i);
                rows.map(|(_, row)| row).try_for_each(|row| {
                    write!(f, " log {} {:?} at {};", row.endpoint(), row.values, row.at)
                })?;
                if *before == i {
                    f.write_str(" erase;")?;
                }
            }
            if self.anew == Some(i) {
                f.write_str(" make all anew;")?;
            }
            if let Some(request) = self.requests.get(i)
                && !request.is_empty()
            {
                write!(f, " log {:?};", &self.order[request.clone()])?;
            }
        }
        Ok(())
    }
}
