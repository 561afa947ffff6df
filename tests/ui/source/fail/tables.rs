//! Tables of databases and warehouses.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

static SHOP: MySql = MySql::new("shop")
    .host("db.internal")
    .database("shop")
    .username(Secret::env("DB_USER"))
    .password(Secret::env("DB_PASSWORD"));
static MONGO: Mongo = Mongo::get("reviews");
static SNOW: Snowflake = Snowflake::get("snow");
static BARE: Postgres = Postgres::new("bare").host("db.internal").database("shop");
static LEAKY: Mongo = Mongo::new("leaky").host("mongodb+srv://me:hush@db.internal").database("shop");
static BOTH: Redshift = Redshift::new("both")
    .host("red.internal")
    .database("dev")
    .schema("public")
    .s3_access_role_arn("arn:aws:iam::1:role/red")
    .password(Secret::env("RED_PASSWORD"));
static NEITHER: Redshift =
    Redshift::new("neither").host("red.internal").database("dev").schema("public");
static HALF: Redshift = Redshift::new("half")
    .host("red.internal")
    .database("dev")
    .schema("public")
    .username(Secret::env("RED_USER"));
static MISNAMED: MySql = MySql::new("misnamed")
    .host("db.internal")
    .database("shop")
    .username(Secret::env(""))
    .password(Secret::env("DB_PASSWORD").path(&["password"]));

#[dataset]
#[source(SHOP.table("users"), disorder = "1d", cdc = append)] // N162
#[source(SHOP, disorder = "1d", cdc = append)] // N163
#[source(SHOP.table("", cursor = "id"), disorder = "1d", cdc = append)] // N164
#[source(MONGO.collection("users"), disorder = "1d", cdc = append)]
#[source(SNOW.table("USERS"), disorder = "1d", cdc = append)] // N425
struct Named {
    at: DateTime<Utc>,
}

#[dataset]
#[source(SHOP.table("users", cursor = "id"), disorder = "1d", cdc = append, preproc(city = home.city))] // N200
#[source(SHOP.table("users", cursor = "id"), disorder = "1d", cdc = debezium)]
#[source(SHOP.table("users", cursor = "id"), disorder = "1d", cdc = native)]
struct Read {
    city: String,
    at: DateTime<Utc>,
}

#[dataset]
#[source(BARE.table("users", cursor = "id"), disorder = "1d", cdc = append)]
#[source(LEAKY.collection("users", cursor = "id"), disorder = "1d", cdc = append)]
#[source(BOTH.table("users", cursor = "id"), disorder = "1d", cdc = append)] // N426
#[source(NEITHER.table("users", cursor = "id"), disorder = "1d", cdc = append)] // N426
#[source(HALF.table("users", cursor = "id"), disorder = "1d", cdc = append)] // N426
#[source(MISNAMED.table("users", cursor = "id"), disorder = "1d", cdc = append)]
struct Reached {
    at: DateTime<Utc>,
}

fn main() {}
