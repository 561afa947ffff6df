//! Opening: what the store remembers becomes an engine again.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, RwLock};

use bumpalo::Bump;
use fennel_core::diff::identity;

use crate::branch::{Branch, Branches};
use crate::clock::Clock;
use crate::commit::{Definitions, Registry, Remover, in_order, pipeline_of};
use crate::engine::{Inner, Options};
use crate::erase::{Later, Pending};
use crate::error::{Error, Result};
use crate::expectation::{Judging, Settings, Suites, judged, since};
use crate::graph::Graph;
use crate::history::{Head, Lines};
use crate::ingest::{Mark, Phase, Sequencer};
use crate::meta::{self, Meta, TableRecord, TableState};
use crate::python::{self, Resting, RunBy};
use crate::run::{Applier, Flow};
use crate::served::Kept;
use crate::store::{Batch, Store};
use crate::table::{Table, TableId};

impl Inner {
    /// The engine that the store remembers; of a new store, one with an empty `main`.
    pub(crate) fn recover(store: Store, clock: Arc<dyn Clock>, options: &Options) -> Result<Self> {
        let meta = Meta::read(&store.snapshot())?;
        let mut known = meta.applied;
        if let Some(rows) = meta.erasure.as_ref().and_then(Pending::rows) {
            // Whoever reads the log from here on doesn't find them; `finish_erasure` does the rest.
            rows.take_out(&store)?;
            known = known.max(rows.end());
        }
        let snapshot = store.snapshot();
        if meta.is_new {
            let mut batch = Batch::new();
            meta::put_format(&mut batch);
            meta::put_branch(&mut batch, Branches::MAIN, &Lines::new(Branches::MAIN_LINE));
            store.write(batch)?;
        } else if meta.is_earlier {
            let mut batch = Batch::new();
            meta::put_format(&mut batch);
            meta::put_unlaid(&mut batch);
            store.write(batch)?;
        }
        let runner = options.python.clone();
        let python = runner
            .map(|runner| Arc::new(Resting::new(runner, clock.clone())) as Arc<dyn python::Runner>);
        let endpoints = meta.endpoints.into_iter().map(|(id, name)| (name, id));
        let mut registry = Registry {
            next_table: meta.next_table,
            endpoints: endpoints.collect(),
            python: python.clone(),
            ..Default::default()
        };
        let branches = Branches::default();
        branches.set(
            Branches::MAIN,
            Branch::new(
                Lines::new(Branches::MAIN_LINE),
                Arc::default(),
                Arc::default(),
            ),
        );
        let ready = ready(&meta.tables);
        for (name, (lines, head)) in meta.branches {
            let graph = Arc::new(open_branch(&head, &mut registry, &ready)?);
            let head = Arc::new(head);
            branches.set(&name, Branch::new(lines, head, graph));
        }
        restore_phases(&registry, meta.phases);
        restore_marks(&registry, meta.marks);
        restore_since(&registry, meta.since);
        if meta.is_unlaid {
            lay(&store, &registry)?;
        }
        let remover = Remover::default();
        // They are in nobody's way. What can't be removed now is removed by the next open.
        remover.remove(&store, leftovers(&registry, &meta.tables));
        let sequencer = Sequencer::after(&snapshot, registry.endpoints.values().copied(), known)?;
        let end = sequencer.len();
        let log = (meta.applied, end);
        let applier = Applier::new(log, registry.live(), options, &meta.rounds);
        for endpoint in registry.endpoints.values() {
            applier.expect(*endpoint, end);
        }
        let settings = Settings {
            window: options.expectation_window,
            windows: options.expectation_windows,
        };
        let judging = Judging::new(store.clone(), settings, end, judged(&snapshot)?);
        judging.resume(Suites::of(&branches, &registry, &since(&snapshot, end)?));
        // What a crash kept from being applied. If that fails here, it fails for whoever logs next, too.
        let _ = applier.run(&store, &judging, end, clock.now());
        Ok(Self {
            erasing: Mutex::default(),
            later: RwLock::new(Arc::new(Later::new(meta.salt, meta.refused))),
            routes: RwLock::new(Arc::new(registry.routes())),
            registry: Mutex::new(registry),
            sequencer: Mutex::new(sequencer),
            served: Kept::default(),
            served_kept: options.served_kept,
            remover,
            python,
            branches,
            applier,
            judging,
            store,
            clock,
        })
    }
}

