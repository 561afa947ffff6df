#![allow(deprecated, reason = "the vectors hold credentials as they are")]

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("corner@nimbus.io");

const VAULT: Secret =
    Secret::aws("arn:aws:secretsmanager:eu-west-1:7:secret:all").role("arn:aws:iam::7:role/sm");
const USER: Secret = VAULT.path(&["user"]);
const PASSWORD: Secret = VAULT.path(&["pass", "0"]);

static MY: MySql = MySql::new("c_my")
    .host("h")
    .database("d")
    .username(USER)
    .password(PASSWORD);
static MONGO: Mongo = Mongo::new("c_mg")
    .host("h")
    .database("d")
    .username(Secret::literal("plain"))
    .password(PASSWORD);
static SNOW: Snowflake = Snowflake::new("c_sf")
    .account("a")
    .database("D")
    .username(USER)
    .password(Secret::literal("plain"))
    .warehouse("W")
    .schema("S")
    .role("R");
static RED: Redshift = Redshift::new("c_rs")
    .database("d")
    .host("h")
    .schema("s")
    .username(Secret::literal("plain"))
    .password(PASSWORD);
static PUB: PubSub = PubSub::new("c_ps")
    .project_id("p")
    .service_account_key(VAULT);
static HOOK: Webhook = Webhook::new("c_hook");

#[source(MY.table("t", cursor = "c"), disorder = "0.5s", cdc = append, every = "1m 0.25s")]
#[source(MONGO.collection("t", cursor = "c"), disorder = "1d", cdc = append)]
#[source(SNOW.table("t", cursor = "c"), disorder = "1d", cdc = append)]
#[source(RED.table("t", cursor = "c"), disorder = "1d", cdc = append)]
#[source(PUB.topic("t"), disorder = "1d", cdc = append)]
#[source(HOOK.endpoint("e"), disorder = "1d", cdc = append)]
#[dataset]
struct Corner {
    who: String,
    note: Option<String>,
    n: i64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct CornerFirst {
    #[field(key)]
    who: String,
    notes: Vec<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn firsts(c: Corner) -> CornerFirst {
    c.assign(note = if n > 0 { note } else { None })
        .group_by(who)
        .aggregate(notes = first_k(note, 1, "90s", dedup = true, dropnull = true))
}

#[featureset]
struct CornerFeatures {
    who: String,
    #[feature(CornerFirst::notes, default = [])]
    notes: Vec<String>,
    #[feature(expr = if who == "x" { None } else { "y" })]
    maybe: Option<String>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 3] {
    fennel::entities![Corner, CornerFirst, CornerFeatures]
}
