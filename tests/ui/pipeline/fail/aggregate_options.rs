//! Where rows stand in time, and when values are told: N059, N085 to N088, N124, N125, N127, N128, N133
//! to N135, N385, N387, N388, N391, N393, N397.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
struct Order {
    uid: i64,
    amount: f64,
    count: i64,
    shipped: DateTime<Utc>,
    paid: Option<DateTime<Utc>>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[dataset]
struct Spend {
    #[field(key)]
    uid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[dataset]
struct Daily {
    #[field(key)]
    uid: i64,
    #[field(key)]
    window: Window,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn along_nothing(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, "1d"), along = transaction) // N085
}

#[pipeline]
fn along_an_int(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, "1d"), along = count) // N086
}

#[pipeline]
fn along_an_optional(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, "1d"), along = paid) // N086
}

#[pipeline]
fn along_the_event_time(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, "1d"), along = at) // N388
}

#[pipeline]
fn along_a_text(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, "1d"), along = "shipped") // N388
}

#[pipeline]
fn along_in_windows(orders: Order) -> Daily {
    orders
        .group_by(uid, window = tumbling("1d"))
        .aggregate(total = sum(amount), along = shipped) // N128
}

#[pipeline]
fn along_at_the_end(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"), along = shipped, emit = "final") // N133
}

#[pipeline]
fn reserved(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(
        emit = sum(amount, "1d"), // N087
        along = sum(amount, "1d"), // N088
        total = sum(amount, "1d"),
    )
}

#[pipeline]
fn emitted_late(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, "1d"), emit = "late") // N387
}

#[pipeline]
fn emitted_bare(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, "1d"), emit = final_) // N387
}

#[pipeline]
fn said_twice(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"), emit = "eager", emit = "final")
}

#[pipeline]
fn decaying_at_the_end(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = exp_decay_sum(amount, "7d", "forever"), emit = "final") // N059
}

#[pipeline]
fn nothing(orders: Order) -> Spend {
    orders.group_by(uid).aggregate() // N385
}

#[pipeline]
fn only_options(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(emit = "final") // N385
}

#[pipeline]
fn windows_of_two_kinds(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"), daily = sum(amount, tumbling("1d"))) // N125
}

#[pipeline]
fn session_of_an_aggregate(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount, session("10m"))) // N127
}

#[pipeline]
fn two_lookbacks(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(
        total = sum(amount, tumbling("1d", lookback = "1d")),
        later = sum(amount, tumbling("1d", lookback = "2d")), // N393
    )
}

#[pipeline]
fn no_window(orders: Order) -> Spend {
    orders.group_by(uid).aggregate(total = sum(amount)) // N397
}

#[pipeline]
fn another_window(orders: Order) -> Daily {
    orders
        .group_by(uid, window = tumbling("1d"))
        .aggregate(total = sum(amount, "7d")) // N391
}

#[pipeline]
fn tumbling_over_a_table(spend: Spend) -> Spend {
    spend.group_by(uid).aggregate(total = sum(total, tumbling("1d"))) // N134
}

#[pipeline]
fn hopping_over_a_table(spend: Spend) -> Spend {
    spend.group_by(uid).aggregate(total = sum(total, hopping("1d", "1h"))) // N135
}

#[pipeline]
fn along_a_key(spend: Daily) -> Spend {
    spend.group_by(uid).aggregate(total = sum(total, tumbling("1d")), along = uid) // N388
}

#[pipeline]
fn again(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "1d"))
        .group_by(uid)
        .aggregate(total = sum(total, "7d")) // N124
}

fn main() {}
