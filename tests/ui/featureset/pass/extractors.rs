//! Functions that make features, in all forms.
use fennel::prelude::*;

fennel::owner!("risk@example.com");

#[dataset(index)]
pub struct User {
    #[field(key)]
    pub uid: i64,
    pub country: String,
    pub at: DateTime<Utc>,
}

#[dataset(index)]
pub struct Visit {
    #[field(key)]
    pub uid: i64,
    #[field(key)]
    pub ip: String,
    pub count: i64,
    pub at: DateTime<Utc>,
}

#[derive(Record)]
pub struct Home {
    pub street: String,
}

#[featureset]
pub struct Request {
    pub ip: String,
    pub uid: i64,
}

#[featureset]
pub struct UserFeatures {
    #[feature(Request::uid)]
    pub uid: i64,
    #[between(0..=150)]
    pub age: i64,
    pub scores: Vec<f64>,
    pub home: Option<Home>,
    pub spend_ratio: f64,
    pub risk: f64,
    pub risk_band: String,
    pub best: Option<f64>,
    pub visits: i64,
    #[between(0..=1)]
    pub is_new: i64,
    pub r#type: String,
    pub price: f64,
}

#[extractors]
impl UserFeatures {
    /// More than a doc comment.
    #[extractor(inputs(Request::ip, uid, spend_ratio), outputs(risk, risk_band))]
    fn risk(
        ip: &str,
        uid: i64,
        spend_ratio: f64,
        #[lookup(uid)] user: Option<User>,
    ) -> (f64, String) {
        let known = user.is_some() && uid != 0 && !ip.is_empty();
        let risk = if known { Self::limited(spend_ratio) } else { 1.0 };
        let band = if risk > 0.5 { "high" } else { "low" };
        (risk, band.into())
    }

    #[meta(owner = "data@example.com", tags = ["scores"])]
    #[extractor(version = 3)]
    fn best(scores: &[f64]) -> Option<f64> {
        scores.iter().copied().reduce(f64::max)
    }

    #[extractor(inputs(uid, Request::ip))]
    fn visits(uid: i64, ip: String, #[lookup(uid, ip)] visit: Option<Visit>) -> i64 {
        visit.map_or(0, |visit| visit.count) + uid + ip.len() as i64
    }

    #[extractor(outputs(Self::is_new))]
    fn age_of_account(ts: DateTime<Utc>, #[lookup(uid)] user: Option<User>, uid: i64) -> i64 {
        i64::from(uid > 0 && user.is_none_or(|user| user.at > ts))
    }

    #[extractor]
    fn r#type(home: &Option<Home>, age: i64) -> String {
        if home.is_some() && age > 18 { "owner" } else { "guest" }.into()
    }

    #[extractor(outputs(price), env = "prod")]
    fn live_price() -> f64 {
        2.0
    }

    #[extractor(outputs(price), env = "~prod")]
    fn test_price() -> f64 {
        1.0
    }

    fn limited(ratio: f64) -> f64 {
        ratio.min(10.0) / 10.0
    }
}

fn main() {
    assert_eq!(UserFeatures::risk("ip", 1, 5.0, None).1, "high");
    assert_eq!(UserFeatures::best(&[1.0, 2.0]), Some(2.0));
    assert_eq!(UserFeatures::live_price(), 2.0);
}
