//! Histories: rows on a coarse grid of times, with many ties and rows that meet the bounds of windows.

use super::Random;
use crate::graph::{Dataset, Fill, Graph, Ty};
use crate::logged::Logged;
use crate::value::V;

/// When histories begin: 2024-01-01T10:00:00Z, a bound of every window.
pub(crate) const ORIGIN: i64 = 1_704_103_200_000_000;
/// The grid: ten minutes.
pub(crate) const STEP: i64 = 600_000_000;
/// How many steps a history takes.
const STEPS: usize = 12;
/// The texts of columns, some more often than others.
const VALUES: [&str; 4] = ["a", "a", "b", "cc"];
/// More than a column of a key has values.
const KEYS: i64 = 4;

/// Rows of a graph's sources, in an order of arrival.
pub(crate) fn history(graph: &Graph, random: &mut Random) -> Vec<Logged> {
    let is_source = |dataset: &&Dataset| dataset.fill == Fill::Source;
    let sources: Vec<_> = graph.datasets.iter().filter(is_source).collect();
    let most = match random.once_in(30) {
        // So many that a group has more than are read for a question.
        true => 400,
        false if graph.is_brief() => 80,
        false => 48,
    };
    let count = 1 + random.below(most);
    let mut rows: Vec<Logged> = Vec::new();
    for _ in 0..count {
        if !rows.is_empty() && random.once_in(12) {
            // The same row again.
            let row = random.pick(&rows).clone();
            rows.push(row);
            continue;
        }
        let keyed: Vec<_> = rows
            .iter()
            .filter(|row| graph.dataset(&row.dataset).is_keyed())
            .collect();
        if !keyed.is_empty() && random.once_in(6) {
            let row = *random.pick(&keyed);
            let row = again(row, graph, random);
            rows.push(row);
            continue;
        }
        let source = random.pick(&sources);
        let columns = source.columns.all();
        let values = columns.map(|column| (column.name.clone(), value(&column.ty, random)));
        let values = values.collect();
        let (at, is_gone) = (instant(random), source.is_keyed() && random.once_in(5));
        rows.push(Logged {
            dataset: source.name.clone(),
            values,
            at: told(at, is_gone),
            is_gone,
        });
    }
    if graph.needs_apart() {
        rows.iter_mut().for_each(|row| row.at = apart(row, graph));
    }
    let order = order(graph, &rows, random);
    order.into_iter().map(|row| rows[row].clone()).collect()
}

/// An instant near that of a row, which rows of other keys of the dataset don't have.
fn apart(row: &Logged, graph: &Graph) -> i64 {
    const MILLISECOND: i64 = 1_000;
    let keys = graph.dataset(&row.dataset).columns.keys.iter();
    let key = keys.fold(0, |number, key| {
        let value = &row.values[&key.name];
        let place = VALUES.iter().position(|text| *value == V::str(text));
        let value = match value {
            V::Int(number) => *number,
            _ => place.map_or(0, |place| place as i64),
        };
        number * KEYS + value
    });
    match graph.dataset(&row.dataset).is_keyed() {
        true => row.at - row.at.rem_euclid(KEYS * KEYS * MILLISECOND) + key * MILLISECOND,
        false => row.at,
    }
}

/// A row of the same key: mostly one more delete, and often of the same instant.
fn again(row: &Logged, graph: &Graph, random: &mut Random) -> Logged {
    let mut row = row.clone();
    for column in &graph.dataset(&row.dataset).columns.values {
        row.values
            .insert(column.name.clone(), value(&column.ty, random));
    }
    row.is_gone = random.below(3) > 0;
    let at = if random.once_in(3) {
        row.at
    } else {
        instant(random)
    };
    row.at = told(at, row.is_gone);
    row
}

/// Databases tell milliseconds.
fn told(at: i64, is_gone: bool) -> i64 {
    match is_gone {
        true => at - at.rem_euclid(1_000),
        false => at,
    }
}

/// An order of arrival in which no row is later than the graph's disorder.
pub(crate) fn order(graph: &Graph, rows: &[Logged], random: &mut Random) -> Vec<usize> {
    let late = |row: &Logged| row.at + random.below(graph.disorder as usize + 1) as i64;
    let arrivals: Vec<_> = rows.iter().map(late).collect();
    let mut order: Vec<_> = (0..rows.len()).collect();
    order.sort_by_key(|row| arrivals[*row]);
    order
}

fn instant(random: &mut Random) -> i64 {
    let at = ORIGIN + random.below(STEPS) as i64 * STEP;
    match random.below(12) {
        0 => at - 1,
        1 => at + 1,
        2 => at + 123_456_789,
        _ => at,
    }
}

fn value(ty: &Ty, random: &mut Random) -> V {
    const AMOUNTS: [f64; 10] = [0.0, 0.25, 0.5, 1.0, 1.5, 2.0, -1.0, 0.1, 0.7, 1e6];
    match ty {
        Ty::Int => V::Int(random.below(3) as i64),
        Ty::Float => V::Float(*random.pick(&AMOUNTS)),
        Ty::Str => V::str(VALUES[random.below(VALUES.len())]),
        Ty::Bool => V::Bool(random.once_in(2)),
        Ty::Time => V::Time(instant(random)),
        Ty::Optional(_) if random.once_in(3) => V::Null,
        Ty::Optional(of) => value(of, random),
        Ty::List(of) => {
            let count = random.below(4);
            V::List((0..count).map(|_| value(of, random)).collect())
        }
        Ty::Window => panic!("sources have no windows"),
    }
}

/// Instants to ask at: the grid, far beyond the last row and every window, and times just beside.
pub(crate) fn instants(rows: &[Logged], random: &mut Random) -> Vec<i64> {
    let grid = (-1..STEPS as i64 + 12).map(|step| ORIGIN + step * STEP);
    let mut instants: Vec<_> = grid.collect();
    instants.push(ORIGIN + 24 * 3600 * 1_000_000);
    for _ in 0..12 {
        let beside = [-1, 1, STEP / 2, STEP + 1];
        instants.push(random.pick(&instants.clone()) + random.pick(&beside));
        if !rows.is_empty() {
            instants.push(random.pick(rows).at + random.pick(&beside));
        }
    }
    instants.sort_unstable();
    instants.dedup();
    instants
}
