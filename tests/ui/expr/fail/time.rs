//! Instants, units, zones and formats: N222, N240, N248, N249, N262, N263, N264.
use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[dataset]
struct Login {
    uid: i64,
    share: f64,
    name: String,
    day: NaiveDate,
    seen: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
}

#[dataset]
struct Kept {
    uid: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn units(logins: Login) -> Kept {
    logins
        .assign(
            // N240
            a = at.since(seen, "month"),
            b = at.since_epoch("month"),
            // N262
            c = at.since(seen, "eon"),
            d = at.since_epoch(unit = "days"),
            e = at.since(seen, name),
            f = at.since(seen, "day", "UTC"),
            // N248
            g = from_epoch(share, "second"),
            h = from_epoch(name, unit = "second"),
            i = from_epoch(uid, "minute"),
            j = from_epoch(uid, unit = "nanosecond"),
            k = from_epoch(uid, name),
            l = from_epoch(uid),
            m = from_epoch(),
            n = uid.from_epoch("day"),
        )
        .select(uid)
}

// N249
#[pipeline]
fn operands(logins: Login) -> Kept {
    logins
        .assign(
            a = day.year(),
            b = day.month(),
            c = name.week(),
            d = name.day(),
            e = uid.hour(),
            f = share.minute(),
            g = day.second(),
            h = day.millisecond(),
            i = day.microsecond(),
            j = day.since(at, "day"),
            k = at.since(day, "day"),
            l = at.since(1),
            m = day.since_epoch("day"),
            n = day.strftime("%Y"),
            o = year(name),
            p = at.since(),
        )
        .select(uid)
}

#[pipeline]
fn zones(logins: Login) -> Kept {
    logins
        .assign(
            // N222
            a = at.year("America/NonYork"),
            b = at.hour(timezone = "Europe/Pariss"),
            c = at.hour("+05:30"),
            d = at.hour(name),
            e = at.strftime("%H", "Mars"),
            // N264
            f = at.strftime("%Q"),
            g = at.strftime("%Y-%"),
            h = at.strftime(name),
            i = at.strftime(),
            j = at.hours(),
            k = now(1),
            l = now.since(at),
            m = at.now(),
        )
        .select(uid)
}

// N263
#[pipeline]
fn literals(logins: Login) -> Kept {
    logins
        .assign(
            a = datetime(2020, 13, 1),
            b = datetime(2020, 2, 30),
            c = datetime(0, 1, 1),
            d = datetime(10000, 1, 1),
            e = datetime(2020, 1, 1, hour = 24),
            f = datetime(2020, 1, 1, 0, 60),
            g = datetime(2020, 1, 1, second = 60),
            h = datetime(2020, 1, 1, microsecond = 1000000),
            i = datetime(2020, 1, 1, timezone = "Mars"),
            j = datetime(2020, 1, 1, timezone = name),
            k = datetime(2020, 1),
            l = datetime(uid, 1, 1),
            m = datetime("2020-01-01"),
            n = datetime(2020, 1, 1, hours = 3),
            o = datetime(2020, 1, 32),
        )
        .select(uid)
}

fn main() {}
