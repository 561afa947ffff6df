//! What an aggregate computes, of which column: N013 to N016, N058, N062, N082 to N084, N129 to N132,
//! N328, N330 to N332, N334, N336, N339, N389, N390, N394 to N396, N398 to N400, N448 to N450.
use fennel::prelude::*;

fennel::owner!("ratings@example.com");

#[dataset]
struct Rating {
    uid: i64,
    movie: String,
    stars: i64,
    rating: f64,
    price: Decimal<2>,
    seen: Option<i64>,
    released: NaiveDate,
    rented: DateTime<Utc>,
    fine: bool,
    extras: BTreeMap<String, i64>,
    #[field(timestamp)]
    at: DateTime<Utc>,
}

#[dataset]
struct Stat {
    #[field(key)]
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn counted(ratings: Rating) -> Stat {
    ratings.group_by(uid).aggregate(
        exact = count(movie, "1d", unique = true), // N013
        exactly = count(movie, "1d", unique = true, approx = false), // N013
        of_nothing = count("1d", unique = true, approx = true), // N394
        of_floats = count(rating, "1d", unique = true, approx = true),
        not_unique = count(movie, "1d", approx = true), // N449
        nulls_of_nothing = count("1d", dropnull = true), // N129
        no_nulls = count(rating, "1d", dropnull = true), // N130
        of_unknown = count(movi, "1d"), // N398
        flagged = count(movie, "1d", unique = 1, approx = true),
        of_text = count("movie", "1d"),
        twice = count(movie, "1d", of = movie),
    )
}

#[pipeline]
fn listed(ratings: Rating) -> Stat {
    ratings.group_by(uid).aggregate(
        floats = distinct(rating, "1d", unordered = true), // N014
        maps = distinct(extras, "1d", unordered = true),
        ordered = distinct(movie, "1d", unordered = false), // N015
        unsaid = distinct(movie, "1d"), // N015
        no_nulls = distinct(stars, "1d", unordered = true, dropnull = true), // N132
        last = last_k(rating, 3, "1d", dropnull = true), // N131
        first = first_k(rating, 3, "1d", dropnull = true), // N399
        none = last_k(rating, 0, "1d"), // N448
        fewer = first_k(rating, -1, "1d"), // N448
        some = first_k(rating, 1.5, "1d"), // N448
        no_limit = last_k(rating, "1d"),
        far = last_k(rating, limit = 10, k = 3, "1d"),
    )
}

#[pipeline]
fn computed(ratings: Rating) -> Stat {
    ratings.group_by(uid).aggregate(
        a = stddev(movie, "1d"), // N016, N334
        b = stddev(rating, "1d", default = "none"), // N334
        c = average(movie, "1d"), // N332
        d = average(rating, "1d", default = "none"), // N332
        e = sum(movie, "1d"), // N339
        f = sum(fine, "1d"), // N339
        g = sum(rented, "1d"), // N339
        h = quantile(movie, 0.5, "1d", approx = true), // N328
        i = quantile(rating, 10.0, "1d", approx = true), // N330
        j = quantile(rating, 0.5, "1d"), // N331
        k = quantile(rating, 0.5, "1d", approx = false), // N331
        l = quantile(rating, "1d", approx = true),
        m = exp_decay_sum(movie, "7d", "forever"), // N062
        n = exp_decay_sum(rating, 3, "forever"), // N058
        o = exp_decay_sum(rating, "0s", "forever"), // N395
        p = exp_decay_sum(rating, "3 days", "forever"), // N058
    )
}

#[pipeline]
fn extremes(ratings: Rating) -> Stat {
    ratings.group_by(uid).aggregate(
        a = min(stars, "1d", default = 0.91), // N082
        b = max(stars, "1d", default = 1.91), // N083
        c = max(movie, "1d"), // N084
        d = min(movie, "1d"), // N336
        e = min(stars, "1d", default = "none"), // N336
        f = min(released, "1d", default = 0), // N400
        g = max(rented, "1d", default = "2024-13-01"), // N400
        h = max(released, "1d", default = "2024-01-01T00:00:00Z"), // N450
        i = min(price, "1d", default = 0.5), // N450
        j = max(fine, "1d", default = true), // N336
        k = max(seen, "1d", default = stars),
    )
}

#[pipeline]
fn no_aggregates(ratings: Rating) -> Stat {
    ratings.group_by(uid).aggregate(
        a = stars, // N389
        b = stars + 1, // N389
        c = 3, // N389
        d = summ(stars, "1d"),
        e = median(stars, "1d"),
        f = sum(stars, "1d") / count("1d"), // N389
        sum(stars, "1d"), // N390
        stars, // N390
        stars.sum("1d"), // N390
        g = sum(stars * 2, "1d"),
        h = sum("1d"),
        i = sum(stars, "1d", foo = 3), // N396
        j = sum(stars, "1d", "2d"),
        k = sum(zz, "1d"), // N398
        l = sum(ratings, "1d"),
    )
}

fn main() {}
