//! Objects in S3.
use fennel::prelude::*;

fennel::owner!("lake@example.com");

static LAKE: S3 = S3::new("lake");
static HALF: S3 = S3::new("half").access_key_id(Secret::env("KEY_ID"));

#[dataset]
#[source(LAKE.bucket("b", prefix = "p").delta(), disorder = "1d", cdc = append)] // N165
#[source(LAKE.bucket("b", prefix = "p").json(), disorder = "1d", cdc = native)]
#[source(LAKE.bucket("b", path = "p", prefix = "p"), disorder = "1d", cdc = append)] // N180
#[source(LAKE.bucket("b"), disorder = "1d", cdc = append)] // N181
#[source(LAKE, disorder = "1d", cdc = append)] // N163
#[source(LAKE.bucket("b", prefix = "p", delimiter = ";").json(), disorder = "1d", cdc = append)]
#[source(HALF.bucket("b", prefix = "p"), disorder = "1d", cdc = append)]
struct Placed {
    at: DateTime<Utc>,
}

#[dataset]
#[source(LAKE.bucket("b", path = "foo*/bar*/"), disorder = "1d", cdc = append)] // N182
#[source(LAKE.bucket("b", path = "foo/bar*"), disorder = "1d", cdc = append)] // N183
#[source(LAKE.bucket("b", path = "foo/*-file.csv"), disorder = "1d", cdc = append)] // N184
#[source(LAKE.bucket("b", path = "foo$/bar"), disorder = "1d", cdc = append)] // N185
#[source(LAKE.bucket("b", path = "date-%q/*"), disorder = "1d", cdc = append)] // N186
#[source(LAKE.bucket("b", path = "//foo/bar"), disorder = "1d", cdc = append)] // N187
#[source(LAKE.bucket("b", path = "*year=%Y/*"), disorder = "1d", cdc = append)] // N188
#[source(LAKE.bucket("b", path = "year=%*/*"), disorder = "1d", cdc = append)] // N189
#[source(LAKE.bucket("b", path = "*.csv/foo"), disorder = "1d", cdc = append)]
#[source(LAKE.bucket("b", path = "foo/*.c_v"), disorder = "1d", cdc = append)]
struct Paths {
    at: DateTime<Utc>,
}

#[dataset]
#[source(LAKE.bucket("b", prefix = "p", spread = "2h"), disorder = "1d", cdc = append)] // N190
#[source(LAKE.bucket("b", path = "%Y/*", spread = "k"), disorder = "1d", cdc = append)] // N191
#[source(LAKE.bucket("b", path = "%Y/*", spread = "d7"), disorder = "1d", cdc = append)] // N192
#[source(LAKE.bucket("b", prefix = "p").delta(), disorder = "1d", cdc = native, preproc(city = home.city))] // N199
struct Spreads {
    city: String,
    at: DateTime<Utc>,
}

fn main() {}
