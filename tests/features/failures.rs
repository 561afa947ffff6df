//! A row that a function has no value for fails the query, and the message says which and why.

use fennel::prelude::*;
use fennel::testing::{Error, Mock};

fennel::owner!("risk@example.com");

#[featureset]
struct Input {
    x: i64,
}

#[featureset]
struct Fragile {
    #[feature(Input::x)]
    x: i64,
    inverse: i64,
    #[between(0..=10)]
    small: i64,
    doubled: i64,
}

#[extractors]
impl Fragile {
    #[extractor(inputs(x))]
    fn inverse(x: i64) -> i64 {
        assert!(x != 0, "{x} has no inverse");
        100 / x
    }

    #[extractor(inputs(Input::x), outputs(doubled, small))]
    fn two(x: i64) -> (i64, i64) {
        (x * 2, x)
    }
}

fn fennel() -> Mock {
    Mock::commit(fennel::entities![Input, Fragile]).unwrap()
}

fn refusal<T>(outcome: Result<T, Error>) -> String {
    outcome.err().expect("it must fail").to_string()
}

#[test]
fn a_panic_is_told_with_feature_row_and_function() {
    let fennel = fennel();
    let asked = |x: [i64; 3]| fennel.query(Fragile::inverse).given(Input::x, x).run();
    assert_eq!(
        refusal(asked([5, 0, 1])),
        "feature `Fragile.inverse`, row 1: `features::failures::Fragile::inverse` panicked: 0 has no inverse"
    );
    assert_eq!(asked([5, 2, 1]).unwrap(), [20, 50, 100], "it ends nothing");
}

#[test]
fn a_result_that_is_not_of_the_feature_s_type_fails() {
    let fennel = fennel();
    let small = fennel
        .query((Fragile::doubled, Fragile::small))
        .given(Input::x, [1, 11]);
    assert_eq!(
        refusal(small.run()),
        "feature `Fragile.small`, row 1: `features::failures::Fragile::two` made no such value: \
         expected a whole number from 0 to 10, found 11"
    );
    // Nobody asked for the other one.
    let doubled = fennel.query(Fragile::doubled).given(Input::x, [1, 11]);
    assert_eq!(doubled.run().unwrap(), [2, 22]);
}
