#![allow(deprecated, reason = "the vectors hold credentials as they are")]

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static KEYS: S3 = S3::new("lake_keys")
    .access_key_id(Secret::literal("AKIAEXAMPLE"))
    .secret_access_key(Secret::literal("secretexample"));
static ROLE: S3 = S3::new("lake_role").role_arn("arn:aws:iam::111122223333:role/lake");
static BARE: S3 = S3::new("lake_bare");
static VAULTED: S3 = S3::new("lake_vault")
    .access_key_id(Secret::aws("arn:aws:secretsmanager:eu-west-1:1:secret:k").path(&["id"]))
    .secret_access_key(Secret::aws("arn:aws:secretsmanager:eu-west-1:1:secret:k"));
static CONSOLE: S3 = S3::get("lake_console");

#[meta(owner = "lake@nimbus.io")]
#[source(KEYS.bucket("raw", prefix = "csv/default/"), disorder = "14d", cdc = append, every = "1h")]
#[source(
    KEYS.bucket("raw", prefix = "csv/tabbed/")
        .csv()
        .delimiter("\t")
        .headers(&["city", "temp", "at"])
        .presorted(),
    disorder = "14d",
    cdc = append,
)]
#[dataset]
struct Weather {
    city: String,
    temp: f64,
    at: DateTime<Utc>,
}

#[meta(owner = "lake@nimbus.io")]
#[source(
    ROLE.bucket("events", path = "yymmdd=%Y%m%d/hour=%H/*.json.gz", spread = "2h").json(),
    disorder = "1d",
    cdc = upsert,
    every = "15m",
    since = "2024-01-01",
    until = "2024-12-31T23:59:59Z",
)]
#[source(
    ROLE.bucket("events", path = "static/part/*/day=%d/**").parquet(),
    disorder = "1d",
    cdc = upsert,
)]
#[dataset]
struct LakeEvent {
    #[field(key)]
    eid: i64,
    kind: String,
    at: DateTime<Utc>,
}

#[meta(owner = "lake@nimbus.io")]
#[source(BARE.bucket("tables", prefix = "delta/users").delta(), disorder = "1d", cdc = native)]
#[dataset]
struct DeltaUser {
    #[field(key)]
    uid: i64,
    at: DateTime<Utc>,
}

#[meta(owner = "lake@nimbus.io")]
#[source(
    VAULTED.bucket("tables", prefix = "hudi/users").hudi(),
    disorder = "1d",
    cdc = native,
    bounded,
    idleness = "1h",
)]
#[source(CONSOLE.bucket("x", prefix = "y").json(), disorder = "1d", cdc = upsert)]
#[dataset]
struct HudiUser {
    #[field(key)]
    uid: i64,
    at: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 4] {
    fennel::entities![Weather, LakeEvent, DeltaUser, HudiUser]
}
