//! Removing what no row can need any more.
//!
//! No row comes that is older than the watermark, so what a kernel keeps for rows of that time can go, once
//! nothing that comes later looks at it. Kernels say group by group what that is. What answers lookups, tables and the
//! aggregates that are computed when they are read, is none of it.

use std::ops::Bound;

use fennel_core::kernel::{Among, Which};
use fennel_core::window::Window;

use super::corrupt;
use super::session::Times;
use super::window::windows;
use crate::error::Result;
use crate::state::{Side, State};
use crate::store::{Bytes, prefix_end};

/// How far a kernel's state was looked through.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Where to go on; none at the end.
    pub(crate) next: Option<Bytes>,
    /// How many groups were looked at.
    pub(crate) groups: usize,
}

/// Looks through at most `limit` groups of what begins with `prefix`, from `from` on. `len` tells how many bytes of an
/// entry's key behind the prefix are its group's, and `gone` what of a group, given its bytes, can go.
pub(super) fn sweep(
    state: &mut State,
    prefix: &[u8],
    from: &[u8],
    limit: usize,
    len: impl Fn(&[u8]) -> Option<usize>,
    gone: impl Fn(&State, Vec<u8>) -> Result<Vec<Bytes>>,
) -> Result<Swept> {
    let mut swept = Swept {
        next: Some(from.into()),
        groups: 0,
    };
    while let Some(next) = &swept.next
        && swept.groups < limit
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
        for key in gone(state, group.to_vec())? {
            state.delete(key);
        }
        swept.next = match prefix_end(&[prefix, group].concat()) {
            Bound::Excluded(end) => Some(end),
            _ => None,
        };
        swept.groups += 1;
    }
    Ok(swept)
}

/// The first event time of rows that later ones can still be together with, or be told apart from.
pub(super) fn first_open(
    rows: &impl Times,
    among: Among,
    which: Which,
    watermark: i64,
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
            let mut first = watermark;
            while let Some(earlier) = before(first)?
                && first - earlier <= gap.micros()
            {
                first = earlier;
            }
            Ok(first)
        }
        // The last window that a row is in ends last, and so it is for all rows before.
        (Among::Window(window), _) => {
            let mut first = i64::MIN;
            for time in rows.times(Side::After, i64::MIN, watermark) {
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
