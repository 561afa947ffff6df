//! Service accounts: who a token belongs to, and which roles that has.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::role::{Grant, Mode, Rights};

/// The account of the tokens that a server makes on its first start; it has the role `admin` and stays.
pub(crate) const ADMIN: &str = "admin";

/// The most roles that an account has: their grants are tried one after another.
const MAX_ROLES: usize = 8;

/// The roles that there always are, with what they allow.
pub(crate) const BUILT_IN: [(&str, &[Mode]); 4] = [
    (ADMIN, &[Mode::Admin]),
    ("deployer", &[Mode::ReadDefinitions, Mode::WriteDefinitions]),
    ("producer", &[Mode::WriteData]),
    ("reader", &[Mode::ReadDefinitions, Mode::ReadData]),
];

/// A role that an admin has made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) grants: Vec<Grant>,
    #[serde(skip)]
    pub(crate) rights: Rights,
}

impl Role {
    pub(crate) fn new(name: &str, grants: Vec<Grant>) -> Result<Role, String> {
        let rights = Rights::compile(name, &grants)?;
        Ok(Role { grants, rights })
    }
}

/// An account, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Each a role that an admin has made, `admin`, or another built-in one with where it holds, as in
    /// `deployer:main,dev/*`.
    pub(crate) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
    /// Microseconds since 1970.
    pub(crate) created: i64,
    pub(crate) created_by: String,
}

/// An account with what it may do.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) record: Record,
    pub(crate) rights: Arc<Rights>,
}

impl Account {
    /// The account that is always there.
    pub(crate) fn admin() -> Account {
        Account {
            record: Record {
                roles: vec![ADMIN.into()],
                note: "built in".into(),
                created: 0,
                created_by: "fennel-server".into(),
            },
            rights: Arc::new(Rights::admin()),
        }
    }

    /// Compiles what an account may do.
    ///
    /// # Errors
    ///
    /// Which of its roles there isn't, or isn't written right.
    pub(crate) fn new(
        record: Record,
        roles: &BTreeMap<Arc<str>, Arc<Role>>,
    ) -> Result<Account, String> {
        if record.roles.is_empty() {
            return Err("an account without `roles` may do nothing; name at least one".into());
        }
        if record.roles.len() > MAX_ROLES {
            return Err(format!(
                "the account has {} roles, and {MAX_ROLES} are the most; make one role with all their grants",
                record.roles.len()
            ));
        }
        let rights = record.roles.iter().map(|text| rights(text, roles));
        let rights: Vec<Rights> = rights.collect::<Result<_, _>>()?;
        Ok(Account {
            record,
            rights: Arc::new(Rights::union(rights.iter())),
        })
    }

    /// Whether the account has the role of that name, wherever it holds.
    pub(crate) fn has_role(&self, name: &str) -> bool {
        self.record.roles.iter().any(|text| role_name(text) == name)
    }
}

/// The name in a text such as `deployer:main`.
fn role_name(text: &str) -> &str {
    text.split_once(':').map_or(text, |(name, _)| name)
}

/// What a text such as `deployer:main` allows.
fn rights(text: &str, roles: &BTreeMap<Arc<str>, Arc<Role>>) -> Result<Rights, String> {
    let (name, places) = text
        .split_once(':')
        .map_or((text, None), |(name, places)| (name, Some(places)));
    if let Some(role) = roles.get(name) {
        return match places {
            None => Ok(role.rights.clone()),
            Some(_) => Err(format!(
                "role `{name}` says itself where it holds; write `{name}` alone"
            )),
        };
    }
    let Some((_, modes)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) else {
        let known = BUILT_IN
            .iter()
            .map(|(name, _)| *name)
            .chain(roles.keys().map(AsRef::as_ref));
        let known: Vec<String> = known.take(20).map(|name| format!("`{name}`")).collect();
        return Err(format!("no role {name:?}; there are {}", known.join(", ")));
    };
    let mut grant = Grant {
        modes: modes.to_vec(),
        ..Grant::default()
    };
    match (name == ADMIN, places) {
        (true, None) => {}
        (true, Some(_)) => {
            return Err("role `admin` holds everywhere; write `admin` alone".into());
        }
        (false, None) => {
            let (what, example) = match name {
                "producer" => ("at which endpoints", "producer:app/sales"),
                "deployer" => ("on which branches", "deployer:main,dev/*"),
                _ => ("on which branches", "reader:*"),
            };
            return Err(format!(
                "role `{name}` needs to know {what} it holds; write it as in `{example}`"
            ));
        }
        (false, Some(places)) => {
            let places = places.split(',').map(|place| place.trim().to_owned());
            match name {
                "producer" => grant.endpoints = places.collect(),
                _ => grant.branches = places.collect(),
            }
        }
    }
    Rights::compile(name, &[grant])
}

