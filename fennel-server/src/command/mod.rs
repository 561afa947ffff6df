//! The subcommands: roles, accounts, tokens and the audit of a server that runs, over HTTP; and a new admin token for
//! a data folder that no server uses.

mod args;
mod client;
mod table;

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use fennel_engine::store::{Store, StoreError};
use fennel_engine::{Engine, SystemClock};
use serde_json::{Map, Value as Json, json};

use crate::auth::{Access, Token, id_of};
pub(crate) use args::Command;
use args::{Account, Audit, AuditCommand, Role, SetRole, TokenCommand};
use client::{Client, encoded};
use table::table;

/// What can go wrong, as it is told.
type BoxError = Box<dyn std::error::Error>;

/// Does it, and prints what is to be told.
pub(crate) fn run(command: Command) -> Result<(), BoxError> {
    let told = match command {
        Command::Token(TokenCommand::ResetAdmin { data_dir }) => reset_admin(&data_dir)?,
        command => over_http(command, &Client::from_environment()?)?,
    };
    let mut out = io::stdout().lock();
    out.write_all(told.as_bytes())?;
    Ok(out.flush()?)
}

fn over_http(command: Command, client: &Client) -> Result<String, BoxError> {
    Ok(match command {
        Command::Role(Role::List) => {
            let roles = client.get("role")?;
            table(
                &["role", "grants", "accounts"],
                rows(&roles, "roles").map(|role| {
                    [text(role, "name"), grants(role), list(role.get("accounts"))].into()
                }),
            )
        }
        Command::Role(Role::Set(set)) => {
            let name = set.name.clone();
            let body = json!({"grants": read_grants(set)?});
            let role = client.put(&format!("role/{}", encoded(&name)), &body)?;
            format!("role {}: {}\n", text(&role, "name"), grants(&role))
        }
        Command::Role(Role::Delete { name }) => {
            client.delete(&format!("role/{}", encoded(&name)))?;
            format!("role {name} is deleted\n")
        }
        Command::Account(Account::List) => {
            let accounts = client.get("account")?;
            table(
                &["account", "roles", "tokens", "note"],
                rows(&accounts, "accounts").map(|account| {
                    [
                        text(account, "name"),
                        list(account.get("roles")),
                        text(account, "tokens"),
                        text(account, "note"),
                    ]
                    .into()
                }),
            )
        }
        Command::Account(Account::Set { name, role, note }) => {
            let body = without_nulls(&json!({"roles": role, "note": note}));
            let account = client.put(&format!("account/{}", encoded(&name)), &body)?;
            format!(
                "account {}: {}\n",
                text(&account, "name"),
                list(account.get("roles"))
            )
        }
        Command::Account(Account::Delete { name }) => {
            let account = client.delete(&format!("account/{}", encoded(&name)))?;
            format!(
                "account {name} is deleted, and its tokens with it: {}\n",
                text(&account, "tokens")
            )
        }
        Command::Token(command) => token(command, client)?,
        Command::Audit(Audit {
            command: Some(AuditCommand::Trim { before }),
            ..
        }) => trim_audit(&before, client)?,
        Command::Audit(audit) => read_audit(&audit, client)?,
    })
}

