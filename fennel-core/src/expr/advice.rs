//! What is advised about expressions, each as the end of a message.
//!
//! They stand together because a server writes their code as other languages have it, and is tested to know them all.

macro_rules! advice {
    ($($name:ident = $text:literal,)*) => {
        $(pub(crate) const $name: &str = $text;)*

        /// All of them, with their code in backticks.
        pub const ALL: &[&str] = &[$($text),*];
    };
}

advice! {
    WITHOUT_QUOTES = ": a number or a column is written without quotes",
    WITHOUT_A_POINT = ": write it without a point",
    IN_QUOTES = ": write it in quotes",
    A_BOOL = ": write `true` or `false`",
    AN_INSTANT = ": write an instant as `datetime(2024, 1, 31)`",
    TEXT_TO_NUMBER = ": `.parse::<f64>()` makes it a number",
    TEXT_TO_WHOLE = ": `.parse::<i64>()` makes it an `i64`",
    FLOAT_TO_WHOLE = ": `.round()`, `.floor()` and `.ceil()` make it an `i64`",
    BOOL_TO_NUMBER = ": `if a { 1 } else { 0 }` makes it a number",
    INSTANT_TO_WHOLE = ": `.since_epoch(\"second\")` makes it an `i64`",
    NO_DECIMALS = ", which expressions don't compute with: declare the column `f64`",
    NUMBER_TO_TEXT = ": `.to_string()` makes it a text",
    INSTANT_TO_TEXT = ": `.strftime(\"%Y-%m-%d\")` makes it a text",
    NUMBER_TO_BOOL = ": compare it, as in `a > 0`",
    TEXT_TO_BOOL = ": compare it, as in `a == \"text\"`",
    TEXT_TO_INSTANT = ": `.strptime(\"%Y-%m-%d\")` makes it an instant",
    WHOLE_TO_INSTANT = ": `from_epoch(a, \"second\")` makes it an instant",
    NO_TIME_OF_DAY = ", which has no time of day: declare the column `DateTime<Utc>`",
    NULL = ": say what null means, as in `.fill_null(..)`",
    NULL_IS_FALSE = ": say what null means, as in `.fill_null(false)`",
    FILTER_NULL_IS_FALSE = ": say what null means, as in `fill_null(false)`",
    JOIN_TEXTS = ": join texts with `a.concat(b)`",
    TIME_BETWEEN = ": the time between two instants is `a.since(b, \"second\")`",
    COMPARE_INSTANTS = ": compare instants by `a.since(b, \"second\") > 0`",
    TEXTS_HAVE_NO_ORDER = ": texts are equal or not, but have no order here",
    DATES_HAVE_NO_ORDER = ": dates are equal or not, but have no order here",
    INSTANT_LITERAL = ": an instant is written `datetime(2024, 1, 31)`",
    DECIMAL_LITERAL = ": a decimal is written `\"12.50\" as Decimal<2>`",
    DATE_LITERAL = ": a date is written `\"2024-01-31\" as NaiveDate`",
    BOOL_ITSELF = ": a `bool` is a condition by itself, as in `a` and `!a`",
    LEFT_TO_TEXT = ": make both texts, as in `a.to_string() == b`",
    RIGHT_TO_TEXT = ": make both texts, as in `a == b.to_string()`",
}
