use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("joins@nimbus.io");

static HOOKS: Webhook = Webhook::new("join_hooks");

#[dataset]
#[source(HOOKS.endpoint("buys"), disorder = "1d", cdc = append)]
struct Buy {
    user: i64,
    shop: String,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[source(HOOKS.endpoint("users"), disorder = "1d", cdc = upsert)]
struct Buyer {
    #[field(key)]
    user: i64,
    city: String,
    age: Option<i64>,
    seen: DateTime<Utc>,
}

#[dataset(index)]
#[source(HOOKS.endpoint("shops"), disorder = "1d", cdc = upsert)]
struct Shop {
    #[field(key)]
    name: String,
    region: String,
    rating: f64,
    opened: DateTime<Utc>,
}

#[dataset]
struct BuyInner {
    user: i64,
    shop: String,
    amount: f64,
    city: String,
    age: Option<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn inner(b: Buy, u: Buyer) -> BuyInner {
    b.inner_join(u, on(user))
}

#[dataset]
struct BuyLeft {
    user: i64,
    shop: String,
    amount: f64,
    region: Option<String>,
    opened: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
}

#[pipeline]
fn left(b: Buy, s: Shop) -> BuyLeft {
    b.filter(amount > 0.0).left_join(
        s,
        on(shop == name),
        within("30d", "2h"),
        fields(region, opened),
    )
}

#[dataset]
struct BuyBoth {
    user: i64,
    shop: String,
    amount: f64,
    city: String,
    rating: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn both(b: Buy, u: Buyer, s: Shop) -> BuyBoth {
    let step = b.inner_join(u, on(user), within("0s", "0s"), fields(city));
    step.inner_join(s, on(shop == name), within("forever", "1d"), fields(rating))
}

pub(crate) fn entities() -> [Descriptor<'static>; 6] {
    fennel::entities![Buy, Buyer, Shop, BuyInner, BuyLeft, BuyBoth]
}
