use fennel::prelude::*;
use fennel_core::entity::Descriptor;

static GATE: Webhook = Webhook::new("gate").retention("2d");
static OTHER: Webhook = Webhook::new("gate_two");

const FLOOR: i64 = 4;

#[meta(owner = "gate@nimbus.io")]
#[source(
    GATE.endpoint("entries"),
    disorder = "6h",
    cdc = upsert,
    bounded,
    idleness = "2h 30m",
    sample(0.25, using = [visitor, door]),
    since = "2024-02-03T04:05:06",
    preproc(
        label = payload_label,
        site = "HQ",
        floor = FLOOR,
        ratio = 0.5,
        vip = true,
        seen = "2024-01-01T12:30",
        doubled = raw * 2,
        shout = visitor.upper() as String,
    ),
    filter = raw > 10 && door != "back",
    schema(raw = i64),
)]
#[dataset]
struct Entry {
    #[field(key)]
    visitor: String,
    #[field(key)]
    door: String,
    label: String,
    site: String,
    floor: i64,
    ratio: f64,
    vip: bool,
    doubled: i64,
    shout: String,
    seen: DateTime<Utc>,
}

#[meta(owner = "gate@nimbus.io")]
#[source(GATE.endpoint("entries"), disorder = "14d", cdc = append, sample = 0.1)]
#[dataset]
struct RawEntry {
    visitor: String,
    door: String,
    seen: DateTime<Utc>,
}

#[meta(owner = "gate@nimbus.io")]
#[source(GATE.endpoint("exits"), disorder = "0s", cdc = upsert, sample = 0.75)]
#[source(OTHER.endpoint("exits_backup"), disorder = "1.5d", cdc = upsert)]
#[dataset]
struct Exit {
    #[field(key)]
    visitor: String,
    #[field(key)]
    badge: String,
    seen: DateTime<Utc>,
}

#[meta(owner = "gate@nimbus.io")]
#[source(OTHER.endpoint("audit"), disorder = "1w", cdc = append, filter = true)]
#[dataset]
struct Audit {
    line: String,
    seen: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 4] {
    fennel::entities![Entry, RawEntry, Exit, Audit]
}
