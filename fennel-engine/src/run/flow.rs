//! A pipeline, made ready to run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fennel_core::entity::Dataset;
use fennel_core::kernel::{Kernel as Plan, Program};

use super::met::Met;
use super::round::{KeptRound, Round};
use crate::error::{Error, Result};
use crate::graph::Align;
use crate::kernel::{Changes, Computed, Failure, Kernel, Layout, Pass, Swept, lower};
use crate::python::{OnStop, RunBy};
use crate::state::{Side, State};
use crate::store::{Bytes, Store};
use crate::table::{SESSIONS, Table, TableId};

/// Groups of a step that one pass looks at, at most, for what no row can need any more.
const GROUPS: usize = 256;

/// The number of a pipeline's first step.
const FIRST_STEP: u16 = 1;

/// How a pipeline fills a table.
#[derive(Debug)]
pub(crate) struct Flow {
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// What it met since it was opened.
    pub(crate) met: Met,
    /// The tables whose rows it takes, each once.
    pub(crate) inputs: Vec<Arc<Table>>,
    /// The kernels, each behind those that it takes rows from.
    nodes: Vec<Node>,
    /// Where the table's rows come from.
    output: Port,
    /// For each of the table's columns, keys first, the position in the output, and how its values are aligned.
    columns: Vec<(usize, Align)>,
    /// The aggregate that answers for the table, if its pipeline ends with one.
    computed: Option<Computed>,
}

/// A kernel in its place.
#[derive(Debug)]
struct Node {
    kernel: Kernel,
    left: Port,
    right: Option<Port>,
    /// The names of the columns of its rows.
    names: Vec<String>,
    round: Mutex<Round>,
}

impl Node {
    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Input(usize),
    Node(usize),
}

/// What of the inputs a pass brings.
#[derive(Debug)]
pub(crate) enum Incoming<'c> {
    /// The changes of every table that changed.
    Changes(&'c BTreeMap<TableId, Changes>),
    /// Rows of one table that this flow hasn't seen, and that are in the table already.
    Rows(TableId, &'c Changes),
}

impl Incoming<'_> {
    /// Some of its rows, which come in the same way.
    pub(super) fn among<'c>(&self, some: &'c BTreeMap<TableId, Changes>) -> Incoming<'c> {
        match self {
            Incoming::Rows(of, _) => match some.get(of) {
                Some(rows) => Incoming::Rows(*of, rows),
                None => Incoming::Changes(some),
            },
            Incoming::Changes(_) => Incoming::Changes(some),
        }
    }

    /// What comes of a table, if anything does.
    pub(super) fn of(&self, table: TableId) -> Option<&Changes> {
        match self {
            Incoming::Changes(all) => all.get(&table),
            Incoming::Rows(of, rows) => Some(*rows).filter(|_| table == *of),
        }
    }
}

