//! The expectations there are: names, columns, parameters in the protocol's order, and defaults.
//!
//! Checks, the wire and the reference in the docs all follow from [`SPECS`]; one more expectation is
//! one more entry.

use crate::literal::Literal;
use crate::text::eq;

/// One expectation that can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name. On the wire it is in lower case.
    pub name: &'static str,
    /// What it expects, for people.
    pub says: &'static str,
    /// The columns that it is about.
    pub columns: Columns,
    /// Its parameters, in groups, in the order of the protocol.
    pub parameters: &'static [&'static [Parameter]],
}

/// The columns that an expectation is about, by the names that the protocol has for them.
#[derive(Clone, Copy, Debug)]
pub enum Columns {
    /// So many, each sent under its own name.
    Each(&'static [&'static str]),
    /// Any number, sent as one list.
    List(&'static str),
}

/// One parameter of an expectation.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The protocol's name.
    pub name: &'static str,
    /// A shorter name that attributes may use; empty where there is none.
    pub short: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it must be given.
    pub required: bool,
    /// What is sent where it isn't given.
    pub default: Option<Literal<'static>>,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `true`, `false`.
    Bool,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number that is not negative.
    Length,
    /// A number.
    Number,
    /// A number, or a text that is compared with texts, dates and instants.
    Bound,
    /// A part of the rows, 0 to 1.
    Part,
    /// A list of plain values.
    Values,
    /// A list of pairs of plain values.
    Pairs,
    /// Names with values.
    Object,
    /// A text, or names with values.
    TextOrObject,
}

impl Takes {
    /// What it takes, in words with an example.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Takes::Bool => "`true` or `false`",
            Takes::Text => "a text in quotes",
            Takes::Texts => "a list of texts, such as `[\"a\", \"b\"]`",
            Takes::Length => "a whole number from 0 on",
            Takes::Number => "a number",
            Takes::Bound => "a number, or a text such as \"2024-02-03\"",
            Takes::Part => "a part of the rows, from 0.0 to 1.0",
            Takes::Values => "a list of plain values, such as `[\"a\", \"b\"]`",
            Takes::Pairs => "a list of pairs, such as `[(\"a\", 1), (\"b\", 2)]`",
            Takes::Object => "names with values, such as `[(\"a\", 1), (\"b\", 2)]`",
            Takes::TextOrObject => "a text in quotes, or names with values such as `[(\"a\", 1)]`",
        }
    }
}

impl Parameter {
    const fn optional(name: &'static str, takes: Takes) -> Parameter {
        Parameter {
            name,
            short: "",
            takes,
            required: false,
            default: None,
        }
    }

    const fn required(name: &'static str, takes: Takes) -> Parameter {
        Parameter {
            required: true,
            ..Parameter::optional(name, takes)
        }
    }

    const fn default(self, default: Literal<'static>) -> Parameter {
        Parameter {
            default: Some(default),
            ..self
        }
    }

    const fn short(self, short: &'static str) -> Parameter {
        Parameter { short, ..self }
    }

    /// Whether an attribute or a message that writes `name` means this parameter.
    #[must_use]
    pub const fn is(&self, name: &str) -> bool {
        eq(self.name, name) || (!self.short.is_empty() && eq(self.short, name))
    }

    /// Whether every expectation, or each about the values of one column, has it.
    #[must_use]
    pub const fn is_common(&self) -> bool {
        let mut i = 0;
        while i < COMMON.len() {
            if eq(COMMON[i], self.name) {
                return true;
            }
            i += 1;
        }
        false
    }
}

impl Spec {
    /// The expectation of that name, in the table's spelling or in lower case.
    #[must_use]
    pub const fn find(name: &str) -> Option<&'static Spec> {
        let mut i = 0;
        while i < SPECS.len() {
            if is_spelt(SPECS[i].name, name) {
                return Some(&SPECS[i]);
            }
            i += 1;
        }
        None
    }

    /// The parameter that `name` means.
    #[must_use]
    pub const fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        let mut i = 0;
        while let Some(parameter) = self.nth(i) {
            if parameter.is(name) {
                return Some(parameter);
            }
            i += 1;
        }
        None
    }

    /// The `i`th parameter over all groups.
    pub(super) const fn nth(&self, mut i: usize) -> Option<&'static Parameter> {
        let mut group = 0;
        while group < self.parameters.len() {
            if i < self.parameters[group].len() {
                return Some(&self.parameters[group][i]);
            }
            i -= self.parameters[group].len();
            group += 1;
        }
        None
    }
}

