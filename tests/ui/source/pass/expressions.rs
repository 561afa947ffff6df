//! Filters and computed columns.
use fennel::prelude::*;

fennel::owner!("gate@example.com");

static GATE: Webhook = Webhook::new("gate");
const EUR_USD: f64 = 1.08;

#[source(GATE.endpoint("a"), disorder = "1d", cdc = append,
         filter = amount > 0.0 && !test.fill_null(false),
         preproc(usd = if currency == "EUR" { amount * EUR_USD } else { amount },
                 cents = (amount * 100.0).round() as i64,
                 floor = -1, uid = user.id, limit = EUR_USD),
         schema(test = Option<bool>))]
#[dataset]
struct Purchase {
    uid: i64,
    amount: f64,
    currency: String,
    usd: f64,
    cents: i64,
    floor: i64,
    limit: f64,
    at: DateTime<Utc>,
}

fn main() {}
