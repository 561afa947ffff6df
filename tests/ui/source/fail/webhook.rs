//! Settings of a webhook.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

static APP: Webhook = Webhook::new("app").retention("5x"); // N439
static GONE: Webhook = Webhook::new("gone").retention("0s");
static NAMELESS: Webhook = Webhook::new("");

#[dataset]
#[source(APP.endpoint("a"), disorder = "1d", cdc = append)] // N439
#[source(GONE.endpoint("a"), disorder = "1d", cdc = append)]
#[source(NAMELESS.endpoint("a"), disorder = "1d", cdc = append)]
struct Event {
    at: DateTime<Utc>,
}

fn main() {}
