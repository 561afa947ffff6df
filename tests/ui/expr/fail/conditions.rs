//! Conditions, comparisons and nulls: N233, N234, N250, N251, N252, N253, N267.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[derive(Record)]
struct Point {
    x: i64,
}

#[dataset]
struct Sale {
    uid: i64,
    name: String,
    nick: Option<String>,
    amount: f64,
    count: Option<i64>,
    paid: bool,
    sure: Option<bool>,
    price: Decimal<2>,
    day: NaiveDate,
    spot: Point,
    tags: Vec<String>,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn ifs(sales: Sale) -> Kept {
    sales
        .assign(
            // N234
            a = if uid { 1 } else { 2 },
            b = if amount + 1.0 { 1 } else { 2 },
            c = if paid { 1 } else if name { 2 } else { 3 },
            d = if count { 1 } else { 2 },
            // N267
            e = if paid { 1 } else { "one" },
            f = if paid { 1 } else if sure { name } else { 2 },
            g = if paid { at } else { day },
            h = if paid { spot } else { uid },
            i = if paid { tags } else { name },
            j = if paid { if sure { 1 } else { name } } else { 2 },
            k = if paid { uid } else { nmae },
        )
        .select(uid)
}

#[pipeline]
fn comparisons(sales: Sale) -> Kept {
    sales
        .assign(
            // N251
            a = uid == name,
            b = paid != 1,
            c = at == day,
            d = at == "2024-01-01",
            e = tags == name,
            f = price == amount,
            // N252
            g = name > name,
            h = nick <= "a",
            i = day < day,
            j = at >= at,
            k = price > price,
            l = paid < paid,
            m = uid > name,
            n = uid < at,
        )
        .select(uid)
}

#[pipeline]
fn logic(sales: Sale) -> Kept {
    sales
        .assign(
            // N253
            a = uid && paid,
            b = paid || count,
            c = paid && name,
            d = paid && (uid + 1),
            // N250
            e = count.fill_null("none"),
            f = nick.fill_null(0),
            g = count.fill_null(at),
            h = sure.fill_null(0),
            i = count.fill_null(),
            j = count.is_null(1),
            k = count.unwrap_or(0),
            l = count.isnull(),
            // N233
            m = agee.is_null(),
            n = uid + amuont,
        )
        .select(uid)
}

// N234
#[pipeline]
fn filtered_by_number(sales: Sale) -> Kept {
    sales.filter(uid).select(uid)
}

#[pipeline]
fn filtered_by_sum(sales: Sale) -> Kept {
    sales.filter(uid + 1).select(uid)
}

#[pipeline]
fn filtered_by_null(sales: Sale) -> Kept {
    sales.filter(count > 1).select(uid)
}

#[pipeline]
fn filtered_by_unknown(sales: Sale) -> Kept {
    sales.filter(uid > 1 && !payed).select(uid)
}

fn main() {}
