//! A compiled expression: a tree of kernels.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, UInt32Array, new_null_array};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;
use arrow_select::interleave::interleave;

use super::frame::{Column, Failed, Failures, Frame, position, taken};
use super::room::{ELEMENT, bytes};
use super::{Batch, Inputs, Now};
use crate::column;
use crate::time::Timestamp;

/// What makes a column of columns. It is called with at least one input.
pub(crate) type Kernel = Box<dyn Fn(&Inputs<'_>, &mut Failures) -> ArrayRef + Send + Sync>;

/// What makes a column of lists. It asks the frame what lists may take before it makes any.
pub(crate) type ListKernel =
    Box<dyn Fn(&Inputs<'_>, &Frame<'_>, &mut Failures) -> ArrayRef + Send + Sync>;

/// One node of a compiled expression.
pub(crate) enum Node {
    /// The same value in all rows, as an array of it alone.
    Constant(ArrayRef),
    /// A column that the expression reads, by its position among these.
    Column(usize),
    /// The variable of the closure around it.
    Variable,
    /// The row's `now()`.
    Now,
    /// A kernel over what other nodes make.
    Call(Kernel, Vec<Node>),
    /// A kernel that makes lists.
    Lists(ListKernel, Vec<Node>),
    /// The value behind the first condition that holds, and what it is else. All values are of one
    /// Arrow type.
    If(Vec<(Node, Node)>, Box<Node>),
    /// A list for each list, with the elements that its closure makes or keeps.
    Closure {
        list: Box<Node>,
        body: Box<Node>,
        element: DataType,
        filter: bool,
    },
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Constant(array) => f.debug_tuple("Constant").field(array).finish(),
            Node::Column(i) => f.debug_tuple("Column").field(i).finish(),
            Node::Variable => f.write_str("Variable"),
            Node::Now => f.write_str("Now"),
            Node::Call(_, nodes) => f.debug_tuple("Call").field(nodes).finish(),
            Node::Lists(_, nodes) => f.debug_tuple("Lists").field(nodes).finish(),
            Node::If(branches, otherwise) => f
                .debug_tuple("If")
                .field(branches)
                .field(otherwise)
                .finish(),
            Node::Closure { list, body, .. } => {
                f.debug_tuple("Closure").field(list).field(body).finish()
            }
        }
    }
}

impl Node {
    /// Whether what it makes of a row depends on the row, given that a variable does so.
    fn varies(&self, variable: bool) -> bool {
        match self {
            Node::Constant(_) => false,
            Node::Variable => variable,
            Node::Column(_) | Node::Now => true,
            Node::Call(_, nodes) | Node::Lists(_, nodes) => {
                nodes.iter().any(|node| node.varies(variable))
            }
            Node::If(branches, otherwise) => {
                let varies = |node: &Node| node.varies(variable);
                let mut branches = branches.iter();
                varies(otherwise) || branches.any(|(when, then)| varies(when) || varies(then))
            }
            Node::Closure { list, body, .. } => list.varies(variable) || body.varies(false),
        }
    }

    /// Finds the columns that it reads.
    fn reads(&self, to: &mut BTreeSet<usize>) {
        match self {
            Node::Constant(_) | Node::Variable | Node::Now => {}
            Node::Column(i) => {
                to.insert(*i);
            }
            Node::Call(_, nodes) | Node::Lists(_, nodes) => {
                nodes.iter().for_each(|node| node.reads(to));
            }
            Node::If(branches, otherwise) => {
                for (when, then) in branches {
                    when.reads(to);
                    then.reads(to);
                }
                otherwise.reads(to);
            }
            Node::Closure { list, body, .. } => {
                list.reads(to);
                body.reads(to);
            }
        }
    }

    /// The columns that it reads.
    fn columns(&self, frame: &Frame<'_>) -> Vec<ArrayRef> {
        let mut read = BTreeSet::new();
        self.reads(&mut read);
        read.into_iter().map(|i| frame.column(i)).collect()
    }

    /// The node, run once and for all where all rows have the same of it.
    pub(super) fn folded(self) -> Node {
        if matches!(self, Node::Constant(_)) || self.varies(true) {
            return self;
        }
        let failed = Failed::default();
        let batch = Batch {
            rows: 1,
            columns: &[],
            now: Now::Instant(Timestamp::MIN),
        };
        let array = self.run(&Frame::new(&batch, &failed)).array;
        if failed.is_empty() {
            Node::Constant(array)
        } else {
            self
        }
    }

