//! The fewest steps.

use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::entity::{
    self, Dataset, Descriptor, Env, Feature, Featureset, Field, Index, Kind, Location, Meta, Order,
    Origin, Reference,
};
use fennel_core::ty::Type;

use super::*;
use crate::python::RunBy;
use crate::table::Table;

const fn field(name: &'static str, ty: Type<'static>) -> Field<'static> {
    Field {
        name,
        ty,
        key: false,
        erase_key: false,
        timestamp: false,
        meta: Meta::EMPTY,
    }
}

const USERS: Dataset<'static> = Dataset {
    name: "Users",
    version: 1,
    history: Dataset::DEFAULT_HISTORY,
    index: Index {
        online: true,
        offline: true,
    },
    fields: &[
        Field {
            key: true,
            ..field("uid", Type::Int)
        },
        field("city", Type::String),
        field("age", Type::Int),
        field("at", Type::Timestamp),
    ],
    order: Order::NONE,
    sources: &[],
    expectations: None,
    sinks: &[],
    meta: Meta::EMPTY,
    location: Location::UNKNOWN,
};

const fn given(name: &'static str) -> Feature<'static> {
    Feature {
        name,
        ty: Type::Int,
        extraction: None,
        meta: Meta::EMPTY,
    }
}

const fn read(
    name: &'static str,
    ty: Type<'static>,
    kind: Kind,
    entity: &'static str,
    of: &'static str,
) -> Feature<'static> {
    let reference = Reference {
        kind,
        entity,
        name: of,
    };
    Feature {
        ty,
        extraction: Some(entity::Extraction {
            origin: Origin::Reference(reference),
            default: None,
            version: 0,
            env: Env::ANY,
        }),
        ..given(name)
    }
}

const fn featureset(
    name: &'static str,
    features: &'static [Feature<'static>],
) -> Featureset<'static> {
    Featureset {
        name,
        features,
        order: Order::NONE,
        reads: Order::NONE,
        meta: Meta::EMPTY,
        location: Location::UNKNOWN,
    }
}

/// `Ask.uid` is given; `Home` and `Life` look up by aliases of it.
const FEATURESETS: [Featureset<'static>; 3] = [
    featureset("Ask", &[given("uid")]),
    featureset(
        "Home",
        &[
            read("uid", Type::Int, Kind::Featureset, "Ask", "uid"),
            read(
                "city",
                Type::Optional(&Type::String),
                Kind::Dataset,
                "Users",
                "city",
            ),
            read(
                "age",
                Type::Optional(&Type::Int),
                Kind::Dataset,
                "Users",
                "age",
            ),
        ],
    ),
    featureset(
        "Life",
        &[
            read("uid", Type::Int, Kind::Featureset, "Home", "uid"),
            read(
                "age",
                Type::Optional(&Type::Int),
                Kind::Dataset,
                "Users",
                "age",
            ),
        ],
    ),
];

fn graph() -> Graph {
    let sets = FEATURESETS.iter().map(Descriptor::Featureset);
    let catalog: Catalog<'_> = sets.chain([Descriptor::Dataset(&USERS)]).collect();
    let table = |dataset: &Dataset<'_>| {
        Table::new(1, dataset, None, RunBy::new(None))
            .ok()
            .map(Arc::new)
    };
    Graph::new(&catalog, RunBy::new(None), table).unwrap()
}

/// The steps of a query: of a lookup, its features.
fn steps(inputs: &[&str], outputs: &[&str]) -> Vec<String> {
    let graph = graph();
    let ids = |names: &[&str]| -> Vec<FeatureId> {
        names.iter().map(|name| graph.find(name).unwrap()).collect()
    };
    let plan = Plan::new(&graph, &ids(inputs), &ids(outputs)).unwrap();
    let name = |id: &FeatureId| graph.feature(*id).name.clone();
    let step = |step: &Step| match step {
        Step::Alias { feature, .. } => format!("alias {}", name(feature)),
        Step::Lookup { features, .. } => {
            let features: Vec<_> = features.iter().map(|(feature, _)| name(feature)).collect();
            format!("look up {}", features.join(", "))
        }
        other => format!("{other:?}"),
    };
    plan.steps.iter().map(step).collect()
}

#[test]
fn aliases_of_one_feature_share_a_lookup_across_featuresets() {
    assert_eq!(
        steps(&["Ask.uid"], &["Home.city", "Life.age", "Home.age"]),
        [
            "alias Home.uid",
            "look up Home.city, Life.age, Home.age",
            "alias Life.uid",
        ]
    );
}

#[test]
fn a_key_that_is_given_is_looked_up_by_itself() {
    assert_eq!(
        steps(&["Ask.uid", "Life.uid"], &["Home.city", "Life.age"]),
        ["alias Home.uid", "look up Home.city", "look up Life.age"]
    );
}

#[test]
fn what_no_output_needs_is_left_out() {
    assert_eq!(
        steps(&["Ask.uid"], &["Life.uid"]),
        ["alias Home.uid", "alias Life.uid"]
    );
    assert_eq!(steps(&["Life.age"], &["Life.age"]), Vec::<String>::new());
}
