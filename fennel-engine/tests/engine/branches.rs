//! Branches that begin as others, and branches that go.

use fennel_core::entity::Dataset;
use fennel_engine::Error;
use fennel_engine::store::{Space, Store};
use serde_json::json;

use crate::definitions::{USERS, request};
use crate::fixture::{Fixture, refusal, store, user};

#[test]
fn a_clone_has_all_that_its_base_has_and_goes_its_own_way() {
    let tables = Store::in_memory();
    let fixture = Fixture::on(tables.clone());
    fixture.commit(&request(&[USERS], &[]));
    fixture.log("users", &json!([user(1, "rome", 1)]));
    let before = tables.scan_prefix(Space::Table, b"").count();
    fixture.engine.clone_branch("main", "dev").unwrap();
    assert_eq!(
        tables.scan_prefix(Space::Table, b"").count(),
        before,
        "nothing is copied"
    );
    assert_eq!(fixture.engine.branches(), ["dev", "main"]);
    fixture.log("users", &json!([user(1, "oslo", 2)]));
    assert_eq!(fixture.dump_on("dev", "Users"), fixture.dump("Users"));
    let same = fixture.commit_on("dev", &request(&[USERS], &[]));
    assert!(!same.changed, "it has the definitions, too");
    let next = Dataset {
        version: 2,
        ..USERS
    };
    fixture.commit_on("dev", &request(&[next], &[]));
    assert!(
        !fixture.commit(&request(&[USERS], &[])).changed,
        "its base doesn't notice"
    );
}

#[test]
fn a_branch_that_is_deleted_takes_its_data_along() {
    let dir = tempfile::tempdir().unwrap();
    {
        let fixture = Fixture::on(store(dir.path()));
        fixture.engine.init_branch("dev").unwrap();
        fixture.commit_on("dev", &request(&[USERS], &[]));
        fixture.log("users", &json!([user(1, "rome", 1)]));
        fixture.engine.clone_branch("dev", "copy").unwrap();
        fixture.engine.delete_branch("dev").unwrap();
        assert_eq!(fixture.engine.branches(), ["copy", "main"]);
        assert_eq!(fixture.dump_on("copy", "Users")["city"], json!(["rome"]));
        fixture.engine.delete_branch("copy").unwrap();
        let logged = fixture.engine.log("hook", "users", Vec::new());
        assert!(
            matches!(logged, Err(Error::Unknown { .. })),
            "nobody has the endpoint"
        );
    }
    let left = store(dir.path());
    assert_eq!(left.scan_prefix(Space::Table, b"").count(), 0);
    assert_eq!(
        left.scan_prefix(Space::Log, b"").count(),
        1,
        "the log keeps it"
    );
    assert_eq!(
        Fixture::on(left).engine.branches(),
        ["main"],
        "after a restart, too"
    );
}

#[test]
fn what_is_wrong_with_a_clone_or_a_deletion_is_said() {
    let fixture = Fixture::in_memory();
    let engine = &fixture.engine;
    let text = refusal(engine.clone_branch("prod", "dev"));
    assert!(text.contains("no branch `prod`"), "{text}");
    let exists = engine.clone_branch("main", "main");
    assert!(matches!(exists, Err(Error::Exists { .. })));
    assert!(matches!(
        engine.clone_branch("main", "a b"),
        Err(Error::Request(_))
    ));
    let text = refusal(engine.delete_branch("main"));
    assert!(text.contains("can't be deleted"), "{text}");
    let text = refusal(engine.delete_branch("dev"));
    assert!(text.contains("no branch `dev`"), "{text}");
}
