//! Lists and closures: N230, N241, N242, N243, N244, N245, N246, N259, N268, N269, N431.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[dataset]
struct Basket {
    uid: i64,
    share: f64,
    name: String,
    counts: Vec<i64>,
    prices: Vec<f64>,
    maybes: Vec<Option<i64>>,
    tags: Vec<String>,
    flags: Vec<bool>,
    grid: Vec<Vec<i64>>,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

// N241
#[pipeline]
fn operands(baskets: Basket) -> Kept {
    baskets
        .assign(
            a = uid.len(),
            b = uid.has_null(),
            c = uid.contains(1),
            d = uid.at(0),
            e = uid[0],
            f = name[0],
            g = uid.sum(),
            h = share.mean(),
            i = name.min(),
            j = name.max(),
            k = uid.all(),
            l = name.any(),
            m = uid.filter(|x| x > 1),
            n = name.map(|x| x),
        )
        .select(uid)
}

#[pipeline]
fn arguments(baskets: Basket) -> Kept {
    baskets
        .assign(
            // N242
            a = counts.contains("1"),
            b = counts.contains(1.5),
            c = tags.contains(uid),
            d = grid.contains(1),
            // N243
            e = counts.at("first"),
            f = counts[name],
            g = counts[0.5],
            h = counts[counts[0]],
            // N244
            i = tags.sum(),
            j = tags.mean(),
            k = flags.min(),
            l = grid.max(),
            // N245
            m = tags.all(),
            n = counts.any(),
            o = counts.all(),
        )
        .select(uid)
}

#[pipeline]
fn closures(baskets: Basket) -> Kept {
    baskets
        .assign(
            // N246
            a = counts.filter(|x| x + 1),
            b = tags.filter(|x| x > 1),
            c = maybes.filter(|x| x > 1),
            d = counts.filter(|x| x.lower() == "a"),
            e = counts.filter(true),
            f = counts.map(uid),
            g = counts.map(),
            h = counts.map(|x| None),
            // N268
            i = counts.map(|x| y),
            j = counts.map(|x| x + 1).contains(x),
            // N431
            k = grid.map(|row| row.map(|x| x + 1)),
            l = grid.map(|row| row.filter(|x| x > 1)),
            // N259
            m = uid + (|x| x),
            n = counts.map(|x| x + name),
        )
        .select(uid)
}

#[pipeline]
fn repeated(baskets: Basket) -> Kept {
    baskets
        .assign(
            // N230
            a = repeat(name, -1),
            // N269
            b = repeat(name, 1.5),
            c = repeat(name, share),
            d = repeat(uid, count = name),
            e = repeat(uid),
            f = repeat(uid, counts[0]),
            g = tags.push("x"),
            h = tags.first(),
            i = tags.length(),
        )
        .select(uid)
}

fn main() {}
