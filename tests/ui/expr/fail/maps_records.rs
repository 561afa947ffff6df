//! Maps and records: N228, N232, N247, N265, N266.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[derive(Record)]
struct Point {
    x: i64,
    y: i64,
    note: Option<String>,
}

#[derive(Record)]
struct Pair {
    x: i64,
    y: i64,
}

#[dataset]
struct Trip {
    uid: i64,
    name: String,
    spot: Point,
    last: Option<Point>,
    spots: Vec<Point>,
    xs: Vec<i64>,
    names: Vec<String>,
    halves: Vec<f64>,
    prices: BTreeMap<String, i64>,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

// N247
#[pipeline]
fn fields(trips: Trip) -> Kept {
    trips
        .assign(
            a = spot.z,
            b = last.noet,
            c = uid.x,
            d = name.x,
            e = spots.x,
            f = spots[0].z,
            g = prices.x,
            h = spots.map(|p| p.z),
            // N228
            i = spot.get("x"),
            j = spot[name],
            k = spot.x(),
        )
        .select(uid)
}

// N266
#[pipeline]
fn records(trips: Trip) -> Kept {
    trips
        .assign(
            a = Pair { x: 1 },
            b = Pair { x: 1, y: 2, z: 3 },
            c = Pair { x: 1, y: name },
            d = Pair { x: 1, y: 2.5 },
            e = Pair { x: 1, y: None },
            f = Point { x: 1, y: 2 },
            g = Pair { x: 1, y: spots[0].x },
            h = Pair { x: 1, y: 2, x: 3 },
            i = Pair { x: 1, y: uid + name },
        )
        .select(uid)
}

// N232
#[pipeline]
fn zipped(trips: Trip) -> Kept {
    trips
        .assign(
            a = Pair::zip(x = xs, y = names),
            b = Pair::zip(x = xs, y = uid),
            c = Pair::zip(x = xs, y = halves),
            d = Pair::zip(x = xs),
            e = Pair::zip(x = xs, y = xs, z = xs),
            f = Pair::zip(x = xs, y = xs, y = xs),
            g = Pair::zip(x = xs, y = prices),
        )
        .select(uid)
}

// N265
#[pipeline]
fn maps(trips: Trip) -> Kept {
    trips
        .assign(
            a = prices.get(1),
            b = prices.get("a", "b"),
            c = prices.get("a", default = 1.5),
            d = prices.get("a", default = None),
            e = prices.get(),
            f = prices.contains(uid),
            g = uid.get("a"),
            h = names.get("a"),
            i = prices["a"],
            j = prices.keys(),
            k = prices.get("a", fallback = 1),
        )
        .select(uid)
}

fn main() {}
