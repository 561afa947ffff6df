//! From which state of the code a commit is made.

use std::process::{Command, Stdio};

use crate::process::Place;

/// The git commit that is checked out, with `-dirty` behind it where files differ from it; `None` where there is no
/// git. A CI job says in `GITHUB_SHA` what it has checked out.
pub(crate) fn of(place: &Place<'_>) -> Option<String> {
    let told = (place.variable)("GITHUB_SHA").and_then(|sha| sha.into_string().ok());
    let told = told.filter(|sha| is_hash(sha));
    let hash = told.or_else(|| git(place, &["rev-parse", "HEAD"]).filter(|sha| is_hash(sha)))?;
    let changed = git(place, &["status", "--porcelain", "--untracked-files=no"]);
    Some(match changed.is_some_and(|files| !files.is_empty()) {
        true => format!("{hash}-dirty"),
        false => hash,
    })
}

/// SHA-1 has 40 digits, SHA-256 has 64.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What git says, if it is there and has no objection.
fn git(place: &Place<'_>, args: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.args(["--no-optional-locks"]).args(args);
    git.current_dir(&place.folder);
    let asked = git.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let answer = asked.ok().filter(|answer| answer.status.success())?;
    let text = String::from_utf8(answer.stdout).ok()?;
    Some(text.trim().to_owned())
}
