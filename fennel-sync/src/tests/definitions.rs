//! The definitions of a small project.

use fennel_core::catalog::Catalog;
use fennel_core::entity::{
    Dataset, Env, Extraction, Feature, Featureset, Field, Index, Kind, Location, Meta, Order,
    Origin, Reference,
};
use fennel_core::literal::Literal;
use fennel_core::time::Duration;
use fennel_core::ty::Type;

const META: Meta<'static> = Meta {
    owner: "tickets@shop.example",
    ..Meta::EMPTY
};

pub(super) const fn at(line: u32) -> Location<'static> {
    Location {
        file: "src/lib.rs",
        line,
        module: "tickets",
    }
}

pub(super) const fn field(name: &'static str, ty: Type<'static>, key: bool) -> Field<'static> {
    Field {
        name,
        ty,
        key,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    }
}

pub(super) const TICKET: Dataset<'static> = Dataset {
    name: "Ticket",
    version: 1,
    history: Duration::from_days(730),
    index: Index {
        online: true,
        offline: true,
    },
    fields: &[
        field("ticket_id", Type::String, true),
        field("price", Type::Int, false),
        field("at", Type::Timestamp, false),
    ],
    order: Order::NONE,
    sources: &[],
    expectations: None,
    sinks: &[],
    meta: META,
    location: at(9),
};

pub(super) const TICKET_FEATURES: Featureset<'static> = Featureset {
    name: "TicketFeatures",
    features: &[
        Feature {
            name: "ticket_id",
            ty: Type::String,
            extraction: None,
            meta: Meta::EMPTY,
        },
        Feature {
            name: "price",
            ty: Type::Int,
            extraction: Some(Extraction {
                origin: Origin::Reference(Reference {
                    kind: Kind::Dataset,
                    entity: "Ticket",
                    name: "price",
                }),
                default: Some(Literal::Int(0)),
                version: 0,
                env: Env::ANY,
            }),
            meta: Meta::EMPTY,
        },
    ],
    order: Order::NONE,
    reads: Order::NONE,
    meta: META,
    location: at(20),
};

pub(super) fn catalog() -> Catalog<'static> {
    let mut catalog = Catalog::default();
    catalog.push_dataset(TICKET);
    catalog.push_featureset(TICKET_FEATURES);
    catalog
}
