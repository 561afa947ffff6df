//! Sessions: rows with no longer silence between them. Where one begins and ends depends on the rows that there are.

use fennel_core::time::Duration;
use fennel_core::window::Window;

use super::window::{Span, windows};
use crate::error::Result;
use crate::state::Side;

/// The event times of rows that are looked at together.
pub(super) trait Times {
    /// Those from `lo` to before `hi`, in order.
    fn times(&self, side: Side, lo: i64, hi: i64) -> impl DoubleEndedIterator<Item = Result<i64>>;
}

/// The windows that a row of event time `time` is in as a side sees it. A session that it would be in, or was, is one of
/// those: without it there may be one on either side of it.
pub(super) fn windows_around(
    rows: &impl Times,
    side: Side,
    window: Window,
    time: i64,
) -> Result<Vec<Span>> {
    let Window::Session { gap } = window else {
        return Ok(windows(window, time));
    };
    let next = time.saturating_add(1);
    let left = rows.times(side, i64::MIN, next).next_back().transpose()?;
    let right = rows.times(side, next, i64::MAX).next().transpose()?;
    let mut sessions = Vec::new();
    for neighbour in left.into_iter().chain(right) {
        if neighbour.abs_diff(time) <= gap.micros().unsigned_abs() {
            sessions.push(session(rows, side, gap, neighbour)?);
        }
    }
    sessions.dedup();
    Ok(sessions)
}

/// The session that the row of event time `time` is in. A silence as long as the gap doesn't end it.
fn session(rows: &impl Times, side: Side, gap: Duration, time: i64) -> Result<Span> {
    let (mut first, mut last) = (time, time);
    for earlier in rows.times(side, i64::MIN, time).rev() {
        let earlier = earlier?;
        if first - earlier > gap.micros() {
            break;
        }
        first = earlier;
    }
    for later in rows.times(side, time, i64::MAX) {
        let later = later?;
        if later - last > gap.micros() {
            break;
        }
        last = later;
    }
    Ok(Span {
        lo: first,
        hi: last.saturating_add(1),
    })
}
