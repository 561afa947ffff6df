use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("ops@nimbus.io");

static HOOKS: Webhook = Webhook::new("keyed_hooks");

#[dataset]
#[source(HOOKS.endpoint("scans"), disorder = "1d", cdc = append)]
struct Scan {
    r#box: String,
    gate: String,
    weight: f64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct FirstScan {
    #[field(key)]
    r#box: String,
    gate: String,
    weight: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn firsts(s: Scan) -> FirstScan {
    s.group_by(r#box).first()
}

#[dataset(index)]
struct LatestScan {
    #[field(key)]
    gate: String,
    #[field(key)]
    r#box: String,
    weight: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn latests(s: Scan) -> LatestScan {
    s.filter(weight >= 0.0).group_by(gate, r#box).latest()
}

#[dataset]
struct Deduped {
    r#box: String,
    gate: String,
    weight: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn dedup_by(s: Scan) -> Deduped {
    s.dedup(r#box, gate)
}

#[dataset]
struct DedupedAll {
    r#box: String,
    gate: String,
    weight: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn dedup_all(s: Scan) -> DedupedAll {
    s.dedup()
}

#[dataset]
struct DedupedSession {
    r#box: String,
    gate: String,
    weight: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn dedup_session(s: Scan) -> DedupedSession {
    s.filter(gate != "x").dedup(r#box, window = session("10m"))
}

#[dataset]
struct DedupedTumbling {
    r#box: String,
    gate: String,
    weight: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn dedup_tumbling(s: Scan) -> DedupedTumbling {
    s.dedup(gate, window = tumbling("1h"))
}

#[dataset]
struct ScanLog {
    r#box: String,
    gate: String,
    weight: f64,
    gone: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn log_deletes(s: FirstScan) -> ScanLog {
    s.changelog(delete = gone)
}

#[dataset]
struct ScanInserts {
    gate: String,
    r#box: String,
    weight: f64,
    is_new: bool,
    at: DateTime<Utc>,
}

#[pipeline]
fn log_inserts(s: LatestScan) -> ScanInserts {
    s.filter(weight > 1.0).changelog(insert = is_new)
}

pub(crate) fn entities() -> [Descriptor<'static>; 9] {
    fennel::entities![
        Scan,
        FirstScan,
        LatestScan,
        Deduped,
        DedupedAll,
        DedupedSession,
        DedupedTumbling,
        ScanLog,
        ScanInserts,
    ]
}
