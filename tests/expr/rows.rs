//! What an expression comes to in each row of a batch.

use arrow_array::ArrayRef;
use fennel::prelude::*;
use fennel_core::column;
use fennel_core::expr::eval::{Batch, Compiled, Now};
use fennel_core::time::Timestamp;
use fennel_core::ty::{Between, Bound, Computed, Type};
use fennel_core::value::{Shape, Value};
use fennel_vectors::expression::equal;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::batch::any;

const OPTIONAL_INT: Type<'static> = Type::Optional(&Type::Int);
const INTS: Type<'static> = Type::List(&Type::Int);

/// A column: its name, its type and its values.
type Given = (&'static str, Type<'static>, Vec<Value>);

fn compiled(expr: &Expr, given: &[Given], ty: Option<Type<'static>>) -> Result<Compiled, String> {
    let columns = given.iter().map(|(name, ty, _)| (*name, Computed::of(ty)));
    let columns: Vec<_> = columns.collect();
    let ty = ty.as_ref().map(Computed::of);
    Compiled::new(expr, &columns, ty).map_err(|message| message.to_string())
}

fn rows(expr: &Expr, given: &[Given], ty: Option<Type<'static>>) -> Vec<Result<Value, String>> {
    let compiled = compiled(expr, given, ty).unwrap();
    let columns = compiled.columns().iter().map(|i| {
        let (_, ty, values) = &given[*i];
        column::array(&Shape::new(ty).unwrap(), values.iter())
    });
    let columns: Vec<ArrayRef> = columns.collect();
    let rows = given.first().map_or(1, |(_, _, values)| values.len());
    let evaluated = compiled.evaluate(&Batch {
        rows,
        columns: &columns,
        now: Now::Instant(Timestamp::parse("2024-02-29T12:00:00Z").unwrap()),
    });
    let value = |row| column::value(compiled.shape(), evaluated.values.as_ref(), row);
    let mut found: Vec<_> = (0..rows).map(|row| Ok(value(row))).collect();
    for failure in evaluated.failures {
        found[failure.row] = Err(failure.reason);
    }
    found
}

fn values(expr: &Expr, given: &[Given]) -> Vec<Value> {
    let rows = rows(expr, given, None).into_iter();
    rows.map(|row| row.unwrap()).collect()
}

