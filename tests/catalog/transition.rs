//! What a branch may become, and what a plan says about it.

use fennel::catalog::Catalog;
use fennel::diff::{Change, check_transition, diff, listing};
use fennel_core::entity::Descriptor;

fn catalog(entities: impl IntoIterator<Item = Descriptor<'static>>) -> Catalog<'static> {
    entities.into_iter().collect()
}

/// Definitions of one project at different times.
macro_rules! generation {
    ($name:ident { $(#[$dataset:meta])* ($($column:tt)*) $(#[$featureset:meta])* ($($feature:tt)*) }) => {
        mod $name {
            use fennel::prelude::*;

            fennel::owner!("team@example.com");

            $(#[$dataset])*
            pub(super) struct User {
                #[field(key)]
                uid: i64,
                $($column)*
                at: DateTime<Utc>,
            }

            $(#[$featureset])*
            pub(super) struct UserFeatures {
                uid: i64,
                $($feature)*
            }

            pub(super) fn catalog() -> super::Catalog<'static> {
                super::catalog(fennel::entities![User, UserFeatures])
            }
        }
    };
}

generation!(first {
    #[dataset(index)]
    (name: String,)
    #[featureset]
    (#[feature(User::name)] name: Option<String>,)
});
generation!(changed {
    #[dataset(index, history = "1y")]
    (name: Option<String>,)
    #[featureset]
    (#[feature(User::name, default = "?")] name: String,)
});
generation!(bumped {
    #[dataset(index, version = 2, history = "1y")]
    (name: Option<String>,)
    #[featureset]
    (#[feature(User::name, default = "?", version = 1)] name: String,)
});
generation!(described {
    #[dataset(index)]
    #[meta(description = "who", tags = ["pii"])]
    (name: String,)
    #[featureset]
    #[meta(owner = "other@example.com")]
    (#[feature(User::name)] #[meta(deprecated)] name: Option<String>,)
});
generation!(deleted {
    #[dataset(index)]
    #[meta(deleted)]
    (name: String,)
    #[featureset]
    #[meta(deleted)]
    (#[feature(User::name)] name: Option<String>,)
});
generation!(feature_deleted {
    #[dataset(index)]
    (name: String,)
    #[featureset]
    (#[feature(User::name)] #[meta(deleted)] name: Option<String>,)
});
generation!(marked_briefly {
    #[dataset]
    #[meta(deleted)]
    ()
    #[featureset]
    #[meta(deleted)]
    ()
});
generation!(feature_marked_briefly {
    #[dataset(index)]
    (name: String,)
    #[featureset]
    (#[meta(deleted)] name: i64,)
});
generation!(feature_given {
    #[dataset(index)]
    (name: String,)
    #[featureset]
    (name: Option<String>,)
});
generation!(feature_left_out {
    #[dataset(index)]
    (name: String,)
    #[featureset]
    ()
});

fn refused(old: &Catalog<'_>, new: &Catalog<'_>) -> String {
    match check_transition(old, new) {
        Ok(()) => String::new(),
        Err(problems) => {
            let lines = problems.0.iter().map(|problem| {
                let message = problem.folded().message;
                format!("{}.{}: {message}", problem.entity, problem.member)
            });
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn what_is_live_is_not_left_out() {
    let refused = refused(&first::catalog(), &Catalog::default());
    let what = "it is live and this commit leaves it out; keep it, or mark it #[meta(deleted)] in one \
                commit and leave it out in a later one";
    assert_eq!(refused, format!("User.: {what}\nUserFeatures.: {what}"));
}

#[test]
fn deletion_takes_two_steps() {
    assert_eq!(refused(&first::catalog(), &deleted::catalog()), "");
    assert_eq!(refused(&deleted::catalog(), &Catalog::default()), "");
}

#[test]
fn a_deleted_name_comes_back_under_a_higher_version() {
    let refused = refused(&deleted::catalog(), &first::catalog());
    assert_eq!(
        refused,
        "User.: the name was deleted at version 1; to bring it back write version = 2\n\
         UserFeatures.name: the name was deleted at version 0; to bring it back write version = 1 in its \
         #[feature(..)]"
    );
    assert_eq!(
        super::transition::refused(&deleted::catalog(), &bumped::catalog()),
        ""
    );
}

#[test]
fn what_is_deleted_may_say_as_little_as_compiles() {
    let (first, brief) = (first::catalog(), marked_briefly::catalog());
    assert_eq!(refused(&first, &brief), "");
    assert_eq!(refused(&first, &feature_marked_briefly::catalog()), "");
    let diff = diff(&first, &brief);
    let shown = diff
        .entities
        .iter()
        .map(|it| (it.change, it.fields.as_slice()));
    assert_eq!(shown.collect::<Vec<_>>(), [(Change::Deleted, &[][..]); 2]);
}

#[test]
fn a_deleted_feature_shows_that_it_is_deleted_and_no_more() {
    let diff = diff(&first::catalog(), &feature_marked_briefly::catalog());
    let fields = diff.entities.iter().flat_map(|entity| &entity.fields);
    let paths: Vec<_> = fields.map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["name.meta.deleted"]);
}

#[test]
fn a_deleted_feature_comes_back_under_a_higher_version() {
    let deleted = feature_deleted::catalog();
    assert_eq!(
        refused(&deleted, &first::catalog()),
        "UserFeatures.name: the name was deleted at version 0; to bring it back write version = 1 in its \
         #[feature(..)]"
    );
    assert!(!refused(&deleted, &bumped::catalog()).contains("UserFeatures"));
    assert_eq!(
        refused(&deleted, &feature_given::catalog()),
        "UserFeatures.name: the name was deleted at version 0, and a feature that queries give has no \
         version; add a feature of another name"
    );
}

#[test]
fn what_was_deleted_earlier_is_reserved() {
    use fennel::diff::check_reserved;

    // What was live once, and is in no definitions any more.
    let (reserved, none) = (first::catalog(), Catalog::default());
    let refused = |new: &Catalog<'_>| {
        let problems = check_reserved(&reserved, new).err().unwrap_or_default();
        problems.0.len()
    };
    assert_eq!(refused(&none), 0);
    assert_eq!(refused(&deleted::catalog()), 0);
    assert_eq!(refused(&bumped::catalog()), 0);
    // The dataset and the feature. Its key, which queries give, has no version.
    assert_eq!(refused(&first::catalog()), 2);
}

#[test]
fn content_changes_under_a_higher_version() {
    assert_eq!(
        refused(&first::catalog(), &changed::catalog()),
        "User.: `history` changes from `730d` to `365d`, `name.type` changes from `String` to `Option<String>` \
         under the same version; please update version of the dataset from 1 to 2: write version = 2\n\
         UserFeatures.name: `name.default` is added as `\"?\"`, `name.type` changes from `Option<String>` to \
         `String` under the same version; write version = 1 in its #[feature(..)]"
    );
    assert_eq!(refused(&first::catalog(), &bumped::catalog()), "");
}

#[test]
fn versions_only_go_up() {
    assert_eq!(
        refused(&bumped::catalog(), &first::catalog()),
        "User.: version 1 is lower than the committed 2; versions only go up\n\
         UserFeatures.name: version 0 is lower than the committed 1; versions only go up"
    );
}

#[test]
fn metaflags_change_under_any_version() {
    assert_eq!(refused(&first::catalog(), &described::catalog()), "");
    let diff = diff(&first::catalog(), &described::catalog());
    assert!(
        diff.entities
            .iter()
            .all(|entity| entity.change == Change::Changed)
    );
    assert!(
        diff.entities
            .iter()
            .flat_map(|entity| &entity.fields)
            .all(|field| field.metaflag)
    );
}

#[test]
fn features_are_deleted_in_two_steps_too() {
    let (first, marked) = (first::catalog(), feature_deleted::catalog());
    let gone = feature_left_out::catalog();
    assert!(refused(&first, &gone).starts_with("UserFeatures.name: it is live"));
    assert_eq!(refused(&first, &marked), "");
    assert_eq!(refused(&marked, &gone), "");
    // Featuresets may gain features.
    assert_eq!(refused(&gone, &first), "");
}

#[test]
fn a_listing_has_the_facts_that_a_diff_goes_by() {
    let listed = listing(&first::catalog());
    let names = listed
        .iter()
        .map(|entity| format!("{} {}", entity.kind, entity.name));
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["dataset User", "featureset UserFeatures"]
    );
    let said = |entity: usize, path: &str| {
        let fact = listed[entity].facts.iter().find(|fact| fact.path == path);
        fact.map(|fact| fact.text.clone())
    };
    assert_eq!(said(0, "name.type").as_deref(), Some("String"));
    assert_eq!(said(0, "version").as_deref(), Some("1"));
    assert_eq!(said(1, "name.from").as_deref(), Some("lookup of User.name"));
    assert_eq!(said(1, "meta.description"), None);
}

#[test]
fn a_diff_names_what_happens() {
    let changes = |old: &Catalog<'_>, new: &Catalog<'_>| {
        let diff = diff(old, new);
        diff.entities
            .iter()
            .map(|entity| entity.change)
            .collect::<Vec<_>>()
    };
    let (none, first) = (Catalog::default(), first::catalog());
    assert_eq!(changes(&none, &first), [Change::Created; 2]);
    assert_eq!(changes(&first, &first), [Change::Unchanged; 2]);
    assert_eq!(changes(&first, &bumped::catalog()), [Change::Changed; 2]);
    assert_eq!(changes(&first, &deleted::catalog()), [Change::Deleted; 2]);
    assert_eq!(changes(&deleted::catalog(), &none), [Change::Retired; 2]);
    // As between commits that don't follow each other.
    assert_eq!(changes(&first, &none), [Change::Deleted; 2]);
    assert_eq!(
        changes(&deleted::catalog(), &deleted::catalog()),
        [Change::Unchanged; 2]
    );
}

#[test]
fn a_changed_field_shows_old_and_new() {
    let diff = diff(&first::catalog(), &bumped::catalog());
    let user = diff
        .entities
        .iter()
        .find(|entity| entity.name == "User")
        .expect("it changed");
    let fields: Vec<_> = user
        .fields
        .iter()
        .map(|field| {
            (
                field.path.as_str(),
                field.old.as_deref(),
                field.new.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        fields,
        [
            ("history", Some("730d"), Some("365d")),
            ("name.type", Some("String"), Some("Option<String>")),
            ("version", Some("1"), Some("2")),
        ]
    );
}

#[test]
fn datasets_with_other_sources_are_not_one() {
    use fennel::prelude::*;
    use fennel_core::connector::{Endpoint, Webhook};
    use fennel_core::diff::identity;
    use fennel_core::entity::{Preproc, PreprocValue, Source};
    use fennel_core::literal::Literal;

    static APP: fennel::prelude::Webhook = Webhook::new("app");

    #[dataset]
    #[meta(owner = "team@example.com")]
    #[source(APP.endpoint("a"), disorder = "1d", cdc = append)]
    struct Event {
        text: String,
        at: DateTime<Utc>,
    }
    let Descriptor::Dataset(event) = fennel::entities![Event][0] else {
        unreachable!("it is a dataset");
    };
    let with = |source: Source<'_>| {
        let sources = [source];
        let event = fennel_core::entity::Dataset {
            sources: &sources,
            ..*event
        };
        identity(&Catalog::default(), &event)
    };
    let constant = |text: &str| {
        let preproc = [Preproc {
            column: "text",
            value: PreprocValue::Constant(Literal::Str(text)),
        }];
        with(Source {
            preproc: &preproc,
            ..event.sources[0]
        })
    };
    let (long, longer) = ("x".repeat(70), format!("{}y", "x".repeat(70)));
    assert_ne!(constant(&long), constant(&longer));

    let endpoint = |webhook: &'static str, endpoint: &'static str| {
        let connector = Endpoint {
            webhook: Webhook::new(webhook),
            endpoint,
        }
        .connector();
        with(Source {
            connector,
            ..event.sources[0]
        })
    };
    assert_ne!(
        endpoint("a, endpoint b", "c"),
        endpoint("a", "b, endpoint c")
    );
}

/// A project with pipelines at different times.
macro_rules! spending {
    ($name:ident { order: $order:literal, spend: $spend:literal, owner: $owner:literal, least: $least:literal, window: $window:literal }) => {
        mod $name {
            use fennel::prelude::*;

            fennel::owner!("team@example.com");

            static APP: Webhook = Webhook::new("app");

            #[dataset(version = $order)]
            #[source(APP.endpoint("orders"), disorder = "1d", cdc = append)]
            pub(super) struct Order {
                uid: i64,
                amount: f64,
                at: DateTime<Utc>,
            }

            #[dataset]
            pub(super) struct Big {
                uid: i64,
                amount: f64,
                at: DateTime<Utc>,
            }

            #[pipeline]
            fn big(orders: Order) -> Big {
                orders.filter(amount > $least)
            }

            #[dataset(index, version = $spend)]
            pub(super) struct Spend {
                #[field(key)]
                uid: i64,
                total: f64,
                at: DateTime<Utc>,
            }

            #[pipeline]
            #[meta(owner = $owner)]
            fn spend(orders: Big) -> Spend {
                orders.group_by(uid).aggregate(total = sum(amount, $window))
            }

            pub(super) fn catalog() -> super::Catalog<'static> {
                super::catalog(fennel::entities![Order, Big, Spend])
            }
        }
    };
}

spending!(weekly {
    order: 1,
    spend: 1,
    owner: "a@example.com",
    least: 100.0,
    window: "7d"
});
spending!(daily {
    order: 1,
    spend: 1,
    owner: "b@example.com",
    least: 100.0,
    window: "1d"
});
spending!(daily_bumped {
    order: 1,
    spend: 2,
    owner: "b@example.com",
    least: 100.0,
    window: "1d"
});
spending!(handed_on {
    order: 1,
    spend: 1,
    owner: "b@example.com",
    least: 100.0,
    window: "7d"
});
spending!(new_orders {
    order: 2,
    spend: 1,
    owner: "a@example.com",
    least: 100.0,
    window: "7d"
});

#[test]
fn a_changed_pipeline_needs_a_higher_version_of_its_dataset() {
    assert_eq!(
        refused(&weekly::catalog(), &daily::catalog()),
        "Spend.: `pipeline.spend` changes from `Big.group_by(uid).aggregate(total = sum(amount, \"7d\"))` \
         to `Big.group_by(uid).aggregate(total = sum(amount, \"1d\"))` under the same version; please update \
         version of the dataset from 1 to 2: write version = 2"
    );
    assert_eq!(refused(&weekly::catalog(), &daily_bumped::catalog()), "");
}

spending!(all_bumped {
    order: 2,
    spend: 2,
    owner: "a@example.com",
    least: 100.0,
    window: "7d"
});
spending!(dearer {
    order: 1,
    spend: 1,
    owner: "a@example.com",
    least: 200.0,
    window: "7d"
});

#[test]
fn what_is_made_of_a_changed_dataset_follows_and_all_are_named_in_order() {
    let weekly = weekly::catalog();
    let big = "please update version of the dataset from 1 to 2: write version = 2";
    assert_eq!(
        refused(&weekly, &new_orders::catalog()),
        format!(
            "Big.: it is made of `Order`, whose version goes from 1 to 2; {big}\n\
             Spend.: it is made of `Big`, whose version goes from 1 to 2; {big}"
        )
    );
    // Also where the first of them has not got its version yet.
    let refused_dearer = refused(&weekly, &dearer::catalog());
    let lines: Vec<_> = refused_dearer.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("Big.: `pipeline.big` changes from "),
        "{lines:?}"
    );
    assert_eq!(
        lines[1],
        format!("Spend.: it is made of `Big`, whose version goes from 1 to 2; {big}")
    );
    // `Big` has no version of its own here.
    assert_eq!(
        refused(&weekly, &all_bumped::catalog()),
        format!("Big.: it is made of `Order`, whose version goes from 1 to 2; {big}")
    );
}

#[test]
fn a_pipeline_changes_hands_under_any_version() {
    let (old, new) = (weekly::catalog(), handed_on::catalog());
    assert_eq!(refused(&old, &new), "");
    let changes = diff(&old, &new);
    let fields: Vec<_> = changes.entities.iter().flat_map(|it| &it.fields).collect();
    let [field] = fields.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!(
        (
            field.path.as_str(),
            field.old.as_deref(),
            field.new.as_deref()
        ),
        (
            "pipeline.spend.meta.owner",
            Some("a@example.com"),
            Some("b@example.com")
        )
    );
    assert_eq!(tables(&old), tables(&new));
}

/// What names the table of each dataset.
fn tables(catalog: &Catalog<'_>) -> Vec<String> {
    let datasets = catalog.datasets().iter();
    datasets
        .map(|dataset| fennel_core::diff::identity(catalog, dataset))
        .collect()
}

#[test]
fn what_changes_upstream_is_another_table_all_the_way_down() {
    let differing = |old: &Catalog<'_>, new: &Catalog<'_>| {
        let (old, new) = (tables(old), tables(new));
        let differ = old.iter().zip(&new).map(|(old, new)| old != new);
        differ.collect::<Vec<_>>()
    };
    let weekly = weekly::catalog();
    assert_eq!(differing(&weekly, &daily::catalog()), [false, false, true]);
    assert_eq!(
        differing(&weekly, &new_orders::catalog()),
        [true, true, true]
    );
}

/// A featureset with a function at different times.
macro_rules! scored {
    ($name:ident { ($($score:tt)*) $($function:item)? }) => {
        mod $name {
            use fennel::prelude::*;

            fennel::owner!("team@example.com");

            #[featureset]
            pub(super) struct Scores {
                uid: i64,
                $($score)*
            }

            $($function)?

            pub(super) fn catalog() -> super::Catalog<'static> {
                super::catalog(fennel::entities![Scores])
            }
        }
    };
}

scored!(function {
    (score: i64,)
    #[extractors]
    impl Scores {
        #[extractor(inputs(uid), outputs(score), version = 3)]
        fn score(uid: i64) -> i64 {
            uid + 1
        }
    }
});
scored!(function_gone { (score: i64,) });
scored!(score_deleted { (#[meta(deleted)] score: i64,) });
scored!(score_left_out { () });
scored!(expression { (#[feature(expr = uid + 1, version = 4)] score: i64,) });
scored!(old_expression { (#[feature(expr = uid + 1, version = 3)] score: i64,) });

#[test]
fn a_function_goes_with_the_features_that_it_made() {
    let function = function::catalog();
    assert_eq!(refused(&function, &score_deleted::catalog()), "");
    assert_eq!(refused(&function, &expression::catalog()), "");
    assert!(
        refused(&function, &function_gone::catalog()).starts_with("Scores.score: it is live"),
        "queries would have to give it"
    );
    assert!(refused(&function, &score_left_out::catalog()).starts_with("Scores.score: it is live"));
    assert_eq!(
        refused(&function, &old_expression::catalog()),
        "Scores.score: a function made it before, at version 3; write version = 4 in its #[feature(..)]"
    );
}
