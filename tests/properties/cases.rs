//! The oracle on cases that are worked out by hand: what scenarios don't ask.

use std::collections::BTreeMap;

use crate::graph::{
    Aggregate, Chain, Column, Columns, DISORDER, Dataset, Expr, Fill, Function, Graph, HISTORY,
    Join, Op, Spec, Step, Ty, Window,
};
use crate::logged::Logged;
use crate::oracle::Oracle;
use crate::value::V;

const MINUTE: i64 = 60_000_000;

/// `Event` without keys and `State` by `k`, each with an int `v`, a list and an instant, and `Out` that steps make of one.
fn graph(input: &str, steps: Vec<Step>) -> Graph {
    let source = |name: &str, keys: Vec<Column>| {
        let mut values = vec![
            Column::new("k", Ty::Int),
            Column::new("v", Ty::Int),
            Column::new("list", Ty::List(Box::new(Ty::Int))),
            Column::new("due", Ty::Time),
        ];
        values.retain(|column| !keys.contains(column));
        Dataset {
            name: name.into(),
            columns: Columns {
                keys,
                values,
                at: "at".into(),
            },
            fill: Fill::Source,
            history: HISTORY,
        }
    };
    let mut graph = Graph {
        datasets: vec![
            source("Event", Vec::new()),
            source("State", vec![Column::new("k", Ty::Int)]),
        ],
        disorder: DISORDER,
    };
    let columns = graph.columns_of(input, &steps).unwrap();
    graph.datasets.push(Dataset {
        name: "Out".into(),
        columns,
        fill: Fill::Pipeline(Chain {
            input: input.into(),
            steps,
        }),
        history: HISTORY,
    });
    assert_eq!(graph.problems(), None, "{graph}");
    graph
}

/// A row of key 1 with that value, so many minutes after the origin; it is due as many minutes after the origin as its value.
fn row(dataset: &str, at: i64, v: i64) -> Logged {
    of_key(dataset, 1, at * MINUTE, v)
}

fn of_key(dataset: &str, k: i64, at: i64, v: i64) -> Logged {
    let list = (0..v).map(V::Int).collect();
    let values = [
        ("k", V::Int(k)),
        ("v", V::Int(v)),
        ("list", V::List(list)),
        ("due", V::Time(v * MINUTE)),
    ];
    Logged {
        is_gone: false,
        dataset: dataset.into(),
        at,
        values: values.map(|(name, value)| (name.into(), value)).into(),
    }
}

fn aggregate(window: Window, function: Function) -> Step {
    let of = "v".into();
    Step::Aggregate(Aggregate {
        by: vec!["k".into()],
        window: None,
        specs: vec![Spec {
            name: "a".into(),
            of,
            window,
            lookback: 0,
            function,
        }],
        along: None,
        is_final: false,
    })
}

fn grouped(window: Window) -> Step {
    Step::Aggregate(Aggregate {
        by: vec!["k".into()],
        window: Some(window),
        specs: vec![Spec {
            name: "a".into(),
            of: "v".into(),
            window,
            lookback: 0,
            function: Function::Sum,
        }],
        along: None,
        is_final: false,
    })
}

fn join(inner: bool, since: Option<i64>, until: i64) -> Step {
    Step::Join(Join {
        right: "State".into(),
        inner,
        on: vec![("k".into(), "k".into())],
        since,
        until,
        fields: vec!["v".into()],
    })
}

fn small() -> Step {
    let v = Box::new(Expr::Column("v".into()));
    let ten = Box::new(Expr::Literal(V::Int(10)));
    Step::Filter(Expr::Binary(Op::Lt, v, ten))
}

/// What a column of `Out` is for key 1 at these instants, in microseconds; nothing where it is not found.
fn found(graph: &Graph, rows: &[Logged], column: &str, at: &[i64]) -> Vec<Option<V>> {
    let oracle = Oracle::new(graph, rows);
    let value = |at: &i64| {
        let row = oracle.lookup("Out", &[V::Int(1)], *at)?;
        Some(row[column].clone())
    };
    at.iter().map(value).collect()
}

fn ints(values: &[Option<i64>]) -> Vec<Option<V>> {
    values.iter().map(|value| value.map(V::Int)).collect()
}

