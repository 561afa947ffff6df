//! A graph with a history and ways in which it arrives, and the smallest one that fails.

use std::fmt;

use crate::answers::{Answers, Questions};
use crate::arrival::Arrival;
use crate::generate::{Random, history, instants};
use crate::graph::{Fill, Graph, Step};
use crate::logged::Logged;
use crate::oracle::Oracle;
use crate::run::run;

/// How many runs are spent on making a failing case smaller.
const PATIENCE: usize = 1500;

/// What is tried.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) graph: Graph,
    history: Vec<Logged>,
    arrivals: Vec<Arrival>,
    instants: Vec<i64>,
}

impl Case {
    /// The case of a seed: one plain way and some others.
    pub(crate) fn random(seed: u64, graph: impl Fn(&mut Random) -> Graph) -> Case {
        let mut random = Random::new(seed);
        let graph = graph(&mut random);
        let history = history(&graph, &mut random);
        let mut arrivals = vec![Arrival::plain(&history)];
        for _ in 0..4 {
            arrivals.push(Arrival::random(&graph, &history, &mut random));
        }
        Case {
            instants: instants(&history, &mut random),
            graph,
            history,
            arrivals,
        }
    }

    /// What is wrong, if anything.
    pub(crate) fn check(&self) -> Option<String> {
        if let Some(problems) = self.graph.problems() {
            return Some(format!("the definitions are refused: {problems}"));
        }
        let oracle = Oracle::new(&self.graph, &self.history);
        let questions = Questions::new(&oracle, self.instants.clone());
        let latest = self.history.iter().map(|row| row.at).max().unwrap_or(0);
        let mut first = None;
        for arrival in &self.arrivals {
            let (answers, anew) = match run(&self.graph, &self.history, arrival, &questions) {
                Ok(answers) => answers,
                Err(error) => return Some(format!("{arrival}\n  fails: {error}")),
            };
            let judged = |answers: &Answers| {
                if answers.left.is_whole() {
                    return answers.judge(&oracle, latest, &questions);
                }
                let oracle = Oracle::of_left(&self.graph, &self.history, &answers.left);
                answers.judge(&oracle, latest, &questions)
            };
            if let Some(told) = judged(&answers) {
                return Some(format!("{arrival}\n  {told}"));
            }
            if let Some(told) = anew.as_ref().and_then(judged) {
                return Some(format!("{arrival}\n  made anew, {told}"));
            }
            let first = first.get_or_insert((arrival.clone(), None));
            match &first.1 {
                None => first.1 = Some(answers),
                Some(before) => {
                    if let Some(told) = answers.differ(before, &questions) {
                        return Some(format!("{arrival}\n  not as {}\n  {told}", first.0));
                    }
                }
            }
        }
        None
    }

    /// A smaller case that fails too.
    pub(crate) fn shrink(mut self) -> Case {
        let mut tried = 0;
        loop {
            let mut smaller = self.smaller().into_iter();
            let found = smaller.find(|case| {
                tried += 1;
                tried <= PATIENCE && case.check().is_some()
            });
            match found {
                Some(case) => self = case,
                None => return self,
            }
        }
    }

    /// Cases with one thing less that are still ones.
    fn smaller(&self) -> Vec<Case> {
        let graphs = self.graph.smaller().into_iter().filter_map(|graph| {
            let mut case = self.clone();
            for row in (0..self.history.len()).rev() {
                let dataset = &self.history[row].dataset;
                if graph.datasets.iter().all(|other| other.name != *dataset) {
                    case.remove(row);
                }
            }
            let apart = !graph.needs_apart() || self.graph.needs_apart();
            let valid = graph.problems().is_none() && graph.facts().is_some() && apart;
            case.graph = graph;
            valid.then_some(case)
        });
        let mut cases: Vec<_> = graphs.collect();
        for way in 0..self.arrivals.len() {
            if self.arrivals.len() > 1 {
                let mut case = self.clone();
                case.arrivals.remove(way);
                cases.push(case);
            }
            let mut changed = |change: &dyn Fn(&mut Arrival)| {
                let mut case = self.clone();
                change(&mut case.arrivals[way]);
                if case.arrivals != self.arrivals {
                    cases.push(case);
                }
            };
            changed(&|arrival| *arrival = Arrival::plain(&self.history));
            changed(&|arrival| arrival.erasure = None);
            changed(&|arrival| {
                if let Some(erasure) = &mut arrival.erasure {
                    erasure.rows.pop();
                }
            });
            changed(&|arrival| arrival.restarts.clear());
            changed(&|arrival| arrival.on_disk = false);
            changed(&|arrival| arrival.compacts = false);
            changed(&|arrival| arrival.trims = false);
            changed(&|arrival| arrival.fills_by_row = false);
            changed(&|arrival| arrival.is_prompt = false);
            changed(&|arrival| arrival.early = 0);
            changed(&|arrival| arrival.replaces = false);
            changed(&|arrival| arrival.commit = 0);
            changed(&|arrival| arrival.anew = None);
        }
        let count = self.history.len();
        for size in [count / 2, count / 4, 2, 1] {
            for first in (0..count).step_by(size.max(1)) {
                let mut case = self.clone();
                for row in (first..(first + size).min(count)).rev() {
                    case.remove(row);
                }
                if case.history.len() < count {
                    cases.push(case);
                }
            }
        }
        let count = self.instants.len();
        for size in [count / 2, 1] {
            if count > 1 {
                cases.extend((0..count).step_by(size).map(|first| {
                    let mut case = self.clone();
                    case.instants.drain(first..(first + size).min(count));
                    case
                }));
            }
        }
        cases
    }

    fn remove(&mut self, row: usize) {
        self.history.remove(row);
        for arrival in &mut self.arrivals {
            *arrival = arrival.without(row);
        }
    }
}

impl Graph {
    /// Graphs with one thing less, of which some are none any more.
    fn smaller(&self) -> Vec<Graph> {
        let mut graphs = Vec::new();
        for (i, dataset) in self.datasets.iter().enumerate() {
            if !self.is_used(&dataset.name) && self.datasets.len() > 1 {
                let mut graph = self.clone();
                graph.datasets.remove(i);
                graphs.push(graph);
            }
            let Fill::Pipeline(chain) = &dataset.fill else {
                continue;
            };
            let mut with = |change: &dyn Fn(&mut Vec<Step>)| {
                let mut graph = self.clone();
                if let Fill::Pipeline(chain) = &mut graph.datasets[i].fill {
                    change(&mut chain.steps);
                }
                if graph.settle().is_some() {
                    graphs.push(graph);
                }
            };
            for step in 0..chain.steps.len() {
                if chain.steps.len() > 1 {
                    with(&|steps| drop(steps.remove(step)));
                }
                if let Step::Aggregate(aggregate) = &chain.steps[step] {
                    for spec in 0..aggregate.specs.len() {
                        with(&|steps| {
                            if let Step::Aggregate(aggregate) = &mut steps[step] {
                                aggregate.specs.remove(spec);
                            }
                        });
                    }
                }
            }
        }
        graphs
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.graph)?;
        for (i, row) in self.history.iter().enumerate() {
            let values = row
                .values
                .iter()
                .map(|(name, value)| format!("{name}: {value}"));
            let values = values.collect::<Vec<_>>().join(", ");
            let at = crate::value::V::Time(row.at);
            let what = if row.is_gone { "delete" } else { "row" };
            writeln!(f, "{what} {i} of {} at {at}: {values}", row.dataset)?;
        }
        self.arrivals
            .iter()
            .try_for_each(|arrival| writeln!(f, "{arrival}"))
    }
}
