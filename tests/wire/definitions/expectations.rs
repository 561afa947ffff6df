use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("dq@nimbus.io");

static HOOKS: Webhook = Webhook::new("dq_hooks");

const COLD: i64 = 0;

#[source(HOOKS.endpoint("meters"), disorder = "1d", cdc = upsert)]
#[expectations(
    version = 3,
    expect_column_values_to_be_between(low, mostly = 0.95, max = 10.5, min = COLD),
    expect_column_values_to_be_in_set(unit, value_set = ["C", "F"], mostly = 0.99),
    expect_column_values_to_not_be_null(high),
    expect_column_values_to_match_regex(mid, regex = "^m-[0-9]+$"),
    expect_column_pair_values_A_to_be_greater_than_B(high, low, or_equal = true),
    expect_column_pair_values_to_be_equal(low, high),
    expect_column_pair_values_to_be_in_set(unit, mid, value_pairs_set = [("C", "m-1"), ("F", "m-2")]),
    expect_column_value_lengths_to_be_between(mid, min_value = 3, max_value = 9),
    expect_column_value_lengths_to_equal(unit, value = 1),
    expect_column_values_to_be_dateutil_parseable(unit),
    expect_column_values_to_be_in_type_list(low, type_list = ["float", "int"]),
    expect_column_values_to_be_json_parseable(unit, mostly = 0.1),
    expect_column_values_to_be_null(unit, mostly = 0.0),
    expect_column_values_to_be_of_type(unit, type_ = "str"),
    expect_column_values_to_match_json_schema(unit, json_schema = [("type", "string")]),
    expect_column_values_to_match_regex_list(mid, regex_list = ["^m", "^é"], match_on = "any"),
    expect_column_values_to_match_strftime_format(unit, strftime_format = "%Y"),
    expect_column_values_to_not_be_in_set(unit, value_set = [None, "K"]),
    expect_column_values_to_not_match_regex(mid, regex = "x$"),
    expect_column_values_to_not_match_regex_list(mid, regex_list = ["x", "y"]),
    expect_multicolumn_sum_to_equal(low, high, sum_total = 10),
)]
#[dataset(version = 2)]
struct Meter {
    #[field(key)]
    mid: String,
    low: f64,
    high: f64,
    unit: String,
    at: DateTime<Utc>,
}

#[source(HOOKS.endpoint("plain"), disorder = "1d", cdc = append)]
#[dataset]
#[expectations(expect_column_values_to_be_between(low, min = -5, max = 5, strict_min = true))]
struct PlainMeter {
    low: f64,
    at: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 2] {
    fennel::entities![Meter, PlainMeter]
}
