//! What is said of expressions that are wrong, and at which part.

use fennel_core::expr::{Binary, Branch, Expr, FieldExpr, Names, Scope, Unary};
use fennel_core::literal::Literal;
use fennel_core::schema::Schema;
use fennel_core::ty::{Computed, MAX_NESTING, Record, RecordField, Type};

const POINT: Type<'static> = Type::Record(&Record {
    name: "Point",
    fields: &[
        RecordField {
            name: "x",
            ty: Type::Int,
        },
        RecordField {
            name: "y",
            ty: Type::Int,
        },
    ],
});

const NAME: Expr<'static> = Expr::Name("name");
const UID: Expr<'static> = Expr::Name("uid");
const MAYBE: Expr<'static> = Expr::Name("maybe");
const AT: Expr<'static> = Expr::Name("at");
const DAY: Expr<'static> = Expr::Name("day");
const TAGS: Expr<'static> = Expr::Name("tags");
const COUNTS: Expr<'static> = Expr::Name("counts");
const PRICES: Expr<'static> = Expr::Name("prices");
const SPOT: Expr<'static> = Expr::Name("spot");
const V: Expr<'static> = Expr::Variable("v");

const fn text(text: &'static str) -> Expr<'static> {
    Expr::Literal(Literal::Str(text))
}

const fn int(int: i64) -> Expr<'static> {
    Expr::Literal(Literal::Int(int))
}

fn schema() -> Schema<'static> {
    let mut schema = Schema::new("at");
    let columns: [(&str, Type<'static>); 10] = [
        ("name", Type::String),
        ("uid", Type::Int),
        ("maybe", Type::Optional(&Type::Int)),
        ("day", Type::Date),
        ("tags", Type::List(&Type::String)),
        ("counts", Type::List(&Type::Int)),
        ("prices", Type::Map(&Type::Int)),
        ("spot", POINT),
        ("spots", Type::List(&POINT)),
        ("deep", deep()),
    ];
    for (name, ty) in &columns {
        schema.push(name, Computed::of(ty));
    }
    schema
}

/// A list of a list of a list .., as deep as it may be.
fn deep() -> Type<'static> {
    (0..MAX_NESTING).fold(Type::Int, |inner, _| Type::List(Box::leak(Box::new(inner))))
}

/// Checks that the printed expression is refused at that part with that message.
#[track_caller]
fn refused(expr: Expr<'_>, printed: &str, at: usize, message: &str) {
    assert_eq!(expr.to_string(), printed);
    let schema = schema();
    let fault = expr
        .declared_in(&Scope::new(Names::Schema(&schema)))
        .map(|ty| ty.to_string())
        .expect_err(printed);
    assert_eq!(
        (fault.at, fault.message.to_string().as_str()),
        (at, message),
        "{printed}"
    );
}

