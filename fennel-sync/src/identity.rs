//! Which server answers, and whether it is one to talk to.

use serde::Deserialize;

use crate::config::Setting;
use crate::error::Error;
use crate::report::plain;

/// The version of this program's side of the protocol.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// What a server says that it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Identity {
    name: String,
    version: String,
}

impl Identity {
    /// Its name, fit to be shown.
    pub(crate) fn name(&self) -> String {
        plain(&self.name)
    }

    /// Its version, fit to be shown.
    pub(crate) fn version(&self) -> String {
        plain(&self.version)
    }

    /// Checks that the server and this program mean the same by what they send each other.
    ///
    /// # Errors
    ///
    /// The versions differ in what says so: the first number that is not 0.
    pub(crate) fn check_version(&self, url: &str) -> Result<(), Error> {
        if generation(&self.version) == generation(OWN) {
            return Ok(());
        }
        Err(Error::OtherVersion {
            url: url.into(),
            version: self.version(),
            generation: plain(generation(&self.version)),
            own: OWN,
            own_generation: generation(OWN),
        })
    }
}

/// Checks that a server is the expected one.
///
/// # Errors
///
/// It is another one, or says no name.
pub(crate) fn check_name(
    told: Option<&Identity>,
    expected: &Setting<String>,
    url: &str,
) -> Result<(), Error> {
    if told.is_some_and(|told| told.name == expected.value) {
        return Ok(());
    }
    Err(Error::OtherServer {
        url: url.into(),
        name: told.map(Identity::name),
        expected: expected.value.clone(),
        given: expected.name.clone(),
    })
}

/// The part of a version within which all understand each other: `0.3` of `0.3.1`, `2` of `2.0.5`.
fn generation(version: &str) -> &str {
    let mut dots = version.match_indices('.').map(|(at, _)| at);
    let first = dots.next();
    let end = match version.starts_with("0.") {
        true => dots.next(),
        false => first,
    };
    version
        .get(..end.unwrap_or(version.len()))
        .unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_up_to_the_first_number_that_says_something() {
        for (version, expected) in [
            ("0.1.0", "0.1"),
            ("0.12.3-rc.1", "0.12"),
            ("1.2.3", "1"),
            ("10.0", "10"),
            ("0.1", "0.1"),
            ("", ""),
            ("odd", "odd"),
        ] {
            assert_eq!(generation(version), expected, "{version}");
        }
    }
}