impl Flow {
    /// The flow of a dataset in a checked program, which has this pipeline for it; `None` where it has none.
    /// `table` gives the tables of other datasets.
    pub(crate) fn new(
        program: &Program<'_>,
        (dataset, pipeline): (&Dataset<'_>, &str),
        (id, python): (TableId, RunBy<'_>),
        table: impl Fn(&str) -> Option<Arc<Table>>,
    ) -> Result<Option<Flow>> {
        let broken = |what: &str| {
            Error::Corrupt(format!(
                "the pipeline of `{}` can't be run: it {what}",
                dataset.name
            ))
        };
        let nodes = &program.nodes;
        let is_table =
            |i: usize| matches!(nodes.get(i), Some(node) if matches!(node.kernel, Plan::Table(_)));
        let own = nodes
            .iter()
            .find(|node| matches!(node.kernel, Plan::Table(name) if name == dataset.name));
        let own = own.ok_or_else(|| broken("isn't there"))?;
        let mut sources = own.inputs.iter().copied();
        let from = sources.find(
            |i| !matches!(nodes.get(*i), Some(node) if matches!(node.kernel, Plan::Source(_))),
        );
        let Some(last) = from else {
            return Ok(None);
        };
        // The nodes of this pipeline: what leads to its last one from tables.
        let mut members = vec![false; nodes.len()];
        let mut open = vec![last];
        while let Some(i) = open.pop() {
            if let (Some(member), Some(node)) = (members.get_mut(i), nodes.get(i))
                && !std::mem::replace(member, true)
                && !matches!(node.kernel, Plan::Table(_))
            {
                open.extend(&node.inputs);
            }
        }
        let mut building = Building::default();
        for (i, node) in nodes
            .iter()
            .enumerate()
            .filter(|(i, _)| members.get(*i) == Some(&true))
        {
            if let Plan::Table(name) = node.kernel {
                let input =
                    table(name).ok_or_else(|| broken("reads a dataset that isn't there"))?;
                building.input(i, input);
            } else {
                building
                    .node(i, node, (id, python), is_table)
                    .map_err(|what| broken(&what))?;
            }
        }
        building
            .finish(last, (dataset, pipeline), id)
            .map(Some)
            .map_err(|what| broken(&what))
    }

    /// The aggregate that answers for the table, if there is one.
    pub(crate) fn computed(&self) -> Option<&Computed> {
        self.computed.as_ref()
    }

    /// The watermark of its table, given those of its inputs.
    pub(super) fn watermark(&self, of: impl Fn(TableId) -> i64) -> i64 {
        self.watermark_at(self.output, &self.watermarks(&of), &of)
    }

    /// The watermark behind each node, given those of the inputs.
    fn watermarks(&self, of: &impl Fn(TableId) -> i64) -> Vec<i64> {
        let mut watermarks = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let (left, right) = self.inputs_of(node, &watermarks, of);
            watermarks.push(node.kernel.watermark(left, right));
        }
        watermarks
    }

    /// The watermarks of a node's inputs, given those behind the nodes before it; without a second input, the end of time.
    fn inputs_of(&self, node: &Node, nodes: &[i64], of: &impl Fn(TableId) -> i64) -> (i64, i64) {
        let right = node.right.map(|right| self.watermark_at(right, nodes, of));
        let left = self.watermark_at(node.left, nodes, of);
        (left, right.unwrap_or(i64::MAX))
    }

    fn watermark_at(&self, port: Port, nodes: &[i64], of: &impl Fn(TableId) -> i64) -> i64 {
        let watermark = match port {
            Port::Input(i) => self.inputs.get(i).map(|table| of(table.id)),
            Port::Node(i) => nodes.get(i).copied(),
        };
        watermark.unwrap_or(i64::MIN)
    }

    /// About how many rows it makes of one that comes into its pipelines, given how many those of its inputs make.
    pub(super) fn fan_out(&self, of: impl Fn(TableId) -> u64) -> u64 {
        let made_at = |port, nodes: &[u64]| {
            let made = match port {
                Port::Input(i) => self.inputs.get(i).map(|table| of(table.id)),
                Port::Node(i) => nodes.get(i).copied(),
            };
            made.unwrap_or(1)
        };
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let right = node.right.map_or(1, |right| made_at(right, &nodes));
            let made = made_at(node.left, &nodes).max(right);
            nodes.push(made.saturating_mul(node.kernel.fan_out()));
        }
        made_at(self.output, &nodes)
    }

    /// Whether it is time to look for what no row can need any more: after so many rows, at least.
    pub(super) fn is_due(&self, after: u64) -> bool {
        self.compacted().any(|(_, node)| node.round().is_due(after))
    }

    /// Removes some of what no row can need any more, given the watermarks of the inputs. Nothing is looked through before
    /// `after` rows have come. Answers how far the steps are that went on, by their numbers.
    pub(super) fn compact(
        &self,
        state: &mut State,
        of: impl Fn(TableId) -> i64,
        after: u64,
    ) -> Result<Vec<(u16, KeptRound)>> {
        let watermarks = self.watermarks(&of);
        let mut went_on = Vec::new();
        for (step, node) in self.compacted() {
            let mut round = node.round();
            if !round.is_due(after) {
                continue;
            }
            let Some(from) = round.begin(i64::MAX) else {
                continue;
            };
            let inputs = self.inputs_of(node, &watermarks, &of);
            let table = node.right.and_then(|port| self.joined(node, port));
            let swept = node
                .kernel
                .compact(state, inputs, table, from.as_ref(), GROUPS)?;
            round.advance(swept, i64::MIN);
            went_on.push((step, round.kept(state.applied(Side::After))));
        }
        Ok(went_on)
    }

    /// The steps whose states are looked through, by their numbers: the rows of an aggregate that answers lookups stay, or
    /// go by its dataset's history.
    fn compacted(&self) -> impl Iterator<Item = (u16, &Node)> {
        let nodes = (FIRST_STEP..).zip(&self.nodes).enumerate();
        nodes.filter_map(|(i, it)| (!self.answers(i)).then_some(it))
    }

    /// Whether a node is the aggregate that answers for the table.
    fn answers(&self, node: usize) -> bool {
        self.computed.is_some() && self.output == Port::Node(node)
    }

