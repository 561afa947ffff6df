//! What was committed to a branch, how its commits are named, and what is told of it where it matters.

use fennel_core::diff::Change;
use fennel_core::entity::{Dataset, Featureset};
use fennel_core::ty::Type;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::{Space, Store};
use fennel_engine::{Commit, CommitOptions, Error, Moved, PastCommit};
use serde_json::json;

use crate::definitions::{
    DELETED, SALES, USER, USERS, featureset, given, looked_up, request, without_users,
};
use crate::fixture::{Fixture, refusal, second, store, user};

fn options(by: &str, revision: Option<&str>) -> CommitOptions {
    CommitOptions {
        by: by.into(),
        revision: revision.map(Into::into),
        ..CommitOptions::default()
    }
}

fn with_id(id: &str) -> CommitOptions {
    CommitOptions {
        id: Some(id.into()),
        ..CommitOptions::default()
    }
}

fn against(base: &str) -> CommitOptions {
    CommitOptions {
        base: Some(base.into()),
        ..CommitOptions::default()
    }
}

/// A request with that message.
fn about(message: &str, datasets: &[Dataset<'_>], featuresets: &[Featureset<'_>]) -> SyncRequest {
    SyncRequest {
        message: message.into(),
        ..request(datasets, featuresets)
    }
}

fn history(fixture: &Fixture, branch: &str) -> Vec<PastCommit> {
    fixture.engine.history(branch, None, 100).unwrap()
}

/// Two commits of `main`: `Users`, then `Sales` beside it.
fn two_commits() -> (Fixture, [Commit; 2]) {
    let fixture = Fixture::in_memory();
    let commit =
        |request: &SyncRequest, options| fixture.engine.commit("main", request, options).unwrap();
    let first = commit(&about("one", &[USERS], &[]), options("ann", Some("f00")));
    fixture.clock.set(second(43_260));
    let second = commit(&about("two", &[USERS, SALES], &[]), options("bob", None));
    (fixture, [first, second])
}

#[test]
fn every_commit_is_kept_with_who_made_it_and_what_it_changed() {
    let (fixture, [first, second_commit]) = two_commits();
    fixture.commit(&about("three", &[USERS, SALES], &[]));
    let commits = history(&fixture, "main");
    let [latest, oldest] = commits.as_slice() else {
        panic!("what changes nothing is no commit: {commits:?}")
    };
    assert_eq!((&oldest.id, &latest.id), (&first.id, &second_commit.id));
    assert_eq!((oldest.sequence, latest.sequence), (1, 2));
    assert_eq!((oldest.at, latest.at), (second(43_200), second(43_260)));
    assert_eq!((&*oldest.message, &*latest.message), ("one", "two"));
    assert_eq!((&*oldest.by, &*latest.by), ("ann", "bob"));
    assert_eq!(
        (oldest.revision.as_deref(), latest.revision.as_deref()),
        (Some("f00"), None)
    );
    assert_eq!(latest.count(Change::Created), 1);
    assert_eq!(latest.changes.len(), 1, "what stays as it is isn't listed");
    assert_eq!(latest.changes[0].name, "Sales");
}

#[test]
fn a_history_is_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let before = {
        let fixture = Fixture::on(store(dir.path()));
        fixture.commit(&request(&[USERS], &[]));
        fixture.commit(&request(&[USERS, SALES], &[]));
        fixture.engine.clone_branch("main", "dev").unwrap();
        fixture.commit_on("dev", &request(&[USERS, SALES], &[USER]));
        (history(&fixture, "main"), history(&fixture, "dev"))
    };
    let fixture = Fixture::on(store(dir.path()));
    assert_eq!(
        (history(&fixture, "main"), history(&fixture, "dev")),
        before
    );
    assert!(!fixture.commit(&request(&[USERS, SALES], &[])).changed);
    let next = fixture.commit(&request(&[USERS, SALES], &[USER]));
    assert_eq!(history(&fixture, "main")[0].id, next.id);
}

#[test]
fn a_page_of_a_history_begins_before_a_commit() {
    let (fixture, [first, second]) = two_commits();
    let page = |before: Option<&str>, limit| {
        let commits = fixture.engine.history("main", before, limit).unwrap();
        commits.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 1), [&*second.id]);
    assert_eq!(page(Some(&second.id), 9), [&*first.id]);
    assert_eq!(page(Some(&first.id), 9), [] as [&str; 0]);
    assert_eq!(page(None, 0), [] as [&str; 0]);
}

