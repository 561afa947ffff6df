//! A few thousand ticket sales, logged over HTTP, and what is served of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use fennel_core::time::Timestamp;
use fennel_tests::support::{Http, Server, TOKEN, workspace};
use serde_json::{Value, json};

use crate::sync::sync;

/// The ticket example's sales, as they are sent to `log`.
pub(crate) fn sales() -> Value {
    let text = fs::read_to_string(workspace().join("examples/ticket/data/sales.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A server that the ticket example is committed to.
pub(crate) fn ticket_server(folder: &std::path::Path) -> Server {
    let server = Server::start(folder);
    let finished = sync(&server.url(), TOKEN, &[]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    server
}

/// What the sales say, worked out from the file alone: each ticket's price by instant. Instants are text
/// in one format, so they sort as instants do.
pub(crate) struct Oracle(BTreeMap<String, BTreeMap<String, i64>>);

impl Oracle {
    pub(crate) fn new(sales: &Value) -> Self {
        let mut tickets = BTreeMap::new();
        for row in sales["data"].as_array().unwrap() {
            let text = |column: &str| row[column].as_str().unwrap().to_owned();
            let prices: &mut BTreeMap<_, _> = tickets.entry(text("ticket_id")).or_default();
            let other = prices.insert(text("at"), row["price"].as_i64().unwrap());
            assert_eq!(other, None, "no ticket is sold twice at one instant");
        }
        Self(tickets)
    }

    /// All tickets, and one that nobody sold.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.0
            .keys()
            .map(String::as_str)
            .chain(["nobody-sold-this"])
            .collect()
    }

    /// The price as of an instant, if the ticket was sold by then.
    fn price(&self, id: &str, at: &str) -> Option<i64> {
        let (_, price) = self.0.get(id)?.range(..=at.to_owned()).next_back()?;
        Some(*price)
    }

    /// The prices of all [`ids`](Oracle::ids).
    pub(crate) fn prices(&self, at: &str) -> Vec<i64> {
        self.ids()
            .into_iter()
            .map(|id| self.price(id, at).unwrap_or(0))
            .collect()
    }

    /// The instants of some sales: all of every `nth` ticket.
    fn instants(&self, nth: usize) -> BTreeSet<&str> {
        self.0
            .values()
            .step_by(nth)
            .flat_map(|prices| prices.keys().map(String::as_str))
            .collect()
    }
}

pub(crate) const END_OF_TIME: &str = "9999";

/// The served prices of these tickets, now or as of an instant.
pub(crate) fn served_prices(http: &Http, ids: &[&str], at: Option<&str>) -> Vec<i64> {
    let mut query = json!({
        "inputs": ["TicketFeatures.ticket_id"],
        "outputs": ["TicketFeatures.price"],
        "data": {"TicketFeatures.ticket_id": ids},
    });
    if let Some(at) = at {
        query["timestamps"] = vec![at; ids.len()].into();
    }
    let answer = http.post("query", &query).ok();
    let prices = answer["TicketFeatures.price"].as_array().unwrap();
    prices.iter().map(|price| price.as_i64().unwrap()).collect()
}

#[test]
fn prices_are_what_the_file_says_now_and_at_any_instant() {
    let (sales, data) = (sales(), tempfile::tempdir().unwrap());
    let oracle = Oracle::new(&sales);
    let rows = sales["data"].as_array().unwrap();
    let server = ticket_server(data.path());
    let http = server.http();
    let logged = http.post("log", &sales).ok();
    assert_eq!(logged, json!({"rows": rows.len(), "set_aside": 0}));

    let ids = oracle.ids();
    assert_eq!(served_prices(&http, &ids, None), oracle.prices(END_OF_TIME));
    let mut instants = oracle.instants(100);
    instants.extend([
        "1970-01-01T00:00:00Z",
        "2024-03-31T23:59:59Z",
        "2024-07-31T00:00:00Z",
    ]);
    for at in instants {
        assert_eq!(
            served_prices(&http, &ids, Some(at)),
            oracle.prices(at),
            "as of {at}"
        );
    }

    let keys: Vec<_> = ids.iter().map(|id| json!({"ticket_id": id})).collect();
    let at = "2024-04-15T12:00:00Z";
    let lookup = json!({"keys": keys, "fields": ["price"], "timestamps": vec![at; ids.len()]});
    let looked_up = http.post("dataset/Ticket/lookup", &lookup).ok();
    let expected: Vec<_> = ids.iter().map(|id| oracle.price(id, at)).collect();
    let found: Vec<_> = expected.iter().map(Option::is_some).collect();
    assert_eq!(
        looked_up,
        json!({"found": found, "data": {"price": expected}})
    );
}

#[test]
fn the_order_of_arrival_and_the_size_of_requests_make_no_difference() {
    let (sales, data) = (sales(), tempfile::tempdir().unwrap());
    let oracle = Oracle::new(&sales);
    let rows = sales["data"].as_array().unwrap();
    // Backwards within each fortnight, which is what the source's disorder allows.
    const FORTNIGHT: i64 = 14 * 24 * 3_600 * 1_000_000;
    let fortnight = |row: &Value| {
        let at = Timestamp::parse(row["at"].as_str().unwrap()).unwrap();
        at.micros().div_euclid(FORTNIGHT)
    };
    let mut sold_before_it_came: Vec<_> = rows.clone();
    sold_before_it_came.reverse();
    sold_before_it_came.sort_by_key(fortnight);
    let server = ticket_server(data.path());
    for (i, part) in sold_before_it_came.chunks(271).enumerate() {
        let columns = |name: &str| part.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
        let by_column = json!({
            "ticket_id": columns("ticket_id"), "price": columns("price"), "at": columns("at"),
        });
        let part = if i % 2 == 0 {
            Value::from(part)
        } else {
            by_column
        };
        assert_eq!(
            server.http().log("example", "ticket_sale", &part).ok()["set_aside"],
            0
        );
    }
    for at in [
        None,
        Some("2024-02-20T00:00:00Z"),
        Some("2024-05-01T00:00:00Z"),
    ] {
        let expected = oracle.prices(at.unwrap_or(END_OF_TIME));
        assert_eq!(
            served_prices(&server.http(), &oracle.ids(), at),
            expected,
            "{at:?}"
        );
    }
}

#[test]
fn rows_that_do_not_fit_are_listed_with_their_reasons_and_change_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = ticket_server(data.path());
    let http = server.http();
    let rows = json!([
        {"ticket_id": "a", "price": 100, "at": "2024-01-01T00:00:00Z"},
        {"ticket_id": "a", "price": "a lot", "at": "2024-01-02T00:00:00Z"},
        {"ticket_id": null, "price": 1, "at": "2024-01-02T00:00:00Z"},
        {"ticket_id": "a", "price": 12.5},
        {"ticket_id": "b", "price": 200, "at": "in March"},
    ]);
    assert_eq!(
        http.log("example", "ticket_sale", &rows).ok(),
        json!({"rows": 5, "set_aside": 4})
    );
    assert_eq!(served_prices(&http, &["a", "b"], None), [100, 0]);

    let rejects = http.get("dataset/Ticket/rejects?n=3").ok();
    assert_eq!(rejects["total"], 4);
    let listed = rejects["rows"].as_array().unwrap();
    let expected = [
        (4, vec!["`at`", "in March"]),
        (3, vec!["`price`", "12.5", "`at` is missing"]),
        (2, vec!["`ticket_id`", "null"]),
    ];
    assert_eq!(
        listed.len(),
        expected.len(),
        "the newest first, and no more than asked for"
    );
    for (reject, (row, words)) in listed.iter().zip(expected) {
        assert_eq!(reject["row"], rows[row]);
        let reason = reject["reason"].as_str().unwrap();
        assert!(
            words.iter().all(|word| reason.contains(word)),
            "{words:?} aren't all in {reason}"
        );
    }

    let unknown = http.log("example", "ticket_sails", &json!([]));
    assert!(
        unknown.error(404).contains("`ticket_sale`"),
        "the one there is is named: {unknown:?}"
    );
}
