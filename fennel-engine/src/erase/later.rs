//! Keys of which no more rows are taken.
//!
//! The engine keeps a hash of each: SHA-256 of random bytes of the store's own, the dataset's name, and the key. So no
//! value is kept, though whoever has the folder can try values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use sha2::{Digest, Sha256};

use super::keys::Keys;
use crate::engine::Inner;
use crate::error::{Error, Result};
use crate::ingest::{Incoming, Route};
use crate::meta;
use crate::store::Batch;

/// The hash of a key.
pub(crate) type Hash = [u8; 32];

/// Refused keys as they are kept: by dataset and hash, with the names of the key columns.
pub(crate) type Refused = Vec<((String, Hash), Vec<String>)>;

/// All keys of which no more rows are taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Later {
    /// Random bytes, once a key was refused.
    salt: Option<[u8; 16]>,
    /// By dataset and then by the names of the key columns, sorted.
    refused: BTreeMap<String, BTreeMap<Vec<String>, BTreeSet<Hash>>>,
}

impl Later {
    /// Those that were kept.
    pub(crate) fn new(salt: Option<[u8; 16]>, refused: Refused) -> Self {
        let mut later = Self {
            salt,
            ..Self::default()
        };
        for ((dataset, hash), columns) in refused {
            let of_dataset = later.refused.entry(dataset).or_default();
            of_dataset.entry(columns).or_default().insert(hash);
        }
        later
    }

    /// These with `keys` among them, or without them; `batch` gets what changes.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if the system has no random bytes.
    pub(super) fn with(&self, keys: &Keys, refuse: bool, batch: &mut Batch) -> Result<Self> {
        let mut later = self.clone();
        if refuse && later.salt.is_none() {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).map_err(|error| Error::Random(error.to_string()))?;
            meta::put_salt(batch, &salt);
            later.salt = Some(salt);
        }
        let dataset = &keys.table.dataset;
        let columns: Vec<String> = keys.names().map(String::from).collect();
        for key in &keys.values {
            let hash = later.hash(dataset, key);
            let of_dataset = later.refused.entry(dataset.clone()).or_default();
            let hashes = of_dataset.entry(columns.clone()).or_default();
            if refuse && hashes.insert(hash) {
                meta::put_refused(batch, (dataset, &hash), &columns);
            } else if !refuse && hashes.remove(&hash) {
                meta::delete_refused(batch, (dataset, &hash));
            }
        }
        Ok(later)
    }

    /// Which of the rows that come at an endpoint aren't taken.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if a function would have to tell that and can't be called, or is stopped.
    pub(crate) fn refuses(&self, route: &Route, rows: &[&Incoming]) -> Result<Vec<bool>> {
        let mut refused = vec![false; rows.len()];
        for feed in route.feeds() {
            let table = &feed.table;
            for (columns, hashes) in self.refused.get(&table.dataset).into_iter().flatten() {
                // Another dataset of that name may have other keys.
                let columns = columns.iter().map(|name| table.position(name));
                let Some(columns) = columns.collect::<Option<Vec<_>>>() else {
                    continue;
                };
                if !columns.iter().all(|column| table.keys.contains(column)) {
                    continue;
                }
                let named = feed.source().named(table, &columns, rows);
                let named = named.map_err(|error| match error {
                    Error::Python(what) => Error::Python(format!(
                        "no row of the call is taken, since rows of some keys of `{}` are refused and it isn't known whether one is about these: {what}; send the rows again, without the one that stops it",
                        table.dataset
                    )),
                    error => error,
                })?;
                for (refused, named) in refused.iter_mut().zip(named) {
                    let is_refused =
                        |key: &Vec<u8>| hashes.contains(&self.hash(&table.dataset, key));
                    *refused |= named.iter().any(is_refused);
                }
            }
        }
        Ok(refused)
    }

    fn hash(&self, dataset: &str, key: &[u8]) -> Hash {
        let mut hash = Sha256::new();
        hash.update(self.salt.unwrap_or_default());
        hash.update((dataset.len() as u64).to_be_bytes());
        hash.update(dataset);
        hash.update(key);
        hash.finalize().into()
    }
}

impl Inner {
    /// The keys of which no more rows are taken.
    pub(crate) fn later(&self) -> Arc<Later> {
        Arc::clone(&self.later.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes no more rows of other keys.
    pub(super) fn set_later(&self, later: Arc<Later>) {
        *self.later.write().unwrap_or_else(PoisonError::into_inner) = later;
    }
}
