//! Above or below `#[dataset]`, by path, constants by name, names that are keywords, every kind of value.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

const LOWEST: f64 = 0.5;
const CURRENCY: &str = "EUR";

#[fennel::expectations(
    expect_column_values_to_be_between(amount, min = LOWEST, max_value = 1e6, strict_max = true),
    expect_column_values_to_be_between(at, min = "2024-01-01", parse_strings_as_datetimes = true),
    expect_column_values_to_be_between(amount, min = "0", allow_cross_type_comparisons = true),
    expect_column_values_to_be_in_set(r#type, value_set = [CURRENCY, "USD", None]),
    expect_column_values_to_be_in_set(count, value_set = [-1, 2, 0.5], mostly = 1),
    expect_column_pair_values_to_be_in_set(count, amount, value_pairs_set = [(1, 0.5), (2, None)]),
    expect_column_pair_values_a_to_be_greater_than_b(amount, count),
    expect_column_values_to_match_json_schema(
        r#type,
        json_schema = [("type", "object"), ("required", ["a"])],
        result_format = [("result_format", "SUMMARY")],
        meta = [],
    ),
    expect_multicolumn_sum_to_equal(amount, sum_total = 10, result_format = "BASIC", include_config = None),
)]
#[dataset]
struct Above {
    amount: f64,
    count: Option<i64>,
    r#type: String,
    at: DateTime<Utc>,
}

#[dataset]
#[expectations(version = 2, expect_column_values_to_not_be_null(amount, row_condition = "amount > 1", condition_parser = "pandas"))]
#[meta(tags = ["below"])]
struct Below {
    amount: Option<f64>,
    at: DateTime<Utc>,
}

fn main() {
    let above = fennel::entities![Above, Below];
    let fennel::__private::Descriptor::Dataset(below) = above[1] else {
        panic!("a dataset");
    };
    assert_eq!(below.expected().len(), 1);
    assert_eq!(below.expectations.map(|all| all.version), Some(2));
}
