//! The audit: who did what to definitions and to access, and who was denied something. Entries are added and never
//! taken away.
//!
//! An entry is kept under `server/audit/` and its number of 8 bytes. Most are written together with what they tell of.
//! That of a commit is written before the commit, as begun, and gets its outcome afterwards: one that has none was cut
//! off by a crash, and the branch shows whether it was made.
//!
//! Denied requests are counted in memory and written once a minute, equal ones as one entry, and no more than
//! [`MAX_DENIALS`] of them, so that nobody can fill the disk by being refused.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use fennel_core::time::Timestamp;
use fennel_engine::store::{Batch, Space, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Caller;
use crate::Error;

const PREFIX: &[u8] = b"server/audit/";
/// The most entries about denials in a minute.
const MAX_DENIALS: usize = 20;
/// How much is told of what was denied.
const MAX_TEXT: usize = 300;

/// The audit of a data folder.
#[derive(Debug)]
pub(crate) struct Audit {
    store: Store,
    /// The number of the last entry; 0 if there is none.
    last: Mutex<u64>,
    denials: Mutex<Denials>,
}

/// What is told of one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// When, by the engine's clock.
    pub(crate) at: String,
    /// The account; `None` for who had no valid token.
    pub(crate) who: Option<String>,
    /// The id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// The address that the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// Such as `commit` or `token.create`.
    pub(crate) what: String,
    /// The branch, account, role or token that it was done to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on: Option<String>,
    /// `done`, `begun`, `denied`, or `refused` with why.
    pub(crate) outcome: String,
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub(crate) detail: Map<String, Json>,
    /// How many times it happened, if more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    /// When it happened last, if more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
}

impl Entry {
    /// What `caller` has done to `on`.
    pub(crate) fn new(now: Timestamp, caller: &Caller, what: &str, on: &str) -> Entry {
        Entry {
            at: now.to_string(),
            who: Some(caller.account().to_owned()),
            token: Some(caller.token().to_owned()),
            from: caller.address().map(|address| address.to_string()),
            what: what.to_owned(),
            on: Some(on.to_owned()),
            outcome: "done".into(),
            detail: Map::new(),
            count: None,
            until: None,
        }
    }

    pub(crate) fn outcome(mut self, outcome: impl Into<String>) -> Entry {
        self.outcome = clip(outcome.into());
        self
    }

    pub(crate) fn detail(mut self, name: &str, value: impl Into<Json>) -> Entry {
        self.detail.insert(name.into(), value.into());
        self
    }
}

/// A request that was answered with 401 or 403.
#[derive(Debug)]
pub(crate) struct Denial<'a> {
    /// Who asked, if that is known.
    pub(crate) caller: Option<&'a Caller>,
    pub(crate) from: Option<SocketAddr>,
    /// The method and the path.
    pub(crate) call: String,
    /// Why, as the answer says it.
    pub(crate) why: String,
}

/// Who was denied what. Strangers are told apart by their address alone.
type Key = (Option<String>, Option<IpAddr>, Option<String>);

/// What was denied since it was last written.
#[derive(Debug, Default)]
struct Denials {
    known: HashMap<Key, Entry>,
    /// In order of the first.
    order: Vec<Key>,
    /// All others.
    others: Option<Entry>,
}

impl Audit {
    pub(crate) fn open(store: Store) -> Result<Audit, Error> {
        let end = [PREFIX, &[u8::MAX; 8]].concat();
        let last = store.last_at_or_before(Space::Meta, &end, PREFIX)?;
        let last = match last {
            None => 0,
            Some((key, _)) => number(&key).ok_or(Error::DamagedAccess)?,
        };
        Ok(Audit {
            store,
            last: Mutex::new(last),
            denials: Mutex::default(),
        })
    }

