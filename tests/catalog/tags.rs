//! Tags flow to what is made of what has them, and `~tag` ends that.

use std::collections::BTreeMap;

use fennel::catalog::Catalog;
use fennel::prelude::*;

fennel::owner!("team@example.com");

#[dataset(index)]
#[meta(tags = ["PII"])]
struct D1 {
    #[field(key)]
    uid: i64,
    name: String,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[meta(tags = ["stripe"])]
struct D2 {
    #[field(key)]
    uid: i64,
    card: String,
    at: DateTime<Utc>,
}

#[dataset(index)]
#[meta(tags = ["~PII"])]
struct D3 {
    #[field(key)]
    name: String,
    n: i64,
    at: DateTime<Utc>,
}

#[pipeline]
fn d3(a: D1, b: D2) -> D3 {
    let rows = a.changelog(insert = is_new).left_join(b, on(uid));
    rows.group_by(name).aggregate(n = count("forever"))
}

#[featureset]
struct Features {
    uid: i64,
    #[feature(D1::name, default = "")]
    name: String,
    #[feature(D3::n, default = 0)]
    n: i64,
}

/// The tags of every dataset and feature that has some.
fn tags(catalog: &Catalog<'_>) -> BTreeMap<String, String> {
    let lineage = catalog.lineage(None);
    let join =
        |tags: &fennel_core::lineage::Tags<'_>| tags.iter().copied().collect::<Vec<_>>().join(" ");
    let datasets = catalog.datasets().iter().map(|dataset| {
        let tags = lineage.dataset(dataset.name).expect("it is there");
        (dataset.name.to_owned(), join(tags))
    });
    let features = catalog.featuresets().iter().flat_map(|set| {
        set.features.iter().map(|feature| {
            let tags = lineage
                .feature(set.name, feature.name)
                .expect("it is there");
            (feature.name.to_owned(), join(tags))
        })
    });
    let all = datasets.chain(features);
    all.filter(|(_, tags)| !tags.is_empty()).collect()
}

fn expected(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    let tags = tags
        .iter()
        .map(|(name, tags)| ((*name).into(), (*tags).into()));
    tags.collect()
}

#[test]
fn a_tag_and_its_end_cancel_where_they_meet() {
    let catalog = fennel::entities![D1, D2, D3, Features]
        .into_iter()
        .collect();
    assert_eq!(
        tags(&catalog),
        expected(&[
            ("D1", "PII"),
            ("D2", "stripe"),
            ("D3", "stripe ~PII"),
            ("name", "PII"),
            // It is read from `D3` by `name`.
            ("n", "stripe"),
        ])
    );
}

#[test]
fn what_is_said_there_itself_goes_before_what_flows_in() {
    #[dataset(index)]
    #[meta(tags = ["~card"])]
    struct Account {
        #[field(key)]
        uid: i64,
        #[meta(tags = ["PII", "~secret"])]
        name: String,
        at: DateTime<Utc>,
    }

    #[featureset]
    #[meta(tags = ["~PII", "model"])]
    struct AccountFeatures {
        #[meta(tags = ["id"])]
        uid: i64,
        #[feature(Account::name, default = "")]
        #[meta(tags = ["card"])]
        holder: String,
    }

    let catalog = fennel::entities![Account, AccountFeatures]
        .into_iter()
        .collect();
    assert_eq!(
        tags(&catalog),
        expected(&[
            ("Account", "PII ~card"),
            ("uid", "id model ~PII"),
            ("holder", "card id model ~PII"),
        ])
    );
}

#[test]
fn what_leads_back_to_itself_ends() {
    #[featureset]
    #[meta(tags = ["a"])]
    struct Chicken {
        #[feature(Egg::egg)]
        chicken: i64,
    }

    #[featureset]
    #[meta(tags = ["b"])]
    struct Egg {
        #[feature(Chicken::chicken)]
        egg: i64,
    }

    let catalog = fennel::entities![Chicken, Egg].into_iter().collect();
    assert_eq!(
        tags(&catalog),
        expected(&[("chicken", "a b"), ("egg", "b")])
    );
}