#[test]
fn commits_that_change_thousands_of_entities_are_listed_a_few_at_a_time() {
    let fixture = Fixture::in_memory();
    for owner in ["a@example.com", "b@example.com", "c@example.com"] {
        let featuresets = (0..2_600).map(|i| {
            let name = format!("Features{i}").leak();
            let mut featureset = featureset(name, [given("x", Type::Int)]);
            featureset.meta.owner = owner;
            featureset
        });
        fixture.commit(&about(owner, &[], &featuresets.collect::<Vec<_>>()));
    }
    let messages = |commits: &[PastCommit]| -> Vec<String> {
        commits
            .iter()
            .map(|commit| commit.message.clone())
            .collect()
    };
    let latest = history(&fixture, "main");
    assert_eq!(messages(&latest), ["c@example.com"]);
    let before = fixture.engine.history("main", Some(&latest[0].id), 100);
    assert_eq!(messages(&before.unwrap()), ["b@example.com"]);
}

#[test]
fn a_commit_goes_by_its_id_its_place_or_its_branch() {
    let (fixture, [first, second]) = two_commits();
    fixture.engine.clone_branch("main", "dev").unwrap();
    fixture.engine.init_branch("empty").unwrap();
    let named = |name: &str| {
        fixture
            .engine
            .past_commit("main", name)
            .map(|it| it.commit.id)
    };
    for (name, id) in [
        (&*second.id, &second),
        (&second.id[..4], &second),
        ("HEAD", &second),
        ("dev", &second),
        ("main", &second),
        ("HEAD~0", &second),
        ("HEAD~", &first),
        ("HEAD~1", &first),
        ("dev~1", &first),
        (&*format!("{}~1", second.id), &first),
        (&first.id[..11], &first),
    ] {
        assert_eq!(named(name).unwrap(), id.id, "{name}");
    }
    for (name, why) in [
        (
            "HEAD~2",
            "no commit `HEAD~2`; `HEAD` is number 2 of its branch",
        ),
        (
            "HEAD~99999999999999999999",
            "`HEAD~99999999999999999999` names no commit",
        ),
        ("HEAD~x", "`HEAD~x` names no commit"),
        (&first.id[..3], "no commit and no branch"),
        ("ffffffffffff", "no commit and no branch `ffffffffffff`"),
        ("", "no commit and no branch ``"),
        ("~1", "no commit and no branch ``"),
        ("empty", "`empty` has no commits yet"),
        ("empty~1", "no commit `empty~1`"),
    ] {
        let text = refusal(named(name));
        assert!(text.starts_with(why), "{name}: {text}");
    }
    assert!(refusal(fixture.engine.past_commit("x", "HEAD")).starts_with("no branch `x`"));
}

#[test]
fn the_beginning_of_several_ids_is_no_name() {
    let fixture = Fixture::in_memory();
    for (id, message) in [("abcd00000001", "one"), ("abcd00000002", "two")] {
        let definitions = [USERS, SALES];
        let some = if message == "one" { 1 } else { 2 };
        let request = about(message, &definitions[..some], &[]);
        fixture
            .engine
            .commit("main", &request, with_id(id))
            .unwrap();
    }
    let several = fixture.engine.past_commit("main", "abcd");
    assert!(matches!(several, Err(Error::Request(_))));
    let text = refusal(several);
    assert!(text.contains("abcd00000002`, `abcd00000001"), "{text}");
    assert!(fixture.engine.past_commit("main", "abcd00000001").is_ok());
}

#[test]
fn a_shown_commit_has_what_it_changed_and_all_that_was_there() {
    let (fixture, _) = two_commits();
    let shown = fixture.engine.past_commit("main", "HEAD").unwrap();
    assert_eq!(shown.diff.count(Change::Created), 1);
    assert_eq!(shown.diff.count(Change::Unchanged), 1);
    let names = shown.definitions.iter().map(|it| &*it.name);
    assert_eq!(names.collect::<Vec<_>>(), ["Sales", "Users"]);
    let price = shown.definitions[0].facts.iter();
    let price = price.filter(|fact| fact.path == "price.type");
    assert_eq!(price.map(|fact| &*fact.text).collect::<Vec<_>>(), ["f64"]);
    let first = fixture.engine.past_commit("main", "HEAD~1").unwrap();
    assert_eq!(first.definitions.len(), 1);
}

#[test]
fn any_two_commits_can_be_compared_in_either_direction() {
    let (fixture, [first, _]) = two_commits();
    fixture.engine.init_branch("empty").unwrap();
    let change = |from: &str, to: &str| {
        let compared = fixture.engine.compare("main", from, to).unwrap();
        let entities = compared.diff.entities.into_iter();
        let changed = entities.filter(|it| it.change != Change::Unchanged);
        changed
            .map(|it| format!("{} {}", it.name, it.change))
            .collect::<Vec<_>>()
    };
    assert_eq!(change("HEAD~1", "HEAD"), ["Sales created"]);
    assert_eq!(change("HEAD", &first.id), ["Sales deleted"]);
    assert_eq!(change("HEAD", "main"), [] as [String; 0]);
    assert_eq!(change("empty", "HEAD"), ["Sales created", "Users created"]);
    let compared = fixture.engine.compare("main", "empty", "HEAD").unwrap();
    assert!(compared.from.is_none() && compared.to.is_some());
}

