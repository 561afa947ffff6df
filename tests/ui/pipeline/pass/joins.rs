//! Joins and unions, of several inputs and of flows that have names.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
pub struct Order {
    pub uid: i64,
    pub shop: String,
    pub amount: f64,
    pub at: DateTime<Utc>,
}

#[dataset]
pub struct User {
    #[field(key)]
    pub uid: i64,
    pub city: String,
    pub age: Option<i64>,
    #[between(0..=9)]
    pub rank: i64,
    pub changed_at: DateTime<Utc>,
}

#[dataset]
pub struct Shop {
    #[field(key)]
    pub shop: String,
    #[field(key)]
    pub uid: i64,
    pub discount: f64,
    pub opened_at: DateTime<Utc>,
}

#[dataset]
pub struct Left {
    pub uid: i64,
    pub shop: String,
    pub amount: f64,
    pub city: Option<String>,
    pub age: Option<i64>,
    pub rank: Option<i64>,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn left(orders: Order, users: User) -> Left {
    orders.left_join(users, on(uid))
}

#[pipeline]
fn left_within(orders: Order, users: User) -> Left {
    orders.left_join(users, on(uid), within("30d"))
}

#[pipeline]
fn left_of_fields(orders: Order, users: User) -> Left {
    orders.left_join(users, within("forever", "2h"), fields(rank, age, city), on(uid == uid))
}

#[dataset]
pub struct Inner {
    pub buyer: i64,
    pub shop: String,
    pub amount: f64,
    pub city: String,
    #[between(0..=9)]
    pub rank: i64,
    pub changed_at: DateTime<Utc>,
    pub discount: f64,
    #[field(timestamp)]
    pub at: DateTime<Utc>,
}

#[pipeline]
fn inner(orders: Order, users: User, shops: Shop) -> Inner {
    orders
        .rename(buyer = uid)
        .inner_join(users, on(buyer == uid), fields(city, rank, changed_at))
        .inner_join(shops, on(shop, buyer == uid), within("1y", "1d"))
}

/// One flow twice, under names.
#[pipeline]
fn bound(orders: Order, users: User) -> Order {
    let paid = orders.filter(amount > 0.0);
    let small = paid.filter(amount < 10.0);
    let large = paid.filter(amount >= 10.0).inner_join(users, on(uid), fields(city)).drop(city);
    small.union(large).union(orders.filter(amount < 0.0)).union(orders)
}

/// A name can be used again.
#[pipeline]
fn shadowed(orders: Order) -> Order {
    let orders = orders.filter(amount > 0.0);
    let orders = (orders.dedup(uid)).filter(shop != "");
    orders
}

/// Groups have names, too.
#[pipeline]
fn grouped(orders: Order) -> Shop {
    let groups = orders.rename(opened_at = at, discount = amount).group_by(shop, uid);
    groups.latest()
}

/// The dataset that is filled can be an input.
#[pipeline]
fn onto_itself(orders: Order, more: Order) -> Order {
    orders.union(more)
}

#[pipeline(env = "prod")]
fn in_one_environment(orders: Order) -> Order {
    orders
}

#[pipeline(env = ["~dev", "~test"])]
#[meta(owner = "other@example.com", description = "all but dev", tags = ["pii"])]
pub fn in_most_environments(orders: Order) -> Order {
    orders
}

/// Its documentation is its description.
#[meta(deprecated)]
#[pipeline]
pub(crate) fn r#type(orders: Order) -> Order {
    orders
}

mod elsewhere {
    use fennel::prelude::*;

    fennel::owner!("elsewhere@example.com");

    #[pipeline]
    fn by_path(orders: super::Order, users: crate::User) -> super::Left {
        orders.left_join(users, on(uid))
    }
}

fn main() {}