/// Checks a name that an account or a role is to have, and that no other differs from it in case alone.
pub(crate) fn check_name<'a>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    /// The most characters of a name.
    const MAX: usize = 64;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-@".contains(c);
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins_well || name.len() > MAX || !name.chars().all(is_allowed) {
        let shown: String = name.chars().take(40).collect();
        return Err(format!(
            "{shown:?} can't be the name of {kind}; use 1 to {MAX} ASCII letters, digits, `_`, `.`, `-` and `@`, a letter or digit first"
        ));
    }
    let mut known = known;
    match known.find(|other| *other != name && other.eq_ignore_ascii_case(name)) {
        None => Ok(()),
        Some(other) => Err(format!(
            "`{name}` differs from `{other}` in case alone, and the two would be confused; choose another name"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(roles: &[&str]) -> Result<Account, String> {
        let grants = vec![Grant {
            modes: vec![Mode::ReadData],
            branches: vec!["main".into()],
            ..Grant::default()
        }];
        let made = [("analyst".into(), Arc::new(Role::new("analyst", grants)?))];
        let record = Record {
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            note: String::new(),
            created: 0,
            created_by: "admin".into(),
        };
        Account::new(record, &made.into())
    }

    #[test]
    fn built_in_roles_hold_where_the_account_says() {
        let ci = account(&["deployer:main, dev/*"]).unwrap().rights;
        for branch in ["main", "dev/a"] {
            assert!(
                ci.may(Mode::WriteDefinitions, branch) && ci.may(Mode::ReadDefinitions, branch)
            );
            assert!(!ci.may(Mode::ReadData, branch));
        }
        assert!(!ci.may(Mode::WriteDefinitions, "staging"));
        let reader = account(&["reader:*"]).unwrap().rights;
        assert!(reader.may(Mode::ReadData, "x") && !reader.may(Mode::WriteDefinitions, "x"));
        let producer = account(&["producer:app/*"]).unwrap().rights;
        assert!(producer.may_log("app", "x") && !producer.may(Mode::ReadData, "main"));
        assert!(account(&["admin"]).unwrap().rights.is_admin());
    }

    #[test]
    fn roles_add_up() {
        let both = account(&["analyst", "producer:a/b"]).unwrap();
        assert!(both.rights.may(Mode::ReadData, "main") && both.rights.may_log("a", "b"));
        assert!(both.has_role("producer") && !both.has_role("reader"));
    }

    #[test]
    fn a_role_that_is_not_there_or_says_too_little_is_refused() {
        for (roles, expected) in [
            (&[][..], "without `roles`"),
            (
                &["analysts"],
                "no role \"analysts\"; there are `admin`, `deployer`, `producer`, `reader`, `analyst`",
            ),
            (&["Admin"], "no role"),
            (&["deployer"], "`deployer:main,dev/*`"),
            (&["producer"], "at which endpoints"),
            (&["reader:"], "empty"),
            (&["reader:main,,dev"], "empty"),
            (&["admin:main"], "holds everywhere"),
            (&["analyst:main"], "says itself where"),
            (&["admin"; 9], "8 are the most"),
        ] {
            let error = account(roles).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn names_are_plain_and_differ_in_more_than_case() {
        let known = || ["ci", "Bot"].into_iter();
        for name in ["ci", "Bot", "deploy@prod", "a", "0.1-x_y"] {
            assert_eq!(check_name("an account", name, known()), Ok(()), "{name}");
        }
        for name in [
            "",
            "CI",
            "bot",
            " ci",
            "c i",
            "c/i",
            "é",
            "-a",
            "a\n",
            "a:b",
            &"a".repeat(65),
        ] {
            assert!(check_name("an account", name, known()).is_err(), "{name:?}");
        }
    }
}
