//! The tokens, the accounts that they belong to, and the roles of these, as they are known and kept.
//!
//! | key in [`Space::Meta`] | value |
//! |---|---|
//! | `server/token/` and the 32 bytes of the hash | [`Record`], as JSON; `admin` or `untold` for tokens of a first start |
//! | `server/seen/` and the same | when it was last used, in microseconds since 1970, as 8 bytes, big-endian |
//! | `server/account/` and the name | [`account::Record`], as JSON |
//! | `server/role/` and the name | [`Role`], as JSON |
//! | `server/audit/` | see [`audit`](super::audit) |

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fennel_engine::store::{Batch, Space, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::{self, ADMIN, Account, Role};
use super::token::{Hash, Record};
use crate::Error;

pub(super) const TOKEN: &[u8] = b"server/token/";
pub(super) const SEEN: &[u8] = b"server/seen/";
pub(super) const ACCOUNT: &[u8] = b"server/account/";
pub(super) const ROLE: &[u8] = b"server/role/";
/// What is kept of an admin token by servers that knew no accounts.
pub(super) const BARE_ADMIN: &[u8] = b"admin";
/// What is kept of an admin token made at random of which nobody has said yet that it was shown. It is valid until
/// the server ends, and then replaced, so that a start that fails halfway doesn't lock the folder.
pub(super) const UNTOLD: &[u8] = b"untold";

/// Everything that is known at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(super) roles: BTreeMap<Arc<str>, Arc<Role>>,
    pub(super) accounts: BTreeMap<Arc<str>, Arc<Account>>,
    pub(super) tokens: HashMap<Hash, Held>,
}

/// A token in memory.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: Arc<str>,
    pub(super) account: Arc<str>,
    pub(super) record: Arc<Record>,
    pub(super) seen: Arc<Seen>,
}

/// When a token was last used, and what of that is on the disk. 0 for never.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) last: AtomicI64,
    pub(super) stored: AtomicI64,
}

/// Why a token gives no access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    Unknown,
    Expired,
    Revoked,
}

impl Known {
    /// Reads what is kept. Tokens that nobody was shown are left out, and removed by `batch`.
    pub(super) fn read(store: &Store, batch: &mut Batch) -> Result<Known, Error> {
        let mut state = Known::default();
        for (name, grants) in read_all::<Role>(store, ROLE)? {
            let role = Role::new(&name, grants.grants).map_err(|_| Error::DamagedAccess)?;
            state.roles.insert(name.into(), Arc::new(role));
        }
        let admin = Arc::new(Account::admin());
        state.accounts.insert(ADMIN.into(), admin);
        for (name, record) in read_all::<account::Record>(store, ACCOUNT)? {
            let account = Account::new(record, &state.roles).map_err(|_| Error::DamagedAccess)?;
            state.accounts.insert(name.into(), Arc::new(account));
        }
        for entry in store.scan_prefix(Space::Meta, TOKEN) {
            let (key, value) = entry?;
            if &value[..] == UNTOLD {
                batch.delete(Space::Meta, key);
                continue;
            }
            let hash = key.get(TOKEN.len()..).and_then(|hash| hash.try_into().ok());
            let hash = Hash(hash.ok_or(Error::DamagedAccess)?);
            let record = match &value[..] == BARE_ADMIN {
                true => first_record(0),
                false => serde_json::from_slice(&value).map_err(|_| Error::DamagedAccess)?,
            };
            state.hold(hash, record);
        }
        for entry in store.scan_prefix(Space::Meta, SEEN) {
            let (key, value) = entry?;
            let hash = key.get(SEEN.len()..).and_then(|hash| hash.try_into().ok());
            let held = hash.and_then(|hash| state.tokens.get(&Hash(hash)));
            let at = value.as_ref().try_into().map(i64::from_be_bytes);
            if let (Some(held), Ok(at)) = (held, at) {
                held.seen.last.store(at, Ordering::Relaxed);
                held.seen.stored.store(at, Ordering::Relaxed);
            }
        }
        Ok(state)
    }

    /// The account of a token that is valid.
    pub(super) fn admit(&self, hash: &Hash, now: i64) -> Result<&str, Invalid> {
        let held = self.tokens.get(hash).ok_or(Invalid::Unknown)?;
        match held.record.is_valid(now) {
            true => Ok(&held.account),
            false if held.record.revoked.is_some() => Err(Invalid::Revoked),
            false => Err(Invalid::Expired),
        }
    }

    /// Adds a token, or changes what is known of it.
    pub(super) fn hold(&mut self, hash: Hash, record: Record) -> Held {
        let known = self.tokens.get(&hash);
        let held = Held {
            id: known.map_or_else(|| hash.id().into(), |held| Arc::clone(&held.id)),
            account: record.account.as_str().into(),
            record: Arc::new(record),
            seen: known.map_or_else(Arc::default, |held| Arc::clone(&held.seen)),
        };
        self.tokens.insert(hash, held.clone());
        held
    }

    /// The token of that id.
    pub(super) fn token(&self, id: &str) -> Option<(Hash, Held)> {
        let mut tokens = self.tokens.iter();
        let found = tokens.find(|(_, held)| &*held.id == id);
        found.map(|(hash, held)| (*hash, held.clone()))
    }

    /// Whether a valid token may do everything.
    pub(super) fn has_admin(&self, now: i64) -> bool {
        let mut tokens = self.tokens.values();
        tokens.any(|held| held.record.is_valid(now) && self.is_admin(held))
    }

    /// Whether a token, while it is valid, may do everything.
    pub(super) fn is_admin(&self, held: &Held) -> bool {
        let account = self.accounts.get(&held.account);
        account.is_some_and(|account| account.rights.is_admin())
    }
}

/// A token of the account `admin`, as a start makes it.
pub(super) fn first_record(now: i64) -> Record {
    Record {
        account: ADMIN.into(),
        note: String::new(),
        created: now,
        created_by: "fennel-server".into(),
        expires: None,
        revoked: None,
        rotated_to: None,
    }
}

pub(super) fn key(prefix: &[u8], name: &[u8]) -> Vec<u8> {
    [prefix, name].concat()
}

pub(super) fn put(batch: &mut Batch, prefix: &[u8], name: &[u8], value: &impl Serialize) {
    let value = serde_json::to_vec(value).expect("records are written to memory without fail");
    batch.put(Space::Meta, key(prefix, name), value);
}

fn read_all<T: DeserializeOwned>(store: &Store, prefix: &[u8]) -> Result<Vec<(String, T)>, Error> {
    let entries = store.scan_prefix(Space::Meta, prefix).map(|entry| {
        let (key, value) = entry?;
        let name = key.get(prefix.len()..).map(<[u8]>::to_vec);
        let name = name.and_then(|name| String::from_utf8(name).ok());
        let value = serde_json::from_slice(&value).ok();
        name.zip(value).ok_or(Error::DamagedAccess)
    });
    entries.collect()
}
