//! Named arguments, calls outside of attributes, and what is had from constants and functions.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

static SHOP: Postgres = Postgres::get("shop");
static LAKE: S3 = S3::get("lake");
const CURSOR: &str = "updated_at";

mod systems {
    use fennel::prelude::*;

    pub static EVENTS: Kafka = Kafka::get("events");

    pub const SCHEMAS: Registry =
        Registry::confluent("https://registry").token(Secret::env("TOKEN"));
}

#[dataset]
#[source(SHOP.table("users", cursor = CURSOR), disorder = "1d", cdc = append)]
#[source(SHOP.table("users").cursor(CURSOR), disorder = "1d", cdc = append)]
#[source(systems::EVENTS.topic("users").avro(systems::SCHEMAS), disorder = "1d", cdc = debezium)]
#[source(LAKE.bucket("b", path = "a/*.json", spread = "1h").json(), disorder = "1d", cdc = append, preproc(uid = user.id))]
struct User {
    uid: i64,
    at: DateTime<Utc>,
}

fn main() {
    let facts = |name: &str| {
        let entity = fennel::entities![User][0];
        assert_eq!(entity.name(), name);
    };
    facts("User");
}
