//! A server's name, by which people and `sync` tell it from others.
//!
//! It is kept in the data folder, under the key `server/name`, since it says whose data that is.

use std::fmt;

use fennel_engine::store::{Batch, Space, Store};

use crate::Error;

const KEY: &[u8] = b"server/name";

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// The name of a server: up to 64 ASCII letters, digits, `-`, `_` and `.`, the first of them a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName(String);

impl ServerName {
    /// The name of that text.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if it is empty, too long, or has another character.
    pub fn new(text: impl Into<String>) -> Result<ServerName, Error> {
        let text = text.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins && text.len() <= LONGEST && text.chars().all(allowed) {
            return Ok(ServerName(text));
        }
        Err(Error::Name)
    }

    /// A name that no other server is likely to have, such as `fennel-5d20c9e1`.
    fn generate() -> Result<ServerName, Error> {
        let mut bits = [0; 4];
        getrandom::fill(&mut bits).map_err(Error::Random)?;
        Ok(ServerName(format!(
            "fennel-{:08x}",
            u32::from_be_bytes(bits)
        )))
    }

    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of the name when a server started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// The data folder had none, and [`name`](crate::Config::name) is it now.
    Given,
    /// The data folder had none, and none was given, so this one was made at random.
    Made,
    /// The data folder has it from an earlier start.
    Kept,
    /// The data folder had this one, and [`name`](crate::Config::name) replaces it.
    Renamed(ServerName),
}

/// The name of the folder of `store`, which is `wanted` if that is given.
pub(crate) fn open(
    store: &Store,
    wanted: Option<&ServerName>,
) -> Result<(ServerName, Naming), Error> {
    let kept = store.get(Space::Meta, KEY)?;
    let kept = kept.map(|bytes| {
        let text = str::from_utf8(&bytes).ok();
        text.and_then(|text| ServerName::new(text).ok())
    });
    let kept = match (kept, wanted) {
        (Some(None), None) => return Err(Error::DamagedName),
        (kept, _) => kept.flatten(),
    };
    let (name, naming) = match (kept, wanted) {
        (Some(kept), None) => return Ok((kept, Naming::Kept)),
        (Some(kept), Some(wanted)) if kept == *wanted => return Ok((kept, Naming::Kept)),
        (Some(kept), Some(wanted)) => (wanted.clone(), Naming::Renamed(kept)),
        (None, Some(wanted)) => (wanted.clone(), Naming::Given),
        (None, None) => (ServerName::generate()?, Naming::Made),
    };
    let mut batch = Batch::new();
    batch.put(Space::Meta, KEY, name.as_str());
    store.write(batch)?;
    Ok((name, naming))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServerName {
        ServerName::new(text).unwrap()
    }

    #[test]
    fn a_name_is_made_once_and_stays() {
        let store = Store::in_memory();
        let (made, naming) = open(&store, None).unwrap();
        assert_eq!(naming, Naming::Made);
        assert_eq!(open(&store, None).unwrap(), (made, Naming::Kept));
        let (other, _) = open(&Store::in_memory(), None).unwrap();
        assert_ne!(open(&store, None).unwrap().0, other);
    }

    #[test]
    fn a_name_that_is_given_stays_until_another_one_is() {
        let store = Store::in_memory();
        let (dev, prod) = (name("dev"), name("prod"));
        for (wanted, expected) in [
            (Some(&dev), (dev.clone(), Naming::Given)),
            (Some(&dev), (dev.clone(), Naming::Kept)),
            (None, (dev.clone(), Naming::Kept)),
            (Some(&prod), (prod.clone(), Naming::Renamed(dev.clone()))),
            (None, (prod.clone(), Naming::Kept)),
        ] {
            assert_eq!(open(&store, wanted).unwrap(), expected);
        }
    }

    #[test]
    fn a_name_is_one_word_that_every_shell_and_log_takes() {
        for text in ["prod", "eu-1.prod_b", "0", &"x".repeat(64)] {
            assert!(ServerName::new(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "-prod",
            ".",
            "a b",
            "a\n",
            "prüfung",
            "a/b",
            &"x".repeat(65),
        ] {
            assert!(ServerName::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_damaged_name_is_an_error_until_another_one_is_given() {
        let store = Store::in_memory();
        for bytes in [&b"\xff"[..], b"", b"a b"] {
            let mut batch = Batch::new();
            batch.put(Space::Meta, KEY, bytes);
            store.write(batch).unwrap();
            assert!(matches!(open(&store, None), Err(Error::DamagedName)));
            let mended = open(&store, Some(&name("prod"))).unwrap();
            assert_eq!(mended, (name("prod"), Naming::Given));
        }
    }
}