fn ints(values: &[i64]) -> Vec<Value> {
    values.iter().map(|int| Value::Int(*int)).collect()
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn list(values: &[i64]) -> Value {
    Value::List(ints(values))
}

#[test]
fn a_row_that_fails_disturbs_no_other() {
    const RATIO: &Expr = fennel::expr!(a.floor_div(b));
    let given = [
        ("a", Type::Int, ints(&[7, 7, -7])),
        ("b", Type::Int, ints(&[2, 0, 2])),
    ];
    let found = rows(RATIO, &given, None);
    assert_eq!(found[0], Ok(Value::Int(3)));
    assert_eq!(found[1], Err("expected a whole number, found null".into()));
    assert_eq!(found[2], Ok(Value::Int(-4)));
    // Where null is a value, nothing is wrong.
    let found = rows(RATIO, &given, Some(OPTIONAL_INT));
    assert_eq!(found[1], Ok(Value::Null));

    const NUMBER: &Expr = fennel::expr!(a.parse::<i64>());
    let given = [("a", Type::String, vec![text("5"), text("five"), text("6")])];
    let found = rows(NUMBER, &given, None);
    assert_eq!(found[0], Ok(Value::Int(5)));
    assert_eq!(found[1], Err("\"five\" is no JSON".into()));
    assert_eq!(found[2], Ok(Value::Int(6)));
}

#[test]
fn a_branch_runs_for_the_rows_that_take_it_alone() {
    const NUMBER: &Expr = fennel::expr!(if a == "none" {
        -1
    } else if b {
        a.parse::<i64>()
    } else {
        a.len()
    });
    let found = rows(
        NUMBER,
        &[
            (
                "a",
                Type::String,
                vec![text("none"), text("12"), text("abc"), text("abc")],
            ),
            (
                "b",
                Type::Optional(&Type::Bool),
                vec![
                    Value::Bool(true),
                    Value::Bool(true),
                    Value::Null,
                    Value::Bool(true),
                ],
            ),
        ],
        None,
    );
    assert_eq!(found[..3], [-1, 12, 3].map(|int| Ok(Value::Int(int))));
    assert_eq!(found[3], Err("\"abc\" is no JSON".into()));
}

#[test]
fn a_constant_that_fails_does_so_in_the_rows_that_reach_it() {
    const NUMBER: &Expr = fennel::expr!(if a > 0 { a } else { "zero".parse::<i64>() });
    let found = rows(NUMBER, &[("a", Type::Int, ints(&[1, 0, 2]))], None);
    assert_eq!(found[0], Ok(Value::Int(1)));
    assert_eq!(found[1], Err("\"zero\" is no JSON".into()));
    assert_eq!(found[2], Ok(Value::Int(2)));
}

#[test]
fn closures_see_columns_constants_and_the_time() {
    const STEP: i64 = 10;
    const MAPPED: &Expr = fennel::expr!(a.map(|x| if x > b { x * STEP } else { b }));
    const KEPT: &Expr = fennel::expr!(a.filter(|x| x + b > 2));
    const ONES: &Expr = fennel::expr!(a.map(|x| 1));
    const YEARS: &Expr = fennel::expr!(a.map(|x| now().year() + x));
    let given = [
        (
            "a",
            Type::Optional(&INTS),
            vec![list(&[1, 2, 3]), Value::Null, list(&[]), list(&[4])],
        ),
        ("b", Type::Int, ints(&[1, 2, 3, 4])),
    ];
    let found = |expr| values(expr, &given);
    assert_eq!(
        found(MAPPED),
        [list(&[1, 20, 30]), Value::Null, list(&[]), list(&[4])]
    );
    assert_eq!(
        found(KEPT),
        [list(&[2, 3]), Value::Null, list(&[]), list(&[4])]
    );
    assert_eq!(
        found(ONES),
        [list(&[1, 1, 1]), Value::Null, list(&[]), list(&[1])]
    );
    assert_eq!(found(YEARS)[0], list(&[2025, 2026, 2027]));
}

#[test]
fn an_element_that_fails_fails_its_row() {
    const QUOTIENTS: &Expr = fennel::expr!(a.map(|x| 12.floor_div(x)));
    let given = [(
        "a",
        INTS,
        vec![list(&[3, 4]), list(&[1, 0, 2]), list(&[]), list(&[5])],
    )];
    let found = rows(QUOTIENTS, &given, None);
    assert_eq!(found[0], Ok(list(&[4, 3])));
    assert_eq!(found[1], Err("expected a whole number, found null".into()));
    assert_eq!(found[2], Ok(list(&[])));
    assert_eq!(found[3], Ok(list(&[2])));
}

#[test]
fn shared_expressions_stand_for_what_they_say() {
    const DOUBLE: &Expr = fennel::expr!(a * 2);
    const NEXT: &Expr = fennel::expr!(DOUBLE + 1);
    let given = [("a", Type::Int, ints(&[1, 2]))];
    assert_eq!(values(NEXT, &given), ints(&[3, 5]));
}

#[test]
fn now_is_the_batchs_instant_or_the_rows() {
    const AGE: &Expr = fennel::expr!(now().since(at, unit = "day"));
    let day = |day| Value::Timestamp(Timestamp::parse(day).unwrap());
    let born = [(
        "at",
        Type::Timestamp,
        vec![day("2024-02-01"), day("2024-03-01")],
    )];
    assert_eq!(values(AGE, &born), ints(&[28, 0]));

    let columns = [Computed::TIMESTAMP].map(|ty| ("at", ty));
    let compiled = Compiled::new(AGE, &columns, None).unwrap();
    let array = |values: &[Value]| column::array(&Shape::Timestamp, values.iter());
    let evaluated = compiled.evaluate(&Batch {
        rows: 2,
        columns: &[array(&born[0].2)],
        now: Now::Column(&array(&[day("2024-02-03"), day("2024-02-28")])),
    });
    let found = |row| column::value(&Shape::Int, evaluated.values.as_ref(), row);
    assert_eq!([found(0), found(1)], [Value::Int(2), Value::Int(-2)]);
}

#[test]
fn a_result_is_brought_to_the_type_it_is_assigned() {
    const SAME: &Expr = fennel::expr!(a);
    let given = [("a", Type::Int, ints(&[5, 11]))];
    let found = rows(SAME, &given, Some(Type::Optional(&Type::Float)));
    assert_eq!(found[0], Ok(Value::Float(5.0)));
    // A restriction is kept, row by row.
    let digit = Type::Between(Between {
        min: Bound::Int(0),
        max: Bound::Int(9),
        strict_min: false,
        strict_max: false,
    });
    let found = rows(SAME, &given, Some(digit));
    assert_eq!(found[0], Ok(Value::Int(5)));
    assert!(
        found[1]
            .as_ref()
            .is_err_and(|why| why.ends_with("found 11"))
    );
    let refused = compiled(SAME, &given, Some(Type::String));
    assert_eq!(
        refused.unwrap_err(),
        "this is `i64`, which can't become `String`"
    );
}

#[test]
fn only_the_columns_that_are_named_are_read() {
    const SUM: &Expr = fennel::expr!(c + a + c);
    let given = ["a", "b", "c"].map(|name| (name, Type::Int, vec![]));
    assert_eq!(compiled(SUM, &given, None).unwrap().columns(), [2, 0]);
    assert_eq!(
        compiled(SUM, &given[..2], None).unwrap_err(),
        "there is no column `c`; there is `a`, `b`"
    );
}

#[test]
fn a_compiled_expression_is_shared_by_threads() {
    const fn shared<T: Send + Sync + 'static>() {}
    shared::<Compiled>();
}

#[test]
fn the_sum_of_nothing_is_zero() {
    const SUM: &Expr = fennel::expr!(a.sum());
    let floats = Type::List(&Type::Float);
    let found = values(SUM, &[("a", floats, vec![list(&[])])]);
    assert!(matches!(found[..], [Value::Float(sum)] if sum.is_sign_positive()));
}

#[test]
fn a_list_can_not_be_repeated_without_end() {
    const MANY: &Expr = fennel::expr!(repeat(a, n));
    let given = [
        ("a", Type::Int, ints(&[1, 2, 3, 4])),
        ("n", Type::Int, ints(&[2, i64::MAX, -1, 0])),
    ];
    let found = rows(MANY, &given, None);
    assert_eq!(found[0], Ok(list(&[1, 1])));
    assert!(
        found[1]
            .as_ref()
            .is_err_and(|why| why.contains("more than"))
    );
    assert_eq!(found[2], Err("nothing is repeated -1 times".into()));
    assert_eq!(found[3], Ok(list(&[])));
}

/// Types of every kind, nested in each other.
fn shapes() -> Vec<Shape> {
    let scalars = [
        Shape::Bool,
        Shape::Int,
        Shape::Float,
        Shape::String,
        Shape::Bytes,
        Shape::Timestamp,
        Shape::Date,
        Shape::Decimal(2),
        Shape::Embedding(3),
    ];
    let fields = scalars.iter().enumerate().map(|(i, shape)| {
        let optional = Shape::Optional(shape.clone().into());
        (
            format!("field{i}"),
            if i % 2 == 0 { optional } else { shape.clone() },
        )
    });
    let record = Shape::Record("Mixed".into(), fields.collect());
    let mut all: Vec<Shape> = scalars.into_iter().chain([record]).collect();
    for i in 0..all.len() {
        let optional = Shape::Optional(all[i].clone().into());
        all.push(Shape::List(all[i].clone().into()));
        all.push(Shape::Map(optional.clone().into()));
        all.push(Shape::Optional(Shape::List(optional.into()).into()));
    }
    all
}

proptest! {
    #[test]
    fn a_column_gives_back_its_values(
        (shape, values) in proptest::sample::select(shapes())
            .prop_flat_map(|shape| { let values = vec(any(&shape), 0..6); (Just(shape), values) })
    ) {
        let array = column::array(&shape, values.iter());
        prop_assert_eq!(array.data_type(), &column::data_type(&shape));
        for (row, value) in values.iter().enumerate() {
            let found = column::value(&shape, array.as_ref(), row);
            prop_assert!(equal(&found, value), "{:?} and {:?}", found, value);
            let slice = array.slice(row, 1);
            prop_assert!(equal(&column::value(&shape, slice.as_ref(), 0), value));
        }
    }
}

#[test]
fn a_row_whose_lists_take_too_much_fails_and_others_do_not() {
    const TOO_MUCH: &str = "the lists that are made of it take more than 64 MiB";
    const COPIES: &Expr = fennel::expr!(repeat(name, n));
    let long = text(&"x".repeat(40_000));
    let given = [
        ("name", Type::String, vec![text("a"), long.clone(), long]),
        ("n", Type::Int, ints(&[2, 2_000, 1])),
    ];
    let found = rows(COPIES, &given, None);
    assert_eq!(found[0], Ok(Value::List(vec![text("a"), text("a")])));
    assert_eq!(found[1], Err(TOO_MUCH.into()));
    assert!(found[2].is_ok());

    // A closure's elements stand beside the columns that it reads.
    const OTHERS: &Expr = fennel::expr!(tags.filter(|tag| tag != note).len());
    let tags = |n| Value::List(vec![text("t"); n]);
    let given = [
        (
            "tags",
            Type::List(&Type::String),
            vec![tags(2), tags(100_000), tags(100_000)],
        ),
        (
            "note",
            Type::String,
            vec![text("t"), text(&"x".repeat(1_000)), text("")],
        ),
    ];
    let found = rows(OTHERS, &given, None);
    assert_eq!(found[0], Ok(Value::Int(0)));
    assert_eq!(found[1], Err(TOO_MUCH.into()));
    assert_eq!(found[2], Ok(Value::Int(100_000)));
}

#[test]
fn rows_whose_lists_take_much_together_are_evaluated_in_parts() {
    const COPIES: &Expr = fennel::expr!(repeat(a, n));
    let count = 260;
    let given = [
        ("a", Type::Int, ints(&[7; 260])),
        ("n", Type::Int, ints(&[1 << 16; 260])),
    ];
    let compiled = compiled(COPIES, &given, None).unwrap();
    let columns = given
        .each_ref()
        .map(|(_, ty, values)| column::array(&Shape::new(ty).unwrap(), values.iter()));
    let batch = Batch {
        rows: count,
        columns: &columns,
        now: Now::Instant(Timestamp::MIN),
    };
    for (from, part) in [(0, 130), (130, 130), (200, 60)] {
        let evaluated = compiled.evaluate_from(&batch, from);
        assert_eq!(evaluated.values.len(), part, "from {from} on");
        assert_eq!(evaluated.failures, []);
    }
    let evaluated = compiled.evaluate(&batch);
    assert_eq!(evaluated.values.len(), count, "and put together");
    assert_eq!(evaluated.failures, []);
}

#[test]
fn constants_take_as_much_as_lists_that_are_made() {
    const MAPPED: &Expr = fennel::expr!(a.map(|x| repeat(0, 65536)));
    const KEPT: &Expr = fennel::expr!(repeat(1, 65536).filter(|x| x > n).len());
    const CHOSEN: &Expr = fennel::expr!(if n > 0 {
        repeat(0, 65536)
    } else {
        repeat(0, 1)
    });
    let many: Vec<i64> = (0..2_000).collect();
    let given = [
        ("a", INTS, vec![list(&many), list(&[1]), list(&[])]),
        ("n", Type::Int, ints(&[0, 1, 0])),
    ];
    let found = rows(MAPPED, &given, None);
    assert_eq!(
        found[0],
        Err("the lists that are made of it take more than 64 MiB".into())
    );
    assert_eq!(found[1], Ok(Value::List(vec![list(&[0; 65_536])])));
    assert_eq!(found[2], Ok(Value::List(Vec::new())));
    assert_eq!(values(KEPT, &given), ints(&[65_536, 0, 65_536]));
    let lengths = values(CHOSEN, &given).into_iter().map(|value| match value {
        Value::List(elements) => elements.len(),
        other => panic!("{other} is no list"),
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [1, 65_536, 1]);
}