    /// What the node makes of each row.
    pub(super) fn run(&self, frame: &Frame<'_>) -> Column {
        match self {
            Node::Constant(array) => Column {
                array: Arc::clone(array),
                constant: true,
            },
            Node::Column(i) => Column::of_rows(frame.column(*i)),
            Node::Variable => Column::of_rows(frame.variable()),
            Node::Now => frame.now(),
            Node::Call(kernel, nodes) => call(nodes, frame, kernel),
            Node::Lists(kernel, nodes) => call(nodes, frame, |inputs, failures| {
                kernel(inputs, frame, failures)
            }),
            Node::If(branches, otherwise) => choose(branches, otherwise, frame),
            Node::Closure {
                list,
                body,
                element,
                filter,
            } => {
                let lists = spread(list.run(frame), frame);
                let columns = body.columns(frame);
                let lists = within(lists, frame, |row, length| {
                    let beside = columns.iter().map(|column| bytes(column, row, row + 1));
                    length.saturating_mul(ELEMENT + beside.sum::<usize>())
                });
                Column::of_rows(each(lists.as_list(), body, element, *filter, frame))
            }
        }
    }
}

/// Runs a kernel over what nodes make.
fn call(
    nodes: &[Node],
    frame: &Frame<'_>,
    kernel: impl Fn(&Inputs<'_>, &mut Failures) -> ArrayRef,
) -> Column {
    let columns: Vec<Column> = nodes.iter().map(|node| node.run(frame)).collect();
    let inputs = Inputs::new(frame.rows, &columns);
    let mut failures = Failures::default();
    let array = kernel(&inputs, &mut failures);
    frame.fail(failures, inputs.is_constant());
    Column {
        array,
        constant: inputs.is_constant(),
    }
}

/// Runs each value over the rows for which its condition is the first to hold.
fn choose(branches: &[(Node, Node)], otherwise: &Node, frame: &Frame<'_>) -> Column {
    let mut left: Option<Vec<u32>> = None;
    let mut parts: Vec<Column> = Vec::new();
    // Which part a row's value is in, and where there.
    let mut places = vec![(0, 0); frame.rows];
    for (condition, value) in branches {
        let decided = match &left {
            None => condition.run(frame),
            Some(rows) if rows.is_empty() => break,
            Some(rows) => condition.run(&frame.pick(rows.clone())),
        };
        let holds = decided.array.as_boolean();
        let holds = |i: usize| {
            let at = decided.at(i);
            holds.is_valid(at) && holds.value(at)
        };
        let rows = left.unwrap_or_else(|| all(frame.rows));
        let (mut takes, mut rest) = (Vec::new(), Vec::new());
        for (i, row) in rows.into_iter().enumerate() {
            if holds(i) {
                takes.push(row)
            } else {
                rest.push(row)
            }
        }
        if takes.len() == frame.rows {
            return value.run(frame);
        }
        put(value, takes, frame, &mut parts, &mut places);
        left = Some(rest);
    }
    match left {
        Some(rows) if rows.len() < frame.rows => {
            put(otherwise, rows, frame, &mut parts, &mut places);
        }
        _ => return otherwise.run(frame),
    }
    if frame.is_full()
        && let Some(part) = parts.first()
    {
        return Column::of_rows(new_null_array(part.array.data_type(), frame.rows));
    }
    let arrays: Vec<&dyn Array> = parts.iter().map(|part| part.array.as_ref()).collect();
    let chosen = interleave(&arrays, &places).expect("branches are of one type");
    Column::of_rows(chosen)
}

fn all(rows: usize) -> Vec<u32> {
    (0..position(rows)).collect()
}

/// Bytes of a constant that a row may have uncounted.
const SMALL: usize = 256;

/// Runs a value over some rows and notes where theirs stand.
fn put(
    value: &Node,
    rows: Vec<u32>,
    frame: &Frame<'_>,
    parts: &mut Vec<Column>,
    places: &mut [(usize, usize)],
) {
    if rows.is_empty() {
        return;
    }
    let part = value.run(&frame.pick(rows.clone()));
    let size = if part.constant {
        bytes(&part.array, 0, 1)
    } else {
        0
    };
    if size <= SMALL {
        for (i, row) in rows.into_iter().enumerate() {
            places[row as usize] = (parts.len(), part.at(i));
        }
        parts.push(part);
        return;
    }
    // Nothing was taken for it, and each row gets a copy, or else fails and is null.
    let mut failures = Failures::default();
    for row in rows {
        let row = row as usize;
        let place = match frame.take(row, size) {
            Ok(()) => parts.len(),
            Err(reason) => {
                failures.add(row, reason);
                parts.len() + 1
            }
        };
        places[row] = (place, 0);
    }
    frame.fail(failures, false);
    let null = new_null_array(part.array.data_type(), 1);
    parts.extend([part, Column::of_rows(null)]);
}

/// A value for each row of a frame. Rows that may not have one that is the same for all fail, and it is null.
fn spread(column: Column, frame: &Frame<'_>) -> ArrayRef {
    if !column.constant {
        return column.array;
    }
    let size = bytes(&column.array, 0, 1);
    let (mut failures, mut rows) = (Failures::default(), Vec::with_capacity(frame.rows));
    for row in 0..frame.rows {
        rows.push(match frame.take(row, size) {
            Ok(()) => Some(0),
            Err(reason) => {
                failures.add(row, reason);
                None
            }
        });
    }
    frame.fail(failures, false);
    match frame.is_full() {
        true => new_null_array(column.array.data_type(), frame.rows),
        false => taken(&column.array, &UInt32Array::from(rows)),
    }
}

/// The lists of the rows for which a closure may be run, given what it takes for so many elements of a row: each element stands
/// beside what the closure reads of the row, or beside what it makes. The others fail, and are null.
fn within(lists: ArrayRef, frame: &Frame<'_>, takes: impl Fn(usize, usize) -> usize) -> ArrayRef {
    let mut failures = Failures::default();
    let lengths = lengths(lists.as_list());
    let rows = lengths.into_iter().enumerate().map(|(row, length)| {
        match frame.take(row, takes(row, length)) {
            Ok(()) => Some(position(row)),
            Err(reason) => {
                failures.add(row, reason);
                None
            }
        }
    });
    let rows: Vec<Option<u32>> = rows.collect();
    frame.fail(failures, false);
    if frame.is_full() {
        return new_null_array(lists.data_type(), frame.rows);
    }
    match rows.iter().all(Option::is_some) {
        true => lists,
        false => taken(&lists, &UInt32Array::from(rows)),
    }
}

/// Runs a closure over the elements of all lists at once.
fn each(
    lists: &ListArray,
    body: &Node,
    element: &DataType,
    filter: bool,
    frame: &Frame<'_>,
) -> ArrayRef {
    let (values, rows) = elements(lists);
    let count = rows.len();
    let made = body.run(&frame.pick(rows).with(Arc::clone(&values)));
    if made.constant && !filter {
        // Nothing was taken for it, and it comes to as much for each element.
        let size = bytes(&made.array, 0, 1);
        let lists = within(Arc::new(lists.clone()), frame, |_, length| {
            length.saturating_mul(size)
        });
        let lists: &ListArray = lists.as_list();
        let lengths = lengths(lists);
        let made = made.expand(lengths.iter().sum());
        return of_lengths(lists, lengths, made, element);
    }
    let made = made.expand(count);
    let lengths = lengths(lists);
    let (lengths, made) = if filter {
        let kept = made.as_boolean();
        let keeps = |i: usize| kept.is_valid(i) && kept.value(i);
        let mut next = 0;
        let counts = lengths.iter().map(|length| {
            let (from, to) = (next, next + length);
            next = to;
            (from..to).filter(|i| keeps(*i)).count()
        });
        let counts: Vec<usize> = counts.collect();
        let rows = (0..count).filter(|i| keeps(*i)).map(position);
        (counts, taken(&values, &rows.collect()))
    } else {
        (lengths, made)
    };
    of_lengths(lists, lengths, made, element)
}

/// Lists of these lengths, null where those are.
fn of_lengths(
    lists: &ListArray,
    lengths: Vec<usize>,
    elements: ArrayRef,
    element: &DataType,
) -> ArrayRef {
    Arc::new(ListArray::new(
        column::item(element.clone()),
        OffsetBuffer::from_lengths(lengths),
        elements,
        lists.nulls().cloned(),
    ))
}

/// How many elements each list has; a null one has none.
fn lengths(lists: &ListArray) -> Vec<usize> {
    let offsets = lists.value_offsets().windows(2).enumerate();
    let lengths = offsets.map(|(row, ends)| {
        if lists.is_null(row) {
            return 0;
        }
        usize::try_from(ends[1] - ends[0]).expect("offsets ascend")
    });
    lengths.collect()
}

/// The elements of all lists, and for each the row that its list is in.
pub(crate) fn elements(lists: &ListArray) -> (ArrayRef, Vec<u32>) {
    let lengths = lengths(lists);
    let rows = lengths
        .iter()
        .enumerate()
        .flat_map(|(row, length)| std::iter::repeat_n(position(row), *length));
    let rows: Vec<u32> = rows.collect();
    let offsets = lists.value_offsets();
    let at = |i: usize| usize::try_from(offsets[i]).expect("offsets are not negative");
    let (first, last) = (at(0), at(lists.len()));
    // What a null list spans is nobody's.
    if rows.len() == last - first {
        return (lists.values().slice(first, last - first), rows);
    }
    let spans = lengths.iter().enumerate();
    let places = spans.flat_map(|(row, length)| at(row)..at(row) + length);
    let values = taken(lists.values(), &places.map(position).collect());
    (values, rows)
}
