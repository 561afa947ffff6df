//! `fennel.toml`: where it is, and what it says.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::near::near;
use crate::config;
use crate::error::Error;

/// The name of the file.
pub(super) const NAME: &str = "fennel.toml";

/// A value, and the line that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<T> {
    pub(super) value: T,
    pub(super) line: u32,
}

/// What one table `[profile.NAME]` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) url_env: Option<Entry<String>>,
    pub(super) token_env: Option<Entry<String>>,
    pub(super) branch: Option<Entry<String>>,
    pub(super) env: Option<Entry<String>>,
    pub(super) expect_server: Option<Entry<String>>,
    pub(super) require_clean_git: Option<Entry<bool>>,
    pub(super) require_ci: Option<Entry<bool>>,
}

/// The file's text, and where that is.
#[derive(Debug)]
pub(super) struct File {
    /// As people write it: from the working folder where it is there.
    pub(super) path: PathBuf,
    text: String,
}

/// The keys of a profile.
const KEYS: [&str; 7] = [
    "url_env",
    "token_env",
    "branch",
    "env",
    "expect_server",
    "require_clean_git",
    "require_ci",
];

impl File {
    /// Looks for the file in `folder` and above it, up to where the workspace or the repository begins: a folder
    /// with `Cargo.lock` or `.git`. Where there is no such folder, only in `folder`.
    ///
    /// # Errors
    ///
    /// It is not there, or can't be read.
    pub(super) fn find(folder: &Path) -> Result<Self, Error> {
        let folder = folder
            .canonicalize()
            .unwrap_or_else(|_| folder.to_path_buf());
        let is_root =
            |folder: &&Path| folder.join("Cargo.lock").is_file() || folder.join(".git").exists();
        let root = folder.ancestors().find(is_root).unwrap_or(&folder);
        let within = folder.ancestors().take_while(|at| at.starts_with(root));
        for at in within {
            let path = at.join(NAME);
            let shown = match at == folder {
                true => PathBuf::from(NAME),
                false => path.clone(),
            };
            match fs::read_to_string(&path) {
                Ok(text) => return Ok(File { path: shown, text }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Error::Profile {
                        file: shown,
                        line: None,
                        message: format!("it can't be read: {error}"),
                    });
                }
            }
        }
        Err(Error::NoProfiles {
            folder: root.to_path_buf(),
        })
    }

    /// What the profile of that name says. The whole file is checked, so that a mistake shows before the day on
    /// which its profile is needed.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or that it has no such profile.
    pub(super) fn profile(&self, name: &str) -> Result<Stated, Error> {
        let table = DeTable::parse(&self.text);
        let table = table.map_err(|error| self.wrong(error.span(), error.message()))?;
        let mut found = None;
        let mut names = Vec::new();
        for (key, value) in table.get_ref() {
            if &**key.get_ref() != "profile" {
                let message = format!(
                    "unknown table or key `{}`; a profile is a table [profile.NAME]",
                    key.get_ref().escape_debug()
                );
                return Err(self.wrong(Some(key.span()), &message));
            }
            let Some(profiles) = value.get_ref().as_table() else {
                let message = "`profile` is no table; a profile is a table [profile.NAME]";
                return Err(self.wrong(Some(key.span()), message));
            };
            for (key, value) in profiles {
                let Some(entries) = value.get_ref().as_table() else {
                    let message = format!(
                        "`profile.{}` is no table; a profile is a table [profile.NAME]",
                        key.get_ref().escape_debug()
                    );
                    return Err(self.wrong(Some(key.span()), &message));
                };
                let stated = self.stated(entries)?;
                names.push((key.get_ref().to_string(), key.span()));
                if &**key.get_ref() == name {
                    found = Some(stated);
                }
            }
        }
        // In the file's order, which the table doesn't keep.
        names.sort_by_key(|(_, span)| span.start);
        let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
        found.ok_or_else(|| self.missing(name, &names))
    }

    fn stated(&self, entries: &DeTable<'_>) -> Result<Stated, Error> {
        let mut stated = Stated::default();
        for (key, value) in entries {
            let (name, span) = (&**key.get_ref(), value.span());
            let line = self.line(key.span().start);
            let text = || match value.get_ref() {
                DeValue::String(text) => Ok(Entry {
                    value: text.to_string(),
                    line,
                }),
                _ => Err(self.wrong(Some(span.clone()), &format!("`{name}` is a text in quotes"))),
            };
            let flag = || match value.get_ref() {
                DeValue::Boolean(value) => Ok(Entry {
                    value: *value,
                    line,
                }),
                _ => Err(self.wrong(Some(span.clone()), &format!("`{name}` is true or false"))),
            };
            let at = |problem: &str| self.wrong(Some(span.clone()), &format!("`{name}` {problem}"));
            match name {
                "url_env" | "token_env" => {
                    let entry = text()?;
                    variable(&entry.value).map_err(at)?;
                    match name {
                        "url_env" => stated.url_env = Some(entry),
                        _ => stated.token_env = Some(entry),
                    }
                }
                "branch" => {
                    let entry = text()?;
                    config::branch_name(&entry.value).map_err(at)?;
                    stated.branch = Some(entry);
                }
                "env" => {
                    let entry = text()?;
                    config::env_name(&entry.value).map_err(at)?;
                    stated.env = Some(entry);
                }
                "expect_server" => {
                    let entry = text()?;
                    config::server_name(&entry.value).map_err(at)?;
                    stated.expect_server = Some(entry);
                }
                "require_clean_git" => stated.require_clean_git = Some(flag()?),
                "require_ci" => stated.require_ci = Some(flag()?),
                _ => return Err(self.wrong(Some(key.span()), &unknown(name))),
            }
        }
        Ok(stated)
    }

    fn missing(&self, name: &str, names: &[String]) -> Error {
        let name = name.escape_debug();
        let message = match names {
            [] => {
                format!("there is no profile `{name}`, and no other; add a table [profile.{name}]")
            }
            names => {
                let all: Vec<_> = names
                    .iter()
                    .map(|name| format!("`{}`", name.escape_debug()))
                    .collect();
                let hint = near(&name.to_string(), names.iter().map(String::as_str))
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                format!(
                    "there is no profile `{name}`, there is {}{hint}",
                    all.join(", ")
                )
            }
        };
        Error::Profile {
            file: self.path.clone(),
            line: None,
            message,
        }
    }

    /// An error at that place of the file. What it says holds no value of the file: a value may be a secret.
    fn wrong(&self, span: Option<Range<usize>>, message: &str) -> Error {
        Error::Profile {
            file: self.path.clone(),
            line: span.map(|span| self.line(span.start)),
            message: message.into(),
        }
    }

    /// The line of the byte at that place, from 1.
    fn line(&self, at: usize) -> u32 {
        let before = self.text.bytes().take(at);
        let breaks = before.filter(|byte| *byte == b'\n').count();
        u32::try_from(breaks).map_or(u32::MAX, |breaks| breaks.saturating_add(1))
    }
}

/// Checks a variable's name. Who writes the value instead is told so, without it.
fn variable(name: &str) -> Result<(), &'static str> {
    if name.starts_with("fnl_") {
        return Err(
            "holds a token, and is to name the variable that holds it; take the token out of the file, and have another one made, since this one may have been read",
        );
    }
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err("is to name an environment variable, such as PROD_FENNEL_URL, and not to hold its value")
}

fn unknown(key: &str) -> String {
    match key {
        "token" | "url" => {
            let variable = format!("PROD_FENNEL_{}", key.to_uppercase());
            let secret = match key {
                "token" => "; have another token made if this file was ever shared",
                _ => "",
            };
            format!(
                "`{key}` is not taken, since this file holds no values that differ between machines or are secret; put the {key} into a variable and name that, as in {key}_env = \"{variable}\"{secret}"
            )
        }
        _ => {
            let hint = near(key, KEYS).map_or_else(
                || format!("a profile has {}", KEYS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            format!("unknown key `{}`; {hint}", key.escape_debug())
        }
    }
}
