//! Secrets of the server: credentials that connectors name, kept encrypted.
//!
//! | key in [`Space::Meta`] | value |
//! |---|---|
//! | `server/secret/` and the name | 12 bytes that are used once, and the secret, encrypted |
//! | `server/secret-key` | the same of a text that tells another key from the right one, while there are secrets |
//!
//! The key is never kept. Each secret is bound to its name, so that nobody who can write to the folder can give it
//! another.

mod key;
mod named;

use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use fennel_engine::store::{Batch, Space, Store};

pub use key::SecretKey;

use crate::Error;
use crate::error::Failure;

const PREFIX: &str = "server/secret/";
const CHECK: &str = "server/secret-key";
/// What `server/secret-key` has, encrypted.
const CHECKED: &[u8] = b"fennel";
/// The longest secret, in bytes; certificates and keys of services are far shorter.
const MAX_VALUE: usize = 64 << 10;
/// The longest name.
const MAX_NAME: usize = 100;
/// The most secrets.
const MAX_SECRETS: usize = 10_000;
/// The most names that are told of secrets that can't be read.
const TOLD: usize = 20;

/// The secrets of a data folder.
#[derive(Debug)]
pub(crate) struct Secrets {
    store: Store,
    key: Option<SecretKey>,
    /// Held by whoever changes some.
    changing: Mutex<()>,
}

impl Secrets {
    /// Opens them with the key that encrypts them, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::SecretKey`] if they were encrypted by another key. Nothing is changed then.
    pub(crate) fn open(store: &Store, key: Option<SecretKey>) -> Result<Secrets, Error> {
        let names = names(store)?;
        if let (Some(key), Some(check)) = (&key, store.get(Space::Meta, CHECK.as_bytes())?)
            && key.decrypt(CHECK, &check).is_none()
            && !names.is_empty()
        {
            return Err(Error::SecretKey(told(&names)));
        }
        Ok(Secrets {
            store: store.clone(),
            key,
            changing: Mutex::default(),
        })
    }

    /// Whether there is one of that name. It needs no key.
    pub(crate) fn has(&self, name: &str) -> Result<bool, Error> {
        Ok(self.store.get(Space::Meta, &place(name))?.is_some())
    }

    /// The secret of that name.
    pub(crate) fn read(&self, name: &str) -> Result<String, Failure> {
        let key = self.key()?;
        check_name(name)?;
        let found = self.store.get(Space::Meta, &place(name));
        let found = found.map_err(Error::from)?.ok_or_else(|| unknown(name))?;
        let text = key.decrypt(name, &found).map(String::from_utf8);
        text.and_then(Result::ok).ok_or_else(|| {
            let message = format!(
                "secret `{name}` in the data folder is damaged; give it anew with `PATCH /api/v1/secret/{name}`, or restore the folder from a backup"
            );
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })
    }

    /// Checks a change before it is made: that of a secret that is there, or that of a new one.
    pub(crate) fn check(&self, name: &str, is_new: bool) -> Result<(), Failure> {
        self.key()?;
        check_name(name)?;
        match (self.has(name)?, is_new) {
            (true, true) => Err(Failure::new(
                StatusCode::CONFLICT,
                format!(
                    "there is a secret `{name}` already; `PATCH /api/v1/secret/{name}` gives it another value"
                ),
            )),
            (false, false) => Err(unknown(name)),
            _ => Ok(()),
        }
    }

    /// Checks a value, and never tells it.
    pub(crate) fn check_value(value: &str) -> Result<(), Failure> {
        if value.is_empty() {
            return Err(Failure::bad_request(
                "`value` is empty; a secret has at least one character",
            ));
        }
        if value.len() > MAX_VALUE {
            return Err(Failure::bad_request(format!(
                "`value` has {} bytes, and a secret has at most {MAX_VALUE}; keep files elsewhere, and their key here",
                value.len()
            )));
        }
        Ok(())
    }

    /// Sets a secret, new or not, as [`check`](Secrets::check) found it.
    pub(crate) fn put(&self, name: &str, value: &str, is_new: bool) -> Result<(), Failure> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.check(name, is_new)?;
        let key = self.key()?;
        let mut batch = Batch::new();
        if is_new {
            let count = names(&self.store)?.len();
            if count >= MAX_SECRETS {
                return Err(Failure::new(
                    StatusCode::CONFLICT,
                    format!("there are {count} secrets, and more are not kept; delete some"),
                ));
            }
            if count == 0 {
                batch.put(Space::Meta, CHECK, key.encrypt(CHECK, CHECKED)?);
            }
        }
        batch.put(
            Space::Meta,
            place(name),
            key.encrypt(name, value.as_bytes())?,
        );
        Ok(self.store.write(batch).map_err(Error::from)?)
    }

    /// Checks that there is a secret to be forgotten. That needs no key, since whoever has lost it has to begin anew.
    pub(crate) fn check_delete(&self, name: &str) -> Result<(), Failure> {
        check_name(name)?;
        match self.has(name)? {
            true => Ok(()),
            false => Err(unknown(name)),
        }
    }

    /// Forgets a secret, and with the last one by which key they were encrypted.
    pub(crate) fn delete(&self, name: &str) -> Result<(), Failure> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_delete(name)?;
        let mut batch = Batch::new();
        batch.delete(Space::Meta, place(name));
        if names(&self.store)?.len() == 1 {
            batch.delete(Space::Meta, CHECK);
        }
        Ok(self.store.write(batch).map_err(Error::from)?)
    }

    fn key(&self) -> Result<&SecretKey, Failure> {
        self.key.as_ref().ok_or_else(|| {
            Failure::new(
                StatusCode::CONFLICT,
                "this server keeps no secrets, since it has no key to encrypt them; start it with FENNEL_SECRET_KEY or --secret-key-file, 64 hexadecimal digits as `openssl rand -hex 32` prints them, and keep that key apart from the data folder",
            )
        })
    }
}

/// The names of all secrets.
fn names(store: &Store) -> Result<Vec<String>, Error> {
    let secrets = store.scan_prefix(Space::Meta, PREFIX.as_bytes());
    let names = secrets.map(|entry| {
        let name = entry?.0.get(PREFIX.len()..).unwrap_or_default().to_vec();
        Ok(String::from_utf8_lossy(&name).into_owned())
    });
    names.collect()
}

/// Names for a person, of many the first ones.
fn told(names: &[String]) -> String {
    let first: Vec<_> = names
        .iter()
        .take(TOLD)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(TOLD) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn place(name: &str) -> Vec<u8> {
    [PREFIX.as_bytes(), name.as_bytes()].concat()
}

fn check_name(name: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(allowed) {
        true => Ok(()),
        false => Err(Failure::bad_request(format!(
            "that can't be a secret's name; use 1 to {MAX_NAME} letters, digits, `-`, `_` and `.`, all ASCII"
        ))),
    }
}

fn unknown(name: &str) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        format!("no secret `{name}`; `POST /api/v1/secret/{name}` makes it"),
    )
}