/// The event time in minutes and a column of each row of `Out`, in order.
fn rows(graph: &Graph, history: &[Logged], column: &str) -> Vec<(i64, V)> {
    let rows = Oracle::new(graph, history).versions("Out");
    let rows = rows.into_iter();
    let mut rows: Vec<_> = rows
        .map(|row| (row.at / MINUTE, row.order, row.values[column].clone()))
        .collect();
    rows.sort();
    rows.into_iter().map(|(at, _, value)| (at, value)).collect()
}

#[test]
fn a_continuous_window_has_both_its_ends() {
    let graph = graph(
        "Event",
        vec![aggregate(Window::Continuous(10 * MINUTE), Function::Sum)],
    );
    let at = [-1, 0, 10 * MINUTE, 10 * MINUTE + 1, 99 * MINUTE];
    assert_eq!(
        found(&graph, &[row("Event", 0, 5)], "a", &at),
        ints(&[None, Some(5), Some(5), Some(0), Some(0)])
    );
}

#[test]
fn hops_end_where_their_length_says() {
    // Windows of 15 minutes begin every 10: [-10, 5), [0, 15), [10, 25).
    let window = Window::Hopping(15 * MINUTE, 10 * MINUTE);
    let graph = graph("Event", vec![aggregate(window, Function::Sum)]);
    let history = [row("Event", 4, 1), row("Event", 5, 2), row("Event", 15, 4)];
    let at = [4, 5, 14, 15, 24, 25, 34, 35].map(|minute| minute * MINUTE);
    let expected = [
        None,
        Some(1),
        Some(1),
        Some(3),
        Some(3),
        Some(4),
        Some(4),
        Some(0),
    ];
    assert_eq!(found(&graph, &history, "a", &at), ints(&expected));
}

#[test]
fn a_window_with_a_lookback_is_seen_that_much_later() {
    let mut step = aggregate(Window::Tumbling(10 * MINUTE), Function::Sum);
    if let Step::Aggregate(aggregate) = &mut step {
        aggregate.specs[0].lookback = 7 * MINUTE;
    }
    let graph = graph("Event", vec![step]);
    let history = [row("Event", 4, 1), row("Event", 10, 2)];
    let at = [10, 16, 17, 26, 27, 36, 37].map(|minute| minute * MINUTE);
    let expected = [None, None, Some(1), Some(1), Some(2), Some(2), Some(0)];
    assert_eq!(found(&graph, &history, "a", &at), ints(&expected));
}

#[test]
fn what_is_gone_can_go_again_and_come_back() {
    let graph = graph("State", vec![small()]);
    let delete = |at| Logged {
        is_gone: true,
        ..row("State", at, 0)
    };
    let history = [
        delete(0),
        row("State", 1, 1),
        delete(2),
        delete(3),
        row("State", 4, 4),
        delete(4),
        delete(5),
        row("State", 6, 6),
    ];
    let at = [0, 1, 2, 3, 4, 5, 6].map(|minute| minute * MINUTE);
    let expected = [None, Some(1), None, None, None, None, Some(6)];
    assert_eq!(found(&graph, &history, "v", &at), ints(&expected));
    assert_eq!(
        rows(&graph, &history, "v"),
        [(1, V::Int(1)), (6, V::Int(6))]
    );
}

#[test]
fn rows_of_a_table_count_where_they_hold_at_the_end_of_a_stride() {
    let window = Window::ForeverHopping(10 * MINUTE);
    let graph = graph("State", vec![small(), aggregate(window, Function::Sum)]);
    // Replaced at the very end of a stride, then deleted by the filter.
    let history = [
        row("State", 1, 1),
        row("State", 10, 2),
        row("State", 15, 99),
    ];
    let at = [9, 10, 19, 20, 30].map(|minute| minute * MINUTE);
    assert_eq!(
        found(&graph, &history, "a", &at),
        ints(&[None, Some(1), Some(1), Some(0), Some(0)])
    );
}