fn token(command: TokenCommand, client: &Client) -> Result<String, BoxError> {
    Ok(match command {
        TokenCommand::List { account } => {
            let filter = account.map(|account| format!("?account={}", encoded(&account)));
            let tokens = client.get(&format!("token{}", filter.unwrap_or_default()))?;
            table(
                &["id", "account", "state", "expires", "last used", "note"],
                rows(&tokens, "tokens").map(|token| {
                    [
                        text(token, "id"),
                        text(token, "account"),
                        text(token, "state"),
                        minute(token, "expires"),
                        minute(token, "last_used"),
                        text(token, "note"),
                    ]
                    .into()
                }),
            )
        }
        TokenCommand::Create {
            account,
            expires_in,
            note,
        } => {
            let body = json!({"account": account, "expires_in": expires_in, "note": note});
            told_once(&client.post("token", &without_nulls(&body))?)
        }
        TokenCommand::Rotate {
            id,
            overlap,
            expires_in,
        } => {
            let body = without_nulls(&json!({"overlap": overlap, "expires_in": expires_in}));
            let id = id_of(&id);
            let made = client.post(&format!("token/{}/rotate", encoded(&id)), &body)?;
            let old = made.get("old").unwrap_or(&Json::Null);
            format!(
                "{}token {id} is valid until {}\n",
                told_once(&made),
                text(old, "expires")
            )
        }
        TokenCommand::Revoke { id } => {
            let id = id_of(&id);
            client.post(&format!("token/{}/revoke", encoded(&id)), &json!({}))?;
            format!("token {id} is revoked\n")
        }
        TokenCommand::Delete { id } => {
            let id = id_of(&id);
            client.delete(&format!("token/{}", encoded(&id)))?;
            format!("token {id} is deleted\n")
        }
        TokenCommand::ResetAdmin { data_dir } => reset_admin(&data_dir)?,
    })
}

/// A token that was just made.
fn told_once(made: &Json) -> String {
    let expires = match made.get("expires") {
        Some(Json::String(expires)) => format!("valid until {expires}"),
        _ => "valid until it is revoked".to_owned(),
    };
    format!(
        "token of account {}, shown only this once: {}\nid: {}, {expires}\n",
        text(made, "account"),
        text(made, "token"),
        text(made, "id")
    )
}

fn read_audit(audit: &Audit, client: &Client) -> Result<String, BoxError> {
    let from = audit.from.map(|from| format!("&from={from}"));
    let path = format!("audit?limit={}{}", audit.limit, from.unwrap_or_default());
    if audit.jsonl {
        return client.text(&format!("{path}&format=jsonl"));
    }
    Ok(audit_table(&client.get(&path)?))
}

/// Entries in the order of time. What was denied is numbered when it is written down, which is later than it happened.
fn audit_table(answer: &Json) -> String {
    let mut entries: Vec<&Json> = rows(answer, "entries").collect();
    entries.sort_by_key(|entry| text(entry, "at"));
    let rows = entries.into_iter().map(|entry| {
        let count = match entry.get("count") {
            Some(count) => format!("{} times", count),
            None => String::new(),
        };
        let who = match text(entry, "who") {
            who if who.is_empty() => "-".to_owned(),
            who => who,
        };
        [
            text(entry, "number"),
            text(entry, "at"),
            who,
            text(entry, "from"),
            text(entry, "what"),
            text(entry, "on"),
            text(entry, "outcome"),
            count,
        ]
        .into()
    });
    table(
        &["number", "at", "who", "from", "what", "on", "outcome", ""],
        rows,
    )
}

fn trim_audit(before: &str, client: &Client) -> Result<String, BoxError> {
    let path = format!("audit?before={}", encoded(before));
    let mut entries = 0;
    loop {
        let trimmed = client.delete(&path)?;
        entries += trimmed.get("entries").and_then(Json::as_u64).unwrap_or(0);
        if trimmed.get("more") != Some(&Json::Bool(true)) {
            return Ok(format!("{entries} entries from before {before} are gone\n"));
        }
    }
}

fn reset_admin(data_dir: &Path) -> Result<String, BoxError> {
    // Opening would create it.
    let is_there = std::fs::read_dir(data_dir).is_ok_and(|mut files| files.next().is_some());
    if !is_there {
        return Err(format!(
            "there is no data folder `{}`; name the one that the server was started with",
            data_dir.display()
        )
        .into());
    }
    let store = match Store::open(data_dir) {
        Err(StoreError::Locked { .. }) => {
            return Err(format!(
                "a server runs on data folder `{}`; stop it first, or, with a token that is still valid, use `fennel-server token create admin` while it runs",
                data_dir.display()
            )
            .into());
        }
        other => other?,
    };
    let clock = Arc::new(SystemClock);
    // So that nothing is written to a folder that the server couldn't start from.
    let engine = Engine::open(store.clone(), clock.clone())?;
    let token: Token = Access::reset_admin(&store, clock)?;
    engine.close();
    Ok(format!(
        "admin token, shown only this once: {}\nthe admin tokens that account admin had are revoked\n",
        token.reveal()
    ))
}

