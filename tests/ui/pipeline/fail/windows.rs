//! Windows: N325, N401, N438.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Orders {
    #[field(key)]
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn continuous(orders: Order) -> Orders {
    orders.group_by(uid).aggregate(
        a = count("7x"), // N401
        b = count(""), // N438
        c = count("0d"), // N438
        d = count(7),
        f = count(forever),
        g = count("Forever"), // N401
        h = count(continuous("7d")),
        i = count(-1),
        k = count(window = ["1d"]),
    )
}

#[pipeline]
fn discrete(orders: Order) -> Orders {
    orders.group_by(uid).aggregate(
        a = count(tumbling("forever")), // N325
        b = count(tumbling("1d", lookback = "forever")), // N401
        c = count(tumbling("0s")), // N438
        d = count(tumbling()),
        e = count(tumbling("1d", "1h", "1h")),
        f = count(tumbling("1d", stride = "1h")),
        g = count(tumbling(1)),
        h = count(tumbling),
    )
}

#[pipeline]
fn overlapping(orders: Order) -> Orders {
    orders.group_by(uid).aggregate(
        a = count(hopping("1d")), // N401
        b = count(hopping("1d", "forever")), // N401
        c = count(hopping("1h", "1d")), // N401
        d = count(hopping("1d", "0s")), // N438
        e = count(hopping("1d", "1h", lookback = "x")), // N401
        f = count(hopping("1d", stride = "1h", stride = "2h")),
        g = count(hopping("1d", "1h", gap = "2h")),
        h = count(hoping("1d", "1h")),
        i = count(hopping(stride = "1h")),
    )
}

#[pipeline]
fn by_gap(orders: Order) -> Order {
    orders
        .dedup(uid, window = session("forever")) // N401
        .dedup(uid, window = session("0s")) // N438
        .dedup(uid, window = session())
        .dedup(uid, window = session(gap = "x")) // N401
        .dedup(uid, window = session("10m", lookback = "1h")) // N401
        .dedup(uid, window = seesion("10m"))
        .dedup(uid, window = window("10m"))
        .dedup(uid, window = tumbling)
}

fn main() {}
