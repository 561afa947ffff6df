//! Removing what no row can need any more.
//!
//! No row comes that is older than the watermark, so what a kernel keeps for rows of that time can go, once
//! nothing that comes later looks at it. Kernels say group by group what that is. The rows of aggregates that are
//! computed when they are read go in the same way, but by the history of their dataset.

use std::ops::Bound;

use fennel_core::kernel::{Among, Which};
use fennel_core::window::Window;

use super::session::{Times, is_silence, start};
use super::window::windows;
use super::{OPEN, corrupt};
use crate::error::Result;
use crate::state::{Side, State};
use crate::store::{Bytes, prefix_end};

/// How far a kernel's state was looked through.
#[derive(Debug)]
pub(crate) struct Swept {
    /// Where to go on; none at the end.
    pub(crate) next: Option<Bytes>,
    /// How many groups were looked at.
    pub(crate) groups: usize,
    /// How many entries were removed.
    pub(crate) gone: usize,
    /// Nothing else can go before the watermark has passed this.
    pub(crate) until: i64,
}

impl Default for Swept {
    fn default() -> Self {
        Self {
            next: None,
            groups: 0,
            gone: 0,
            until: OPEN,
        }
    }
}

/// What of a group can go.
#[derive(Debug, Default)]
pub(super) struct Gone {
    /// The keys of its entries.
    pub(super) keys: Vec<Bytes>,
    /// What stands for them from then on.
    pub(super) base: Option<(Bytes, Bytes)>,
    /// Whether there is more.
    pub(super) more: bool,
    /// Nothing else can go before the watermark has passed this; none where only rows that come can tell.
    pub(super) until: Option<i64>,
}

impl Gone {
    /// The first of what can go now, `limit` at most.
    pub(super) fn first(
        mut keys: impl Iterator<Item = Result<Bytes>>,
        limit: usize,
    ) -> Result<Self> {
        Ok(Self {
            keys: keys.by_ref().take(limit).collect::<Result<_>>()?,
            more: keys.next().transpose()?.is_some(),
            ..Self::default()
        })
    }
}

/// Looks through groups of what begins with `prefix`, from `from` on, until they and what goes of them are about `limit`.
/// `len` tells how many bytes of an entry's key behind the prefix are its group's, and `gone` what of a group, given
/// its bytes, can go, and no more rows than so many.
pub(super) fn sweep(
    state: &mut State,
    prefix: &[u8],
    from: &[u8],
    limit: usize,
    len: impl Fn(&[u8]) -> Option<usize>,
    gone: impl Fn(&State, Vec<u8>, usize) -> Result<Gone>,
) -> Result<Swept> {
    let mut swept = Swept {
        next: Some(from.into()),
        ..Swept::default()
    };
    while let Some(next) = &swept.next
        && swept.groups + swept.gone < limit
    {
        let first = state.scan_from(Side::After, next, prefix).next();
        let Some((key, _)) = first.transpose()? else {
            swept.next = None;
            break;
        };
        let group = || {
            let rest = key.get(prefix.len()..)?;
            rest.get(..len(rest)?)
        };
        let group = group().ok_or_else(corrupt)?;
        let gone = gone(state, group.to_vec(), limit - swept.gone)?;
        swept.gone += gone.keys.len();
        swept.until = swept.until.min(gone.until.unwrap_or(OPEN));
        gone.keys.into_iter().for_each(|key| state.delete(key));
        if let Some((key, value)) = gone.base {
            state.put(key, value);
        }
        if gone.more {
            // It goes on with the same group, which counts once it is through.
            swept.next = Some([prefix, group].concat().into());
            break;
        }
        swept.groups += 1;
        swept.next = match prefix_end(&[prefix, group].concat()) {
            Bound::Excluded(end) => Some(end),
            _ => None,
        };
    }
    Ok(swept)
}

/// The first event time of rows that later ones can still be together with, or be told apart from; or an earlier one, before
/// which there are more than `limit` rows: no more are looked at.
pub(super) fn first_open(
    rows: &impl Times,
    among: Among,
    which: Which,
    watermark: i64,
    limit: usize,
) -> Result<i64> {
    let before = |time| {
        rows.times(Side::After, i64::MIN, time)
            .next_back()
            .transpose()
    };
    match (among, which) {
        (Among::All, Which::First) => Ok(i64::MIN),
        (Among::All, Which::Latest) => Ok(before(watermark)?.unwrap_or(i64::MIN)),
        (Among::Instant, _) => Ok(watermark),
        (Among::Window(Window::Session { gap }), _) => {
            let last = before(watermark)?;
            match last.filter(|last| !is_silence(gap, *last, watermark)) {
                Some(last) => start(rows, Side::After, last),
                None => Ok(watermark),
            }
        }
        // The last window that a row is in ends last, and so it is for all rows before.
        (Among::Window(window), _) => {
            let mut first = i64::MIN;
            let rows = rows.times(Side::After, i64::MIN, watermark);
            for time in rows.take(limit.saturating_add(1)) {
                let time = time?;
                let closes = windows(window, time).last().map(|span| span.hi);
                if closes.is_none_or(|closes| closes > watermark) {
                    break;
                }
                first = time.saturating_add(1);
            }
            Ok(first)
        }
    }
}

