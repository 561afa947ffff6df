//! The code that is given to delete what was left out: it compiles, and a commit takes it.
//!
//! `pasted.rs` beside this file is what a user gets by pasting it.

use fennel::catalog::Catalog;
use fennel::diff::check_transition;
use fennel::prelude::*;
use fennel_core::tombstone;

fennel::owner!("team@example.com");

static APP: Webhook = Webhook::new("app");

#[derive(Record)]
struct Place {
    country: String,
}

/// One column of every type.
#[dataset(index, version = 3)]
#[meta(owner = "shop@example.com", tags = ["PII"], description = "what \"was\" sold")]
#[source(APP.endpoint("sales"), disorder = "1d", cdc = upsert)]
struct Sale {
    #[field(key, erase_key)]
    id: i64,
    #[field(key)]
    #[regex("[a-z]+")]
    code: String,
    r#type: Option<String>,
    #[between(0..=100)]
    percent: i64,
    #[one_of("a", "b")]
    grade: Option<String>,
    amounts: Vec<f64>,
    price: Decimal<2>,
    vector: Embedding<8>,
    photo: Vec<u8>,
    born: NaiveDate,
    counts: BTreeMap<String, i64>,
    place: Place,
    places: Vec<Option<Place>>,
    ordered_at: DateTime<Utc>,
    #[field(timestamp)]
    sold_at: DateTime<Utc>,
    is_paid: bool,
}

#[dataset]
struct Amount {
    id: i64,
    amounts: Vec<f64>,
    sold_at: DateTime<Utc>,
}

#[pipeline]
fn amount(sales: SaleRow) -> Amount {
    sales.select(id, amounts)
}

#[dataset]
#[source(APP.endpoint("rows"), disorder = "1d", cdc = append)]
struct SaleRow {
    id: i64,
    amounts: Vec<f64>,
    sold_at: DateTime<Utc>,
}

#[dataset]
struct Hourly {
    #[field(key)]
    id: i64,
    #[field(key)]
    window: Window,
    sales: i64,
    sold_at: DateTime<Utc>,
}

#[pipeline]
fn hourly(rows: SaleRow) -> Hourly {
    rows.group_by(id, window = tumbling("1h"))
        .aggregate(sales = count())
}

/// A feature of a record alone.
#[featureset]
struct Where {
    place: Place,
}

#[featureset]
struct SaleFeatures {
    id: i64,
    #[regex("[a-z]+")]
    code: String,
    #[feature(Sale::price)]
    price: Option<Decimal<2>>,
    #[feature(Sale::place)]
    place: Option<Place>,
}

#[featureset]
struct Kept {
    id: i64,
    #[regex("[a-z]+")]
    code: String,
    #[feature(Sale::percent, default = 0, version = 2)]
    #[between(0..=100)]
    percent: i64,
    #[feature(Sale::place)]
    place: Option<Place>,
    #[feature(expr = id * 2)]
    double: i64,
}

/// What stays of `Kept` after two features were left out.
mod left {
    use fennel::prelude::*;

    fennel::owner!("team@example.com");

    #[featureset]
    pub(super) struct Kept {
        id: i64,
        #[regex("[a-z]+")]
        code: String,
        #[feature(expr = id * 2)]
        double: i64,
    }
}

fn live() -> Catalog<'static> {
    fennel::entities![Sale, SaleRow, Amount, Hourly, Where, SaleFeatures, Kept]
        .into_iter()
        .collect()
}

#[test]
fn what_is_left_out_comes_with_the_code_that_deletes_it() {
    let left = fennel::entities![left::Kept].into_iter().collect();
    let Err(problems) = check_transition(&live(), &left) else {
        panic!("live entities are left out")
    };
    let code = |problem: &fennel_core::Problem| problem.code.clone().expect("there is code");
    let entities = problems
        .0
        .iter()
        .filter(|problem| problem.member.is_empty());
    let entities: Vec<_> = entities.map(code).collect();
    let members = problems
        .0
        .iter()
        .filter(|problem| !problem.member.is_empty());
    let members: String = members.map(code).collect();

    let pasted = include_str!("pasted.rs");
    let (_, pasted) = pasted
        .split_once("// From here on it is what was given.\n\n")
        .expect("it has the line");
    let (whole, rest) = pasted
        .split_once("\n/// What was kept, with what was given.\n")
        .expect("it has the comment");
    assert_eq!(entities.join("\n"), whole);
    for line in members.lines() {
        assert!(rest.contains(line), "no {line:?} in {rest}");
    }
}

#[test]
fn a_commit_takes_the_code() {
    let pasted = crate::pasted::catalog();
    pasted.check(None).expect("it is right by itself");
    check_transition(&live(), &pasted).expect("all of it is marked deleted");
    let gone = fennel::entities![left::Kept].into_iter().collect();
    check_transition(&pasted, &gone).expect("then it can be left out");
}

#[test]
fn a_deleted_name_that_is_a_word_of_rust_is_raw() {
    use fennel_core::entity::Descriptor;

    let [Descriptor::Dataset(sale)] = fennel::entities![Sale] else {
        unreachable!("it is a dataset")
    };
    let renamed = fennel_core::entity::Dataset {
        name: "Self_",
        ..*sale
    };
    let code = tombstone::entity(Descriptor::Dataset(&renamed));
    assert!(code.contains("struct Self_ {\n"), "{code}");
    assert!(code.contains("    r#type: Option<String>,\n"), "{code}");
}
