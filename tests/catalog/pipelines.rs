//! What only the whole of a catalog shows of pipelines: inputs, sources beside them, envs, cycles.

use fennel::prelude::*;

use fennel_core::catalog::Catalog;
use fennel_core::entity::{Descriptor, Field, Pipeline};

use crate::whole::problems_in;

fennel::owner!("team@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("orders"), disorder = "1d", cdc = append)]
struct Order {
    uid: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset(index)]
struct Spend {
    #[field(key)]
    uid: i64,
    total: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn spend(orders: Order) -> Spend {
    orders
        .group_by(uid)
        .aggregate(total = sum(amount, "forever"))
}

/// The problems of these entities, for a commit without env.
macro_rules! problems {
    ($($entity:path),*) => {
        problems_for(None, fennel::entities![$($entity),*])
    };
}

fn problems_for(
    env: Option<&str>,
    entities: impl IntoIterator<Item = Descriptor<'static>>,
) -> String {
    problems_in("pipelines.rs", env, entities)
}

#[test]
fn a_pipeline_and_what_it_takes_are_complete() {
    assert_eq!(problems!(Order, Spend), "");
}

/// N028, N299: an input that is not committed.
#[test]
fn what_a_pipeline_takes_is_committed() {
    assert_eq!(
        problems!(Spend),
        "dataset `Spend.spend`: it takes dataset `Order`, which is not part of this commit; add it"
    );
}

/// N063: an input that is marked deleted.
#[test]
fn what_a_pipeline_takes_is_not_deleted() {
    #[dataset]
    #[meta(deleted)]
    #[source(APP.endpoint("old"), disorder = "1d", cdc = append)]
    struct Old {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[dataset]
    struct New {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[pipeline]
    fn renew(old: Old) -> New {
        old.filter(uid > 0)
    }
    #[dataset]
    #[meta(deleted)]
    struct AlsoDeleted {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[pipeline]
    fn keep(old: Old) -> AlsoDeleted {
        old.filter(uid > 0)
    }
    assert_eq!(
        problems!(Old, New, AlsoDeleted),
        "dataset `New.renew`: it takes dataset `Old`, which is marked deleted; remove `deleted` there, \
         or mark `New` deleted too"
    );
}

/// N049: a source and a pipeline.
#[test]
fn a_dataset_has_a_source_or_a_pipeline() {
    #[dataset]
    #[source(APP.endpoint("both"), disorder = "1d", cdc = append)]
    struct Both {
        uid: i64,
        amount: f64,
        at: DateTime<Utc>,
    }
    #[pipeline]
    fn copy(orders: Order) -> Both {
        orders.filter(amount > 0.0)
    }
    assert_eq!(
        problems!(Order, Both),
        "dataset `Both`: it has both a source and pipeline `copy`; keep one, or separate them by `env`"
    );
}

#[test]
fn an_env_tells_a_source_from_a_pipeline() {
    #[dataset]
    #[source(APP.endpoint("apart"), disorder = "1d", cdc = append, env = "dev")]
    struct Apart {
        uid: i64,
        amount: f64,
        at: DateTime<Utc>,
    }
    #[pipeline(env = "prod")]
    fn copy(orders: Order) -> Apart {
        orders.filter(amount > 0.0)
    }
    let entities = fennel::entities![Order, Apart];
    assert_eq!(problems_for(Some("prod"), entities), "");
    assert_eq!(problems_for(Some("dev"), entities), "");
    assert_eq!(
        problems_for(None, entities),
        "dataset `Apart`: it has both a source and pipeline `copy`; keep one, or separate them by `env`"
    );
}

/// N288, N289: several pipelines of one dataset.
#[test]
fn of_several_pipelines_each_has_an_env_of_its_own() {
    #[dataset]
    struct Several {
        uid: i64,
        amount: f64,
        at: DateTime<Utc>,
    }
    #[pipeline(env = ["prod", "staging"])]
    fn all(orders: Order) -> Several {
        orders.filter(amount > 0.0)
    }
    #[pipeline(env = "staging")]
    fn large(orders: Order) -> Several {
        orders.filter(amount > 100.0)
    }
    #[pipeline]
    fn some(orders: Order) -> Several {
        orders.filter(amount > 10.0)
    }
    let entities = fennel::entities![Order, Several];
    assert_eq!(
        problems_for(Some("staging"), entities),
        "dataset `Several.large`: this pipeline and `all` are both for env `staging`; a dataset is \
         filled by one\n\
         dataset `Several.some`: the dataset has several pipelines and this one has no env; give each \
         its own, as in `#[pipeline(env = \"prod\")]`"
    );
    assert_eq!(problems_for(Some("dev"), entities), "");
    assert!(problems_for(Some("prod"), entities).contains("this one has no env"));
}

#[test]
fn a_pipeline_of_another_env_takes_no_part() {
    #[dataset]
    struct Elsewhere {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[dataset]
    struct Here {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[pipeline(env = "dev")]
    fn copy(elsewhere: Elsewhere) -> Here {
        elsewhere.filter(uid > 0)
    }
    let entities = fennel::entities![Here];
    assert_eq!(problems_for(Some("prod"), entities), "");
    assert!(problems_for(Some("dev"), entities).contains("not part of this commit"));
}

/// N360: what is computed when it is read feeds nothing.
#[test]
fn nothing_is_made_of_what_is_computed_when_it_is_read() {
    #[dataset]
    struct Rich {
        uid: i64,
        total: f64,
        rich: bool,
        at: DateTime<Utc>,
    }
    #[pipeline]
    fn rich(spend: Spend) -> Rich {
        spend.changelog(insert = rich)
    }
    assert_eq!(
        problems!(Order, Spend, Rich),
        "dataset `Rich.rich`: it takes dataset `Spend`, whose pipeline `spend` ends in an aggregate over \
         continuous windows: that is computed when it is read, and nothing can be made of it"
    );
}

#[test]
fn a_dataset_is_not_made_of_itself() {
    #[dataset]
    struct First {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[dataset]
    struct Second {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[pipeline]
    fn forth(first: First) -> Second {
        first.filter(uid > 0)
    }
    #[pipeline]
    fn back(second: Second) -> First {
        second.filter(uid > 0)
    }
    assert_eq!(
        problems!(First, Second),
        "dataset `First`: it is made of itself: First <- Second <- First"
    );
}

#[test]
fn a_cycle_of_another_env_is_none() {
    #[dataset]
    struct Loop {
        uid: i64,
        at: DateTime<Utc>,
    }
    #[pipeline(env = "dev")]
    fn again(rows: Loop) -> Loop {
        rows.filter(uid > 0)
    }
    let entities = fennel::entities![Loop];
    assert_eq!(problems_for(Some("prod"), entities), "");
    assert_eq!(
        problems_for(Some("dev"), entities),
        "dataset `Loop`: it is made of itself: Loop <- Loop"
    );
}

#[test]
fn connectors_of_datasets_that_pipelines_fill_count_too() {
    static OTHER: Webhook = Webhook::new("app").retention("30d");

    #[dataset]
    #[source(OTHER.endpoint("orders"), disorder = "1d", cdc = append, env = "dev")]
    struct Sourced {
        uid: i64,
        amount: f64,
        at: DateTime<Utc>,
    }
    #[pipeline(env = "prod")]
    fn made(orders: Order) -> Sourced {
        orders.filter(amount > 0.0)
    }
    let entities = fennel::entities![Order, Sourced];
    assert_eq!(problems_for(Some("prod"), entities), "");
    assert!(problems_for(Some("dev"), entities).contains("two connectors are called `app`"));
}

/// rustc says so of structs; this is what a request meets.
#[test]
fn a_dataset_with_more_columns_than_a_pipeline_holds_is_refused() {
    let wide = |name: &'static str, pipelines: &[Pipeline<'static>]| {
        let entities: Catalog<'_> = fennel::entities![Order, Spend].into_iter().collect();
        let mut catalog = Catalog::default();
        for dataset in entities.datasets() {
            let mut dataset = *dataset;
            if dataset.name == name {
                let last = dataset.fields[dataset.fields.len() - 2];
                let names = (0..300).map(|i| Field {
                    name: format!("more_{i}").leak(),
                    ..last
                });
                let fields: Vec<_> = dataset.fields.iter().copied().chain(names).collect();
                dataset.fields = fields.leak();
            }
            catalog.push_dataset(dataset);
        }
        for pipeline in pipelines {
            catalog.push_pipeline(*pipeline);
        }
        catalog.check(None).map_err(|problems| problems.to_string())
    };
    let entities: Catalog<'_> = fennel::entities![Order, Spend].into_iter().collect();
    let pipelines = entities.pipelines("Spend");
    for name in ["Order", "Spend"] {
        let refused = wide(name, pipelines).expect_err("there are more than 256 columns");
        let told = format!("`{name}` has more than 256 columns, the most in a pipeline: split it");
        assert!(refused.contains(&told), "{refused}");
    }
}
