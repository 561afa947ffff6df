//! What a branch may become, and that it becomes it whole or not at all.

use fennel_core::connector::Kafka;
use fennel_core::diff::Change;
use fennel_core::entity::{
    Cdc, Dataset, Env, Extraction, Feature, Featureset, Index, Meta, Sink, Source,
};
use fennel_core::literal::Literal;
use fennel_core::ty::Type;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::{CommitOptions, Error};
use serde_json::json;

use crate::definitions::{
    BOTH, DELETED, SALES, USER, USERS, alias, featureset, given, looked_up, request, without_users,
};
use crate::fixture::{Fixture, refusal, second, user};

fn incremental() -> CommitOptions {
    CommitOptions {
        incremental: true,
        ..CommitOptions::default()
    }
}

fn preview() -> CommitOptions {
    CommitOptions {
        preview: true,
        ..CommitOptions::default()
    }
}

fn deleted(dataset: Dataset<'static>) -> Dataset<'static> {
    Dataset {
        meta: DELETED,
        ..dataset
    }
}

/// A refusal that the branch's past causes.
fn refused(fixture: &Fixture, request: &SyncRequest) -> String {
    let refused = fixture.try_commit(request);
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    refusal(refused)
}

#[test]
fn a_commit_has_an_id_and_says_what_changed() {
    let fixture = Fixture::in_memory();
    let commit = fixture.commit(&request(&[USERS], &[USER]));
    assert!(commit.changed);
    assert_eq!(commit.id.len(), 12);
    assert!(commit.id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(
        (commit.message.as_str(), commit.at),
        ("a message", second(43_200))
    );
    assert_eq!(commit.diff.count(Change::Created), 2);
    let next = fixture.commit(&request(&[USERS, SALES], &[USER]));
    assert_ne!(next.id, commit.id);
    assert_eq!(
        (
            next.diff.count(Change::Created),
            next.diff.count(Change::Unchanged)
        ),
        (1, 2)
    );
}

#[test]
fn a_repeated_commit_changes_nothing() {
    let fixture = Fixture::in_memory();
    let first = fixture.commit(&request(&[USERS], &[USER]));
    let again = fixture.commit(&request(&[USERS], &[USER]));
    assert_eq!((again.id, again.changed), (first.id, false));
    let empty = Fixture::in_memory().commit(&request(&[], &[]));
    assert_eq!(
        (empty.id.as_str(), empty.changed),
        ("", false),
        "a branch without commits has no id"
    );
}

#[test]
fn what_is_left_out_is_refused_and_every_name_is_told() {
    let fixture = Fixture::with(&request(&[USERS, SALES], &[USER]));
    let refusal = refused(&fixture, &request(&[], &[]));
    for name in ["dataset `Users`", "dataset `Sales`", "featureset `User`"] {
        assert!(
            refusal.contains(&format!("{name}: it is live and this commit leaves it out")),
            "{refusal}"
        );
    }
    assert!(
        fixture.engine.inspect("main", "Users", 1).is_ok(),
        "nothing was changed"
    );
}

#[test]
fn deleted_first_left_out_afterwards() {
    let fixture = Fixture::with(&request(&[USERS, SALES], &[]));
    let commit = fixture.commit(&request(&[deleted(USERS), SALES], &[]));
    assert_eq!(commit.diff.count(Change::Deleted), 1);
    let gone = fixture.engine.inspect("main", "Users", 1);
    assert_eq!(
        refusal(gone),
        "dataset `Users` is marked deleted; bring it back in a commit to use it"
    );
    let commit = fixture.commit(&request(&[SALES], &[]));
    assert_eq!(commit.diff.count(Change::Retired), 1);
    let again = fixture.commit(&request(&[SALES], &[]));
    assert_eq!(
        (again.id, again.changed),
        (commit.id, false),
        "it is retired once"
    );
}

#[test]
fn a_deleted_name_stays_reserved_for_a_higher_version() {
    let fixture = Fixture::with(&request(&[USERS, SALES], &[]));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    fixture.commit(&request(&[deleted(USERS), SALES], &[]));
    let refusal = refused(&fixture, &request(&[USERS, SALES], &[]));
    assert!(
        refusal.contains("the name was deleted at version 1; to bring it back write version = 2")
    );
    fixture.commit(&request(&[SALES], &[]));
    fixture.commit(&request(
        &[Dataset {
            version: 2,
            ..SALES
        }],
        &[],
    ));
    assert!(refused(&fixture, &request(&[USERS, SALES], &[])).contains("write version = 2"));
    let back = request(
        &[
            Dataset {
                version: 2,
                ..USERS
            },
            Dataset {
                version: 2,
                ..SALES
            },
        ],
        &[],
    );
    assert_eq!(fixture.commit(&back).diff.count(Change::Created), 1);
    assert_eq!(fixture.dump("Users")["uid"], json!([1]));
    assert!(!fixture.commit(&back).changed);
    assert!(
        refused(
            &fixture,
            &request(
                &[Dataset {
                    version: 2,
                    ..SALES
                }],
                &[]
            )
        )
        .contains("leaves it out")
    );
}

#[test]
fn what_live_entities_use_cannot_be_deleted() {
    let fixture = Fixture::with(&request(&[USERS], &[USER]));
    let wrong = fixture.try_commit(&request(&[deleted(USERS)], &[USER]));
    assert!(matches!(wrong, Err(Error::Invalid(_))));
    let text = refusal(wrong);
    for feature in ["User.city", "User.age"] {
        assert!(
            text.contains(&format!(
                "`{feature}`: it reads dataset `Users`, which is marked deleted"
            )),
            "{text}"
        );
    }
    fixture.commit(&request(
        &[deleted(USERS)],
        &[Featureset {
            meta: DELETED,
            ..USER
        }],
    ));
    let deleted_user = without_users(&[Featureset {
        meta: DELETED,
        ..USER
    }]);
    for request in [&deleted_user, &request(&[], &[])] {
        assert!(fixture.commit(request).changed);
        assert!(!fixture.commit(request).changed);
    }
}

#[test]
fn a_lookup_whose_key_is_deleted_is_wrong() {
    let fixture = Fixture::with(&request(&[USERS], &[USER]));
    let uid = Feature {
        meta: DELETED,
        ..given("uid", Type::Int)
    };
    let features = [uid, USER.features[1], USER.features[2]];
    let wrong = fixture.try_commit(&request(&[USERS], &[featureset("User", features)]));
    assert!(matches!(wrong, Err(Error::Invalid(_))));
    assert!(refusal(wrong).contains("needs the key `uid`, and that feature is marked deleted"));
}

#[test]
fn a_change_needs_a_higher_version_and_metaflags_do_not() {
    let fixture = Fixture::with(&request(&[USERS], &[USER]));
    let online = Index {
        offline: false,
        ..BOTH
    };
    let changed = Dataset {
        index: online,
        ..USERS
    };
    let refusal = refused(&fixture, &request(&[changed], &[USER]));
    assert!(
        refusal.contains("`index.offline` changes from `true` to `false`"),
        "{refusal}"
    );
    assert!(refusal.contains("write version = 2"));
    assert!(
        fixture
            .commit(&request(
                &[Dataset {
                    version: 2,
                    ..changed
                }],
                &[USER]
            ))
            .changed
    );
    let lower = refused(&fixture, &request(&[changed], &[USER]));
    assert!(lower.contains("version 1 is lower than the committed 2; versions only go up"));
    let described = Meta {
        description: "who",
        ..USERS.meta
    };
    let flags = fixture.commit(&request(
        &[Dataset {
            version: 2,
            meta: described,
            ..changed
        }],
        &[USER],
    ));
    assert!(flags.changed);
}

#[test]
fn a_feature_changes_with_its_version_too() {
    let fixture = Fixture::with(&request(&[USERS], &[USER]));
    let city = |default: &'static str, version| {
        let Feature {
            extraction: Some(extraction),
            ..
        } = USER.features[1]
        else {
            unreachable!()
        };
        let extraction = Extraction {
            default: Some(Literal::Str(default)),
            version,
            ..extraction
        };
        let city = Feature {
            extraction: Some(extraction),
            ..USER.features[1]
        };
        request(
            &[USERS],
            &[featureset(
                "User",
                [USER.features[0], city, USER.features[2]],
            )],
        )
    };
    assert!(
        refused(&fixture, &city("elsewhere", 0))
            .contains("write version = 1 in its #[feature(..)]")
    );
    fixture.commit(&city("elsewhere", 1));
    let answer = fixture.answer(&json!({ "User.uid": [1] }), &["User.city"]);
    assert_eq!(answer, json!({ "User.city": ["elsewhere"] }));
}

#[test]
fn all_problems_come_at_once() {
    let fixture = Fixture::with(&request(&[USERS, SALES], &[]));
    let nobodys = Dataset {
        meta: Meta::EMPTY,
        name: "Nobodys",
        ..SALES
    };
    let features = [
        given("x", Type::Int),
        alias("y", Type::Int, "Nope", "x", None),
    ];
    let wrong = fixture.try_commit(&request(&[nobodys], &[featureset("F", features)]));
    let Err(Error::Invalid(problems)) = &wrong else {
        panic!("{wrong:?}")
    };
    assert_eq!(problems.0.len(), 4, "{problems}");
    let text = refusal(wrong);
    for part in [
        "`Nobodys` has no owner",
        "featureset `Nope`, which is not part",
        "`Sales`: it is live",
        "`Users`: it is live",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn what_cannot_be_decoded_names_the_entity() {
    let fixture = Fixture::in_memory();
    let mut broken = request(&[USERS], &[]);
    broken.datasets[0].dsschema = None;
    let wrong = fixture.try_commit(&broken);
    assert!(matches!(wrong, Err(Error::Invalid(_))));
    assert!(refusal(wrong).contains("dataset `Users`: it has no schema"));
    assert!(refusal(fixture.engine.commit("x", &broken, preview())).starts_with("no branch `x`"));
}

#[test]
fn an_incremental_commit_leaves_what_it_does_not_list() {
    let fixture = Fixture::with(&request(&[USERS], &[USER]));
    let incremental = |request: &SyncRequest| fixture.engine.commit("main", request, incremental());
    let commit = incremental(&request(&[SALES], &[])).unwrap();
    assert_eq!(
        (
            commit.diff.count(Change::Created),
            commit.diff.count(Change::Unchanged)
        ),
        (1, 2)
    );
    assert!(!incremental(&request(&[SALES], &[])).unwrap().changed);
    assert!(!incremental(&request(&[], &[])).unwrap().changed);
    assert!(
        !fixture.commit(&request(&[USERS, SALES], &[USER])).changed,
        "it is as if all were committed"
    );

    let fewer = incremental(&without_users(&[featureset("User", &USER.features[..2])]));
    assert!(refusal(fewer).contains("`User.age`: it is live and this commit leaves it out"));
    let more = [
        USER.features[0],
        USER.features[1],
        USER.features[2],
        given("x", Type::Int),
    ];
    assert!(
        incremental(&without_users(&[featureset("User", more)]))
            .unwrap()
            .changed
    );

    let other = [
        given("uid", Type::Int),
        looked_up("age", Type::Int, "Users", "age", Some(Literal::Int(0))),
    ];
    let other = featureset("Other", other);
    incremental(&without_users(&[other])).unwrap();
    let answer = fixture.answer(&json!({ "Other.uid": [1] }), &["Other.age"]);
    assert_eq!(
        answer,
        json!({ "Other.age": [0] }),
        "what is listed reads what is kept"
    );

    let gone = incremental(&request(&[deleted(USERS)], &[]));
    assert!(
        refusal(gone).contains("which is marked deleted"),
        "what is kept is checked too"
    );
}

#[test]
fn a_preview_checks_everything_and_changes_nothing() {
    let fixture = Fixture::with(&request(&[USERS], &[USER]));
    let head = fixture.commit(&request(&[USERS], &[USER])).id;
    let preview = |request: &SyncRequest| fixture.engine.commit("main", request, preview());
    let commit = preview(&request(&[USERS, SALES], &[USER])).unwrap();
    assert!(commit.changed);
    assert_eq!((commit.diff.count(Change::Created), commit.id), (1, head));
    assert!(fixture.engine.inspect("main", "Sales", 1).is_err());
    assert!(matches!(
        preview(&request(&[], &[])),
        Err(Error::Refused(_))
    ));
    assert!(!preview(&request(&[USERS], &[USER])).unwrap().changed);
}

#[test]
fn branches_are_apart() {
    let fixture = Fixture::with(&request(&[USERS], &[]));
    let engine = &fixture.engine;
    engine.init_branch("feat/a-b_c.1").unwrap();
    assert_eq!(engine.branches(), ["feat/a-b_c.1", "main"]);
    assert!(engine.inspect("feat/a-b_c.1", "Users", 1).is_err());
    assert!(
        fixture
            .commit_on("feat/a-b_c.1", &request(&[SALES], &[]))
            .changed
    );
    assert!(engine.inspect("main", "Sales", 1).is_err());
    assert!(matches!(
        engine.init_branch("main"),
        Err(Error::Exists { .. })
    ));
    assert!(matches!(
        engine.init_branch("feat/a-b_c.1"),
        Err(Error::Exists { .. })
    ));
    for name in ["", "a b", "é", "a\n", &"a".repeat(201)] {
        assert!(
            matches!(engine.init_branch(name), Err(Error::Request(_))),
            "{name:?}"
        );
    }
}

#[test]
fn commits_at_the_same_time_are_made_one_after_another() {
    let fixture = Fixture::in_memory();
    let definitions = request(&[USERS], &[USER]);
    let commits: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| fixture.commit(&definitions)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(commits.iter().filter(|commit| commit.changed).count(), 1);
    assert!(commits.iter().all(|commit| commit.id == commits[0].id));
}

#[test]
fn what_can_not_be_run_is_refused_by_name() {
    const EVENTS: Kafka<'static> = Kafka::new("events").bootstrap_servers("kafka:9092");
    let with = |source: Source<'static>| {
        request(
            &[Dataset {
                sources: vec![source].leak(),
                ..SALES
            }],
            &[],
        )
    };
    let from_kafka = Source {
        connector: EVENTS.topic("sales").connector(),
        ..SALES.sources[0]
    };
    let sink = Sink {
        connector: EVENTS.topic("sales").connector(),
        cdc: Some(Cdc::Debezium),
        every: None,
        how: None,
        renames: &[],
        since: None,
        until: None,
        env: Env::ANY,
    };
    let to_kafka = Dataset {
        sources: &[],
        sinks: vec![sink].leak(),
        ..SALES
    };
    let fixture = Fixture::in_memory();
    for (request, what) in [
        (with(from_kafka), "events`: Kafka sources are"),
        (request(&[to_kafka], &[]), "events`: Kafka sinks are"),
    ] {
        let refused = fixture.try_commit(&request);
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        assert_eq!(
            refusal(refused),
            format!("dataset `Sales.{what} not run by this version of the server; leave it out")
        );
    }
}
