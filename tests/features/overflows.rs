//! A sum that its type can't hold fails what asks for it, and nothing else.

use fennel::prelude::*;
use fennel::testing::{Error, Mock, utc};

fennel::owner!("shop@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("paid"), disorder = "1d", cdc = append)]
struct Paid {
    uid: i64,
    cents: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Total {
    #[field(key)]
    uid: i64,
    cents: i64,
    payments: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn total(paid: Paid) -> Total {
    paid.group_by(uid)
        .aggregate(cents = sum(cents, "forever"), payments = count("forever"))
}

#[featureset]
struct User {
    uid: i64,
    friends: Vec<i64>,
}

#[featureset]
struct Spend {
    #[feature(User::uid)]
    uid: i64,
    #[feature(Total::cents, default = 0)]
    cents: i64,
    #[feature(Total::payments, default = 0)]
    payments: i64,
    is_known: bool,
}

#[extractors]
impl Spend {
    #[extractor]
    fn is_known(uid: i64, #[lookup(uid)] total: Option<Total>) -> bool {
        total.is_some_and(|total| total.uid == uid)
    }
}

#[featureset]
struct Friends {
    #[feature(User::friends)]
    uid: Vec<i64>,
    #[feature(Total::cents, default = 0)]
    cents: Vec<i64>,
}

const REASON: &str = "the sum is 9223372036854775808, more than an `i64` can hold: sum the column as `f64` or decimal";

fn fennel() -> Result<Mock, Error> {
    let fennel = Mock::commit(fennel::entities![Paid, Total, User, Spend, Friends])?;
    let at = utc("2024-01-01T00:00:00Z");
    let paid = |uid, cents| Paid { uid, cents, at };
    fennel.log([paid(1, 5), paid(2, i64::MAX), paid(2, 1), paid(3, 7)])?;
    Ok(fennel)
}

fn refusal<T>(outcome: Result<T, Error>) -> String {
    outcome.err().expect("it must fail").to_string()
}

#[test]
fn a_sum_that_is_too_large_is_told_with_its_feature_and_row() -> Result<(), Error> {
    let fennel = fennel()?;
    let of = |uids: &[i64]| {
        fennel
            .query(Spend::cents)
            .given(User::uid, uids.to_vec())
            .run()
    };
    assert_eq!(
        refusal(of(&[1, 3, 2, 2])),
        format!("feature `Spend.cents`, row 2: {REASON}")
    );
    assert_eq!(
        refusal(of(&[2])),
        format!("feature `Spend.cents`, row 0: {REASON}")
    );
    assert_eq!(of(&[1, 3, 4])?, [5, 7, 0], "others are what they are");
    let payments = fennel.query(Spend::payments).given(User::uid, [1, 2, 4]);
    assert_eq!(payments.run()?, [1, 2, 0], "nobody asked for the sum");
    Ok(())
}

#[test]
fn a_list_of_keys_and_a_whole_row_tell_where_it_is() -> Result<(), Error> {
    let fennel = fennel()?;
    let friends = vec![vec![1, 3], vec![], vec![3, 2]];
    let cents = fennel.query(Friends::cents).given(User::friends, friends);
    assert_eq!(
        refusal(cents.run()),
        format!("feature `Friends.cents`, row 2: {REASON}")
    );
    let known = fennel.query(Spend::is_known).given(User::uid, [4, 2]);
    assert_eq!(
        refusal(known.run()),
        format!("dataset `Total`, `cents`, row 1: {REASON}")
    );
    Ok(())
}

#[test]
fn what_has_left_the_sum_fails_nothing_any_more() -> Result<(), Error> {
    let fennel = fennel()?;
    let at = utc("2024-01-02T00:00:00Z");
    fennel.log([Paid {
        uid: 2,
        cents: -10,
        at,
    }])?;
    let before = utc("2024-01-01T12:00:00Z");
    let cents = fennel.query(Spend::cents).given(User::uid, [2, 2]);
    assert_eq!(
        refusal(cents.at([at, before]).run()),
        format!("feature `Spend.cents`, row 1: {REASON}")
    );
    let cents = fennel.query(Spend::cents).given(User::uid, [2]);
    assert_eq!(cents.at([at]).run()?, [i64::MAX - 9]);
    Ok(())
}
