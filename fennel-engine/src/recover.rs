//! Opening: what the store remembers becomes an engine again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use bumpalo::Bump;
use fennel_core::diff::identity;

use crate::branch::Branches;
use crate::clock::Clock;
use crate::commit::{Definitions, Registry, drop_table, live};
use crate::engine::Inner;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::ingest::Sequencer;
use crate::meta::{self, Head, Meta, TableRecord, TableState};
use crate::reject::Counts;
use crate::store::{Batch, Store};
use crate::table::{Table, TableId};

impl Inner {
    /// The engine that the store remembers; of a new store, one with an empty `main`.
    pub(crate) fn recover(store: Store, clock: Arc<dyn Clock>) -> Result<Self> {
        let snapshot = store.snapshot();
        let meta = Meta::read(&snapshot)?;
        if meta.heads.is_empty() {
            let mut batch = Batch::new();
            meta::put_format(&mut batch);
            meta::put_head(&mut batch, Branches::MAIN, &Head::default());
            store.write(batch)?;
        }
        let endpoints = meta.endpoints.into_iter().map(|(id, name)| (name, id));
        let mut registry = Registry {
            next_table: meta.next_table,
            endpoints: endpoints.collect(),
            ..Default::default()
        };
        let branches = Branches::default();
        branches.set(Branches::MAIN, Head::default(), Graph::default());
        let ready = ready(&meta.tables);
        for (name, head) in meta.heads {
            let graph = open_branch(&head, &mut registry, &ready)?;
            branches.set(&name, head, graph);
        }
        drop_leftovers(&store, &registry, &meta.tables);
        let sequencer = Sequencer::after(&snapshot, registry.endpoints.values().copied())?;
        Ok(Self {
            routes: RwLock::new(registry.routes()),
            registry: Mutex::new(registry),
            sequencer: Mutex::new(sequencer),
            reject_counts: Counts::default(),
            branches,
            store,
            clock,
        })
    }
}

/// The tables that are filled, by structure.
fn ready(tables: &[(TableId, TableRecord)]) -> HashMap<&str, TableId> {
    let ready = tables.iter().filter(|(_, record)| record.state == TableState::Ready);
    ready.map(|(id, record)| (record.identity.as_str(), *id)).collect()
}

/// The definitions of a branch, whose tables are added to the registry.
fn open_branch(
    head: &Head,
    registry: &mut Registry,
    ready: &HashMap<&str, TableId>,
) -> Result<Graph> {
    let arena = Bump::new();
    let catalog = Definitions::read(&arena, &head.request)?.catalog;
    for dataset in live(&catalog).filter(|dataset| registry.table(dataset).is_none()).collect::<Vec<_>>() {
        let identity = identity(dataset);
        let id = ready.get(identity.as_str()).ok_or_else(|| {
            let what = format!("dataset `{}` has no rows in the store; restore it from a backup", dataset.name);
            Error::Corrupt(what)
        })?;
        registry.tables.insert(identity, Arc::new(Table::new(*id, dataset)?));
    }
    Graph::new(&catalog, |dataset| registry.table(dataset).cloned())
}

/// Removes tables that no branch has: a commit was on its way to use them, or they were being removed.
fn drop_leftovers(store: &Store, registry: &Registry, tables: &[(TableId, TableRecord)]) {
    for (id, _) in tables {
        if !registry.tables.values().any(|table| table.id == *id) {
            // They are in nobody's way, so that is no reason not to open. The next open tries again.
            let _ = drop_table(store, *id);
        }
    }
}
