//! Profiles: what `fennel.toml` says about one environment, such as `prod`.
//!
//! A profile names the variables that hold an address and a token, and never holds them itself. So the file can be
//! in the repository, and who has the variables of one environment alone can reach no other.

mod file;
mod near;

use std::path::PathBuf;

use crate::config::{self, Setting};
use crate::error::Error;
use crate::git;
use crate::process::Place;
use crate::secret::Token;
use file::{Entry, File, Stated};

/// A profile of the run's `fennel.toml`.
#[derive(Debug)]
pub(crate) struct Profile {
    name: String,
    file: PathBuf,
    stated: Stated,
}

impl Profile {
    /// Reads the profile of that name.
    ///
    /// # Errors
    ///
    /// There is no such file or profile, or the file is wrong.
    pub(crate) fn read(name: &str, place: &Place<'_>) -> Result<Self, Error> {
        let file = File::find(&place.folder)?;
        let stated = file.profile(name)?;
        Ok(Profile {
            name: name.into(),
            file: file.path,
            stated,
        })
    }

    /// The address in the variable that the profile names.
    ///
    /// # Errors
    ///
    /// There is nothing in the variable. Another variable is not looked at, since it may be another server's.
    pub(crate) fn url(&self, place: &Place<'_>) -> Result<Option<Setting<String>>, Error> {
        let entry = self.stated.url_env.as_ref();
        entry.map(|entry| self.held(entry, place)).transpose()
    }

    /// The token in the variable that the profile names.
    ///
    /// # Errors
    ///
    /// As [`url`](Self::url).
    pub(crate) fn token(&self, place: &Place<'_>) -> Result<Option<Setting<Token>>, Error> {
        let entry = self.stated.token_env.as_ref();
        let held = entry.map(|entry| self.held(entry, place)).transpose()?;
        Ok(held.map(|Setting { name, value }| Setting {
            name,
            value: Token::new(value),
        }))
    }

    /// What is in the variable that an entry names.
    fn held(&self, entry: &Entry<String>, place: &Place<'_>) -> Result<Setting<String>, Error> {
        let name = format!("{} ({})", entry.value, self.at(entry.line));
        let value = match (place.variable)(&entry.value).map(std::ffi::OsString::into_string) {
            Some(Ok(value)) if !value.is_empty() => value,
            Some(Err(_)) => {
                return Err(Error::Setting {
                    name: name.into(),
                    problem: "is not UTF-8; write it anew",
                });
            }
            _ => {
                return Err(Error::Setting {
                    name: name.into(),
                    problem: "is not set or empty, and the profile takes no other variable; set it",
                });
            }
        };
        Ok(Setting {
            name: name.into(),
            value,
        })
    }

    /// The branch to commit to, if the profile says so.
    pub(crate) fn branch(&self) -> Option<&str> {
        self.stated.branch.as_ref().map(|entry| &*entry.value)
    }

    /// The environment of the definitions, if the profile says so.
    pub(crate) fn env(&self) -> Option<&str> {
        self.stated.env.as_ref().map(|entry| &*entry.value)
    }

    /// The server's name, if the profile says so.
    pub(crate) fn expected_server(&self) -> Option<Setting<String>> {
        let entry = self.stated.expect_server.as_ref()?;
        Some(Setting {
            name: format!("expect_server ({})", self.at(entry.line)).into(),
            value: entry.value.clone(),
        })
    }

    /// Checks what the profile demands of a run that commits.
    ///
    /// # Errors
    ///
    /// It has to be a CI job, or git has changes that are not committed.
    pub(crate) fn check_commit(&self, place: &Place<'_>) -> Result<(), Error> {
        self.check_ci(
            place,
            "commits",
            "`sync plan` shows what a commit would change",
        )?;
        if let Some(entry) = demanded(self.stated.require_clean_git.as_ref()) {
            let clean = git::check_clean(&place.folder);
            clean.map_err(|why| {
                self.refused(entry, &format!("commits what is in git alone, and {why}"))
            })?;
        }
        Ok(())
    }

    /// Checks what the profile demands of a run that creates or deletes a branch.
    ///
    /// # Errors
    ///
    /// It has to be a CI job.
    pub(crate) fn check_branch_change(&self, place: &Place<'_>) -> Result<(), Error> {
        self.check_ci(
            place,
            "changes branches",
            "`sync branch list` shows which there are",
        )
    }

    /// Checks that this is a CI job, if it has to be one for what the profile `does`.
    fn check_ci(&self, place: &Place<'_>, does: &str, instead: &str) -> Result<(), Error> {
        match demanded(self.stated.require_ci.as_ref()) {
            Some(entry) if !config::is_ci(place.text("CI")?.as_deref()) => {
                let message =
                    format!("{does} from CI alone, and the variable CI is not set here; {instead}");
                Err(self.refused(entry, &message))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, entry: &Entry<bool>, message: &str) -> Error {
        Error::Profile {
            file: self.file.clone(),
            line: Some(entry.line),
            message: format!("profile `{}` {message}", self.name),
        }
    }

    fn at(&self, line: u32) -> String {
        format!("{}:{line}", self.file.display())
    }
}

/// The entry, if it demands something.
fn demanded(entry: Option<&Entry<bool>>) -> Option<&Entry<bool>> {
    entry.filter(|entry| entry.value)
}
