//! The sources of the crate that is checked: a shop's datasets, pipelines and featuresets.

use std::fmt::Write;

/// How many entities a file has.
const PER_FILE: usize = 20;

const HEAD: &str = "use fennel::prelude::*;\n\n#[allow(unused_imports)]\nuse crate::*;\n\n";

/// The crate's files by path: `count` datasets, as many pipelines and half as many featuresets. In the
/// `changed` one a line is added and a constant is another, both in a file in the middle.
pub(crate) fn crate_of(count: usize, changed: bool) -> Vec<(String, String)> {
    let mut entities = Vec::new();
    for pair in 0..count / 2 {
        let bound = if changed && pair == count / 4 { 7 } else { 0 };
        entities.push(source(pair));
        entities.push(derived(pair));
        entities.push(pipeline(pair, "prod", bound));
        entities.push(pipeline(pair, "staging", 0));
        entities.push(featureset(pair));
    }
    let mut lib = "//! What a shop knows.\n\nuse fennel::prelude::*;\n\n".to_owned();
    lib.push_str("fennel::owner!(\"team@example.com\");\n\n");
    lib.push_str("pub static APP: Webhook = Webhook::new(\"app\");\n\n");
    let mut files = Vec::new();
    for (number, entities) in entities.chunks(PER_FILE).enumerate() {
        let _ = writeln!(lib, "mod part{number};\npub use part{number}::*;");
        let path = format!("src/part{number}.rs");
        files.push((path, format!("{HEAD}{}", entities.concat())));
    }
    files.push(("src/lib.rs".to_owned(), lib));
    files
}

/// How many entities such a crate has.
pub(crate) fn entities(count: usize) -> usize {
    count / 2 * 5
}

/// A source of 20 columns.
fn source(pair: usize) -> String {
    format!(
        r#"/// Sales of shop {pair}.
#[dataset]
#[source(APP.endpoint("sales_{pair}"), disorder = "1d", cdc = append)]
pub struct Sale{pair} {{
    pub uid: i64,
    pub store: String,
    pub amount: f64,
    pub fee: f64,
    pub quantity: i64,
    pub weight: f64,
    pub is_test: bool,
    pub is_gift: bool,
    pub country: String,
    pub channel: String,
    pub merchant: String,
    pub category: String,
    pub coupon: Option<String>,
    pub referrer: Option<String>,
    pub rating: Option<i64>,
    pub device: Option<String>,
    pub discount: Option<f64>,
    pub tags: Vec<String>,
    pub shipped: NaiveDate,
    pub at: DateTime<Utc>,
}}

"#
    )
}

/// What a pipeline makes of it.
fn derived(pair: usize) -> String {
    format!(
        r#"/// What customers of shop {pair} spend.
#[dataset(index)]
pub struct Spend{pair} {{
    #[field(key)]
    pub uid: i64,
    #[field(key)]
    pub store: String,
    pub spend_1d: f64,
    pub orders_7d: i64,
    pub mean_fee: Option<f64>,
    pub last_tags: Vec<String>,
    pub best: f64,
    pub at: DateTime<Utc>,
}}

"#
    )
}

/// Eight operators, of four expressions or columns each where that makes sense.
fn pipeline(pair: usize, env: &str, bound: u32) -> String {
    let line = if bound > 0 { "// Changed.\n" } else { "" };
    format!(
        r#"{line}#[pipeline(env = "{env}")]
fn spend_{env}_{pair}(sales: Sale{pair}) -> Spend{pair} {{
    sales
        .filter(amount > {bound}.0 && quantity > 0 && !is_test && country != "XX")
        .assign(
            total = amount * 1.2 + fee,
            net = if fee > amount {{ 0.0 }} else {{ amount - fee }},
            is_big = amount > 100.0 || quantity > 10,
            origin = if country == "DE" {{ merchant }} else {{ country }},
        )
        .dropnull(coupon, referrer, rating, device)
        .assign(
            each = total / quantity,
            score = rating * 2 + quantity % 7,
            label = channel.lower().concat(category),
            saved = discount.fill_null(0.0) * amount,
        )
        .rename(shop = merchant, kind = category, grams = weight, tag = tags)
        .drop(is_gift, coupon, referrer, device)
        .group_by(uid, store)
        .aggregate(
            spend_1d = sum(total, "1d"),
            orders_7d = count("7d"),
            mean_fee = average(fee, "1d", default = None),
            last_tags = last_k(label, 3, "1d", dedup = true),
            best = max(saved, "30d", default = 0.0),
        )
}}

"#
    )
}

/// Five lookups into what the pipeline makes.
fn featureset(pair: usize) -> String {
    format!(
        r#"/// What models see of shop {pair}.
#[featureset]
pub struct SpendOf{pair} {{
    pub uid: i64,
    pub store: String,
    #[feature(Spend{pair}::spend_1d, default = 0.0)]
    pub spend_1d: f64,
    #[feature(Spend{pair}::orders_7d, default = 0)]
    pub orders_7d: i64,
    #[feature(Spend{pair}::mean_fee)]
    pub mean_fee: Option<f64>,
    #[feature(Spend{pair}::last_tags)]
    pub last_tags: Option<Vec<String>>,
    #[feature(Spend{pair}::best)]
    pub best: Option<f64>,
}}

"#
    )
}
