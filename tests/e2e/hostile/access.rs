//! Roles that make no sense, accounts and tokens that are not there, and who would help itself to more.

use serde_json::{Value, json};

use super::case::{Case, call, subcommand};

fn grant(grant: &Value) -> Value {
    json!({"grants": [grant]})
}

#[rustfmt::skip] // A case a line.
pub(super) fn cases() -> Vec<Case> {
    let role = |what, body: Value| call(what, "PUT", "role/new", grant(&body));
    vec![
        role("a role without modes", json!({"modes": [], "branches": ["*"]}))
            .answers(400, &["has no `modes`"]),
        role("a role for no branch", json!({"modes": ["read_data"]}))
            .answers(400, &["on which `branches`"]),
        role("a role whose tags contradict each other", json!({"modes": ["read_data"], "branches": ["*"], "tags": ["PII", "~PII"]}))
            .answers(400, &["contradict"]),
        role("a role for a mode that there is not", json!({"modes": ["write"], "branches": ["*"]}))
            .answers(400, &["unknown variant `write`, expected one of `read_definitions`"]),
        role("a role for branches that can't be", json!({"modes": ["read_data"], "branches": ["ветка"]}))
            .answers(400, &["matches no branch"]),
        role("a role for half of an endpoint", json!({"modes": ["write_data"], "endpoints": ["shop"]}))
            .answers(400, &["`webhook/endpoint`"]),
        subcommand("a role without modes, from the command line", &["role", "set", "new", "--branch", "main"])
            .exits(1, &["has no `modes`"]),
        subcommand("a role of one that is built in", &["role", "set", "admin", "--mode", "read_data", "--branch", "main"])
            .exits(1, &["is built in"]),
        subcommand("a role that differs from one in case alone", &["role", "set", "No-PII", "--mode", "read_data", "--branch", "main"])
            .exits(1, &["in case alone"]),
        subcommand("a role that somebody has, deleted", &["role", "delete", "no-pii"])
            .exits(1, &["`analyst`"]),
        subcommand("an account of a role that there is not", &["account", "set", "new", "--role", "owner:main"])
            .exits(1, &["no role \"owner\""]),
        subcommand("an account that differs from one in case alone", &["account", "set", "Reader", "--role", "reader:main"])
            .exits(1, &["differs from `reader` in case alone"]),
        subcommand("a deployer of everything, by leaving out where", &["account", "set", "new", "--role", "deployer"])
            .exits(1, &["on which branches"]),
        subcommand("a token of nobody", &["token", "create", "nobody"])
            .exits(1, &["no account \"nobody\""]),
        subcommand("a token that was over before it began", &["token", "create", "reader", "--expires-in", "-1d"])
            .exits(2, &["-1"]),
        subcommand("a token for ever, in years", &["token", "create", "reader", "--expires-in", "9999y"])
            .exits(1, &["`expires_in`"]),
        subcommand("a token that is over, rotated", &["token", "rotate", "{id-rotated}"])
            .exits(1, &["token `{id-rotated}` is no longer valid"]),
        subcommand("a token that is not there, revoked", &["token", "revoke", "0000000000000000"])
            .exits(1, &["no token"]),
        subcommand("the subcommands with a token that was revoked", &["token", "list"]).by("{leaver}")
            .exits(1, &["revoked"]),
        subcommand("a deployer who makes itself an admin", &["account", "set", "deployer", "--role", "admin"]).by("{deployer}")
            .exits(1, &["account `deployer` doesn't have `admin` on this server"]),
        subcommand("a reader who looks who denied it what", &["audit"]).by("{reader}")
            .exits(1, &["account `reader` doesn't have `admin`"]),
        subcommand("a token of an account that is no admin's to make", &["token", "create", "admin"]).by("{producer}")
            .exits(1, &["account `producer` doesn't have `admin`"]),
        call("the last token that may do everything, revoked", "POST", "token/{id-admin}/revoke", json!({}))
            .answers(409, &["make another admin token first"]),
        call("a token that its maker chose", "POST", "token", json!({"account": "reader", "token": "mine"}))
            .answers(400, &["unknown field `token`"]),
    ]
}
