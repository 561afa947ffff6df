//! Who has access: the tokens, the accounts that they belong to, and the roles of these, as they are kept and changed.
//!
//! | key in [`Space::Meta`] | value |
//! |---|---|
//! | `server/token/` and the 32 bytes of the hash | [`Record`], as JSON; `admin` or `untold` for tokens of a first start |
//! | `server/seen/` and the same | when it was last used, in microseconds since 1970, as 8 bytes, big-endian |
//! | `server/account/` and the name | [`account::Record`], as JSON |
//! | `server/role/` and the name | [`Role`], as JSON |
//! | `server/audit/` | see [`audit`](super::audit) |
//!
//! All of it is in memory as well. A change is checked against a copy, written together with its entry of the audit,
//! and then the copy takes the place of what was there; so it is durable before it holds, and holds before it is
//! answered.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use fennel_core::time::Timestamp;
use fennel_engine::Clock;
use fennel_engine::store::{Batch, Space, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::{self, ADMIN, Account, Role};
use super::audit::{Audit, Entry};
use super::token::{Hash, Record, Token};
use super::{Caller, FirstToken};
use crate::Error;

const TOKEN: &[u8] = b"server/token/";
const SEEN: &[u8] = b"server/seen/";
const ACCOUNT: &[u8] = b"server/account/";
const ROLE: &[u8] = b"server/role/";
/// What is kept of an admin token by servers that knew no accounts.
const BARE_ADMIN: &[u8] = b"admin";
/// What is kept of an admin token made at random of which nobody has said yet that it was shown. It is valid until
/// the server ends, and then replaced, so that a start that fails halfway doesn't lock the folder.
const UNTOLD: &[u8] = b"untold";
/// How exactly the last use of a token is known, in microseconds.
const SEEN_STEP: i64 = 60_000_000;

/// Who has access to a server.
pub(crate) struct Access {
    store: Store,
    clock: Arc<dyn Clock>,
    audit: Audit,
    state: RwLock<Arc<State>>,
    /// Held by whoever changes the state.
    changing: Mutex<()>,
    process: Option<Hash>,
    /// The latest instant that the clock told, so that one that goes back brings no token back.
    latest: AtomicI64,
}

/// Everything that is known at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
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
    stored: AtomicI64,
}

/// Why a token gives no access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    Unknown,
    Expired,
    Revoked,
}

impl Access {
    /// Reads who has access to `store`, and makes the first token where there is none and one is needed.
    pub(crate) fn open(
        store: &Store,
        clock: Arc<dyn Clock>,
        first: Option<&Token>,
        process: Option<&Token>,
    ) -> Result<(Access, FirstToken), Error> {
        let now = clock.now().micros();
        // What replaces the tokens that nobody was shown goes into one batch with their removal.
        let mut batch = Batch::new();
        let mut state = State::read(store, &mut batch)?;
        // Also one that is over: a token that was taken away must not come back as the first one.
        let has_admin = state.tokens.values().any(|held| state.is_admin(held));
        let outcome = match (has_admin, first, process) {
            (true, Some(first), _) if state.admit(&first.hash(), now) != Ok(ADMIN) => {
                FirstToken::KeptOther
            }
            (true, _, _) => FirstToken::Kept,
            (false, Some(first), _) => {
                let record = first_record(now);
                put(&mut batch, TOKEN, &first.hash().0, &record);
                state.hold(first.hash(), record);
                FirstToken::Configured
            }
            (false, None, Some(_)) => FirstToken::NotNeeded,
            (false, None, None) => {
                let token = Token::generate()?;
                batch.put(Space::Meta, key(TOKEN, &token.hash().0), UNTOLD);
                state.hold(token.hash(), first_record(now));
                FirstToken::Generated(token)
            }
        };
        store.write(batch)?;
        let access = Access {
            store: store.clone(),
            clock,
            audit: Audit::open(store.clone())?,
            state: RwLock::new(Arc::new(state)),
            changing: Mutex::new(()),
            process: process.map(Token::hash),
            latest: AtomicI64::new(now),
        };
        Ok((access, outcome))
    }

    /// Keeps a token that was made at random, now that somebody has seen it.
    pub(crate) fn confirm(&self, token: &Token) -> Result<(), Error> {
        let _one_at_a_time = self.lock();
        let mut batch = Batch::new();
        if let Some(held) = self.state().tokens.get(&token.hash()) {
            put(&mut batch, TOKEN, &token.hash().0, &*held.record);
        }
        Ok(self.store.write(batch)?)
    }

