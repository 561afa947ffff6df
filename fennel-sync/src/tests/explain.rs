//! What `check --explain` shows.

use fennel_core::catalog::Catalog;
use fennel_core::connector::Webhook;
use fennel_core::entity::{Cdc, Dataset, Env, Index, Location, Meta, Pipeline, Source};
use fennel_core::expr::{Binary, Expr};
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::op::Args;
use fennel_core::time::Duration;
use fennel_core::ty::Type;

use super::Run;
use super::definitions::{TICKET, TICKET_FEATURES, at, field};

static SALE: Dataset<'static> = Dataset {
    name: "Sale",
    index: Index::NONE,
    fields: &[
        field("ticket_id", Type::String, false),
        field("buyer", Type::Optional(&Type::String), false),
        field("paid", Type::Int, false),
        field("at", Type::Timestamp, false),
    ],
    sources: &[Source::new(
        Webhook::new("app").endpoint("sales").connector(),
        Duration::from_days(1),
        Cdc::Append,
    )],
    meta: Meta {
        tags: &["finance"],
        ..TICKET.meta
    },
    location: at(3),
    ..TICKET
};

const fn args(list: &'static [Expr<'static>]) -> Args<'static> {
    Args::new(0, list)
}

const PAID: Expr<'static> = Expr::Name("paid");
const BY_TICKET: &[Expr<'static>] = &[Expr::Name("ticket_id")];

/// Sales and once more those that were paid for, as prices of tickets.
static PRICE: Flow<'static> = {
    const ZERO: Expr<'static> = Expr::Literal(Literal::Int(0));
    const WEEK: Expr<'static> = Expr::Literal(Literal::Str("7d"));
    let sales =
        Flow::input(&SALE, 1).filter(Args::new(2, &[Expr::Binary(Binary::Ne, &PAID, &ZERO)]));
    let more = sales.filter(Args::new(3, &[Expr::Binary(Binary::Gt, &PAID, &ZERO)]));
    let united = sales.union(more, Args::new(4, &[]));
    united
        .group_by(args(BY_TICKET))
        .aggregate(args(&[Expr::Named(
            "price",
            &Expr::Call("sum", &[PAID, WEEK]),
        )]))
};

fn catalog() -> Catalog<'static> {
    let mut catalog = Catalog::default();
    catalog.push_dataset(SALE);
    catalog.push_dataset(TICKET);
    catalog.push_featureset(TICKET_FEATURES);
    catalog.push_pipeline(Pipeline {
        name: "price",
        dataset: "Ticket",
        inputs: &["Sale"],
        steps: PRICE.steps(),
        env: Env(&["prod"]),
        meta: Meta::EMPTY,
        location: Location::UNKNOWN,
    });
    catalog
}

fn explain(args: &[&str]) -> super::Ran {
    let mut run = Run::alone();
    run.catalog = Ok(catalog());
    run.run(&[&["check"], args].concat())
}

#[test]
fn the_way_of_each_definition_is_shown() {
    let ran = explain(&["--explain"]);
    assert_eq!(
        ran.out,
        "dataset Sale, version 1 (src/lib.rs:3)
  tags finance
  columns ticket_id: String, buyer: Option<String>, paid: i64, time at
  source webhook app, endpoint sales, append, disorder 1d
  kernels
    #0 source webhook app, endpoint sales, append
    #1 table Sale <- #0

dataset Ticket, version 1 (src/lib.rs:9)
  tags finance
  columns key ticket_id: String, price: i64, time at
  pipeline price
    let s1 = Sale
        -> ticket_id: String, buyer: Option<String>, paid: i64, time at
      .filter(paid != 0)
        -> ticket_id: String, buyer: Option<String>, paid: i64, time at
    let s2 = s1
      .filter(paid > 0)
        -> ticket_id: String, buyer: Option<String>, paid: i64, time at
    s1
      .union(s2)
        -> ticket_id: String, buyer: Option<String>, paid: i64, time at
      .group_by(ticket_id).aggregate(price = sum(paid, \"7d\"))
        -> key ticket_id: String, price: i64, time at
  kernels
    #1 table Sale <- #0
    #2 rows filter paid != 0 <- #1
    #3 rows filter paid > 0 <- #2
    #4 merge <- #2, #3
    #5 fold by ticket_id: price = sum(paid, \"7d\"); computed when read <- #4
    #6 table Ticket <- #5

featureset TicketFeatures (src/lib.rs:20)
  ticket_id: String, given by queries
  price: i64, looked up as Ticket.price by TicketFeatures.ticket_id, or 0 where there is none; tags
      finance

The definitions are right: 2 datasets, 1 featureset
"
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn one_definition_is_shown_as_a_commit_for_an_env_takes_it() {
    let ran = explain(&["--explain", "Ticket", "--env", "dev"]);
    assert_eq!(
        ran.out,
        "dataset Ticket, version 1 (src/lib.rs:9)
  columns key ticket_id: String, price: i64, time at
  kernels
    #2 table Ticket

The definitions are right: 2 datasets, 1 featureset
"
    );
    let ran = explain(&["--explain=Tiket"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (
            2,
            "",
            "error: there is no dataset and no featureset `Tiket` to explain\n"
        )
    );
}
