//! The store in memory: maps behind a lock, for engines that live as long as a test.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::batch::{Batch, resolve};
use super::range::KeyRange;
use super::snapshot::Entry;
use super::{Bytes, Result, Space, StoreError};

type Map = BTreeMap<Bytes, Bytes>;
type Maps = [Arc<Map>; Space::ALL.len()];

/// The maps of all spaces.
///
/// A snapshot shares the maps, and a write copies a map that is shared: cheap as long as snapshots
/// don't outlive the read they were taken for.
#[derive(Debug, Default)]
pub(super) struct Memory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    maps: Maps,
    closed: bool,
}

impl Memory {
    pub(super) fn write(&self, batch: Batch) -> Result<()> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        let values = resolve(vec![batch], |space, key| {
            Ok(state.maps[space as usize].get(key).cloned())
        })?;
        for (space, key, value) in values {
            let map = Arc::make_mut(&mut state.maps[space as usize]);
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        match self.state().closed {
            true => Err(StoreError::Closed),
            false => Ok(()),
        }
    }

    pub(super) fn view(&self) -> View {
        View(self.state().maps.clone())
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two changes of a batch, so a poisoned state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The maps as they were at one moment.
#[derive(Clone)]
pub(super) struct View(Maps);

impl View {
    pub(super) fn get(&self, space: Space, key: &[u8]) -> Option<Bytes> {
        self.0[space as usize].get(key).cloned()
    }

    pub(super) fn scan(&self, space: Space, rest: KeyRange) -> Scan {
        Scan {
            map: Arc::clone(&self.0[space as usize]),
            rest,
        }
    }
}

/// Looks each entry up anew, since an iterator can't borrow from the map beside it.
pub(super) struct Scan {
    map: Arc<Map>,
    rest: KeyRange,
}

impl Scan {
    fn take(&mut self, from_back: bool) -> Option<Entry> {
        if self.rest.is_empty() {
            return None;
        }
        let mut entries = self.map.range((self.rest.lo.clone(), self.rest.hi.clone()));
        let (key, value) = if from_back {
            entries.next_back()
        } else {
            entries.next()
        }?;
        let (key, value) = (key.clone(), value.clone());
        let bound = if from_back {
            &mut self.rest.hi
        } else {
            &mut self.rest.lo
        };
        *bound = Bound::Excluded(key.clone());
        Some((key, value))
    }
}

impl Iterator for Scan {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.take(false)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Entry> {
        self.take(true)
    }
}