#[test]
fn a_version_counts_from_its_column_on_until_it_ends() {
    let sum = |window| {
        let mut step = aggregate(window, Function::Sum);
        if let Step::Aggregate(aggregate) = &mut step {
            aggregate.along = Some("due".into());
        }
        graph("State", vec![step])
    };
    // Due while it holds, before it begins, behind its end, and while it holds.
    let history = [
        row("State", 0, 5),
        row("State", 20, 3),
        row("State", 30, 90),
        row("State", 40, 50),
    ];
    let found_at = |window, at: &[i64]| {
        let at: Vec<_> = at.iter().map(|minute| minute * MINUTE).collect();
        found(&sum(window), &history, "a", &at)
    };
    assert_eq!(
        found_at(Window::Forever, &[2, 3, 5, 19, 20, 29, 30, 50, 90]),
        ints(&[
            None,
            Some(3),
            Some(8),
            Some(8),
            Some(3),
            Some(3),
            Some(0),
            Some(50),
            Some(50)
        ])
    );
    let window = Window::Continuous(10 * MINUTE);
    assert_eq!(
        found_at(window, &[3, 13, 14, 15, 16, 50, 60, 61]),
        ints(&[
            Some(3),
            Some(8),
            Some(5),
            Some(5),
            Some(0),
            Some(50),
            Some(50),
            Some(0)
        ])
    );
    // Those that hold as the window ends.
    let window = Window::Tumbling(10 * MINUTE);
    assert_eq!(
        found_at(window, &[9, 10, 19, 20, 29, 30, 59, 60, 70]),
        ints(&[
            None,
            Some(8),
            Some(8),
            Some(0),
            Some(0),
            Some(0),
            Some(0),
            Some(50),
            Some(0)
        ])
    );
}

#[test]
fn what_expires_makes_room_among_the_last() {
    let last = Function::FirstK {
        limit: 2,
        dedup: true,
        dropnull: false,
    };
    let graph = graph(
        "Event",
        vec![aggregate(Window::Continuous(10 * MINUTE), last)],
    );
    let history = [
        row("Event", 1, 7),
        row("Event", 2, 7),
        row("Event", 2, 8),
        row("Event", 3, 9),
    ];
    let list = |values: &[i64]| Some(V::List(values.iter().copied().map(V::Int).collect()));
    let at = [2, 11, 12, 13, 14].map(|minute| minute * MINUTE);
    assert_eq!(
        found(&graph, &history, "a", &at),
        [
            list(&[7, 8]),
            list(&[7, 8]),
            list(&[7, 8]),
            list(&[9]),
            list(&[])
        ]
    );
}

#[test]
fn sessions_chain_over_the_exact_gap() {
    let graph = graph("Event", vec![grouped(Window::Session(10 * MINUTE))]);
    // The late row at 10 ties 0 and 20 together; 30 and a microsecond is on its own.
    let history = [
        row("Event", 0, 1),
        row("Event", 20, 2),
        of_key("Event", 1, 30 * MINUTE + 1, 8),
        row("Event", 10, 4),
    ];
    let window = |begin, end| V::Window(begin, end + 1);
    assert_eq!(
        rows(&graph, &history, "window"),
        [
            (20, window(0, 20 * MINUTE)),
            (30, window(30 * MINUTE + 1, 30 * MINUTE + 1))
        ]
    );
    assert_eq!(
        rows(&graph, &history, "a"),
        [(20, V::Int(7)), (30, V::Int(8))]
    );
}

#[test]
fn the_first_row_of_a_session_stands_for_it() {
    let dedup = Step::Dedup {
        by: vec!["k".into()],
        window: Some(Window::Session(10 * MINUTE)),
    };
    let graph = graph("Event", vec![dedup]);
    let history = [
        row("Event", 10, 1),
        row("Event", 20, 2),
        row("Event", 31, 3),
        row("Event", 0, 4),
    ];
    assert_eq!(
        rows(&graph, &history, "v"),
        [(0, V::Int(4)), (31, V::Int(3))]
    );
}

#[test]
fn lists_become_rows() {
    let graph = graph("Event", vec![Step::Explode(vec!["list".into()])]);
    let history = [row("Event", 1, 0), row("Event", 2, 2)];
    assert_eq!(
        rows(&graph, &history, "list"),
        [(1, V::Null), (2, V::Int(0)), (2, V::Int(1))]
    );
}

#[test]
fn rows_are_as_often_in_a_union_as_in_both_sides() {
    let other = Chain {
        input: "Event".into(),
        steps: vec![small()],
    };
    let graph = graph("Event", vec![Step::Union(other)]);
    let history = [row("Event", 1, 3), row("Event", 1, 3), row("Event", 2, 30)];
    assert_eq!(
        rows(&graph, &history, "v"),
        [
            (1, V::Int(3)),
            (1, V::Int(3)),
            (1, V::Int(3)),
            (1, V::Int(3)),
            (2, V::Int(30))
        ]
    );
}

