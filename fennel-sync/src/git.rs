//! What git says about the working folder.

use std::path::Path;
use std::process::Command;

use crate::report::plain;

/// How many changed files are named.
const NAMED: usize = 5;

/// Checks that git has everything that is in the repository of `folder`, and nothing differs from its last commit.
///
/// # Errors
///
/// What differs, or why that is not known, as a clause.
pub(crate) fn check_clean(folder: &Path) -> Result<(), String> {
    let status = Command::new("git")
        .args(["status", "--porcelain", "--untracked-files=normal"])
        .current_dir(folder)
        .output()
        .map_err(|error| format!("git can't be run here: {error}"))?;
    if !status.status.success() {
        let said = String::from_utf8_lossy(&status.stderr);
        let said = said.lines().next().unwrap_or("it doesn't say why");
        return Err(format!("git can't tell what that is: {}", plain(said)));
    }
    let changes = String::from_utf8_lossy(&status.stdout);
    // Two letters of status and a blank stand before each name.
    let files: Vec<_> = changes
        .lines()
        .filter_map(|line| line.get(3..))
        .map(plain)
        .collect();
    if files.is_empty() {
        return Ok(());
    }
    let more = match files.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<_> = files.into_iter().take(NAMED).collect();
    Err(format!(
        "these files differ from its last commit: {}{more}; commit them or put them away",
        named.join(", ")
    ))
}