/// The grants that a file or the options say.
fn read_grants(set: SetRole) -> Result<Json, BoxError> {
    let Some(file) = set.file else {
        let grant = json!({
            "modes": set.mode,
            "branches": set.branch,
            "tags": set.tag,
            "endpoints": set.endpoint,
        });
        return Ok(json!([grant]));
    };
    let mut read = String::new();
    if file.as_os_str() == "-" {
        io::stdin().read_to_string(&mut read)?;
    } else {
        let told = |error| format!("`{}` can't be read: {error}", file.display());
        read = std::fs::read_to_string(&file).map_err(told)?;
    }
    let grants: Json = serde_json::from_str(&read)
        .map_err(|error| format!("`{}` is no JSON: {error}", file.display()))?;
    // What `GET /api/v1/role` shows of a role is taken as well.
    Ok(match grants.get("grants") {
        Some(grants) => grants.clone(),
        None => grants,
    })
}

fn rows<'j>(answer: &'j Json, name: &str) -> impl Iterator<Item = &'j Json> {
    answer
        .get(name)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
}

/// A field as text; nothing for null.
fn text(object: &Json, name: &str) -> String {
    match object.get(name) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// An instant to the minute, or `-`.
fn minute(object: &Json, name: &str) -> String {
    let text = text(object, name);
    match text.get(..16) {
        Some(minute) => format!("{}Z", minute),
        None => "-".to_owned(),
    }
}

fn list(texts: Option<&Json>) -> String {
    let texts = texts.and_then(Json::as_array).into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(Json::as_str).collect();
    texts.join(" ")
}

/// A role's grants on one line, as `read_data on main, dev/* with tags ~PII`.
fn grants(role: &Json) -> String {
    let grants = role.get("grants").and_then(Json::as_array);
    let told = grants.into_iter().flatten().map(|grant| {
        let mut told = list(grant.get("modes"));
        for (name, word) in [
            ("branches", "on"),
            ("tags", "with tags"),
            ("endpoints", "at"),
        ] {
            let places = list(grant.get(name));
            if !places.is_empty() {
                told.push_str(&format!(" {word} {places}"));
            }
        }
        told
    });
    told.collect::<Vec<_>>().join("; ")
}

fn without_nulls(object: &Json) -> Json {
    let fields = object.as_object().into_iter().flatten();
    let fields = fields.filter(|(_, value)| !value.is_null());
    let fields = fields.map(|(name, value)| (name.clone(), value.clone()));
    Json::Object(fields.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_is_told_in_the_order_of_time() {
        let entry = |number: u64, second: u64, count: Option<u64>| {
            let at = format!("2026-11-26T12:15:{second:02}.000000Z");
            let entry = json!({
                "number": number, "at": at, "who": "ci", "what": "commit", "outcome": "done", "count": count,
            });
            without_nulls(&entry)
        };
        let entries = [
            entry(7, 1, None),
            entry(8, 30, None),
            entry(9, 2, Some(3)),
            entry(10, 30, None),
        ];
        let table = audit_table(&json!({"entries": entries}));
        let told: Vec<Vec<&str>> = table
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().collect())
            .collect();
        let numbers: Vec<_> = told.iter().map(|line| line[0]).collect();
        assert_eq!(numbers, ["7", "9", "8", "10"]);
        assert!(told[1].ends_with(&["3", "times"]), "{table}");
    }
}