    /// Makes an admin token for a folder that no server uses, and revokes all others of the account `admin`.
    pub(crate) fn reset_admin(store: &Store, clock: Arc<dyn Clock>) -> Result<Token, Error> {
        let token = Token::generate()?;
        // Takes the place of a first token, so that none is made beside it.
        let (access, _) = Access::open(store, clock, None, Some(&token))?;
        let caller = Caller::new("fennel-server token reset-admin", "", None);
        access.change(&caller, |change| -> Result<(), Error> {
            let now = change.now();
            let of_admin: Vec<(Hash, Held)> = change
                .state
                .tokens
                .iter()
                .filter(|(_, held)| &*held.account == ADMIN && held.record.revoked.is_none())
                .map(|(hash, held)| (*hash, held.clone()))
                .collect();
            for (hash, held) in &of_admin {
                let record = Record {
                    revoked: Some(now),
                    ..(*held.record).clone()
                };
                change.put_token(*hash, record);
            }
            let held = change.put_token(
                token.hash(),
                Record {
                    created_by: "token reset-admin".into(),
                    ..first_record(now)
                },
            );
            let entry = change.entry("token.reset-admin", &held.id);
            change.tell(entry.detail("revoked", of_admin.len()));
            Ok(())
        })?;
        Ok(token)
    }

    /// Who bears `token`.
    pub(super) fn admit(
        &self,
        token: &str,
        address: Option<SocketAddr>,
    ) -> Result<Caller, Invalid> {
        let hash = Hash::of(token);
        if self.process == Some(hash) {
            return Ok(Caller::new(ADMIN, &hash.id(), address));
        }
        let now = self.latest();
        let state = self.state();
        state.admit(&hash, now)?;
        let held = state.tokens.get(&hash).ok_or(Invalid::Unknown)?;
        let account = state.accounts.get(&held.account).ok_or(Invalid::Unknown)?;
        let minute = now - now.rem_euclid(SEEN_STEP);
        if held.seen.last.load(Ordering::Relaxed) < minute {
            held.seen.last.fetch_max(minute, Ordering::Relaxed);
        }
        Ok(Caller::of(
            Arc::clone(&held.account),
            Arc::clone(&held.id),
            Arc::clone(&account.rights),
            address,
        ))
    }