/// The tables that are filled, by structure.
fn ready(tables: &[(TableId, TableRecord)]) -> HashMap<&str, TableId> {
    let ready = tables
        .iter()
        .filter(|(_, record)| record.state == TableState::Ready);
    ready
        .map(|(id, record)| (record.identity.as_str(), *id))
        .collect()
}

/// The definitions of a branch, whose tables are added to the registry.
fn open_branch(
    head: &Head,
    registry: &mut Registry,
    ready: &HashMap<&str, TableId>,
) -> Result<Graph> {
    let arena = Bump::new();
    let catalog = Definitions::read(&arena, &head.definitions.request)?.catalog;
    let (program, datasets) = in_order(&catalog)?;
    for dataset in datasets {
        let identity = identity(&catalog, dataset);
        if registry.tables.contains_key(&identity) {
            continue;
        }
        let id = ready.get(identity.as_str()).ok_or_else(|| {
            let what = format!(
                "dataset `{}` has no rows in the store; restore it from a backup",
                dataset.name
            );
            Error::Corrupt(what)
        })?;
        let pipeline = pipeline_of(&catalog, dataset);
        let python = RunBy::new(registry.python.as_ref());
        let flow = Flow::new(&program, (dataset, pipeline), (*id, python), |name| {
            registry.table(&catalog, catalog.dataset(name)?)
        })?;
        let table = Table::new(*id, dataset, flow.map(Arc::new), python)?;
        registry.tables.insert(identity, Arc::new(table));
    }
    let python = RunBy::new(registry.python.as_ref());
    Graph::new(&catalog, python, |dataset| {
        registry.table(&catalog, dataset)
    })
}

/// Tells bounded sources how far they are.
fn restore_phases(registry: &Registry, phases: Vec<((TableId, u32), Phase)>) {
    let phases: HashMap<_, _> = phases.into_iter().collect();
    for table in registry.tables.values() {
        for (source, i) in table.sources.iter().zip(0..) {
            if let Some(phase) = phases.get(&(table.id, i)) {
                source.advance(*phase);
            }
        }
    }
}

/// Tells sources how late rows may be.
fn restore_marks(registry: &Registry, marks: Vec<((TableId, u32), Mark)>) {
    let mut of_source: HashMap<_, Vec<Mark>> = HashMap::new();
    for (source, mark) in marks {
        of_source.entry(source).or_default().push(mark);
    }
    for table in registry.tables.values() {
        for (source, i) in table.sources.iter().zip(0..) {
            for mark in of_source.get(&(table.id, i)).into_iter().flatten() {
                source.mark(*mark);
            }
        }
    }
}

/// Tells tables from when on they know what they were.
fn restore_since(registry: &Registry, since: Vec<(TableId, i64)>) {
    let since: HashMap<_, _> = since.into_iter().collect();
    for table in registry.tables.values() {
        if let Some(since) = since.get(&table.id) {
            table.retention.raise(*since);
        }
    }
}

/// The tables that no branch has: a commit was on its way to use them, or they were being removed.
fn leftovers(registry: &Registry, tables: &[(TableId, TableRecord)]) -> Vec<TableId> {
    let used: BTreeSet<_> = registry.tables.values().map(|table| table.id).collect();
    let ids = tables.iter().map(|(id, _)| *id);
    ids.filter(|id| !used.contains(id)).collect()
}

