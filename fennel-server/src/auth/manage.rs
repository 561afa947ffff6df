//! What admins do with roles, accounts and tokens, and what they are shown of them.

use axum::http::StatusCode;
use fennel_core::time::{Duration, Timestamp};

use super::access::{Access, Change};
use super::account::{self, ADMIN, Account, BUILT_IN, Role, check_name};
use super::caller::Caller;
use super::known::{Held, Known};
use super::role::{Grant, Mode};
use super::shown::{NewToken, Rotated, ShownAccount, ShownRole, ShownToken, show};
use super::token::{Hash, Record, Token, is_token};
use crate::error::Failure;

/// The most characters of a note.
const MAX_NOTE: usize = 200;
/// The most of anything of which there can be many.
const MAX_ROLES: usize = 10_000;
const MAX_ACCOUNTS: usize = 100_000;
const MAX_TOKENS: usize = 100_000;
/// How long a token stays valid once another takes its place, where nobody says how long.
const OVERLAP: &str = "1h";

impl Access {
    /// All roles, the built-in ones first.
    pub(crate) fn roles(&self) -> Vec<ShownRole> {
        let state = self.state();
        let built_in = BUILT_IN
            .iter()
            .map(|(name, modes)| state.show_role(name, true, built_in_grants(modes)));
        let made = state
            .roles
            .iter()
            .map(|(name, role)| state.show_role(name, false, role.grants.clone()));
        built_in.chain(made).collect()
    }

    /// Makes a role, or puts another one in its place.
    pub(crate) fn put_role(
        &self,
        caller: &Caller,
        name: &str,
        grants: &[Grant],
    ) -> Result<ShownRole, Failure> {
        check_not_built_in(name)?;
        let role = Role::new(name, grants.to_vec()).map_err(Failure::bad_request)?;
        self.change(caller, |change| {
            let built_in = BUILT_IN.iter().map(|(name, _)| *name);
            let known = change.state.roles.keys().map(AsRef::as_ref);
            check_name("a role", name, built_in.chain(known)).map_err(Failure::bad_request)?;
            let is_new = !change.state.roles.contains_key(name);
            check_room("roles", is_new, change.state.roles.len(), MAX_ROLES)?;
            change.put_role(name, role);
            // Those who have it may other things from now on.
            let accounts = change.state.accounts.clone();
            for (account, known) in accounts {
                if known.has_role(name) {
                    let record = known.record.clone();
                    let known = Account::new(record, &change.state.roles);
                    change.put_account(&account, known.map_err(Failure::bad_request)?);
                }
            }
            check_admins(change)?;
            let grants = serde_json::to_value(grants).unwrap_or_default();
            let entry = change.entry("role.put", name);
            change.tell(entry.detail("grants", grants).detail("new", is_new));
            Ok(change.state.show_role(name, false, grants_of(change, name)))
        })
    }

    /// Deletes a role that no account has.
    pub(crate) fn delete_role(&self, caller: &Caller, name: &str) -> Result<ShownRole, Failure> {
        check_not_built_in(name)?;
        self.change(caller, |change| {
            if !change.state.roles.contains_key(name) {
                return Err(no("role", name, "GET /api/v1/role lists them"));
            }
            let shown = change.state.show_role(name, false, grants_of(change, name));
            if !shown.accounts.is_empty() {
                return Err(conflict(format!(
                    "role `{name}` is still that of {}; give these accounts other roles first",
                    listed(&shown.accounts)
                )));
            }
            change.delete_role(name);
            let entry = change.entry("role.delete", name);
            change.tell(entry);
            Ok(shown)
        })
    }

    /// All accounts, by name.
    pub(crate) fn accounts(&self) -> Vec<ShownAccount> {
        let state = self.state();
        let shown = state
            .accounts
            .iter()
            .map(|(name, account)| state.show_account(name, account));
        shown.collect()
    }

    /// Makes an account, or gives it other roles.
    pub(crate) fn put_account(
        &self,
        caller: &Caller,
        name: &str,
        roles: Vec<String>,
        note: Option<String>,
    ) -> Result<ShownAccount, Failure> {
        check_not_admin(name)?;
        let note = note.map(check_note).transpose()?;
        self.change(caller, |change| {
            let known = change.state.accounts.keys().map(AsRef::as_ref);
            check_name("an account", name, known).map_err(Failure::bad_request)?;
            let before = change.state.accounts.get(name).cloned();
            let accounts = change.state.accounts.len();
            check_room("accounts", before.is_none(), accounts, MAX_ACCOUNTS)?;
            let record = match &before {
                Some(before) => account::Record {
                    roles,
                    note: note.unwrap_or_else(|| before.record.note.clone()),
                    ..before.record.clone()
                },
                None => account::Record {
                    roles,
                    note: note.unwrap_or_default(),
                    created: change.now(),
                    created_by: change.by(),
                },
            };
            let account =
                Account::new(record, &change.state.roles).map_err(Failure::bad_request)?;
            change.put_account(name, account.clone());
            check_admins(change)?;
            let entry = change.entry("account.put", name);
            let entry = entry.detail("roles", account.record.roles.clone());
            change.tell(entry.detail("new", before.is_none()));
            Ok(change.state.show_account(name, &account))
        })
    }

