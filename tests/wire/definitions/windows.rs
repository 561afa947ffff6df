use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("win@nimbus.io");

static HOOKS: Webhook = Webhook::new("win_hooks");

#[dataset]
#[source(HOOKS.endpoint("plays"), disorder = "1d", cdc = append)]
struct Play {
    user: i64,
    song: String,
    secs: f64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct HoppingStats {
    #[field(key)]
    user: i64,
    a: f64,
    b: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn hop(p: Play) -> HoppingStats {
    p.group_by(user).aggregate(
        a = sum(secs, hopping("1d", "1h", lookback = "30m")),
        b = count(hopping("2d", stride = "6h", lookback = "30m")),
        emit = "final",
    )
}

#[dataset(index)]
struct ForeverHop {
    #[field(key)]
    user: i64,
    b: i64,
    c: f64,
    at: DateTime<Utc>,
}

mod forever {
    use super::{ForeverHop, Play};
    use fennel::prelude::*;

    fennel::owner!("win@nimbus.io");

    #[pipeline]
    fn hop(p: Play) -> ForeverHop {
        p.group_by(user).aggregate(
            b = count(hopping("forever", "1d")),
            c = average(secs, hopping("forever", "12h")),
        )
    }
}

#[dataset(index)]
struct TumblingStats {
    #[field(key)]
    user: i64,
    a: f64,
    b: Vec<String>,
    at: DateTime<Utc>,
}

#[pipeline]
fn tumble(p: Play) -> TumblingStats {
    p.filter(secs > 1.0).group_by(user).aggregate(
        a = average(secs, tumbling("1d")),
        b = last_k(song, 5, tumbling("2d"), dedup = true),
    )
}

#[dataset(index)]
struct FinalContinuous {
    #[field(key)]
    user: i64,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn r#final(p: Play) -> FinalContinuous {
    p.group_by(user).aggregate(n = count("3d"), emit = "final")
}

#[dataset(index)]
struct BySession {
    #[field(key)]
    user: i64,
    #[field(key)]
    window: Window,
    at: DateTime<Utc>,
}

#[pipeline]
fn sessions(p: Play) -> BySession {
    p.group_by(user, window = session("15m")).aggregate()
}

#[dataset(index)]
struct ByTumbling {
    #[field(key)]
    user: i64,
    #[field(key)]
    song: String,
    #[field(key)]
    window: Window,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn tumbling(p: Play) -> ByTumbling {
    p.group_by(user, song, window = tumbling("1h"))
        .aggregate(n = count(), emit = "final")
}

#[dataset(index)]
struct ByHopping {
    #[field(key)]
    user: i64,
    #[field(key)]
    window: Window,
    n: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn hopping(p: Play) -> ByHopping {
    p.group_by(user, window = hopping("1h", "5m", lookback = "1d"))
        .aggregate(
            n = count(hopping("1h", "5m", lookback = "1d")),
            total = sum(secs),
        )
}

pub(crate) fn entities() -> [Descriptor<'static>; 8] {
    fennel::entities![
        Play,
        HoppingStats,
        ForeverHop,
        TumblingStats,
        FinalContinuous,
        BySession,
        ByTumbling,
        ByHopping,
    ]
}
