//! Who has access, by the tokens, accounts and roles that are [known](super::known), and how these are changed.
//!
//! All of it is in memory. A change is checked against a copy, written together with its entry of the audit,
//! and then the copy takes the place of what was there; so it is durable before it holds, and holds before it is
//! answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use fennel_core::time::Timestamp;
use fennel_engine::Clock;
use fennel_engine::store::{Batch, Space, Store};

use super::account::{ADMIN, Account, Role};
use super::audit::{Audit, Entry};
use super::known::{
    ACCOUNT, Held, Invalid, Known, ROLE, SEEN, TOKEN, UNTOLD, first_record, key, put,
};
use super::token::{Hash, Record, Token};
use super::{Caller, FirstToken};
use crate::Error;

/// How exactly the last use of a token is known, in microseconds.
const SEEN_STEP: i64 = 60_000_000;

/// Who has access to a server.
pub(crate) struct Access {
    store: Store,
    clock: Arc<dyn Clock>,
    audit: Audit,
    state: RwLock<Arc<Known>>,
    /// Held by whoever changes the state.
    changing: Mutex<()>,
    process: Option<Hash>,
    /// The latest instant that the clock told, so that one that goes back brings no token back.
    latest: AtomicI64,
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
        let mut state = Known::read(store, &mut batch)?;
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
    pub(crate) fn state(&self) -> Arc<Known> {
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
    pub(super) state: Known,
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

#[cfg(test)]
mod tests;
