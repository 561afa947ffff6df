//! A pipeline prints as the Rust that a user would write.

use bumpalo::Bump;
use fennel_core::wire::{decode, encode};

use crate::project::catalog;

/// The pipeline of that dataset.
fn printed(dataset: &str) -> String {
    format!("{:#}", catalog().pipelines(dataset)[0])
}

#[test]
fn each_operator_is_a_call_in_a_line_of_its_own() {
    assert_eq!(
        printed("Line"),
        "Order
    .filter(amount.fill_null(0.0) > 0.0)
    .dropnull(amount)
    .left_join(User, on(buyer == uid), within(\"30d\", \"2h\"), fields(country))
    .assign(usd = amount * 1.08)
    .rename(sku = skus)
    .explode(sku)
    .drop(buyer, amount)"
    );
    assert_eq!(printed("FirstSeen"), "Seen\n    .group_by(uid).first()");
    assert_eq!(
        printed("LastLine"),
        "Line
    .dropnull(country)
    .group_by(uid, country).latest()"
    );
    assert_eq!(
        printed("Change"),
        "LastLine
    .drop(sku)
    .changelog(delete = gone)"
    );
    assert_eq!(
        printed("Hourly"),
        "Line\n    .group_by(uid, window = tumbling(\"1h\")).aggregate(usd = sum(usd), emit = \"final\")"
    );
}

#[test]
fn what_several_steps_take_has_a_name() {
    assert_eq!(
        printed("Seen"),
        "let s1 = Line
    .dropnull()
    .inner_join(User, on(uid), within(\"1d\"), fields(r#type));
let s2 = s1
    .filter(country != \"DE\")
    .select(uid);
let s3 = Line
    .select(uid)
    .dedup(uid);
s1
    .select(uid)
    .union(s2)
    .union(s3)
    .dedup(window = session(\"10m\"))"
    );
}

#[test]
fn aggregates_are_written_without_what_goes_without_saying() {
    let printed = catalog().pipelines("Stats")[0].to_string();
    assert_eq!(
        printed,
        "Line.group_by(uid).aggregate(lines = count(\"forever\"), \
         skus = count(sku, \"7d\", unique = true, approx = true), usd = sum(usd, \"7d\"), \
         mean = average(usd, \"7d\", default = 1.5), least = min(usd, \"7d\", default = 0.0), \
         most = max(usd, \"7d\"), spread = stddev(usd, \"7d\"), \
         median = quantile(usd, 0.5, \"7d\", approx = true), \
         countries = distinct(country, \"7d\", unordered = true), newest = last_k(usd, 5, \"7d\"), \
         oldest = first_k(sku, 5, \"7d\", dedup = true, dropnull = true), \
         heat = exp_decay_sum(usd, \"1d\", \"forever\"))"
    );
}

#[test]
fn what_a_server_reads_prints_the_same_but_for_what_is_spelled_out() {
    let (arena, request) = (Bump::new(), encode(&catalog(), None, ""));
    let decoded = decode(&arena, &request).expect("we read what we send");
    for dataset in ["FirstSeen", "LastLine", "Change", "Stats", "Hourly"] {
        let read = format!("{:#}", decoded.pipelines(dataset)[0]);
        assert_eq!(read, printed(dataset));
    }
    assert_eq!(
        decoded.pipelines("Line")[0].to_string(),
        "Order.filter(amount.fill_null(0.0) > 0.0).dropnull(amount)\
         .left_join(User, on(buyer == uid), within(\"30d\", \"2h\"), fields(country))\
         .assign(usd = (amount * 1.08) as f64).rename(sku = skus).explode(sku).drop(buyer, amount)"
    );
}
