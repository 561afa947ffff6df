//! What a plan says beside what changes: what that reaches, which tags begin to flow, who uses what is
//! deprecated, and what is lost.

use fennel::catalog::Catalog;
use fennel::diff::diff;
use fennel_core::plan::{Flow, Plan};

/// A project at different times: what is said of `Order`, of `Spend`, and of two features.
macro_rules! project {
    ($name:ident {
        $(#[$order:meta])* ($order_version:literal, $amount:ty)
        $(#[$spend:meta])* ($spend_version:literal)
        $(#[$total:meta])* ($($rest:tt)*)
    }) => {
        mod $name {
            use fennel::prelude::*;

            fennel::owner!("team@example.com");

            static SHOP: Webhook = Webhook::new("shop");

            #[dataset(version = $order_version)]
            $(#[$order])*
            #[source(SHOP.endpoint("orders"), disorder = "1d", cdc = append)]
            pub(super) struct Order {
                uid: i64,
                amount: $amount,
                at: DateTime<Utc>,
            }

            #[dataset(index, version = $spend_version)]
            $(#[$spend])*
            pub(super) struct Spend {
                #[field(key)]
                uid: i64,
                total: $amount,
                at: DateTime<Utc>,
            }

            #[pipeline]
            fn spend(orders: Order) -> Spend {
                orders.group_by(uid).aggregate(total = sum(amount, "7d"))
            }

            #[dataset(index)]
            pub(super) struct Page {
                #[field(key)]
                uid: i64,
                name: String,
                at: DateTime<Utc>,
            }

            #[featureset]
            pub(super) struct UserFeatures {
                uid: i64,
                $(#[$total])*
                #[feature(Spend::total, default = 0)]
                total: $amount,
                $($rest)*
                #[feature(Page::name, default = "")]
                page: String,
            }

            #[featureset]
            pub(super) struct Model {
                #[feature(UserFeatures::total)]
                input: $amount,
            }

            pub(super) fn catalog() -> super::Catalog<'static> {
                fennel::entities![Order, Spend, Page, UserFeatures, Model]
                    .into_iter()
                    .collect()
            }
        }
    };
}

project!(first { (1, i64) (1) () });
project!(reordered {
    #[meta(tags = ["PII"], description = "what was bought")]
    (2, i64)
    (2)
    ()
});
project!(tagged {
    #[meta(tags = ["PII"])]
    (1, i64)
    (1)
    ()
});
project!(ended {
    #[meta(tags = ["PII"])]
    (1, i64)
    #[meta(tags = ["~PII"])]
    (1)
    ()
});
project!(old_spend {
    (1, i64)
    #[meta(deprecated)]
    (1)
    ()
});
project!(old_total {
    (1, i64)
    (1)
    #[meta(deprecated)]
    ()
});
project!(another {
    (1, i64)
    (1)
    (#[feature(expr = total * 2)] double: i64,)
});
project!(another_gone {
    (1, i64)
    (1)
    (#[meta(deleted)] double: i64,)
});

fn plan(old: &Catalog<'_>, new: &Catalog<'_>) -> Plan {
    Plan::new(old, new, &diff(old, new))
}

/// What the change of an entity reaches.
fn reached(plan: &Plan, entity: &str) -> Vec<String> {
    let found = plan.entities.iter().find(|found| found.name == entity);
    let reaches = &found.expect("it is there").reaches;
    reaches.iter().map(ToString::to_string).collect()
}

fn tags(plan: &Plan) -> Vec<String> {
    let flows = plan.tags.iter().map(|flow| {
        let verb = match flow.flow {
            Flow::Begins => "begins",
            Flow::Ends => "ends",
        };
        let from: Vec<_> = flow.from.iter().map(ToString::to_string).collect();
        format!(
            "{} {verb} on {} from [{}]",
            flow.tag,
            flow.to,
            from.join(", ")
        )
    });
    flows.collect()
}

#[test]
fn a_change_reaches_all_that_is_made_of_it_however_far_down() {
    let plan = plan(&first::catalog(), &reordered::catalog());
    let features = ["feature Model.input", "feature UserFeatures.total"];
    assert_eq!(
        reached(&plan, "Order"),
        [&["dataset Spend"][..], &features].concat()
    );
    assert_eq!(reached(&plan, "Spend"), features);
    assert_eq!((plan.changed, plan.unchanged), (2, 3));
    assert!(reached(&plan, "Page").is_empty());
}

#[test]
fn what_only_people_read_and_what_is_new_reach_nothing() {
    let handed_on = plan(&first::catalog(), &tagged::catalog());
    assert!(handed_on.entities.iter().all(|it| it.reaches.is_empty()));
    let new = plan(&Catalog::default(), &first::catalog());
    assert_eq!(new.created, 5);
    assert!(new.entities.iter().all(|it| it.reaches.is_empty()));
}

#[test]
fn a_feature_that_begins_to_carry_a_tag_is_named_with_where_it_comes_from() {
    let (first, tagged) = (first::catalog(), tagged::catalog());
    assert_eq!(
        tags(&plan(&first, &tagged)),
        [
            "PII begins on dataset Order from []",
            "PII begins on dataset Spend from [dataset Order]",
            "PII begins on feature Model.input from [dataset Order]",
            "PII begins on feature UserFeatures.total from [dataset Order]",
        ]
    );
    assert!(plan(&tagged, &tagged).tags.is_empty());
}

#[test]
fn a_tag_that_is_ended_on_its_way_ends_on_all_behind() {
    assert_eq!(
        tags(&plan(&tagged::catalog(), &ended::catalog())),
        [
            "PII ends on dataset Spend from []",
            "PII ends on feature Model.input from []",
            "PII ends on feature UserFeatures.total from []",
        ]
    );
}

#[test]
fn who_uses_what_is_deprecated_is_in_every_plan() {
    let (first, old_spend) = (first::catalog(), old_spend::catalog());
    for plan in [plan(&first, &old_spend), plan(&old_spend, &old_spend)] {
        let uses = plan.deprecated_uses.iter();
        let uses: Vec<_> = uses
            .map(|it| format!("{} uses {}", it.user, it.used))
            .collect();
        assert_eq!(uses, ["feature UserFeatures.total uses dataset Spend"]);
    }
    let marked = plan(&first, &old_spend);
    assert_eq!((marked.deprecated, marked.changed), (1, 0));
    assert_eq!(
        reached(&marked, "Spend"),
        ["feature Model.input", "feature UserFeatures.total"]
    );
}

#[test]
fn a_deprecated_feature_names_its_users() {
    let plan = plan(&first::catalog(), &old_total::catalog());
    let uses = plan.deprecated_uses.iter();
    let uses: Vec<_> = uses
        .map(|it| format!("{} uses {}", it.user, it.used))
        .collect();
    assert_eq!(
        uses,
        ["feature Model.input uses feature UserFeatures.total"]
    );
}

#[test]
fn what_is_deleted_is_destructive() {
    let plan = plan(&another::catalog(), &another_gone::catalog());
    let losses = plan.destructive.iter();
    let losses: Vec<_> = losses.map(|loss| loss.name.to_string()).collect();
    assert_eq!(losses, ["feature UserFeatures.double"]);
    assert_eq!(plan.changed, 1);
}
