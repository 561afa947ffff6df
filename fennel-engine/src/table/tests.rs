//! What fills others is read in small parts, wherever these end.

use std::sync::{Arc, PoisonError};

use fennel_core::catalog::Catalog;
use fennel_core::connector::{Connector, Webhook};
use fennel_core::entity::{
    Cdc, Dataset, Env, Field, Index, Location, Meta, Order, Pipeline, Source,
};
use fennel_core::expr::Expr;
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::op::Args;
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Type;
use fennel_core::value::Value;
use fennel_core::wire::encode;

use super::*;
use crate::kernel::Row;
use crate::state::State;
use crate::store::Store;
use crate::{CommitOptions, Engine, Incoming, ManualClock, Options};

const HOOK: Webhook<'static> = Webhook::new("hook");

const fn column(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    }
}

const fn key(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        key: true,
        ..column(name, ty)
    }
}

const TS: Field<'static> = Field {
    timestamp: true,
    ..column("ts", Type::Timestamp)
};

const fn dataset(name: &'static str, fields: &'static [Field<'static>]) -> Dataset<'static> {
    Dataset {
        name,
        version: 1,
        history: Duration::from_days(100),
        index: Index::NONE,
        fields,
        order: Order::NONE,
        sources: &[],
        expectations: None,
        sinks: &[],
        meta: Meta {
            owner: "team@example.com",
            ..Meta::EMPTY
        },
        location: Location::UNKNOWN,
    }
}

const USER: [Field<'static>; 3] = [key("uid", Type::Int), column("city", Type::String), TS];
const CITY: [Field<'static>; 3] = [key("city", Type::String), column("n", Type::Int), TS];
const SALE: [Field<'static>; 3] = [column("uid", Type::Int), column("price", Type::Float), TS];
const SUM: [Field<'static>; 3] = [key("uid", Type::Int), column("total", Type::Float), TS];

/// A table of each kind, with another that is filled with it: rows of sources, with and without keys, of a pipeline, and of
/// an aggregate that is computed when it is read.
const USERS: Dataset<'static> = dataset("Users", &USER);
const KEPT: Dataset<'static> = dataset("Kept", &USER);
const CITIES: Dataset<'static> = dataset("Cities", &CITY);
const SALES: Dataset<'static> = dataset("Sales", &SALE);
const SUMS: Dataset<'static> = dataset("Sums", &SUM);
const COPIES: Dataset<'static> = dataset("Copies", &SUM);

const ALL: [&str; 6] = ["Users", "Kept", "Cities", "Sales", "Sums", "Copies"];

const TRUE: &[Expr<'static>] = &[Expr::Literal(Literal::Bool(true))];
const SECOND: &[Expr<'static>] = &[Expr::Literal(Literal::Str("1s"))];
const PRICE: &[Expr<'static>] = &[Expr::Name("price"), Expr::Call("tumbling", SECOND)];
const FOREVER: &[Expr<'static>] = &[Expr::Literal(Literal::Str("forever"))];

static KEEP: Flow<'static> = Flow::input(&USERS, 1).filter(Args::new(2, TRUE));
static COUNT: Flow<'static> = Flow::input(&KEPT, 1)
    .group_by(Args::new(2, const { &[Expr::Name("city")] }))
    .aggregate(Args::new(
        4,
        const { &[Expr::Named("n", &Expr::Call("count", FOREVER))] },
    ));
static ADD: Flow<'static> = Flow::input(&SALES, 1)
    .group_by(Args::new(2, const { &[Expr::Name("uid")] }))
    .aggregate(Args::new(
        4,
        const { &[Expr::Named("total", &Expr::Call("sum", PRICE))] },
    ));
static COPY: Flow<'static> = Flow::input(&SUMS, 1).filter(Args::new(2, TRUE));

/// An engine that fills tables with so many rows at once.
fn open(fill_rows: usize) -> Engine {
    let clock = ManualClock::new(instant(1_000));
    let options = Options {
        fill_rows,
        ..Options::default()
    };
    Engine::open_with(Store::in_memory(), Arc::new(clock), &options).unwrap()
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

/// Commits the sources, with all that is made of them or without.
fn commit(engine: &Engine, is_whole: bool) {
    let source = |endpoint: &'static str, cdc| {
        let endpoint = Connector::Webhook(HOOK.endpoint(endpoint));
        [Source::new(endpoint, Duration::from_days(1), cdc)]
    };
    let (users, sales) = (source("users", Cdc::Upsert), source("sales", Cdc::Append));
    let mut catalog = Catalog::default();
    catalog.push_dataset(Dataset {
        sources: &users,
        ..USERS
    });
    catalog.push_dataset(Dataset {
        sources: &sales,
        ..SALES
    });
    if is_whole {
        for (dataset, flow, input) in [
            (KEPT, &KEEP, &["Users"]),
            (CITIES, &COUNT, &["Kept"]),
            (SUMS, &ADD, &["Sales"]),
            (COPIES, &COPY, &["Sums"]),
        ] {
            catalog.push_dataset(dataset);
            catalog.push_pipeline(Pipeline {
                name: "made",
                dataset: dataset.name,
                inputs: input,
                steps: flow.steps(),
                env: Env::ANY,
                meta: Meta::EMPTY,
                location: Location::UNKNOWN,
            });
        }
    }
    let request = encode(&catalog, None, "");
    let options = CommitOptions::default();
    engine.commit("main", &request, options).unwrap();
}

/// Logs many versions of one user and some of others, each instant twice, and as many sales.
fn log(engine: &Engine) {
    for i in 0..40 {
        let uid = Value::Int(if i % 4 == 0 { i % 3 } else { 7 });
        let ts = Value::Timestamp(instant((i * 17) % 20));
        let city = Value::String(["rome", "oslo"][i as usize % 2].into());
        let row = |column: &str, value| {
            let columns = [("uid", uid.clone()), ("ts", ts.clone()), (column, value)];
            let columns = columns.into_iter();
            columns.map(|(name, value)| (name.into(), value)).collect()
        };
        let user: Incoming = row("city", city);
        engine.log("hook", "users", vec![user]).unwrap();
        let sale = row("price", Value::Float(i as f64));
        engine.log("hook", "sales", vec![sale]).unwrap();
    }
}

fn table(engine: &Engine, name: &str) -> Arc<Table> {
    let registry = engine.inner.registry.lock();
    let registry = registry.unwrap_or_else(PoisonError::into_inner);
    let mut tables = registry.tables.values();
    Arc::clone(tables.find(|table| table.dataset == name).unwrap())
}

/// All rows of a table, in the parts that there are of so many.
fn parts(engine: &Engine, name: &str, most: Most) -> Vec<Vec<Row>> {
    let table = table(engine, name);
    let state = State::of(&engine.inner.store.snapshot()).unwrap();
    let mut cursor = Cursor::default();
    let parts = std::iter::from_fn(|| {
        let part = table.part(&state, &mut cursor, most).unwrap();
        (!part.is_empty()).then_some(part)
    });
    parts.collect()
}

#[test]
fn parts_end_also_between_versions_of_a_key() {
    let engine = open(4_000);
    commit(&engine, true);
    log(&engine);
    let kinds = ALL.map(|name| table(&engine, name).kind());
    let (upserts, versions, computed) = (Kind::Upserts, Kind::Versions, Kind::Computed);
    let stream = Kind::Stream;
    assert_eq!(
        kinds,
        [upserts, versions, computed, stream, computed, versions]
    );
    for name in ALL {
        let of = |rows, bytes| parts(&engine, name, Most { rows, bytes });
        let whole = of(usize::MAX, usize::MAX);
        assert_eq!(whole.len(), 1, "{name}");
        assert!(whole[0].len() > 20, "{name}: {whole:?}");
        for rows in 1..9 {
            let parts = of(rows, usize::MAX);
            let (last, full) = parts.split_last().unwrap();
            assert!(full.iter().all(|part| part.len() == rows), "{name}");
            assert!(last.len() <= rows, "{name}");
            assert_eq!(parts.concat(), whole[0], "{name}, {rows} at once");
        }
        let parts = of(usize::MAX, 1);
        assert!(parts.iter().all(|part| part.len() == 1), "{name}");
        assert_eq!(parts.concat(), whole[0], "{name}, by bytes");
    }
}

#[test]
fn the_versions_that_are_read_follow_each_other() {
    let engine = open(4_000);
    commit(&engine, true);
    log(&engine);
    for name in ["Users", "Kept", "Cities", "Sums", "Copies"] {
        let most = Most {
            rows: 3,
            bytes: usize::MAX,
        };
        let mut rows = parts(&engine, name, most).concat();
        rows.sort_by_key(|row| (format!("{:?}", row.values[0]), row.time));
        for (row, next) in rows.iter().zip(&rows[1..]) {
            match row.values[0] == next.values[0] {
                true => assert_eq!(row.end, next.time, "{name}"),
                false => assert_eq!(row.end, crate::kernel::OPEN, "{name}"),
            }
        }
    }
}

#[test]
fn tables_are_the_same_filled_by_whatever_parts_and_live() {
    let live = open(4_000);
    commit(&live, true);
    log(&live);
    for fill_rows in [0, 1, 2, 3, 5, 4_000] {
        let filled = open(fill_rows);
        commit(&filled, false);
        log(&filled);
        commit(&filled, true);
        let most = Most {
            rows: usize::MAX,
            bytes: usize::MAX,
        };
        for name in ALL {
            let (filled, live) = (parts(&filled, name, most), parts(&live, name, most));
            assert_eq!(filled, live, "{name}, filled by {fill_rows}");
        }
    }
}
