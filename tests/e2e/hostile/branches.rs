//! Branches with odd names, and those of others.

use serde_json::json;

use super::case::{Case, call, sync};

#[rustfmt::skip] // A case a line.
pub(super) fn cases() -> Vec<Case> {
    vec![
        sync("a branch's name in letters of another alphabet", &["branch", "create", "ветка"])
            .exits(2, &["branch"]),
        sync("a branch's name with a blank", &["branch", "create", "my branch"])
            .exits(2, &["branch"]),
        sync("a branch without a name", &["branch", "create", ""])
            .exits(2, &["branch"]),
        sync("a commit to a branch with an odd name", &["--branch", "новая"])
            .exits(2, &["--branch is not a branch's name"]),
        sync("a commit to a branch that is not there", &["--branch", "feature/a/b"])
            .exits(3, &["no branch `feature/a/b`; there are `dev`, `main`"]),
        sync("a clone of nothing", &["branch", "clone", "nowhere", "x"])
            .exits(3, &["no branch `nowhere`"]),
        sync("a clone over main", &["branch", "clone", "dev", "main"])
            .exits(3, &["there is a branch `main` already"]),
        sync("main, which is always there", &["branch", "delete", "main"])
            .exits(3, &["`main` is always there and can't be deleted"]),
        sync("a branch that is gone", &["branch", "delete", "nowhere"])
            .exits(3, &["no branch `nowhere`"]),
        call("a branch by hand, with slashes and nothing else that is allowed", "POST", "init", json!({})).on("a//b?c")
            .answers(400, &["\"a//b?c\" can't be the name of a branch"]),
        call("a branch by hand, in Latin letters with accents", "POST", "init", json!({})).on("café")
            .answers(400, &["x-fennel-branch is not ASCII"]),
        call("a branch of 201 letters", "POST", "init", json!({})).on("{long}")
            .answers(400, &["use 1 to 200 letters"]),
        call("a branch's name twice", "POST", "init", json!({})).headers(&[("x-fennel-branch", "other")])
            .answers(400, &["several headers `x-fennel-branch`"]),
        call("no branch's name", "POST", "init", json!({})).on("")
            .answers(400, &["x-fennel-branch is empty"]),
        call("a clone with a slip, which would be an empty branch", "POST", "init", json!({"clone_form": "main"})).on("new")
            .answers(400, &["unknown field `clone_form`"]),
        call("a clone, by one who may not see all of it", "POST", "init", json!({"clone_from": "main"})).on("new").by("{analyst}")
            .answers(403, &["doesn't have `write_definitions` on branch `new`"]),
        call("a branch of others, deleted", "POST", "delete", json!({})).on("dev").by("{deployer}")
            .answers(403, &["doesn't have `write_definitions` on branch `dev`"]),
        call("main by hand", "POST", "delete", json!({}))
            .answers(400, &["`main` is always there"]),
    ]
}
