//! Definitions to test with, as their macros would describe them.

use fennel_core::catalog::Catalog;
use fennel_core::connector::Webhook;
use fennel_core::entity::{
    Cdc, Dataset, Descriptor, Env, Extraction, Feature, Featureset, Field, Index, Kind, Location,
    Meta, Order, Origin, Reference, Source,
};
use fennel_core::expr::Expr;
use fennel_core::literal::Literal;
use fennel_core::time::Duration;
use fennel_core::ty::Type;
use fennel_core::wire::encode;
use fennel_core::wire::proto::services::SyncRequest;

pub(crate) const OWNED: Meta<'static> = Meta {
    owner: "team@example.com",
    ..Meta::EMPTY
};
pub(crate) const DELETED: Meta<'static> = Meta {
    deleted: true,
    ..OWNED
};
pub(crate) const BOTH: Index = Index {
    online: true,
    offline: true,
};

const HOOK: Webhook<'static> = Webhook::new("hook");

/// A column that is neither key nor event time.
pub(crate) const fn value<'a>(name: &'a str, ty: Type<'a>) -> Field<'a> {
    Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    }
}

pub(crate) const fn key<'a>(name: &'a str, ty: Type<'a>) -> Field<'a> {
    Field {
        key: true,
        ..value(name, ty)
    }
}

pub(crate) const TS: Field<'static> = Field {
    timestamp: true,
    ..value("ts", Type::Timestamp)
};

/// A source of the webhook `hook`.
pub(crate) const fn source(endpoint: &str, cdc: Cdc) -> Source<'_> {
    Source::new(
        HOOK.endpoint(endpoint).connector(),
        Duration::from_days(14),
        cdc,
    )
}

const fn plain(
    name: &'static str,
    fields: &'static [Field<'static>],
    sources: &'static [Source<'static>],
) -> Dataset<'static> {
    Dataset {
        name,
        version: 1,
        history: Dataset::DEFAULT_HISTORY,
        index: Index::NONE,
        fields,
        order: Order::NONE,
        sources,
        expectations: None,
        sinks: &[],
        meta: OWNED,
        location: Location::UNKNOWN,
    }
}

/// A dataset without an index.
pub(crate) fn dataset(
    name: &'static str,
    fields: impl Into<Vec<Field<'static>>>,
    sources: impl Into<Vec<Source<'static>>>,
) -> Dataset<'static> {
    plain(name, fields.into().leak(), sources.into().leak())
}

/// A dataset with both indexes.
pub(crate) fn indexed(
    name: &'static str,
    fields: impl Into<Vec<Field<'static>>>,
    source: Source<'static>,
) -> Dataset<'static> {
    Dataset {
        index: BOTH,
        ..dataset(name, fields, [source])
    }
}

/// Users by `uid`, from the endpoint `users`.
pub(crate) const USERS: Dataset<'static> = Dataset {
    index: BOTH,
    ..plain(
        "Users",
        &[
            key("uid", Type::Int),
            value("city", Type::String),
            value("age", Type::Optional(&Type::Int)),
            TS,
        ],
        &[source("users", Cdc::Upsert)],
    )
};

/// Sales without a key, from the endpoint `sales`.
pub(crate) const SALES: Dataset<'static> = plain(
    "Sales",
    &[value("uid", Type::Int), value("price", Type::Float), TS],
    &[source("sales", Cdc::Append)],
);

/// A feature that queries must give.
pub(crate) const fn given<'a>(name: &'a str, ty: Type<'a>) -> Feature<'a> {
    Feature {
        name,
        ty,
        extraction: None,
        meta: Meta::EMPTY,
    }
}

/// A feature that looks up a column.
pub(crate) const fn looked_up<'a>(
    name: &'a str,
    ty: Type<'a>,
    dataset: &'a str,
    column: &'a str,
    default: Option<Literal<'a>>,
) -> Feature<'a> {
    read(
        name,
        ty,
        Reference {
            kind: Kind::Dataset,
            entity: dataset,
            name: column,
        },
        default,
    )
}

/// A feature that is another one.
pub(crate) const fn alias<'a>(
    name: &'a str,
    ty: Type<'a>,
    featureset: &'a str,
    feature: &'a str,
    default: Option<Literal<'a>>,
) -> Feature<'a> {
    read(
        name,
        ty,
        Reference {
            kind: Kind::Featureset,
            entity: featureset,
            name: feature,
        },
        default,
    )
}

/// A feature that is computed from others of its featureset.
pub(crate) const fn computed<'a>(name: &'a str, ty: Type<'a>, expr: Expr<'a>) -> Feature<'a> {
    let extraction = Some(Extraction {
        origin: Origin::Expr(expr),
        default: None,
        version: 0,
        env: Env::ANY,
    });
    Feature {
        name,
        ty,
        extraction,
        meta: Meta::EMPTY,
    }
}

const fn read<'a>(
    name: &'a str,
    ty: Type<'a>,
    reference: Reference<'a>,
    default: Option<Literal<'a>>,
) -> Feature<'a> {
    let extraction = Some(Extraction {
        origin: Origin::Reference(reference),
        default,
        version: 0,
        env: Env::ANY,
    });
    Feature {
        name,
        ty,
        extraction,
        meta: Meta::EMPTY,
    }
}

pub(crate) fn featureset(
    name: &'static str,
    features: impl Into<Vec<Feature<'static>>>,
) -> Featureset<'static> {
    Featureset {
        name,
        features: features.into().leak(),
        ..USER
    }
}

/// What is asked about users: `uid` is given.
pub(crate) const USER: Featureset<'static> = Featureset {
    name: "User",
    features: &[
        given("uid", Type::Int),
        looked_up(
            "city",
            Type::String,
            "Users",
            "city",
            Some(Literal::Str("nowhere")),
        ),
        looked_up("age", Type::Optional(&Type::Int), "Users", "age", None),
    ],
    order: Order::NONE,
    reads: Order::NONE,
    meta: OWNED,
    location: Location::UNKNOWN,
};

/// The request that commits these.
pub(crate) fn request(datasets: &[Dataset<'_>], featuresets: &[Featureset<'_>]) -> SyncRequest {
    let datasets = datasets.iter().map(Descriptor::Dataset);
    let featuresets = featuresets.iter().map(Descriptor::Featureset);
    let catalog: Catalog<'_> = datasets.chain(featuresets).collect();
    encode(&catalog, None, "a message")
}

/// The request that commits these featuresets, which read `Users`, and not the dataset itself.
pub(crate) fn without_users(featuresets: &[Featureset<'_>]) -> SyncRequest {
    let with_users = request(&[USERS], featuresets);
    SyncRequest {
        feature_sets: with_users.feature_sets,
        features: with_users.features,
        extractors: with_users.extractors,
        ..Default::default()
    }
}