    /// Goes on with rounds that there were.
    pub(super) fn resume(&self, of: impl Fn(u16) -> Round) {
        for (step, node) in self.compacted() {
            *node.round() = of(step);
        }
    }

    /// Removes rows of the aggregate that answers for the table: what it was before `horizon` isn't asked for.
    pub(super) fn trim(
        &self,
        state: &mut State,
        horizon: i64,
        of: impl Fn(TableId) -> i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        let (Some(computed), Port::Node(last)) = (&self.computed, self.output) else {
            return Ok(Swept::default());
        };
        let inputs = self.nodes.get(last);
        let inputs = inputs.map(|node| self.inputs_of(node, &self.watermarks(&of), &of));
        // Rows that may still go again aren't made part of what others come to.
        let (watermark, _) = inputs.unwrap_or((i64::MIN, i64::MIN));
        computed.trim(state, horizon.min(watermark), from, limit)
    }

    /// The tables that are joined, each with the earliest event time of rows that still ask for what it was.
    pub(super) fn joins(&self, of: impl Fn(TableId) -> i64) -> Vec<(TableId, i64)> {
        let watermarks = self.watermarks(&of);
        let joins = self.nodes.iter().filter_map(|node| {
            let table = node.right.and_then(|port| self.joined(node, port))?;
            Some((table.id, self.watermark_at(node.left, &watermarks, &of)))
        });
        joins.collect()
    }

    /// The tables that are joined to rows which hold for a stretch of time.
    pub(super) fn joined_to_tables(&self) -> impl Iterator<Item = TableId> {
        let joins = self.nodes.iter().filter(|node| node.kernel.is_of_tables());
        joins.filter_map(|node| {
            let table = node.right.and_then(|port| self.joined(node, port))?;
            Some(table.id)
        })
    }

    /// The tables of which it takes rows: not those that are only joined to these, where their rows are looked up.
    pub(super) fn taken(&self) -> impl Iterator<Item = &Arc<Table>> {
        let takes = |node: &Node, port| {
            let right = node.right.filter(|right| *right == port);
            node.left == port || right.is_some_and(|right| self.joined(node, right).is_none())
        };
        let taken = move |port| {
            let mut nodes = self.nodes.iter();
            self.output == port || nodes.any(|node| takes(node, port))
        };
        let inputs = self.inputs.iter().enumerate();
        inputs.filter_map(move |(i, input)| taken(Port::Input(i)).then_some(input))
    }

    /// Lays what its steps keep where this version looks for it, in a store that an earlier one wrote. After a crash or an
    /// error it is to be done again.
    pub(crate) fn lay(&self, store: &Store) -> Result<()> {
        self.nodes.iter().try_for_each(|node| {
            let table = node.right.and_then(|port| self.joined(node, port));
            node.kernel.lay(store, table)
        })
    }

    /// The table that a join adds columns of.
    fn joined(&self, node: &Node, right: Port) -> Option<&Table> {
        match (&node.kernel, right) {
            (Kernel::Join(_), Port::Input(i)) => self.inputs.get(i).map(Arc::as_ref),
            _ => None,
        }
    }

    /// Runs the pipeline on what comes in, and answers with the changes of its table, in the order of the
    /// table's columns; `None` where its steps make more of that than the state has them. Without `emits` nobody takes those
    /// of an aggregate that answers for the table.
    pub(crate) fn run(
        &self,
        state: &mut State,
        incoming: &Incoming<'_>,
        emits: bool,
        failures: &mut Vec<Failure>,
        on_stop: OnStop,
    ) -> Result<Option<Changes>> {
        let mut made: Vec<Changes> = Vec::with_capacity(self.nodes.len());
        for (i, node) in self.nodes.iter().enumerate() {
            let mut one = self.changes(node.left, incoming, &made, false);
            node.kernel.bound(&mut one, &node.names, failures);
            let (other, right) = match node.right {
                None => (Cow::default(), None),
                Some(port) => {
                    let right = self.joined(node, port);
                    (self.changes(port, incoming, &made, right.is_some()), right)
                }
            };
            if one.is_empty() && other.is_empty() {
                made.push(Changes::default());
                continue;
            }
            node.round()
                .grow((one.added.len() + one.moved.len()) as u64);
            let mut pass = Pass {
                state: &mut *state,
                emits: emits || !self.answers(i),
                names: &node.names,
                failures: &mut *failures,
                on_stop,
            };
            let changes = node.kernel.apply(&mut pass, one, other, right)?;
            if state.is_full() {
                return Ok(None);
            }
            made.push(changes.narrow());
        }
        let mut changes = self
            .changes(self.output, incoming, &made, false)
            .into_owned();
        for row in changes.rows_mut() {
            let values = self.columns.iter().map(|(i, align)| {
                let value = row.values.get(*i).cloned();
                value.map_or(fennel_core::value::Value::Null, |value| align.apply(value))
            });
            row.values = values.collect();
        }
        Ok(Some(changes))
    }