#[track_caller]
fn call(name: &str, args: &[Expr<'_>], printed: &str, at: usize, message: &str) {
    refused(Expr::Call(name, args), printed, at, message);
}

#[test]
fn names_are_told() {
    refused(
        Expr::Name("nane"),
        "nane",
        0,
        "there is no column `nane`; did you mean `name`?",
    );
    call(
        "lowr",
        &[NAME],
        "name.lowr()",
        0,
        "there is no function `lowr`; did you mean `lower`?",
    );
    call(
        "frobnicate",
        &[NAME],
        "name.frobnicate()",
        0,
        "there is no function `frobnicate`; a `String` has `lower`, `upper`, `len`, `contains`, `starts_with`, `ends_with`, `concat`, `split`, `json_extract`, `parse`, `strptime`",
    );
    refused(
        Expr::Field(&SPOT, "z"),
        "spot.z",
        0,
        "record `Point` has no field `z`; it has `x`, `y`",
    );
    refused(
        Expr::Field(&UID, "x"),
        "uid.x",
        1,
        "`.x` needs a record, and `uid` is `i64`",
    );
    refused(
        V,
        "v",
        0,
        "variable `v` is not in scope: it is known inside its own closure alone",
    );
}

#[test]
fn operands_are_told() {
    call(
        "lower",
        &[UID],
        "uid.lower()",
        1,
        "`lower` needs a `String`, and `uid` is `i64`: `.to_string()` makes it a text",
    );
    call(
        "abs",
        &[NAME],
        "name.abs()",
        1,
        "`abs` needs a number, and `name` is `String`: `.parse::<f64>()` makes it a number",
    );
    call(
        "year",
        &[DAY],
        "day.year()",
        1,
        "`year` needs a `DateTime<Utc>`, and `day` is `NaiveDate`, which has no time of day: declare the column `DateTime<Utc>`",
    );
    call(
        "sum",
        &[UID],
        "uid.sum()",
        1,
        "`sum` needs a list, and `uid` is `i64`",
    );
    call(
        "len",
        &[UID],
        "uid.len()",
        1,
        "`len` needs a `String`, a list or a map, and `uid` is `i64`: `.to_string()` makes it a text",
    );
    call(
        "get",
        &[UID, text("a")],
        "uid.get(\"a\")",
        1,
        "`get` needs a map, and `uid` is `i64`",
    );
    call(
        "sum",
        &[TAGS],
        "tags.sum()",
        1,
        "`sum` needs a list of numbers, and `tags` is `Vec<String>`",
    );
    call(
        "any",
        &[TAGS],
        "tags.any()",
        1,
        "`any` needs a list of bools, and `tags` is `Vec<String>`",
    );
    call(
        "from_epoch",
        &[NAME, text("second")],
        "from_epoch(name, \"second\")",
        1,
        "`from_epoch` needs an `i64`, and `name` is `String`: `.parse::<i64>()` makes it an `i64`",
    );
}

#[test]
fn arguments_are_told() {
    call(
        "contains",
        &[NAME, UID],
        "name.contains(uid)",
        2,
        "`contains` needs a `String` as its argument, and `uid` is `i64`: `.to_string()` makes it a text",
    );
    call(
        "contains",
        &[COUNTS, NAME],
        "counts.contains(name)",
        2,
        "a list of `i64` can't contain `String`: `.parse::<i64>()` makes it an `i64`",
    );
    call(
        "contains",
        &[COUNTS, MAYBE],
        "counts.contains(maybe)",
        2,
        "a list of `i64` can't contain `Option<i64>`: say what null means, as in `.fill_null(..)`",
    );
    call(
        "at",
        &[COUNTS, MAYBE],
        "counts[maybe]",
        2,
        "`at` needs an `i64` as its index, and `maybe` is `Option<i64>`: say what null means, as in `.fill_null(..)`",
    );
    call(
        "get",
        &[PRICES, UID],
        "prices.get(uid)",
        2,
        "`get` needs a `String` as its key, and `uid` is `i64`: `.to_string()` makes it a text",
    );
    call(
        "get",
        &[PRICES, text("a"), text("b")],
        "prices.get(\"a\", \"b\")",
        3,
        "the values of this map are `i64`, and the default is `String`: a number or a column is written without quotes",
    );
    call(
        "repeat",
        &[UID, MAYBE],
        "repeat(uid, maybe)",
        2,
        "`repeat` needs an `i64` as its count, and `maybe` is `Option<i64>`: say what null means, as in `.fill_null(..)`",
    );
    call(
        "repeat",
        &[UID, int(-1)],
        "repeat(uid, -1)",
        2,
        "nothing is repeated less than 0 times: count from 0 on",
    );
    call(
        "repeat",
        &[UID, int(65_537)],
        "repeat(uid, 65537)",
        2,
        "nothing is repeated more than 65536 times",
    );
    call(
        "concat",
        &[NAME],
        "name.concat()",
        0,
        "`concat` needs its argument `other`",
    );
    call(
        "lower",
        &[NAME, NAME],
        "name.lower(name)",
        2,
        "`lower` takes no argument",
    );
    call(
        "since",
        &[AT, AT, Expr::Named("units", &text("day"))],
        "at.since(at, units = \"day\")",
        3,
        "`since` has no parameter `units`; there is `other`, `unit`",
    );
    call(
        "parse",
        &[NAME],
        "name.parse()",
        0,
        "`parse` needs its type, as in `a.parse::<i64>()`",
    );
    call("now", &[UID], "now(uid)", 1, "`now` takes no argument");
    call(
        "len",
        &[],
        "len()",
        0,
        "`len` is a function of a `String`, a list or a map: write it behind one, as in `a.len(..)`",
    );
    // The fault of an argument is told inside it.
    call(
        "pow",
        &[UID, Expr::Named("exponent", &Expr::Call("lower", &[UID]))],
        "uid.pow(exponent = uid.lower())",
        4,
        "`lower` needs a `String`, and `uid` is `i64`: `.to_string()` makes it a text",
    );
}

#[test]
fn constants_are_told() {
    call(
        "strftime",
        &[AT, text("%Y-%Q")],
        "at.strftime(\"%Y-%Q\")",
        2,
        "there is no format specifier `%Q`; a percent sign is `%%`",
    );
    call(
        "strptime",
        &[NAME, NAME],
        "name.strptime(name)",
        2,
        "`strptime` needs its format as a constant text",
    );
    call(
        "strptime",
        &[
            NAME,
            text("%F"),
            Expr::Named("timezone", &text("America/NonYork")),
        ],
        "name.strptime(\"%F\", timezone = \"America/NonYork\")",
        4,
        "there is no time zone `America/NonYork`: name an area and a place, such as \"Europe/Paris\"",
    );
    call(
        "hour",
        &[AT, text("+05:30")],
        "at.hour(\"+05:30\")",
        2,
        "there is no time zone `+05:30`: name an area and a place, such as \"Europe/Paris\"",
    );
    call(
        "since",
        &[AT, AT, text("month")],
        "at.since(at, \"month\")",
        3,
        "months differ in length: count in \"day\" or \"week\"",
    );
    call(
        "since_epoch",
        &[AT, text("eon")],
        "at.since_epoch(\"eon\")",
        2,
        "there is no unit of time \"eon\"; there is \"year\", \"week\", \"day\", \"hour\", \"minute\", \
         \"second\", \"millisecond\" and \"microsecond\"",
    );
    call(
        "from_epoch",
        &[UID, text("hour")],
        "from_epoch(uid, \"hour\")",
        2,
        "the unit of `from_epoch` is \"second\", \"millisecond\" or \"microsecond\"",
    );
    call(
        "json_extract",
        &[NAME, text("a.b")],
        "name.json_extract(\"a.b\")",
        2,
        "a JSON path begins with `$`, as in \"$.user.name\"",
    );
    call(
        "json_extract",
        &[NAME, text("$.a[-1]")],
        "name.json_extract(\"$.a[-1]\")",
        2,
        "this JSON path goes wrong at `-1]`: elements are counted from 0 on, not from the end",
    );
    call(
        "round",
        &[UID, int(-1)],
        "uid.round(-1)",
        2,
        "the precision of `round` is a constant whole number, 0 to 308",
    );
    call(
        "datetime",
        &[int(2020), int(13), int(1)],
        "datetime(2020, 13, 1)",
        2,
        "`month` is a constant whole number, 1 to 12",
    );
    call(
        "datetime",
        &[int(2023), int(2), int(29)],
        "datetime(2023, 2, 29)",
        0,
        "month 2 of the year 2023 has no day 29",
    );
    refused(
        Expr::Literal(Literal::Float(f64::INFINITY)),
        "f64::INFINITY",
        0,
        "a constant of an expression is a finite number",
    );
    call(
        "lower",
        &[NAME, Expr::Type(Type::Int)],
        "name.lower::<i64>()",
        2,
        "`lower` takes no type",
    );
    call(
        "concat",
        &[NAME, Expr::Type(Type::Int)],
        "name.concat::<i64>()",
        2,
        "`concat` takes no type",
    );
    refused(
        Expr::Literal(Literal::List(&[Literal::Int(1)])),
        "[1]",
        0,
        "give this constant its type, as in `[1, 2] as Vec<i64>`",
    );
}

#[test]
fn closures_are_told() {
    let positive = Expr::Binary(Binary::Gt, &V, &UID);
    let filter = Expr::Call("filter", &[COUNTS, Expr::Closure("v", &positive)]);
    let schema = schema();
    let scope = Scope::new(Names::Schema(&schema));
    assert_eq!(filter.type_in(&scope).unwrap().to_string(), "Vec<i64>");

    let x = Expr::Field(&V, "x");
    let xs = Expr::Call("map", &[Expr::Name("spots"), Expr::Closure("v", &x)]);
    assert_eq!(xs.type_in(&scope).unwrap().to_string(), "Vec<i64>");

    let deep = Expr::Name("deep");
    call(
        "map",
        &[COUNTS, Expr::Closure("v", &deep)],
        "counts.map(|v| deep)",
        0,
        "lists, maps and options nest at most 16 deep",
    );
    call(
        "map",
        &[COUNTS, UID],
        "counts.map(uid)",
        2,
        "`map` needs a closure, as in `|x| x + 1`, and `uid` is `i64`",
    );
    call(
        "filter",
        &[COUNTS, Expr::Closure("v", &V)],
        "counts.filter(|v| v)",
        3,
        "`filter` needs a closure that is a `bool`, and this is `i64`: compare it, as in `a > 0`",
    );
    let maybe = Expr::Binary(Binary::Gt, &V, &MAYBE);
    call(
        "filter",
        &[COUNTS, Expr::Closure("v", &maybe)],
        "counts.filter(|v| v > maybe)",
        3,
        "`filter` needs a closure that is a `bool`, and this is `Option<bool>`: say what null means, \
         as in `.fill_null(false)`",
    );
    call(
        "map",
        &[COUNTS, Expr::Closure("v", &Expr::Call("lower", &[V]))],
        "counts.map(|v| v.lower())",
        4,
        "`lower` needs a `String`, and `v` is `i64`: `.to_string()` makes it a text",
    );
    call(
        "map",
        &[COUNTS, Expr::Closure("w", &filter)],
        "counts.map(|w| counts.filter(|v| v > uid))",
        3,
        "`map` and `filter` can't stand inside the closure of another one: `explode` makes rows of the inner lists before",
    );
    call(
        "lower",
        &[Expr::Closure("v", &V)],
        "(|v| v).lower()",
        1,
        "a closure is an argument of a list's `map` or `filter` alone, as in `a.map(|x| x + 1)`",
    );
}

#[test]
fn operators_and_branches_are_told() {
    refused(
        Expr::Binary(Binary::Add, &NAME, &NAME),
        "name + name",
        1,
        "`+` needs numbers, and `name` is `String`: join texts with `a.concat(b)`",
    );
    refused(
        Expr::Binary(Binary::Gt, &AT, &AT),
        "at > at",
        1,
        "`>` needs numbers, and `at` is `DateTime<Utc>`: compare instants by `a.since(b, \"second\") > 0`",
    );
    refused(
        Expr::Binary(Binary::Eq, &UID, &NAME),
        "uid == name",
        0,
        "can't compare `i64` with `String`: make both texts, as in `a.to_string() == b`",
    );
    refused(
        Expr::Unary(Unary::Not, &UID),
        "!uid",
        1,
        "`!` needs a `bool`, and `uid` is `i64`: compare it, as in `a > 0`",
    );
    let branch = Branch {
        condition: UID,
        value: UID,
    };
    refused(
        Expr::If(&[branch], Some(&UID)),
        "if uid { uid } else { uid }",
        1,
        "a condition is a `bool`, and `uid` is `i64`: compare it, as in `a > 0`",
    );
    let branch = Branch {
        condition: Expr::Literal(Literal::Bool(true)),
        value: UID,
    };
    refused(
        Expr::If(&[branch, branch], Some(&NAME)),
        "if true { uid } else if true { uid } else { name }",
        5,
        "the branches of `if` have one type: this is `String`, and before it is `i64`",
    );
    call(
        "fill_null",
        &[MAYBE, NAME],
        "maybe.fill_null(name)",
        2,
        "this fills nulls of `Option<i64>` with `String`: give a value of its type",
    );
}

#[test]
fn records_and_declared_types_are_told() {
    let x = FieldExpr {
        name: "x",
        value: UID,
    };
    refused(
        Expr::Record(POINT, &[x]),
        "Point { x: uid }",
        0,
        "record `Point` needs its field `y`",
    );
    refused(
        Expr::Record(
            POINT,
            &[
                x,
                FieldExpr {
                    name: "y",
                    value: NAME,
                },
            ],
        ),
        "Point { x: uid, y: name }",
        2,
        "field `Point::y` is `i64`, and this is `String`: `.parse::<i64>()` makes it an `i64`",
    );
    refused(
        Expr::Record(POINT, &[x, x]),
        "Point { x: uid, x: uid }",
        0,
        "record `Point` has two values for its field `x`",
    );
    refused(
        Expr::Zip(
            POINT,
            &[
                FieldExpr {
                    name: "x",
                    value: COUNTS,
                },
                FieldExpr {
                    name: "y",
                    value: UID,
                },
            ],
        ),
        "Point::zip(x = counts, y = uid)",
        2,
        "`zip` needs lists, and `uid` is `i64`",
    );
    refused(
        Expr::Cast(&MAYBE, Type::Int),
        "maybe as i64",
        0,
        "`maybe` is `Option<i64>`, which can't be declared `i64`: say what null means, as in `.fill_null(..)`",
    );
    let seven = Expr::Literal(Literal::Int(7));
    let declared = Expr::Cast(&seven, Type::Optional(&Type::Int));
    let schema = schema();
    let scope = Scope::new(Names::Schema(&schema));
    assert_eq!(
        declared.declared_in(&scope).unwrap().to_string(),
        "Option<i64>"
    );
    assert_eq!(declared.type_in(&scope).unwrap().to_string(), "i64");
    refused(
        Expr::Binary(Binary::Add, &Expr::Cast(&UID, Type::Float), &UID),
        "uid as f64 + uid",
        1,
        "`as` declares the type of a whole expression or of a constant, not of a part: leave it away, or put it at the end, as in `(a + b) as f64`",
    );
}
