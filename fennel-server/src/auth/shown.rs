//! What admins are shown of roles, accounts and tokens.

use std::sync::atomic::Ordering;

use fennel_core::time::Timestamp;
use serde::Serialize;

use super::account::Account;
use super::known::{Held, Known};
use super::role::Grant;

/// A role, as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct ShownRole {
    pub(super) name: String,
    pub(super) built_in: bool,
    /// Those of a built-in role hold where an account's role says.
    pub(super) grants: Vec<Grant>,
    /// The accounts that have it.
    pub(super) accounts: Vec<String>,
}

/// An account, as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct ShownAccount {
    pub(super) name: String,
    pub(super) roles: Vec<String>,
    pub(super) note: String,
    pub(super) created: String,
    pub(super) created_by: String,
    /// How many tokens it has, those included that are no longer valid.
    pub(super) tokens: usize,
}

/// A token, as it is shown: all but itself.
#[derive(Debug, Serialize)]
pub(crate) struct ShownToken {
    pub(super) id: String,
    pub(super) account: String,
    /// `valid`, `expired` or `revoked`.
    pub(super) state: &'static str,
    pub(super) note: String,
    pub(super) created: String,
    pub(super) created_by: String,
    pub(super) expires: Option<String>,
    pub(super) revoked: Option<String>,
    /// To the minute.
    pub(super) last_used: Option<String>,
    /// The id of the token that takes its place.
    pub(super) rotated_to: Option<String>,
}

/// A token that was just made, which is never shown again.
#[derive(Debug, Serialize)]
pub(crate) struct NewToken {
    pub(super) token: String,
    #[serde(flatten)]
    pub(super) shown: ShownToken,
}

/// A token that takes another one's place.
#[derive(Debug, Serialize)]
pub(crate) struct Rotated {
    #[serde(flatten)]
    pub(super) new: NewToken,
    pub(super) old: ShownToken,
}

impl Known {
    pub(super) fn show_role(&self, name: &str, built_in: bool, grants: Vec<Grant>) -> ShownRole {
        let accounts = self.accounts.iter();
        let accounts = accounts.filter(|(_, account)| account.has_role(name));
        ShownRole {
            name: name.to_owned(),
            built_in,
            grants,
            accounts: accounts.map(|(name, _)| name.to_string()).collect(),
        }
    }

    pub(super) fn show_account(&self, name: &str, account: &Account) -> ShownAccount {
        let tokens = self.tokens.values();
        ShownAccount {
            name: name.to_owned(),
            roles: account.record.roles.clone(),
            note: account.record.note.clone(),
            created: instant(account.record.created),
            created_by: account.record.created_by.clone(),
            tokens: tokens.filter(|held| &*held.account == name).count(),
        }
    }
}

/// A token as it is shown at an instant.
pub(super) fn show(held: &Held, now: i64) -> ShownToken {
    let record = &*held.record;
    let last = held.seen.last.load(Ordering::Relaxed);
    ShownToken {
        id: held.id.to_string(),
        account: held.account.to_string(),
        state: match (record.is_valid(now), record.revoked) {
            (true, _) => "valid",
            (false, Some(_)) => "revoked",
            (false, None) => "expired",
        },
        note: record.note.clone(),
        created: instant(record.created),
        created_by: record.created_by.clone(),
        expires: record.expires.map(instant),
        revoked: record.revoked.map(instant),
        last_used: (last != 0).then(|| instant(last)),
        rotated_to: record.rotated_to.clone(),
    }
}

fn instant(micros: i64) -> String {
    let instant = Timestamp::from_micros(micros);
    instant.unwrap_or(Timestamp::MAX).to_string()
}