    /// Writes `batch` together with entries about it, and returns the number of the last entry once all of it is on
    /// the disk. Whoever reads an entry can read all with lower numbers.
    pub(crate) fn write_with<'e>(
        &self,
        mut batch: Batch,
        entries: impl IntoIterator<Item = &'e Entry>,
    ) -> Result<u64, Error> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = *last;
        for entry in entries {
            number += 1;
            put(&mut batch, number, entry);
        }
        self.store.write(batch)?;
        *last = number;
        Ok(number)
    }

    /// Writes an entry, and returns its number once it is on the disk.
    pub(crate) fn write(&self, entry: &Entry) -> Result<u64, Error> {
        self.write_with(Batch::new(), [entry])
    }

    /// Gives an entry that has begun its outcome.
    pub(crate) fn complete(&self, number: u64, entry: &Entry) -> Result<(), Error> {
        let mut batch = Batch::new();
        put(&mut batch, number, entry);
        Ok(self.store.write(batch)?)
    }

    /// Counts a denial. It waits for nothing.
    pub(crate) fn deny(&self, now: Timestamp, denial: Denial<'_>) {
        let mut denials = self.denials.lock().unwrap_or_else(PoisonError::into_inner);
        let Denials {
            known,
            order,
            others,
        } = &mut *denials;
        let account = denial.caller.map(|caller| caller.account().to_owned());
        let denied = clip(denial.call);
        let call = account.is_some().then(|| denied.clone());
        let key = (account, denial.from.map(|from| from.ip()), call);
        let is_full = known.len() >= MAX_DENIALS;
        let entry = match known.get_mut(&key) {
            Some(entry) => Some(entry),
            None if is_full => others.as_mut(),
            None => None,
        };
        if let Some(entry) = entry {
            entry.count = Some(entry.count.unwrap_or(1) + 1);
            entry.until = Some(now.to_string());
            return;
        }
        let entry = Entry {
            at: now.to_string(),
            who: key.0.clone(),
            token: denial.caller.map(|caller| caller.token().to_owned()),
            from: denial.from.map(|from| from.to_string()),
            what: denied,
            on: None,
            outcome: "denied".into(),
            detail: Map::from_iter([("why".to_owned(), Json::from(clip(denial.why)))]),
            count: None,
            until: None,
        };
        if !is_full {
            order.push(key.clone());
            known.insert(key, entry);
        } else {
            *others = Some(Entry {
                who: None,
                token: None,
                from: None,
                what: "others".into(),
                ..entry
            });
        }
    }

    /// Writes the denials that were counted.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        let Denials {
            mut known,
            order,
            others,
        } = std::mem::take(&mut *self.denials.lock().unwrap_or_else(PoisonError::into_inner));
        let known = order.iter().filter_map(|key| known.remove(key));
        let entries: Vec<Entry> = known.chain(others).collect();
        self.write_with(Batch::new(), &entries)?;
        Ok(())
    }

    /// At most `limit` entries, those from number `from` on, or the latest; each with its number, in order.
    pub(crate) fn read(&self, from: Option<u64>, limit: usize) -> Result<Vec<(u64, Entry)>, Error> {
        let key = |number: u64| [PREFIX, &number.to_be_bytes()].concat();
        let range = (
            Bound::Included(key(from.unwrap_or(0))),
            Bound::Included(key(u64::MAX)),
        );
        let found = self.store.scan(Space::Meta, range);
        let read = |entry: fennel_engine::store::Result<_>| {
            let (key, value): fennel_engine::store::Entry = entry?;
            let entry = serde_json::from_slice(&value).map_err(|_| Error::DamagedAccess)?;
            Ok((number(&key).ok_or(Error::DamagedAccess)?, entry))
        };
        match from {
            Some(_) => found.take(limit).map(read).collect(),
            None => {
                let latest: Result<Vec<_>, Error> = found.rev().take(limit).map(read).collect();
                latest.map(|mut entries| {
                    entries.reverse();
                    entries
                })
            }
        }
    }
}

fn put(batch: &mut Batch, number: u64, entry: &Entry) {
    let key = [PREFIX, &number.to_be_bytes()].concat();
    let value = serde_json::to_vec(entry).expect("entries are written to memory without fail");
    batch.put(Space::Meta, key, value);
}

fn number(key: &[u8]) -> Option<u64> {
    let digits = key.strip_prefix(PREFIX)?.try_into().ok()?;
    Some(u64::from_be_bytes(digits))
}

fn clip(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push_str(" ..");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(call: &str, port: u16, address: u8) -> Denial<'static> {
        Denial {
            caller: None,
            from: Some(SocketAddr::from(([10, 0, 0, address], port))),
            call: call.into(),
            why: "the token is not valid".into(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    #[test]
    fn equal_denials_are_one_entry_and_a_flood_is_few() {
        let audit = Audit::open(Store::in_memory()).unwrap();
        for i in 0..1_000 {
            audit.deny(at(i), denial(&format!("GET /{i}"), 1_000 + i as u16, 1));
        }
        for i in 0..=255 {
            audit.deny(at(2_000), denial("GET /", 1, i));
        }
        audit.flush().unwrap();
        let entries = audit.read(None, 1_000).unwrap();
        assert_eq!(entries.len(), MAX_DENIALS + 1);
        let first = &entries[0].1;
        assert_eq!((first.count, first.who.as_deref()), (Some(1_001), None));
        assert_eq!(first.at, at(0).to_string());
        let counts = entries.iter().map(|(_, entry)| entry.count.unwrap_or(1));
        assert_eq!(counts.sum::<u64>(), 1_256, "none is lost");
        audit.flush().unwrap();
        assert_eq!(audit.read(None, 1_000).unwrap().len(), entries.len());
    }

    #[test]
    fn numbers_go_on_after_a_restart() {
        let store = Store::in_memory();
        let audit = Audit::open(store.clone()).unwrap();
        let entry = Entry::new(at(1), &Caller::test("ci"), "commit", "main");
        assert_eq!(audit.write(&entry).unwrap(), 1);
        let begun = entry.clone().outcome("begun");
        let number = audit.write(&begun).unwrap();
        let audit = Audit::open(store).unwrap();
        audit.complete(number, &entry).unwrap();
        assert_eq!(audit.write(&entry).unwrap(), 3);
        let all = audit.read(Some(0), 10).unwrap();
        assert_eq!(all.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(all.iter().all(|(_, read)| *read == entry));
        assert_eq!(audit.read(Some(2), 1).unwrap()[0].0, 2);
        assert_eq!(audit.read(None, 1).unwrap()[0].0, 3);
    }

    #[test]
    fn what_is_told_is_bounded() {
        let audit = Audit::open(Store::in_memory()).unwrap();
        audit.deny(at(0), denial(&"é".repeat(100_000), 1, 1));
        audit.flush().unwrap();
        let entry = &audit.read(None, 1).unwrap()[0].1;
        assert!(entry.what.len() <= MAX_TEXT + 3);
    }
}
