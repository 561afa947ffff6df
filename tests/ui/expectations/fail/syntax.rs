//! What the tokens alone show: N018, N292, N293, N294.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

// N292
#[dataset]
#[expectations(
    owner = "dq@example.com",
    meta(tags = ["x"]),
    expect_column_values_to_not_be_null(amount)
)]
struct Flagged {
    amount: f64,
    at: DateTime<Utc>,
}

// N293
#[expectations(expect_column_values_to_not_be_null(amount))]
#[dataset]
#[expectations(expect_column_values_to_be_null(amount))]
struct Twice {
    amount: f64,
    at: DateTime<Utc>,
}

// N294
#[featureset]
#[expectations(expect_column_values_to_not_be_null(uid))]
struct Features {
    uid: i64,
}

// N018
#[derive(Record)]
#[expectations(expect_column_values_to_not_be_null(amount))]
struct Money {
    amount: f64,
}

#[dataset]
#[expectations]
struct Nothing {
    at: DateTime<Utc>,
}

#[dataset]
#[expectations(
    versoin = 2,
    "no call",
    expect_column_values_to_not_be_null,
    expect_column_values_to_not_be_null("amount"),
    expect_column_values_to_not_be_null(Slips::amount),
    expect_column_values_to_match_regex(amount, regex = format!("x")),
    expect_column_values_to_be_between(amount, min = 0, min = 1),
    expect_column_values_to_match_regex(amount, "^m"),
    expect_column_values_to_be_null(column = amount),
    expect_multicolumn_sum_to_equal(column_list = [amount, tax], sum_total = 1),
)]
struct Slips {
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset]
#[expectations(version = -1, expect_column_values_to_not_be_null(amount))]
struct Negative {
    amount: f64,
    at: DateTime<Utc>,
}

fn main() {}
