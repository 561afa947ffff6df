//! Which instants a window covers.

use std::collections::BTreeMap;

use super::row::Row;
use crate::graph::Window;

/// The instants that the window which is asked at `at` covers, both ends included; no first one for all.
pub(super) fn covered(window: Window, at: i64) -> (Option<i64>, i64) {
    match window {
        Window::Continuous(length) => (Some(at - length), at),
        Window::Forever => (None, at),
        Window::Session(_) => panic!("a session is a window of a group"),
        Window::ForeverHopping(stride) => (None, at.div_euclid(stride) * stride - 1),
        Window::Tumbling(length) => {
            let end = at.div_euclid(length) * length;
            (Some(end - length), end - 1)
        }
        Window::Hopping(length, stride) => {
            let end = (at - length).div_euclid(stride) * stride + length;
            (Some(end - length), end - 1)
        }
    }
}

/// When what the window covers can change because of something at `at`: as it comes, and as it goes.
pub(super) fn turns(window: Window, at: i64) -> Vec<i64> {
    match window {
        Window::Continuous(length) => vec![at, at + length + 1],
        Window::Forever => vec![at],
        Window::Session(_) => panic!("a session is a window of a group"),
        Window::ForeverHopping(stride) => vec![(at.div_euclid(stride) + 1) * stride],
        Window::Tumbling(length) => {
            let end = (at.div_euclid(length) + 1) * length;
            vec![end, end + length]
        }
        Window::Hopping(length, stride) => {
            // Every end from the first behind it to the first that begins behind it.
            let mut end = (at - length).div_euclid(stride) * stride + length;
            let mut ends = Vec::new();
            while end <= at + length + stride {
                ends.push(end);
                end += stride;
            }
            ends
        }
    }
}

/// The rows of each window that has any, by its begin and end.
pub(super) fn split(mut rows: Vec<Row>, window: Window) -> BTreeMap<(i64, i64), Vec<Row>> {
    let mut windows: BTreeMap<(i64, i64), Vec<Row>> = BTreeMap::new();
    if let Window::Session(gap) = window {
        rows.sort_by(|a, b| a.place().cmp(&b.place()));
        let mut session: Vec<Row> = Vec::new();
        let mut sessions = Vec::new();
        for row in rows {
            if session.last().is_some_and(|last| row.at - last.at > gap) {
                sessions.push(std::mem::take(&mut session));
            }
            session.push(row);
        }
        sessions.push(session);
        for session in sessions {
            if let (Some(first), Some(last)) = (session.first(), session.last()) {
                windows.insert((first.at, last.at + 1), session);
            }
        }
        return windows;
    }
    let (length, stride) = match window {
        Window::Tumbling(length) => (length, length),
        Window::Hopping(length, stride) => (length, stride),
        other => panic!("{other} is no window of a group"),
    };
    for row in rows {
        let mut begin = row.at.div_euclid(stride) * stride;
        while row.at < begin + length {
            let rows = windows.entry((begin, begin + length)).or_default();
            rows.push(row.clone());
            begin -= stride;
        }
    }
    windows
}
