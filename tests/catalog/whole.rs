//! Checks of whole catalogs: double names, missing and deleted entities, cycles, connectors.

use fennel::catalog::Catalog;
use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("team@example.com");

fn problems(entities: impl IntoIterator<Item = Descriptor<'static>>) -> String {
    problems_for(None, entities)
}

fn problems_for(
    env: Option<&str>,
    entities: impl IntoIterator<Item = Descriptor<'static>>,
) -> String {
    problems_in("whole.rs", env, entities)
}

/// The problems of entities that a file declares.
pub(crate) fn problems_in(
    file: &str,
    env: Option<&str>,
    entities: impl IntoIterator<Item = Descriptor<'static>>,
) -> String {
    let catalog: Catalog<'_> = entities.into_iter().collect();
    match catalog.check(env) {
        Ok(()) => String::new(),
        Err(problems) => {
            let lines = problems.0.iter().map(|problem| {
                assert!(
                    problem
                        .file
                        .as_deref()
                        .is_some_and(|found| found.ends_with(file))
                );
                // Locations are checked above; the rest reads better without them.
                let text = problem.to_string();
                text[..text.rfind(" (").expect("a location")].to_owned()
            });
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

static APP: Webhook = Webhook::new("app");

#[dataset(index)]
#[source(APP.endpoint("users"), disorder = "1d", cdc = upsert)]
struct User {
    #[field(key)]
    uid: i64,
    name: String,
    at: DateTime<Utc>,
}

#[featureset]
struct Request {
    uid: i64,
}

#[featureset]
struct UserFeatures {
    #[feature(Request::uid)]
    uid: i64,
    #[feature(User::name)]
    name: Option<String>,
}

#[test]
fn a_complete_catalog_has_no_problem() {
    assert_eq!(problems(fennel::entities![User, Request, UserFeatures]), "");
}

#[test]
fn what_is_read_must_be_there() {
    assert_eq!(
        problems(fennel::entities![UserFeatures]),
        "featureset `UserFeatures.uid`: it reads featureset `Request`, which is not part of this commit; \
         add it, or mark the feature #[meta(deleted)]\n\
         featureset `UserFeatures.name`: it reads dataset `User`, which is not part of this commit; \
         add it, or mark the feature #[meta(deleted)]"
    );
}

#[test]
fn a_name_stands_for_one_entity() {
    mod other {
        use fennel::prelude::*;

        #[dataset]
        #[meta(owner = "team@example.com")]
        pub(super) struct User {
            at: DateTime<Utc>,
        }
    }
    assert_eq!(
        problems(fennel::entities![User, other::User]),
        "dataset `User`: there are two datasets of this name; rename one, since a name stands for one entity"
    );
}

#[test]
fn what_is_deleted_is_not_read() {
    #[featureset]
    struct Old {
        uid: i64,
        #[meta(deleted)]
        score: f64,
    }
    #[featureset]
    struct New {
        #[feature(Old::score)]
        score: f64,
    }
    #[featureset]
    #[meta(deleted)]
    struct AlsoDeleted {
        #[feature(Old::score)]
        score: f64,
    }
    assert_eq!(
        problems(fennel::entities![Old, New, AlsoDeleted]),
        "featureset `New.score`: it reads feature `Old.score`, which is marked deleted; \
         remove `deleted` there, or mark this feature #[meta(deleted)] too"
    );
}

#[test]
fn aliases_lead_somewhere() {
    #[featureset]
    struct A {
        #[feature(C::x)]
        x: i64,
    }
    #[featureset]
    struct B {
        #[feature(A::x)]
        x: i64,
    }
    #[featureset]
    struct C {
        #[feature(B::x)]
        x: i64,
    }
    assert_eq!(
        problems(fennel::entities![A, B, C]),
        "featureset `A.x`: its inputs lead back to itself: A.x -> C.x -> B.x -> A.x"
    );
}

#[test]
fn a_lookup_whose_key_is_made_from_it_is_a_cycle() {
    #[dataset(index)]
    struct Next {
        #[field(key)]
        id: i64,
        next: i64,
        at: DateTime<Utc>,
    }
    #[featureset]
    struct Walk {
        #[feature(Walk::next)]
        id: i64,
        #[feature(Next::next, default = 0)]
        next: i64,
    }
    assert_eq!(
        problems(fennel::entities![Next, Walk]),
        "featureset `Walk.id`: its inputs lead back to itself: Walk.id -> Walk.next -> Walk.id"
    );
}

#[test]
fn an_extraction_of_another_env_takes_no_part() {
    #[featureset]
    struct Staged {
        #[feature(Staged2::x, env = "prod")]
        x: i64,
    }
    #[featureset]
    struct Staged2 {
        #[feature(Staged::x, env = "dev")]
        x: i64,
    }
    let entities = fennel::entities![Staged, Staged2];
    assert_eq!(problems_for(Some("prod"), entities), "");
    assert_eq!(problems_for(Some("dev"), entities), "");
    assert!(problems(entities).contains("lead back to itself"));
}

#[test]
fn connectors_of_one_name_are_equal() {
    static OTHER_APP: Webhook = Webhook::new("app").retention("30d");

    #[dataset]
    #[source(OTHER_APP.endpoint("clicks"), disorder = "1d", cdc = append)]
    struct Click {
        at: DateTime<Utc>,
    }
    assert_eq!(
        problems(fennel::entities![User, Click]),
        "dataset `Click.app`: two connectors are called `app` and differ: webhook with retention 7d \
         and webhook with retention 30d; rename one or make them equal"
    );
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    #[dataset]
    struct Coded {
        #[regex("[A-Z")]
        code: String,
        at: DateTime<Utc>,
    }
    let problems = problems(fennel::entities![Coded]);
    assert!(
        problems.starts_with("dataset `Coded.code`: the regular expression can't be read:"),
        "{problems}"
    );
}

#[test]
fn expressions_are_part_of_cycles() {
    #[featureset]
    struct Circle {
        #[feature(expr = c + 1)]
        a: i64,
        #[feature(Circle::a)]
        b: i64,
        #[feature(expr = b * 2 + d)]
        c: i64,
        d: i64,
    }

    assert_eq!(
        problems(fennel::entities![Circle]),
        "featureset `Circle.a`: its inputs lead back to itself: Circle.a -> Circle.c -> Circle.b -> Circle.a"
    );
}

#[test]
fn a_live_expression_reads_no_deleted_feature() {
    #[featureset]
    struct Deleted {
        #[meta(deleted)]
        a: i64,
        #[feature(expr = a + 1)]
        b: i64,
        #[meta(deleted)]
        #[feature(expr = a + 2)]
        c: i64,
    }

    assert_eq!(
        problems(fennel::entities![Deleted]),
        "featureset `Deleted.b`: it is computed from the feature `a`, which is marked deleted; \
         remove `deleted` there, or mark this feature #[meta(deleted)] too"
    );
}

mod extractors {
    //! What only the whole shows of functions that make features.

    use fennel::prelude::*;

    use super::{User, problems, problems_for};

    fennel::owner!("team@example.com");

    #[featureset]
    struct Ask {
        uid: i64,
    }

    #[featureset]
    struct Scores {
        #[feature(Ask::uid)]
        uid: i64,
        score: f64,
        double: f64,
        #[feature(expr = double, env = "dev")]
        price: f64,
    }

    #[extractors]
    impl Scores {
        #[extractor(inputs(Ask::uid))]
        fn score(uid: i64, #[lookup(uid)] user: Option<User>) -> f64 {
            user.map_or(0.0, |user| user.name.len() as f64) + uid as f64
        }

        #[extractor(inputs(score), outputs(double))]
        fn twice(score: f64) -> f64 {
            score * 2.0
        }

        #[extractor(inputs(double), outputs(price), env = "prod")]
        fn price_of(double: f64) -> f64 {
            double
        }
    }

    #[featureset]
    struct Around {
        a: f64,
        #[feature(expr = a * 2.0)]
        b: f64,
    }

    #[extractors]
    impl Around {
        #[extractor(outputs(a))]
        fn back(b: f64) -> f64 {
            b
        }
    }

    #[test]
    fn what_functions_take_must_be_there() {
        assert_eq!(
            problems_for(Some("prod"), fennel::entities![User, Ask, Scores]),
            ""
        );
        assert_eq!(
            problems_for(Some("prod"), fennel::entities![Scores]),
            "featureset `Scores.uid`: it reads featureset `Ask`, which is not part of this commit; \
             add it, or mark the feature #[meta(deleted)]\n\
             featureset `Scores.score`: it takes `Ask.uid`, and featureset `Ask` is not part of this commit; add it\n\
             featureset `Scores.score`: it looks up dataset `User`, which is not part of this commit; add it"
        );
    }

    #[test]
    fn a_feature_is_had_in_one_way() {
        assert_eq!(
            problems(fennel::entities![User, Ask, Scores]),
            "featureset `Scores.price`: it is had in 2 ways, by its `#[feature(..)]` and by `price_of`; \
             keep one, or commit for an env that selects one"
        );
        assert_eq!(
            problems_for(Some("dev"), fennel::entities![User, Ask, Scores]),
            ""
        );
    }

    #[test]
    fn functions_are_part_of_cycles() {
        assert_eq!(
            problems(fennel::entities![Around]),
            "featureset `Around.a`: its inputs lead back to itself: Around.a -> Around.b -> Around.a"
        );
    }
}