/// Lays what steps keep where this version looks for it, in a store that an earlier one wrote.
fn lay(store: &Store, registry: &Registry) -> Result<()> {
    let flows = registry.tables.values();
    for flow in flows.filter_map(|table| table.flow.as_ref()) {
        flow.lay(store)?;
    }
    let mut batch = Batch::new();
    meta::delete_unlaid(&mut batch);
    Ok(store.write(batch)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::run::KeptRound;
    use crate::store::Space;
    use fennel_core::time::Timestamp;

    fn open(store: &Store) -> Result<Inner> {
        Inner::recover(
            store.clone(),
            Arc::new(ManualClock::new(Timestamp::MIN)),
            &Options::default(),
        )
    }

    fn entries(store: &Store) -> usize {
        Space::ALL
            .iter()
            .map(|space| store.scan_prefix(*space, b"").count())
            .sum()
    }

    #[test]
    fn tables_of_unfinished_commits_are_removed() {
        let store = Store::in_memory();
        open(&store).unwrap();
        let before = entries(&store);
        let mut batch = Batch::new();
        for (id, state) in [
            (0, TableState::Filling),
            (1, TableState::Dropping),
            (2, TableState::Ready),
        ] {
            meta::put_table(
                &mut batch,
                id,
                &TableRecord {
                    identity: format!("table {id}"),
                    state,
                },
            );
            meta::put_phase(&mut batch, (id, 1), Phase::Ended);
            let mark = Mark {
                until: 1,
                latest: 0,
            };
            meta::put_mark(&mut batch, (id, 1), mark);
            meta::put_round(&mut batch, (id, 1), &KeptRound::default());
            for space in [Space::Table, Space::Rejects] {
                batch.put(space, [&Table::prefix(id)[..], b"row"].concat(), "value");
            }
        }
        store.write(batch).unwrap();
        let opened = open(&store).unwrap();
        opened.remover.finish().unwrap();
        assert_eq!(entries(&store), before);
    }

    #[test]
    fn leftovers_are_no_reason_not_to_open() {
        let store = Store::in_memory();
        open(&store).unwrap();
        let mut batch = Batch::new();
        let record = TableRecord {
            identity: String::new(),
            state: TableState::Filling,
        };
        meta::put_table(&mut batch, 0, &record);
        store.write(batch).unwrap();
        store.close();
        assert!(open(&store).is_ok(), "though they can't be removed");
    }

    #[test]
    fn a_store_of_a_format_before_is_read_and_from_then_on_of_this_one() {
        let store = Store::in_memory();
        open(&store).unwrap();
        let format = || store.snapshot().get(Space::Meta, b"format").unwrap();
        let ours = format();
        for earlier in ["\x04", "\x05", "\x06", "\x07", "\x08"] {
            let mut batch = Batch::new();
            batch.put(Space::Meta, "format", earlier);
            store.write(batch).unwrap();
            assert_ne!(format(), ours);
            open(&store).unwrap();
            assert_eq!(format(), ours);
        }
    }

    #[test]
    fn what_another_program_or_version_wrote_is_told_apart() {
        for (key, value) in [
            ("format", "\x01"),
            ("format", "\x03"),
            ("format", "\x0a"),
            ("format", ""),
            ("branch/main", "x"),
            ("branch/main", "\x01\x00\x01"),
            ("table/1", "x"),
        ] {
            let store = Store::in_memory();
            if key != "format" {
                open(&store).unwrap();
            }
            let mut batch = Batch::new();
            batch.put(Space::Meta, key, value);
            store.write(batch).unwrap();
            assert!(matches!(open(&store), Err(Error::Corrupt(_))), "{key}");
        }
        let store = Store::in_memory();
        let mut batch = Batch::new();
        meta::put_branch(&mut batch, "main", &Lines::new(0));
        store.write(batch).unwrap();
        assert!(
            matches!(open(&store), Err(Error::Corrupt(_))),
            "a branch without a format"
        );
    }
}
