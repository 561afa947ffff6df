#![allow(deprecated, reason = "the vectors hold credentials as they are")]

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

const VAULT: Secret = Secret::aws("arn:aws:secretsmanager:us-east-1:9:secret:db");

static MY: MySql = MySql::new("shop_mysql")
    .host("mysql.nimbus.io")
    .database("shop")
    .username(Secret::literal("ro"))
    .password(Secret::literal("pw"))
    .jdbc_params("enabledTLSProtocols=TLSv1.2");
static PG: Postgres = Postgres::new("shop_pg")
    .host("pg.nimbus.io")
    .port(6432)
    .database("shop")
    .username(VAULT.path(&["user"]))
    .password(VAULT.path(&["pass"]));
static MONGO: Mongo = Mongo::new("shop_mongo")
    .host("mongo.nimbus.io")
    .database("shop")
    .username(Secret::literal("ro"))
    .password(Secret::literal("pw"));
static CONSOLE_MY: MySql = MySql::get("console_mysql");
static CONSOLE_PG: Postgres = Postgres::get("console_pg");

#[meta(owner = "shop@nimbus.io")]
#[source(
    MY.table("customers", cursor = "updated_at"),
    disorder = "20h",
    cdc = upsert,
    every = "10m",
    preproc(created = updated_at, tier = "basic"),
)]
#[dataset(index)]
struct Customer {
    #[field(key)]
    cid: i64,
    tier: String,
    score: Option<f64>,
    created: DateTime<Utc>,
}

#[meta(owner = "shop@nimbus.io")]
#[source(
    PG.table("baskets", cursor = "id"),
    disorder = "14d",
    cdc = append,
    filter = total >= 1.0,
    since = "2022-07-01",
)]
#[dataset]
struct Basket {
    cid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[meta(owner = "shop@nimbus.io")]
#[source(
    MONGO.collection("reviews", cursor = "_id"),
    disorder = "14d",
    cdc = upsert,
    sample = 0.5,
)]
#[dataset]
struct Review {
    #[field(key)]
    rid: String,
    stars: i64,
    at: DateTime<Utc>,
}

#[meta(owner = "shop@nimbus.io")]
#[source(CONSOLE_MY.table("a", cursor = "c"), disorder = "1d", cdc = append)]
#[source(CONSOLE_PG.table("b", cursor = "c"), disorder = "1d", cdc = append)]
#[dataset]
struct FromConsole {
    v: i64,
    at: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 4] {
    fennel::entities![Customer, Basket, Review, FromConsole]
}