    /// Who has left work behind that goes on for an account, with what the account may by now. Work goes on after its
    /// token has expired, and not after that was taken away.
    ///
    /// # Errors
    ///
    /// Why it may not go on.
    pub(crate) fn recall(&self, account: &str, token: &str) -> Result<Caller, &'static str> {
        if self.process.is_some_and(|hash| hash.id() == token) {
            return Ok(Caller::new(ADMIN, token, None));
        }
        let state = self.state();
        let Some((_, held)) = state.token(token) else {
            return Err(
                "the token that it was submitted with is not there any more; submit it again",
            );
        };
        if held.record.revoked.is_some() {
            return Err(
                "the token that it was submitted with was revoked; submit it again with another one",
            );
        }
        let rights = state
            .accounts
            .get(account)
            .filter(|_| *held.account == *account);
        let rights = rights.ok_or("the account that submitted it is not there any more")?;
        let (account, rights) = (Arc::clone(&held.account), Arc::clone(&rights.rights));
        Ok(Caller::of(account, Arc::clone(&held.id), rights, None))
    }

    /// When the account of that name was made, in microseconds since 1970: another one has the name once it was deleted.
    pub(crate) fn account_since(&self, name: &str) -> Option<i64> {
        let state = self.state();
        state.accounts.get(name).map(|it| it.record.created)
    }

    /// What is known at present.
    pub(crate) fn state(&self) -> Arc<State> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state)
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The engine's clock.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The present instant, by the engine's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The latest instant that the clock told.
    pub(super) fn latest(&self) -> i64 {
        let now = self.clock.now().micros();
        self.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Writes which tokens were used since it was last written, and what was denied.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        {
            // A token that is deleted meanwhile would come back in part.
            let _one_at_a_time = self.lock();
            let state = self.state();
            let mut batch = Batch::new();
            let mut written = Vec::new();
            for (hash, held) in &state.tokens {
                let last = held.seen.last.load(Ordering::Relaxed);
                if last != held.seen.stored.load(Ordering::Relaxed) {
                    batch.put(Space::Meta, key(SEEN, &hash.0), &last.to_be_bytes()[..]);
                    written.push((&held.seen.stored, last));
                }
            }
            self.store.write(batch)?;
            for (stored, last) in written {
                stored.store(last, Ordering::Relaxed);
            }
        }
        self.audit.flush()
    }

    /// Makes a change: `make` says what, and answers once it is durable and holds. What `make` refuses changes nothing.
    pub(super) fn change<T, E: From<Error>>(
        &self,
        caller: &Caller,
        make: impl FnOnce(&mut Change<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _one_at_a_time = self.lock();
        let mut change = Change {
            access: self,
            caller,
            now: self.latest(),
            state: (*self.state()).clone(),
            batch: Batch::new(),
            entries: Vec::new(),
        };
        let answer = make(&mut change)?;
        let Change {
            state,
            batch,
            entries,
            ..
        } = change;
        let written = self.audit.write_with(batch, &entries);
        written.map_err(Error::from)?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change that is being made.
pub(super) struct Change<'a> {
    access: &'a Access,
    caller: &'a Caller,
    now: i64,
    /// What will be known.
    pub(super) state: State,
    batch: Batch,
    entries: Vec<Entry>,
}

impl Change<'_> {
    /// The present instant, in microseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Who makes it.
    pub(super) fn by(&self) -> String {
        self.caller.account().to_owned()
    }

    /// Adds a token, or changes what is known of it.
    pub(super) fn put_token(&mut self, hash: Hash, record: Record) -> Held {
        put(&mut self.batch, TOKEN, &hash.0, &record);
        self.state.hold(hash, record)
    }

    pub(super) fn delete_token(&mut self, hash: &Hash) {
        self.state.tokens.remove(hash);
        self.batch.delete(Space::Meta, key(TOKEN, &hash.0));
        self.batch.delete(Space::Meta, key(SEEN, &hash.0));
    }

    pub(super) fn put_account(&mut self, name: &str, account: Account) {
        put(&mut self.batch, ACCOUNT, name.as_bytes(), &account.record);
        self.state.accounts.insert(name.into(), Arc::new(account));
    }

    pub(super) fn delete_account(&mut self, name: &str) {
        self.state.accounts.remove(name);
        self.batch
            .delete(Space::Meta, key(ACCOUNT, name.as_bytes()));
    }

    pub(super) fn put_role(&mut self, name: &str, role: Role) {
        put(&mut self.batch, ROLE, name.as_bytes(), &role);
        self.state.roles.insert(name.into(), Arc::new(role));
    }

    pub(super) fn delete_role(&mut self, name: &str) {
        self.state.roles.remove(name);
        self.batch.delete(Space::Meta, key(ROLE, name.as_bytes()));
    }

    /// The entry of the audit about `what` the change does to `on`.
    pub(super) fn entry(&self, what: &str, on: &str) -> Entry {
        Entry::new(self.access.now(), self.caller, what, on)
    }

    /// Writes an entry together with the change.
    pub(super) fn tell(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Whether the change takes away the last token that may do everything.
    pub(super) fn locks_admins_out(&self) -> bool {
        self.access.state().has_admin(self.now) && !self.state.has_admin(self.now)
    }
}

impl State {
    /// Reads what is kept. Tokens that nobody was shown are left out, and removed by `batch`.
    fn read(store: &Store, batch: &mut Batch) -> Result<State, Error> {
        let mut state = State::default();
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
    fn admit(&self, hash: &Hash, now: i64) -> Result<&str, Invalid> {
        let held = self.tokens.get(hash).ok_or(Invalid::Unknown)?;
        match held.record.is_valid(now) {
            true => Ok(&held.account),
            false if held.record.revoked.is_some() => Err(Invalid::Revoked),
            false => Err(Invalid::Expired),
        }
    }

    /// Adds a token, or changes what is known of it.
    fn hold(&mut self, hash: Hash, record: Record) -> Held {
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
    fn has_admin(&self, now: i64) -> bool {
        let mut tokens = self.tokens.values();
        tokens.any(|held| held.record.is_valid(now) && self.is_admin(held))
    }

    /// Whether a token, while it is valid, may do everything.
    fn is_admin(&self, held: &Held) -> bool {
        let account = self.accounts.get(&held.account);
        account.is_some_and(|account| account.rights.is_admin())
    }
}

/// A token of the account `admin`, as a start makes it.
fn first_record(now: i64) -> Record {
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

fn key(prefix: &[u8], name: &[u8]) -> Vec<u8> {
    [prefix, name].concat()
}

fn put(batch: &mut Batch, prefix: &[u8], name: &[u8], value: &impl Serialize) {
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

#[cfg(test)]
mod tests;
