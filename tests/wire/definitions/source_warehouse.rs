#![allow(deprecated, reason = "the vectors hold credentials as they are")]

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static BQ: BigQuery = BigQuery::new("wh_bq")
    .project_id("nimbus-prod")
    .dataset_id("analytics")
    .service_account_key(Secret::literal(
        "{\"type\": \"service_account\", \"project_id\": \"nimbus-prod\"}",
    ));
static BQ_VAULT: BigQuery = BigQuery::new("wh_bq_vault")
    .project_id("nimbus-dev")
    .dataset_id("analytics")
    .service_account_key(Secret::aws("arn:aws:secretsmanager:us-east-1:9:secret:bq"));
static SNOW: Snowflake = Snowflake::new("wh_snow")
    .account("ab12345.eu-west-1")
    .database("PROD")
    .username(Secret::literal("loader"))
    .password(Secret::literal("pw"))
    .warehouse("SMALL")
    .schema("PUBLIC")
    .role("READER");
static RED_PW: Redshift = Redshift::new("wh_red_pw")
    .database("dev")
    .host("red.nimbus.io")
    .port(5440)
    .schema("public")
    .username(Secret::literal("loader"))
    .password(Secret::literal("pw"));
static RED_ROLE: Redshift = Redshift::new("wh_red_role")
    .s3_access_role_arn("arn:aws:iam::111122223333:role/redshift")
    .database("dev")
    .host("red.nimbus.io")
    .schema("public");

#[meta(owner = "wh@nimbus.io")]
#[source(BQ.table("sessions", cursor = "ts"), disorder = "14d", cdc = append, every = "2h")]
#[source(BQ_VAULT.table("sessions", cursor = "ts"), disorder = "14d", cdc = append)]
#[dataset]
struct Session {
    sid: String,
    ts: DateTime<Utc>,
}

#[meta(owner = "wh@nimbus.io")]
#[source(
    SNOW.table("INVOICES", cursor = "UPDATED"),
    disorder = "14d",
    cdc = upsert,
    bounded,
    idleness = "4h",
)]
#[dataset]
struct Invoice {
    #[field(key)]
    iid: i64,
    amount: f64,
    ts: DateTime<Utc>,
}

#[meta(owner = "wh@nimbus.io")]
#[source(RED_PW.table("shipments", cursor = "ts"), disorder = "14d", cdc = append)]
#[source(RED_ROLE.table("shipments", cursor = "ts"), disorder = "14d", cdc = append)]
#[dataset]
struct Shipment {
    sid: i64,
    ts: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 3] {
    fennel::entities![Session, Invoice, Shipment]
}
