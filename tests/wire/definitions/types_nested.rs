use std::collections::HashMap;

use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static ORDERS: Webhook = Webhook::new("orders_hook");

#[derive(Record)]
struct Money {
    amount: f64,
    currency: String,
}

#[derive(Record)]
struct LineItem {
    sku: String,
    qty: i64,
    price: Money,
    gift_note: Option<String>,
}

#[meta(owner = "orders@nimbus.io")]
#[source(ORDERS.endpoint("orders"), disorder = "2d", cdc = append)]
#[dataset]
struct Order {
    order_id: i64,
    items: Vec<LineItem>,
    first_item: LineItem,
    refund: Option<Money>,
    labels: Vec<String>,
    matrix: Vec<Vec<f64>>,
    attributes: BTreeMap<String, String>,
    counters: HashMap<String, i64>,
    price_by_region: BTreeMap<String, Money>,
    maybe_labels: Option<Vec<String>>,
    labels_with_gaps: Vec<Option<String>>,
    placed_at: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 1] {
    fennel::entities![Order]
}
