//! The store in memory: maps behind a lock, for engines that live as long as a test.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::batch::{Batch, resolve};
use super::leaves::{self, Leaves};
use super::range::KeyRange;
use super::{Bytes, Result, Space, StoreError};

pub(super) use leaves::Scan;

type Maps = [Arc<Leaves>; Space::ALL.len()];

/// The maps of all spaces.
///
/// A snapshot shares the maps, and a write copies what it changes of a map that is shared.
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
            }
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

    pub(super) fn scan(&self, space: Space, range: KeyRange) -> Scan {
        Scan::new(Arc::clone(&self.0[space as usize]), range)
    }
}
