use serde_json::Value as Json;

use super::*;
use crate::entity::expectation::SPECS;
use crate::entity::{Argument, Index, Location, Meta, Order};
use crate::time::Timestamp;
use crate::ty::Type;
use crate::value::date_from_days;

const fn column<'a>(name: &'a str, ty: Type<'a>) -> Field<'a> {
    Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    }
}

const ROWS: Dataset<'static> = Dataset {
    name: "Rows",
    version: 1,
    history: Dataset::DEFAULT_HISTORY,
    index: Index::NONE,
    fields: &[
        column("int", Type::Optional(&Type::Int)),
        column("float", Type::Float),
        column("text", Type::Optional(&Type::String)),
        column("other", Type::Optional(&Type::String)),
        column("price", Type::Decimal { scale: 2 }),
        column("list", Type::List(&Type::Int)),
        column("day", Type::Date),
        column("at", Type::Timestamp),
    ],
    order: Order::NONE,
    sources: &[],
    expectations: None,
    sinks: &[],
    meta: Meta::EMPTY,
    location: Location::UNKNOWN,
};

const TEXTS: Literal<'static> = Literal::List(&[Literal::Str("a"), Literal::Str("b")]);

/// An expectation about these columns.
fn judge(name: &str, columns: &[&str], arguments: &[(&str, Literal<'_>)]) -> Result<Judge, String> {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, value)| Argument {
            name,
            value: *value,
        })
        .collect();
    let expectation = Expectation {
        name,
        columns,
        arguments: &arguments,
    };
    Judge::new(&expectation, &ROWS)
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

/// The verdicts about rows, `+`, `-` and `.` for those that are left out.
fn verdicts<const N: usize>(judge: &Judge, rows: &[[Value; N]]) -> String {
    let verdict = |row: &[Value; N]| {
        let row: Vec<_> = row.iter().collect();
        match judge.judge(&row) {
            Verdict::Met => '+',
            Verdict::Unmet => '-',
            Verdict::Left => '.',
        }
    };
    rows.iter().map(verdict).collect()
}

/// What an expectation says of values of one column, of which the last is null.
fn of(name: &str, column: &str, arguments: &[(&str, Literal<'_>)], values: &[Value]) -> String {
    let judge = judge(name, &[column], arguments).unwrap();
    let rows: Vec<_> = values.iter().map(|value| [value.clone()]).collect();
    verdicts(&judge, &[&rows[..], &[[Value::Null]]].concat())
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|value| text(value)).collect()
}

#[test]
fn every_expectation_has_a_rule_and_no_rule_is_of_none() {
    let specs: Vec<_> = SPECS.iter().map(|spec| spec.name).collect();
    let rules: Vec<_> = RULES.iter().map(|(name, _)| *name).collect();
    assert_eq!(specs, rules);
}

#[test]
fn nulls_are_judged_where_the_expectation_is_about_them() {
    let one = [Value::Int(1)];
    let judged = |name| of(name, "int", &[], &one);
    assert_eq!(judged("expect_column_values_to_not_be_null"), "+-");
    assert_eq!(judged("expect_column_values_to_be_null"), "-+");
}

#[test]
fn a_type_goes_by_many_names() {
    let one = |ty| {
        let given = [("type_", Literal::Str(ty))];
        of(
            "expect_column_values_to_be_of_type",
            "int",
            &given,
            &[Value::Int(1)],
        )
    };
    assert_eq!(["int64", "LongType", "i64"].map(one), ["+.", "+.", "+."]);
    assert_eq!(one("str"), "-.");
    let list = [(
        "type_list",
        Literal::List(&[Literal::Str("str"), Literal::Str("int")]),
    )];
    let any = of(
        "expect_column_values_to_be_in_type_list",
        "int",
        &list,
        &[Value::Int(1)],
    );
    assert_eq!(any, "+.");
    let unknown = judge(
        "expect_column_values_to_be_of_type",
        &["int"],
        &[("type_", Literal::Str("complex"))],
    );
    assert!(
        unknown
            .unwrap_err()
            .starts_with("there is no type `complex`; there are `bool`,")
    );
}

#[test]
fn sets_hold_what_is_equal() {
    let inside = "expect_column_values_to_be_in_set";
    let set = [("value_set", TEXTS)];
    assert_eq!(of(inside, "text", &set, &texts(&["a", "c"])), "+-.");
    let outside = "expect_column_values_to_not_be_in_set";
    assert_eq!(of(outside, "text", &set, &texts(&["a", "c"])), "-+.");
    let numbers = [(
        "value_set",
        Literal::List(&[Literal::Float(1.0), Literal::Int(3)]),
    )];
    assert_eq!(
        of(inside, "int", &numbers, &[1, 2, 3].map(Value::Int)),
        "+-+."
    );
    let day = |days| Value::Date(date_from_days(days).unwrap());
    let days = [("value_set", Literal::List(&[Literal::Str("1970-01-02")]))];
    assert_eq!(of(inside, "day", &days, &[day(1), day(2)]), "+-.");
    let instants = [
        ("value_set", Literal::List(&[Literal::Str("2024-01-02")])),
        ("parse_strings_as_datetimes", Literal::Bool(true)),
    ];
    let said = texts(&["Jan 2, 2024", "2024-01-02T00:00:00Z", "2024-01-03", "soon"]);
    assert_eq!(of(inside, "text", &instants, &said), "++--.");
}

#[test]
fn bounds_belong_to_what_is_between_them_unless_they_are_strict() {
    let name = "expect_column_values_to_be_between";
    let values = [1, 2, 3, 4].map(Value::Int);
    let bounds = [
        ("min_value", Literal::Int(2)),
        ("max_value", Literal::Float(3.0)),
    ];
    assert_eq!(of(name, "int", &bounds, &values), "-++-.");
    let strict = [bounds[0], bounds[1], ("strict_min", Literal::Bool(true))];
    assert_eq!(of(name, "int", &strict, &values), "--+-.");
    let strict = [bounds[1], ("strict_max", Literal::Bool(true))];
    assert_eq!(of(name, "int", &strict, &values), "++--.");
    let nan = [Value::Float(f64::NAN), Value::Float(2.5)];
    assert_eq!(of(name, "float", &bounds, &nan), "-+.");
    let since = [("min_value", Literal::Str("2024-01-02"))];
    let at = |text| Value::Timestamp(Timestamp::parse(text).unwrap());
    let instants = [at("2024-01-01T23:59:59Z"), at("2024-01-02")];
    assert_eq!(of(name, "at", &since, &instants), "-+.");
    let price = |text: &str| Value::Decimal(text.parse().unwrap());
    let prices = [price("1.99"), price("2.00"), price("3.01")];
    assert_eq!(of(name, "price", &bounds, &prices), "-+-.");
    assert!(
        judge(name, &["int"], &[])
            .unwrap_err()
            .contains("needs `min_value`")
    );
    let soon = judge(name, &["at"], &[("min_value", Literal::Str("soon"))]);
    assert!(
        soon.unwrap_err()
            .starts_with("\"soon\" is not a date or an instant")
    );
}

#[test]
fn lengths_are_those_of_characters_and_elements() {
    let between = "expect_column_value_lengths_to_be_between";
    let bounds = [
        ("min_value", Literal::Int(2)),
        ("max_value", Literal::Int(3)),
    ];
    assert_eq!(
        of(between, "text", &bounds, &texts(&["é", "éé", "éééé"])),
        "-+-."
    );
    let equal = "expect_column_value_lengths_to_equal";
    let list = |len| Value::List(vec![Value::Int(0); len]);
    assert_eq!(
        of(
            equal,
            "list",
            &[("value", Literal::Int(1))],
            &[list(1), list(2)]
        ),
        "+-."
    );
    let number = judge(equal, &["int"], &[("value", Literal::Int(1))]);
    assert_eq!(
        number.unwrap_err(),
        "column `int` is `Option<i64>`, and has no length"
    );
}

#[test]
fn patterns_are_found_anywhere() {
    let values = texts(&["cat", "dog", "at"]);
    let one = [("regex", Literal::Str("[at]+"))];
    assert_eq!(
        of("expect_column_values_to_match_regex", "text", &one, &values),
        "+-+."
    );
    assert_eq!(
        of(
            "expect_column_values_to_not_match_regex",
            "text",
            &one,
            &values
        ),
        "-+-."
    );
    let list = (
        "regex_list",
        Literal::List(&[Literal::Str("^c"), Literal::Str("t$")]),
    );
    let any = "expect_column_values_to_match_regex_list";
    assert_eq!(of(any, "text", &[list], &values), "+-+.");
    let all = [list, ("match_on", Literal::Str("all"))];
    assert_eq!(of(any, "text", &all, &values), "+--.");
    assert_eq!(
        of(
            "expect_column_values_to_not_match_regex_list",
            "text",
            &[list],
            &values
        ),
        "-+-."
    );
    let digits = [("regex", Literal::Str("^1"))];
    let numbers = [12, 21].map(Value::Int);
    assert_eq!(
        of(
            "expect_column_values_to_match_regex",
            "int",
            &digits,
            &numbers
        ),
        "+-."
    );
    let some = judge(any, &["text"], &[list, ("match_on", Literal::Str("some"))]);
    assert!(some.unwrap_err().contains("it is \"any\" or \"all\""));
}

#[test]
fn dates_are_of_their_format_and_possible() {
    let matches = |format, values: &[&str]| {
        let given = [("strftime_format", Literal::Str(format))];
        let name = "expect_column_values_to_match_strftime_format";
        of(name, "text", &given, &texts(values))
    };
    let days = [
        "2024-02-29",
        "2023-02-29",
        "2024-2-3",
        "2024-02-03 ",
        "24-02-03",
    ];
    assert_eq!(matches("%Y-%m-%d", &days), "+-+--.");
    assert_eq!(matches("%H:%M", &["23:59", "24:00", "7:05"]), "+-+.");
    assert_eq!(
        matches("%d %b", &["29 Feb", "28 Feb"]),
        "-+.",
        "1900 was no leap year"
    );
    let fractions = ["2024-01-02 03:04:05.678", "2024-01-02 03:04:05"];
    assert_eq!(matches("%Y-%m-%d %H:%M:%S.%f", &fractions), "+-.");
    let format = ("strftime_format", Literal::Str("%Q"));
    let unknown = judge(
        "expect_column_values_to_match_strftime_format",
        &["text"],
        &[format],
    );
    assert!(
        unknown
            .unwrap_err()
            .starts_with("\"%Q\" is no format of dates")
    );
}

#[test]
fn texts_are_read_as_dateutil_reads_them() {
    let vectors: Json = serde_json::from_str(include_str!("dates/vectors.json")).unwrap();
    let is_read = |text: &Json| dates::parse(text.as_str().unwrap()).is_some();
    let all = |name: &str| vectors[name].as_array().unwrap().clone();
    let refused: Vec<_> = all("parsed")
        .into_iter()
        .filter(|it| !is_read(it))
        .collect();
    assert_eq!(refused, [] as [Json; 0]);
    let read: Vec<_> = all("refused")
        .into_iter()
        .filter(|it| is_read(it))
        .collect();
    assert_eq!(read, [] as [Json; 0]);
    assert_eq!(
        dates::parse("Thu, 25 Sep 2003 10:49:41.5 -0300"),
        Timestamp::parse("2003-09-25T13:49:41.5Z").ok()
    );
}

#[test]
fn texts_are_json_and_as_a_schema_describes() {
    let values = texts(&["{\"a\": 1}", "{\"a\": \"x\"}", "{", "1e999"]);
    assert_eq!(
        of(
            "expect_column_values_to_be_json_parseable",
            "text",
            &[],
            &values
        ),
        "++-+."
    );
    const NUMBER: Literal<'static> = Literal::Object(&[("type", Literal::Str("number"))]);
    let schema = (
        "json_schema",
        Literal::Object(&[
            ("type", Literal::Str("object")),
            ("properties", Literal::Object(&[("a", NUMBER)])),
        ]),
    );
    let name = "expect_column_values_to_match_json_schema";
    assert_eq!(of(name, "text", &[schema], &values), "+---.");
    let remote = (
        "json_schema",
        Literal::Object(&[("$ref", Literal::Str("http://localhost/x"))]),
    );
    assert!(
        judge(name, &["text"], &[remote])
            .unwrap_err()
            .starts_with("`json_schema` can't be used")
    );
}

#[test]
fn pairs_are_left_out_by_their_nulls() {
    let rows = [
        [text("a"), text("a")],
        [text("a"), text("b")],
        [text("a"), Value::Null],
        [Value::Null, Value::Null],
    ];
    let judged = |name, arguments: &[(&str, Literal<'_>)]| {
        let judge = judge(name, &["text", "other"], arguments).unwrap();
        verdicts(&judge, &rows)
    };
    let ignore = |what| ("ignore_row_if", Literal::Str(what));
    let equal = "expect_column_pair_values_to_be_equal";
    assert_eq!(judged(equal, &[]), "+--.");
    assert_eq!(judged(equal, &[ignore("either_value_is_missing")]), "+-..");
    assert_eq!(judged(equal, &[ignore("neither")]), "+---");
    let greater = "expect_column_pair_values_A_to_be_greater_than_B";
    assert_eq!(judged(greater, &[]), "---.");
    assert_eq!(
        judged(greater, &[("or_equal", Literal::Bool(true))]),
        "+--."
    );
    const NOTHING: Literal<'static> = Literal::List(&[Literal::Str("a"), Literal::Null]);
    let set = (
        "value_pairs_set",
        Literal::List(&[
            Literal::List(&[Literal::Str("a"), Literal::Str("b")]),
            NOTHING,
        ]),
    );
    assert_eq!(
        judged("expect_column_pair_values_to_be_in_set", &[set]),
        "-++."
    );
    let apart = judge(greater, &["text", "int"], &[]);
    assert!(apart.unwrap_err().contains("neither is greater"));
    let wrong = judge(equal, &["text", "other"], &[ignore("both")]);
    assert!(
        wrong
            .unwrap_err()
            .starts_with("`ignore_row_if` is \"both\"")
    );
}

#[test]
fn numbers_add_up_exactly_where_none_is_a_float() {
    let name = "expect_multicolumn_sum_to_equal";
    let price = |text: &str| Value::Decimal(text.parse().unwrap());
    let exact = judge(
        name,
        &["int", "price"],
        &[("sum_total", Literal::Float(1.25))],
    )
    .unwrap();
    let rows = [
        [Value::Int(1), price("0.25")],
        [Value::Int(i64::MAX), price("0.25")],
        [Value::Null, price("1.25")],
        [Value::Null, Value::Null],
    ];
    assert_eq!(verdicts(&exact, &rows), "+-+.");
    let floats = judge(name, &["float", "int"], &[("sum_total", Literal::Int(3))]).unwrap();
    let rows = [
        [Value::Float(2.0), Value::Int(1)],
        [Value::Float(0.1), Value::Int(3)],
    ];
    assert_eq!(verdicts(&floats, &rows), "+-");
    let texts = judge(name, &["text", "int"], &[("sum_total", Literal::Int(3))]);
    assert!(texts.unwrap_err().ends_with("is no number to be added"));
}

#[test]
fn conditions_are_refused() {
    let condition = ("row_condition", Literal::Str("int > 1"));
    let refused = judge("expect_column_values_to_be_null", &["int"], &[condition]);
    assert!(
        refused
            .unwrap_err()
            .starts_with("`row_condition` is not evaluated")
    );
}

#[test]
fn foreign_texts_are_read_without_a_panic() {
    let parts = [
        "²",
        "9999999999999999999999",
        "24",
        ":",
        "-",
        "+",
        "T",
        "é",
        ".",
        "\0",
        "Jan",
        "am",
        "(",
        "%",
        "h",
    ];
    for code in 0..parts.len().pow(4) {
        let mut code = code;
        let mut text = String::new();
        while code > 0 {
            text.push_str(parts[code % parts.len()]);
            code /= parts.len();
        }
        let _ = dates::parse(&text);
    }
}
