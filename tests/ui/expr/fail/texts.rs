//! Functions of texts: N222, N224, N238, N239, N264.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[dataset]
struct Visit {
    uid: i64,
    age: i64,
    paid: bool,
    name: String,
    nick: Option<String>,
    tags: Vec<String>,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

// N238
#[pipeline]
fn not_of_numbers(visits: Visit) -> Kept {
    visits
        .assign(
            a = age.contains("1"),
            b = age.starts_with("1"),
            c = age.ends_with("1"),
            d = age.concat("1"),
            e = age.lower(),
            f = paid.upper(),
            g = age.len(),
            h = age.parse::<f64>(),
            i = at.split("-"),
            j = tags.json_extract("$.a"),
            // N224
            k = age.strptime("%Y-%m-%d"),
            l = 5.lower(),
            m = lower(age),
            n = paid.to_lowercase(),
        )
        .select(uid)
}

// N239
#[pipeline]
fn arguments(visits: Visit) -> Kept {
    visits
        .assign(
            a = name.contains(age),
            b = name.starts_with(1),
            c = name.ends_with(paid),
            d = name.concat(age),
            e = name.concat(nick, "x"),
            f = name.split(1),
            g = name.split(nick),
            h = name.json_extract(1),
            i = name.parse(),
            j = name.contains(),
            k = name.split(sep = ","),
            l = name.lower("de"),
            m = name.strptime(1),
            n = name.strip(),
            o = name.to_lowercase(),
            p = name.startswith("a"),
        )
        .select(uid)
}

#[pipeline]
fn constants(visits: Visit) -> Kept {
    visits
        .assign(
            // N222
            a = name.strptime("%Y-%m-%d", "America/NonYork"),
            b = name.strptime("%Y-%m-%d", timezone = "Europe/Pariss"),
            c = name.strptime("%Y-%m-%d", nick),
            // N264
            d = name.strptime("%Y-%Q"),
            e = name.strptime("%"),
            f = name.strptime(nick),
            g = name.json_extract("user.name"),
            h = name.json_extract("$.user["),
            i = name.json_extract("$.items[-1]"),
            j = name.json_extract(nick),
        )
        .select(uid)
}

#[pipeline]
fn types(visits: Visit) -> Kept {
    visits
        .assign(
            a = name.lower::<i64>(),
            b = name.parse::<i64, f64>(),
            c = name.parse::<i64>("x"),
            d = name.contains::<i64>("x"),
        )
        .select(uid)
}

fn main() {}