#[test]
fn a_clone_writes_one_record_however_much_its_base_holds() {
    const DATASETS: usize = 1_000;
    let tables = Store::in_memory();
    let fixture = Fixture::on(tables.clone());
    let names = (0..DATASETS).map(|i| &*format!("Users{i}").leak());
    let many: Vec<_> = names.map(|name| Dataset { name, ..USERS }).collect();
    fixture.commit(&request(&many, &[]));
    let entries = || Space::ALL.map(|space| tables.scan_prefix(space, b"").count());
    let before = entries();
    fixture.engine.clone_branch("main", "dev").unwrap();
    let [meta, others @ ..] = entries();
    assert_eq!(
        (meta, &others),
        (before[0] + 1, &before[1..].try_into().unwrap())
    );
    let written = tables.get(Space::Meta, b"branch/dev").unwrap().unwrap();
    assert!(written.len() < 32, "{} bytes", written.len());
    assert_eq!(history(&fixture, "dev"), history(&fixture, "main"));
}

#[test]
fn a_branch_that_is_deleted_takes_the_commits_along_that_no_other_has() {
    let tables = Store::in_memory();
    let fixture = Fixture::on(tables.clone());
    let kept = || tables.scan_prefix(Space::Meta, b"commit/").count();
    let definitions = || tables.scan_prefix(Space::Meta, b"definitions/").count();
    fixture.engine.init_branch("base").unwrap();
    fixture.commit_on("base", &request(&[USERS], &[]));
    fixture.engine.clone_branch("base", "clone").unwrap();
    fixture.commit_on("base", &request(&[USERS, SALES], &[]));
    fixture.commit_on("clone", &request(&[USERS], &[USER]));
    assert_eq!((kept(), definitions()), (3, 3));
    fixture.engine.delete_branch("base").unwrap();
    assert_eq!((kept(), definitions()), (2, 2), "the clone has the first");
    assert_eq!(history(&fixture, "clone").len(), 2);
    fixture.engine.init_branch("base").unwrap();
    assert_eq!(history(&fixture, "base"), [], "it is another one");
    fixture.commit_on("base", &request(&[SALES], &[]));
    fixture.engine.delete_branch("clone").unwrap();
    assert_eq!((kept(), definitions()), (1, 1));
    assert_eq!(history(&fixture, "base").len(), 1);
    let reopened = Fixture::on(tables.clone());
    assert_eq!(history(&reopened, "base").len(), 1);
}

#[test]
fn a_branch_that_has_moved_since_the_plan_is_refused() {
    let (fixture, [first, second]) = two_commits();
    let commit =
        |base: &str, request: &SyncRequest| fixture.engine.commit("main", request, against(base));
    let more = about("three", &[USERS, SALES], &[USER]);
    let moved = match commit(&first.id, &more) {
        Err(Error::Moved(moved)) => moved,
        other => panic!("{other:?}"),
    };
    let Moved {
        is_known, commits, ..
    } = &*moved;
    assert!(is_known);
    assert_eq!(commits, &history(&fixture, "main")[..1]);
    assert_eq!(
        moved.to_string(),
        format!(
            "branch `main` has moved since the plan was made: commit {} (2024-01-01 12:01:00 UTC, by bob, \"two\") created dataset `Sales`; nothing was changed, make the plan again",
            second.id
        )
    );
    let text = refusal(commit("", &more));
    assert!(
        text.contains("revision f00") && text.contains(", then commit"),
        "{text}"
    );
    let text = refusal(commit("ffffffffffff", &more));
    assert!(
        text.starts_with(
            "the plan was made against commit ffffffffffff, which branch `main` doesn't have"
        ),
        "{text}"
    );
    let broken = commit(&first.id, &request(&[], &[]));
    assert!(matches!(broken, Err(Error::Moved(_))), "that comes first");
    assert!(commit(&second.id, &more).unwrap().changed);
    // It is what was wanted already.
    let same = commit(&first.id, &more).unwrap();
    assert_eq!((same.changed, same.repeated), (false, false));
    let empty = Fixture::in_memory();
    let first = empty.engine.commit("main", &more, against(""));
    assert!(first.unwrap().changed);
}

