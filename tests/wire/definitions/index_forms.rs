use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("idx@nimbus.io");

static IDX: Webhook = Webhook::new("idx");

#[source(IDX.endpoint("both"), disorder = "1d", cdc = upsert)]
#[dataset(index)]
struct BothIndices {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

#[source(IDX.endpoint("online"), disorder = "1d", cdc = upsert)]
#[dataset(online)]
struct OnlineOnly {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

#[source(IDX.endpoint("offline"), disorder = "1d", cdc = upsert)]
#[dataset(offline, version = 5)]
struct OfflineOnly {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

#[source(IDX.endpoint("minus_offline"), disorder = "1d", cdc = upsert)]
#[dataset(index, offline = false)]
struct IndexMinusOffline {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

#[source(IDX.endpoint("neither"), disorder = "1d", cdc = upsert)]
#[dataset(index, offline = false, online = false)]
struct ExplicitNeither {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

#[source(IDX.endpoint("plain"), disorder = "1d", cdc = upsert)]
#[dataset]
struct NoIndex {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

#[source(IDX.endpoint("deco"), disorder = "1d", cdc = upsert)]
#[dataset(index)]
struct DecoratorIndex {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

#[source(IDX.endpoint("deco_online"), disorder = "1d", cdc = upsert)]
#[dataset(online)]
struct DecoratorOnlineOnly {
    #[field(key)]
    k: i64,
    v: i64,
    t: DateTime<Utc>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 8] {
    fennel::entities![
        BothIndices,
        OnlineOnly,
        OfflineOnly,
        IndexMinusOffline,
        ExplicitNeither,
        NoIndex,
        DecoratorIndex,
        DecoratorOnlineOnly
    ]
}