/// Whether `written` is `name`, or `name` in lower case.
const fn is_spelt(name: &str, written: &str) -> bool {
    let (name, written) = (name.as_bytes(), written.as_bytes());
    if name.len() != written.len() {
        return false;
    }
    let mut i = name.len();
    while i > 0 {
        i -= 1;
        if written[i] != name[i] && written[i] != name[i].to_ascii_lowercase() {
            return false;
        }
    }
    true
}

const COMMON: [&str; 7] = [
    "mostly",
    "row_condition",
    "condition_parser",
    "result_format",
    "include_config",
    "catch_exceptions",
    "meta",
];

const ONE: Columns = Columns::Each(&["column"]);
const PAIR: Columns = Columns::Each(&["column_A", "column_B"]);

const FALSE: Literal<'static> = Literal::Bool(false);
const MOSTLY: Parameter = Parameter::optional("mostly", Takes::Part);
const ROW_CONDITION: Parameter = Parameter::optional("row_condition", Takes::Text);
const CONDITION_PARSER: Parameter = Parameter::optional("condition_parser", Takes::Text);
const RESULT_FORMAT: Parameter = Parameter::optional("result_format", Takes::TextOrObject);
const INCLUDE_CONFIG: Parameter =
    Parameter::optional("include_config", Takes::Bool).default(Literal::Bool(true));
const CATCH_EXCEPTIONS: Parameter = Parameter::optional("catch_exceptions", Takes::Bool);
const META: Parameter = Parameter::optional("meta", Takes::Object);

const MIN: Parameter = Parameter::optional("min_value", Takes::Bound).short("min");
const MAX: Parameter = Parameter::optional("max_value", Takes::Bound).short("max");
const SHORTEST: Parameter = Parameter::optional("min_value", Takes::Length).short("min");
const LONGEST: Parameter = Parameter::optional("max_value", Takes::Length).short("max");
const VALUE_SET: Parameter = Parameter::required("value_set", Takes::Values);
const REGEX: Parameter = Parameter::required("regex", Takes::Text);
const REGEX_LIST: Parameter = Parameter::required("regex_list", Takes::Texts);
const CROSS_TYPE: Parameter = Parameter::optional("allow_cross_type_comparisons", Takes::Bool);
const DATETIMES: Parameter = Parameter::optional("parse_strings_as_datetimes", Takes::Bool);
const IGNORE_ROW_IF: Parameter = Parameter::optional("ignore_row_if", Takes::Text)
    .default(Literal::Str("both_values_are_missing"));

/// What most expectations about the values of one column end with, but for `mostly`.
const ROWS: &[Parameter] = &[
    RESULT_FORMAT,
    ROW_CONDITION,
    CONDITION_PARSER,
    INCLUDE_CONFIG,
    CATCH_EXCEPTIONS,
    META,
];
/// The same in the order of those about bounds.
const BOUNDED_ROWS: &[Parameter] = &[
    MOSTLY,
    ROW_CONDITION,
    CONDITION_PARSER,
    RESULT_FORMAT,
    INCLUDE_CONFIG,
    CATCH_EXCEPTIONS,
    META,
];
/// What those about several columns end with.
const WHOLE: &[Parameter] = &[RESULT_FORMAT, INCLUDE_CONFIG, CATCH_EXCEPTIONS, META];

const fn spec(
    name: &'static str,
    says: &'static str,
    columns: Columns,
    parameters: &'static [&'static [Parameter]],
) -> Spec {
    Spec {
        name,
        says,
        columns,
        parameters,
    }
}