#[test]
fn a_call_with_the_id_of_a_commit_is_answered_as_that_was() {
    const ID: &str = "0123456789ab";
    let fixture = Fixture::in_memory();
    let commit = |request: &SyncRequest, options: CommitOptions| {
        fixture.engine.commit("main", request, options)
    };
    let users = about("one", &[USERS], &[]);
    let options = || CommitOptions {
        base: Some(String::new()),
        ..with_id(ID)
    };
    let first = commit(&users, options()).unwrap();
    assert_eq!((&*first.id, first.repeated), (ID, false));
    // Even if others came in between.
    fixture.clock.set(second(50_000));
    fixture.commit(&about("two", &[USERS, SALES], &[]));
    let again = commit(&users, options()).unwrap();
    assert!(again.repeated);
    assert_eq!(
        again,
        Commit {
            repeated: true,
            ..first
        }
    );
    assert_eq!(history(&fixture, "main").len(), 2);
    let other = commit(&about("one", &[USERS, SALES], &[USER]), with_id(ID));
    assert!(matches!(other, Err(Error::Exists { .. })));
    let incremental = CommitOptions {
        incremental: true,
        ..with_id(ID)
    };
    assert!(matches!(
        commit(&users, incremental),
        Err(Error::Exists { .. })
    ));
    assert!(matches!(
        commit(&users, with_id("no id")),
        Err(Error::Request(_))
    ));
    fixture.engine.init_branch("dev").unwrap();
    let elsewhere = fixture.engine.commit("dev", &users, with_id(ID)).unwrap();
    assert!(
        elsewhere.changed && !elsewhere.repeated,
        "ids are a branch's own"
    );
}

/// The line of a refusal about an entity or a feature.
fn line(refused: &str, place: &str) -> String {
    let (_, told) = refused
        .split_once(&format!("{place}`: "))
        .unwrap_or_else(|| panic!("no {place} in {refused}"));
    let (first, rest) = told.split_once('\n').unwrap_or((told, ""));
    // What else there is to know has lines of its own.
    let notes = rest.lines().map_while(|line| line.strip_prefix("    "));
    let told: Vec<_> = [first].into_iter().chain(notes).collect();
    told.join("; ")
}

#[test]
fn what_is_left_out_is_told_with_where_it_came_from() {
    let fixture = Fixture::in_memory();
    let commit =
        |request: &SyncRequest, options| fixture.engine.commit("main", request, options).unwrap();
    commit(&about("one", &[USERS], &[]), options("ann", None));
    let uid = || given("uid", Type::Int);
    let city = || looked_up("city", Type::Optional(&Type::String), "Users", "city", None);
    let one = featureset("One", vec![uid()]);
    let two = about("two", &[USERS], &[one]);
    let two = commit(&two, options("bob", Some("beef")));
    let wide = featureset("One", vec![uid(), city()]);
    let three = about("three", &[USERS, SALES], &[wide]);
    let three = commit(&three, options("eve", None));
    fixture.log("users", &json!([user(1, "rome", 1), user(2, "oslo", 2)]));

    let refused = refusal(fixture.try_commit(&about("back", &[USERS], &[one])));
    let feature = line(&refused, "featureset `One.city");
    assert!(
        feature.contains(&format!("; it came with commit {} (", three.id))
            && feature.contains("by eve"),
        "{feature}"
    );
    assert!(
        feature.ends_with("; nothing reads it, so it may be marked deleted"),
        "{feature}"
    );
    let sales = line(&refused, "dataset `Sales");
    assert!(
        sales.contains("by eve, \"three\"); it has no rows; nothing reads it"),
        "{sales}"
    );

    let refused = refusal(fixture.try_commit(&request(&[], &[])));
    let users = line(&refused, "dataset `Users");
    for told in [
        "by ann, \"one\")",
        "; its 2 rows go with it, until a higher version of it is computed anew from what was logged",
        "; `One.city` reads it and is left out too, so mark them deleted together",
    ] {
        assert!(users.contains(told), "{told}: {users}");
    }
    let one_gone = line(&refused, "featureset `One");
    assert!(
        one_gone.contains(&two.id) && one_gone.contains("revision beef"),
        "{one_gone}"
    );

    // What this commit itself reads has to stay.
    let refused = fixture.try_commit(&without_users(&[wide]));
    let users = line(&refusal(refused), "dataset `Users");
    assert!(
        users.contains("; `One.city` of this commit read it, so keep it"),
        "{users}"
    );
}

#[test]
fn what_came_back_came_with_its_last_return() {
    let fixture = Fixture::in_memory();
    fixture.commit(&about("one", &[USERS], &[]));
    let deleted = Dataset {
        meta: DELETED,
        ..USERS
    };
    fixture.commit(&about("two", &[deleted], &[]));
    let back = Dataset {
        version: 2,
        ..USERS
    };
    fixture.commit(&about("three", &[back], &[]));
    let users = line(
        &refusal(fixture.try_commit(&request(&[], &[]))),
        "dataset `Users",
    );
    assert!(users.contains("\"three\""), "{users}");
}