    /// Forgets what its kernels remember of passes, one of which didn't happen.
    pub(super) fn forget(&self) {
        self.nodes.iter().for_each(|node| node.kernel.forget());
    }

    /// The changes that come from a port. What is in a table already is no change of the table that a join reads.
    fn changes<'c>(
        &self,
        port: Port,
        incoming: &'c Incoming<'_>,
        made: &'c [Changes],
        is_joined: bool,
    ) -> Cow<'c, Changes> {
        let changes = match port {
            Port::Node(i) => made.get(i),
            Port::Input(i) => {
                let joins_known = is_joined && matches!(incoming, Incoming::Rows(..));
                let table = self.inputs.get(i).filter(|_| !joins_known);
                table.and_then(|table| incoming.of(table.id))
            }
        };
        changes.map_or_else(Cow::default, Cow::Borrowed)
    }
}

/// A flow under construction.
#[derive(Default)]
struct Building {
    inputs: Vec<Arc<Table>>,
    nodes: Vec<Node>,
    /// Where the rows of each node of the program come from here, and their columns.
    ports: BTreeMap<usize, (Port, Layout)>,
}

impl Building {
    fn input(&mut self, at: usize, table: Arc<Table>) {
        let port = Port::Input(self.inputs.len());
        self.ports.insert(at, (port, table.layout()));
        self.inputs.push(table);
    }

    fn node(
        &mut self,
        at: usize,
        node: &fennel_core::kernel::Node<'_>,
        (id, python): (TableId, RunBy<'_>),
        is_table: impl Fn(usize) -> bool,
    ) -> Result<(), String> {
        let inputs = node
            .inputs
            .iter()
            .map(|i| self.ports.get(i).ok_or("takes rows of nothing"));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let layouts: Vec<_> = inputs.iter().map(|(_, layout)| layout).collect();
        let right = match (inputs.get(1), node.inputs.get(1)) {
            (Some((Port::Input(i), _)), Some(of)) if is_table(*of) => self.inputs.get(*i),
            _ => None,
        };
        let number = u16::try_from(self.nodes.len()).ok();
        let number = number.and_then(|i| i.checked_add(FIRST_STEP));
        let number = number.filter(|number| *number < SESSIONS);
        let number = number.ok_or("has too many steps")?;
        let prefix = Table::state_prefix(id, number);
        let (kernel, layout) = lower(node, &layouts, right.map(Arc::as_ref), (prefix, python))?;
        let left = inputs
            .first()
            .map(|(port, _)| *port)
            .ok_or("takes rows of nothing")?;
        let right = inputs.get(1).map(|(port, _)| *port);
        let columns = layouts.first().map_or(&[][..], |layout| &layout.columns);
        let names = columns.iter().map(|(name, _)| name.clone()).collect();
        let port = Port::Node(self.nodes.len());
        self.nodes.push(Node {
            kernel,
            left,
            right,
            names,
            round: Mutex::default(),
        });
        self.ports.insert(at, (port, layout));
        Ok(())
    }

    fn finish(
        mut self,
        last: usize,
        (dataset, pipeline): (&Dataset<'_>, &str),
        id: TableId,
    ) -> Result<Flow, String> {
        let (output, layout) = self.ports.remove(&last).ok_or("makes nothing")?;
        let table = Table::new(id, dataset, None, RunBy::new(None))
            .map_err(|error| error.to_string())?
            .layout();
        let columns = table.columns.iter().map(|(name, shape)| {
            let i = layout
                .position(name)
                .ok_or_else(|| format!("makes no column `{name}`"))?;
            let align = layout
                .columns
                .get(i)
                .map_or(Align::Same, |(_, from)| Align::new(from, shape));
            Ok((i, align))
        });
        let columns = columns.collect::<Result<Vec<_>, String>>()?;
        let computed = match output {
            Port::Node(i) => self.nodes.get(i),
            Port::Input(_) => None,
        };
        let computed = computed.and_then(|node| Computed::new(&node.kernel, table.keys, &columns));
        Ok(Flow {
            pipeline: pipeline.into(),
            met: Met::default(),
            inputs: self.inputs,
            nodes: self.nodes,
            output,
            columns,
            computed,
        })
    }
}