/// Every expectation there is.
pub const SPECS: &[Spec] = &[
    spec(
        "expect_column_values_to_not_be_null",
        "no value is null",
        ONE,
        &[&[MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_be_null",
        "every value is null",
        ONE,
        &[&[MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_be_of_type",
        "every value is of the type of that name",
        ONE,
        &[&[Parameter::required("type_", Takes::Text), MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_be_in_type_list",
        "every value is of one of the types",
        ONE,
        &[
            &[Parameter::required("type_list", Takes::Texts), MOSTLY],
            ROWS,
        ],
    ),
    spec(
        "expect_column_values_to_be_in_set",
        "every value is one of the set",
        ONE,
        &[&[VALUE_SET, MOSTLY, DATETIMES], ROWS],
    ),
    spec(
        "expect_column_values_to_not_be_in_set",
        "no value is one of the set",
        ONE,
        &[&[VALUE_SET, MOSTLY, DATETIMES], ROWS],
    ),
    spec(
        "expect_column_values_to_be_between",
        "every value lies between the bounds, which belong to it unless they are strict",
        ONE,
        &[
            &[
                MIN,
                MAX,
                Parameter::optional("strict_min", Takes::Bool).default(FALSE),
                Parameter::optional("strict_max", Takes::Bool).default(FALSE),
                CROSS_TYPE,
                DATETIMES.default(FALSE),
                Parameter::optional("output_strftime_format", Takes::Text),
            ],
            BOUNDED_ROWS,
        ],
    ),
    spec(
        "expect_column_value_lengths_to_be_between",
        "every text's length lies between the bounds, which belong to it",
        ONE,
        &[&[SHORTEST, LONGEST], BOUNDED_ROWS],
    ),
    spec(
        "expect_column_value_lengths_to_equal",
        "every text is that long",
        ONE,
        &[&[Parameter::required("value", Takes::Length), MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_match_regex",
        "every text matches the pattern",
        ONE,
        &[&[REGEX, MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_not_match_regex",
        "no text matches the pattern",
        ONE,
        &[&[REGEX, MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_match_regex_list",
        "every text matches any or all of the patterns",
        ONE,
        &[
            &[
                REGEX_LIST,
                Parameter::optional("match_on", Takes::Text).default(Literal::Str("any")),
                MOSTLY,
            ],
            ROWS,
        ],
    ),
    spec(
        "expect_column_values_to_not_match_regex_list",
        "no text matches any of the patterns",
        ONE,
        &[&[REGEX_LIST, MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_match_strftime_format",
        "every text is a date or an instant in the format",
        ONE,
        &[
            &[Parameter::required("strftime_format", Takes::Text), MOSTLY],
            ROWS,
        ],
    ),
    spec(
        "expect_column_values_to_be_dateutil_parseable",
        "every text can be read as a date or an instant",
        ONE,
        &[&[MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_be_json_parseable",
        "every text is JSON",
        ONE,
        &[&[MOSTLY], ROWS],
    ),
    spec(
        "expect_column_values_to_match_json_schema",
        "every text is JSON that the schema describes",
        ONE,
        &[
            &[Parameter::required("json_schema", Takes::Object), MOSTLY],
            ROWS,
        ],
    ),
    spec(
        "expect_column_pair_values_to_be_equal",
        "the two columns are equal in every row",
        PAIR,
        &[&[IGNORE_ROW_IF], WHOLE],
    ),
    spec(
        "expect_column_pair_values_A_to_be_greater_than_B",
        "the first column is greater than the second in every row",
        PAIR,
        &[
            &[
                Parameter::optional("or_equal", Takes::Bool),
                DATETIMES.default(FALSE),
                CROSS_TYPE,
                IGNORE_ROW_IF,
            ],
            WHOLE,
        ],
    ),
    spec(
        "expect_column_pair_values_to_be_in_set",
        "the two columns are one of the pairs in every row",
        PAIR,
        &[
            &[
                Parameter::required("value_pairs_set", Takes::Pairs),
                IGNORE_ROW_IF,
            ],
            WHOLE,
        ],
    ),
    spec(
        "expect_multicolumn_sum_to_equal",
        "the columns add up to the total in every row",
        Columns::List("column_list"),
        &[&[Parameter::required("sum_total", Takes::Number)], WHOLE],
    ),
];
