//! Names, parameters, columns and values: N290, N291, N460.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

// N290
#[dataset]
#[expectations(
    expect_column_values_to_be_random(amount),
    expect_column_values_to_be_nul(amount),
    amount_is_positive(amount, mostly = 0.5)
)]
struct Names {
    amount: f64,
    at: DateTime<Utc>,
}

// N291
#[dataset]
#[expectations(
    expect_column_values_to_be_between(amount, minimum_value = 0.0, mostl = 0.5),
    expect_column_values_to_not_be_null(amount, precision = 3),
    expect_column_values_to_be_between(amount, min = 0.0, min_value = 1.0),
    expect_column_values_to_be_null(column = "amount"),
    expect_column_value_lengths_to_equal(name, valeu = 3),
    expect_column_pair_values_to_be_equal(amount, tax, mostly = 0.5)
)]
struct Parameters {
    amount: f64,
    tax: f64,
    name: String,
    at: DateTime<Utc>,
}

// N460
#[dataset]
#[expectations(
    expect_column_values_to_not_be_null(agee),
    expect_column_pair_values_to_be_equal(age, agee),
    expect_multicolumn_sum_to_equal(age, agee, sum_total = 1)
)]
struct Columns {
    age: i64,
    at: DateTime<Utc>,
}

#[dataset]
#[expectations(
    expect_column_values_to_match_regex(name),
    expect_column_values_to_not_be_null(mostly = 0.5),
    expect_column_pair_values_to_be_equal(name),
    expect_multicolumn_sum_to_equal(sum_total = 1),
    expect_column_values_to_not_be_null(name, at)
)]
struct Incomplete {
    name: String,
    at: DateTime<Utc>,
}

#[dataset]
#[expectations(
    version = 3_000_000_000,
    expect_column_values_to_be_between(amount, min = 0.0, mostly = 1.5),
    expect_column_values_to_be_between(amount, mostly = "most", strict_min = 1),
    expect_column_values_to_be_between(amount, max = f64::INFINITY),
    expect_column_values_to_match_regex(name, regex = 3, include_config = "yes"),
    expect_column_values_to_match_regex(name, regex = None),
    expect_column_values_to_match_regex_list(name, regex_list = "^m"),
    expect_column_value_lengths_to_equal(name, value = -1),
    expect_column_values_to_be_in_set(name, value_set = [["a"]]),
    expect_column_pair_values_to_be_in_set(name, amount, value_pairs_set = [1, 2]),
    expect_column_values_to_match_json_schema(name, json_schema = "{}")
)]
struct Values {
    name: String,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset]
#[expectations(
    expect_column_values_to_be_between(amount, min = "0"),
    expect_column_values_to_be_in_set(name, value_set = ["a", 1]),
    expect_column_pair_values_to_be_in_set(amount, name, value_pairs_set = [("a", "b")]),
    expect_column_pair_values_to_be_in_set(amount, name, value_pairs_set = [(1, 2)])
)]
struct Types {
    name: String,
    amount: f64,
    at: DateTime<Utc>,
}

fn main() {}
