//! What aggregates cost: a row, a value, a merge, and the bytes of a state of a million rows.
//!
//! `cargo bench -p fennel-core --features eval --bench aggregates [-- <rows>]`

use std::hint::black_box;
use std::time::Instant;

use fennel_core::agg::{Aggregation, Contribution};
use fennel_core::entity::{Dataset, Field, Index, Location, Meta, Order};
use fennel_core::expr::Expr;
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::op::{Args, Operator};
use fennel_core::time::Timestamp;
use fennel_core::ty::Type;
use fennel_core::value::{Shape, Value};
use rust_decimal::Decimal;

const fn field(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: matches!(ty, Type::Timestamp),
        meta: Meta::EMPTY,
    }
}

const ORDERS: Dataset<'static> = Dataset {
    name: "Orders",
    version: 1,
    history: Dataset::DEFAULT_HISTORY,
    index: Index {
        online: false,
        offline: false,
    },
    fields: &[
        field("uid", Type::Int),
        field("amount", Type::Float),
        field("cents", Type::Int),
        field("price", Type::Decimal { scale: 2 }),
        field("at", Type::Timestamp),
    ],
    order: Order::NONE,
    sources: &[],
    expectations: None,
    sinks: &[],
    meta: Meta::EMPTY,
    location: Location::UNKNOWN,
};

const AMOUNT: Expr<'static> = Expr::Name("amount");
const CENTS: Expr<'static> = Expr::Name("cents");
const PRICE: Expr<'static> = Expr::Name("price");
const FOREVER: Expr<'static> = Expr::Literal(Literal::Str("forever"));
const TRUE: &Expr<'static> = &Expr::Literal(Literal::Bool(true));
const APPROX: Expr<'static> = Expr::Named("approx", TRUE);

/// What is measured, named as the table shows it.
const AGGREGATES: &[Expr<'static>] = &[
    named("count", &Expr::Call("count", &[FOREVER])),
    named("sum_f64", &Expr::Call("sum", &[AMOUNT, FOREVER])),
    named("sum_i64", &Expr::Call("sum", &[CENTS, FOREVER])),
    named("sum_decimal", &Expr::Call("sum", &[PRICE, FOREVER])),
    named("average_f64", &Expr::Call("average", &[AMOUNT, FOREVER])),
    named("max_f64", &Expr::Call("max", &[AMOUNT, FOREVER])),
    named("max_i64", &Expr::Call("max", &[CENTS, FOREVER])),
    named("stddev_f64", &Expr::Call("stddev", &[AMOUNT, FOREVER])),
    named(
        "median_f64",
        &Expr::Call(
            "quantile",
            &[AMOUNT, Expr::Literal(Literal::Float(0.5)), FOREVER, APPROX],
        ),
    ),
    named(
        "unique_i64",
        &Expr::Call(
            "count",
            &[CENTS, FOREVER, Expr::Named("unique", TRUE), APPROX],
        ),
    ),
    named(
        "last_10",
        &Expr::Call("last_k", &[CENTS, Expr::Literal(Literal::Int(10)), FOREVER]),
    ),
    named(
        "decayed_1h",
        &Expr::Call(
            "exp_decay_sum",
            &[AMOUNT, Expr::Literal(Literal::Str("1h")), FOREVER],
        ),
    ),
];

const fn named(name: &'static str, call: &'static Expr<'static>) -> Expr<'static> {
    Expr::Named(name, call)
}

fn main() {
    let rows = std::env::args().find_map(|arg| arg.parse().ok());
    let rows: usize = rows.unwrap_or(1_000_000);
    let flow = Flow::input(&ORDERS, 0)
        .group_by(Args::new(1, const { &[Expr::Name("uid")] }))
        .aggregate(Args::new(2, AGGREGATES));
    assert_eq!(flow.mistakes().len(), 0, "the definition is sound");
    println!("| aggregate | ns a row | ns a value | ns a merge | bytes |");
    println!("|:--|--:|--:|--:|--:|");
    for step in flow.steps() {
        if let Operator::Aggregate(aggregate) = step.operator {
            for aggregation in aggregate.aggregations() {
                measure(&aggregation, rows);
            }
        }
    }
}

fn measure(aggregation: &Aggregation<'_>, rows: usize) {
    const RUNS: u32 = 1_000;
    let of = aggregation.of.unwrap_or("amount");
    let field = ORDERS.fields.iter().find(|field| field.name == of);
    let shape = Shape::new(&field.expect("a column").ty).expect("a type");
    let values: Vec<Value> = (1..=rows as i64).map(|i| value(of, i)).collect();
    let time = |i: usize| Timestamp::from_micros(1_700_000_000_000_000 + i as i64 * 1_000);
    let last = time(rows).expect("a time");

    let mut state = aggregation.accumulator(Some(&shape)).expect("a state");
    let start = Instant::now();
    for (i, value) in values.iter().enumerate() {
        state.add(black_box(Contribution {
            time: time(i).expect("a time"),
            order: &(i as u64).to_be_bytes(),
            value,
        }));
    }
    let row = start.elapsed().as_nanos() as f64 / rows as f64;

    let start = Instant::now();
    for _ in 0..RUNS {
        black_box(state.value(last)).expect("a value");
    }
    let read = start.elapsed() / RUNS;

    let mut merged = state.clone();
    let start = Instant::now();
    for _ in 0..RUNS {
        merged.merge(black_box(&state));
    }
    let merge = start.elapsed() / RUNS;

    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    println!(
        "| {} | {row:.1} | {} | {} | {} |",
        aggregation.output,
        read.as_nanos(),
        merge.as_nanos(),
        bytes.len(),
    );
}

/// The `i`th value of a column: up to 10,000 with two digits, in no order.
fn value(column: &str, i: i64) -> Value {
    let cents =
        (i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()) >> 20).rem_euclid(1_000_000);
    match column {
        "amount" => Value::Float(cents as f64 / 100.0),
        "price" => Value::Decimal(Decimal::new(cents, 2)),
        _ => Value::Int(cents),
    }
}
