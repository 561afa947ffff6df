//! Rows in, features out.

use fennel::testing::{Error, Mock, utc};
use spend::{Purchase, Request, User, UserFeatures, UserSpend};

fn fennel() -> Result<Mock, Error> {
    let entities = fennel::entities![User, Purchase, UserSpend, Request, UserFeatures];
    Mock::commit_for(Some("dev"), entities)
}

fn purchase(uid: i64, amount: f64, currency: &str, shipped_to: &str, at: &str) -> Purchase {
    Purchase {
        uid,
        amount,
        currency: currency.into(),
        shipped_to: shipped_to.into(),
        at: utc(at),
    }
}

#[test]
fn spending_is_known_at_every_instant() -> Result<(), Error> {
    let fennel = fennel()?;
    fennel.log([User {
        uid: 7,
        country: "US".into(),
        born: None,
        updated_at: utc("2024-01-01T00:00:00Z"),
    }])?;
    // They come late and out of order, and one is abroad and in euros.
    fennel.log([
        purchase(7, 50.0, "USD", "US", "2024-02-03T12:00:00Z"),
        purchase(7, 100.0, "EUR", "FR", "2024-02-01T12:00:00Z"),
        purchase(8, 1.0, "USD", "US", "2024-02-01T12:00:00Z"),
    ])?;
    let spending = |at: [&str; 4]| {
        fennel
            .query((
                UserFeatures::spend_1d,
                UserFeatures::spend_28d,
                UserFeatures::spend_ratio,
            ))
            .given(Request::uid, [7; 4])
            .at(at.map(utc))
            .run()
    };
    assert_eq!(
        spending([
            "2024-02-01T11:59:59.999999Z",
            "2024-02-02T12:00:00Z",
            "2024-02-02T12:00:00.000001Z",
            "2024-02-03T12:00:00Z",
        ])?,
        [
            (0.0, 0.0, 0.0),
            (108.0, 108.0, 28.0),
            (0.0, 108.0, 0.0),
            (50.0, 158.0, 50.0 * 28.0 / 158.0),
        ]
    );
    Ok(())
}

#[test]
fn risk_is_what_the_function_makes_of_the_user() -> Result<(), Error> {
    let fennel = fennel()?;
    fennel.set_now(utc("2024-02-02T00:00:00Z"));
    fennel.log([User {
        uid: 7,
        country: "US".into(),
        born: None,
        updated_at: utc("2024-01-01T00:00:00Z"),
    }])?;
    fennel.log([purchase(7, 100.0, "USD", "US", "2024-02-01T12:00:00Z")])?;
    let risks = fennel
        .query((
            UserFeatures::risk,
            UserFeatures::risk_band,
            UserFeatures::country,
        ))
        .given(Request::uid, [7, 8])
        .given(Request::ip, ["10.0.0.1", "10.0.0.1"])
        .run()?;
    let band = |band: &str| band.to_owned();
    assert_eq!(
        risks,
        [
            (1.0, band("high"), "US".to_owned()),
            (1.0, band("high"), "unknown".to_owned()),
        ]
    );
    Ok(())
}

#[test]
fn a_derived_dataset_takes_no_rows_of_its_own() -> Result<(), Error> {
    let row = UserSpend {
        uid: 7,
        spend_1d: 0.0,
        spend_28d: 0.0,
        abroad_7d: 0,
        last_amounts: Vec::new(),
        at: utc("2024-02-01T12:00:00Z"),
    };
    let refused = fennel()?.log([row]).unwrap_err().to_string();
    assert!(
        refused.contains("log the rows of `Purchase` and `User`"),
        "{refused}"
    );
    Ok(())
}
