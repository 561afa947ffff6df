//! The plan that `docs/plan.md` shows, in all formats.

use fennel_core::diff::{Change, Diff, EntityDiff, FieldDiff};
use fennel_core::entity::Kind;
use fennel_core::plan::{
    DeprecatedUse, Fate, Flow, History, Loss, Lost, Named, Plan, TableChange, TagFlow,
};

use super::json::{Definitions, Document, Outcome, Server};

fn entity(kind: Kind, name: &str, change: Change, fields: Vec<FieldDiff>) -> EntityDiff {
    EntityDiff {
        kind,
        name: name.into(),
        change,
        fields,
    }
}

fn field(path: &str, old: &str, new: &str) -> FieldDiff {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    FieldDiff {
        path: path.into(),
        old: text(old),
        new: text(new),
        metaflag: path.contains("meta."),
    }
}

fn feature(featureset: &str, feature: &str) -> Named {
    Named {
        kind: Kind::Featureset,
        entity: featureset.into(),
        member: feature.into(),
    }
}

fn dataset(name: &str) -> Named {
    Named::entity(Kind::Dataset, name)
}

/// What changes in a shop.
pub(super) fn plan() -> Plan {
    let order = vec![
        field("amount.type", "i64", "f64"),
        field("meta.tags", "", "PII"),
        field("version", "1", "2"),
    ];
    let spend = vec![field("version", "1", "2")];
    let visits = vec![field("meta.deprecated", "", "true")];
    let mut plan = Plan::of(&Diff {
        entities: vec![
            entity(Kind::Dataset, "Order", Change::Changed, order),
            entity(Kind::Dataset, "Refund", Change::Created, Vec::new()),
            entity(Kind::Dataset, "Spend", Change::Changed, spend),
            entity(Kind::Dataset, "Visit", Change::Deprecated, visits),
            entity(Kind::Featureset, "OldFeatures", Change::Deleted, Vec::new()),
            entity(
                Kind::Featureset,
                "UserFeatures",
                Change::Unchanged,
                Vec::new(),
            ),
        ],
    });
    let total = feature("UserFeatures", "total");
    let reaches = [
        vec![dataset("Spend"), total.clone()],
        Vec::new(),
        vec![total.clone()],
        vec![feature("UserFeatures", "visits")],
    ];
    for (entity, reaches) in plan.entities.iter_mut().zip(reaches) {
        entity.reaches = reaches;
    }
    plan.tags = [dataset("Order"), dataset("Spend"), total]
        .map(|to| TagFlow {
            tag: "PII".into(),
            flow: Flow::Begins,
            from: match to.entity.as_str() {
                "Order" => Vec::new(),
                _ => vec![dataset("Order")],
            },
            to,
        })
        .into();
    plan.deprecated_uses = vec![DeprecatedUse {
        user: feature("UserFeatures", "visits"),
        used: dataset("Visit"),
    }];
    plan.destructive = vec![Loss {
        what: Lost::Featureset,
        name: Named::entity(Kind::Featureset, "OldFeatures"),
    }];
    plan.with_tables(tables())
}

fn tables() -> Vec<TableChange> {
    let orders = History {
        endpoints: vec!["shop/orders".into()],
        rows: 1200,
        more: false,
        first: Some("2026-01-05T08:00:00.000000Z".into()),
        last: Some("2026-11-26T12:30:00.250000Z".into()),
        whole_since: Some("2026-01-04T12:30:00.000000Z".into()),
    };
    let refunds = History {
        endpoints: vec!["shop/refunds".into()],
        ..History::default()
    };
    let table = |dataset: &str, version, fate, history| TableChange {
        dataset: dataset.into(),
        version,
        fate,
        history,
    };
    vec![
        table("Order", 2, Fate::Computed, Some(orders.clone())),
        table("Refund", 1, Fate::Computed, Some(refunds)),
        table("Spend", 2, Fate::Computed, Some(orders)),
        table("Order", 1, Fate::Dropped, None),
        table("Spend", 1, Fate::Dropped, None),
    ]
}

/// The report of a `plan` that shows it.
pub(super) fn document() -> Document {
    let mut document = Document::new("plan");
    document.definitions = Some(Definitions {
        datasets: 4,
        featuresets: 2,
    });
    document.server = Some(Server {
        url: "https://fennel.example.com".into(),
        embedded: false,
        branch: "main".into(),
        name: Some("prod".into()),
        version: Some("0.1.0".into()),
    });
    document.plan = Some(plan());
    document.end(Outcome::Planned, None);
    document
}
