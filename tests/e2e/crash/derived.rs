//! What pipelines make of the rows of the crash test: every acknowledged one counts exactly once.

use std::collections::{BTreeMap, BTreeSet};

use fennel::prelude::*;
use fennel_tests::support::Http;
use serde_json::{Value, json};

use super::{APP, Random};

#[dataset]
#[meta(owner = "tests@example.com")]
#[source(APP.endpoint("row"), disorder = "14d", cdc = append)]
pub(super) struct Sale {
    name: String,
    account: i64,
    partner: i64,
    amount: i64,
    at: DateTime<Utc>,
}

/// What accounts have spent in all and in a week.
#[dataset(index)]
#[meta(owner = "tests@example.com")]
pub(super) struct Spent {
    #[field(key)]
    account: i64,
    sales: i64,
    total: i64,
    week: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn spent(sales: Sale) -> Spent {
    sales.group_by(account).aggregate(
        sales = count("forever"),
        total = sum(amount, "forever"),
        week = sum(amount, "7d"),
    )
}

/// The latest sale of each account.
#[dataset(index)]
#[meta(owner = "tests@example.com")]
pub(super) struct Last {
    #[field(key)]
    account: i64,
    last: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn last(sales: Sale) -> Last {
    sales
        .drop(name, partner)
        .rename(last = amount)
        .group_by(account)
        .latest()
}

/// Sales with the latest one of the partner.
#[dataset]
#[meta(owner = "tests@example.com")]
pub(super) struct Paired {
    name: String,
    account: i64,
    partner: i64,
    amount: i64,
    last: Option<i64>,
    at: DateTime<Utc>,
}

#[pipeline]
fn paired(sales: Sale, lasts: Last) -> Paired {
    sales.left_join(lasts, on(partner == account))
}

/// The first large sale of an account in each hour.
#[dataset]
#[meta(owner = "tests@example.com")]
pub(super) struct Large {
    name: String,
    account: i64,
    partner: i64,
    amount: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn large(sales: Sale) -> Large {
    sales
        .filter(amount >= LARGE)
        .dedup(account, window = tumbling("1h"))
}

/// An aggregate over what accounts have spent.
#[dataset(index)]
#[meta(owner = "tests@example.com")]
pub(super) struct Region {
    #[field(key)]
    region: i64,
    accounts: i64,
    total: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn region(sales: Sale) -> Region {
    sales
        .assign(region = account % 3)
        .group_by(region, account)
        .aggregate(total = sum(amount, "forever"), emit = "final")
        .group_by(region)
        .aggregate(accounts = count("forever"), total = sum(total, "forever"))
}

const ACCOUNTS: u64 = 12;
const LARGE: i64 = 50;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const WEEK: i64 = 7 * 24 * HOUR;

/// The columns of a row beside its name and request, by the request and the row's number in it. Some come days late. No
/// two rows have one event time, so that none is before another by arrival alone.
pub(super) fn columns(random: &mut Random, request: usize, i: u64) -> [(&'static str, Value); 4] {
    let late = if random.below(16) == 0 {
        864_000
    } else {
        3_600
    };
    let second = 1_700_000_000 + request as i64 * 600 - random.below(late) as i64;
    let micros = (request as i64 * 8 + i as i64) % SECOND;
    [
        ("account", random.below(ACCOUNTS).into()),
        ("partner", random.below(ACCOUNTS).into()),
        ("amount", (random.below(100) as i64).into()),
        ("at", (second * SECOND + micros).into()),
    ]
}

/// A row that is there.
struct Row {
    name: String,
    account: i64,
    partner: i64,
    amount: i64,
    at: i64,
}

impl Row {
    fn of(row: &Value) -> Self {
        let number = |name: &str| row[name].as_i64().unwrap();
        Self {
            name: row["name"].as_str().unwrap().into(),
            account: number("account"),
            partner: number("partner"),
            amount: number("amount"),
            at: number("at"),
        }
    }
}

/// Compares what is derived with what these rows come to.
pub(super) fn check(http: &Http, rows: &[Value], round: usize) {
    let mut rows: Vec<_> = rows.iter().map(Row::of).collect();
    rows.sort_by_key(|row| row.at);
    spent_is(http, &rows, round);
    regions_are(http, &rows, round);
    let (mut hours, mut first) = (BTreeSet::new(), BTreeSet::new());
    for row in rows.iter().filter(|row| row.amount >= LARGE) {
        if hours.insert((row.account, row.at / HOUR)) {
            first.insert(row.name.clone());
        }
    }
    let large: Vec<_> = inspect(http, "Large", "amount").into_iter().collect();
    assert_eq!(large.len(), first.len(), "round {round}: large sales");
    let large: BTreeSet<_> = large.into_iter().map(|(name, _)| name).collect();
    assert_eq!(large, first, "round {round}");
    let (mut lasts, mut pairs) = (BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        lasts.insert(row.account, row.amount);
        pairs.insert(row.name.clone(), lasts.get(&row.partner).copied());
    }
    let paired = inspect(http, "Paired", "last");
    assert_eq!(paired.len(), pairs.len(), "round {round}: pairs");
    for (name, last) in paired {
        assert_eq!(
            last.as_i64(),
            pairs[&name],
            "round {round}: the pair of {name}"
        );
    }
}

/// Sums of accounts, at the end of time and at instants at which rows enter and leave the week.
fn spent_is(http: &Http, rows: &[Row], round: usize) {
    let last = rows.last().map_or(0, |row| row.at);
    let mut asked: Vec<(i64, i64)> = (0..ACCOUNTS as i64)
        .map(|account| (account, last))
        .collect();
    for row in rows.iter().rev().step_by(7).take(20) {
        asked.extend([row.at, row.at + WEEK, row.at + WEEK + 1].map(|at| (row.account, at)));
    }
    let keys: Vec<_> = asked
        .iter()
        .map(|(account, _)| json!({"account": account}))
        .collect();
    let at: Vec<_> = asked.iter().map(|(_, at)| at).collect();
    let body = json!({"keys": keys, "fields": ["sales", "total", "week"], "timestamps": at});
    let found = http.post("dataset/Spent/lookup", &body).ok();
    for (i, (account, at)) in asked.into_iter().enumerate() {
        let of = |from: i64| {
            rows.iter()
                .filter(move |row| row.account == account && row.at <= at && row.at >= from)
        };
        if of(0).next().is_none() {
            assert_eq!(found["found"][i], false, "round {round}: {account} at {at}");
            continue;
        }
        let sum = |from| of(from).map(|row| row.amount).sum::<i64>();
        let expected = [of(0).count() as i64, sum(0), sum(at - WEEK)];
        let data = &found["data"];
        let columns = ["sales", "total", "week"].map(|column| data[column][i].as_i64());
        assert_eq!(
            columns,
            expected.map(Some),
            "round {round}: account {account} at {at}"
        );
    }
}

fn regions_are(http: &Http, rows: &[Row], round: usize) {
    let body = json!({
        "keys": [{"region": 0}, {"region": 1}, {"region": 2}],
        "fields": ["accounts", "total"],
    });
    let found = http.post("dataset/Region/lookup", &body).ok();
    for region in 0..3 {
        let of = || rows.iter().filter(|row| row.account % 3 == region);
        let accounts: BTreeSet<_> = of().map(|row| row.account).collect();
        let i = region as usize;
        if accounts.is_empty() {
            assert_eq!(found["found"][i], false, "round {round}: region {region}");
            continue;
        }
        let data = &found["data"];
        let columns = ["accounts", "total"].map(|column| data[column][i].as_i64());
        let total = of().map(|row| row.amount).sum::<i64>();
        assert_eq!(
            columns,
            [Some(accounts.len() as i64), Some(total)],
            "round {round}: region {region}"
        );
    }
}

/// All rows of a dataset: name and another column.
fn inspect(http: &Http, dataset: &str, column: &str) -> Vec<(String, Value)> {
    let path = format!("dataset/{dataset}/inspect?n={}", super::ALL);
    let columns = http.get(&path).ok();
    let of = |name: &str| columns[name].as_array().unwrap().clone();
    let names = of("name").into_iter();
    let names = names.map(|name| name.as_str().unwrap().to_owned());
    names.zip(of(column)).collect()
}