#[cfg(test)]
mod tests {
    use fennel_core::time::Duration;

    use crate::state::Applied;
    use crate::store::Store;

    use super::*;

    /// The event times of rows, and the gap of their sessions.
    struct Rows(Vec<i64>, i64);

    impl Times for Rows {
        fn times(&self, _: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>> {
            let times = self.0.iter().copied();
            times.filter(move |time| (lo..hi).contains(time)).map(Ok)
        }

        fn starts(
            &self,
            _: Side,
            lo: i64,
            hi: i64,
        ) -> impl DoubleEndedIterator<Item = Result<i64>> {
            let is_start = |i: usize| i == 0 || self.0[i] - self.0[i - 1] > self.1;
            let times = self.0.iter().copied().enumerate();
            let starts = times.filter(move |(i, time)| is_start(*i) && (lo..hi).contains(time));
            starts.map(|(_, time)| Ok(time))
        }
    }

    #[test]
    fn a_sweep_removes_no_more_than_it_may_of_groups_however_large() {
        let applied = Applied {
            before: 0,
            after: 1,
        };
        let mut state = State::new(Store::in_memory().snapshot(), applied);
        for (group, row) in (0..3_u8).flat_map(|group| (0..10_u8).map(move |row| (group, row))) {
            state.put(vec![7, group, row], Vec::new());
        }
        let (mut next, mut gone, mut groups) = (Some(Bytes::new(&[7])), 0, 0);
        while let Some(from) = next {
            let swept = sweep(
                &mut state,
                &[7],
                &from,
                8,
                |_| Some(1),
                |state, group, limit| {
                    let prefix = [&[7], &group[..]].concat();
                    let rows = state.scan_prefix(Side::After, &prefix);
                    Gone::first(rows.map(|row| Ok(row?.0)), limit)
                },
            );
            let swept = swept.unwrap();
            assert!(swept.gone <= 8, "{swept:?}");
            (next, gone, groups) = (swept.next, gone + swept.gone, groups + swept.groups);
        }
        assert_eq!((gone, groups), (30, 3));
    }

    fn rows(gap: i64) -> Rows {
        Rows(vec![-90, -50, 10, 14, 15, 30], gap)
    }

    fn open(among: Among, which: Which, watermark: i64) -> i64 {
        first_open(&rows(0), among, which, watermark, 9).unwrap()
    }

    fn sessions(gap: i64) -> Among {
        let gap = Duration::from_micros(gap);
        Among::Window(Window::Session { gap })
    }

    fn session(gap: i64, watermark: i64) -> i64 {
        first_open(&rows(gap), sessions(gap), Which::First, watermark, 9).unwrap()
    }

    #[test]
    fn a_session_is_open_as_long_as_a_row_may_come_within_its_gap() {
        assert_eq!(session(5, 20), 10, "15 is one gap before it");
        assert_eq!(session(5, 21), 21, "it has ended");
        assert_eq!(session(16, 30), 10);
        assert_eq!(session(100, i64::MAX), i64::MAX, "nothing comes any more");
        assert_eq!(session(5, i64::MIN), i64::MIN);
        let before_1970 = Rows(vec![-90], 5);
        let before_1970 = first_open(&before_1970, sessions(5), Which::First, i64::MAX, 9);
        assert_eq!(before_1970.unwrap(), i64::MAX);
    }

    #[test]
    fn other_rows_are_open_by_what_they_are_together_in() {
        let tumbling = Window::Tumbling {
            duration: Duration::from_micros(10),
            lookback: Duration::ZERO,
        };
        let in_window = |watermark| open(Among::Window(tumbling), Which::First, watermark);
        assert_eq!((in_window(19), in_window(20)), (-49, 16));
        let few = |limit| {
            let among = Among::Window(tumbling);
            first_open(&rows(0), among, Which::First, 30, limit).unwrap()
        };
        assert_eq!(
            (few(1), few(2), few(9)),
            (-49, 11, 16),
            "one more than the limit"
        );
        assert_eq!(open(Among::Instant, Which::First, 14), 14);
        assert_eq!(open(Among::All, Which::Latest, 14), 10);
    }
}