#[test]
fn a_stale_version_is_not_replaced_by_an_older_one() {
    let event = || {
        vec![
            Step::Drop(vec!["v".into()]),
            join(false, Some(5 * MINUTE), 2 * MINUTE),
        ]
    };
    let graph = graph("Event", event());
    let history = [
        row("State", 0, 1),
        row("State", 9, 2),
        row("Event", 5, 0),
        row("Event", 6, 0),
        row("Event", 7, 0),
        row("Event", 14, 0),
        row("Event", 15, 0),
    ];
    assert_eq!(
        rows(&graph, &history, "v"),
        [
            (5, V::Int(1)),
            (6, V::Null),
            (7, V::Int(2)),
            (14, V::Int(2)),
            (15, V::Null)
        ]
    );
}

#[test]
fn what_is_deleted_does_not_match() {
    let mut graph = graph("State", vec![small()]);
    let mut table = graph.datasets.pop().unwrap();
    table.name = "Small".into();
    graph.datasets.push(table);
    for (left, name) in [("Event", "Streamed"), ("State", "Joined")] {
        let Step::Join(mut join) = join(left == "State", None, 0) else {
            panic!("it is a join");
        };
        join.right = "Small".into();
        let steps = vec![Step::Drop(vec!["v".into()]), Step::Join(join)];
        graph.datasets.push(Dataset {
            name: name.into(),
            columns: graph.columns_of(left, &steps).unwrap(),
            fill: Fill::Pipeline(Chain {
                input: left.into(),
                steps,
            }),
            history: HISTORY,
        });
    }
    assert_eq!(graph.problems(), None, "{graph}");
    let history = [
        row("State", 0, 1),
        row("State", 10, 99),
        row("State", 20, 2),
        row("Event", 9, 0),
        row("Event", 10, 0),
        row("Event", 20, 0),
    ];
    let oracle = Oracle::new(&graph, &history);
    let streamed = oracle.versions("Streamed").into_iter();
    let streamed: Vec<_> = streamed
        .map(|row| (row.at / MINUTE, row.values["v"].clone()))
        .collect();
    assert_eq!(streamed, [(9, V::Int(1)), (10, V::Null), (20, V::Int(2))]);
    let joined = |minute: i64| -> Option<BTreeMap<String, V>> {
        oracle.lookup("Joined", &[V::Int(1)], minute * MINUTE)
    };
    assert_eq!(joined(9).unwrap()["v"], V::Int(1));
    assert_eq!(joined(10), None);
    assert_eq!(joined(20).unwrap()["v"], V::Int(2));
}

#[test]
fn a_version_of_a_joined_table_begins_with_the_later_side() {
    let steps = vec![
        Step::Latest(vec!["k".into()]),
        Step::Drop(vec!["v".into()]),
        join(false, None, 0),
    ];
    let graph = graph("Event", steps);
    let history = [
        row("Event", 0, 0),
        row("State", 5, 1),
        row("Event", 7, 0),
        row("State", 7, 2),
    ];
    assert_eq!(
        rows(&graph, &history, "v"),
        [(0, V::Null), (5, V::Int(1)), (7, V::Int(2))]
    );
}

#[test]
fn changes_are_a_delete_and_an_insert() {
    let changelog = Step::Changelog {
        column: "gone".into(),
        deletes: true,
    };
    let graph = graph("State", vec![small(), changelog]);
    // The later of two at one instant leaves no trace of the first; 99 doesn't pass.
    let history = [
        row("State", 0, 1),
        row("State", 5, 2),
        row("State", 5, 3),
        row("State", 9, 99),
    ];
    let (insert, delete) = (V::Bool(false), V::Bool(true));
    assert_eq!(
        rows(&graph, &history, "gone"),
        [
            (0, insert.clone()),
            (5, delete.clone()),
            (5, insert),
            (9, delete)
        ]
    );
    assert_eq!(
        rows(&graph, &history, "v"),
        [
            (0, V::Int(1)),
            (5, V::Int(1)),
            (5, V::Int(3)),
            (9, V::Int(3))
        ]
    );
}