    /// Deletes an account and its tokens.
    pub(crate) fn delete_account(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<ShownAccount, Failure> {
        check_not_admin(name)?;
        self.change(caller, |change| {
            let account = change.state.accounts.get(name).cloned();
            let account =
                account.ok_or_else(|| no("account", name, "GET /api/v1/account lists them"))?;
            let shown = change.state.show_account(name, &account);
            let tokens = change.state.tokens.iter();
            let tokens: Vec<Hash> = tokens
                .filter(|(_, held)| &*held.account == name)
                .map(|(hash, _)| *hash)
                .collect();
            tokens.iter().for_each(|hash| change.delete_token(hash));
            change.delete_account(name);
            check_admins(change)?;
            let entry = change.entry("account.delete", name);
            change.tell(entry.detail("tokens", tokens.len()));
            Ok(shown)
        })
    }

    /// The tokens of an account, or all; the oldest first.
    pub(crate) fn tokens(&self, account: Option<&str>) -> Vec<ShownToken> {
        let (state, now) = (self.state(), self.latest());
        let tokens = state.tokens.values();
        let mut tokens: Vec<&Held> = tokens
            .filter(|held| account.is_none_or(|account| &*held.account == account))
            .collect();
        tokens.sort_by_key(|held| (held.record.created, &held.id));
        tokens.into_iter().map(|held| show(held, now)).collect()
    }

    /// The token of that id.
    pub(crate) fn token(&self, id: &str) -> Result<ShownToken, Failure> {
        let (_, held) = find(&self.state(), id)?;
        Ok(show(&held, self.latest()))
    }

    /// Makes a token for an account.
    pub(crate) fn create_token(
        &self,
        caller: &Caller,
        account: &str,
        expires_in: Option<&str>,
        note: Option<String>,
    ) -> Result<NewToken, Failure> {
        let note = check_note(note.unwrap_or_default())?;
        let token = Token::generate()?;
        self.change(caller, |change| {
            let expires = expires_in
                .map(|text| later("expires_in", text, change.now()))
                .transpose()?;
            let new = add_token(change, &token, account, note, expires)?;
            let entry = change.entry("token.create", &new.shown.id);
            let entry = entry.detail("account", account);
            change.tell(entry.detail("expires", new.shown.expires.clone()));
            Ok(new)
        })
    }

    /// Makes a token that takes the place of another one, which stays valid for `overlap`. Without `expires_in` it
    /// lives as long as the other one was made to live.
    pub(crate) fn rotate_token(
        &self,
        caller: &Caller,
        id: &str,
        overlap: Option<&str>,
        expires_in: Option<&str>,
    ) -> Result<Rotated, Failure> {
        let token = Token::generate()?;
        self.change(caller, |change| {
            let now = change.now();
            let (hash, old) = find(&change.state, id)?;
            if !old.record.is_valid(now) {
                return Err(conflict(format!(
                    "token `{id}` is no longer valid; make a new one for account `{}`",
                    old.account
                )));
            }
            // What it was made to live can't be told any more.
            if let Some(new) = &old.record.rotated_to {
                return Err(conflict(format!(
                    "token `{id}` was rotated already, and token `{new}` takes its place; rotate that one, or make a new one for account `{}`",
                    old.account
                )));
            }
            let until = later("overlap", overlap.unwrap_or(OVERLAP), now)?;
            let until = old
                .record
                .expires
                .map_or(until, |expires| expires.min(until));
            let life = old.record.expires.map(|end| end - old.record.created);
            let expires = match (expires_in, life) {
                (Some(text), _) => Some(later("expires_in", text, now)?),
                (None, Some(life)) => Some(now.saturating_add(life)),
                (None, None) => None,
            };
            let new = add_token(
                change,
                &token,
                &old.account,
                old.record.note.clone(),
                expires,
            )?;
            let record = Record {
                expires: Some(until),
                rotated_to: Some(new.shown.id.clone()),
                ..(*old.record).clone()
            };
            let old = show(&change.put_token(hash, record), now);
            let entry = change.entry("token.rotate", id);
            let entry = entry.detail("account", old.account.clone());
            let entry = entry.detail("to", new.shown.id.clone());
            change.tell(entry.detail("old_valid_until", old.expires.clone()));
            Ok(Rotated { new, old })
        })
    }

    /// Ends a token at once. It stays in the list.
    pub(crate) fn revoke_token(&self, caller: &Caller, id: &str) -> Result<ShownToken, Failure> {
        self.change(caller, |change| {
            let now = change.now();
            let (hash, held) = find(&change.state, id)?;
            if held.record.revoked.is_some() {
                return Ok(show(&held, now));
            }
            let record = Record {
                revoked: Some(now),
                ..(*held.record).clone()
            };
            let held = change.put_token(hash, record);
            check_admins(change)?;
            let entry = change.entry("token.revoke", id);
            change.tell(entry.detail("account", &*held.account));
            Ok(show(&held, now))
        })
    }

    /// Ends a token at once and forgets it.
    pub(crate) fn delete_token(&self, caller: &Caller, id: &str) -> Result<ShownToken, Failure> {
        self.change(caller, |change| {
            let (hash, held) = find(&change.state, id)?;
            change.delete_token(&hash);
            check_admins(change)?;
            let entry = change.entry("token.delete", id);
            change.tell(entry.detail("account", &*held.account));
            Ok(show(&held, change.now()))
        })
    }
}

fn grants_of(change: &Change<'_>, role: &str) -> Vec<Grant> {
    let role = change.state.roles.get(role);
    role.map_or_else(Vec::new, |role| role.grants.clone())
}

fn built_in_grants(modes: &[Mode]) -> Vec<Grant> {
    vec![Grant {
        modes: modes.to_vec(),
        ..Grant::default()
    }]
}

fn add_token(
    change: &mut Change<'_>,
    token: &Token,
    account: &str,
    note: String,
    expires: Option<i64>,
) -> Result<NewToken, Failure> {
    if !change.state.accounts.contains_key(account) {
        let hint = "make it first, with PUT /api/v1/account/<name>";
        return Err(no("account", account, hint));
    }
    check_room("tokens", true, change.state.tokens.len(), MAX_TOKENS)?;
    let record = Record {
        account: account.to_owned(),
        note,
        created: change.now(),
        created_by: change.by(),
        expires,
        revoked: None,
        rotated_to: None,
    };
    let held = change.put_token(token.hash(), record);
    Ok(NewToken {
        token: token.reveal().to_owned(),
        shown: show(&held, change.now()),
    })
}

fn find(state: &Known, id: &str) -> Result<(Hash, Held), Failure> {
    let hint = "GET /api/v1/token lists them by id";
    let id = match is_token(id) {
        true => "…",
        false => id,
    };
    state.token(id).ok_or_else(|| no("token", id, hint))
}

/// The instant that is so much later than `now`, in microseconds since 1970.
fn later(name: &str, text: &str, now: i64) -> Result<i64, Failure> {
    let duration = Duration::parse(text).map_err(|error| {
        Failure::bad_request(format!(
            "`{name}`: {error}; write it as in `90d` or `1d 12h`"
        ))
    })?;
    let at = now.checked_add(duration.micros());
    at.filter(|at| Timestamp::from_micros(*at).is_some())
        .ok_or_else(|| {
            let message =
                format!("`{name}`: {text} from now is no instant; leave it out for no end");
            Failure::bad_request(message)
        })
}

fn check_note(note: String) -> Result<String, Failure> {
    match note.chars().count() > MAX_NOTE || note.chars().any(char::is_control) {
        false => Ok(note),
        true => Err(Failure::bad_request(format!(
            "the note has more than {MAX_NOTE} characters, or a line break or another control character; write a short one"
        ))),
    }
}

fn check_not_built_in(name: &str) -> Result<(), Failure> {
    match BUILT_IN.iter().any(|(built_in, _)| *built_in == name) {
        false => Ok(()),
        true => Err(conflict(format!(
            "role `{name}` is built in and stays as it is; choose another name"
        ))),
    }
}

fn check_not_admin(name: &str) -> Result<(), Failure> {
    match name == ADMIN {
        false => Ok(()),
        true => Err(conflict(format!(
            "account `{ADMIN}` is built in and stays as it is; make another account with the role `admin`, or delete single tokens"
        ))),
    }
}

fn check_room(kind: &str, is_new: bool, count: usize, max: usize) -> Result<(), Failure> {
    match is_new && count >= max {
        false => Ok(()),
        true => Err(conflict(format!(
            "there are {count} {kind}, and no room for more; delete some that are no longer used"
        ))),
    }
}

fn check_admins(change: &Change<'_>) -> Result<(), Failure> {
    match change.locks_admins_out() {
        false => Ok(()),
        true => Err(conflict(
            "after that no valid token could change tokens and roles any more; make another admin token first".into(),
        )),
    }
}

fn no(kind: &str, name: &str, hint: &str) -> Failure {
    let shown: String = name.chars().take(100).collect();
    let message = format!("no {kind} {shown:?}; {hint}");
    Failure::new(StatusCode::NOT_FOUND, message)
}

fn conflict(message: String) -> Failure {
    Failure::new(StatusCode::CONFLICT, message)
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(12)
        .map(|name| format!("`{name}`"))
        .collect();
    shown.join(", ")
}
