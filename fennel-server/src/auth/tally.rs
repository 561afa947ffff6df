//! What is counted in memory and written to the audit once a minute: equal events as one entry, and so few of them that
//! nobody can fill the disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::audit::Entry;

/// What makes two events equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) who: Option<String>,
    pub(super) from: Option<IpAddr>,
    /// What was done, to what, and how it ended, as far as that counts.
    pub(super) of: Vec<String>,
}

/// Events since they were last written.
#[derive(Debug)]
pub(super) struct Tally {
    /// The outcome that is told of events beyond the most that are told apart.
    rest: &'static str,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    known: HashMap<Key, Entry>,
    /// In order of the first.
    order: Vec<Key>,
    /// All others.
    others: Option<Entry>,
}

impl Tally {
    /// The most events that are told apart, in a minute.
    pub(super) const MAX: usize = 20;

    pub(super) fn new(rest: &'static str) -> Tally {
        Tally {
            rest,
            counted: Mutex::default(),
        }
    }

    /// Counts an event. The first one of equal ones is told, and how many there were until when.
    pub(super) fn add(&self, key: Key, entry: Entry) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let Counted {
            known,
            order,
            others,
        } = &mut *counted;
        let is_full = known.len() >= Self::MAX;
        let before = match known.get_mut(&key) {
            Some(before) => Some(before),
            None if is_full => others.as_mut(),
            None => None,
        };
        match before {
            Some(before) => {
                before.count = Some(before.count.unwrap_or(1) + 1);
                before.until = Some(entry.at);
            }
            None if is_full => {
                *others = Some(Entry {
                    who: None,
                    token: None,
                    from: None,
                    what: "others".into(),
                    on: None,
                    outcome: self.rest.into(),
                    ..entry
                });
            }
            None => {
                order.push(key.clone());
                known.insert(key, entry);
            }
        }
    }

    /// What was counted, which begins anew.
    pub(super) fn take(&self) -> Vec<Entry> {
        let Counted {
            mut known,
            order,
            others,
        } = std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner));
        let known = order.iter().filter_map(|key| known.remove(key));
        known.chain(others).collect()
    }
}
