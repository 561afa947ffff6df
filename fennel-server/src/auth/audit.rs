//! The audit: who did what to definitions and to access, and who was denied something. Entries are added, and those of
//! long ago can be taken away by admins, of which an entry tells.
//!
//! An entry is kept under `server/audit/` and its number of 8 bytes. Most are written together with what they tell of.
//! That of a commit is written before the commit, as begun, and gets its outcome afterwards: one that has none was cut
//! off by a crash, and the branch shows whether it was made.
//!
//! What is denied, or changes nothing, is counted in a [`Tally`] and written once a minute, so that nobody can fill the
//! disk by being refused.

use std::net::SocketAddr;
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use fennel_core::time::Timestamp;
use fennel_engine::store::{self, Batch, Space, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Caller;
use super::tally::{Key, Tally};
use crate::Error;

const PREFIX: &[u8] = b"server/audit/";
/// How much is told of what was denied.
const MAX_TEXT: usize = 300;

/// The audit of a data folder.
#[derive(Debug)]
pub(crate) struct Audit {
    store: Store,
    /// The number of the last entry; 0 if there is none.
    last: Mutex<u64>,
    denials: Tally,
    without_effect: Tally,
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

    /// When it happened last.
    fn last(&self) -> Result<Timestamp, Error> {
        let last = self.until.as_ref().unwrap_or(&self.at);
        Timestamp::parse(last).map_err(|_| Error::DamagedAccess)
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

/// What was taken away from the audit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trimmed {
    pub(crate) entries: u64,
    /// Whether there are more that are as old.
    pub(crate) more: bool,
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
            denials: Tally::new("denied"),
            without_effect: Tally::new("nothing was changed"),
        })
    }

    /// Writes `batch` together with entries about it, and returns the number of the last entry once all of it is on
    /// the disk. Whoever reads an entry can read all with lower numbers.
    pub(crate) fn write_with<'e>(
        &self,
        mut batch: Batch,
        entries: impl IntoIterator<Item = &'e Entry>,
    ) -> store::Result<u64> {
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
    pub(crate) fn write(&self, entry: &Entry) -> store::Result<u64> {
        self.write_with(Batch::new(), [entry])
    }

    /// Gives an entry that has begun its outcome.
    pub(crate) fn complete(&self, number: u64, entry: &Entry) -> store::Result<()> {
        let mut batch = Batch::new();
        put(&mut batch, number, entry);
        self.store.write(batch)
    }

    /// Counts a denial. It waits for nothing. Strangers are told apart by their address alone.
    pub(crate) fn deny(&self, now: Timestamp, denial: Denial<'_>) {
        let account = denial.caller.map(|caller| caller.account().to_owned());
        let denied = clip(denial.call);
        let key = Key {
            who: account.clone(),
            from: denial.from.map(|from| from.ip()),
            of: account
                .is_some()
                .then(|| denied.clone())
                .into_iter()
                .collect(),
        };
        let why = clip(denial.why);
        let entry = Entry {
            at: now.to_string(),
            who: account,
            token: denial.caller.map(|caller| caller.token().to_owned()),
            from: denial.from.map(|from| from.to_string()),
            what: denied,
            on: None,
            outcome: "denied".into(),
            detail: Map::from_iter([("why".to_owned(), Json::from(why))]),
            count: None,
            until: None,
        };
        self.denials.add(key, entry);
    }

    /// Counts what has changed nothing, as `entry` tells it. It waits for nothing.
    pub(crate) fn count(&self, caller: &Caller, entry: Entry) {
        let on = entry.on.clone().unwrap_or_default();
        let key = Key {
            who: entry.who.clone(),
            from: caller.address().map(|from| from.ip()),
            of: vec![entry.what.clone(), on, entry.outcome.clone()],
        };
        self.without_effect.add(key, entry);
    }

    /// Writes what was counted.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        let denials = self.denials.take().into_iter();
        let entries: Vec<Entry> = denials.chain(self.without_effect.take()).collect();
        self.write_with(Batch::new(), &entries)?;
        Ok(())
    }

    /// Takes away entries from the first one on, up to one that tells of `before` or later, and writes `entry` about it
    /// together with that, if there is any. It takes away `most` of them.
    pub(crate) fn trim(
        &self,
        before: Timestamp,
        most: u64,
        entry: Entry,
    ) -> Result<Trimmed, Error> {
        let mut batch = Batch::new();
        let mut trimmed = Trimmed {
            entries: 0,
            more: false,
        };
        for found in self.store.scan_prefix(Space::Meta, PREFIX) {
            let (key, value) = found?;
            let told: Entry = serde_json::from_slice(&value).map_err(|_| Error::DamagedAccess)?;
            if told.last()? >= before {
                break;
            }
            if trimmed.entries == most {
                trimmed.more = true;
                break;
            }
            batch.delete(Space::Meta, key);
            trimmed.entries += 1;
        }
        if trimmed.entries > 0 {
            let entry = entry.detail("entries", trimmed.entries);
            self.write_with(batch, [&entry.detail("before", before.to_string())])?;
        }
        Ok(trimmed)
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
        assert_eq!(entries.len(), Tally::MAX + 1);
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
    fn what_is_old_goes_in_steps() {
        let audit = Audit::open(Store::in_memory()).unwrap();
        let entry = |second| Entry::new(at(second), &Caller::test("ci"), "commit", "main");
        for second in 0..5 {
            audit.write(&entry(second)).unwrap();
        }
        let trim = |before| {
            let trimmed = audit.trim(at(before), 2, entry(9)).unwrap();
            (trimmed.entries, trimmed.more)
        };
        assert_eq!(
            [trim(3), trim(3), trim(3)],
            [(2, true), (1, false), (0, false)]
        );
        let left = audit.read(Some(0), 10).unwrap();
        let numbers: Vec<_> = left.iter().map(|(number, _)| *number).collect();
        assert_eq!(
            numbers,
            [4, 5, 6, 7],
            "two that are new, and two that tell of the rest"
        );
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
