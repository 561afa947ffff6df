//! Making a commit: new tables are filled first, then one batch moves the branch, then old tables go.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::thread;

use fennel_core::catalog::Catalog;

use super::fill::NewTables;
use super::registry::Registry;
use crate::branch::{Branch, Graphs};
use crate::engine::Inner;
use crate::error::Result;
use crate::expectation::Suites;
use crate::graph::Graph;
use crate::history::Head;
use crate::meta::{self, TableRecord, TableState};
use crate::python::RunBy;
use crate::run::Held;
use crate::store::Batch;
use crate::table::TableId;

/// What is other once a batch is written.
#[derive(Debug)]
pub(crate) struct Switch {
    /// What these branches read.
    pub(crate) graphs: Graphs,
    /// The tables that nobody uses any more, by structure.
    pub(crate) unused: BTreeMap<String, TableId>,
    /// Those of them in whose place others of the same structure are.
    pub(crate) replaced: BTreeMap<TableId, TableId>,
}

impl Inner {
    /// Moves a branch to `head`, whose definitions are those of `catalog`.
    pub(super) fn apply(
        &self,
        registry: &mut Registry,
        branch: &str,
        catalog: &Catalog<'_>,
        head: Head,
    ) -> Result<()> {
        let mut new = NewTables::new(&self.store, &self.applier);
        new.add(registry, catalog, |_| false)?;
        let python = RunBy::new(registry.python.as_ref());
        let graph = Graph::new(catalog, python, |dataset| {
            new.table_or_known(registry, catalog, dataset)
        })?;
        let mut used = self.branches.tables_besides(branch);
        used.extend(graph.tables());
        let unused = registry.unused(&used);
        let endpoints = registry.new_endpoints(new.tables());

        let mut batch = Batch::new();
        let lines = self.branches.read(branch, |it| it.lines.longer())?;
        meta::put_branch(&mut batch, branch, &lines);
        let place = lines.place(lines.len());
        let place = place.expect("there is a commit more than before");
        meta::put_commit(&mut batch, place, &head);
        for ((webhook, endpoint), id) in &endpoints {
            meta::put_endpoint(&mut batch, *id, webhook, endpoint);
        }
        let graph = Arc::new(graph);
        let graphs = [(branch.into(), Some(Arc::clone(&graph)))].into();
        let switched = self.swap_in(registry, new, (graphs, unused), batch, |_, _| {
            move |registry: &mut Registry| {
                registry.endpoints.extend(endpoints);
                let made = Branch::new(lines, Arc::new(head), graph);
                self.branches.set(branch, made);
            }
        })?;
        self.resume(switched);
        Ok(())
    }

    /// Fills new tables, and has `batch` written as soon as they have all rows, while nobody logs. `put` puts the rest into it,
    /// and what it gives tells everybody of it, after which branches read `graphs`. Tables that are unused from then on go.
    pub(super) fn swap_in<M: FnOnce(&mut Registry)>(
        &self,
        registry: &mut Registry,
        mut new: NewTables<'_>,
        (graphs, unused): (Graphs, BTreeMap<String, TableId>),
        mut batch: Batch,
        put: impl FnOnce(&NewTables<'_>, &mut Batch) -> M,
    ) -> Result<Switched<'_>> {
        new.record(TableState::Ready, &mut batch);
        let backfill = tracing::info_span!("backfill", tables = new.tables().count()).entered();
        new.nearly_catch_up()?;
        // From here on nobody applies rows to pipelines, and the new tables have all rows that are applied.
        let turn = self.take_turn();
        new.nearly_catch_up()?;
        new.fill(&turn.held, self.clock.now())?;
        drop(backfill);
        meta::put_applied(&mut batch, turn.held.applied);

        let switch = Switch {
            replaced: new.replaced(&unused),
            graphs,
            unused,
        };
        self.switch(registry, turn, switch, batch, |batch| {
            new.catch_up()?;
            new.put_marks(batch);
            new.put_since(batch);
            let made = put(&new, batch);
            Ok(|registry: &mut Registry| {
                registry.tables.extend(new.keep());
                made(registry);
            })
        })
    }

    /// Has branches and tables switched while nobody logs: `put` puts the rest into `batch`, and what it gives tells
    /// everybody of it once that is written. Tables that are unused from then on go.
    pub(crate) fn switch<'r, M: FnOnce(&mut Registry)>(
        &self,
        registry: &mut Registry,
        mut turn: Turn<'r>,
        switch: Switch,
        mut batch: Batch,
        put: impl FnOnce(&mut Batch) -> Result<M>,
    ) -> Result<Switched<'r>> {
        for (identity, id) in &switch.unused {
            let (identity, state) = (identity.clone(), TableState::Dropping);
            meta::put_table(&mut batch, *id, &TableRecord { identity, state });
        }
        // What was logged before is durable, for loggers hold the lock until then.
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let made = put(&mut batch)?;
        let (graphs, replaced) = (&switch.graphs, &switch.replaced);
        let logged = self.logged();
        let asking = self.judging.ask(replaced, &mut batch, |before| {
            Suites::asked(&self.branches, graphs, before, logged)
        })?;
        self.store.write(batch)?;
        let asking = asking.written();
        made(registry);
        let unused = switch.unused;
        registry
            .tables
            .retain(|identity, table| unused.get(identity) != Some(&table.id));
        *routes = Arc::new(registry.routes());
        turn.held.set(registry.live());
        asking.made(|since| Suites::of(&self.branches, registry, since));
        Ok(Switched {
            turn,
            unused: unused.into_values().collect(),
        })
    }

    /// Waits for the turn to apply rows, so that nobody else does.
    pub(crate) fn take_turn(&self) -> Turn<'_> {
        Turn {
            held: self.applier.hold(),
            _rest: Rest(self),
        }
    }

    /// Gives the turn back, and has what is unused go.
    pub(crate) fn resume(&self, Switched { turn, unused }: Switched<'_>) {
        drop(turn);
        self.remover.remove(&self.store, unused);
    }

    /// How many rows have a number. As long as nobody logs, each of them is durable, or never will be.
    fn logged(&self) -> u64 {
        let sequencer = self.sequencer.lock();
        sequencer.unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A branch that was moved, or tables that were made anew: nobody applies rows before the turn is [given
/// back](Inner::resume).
#[must_use = "unused tables go when it is resumed"]
pub(crate) struct Switched<'r> {
    turn: Turn<'r>,
    unused: Vec<TableId>,
}

/// The turn of a commit or of an erasure. Dropped, it is given back, and what came meanwhile is applied, also where what it was
/// taken for failed: whoever logged went away without applying anything.
#[must_use = "the turn is given back when it is dropped"]
pub(crate) struct Turn<'r> {
    // It goes first.
    held: Held<'r>,
    _rest: Rest<'r>,
}

/// What came while somebody had the turn; dropped, it is applied.
struct Rest<'r>(&'r Inner);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let Rest(inner) = self;
        let nobody_logs = inner.routes.write().unwrap_or_else(PoisonError::into_inner);
        let logged = inner.logged();
        drop(nobody_logs);
        // It waits for whoever logs next, if this fails.
        let _ = inner.apply_logged(logged);
    }
}
