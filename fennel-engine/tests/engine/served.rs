//! Features that are kept when they are served.

use fennel_core::value::Value;
use fennel_engine::{Keep, ServedRange, ServedRows};
use serde_json::json;

use crate::definitions::{USER, USERS, request};
use crate::fixture::{Fixture, query, refusal, second, store, user};

fn keep(workflow: &str, sampling_rate: f64) -> Keep {
    Keep {
        workflow: workflow.into(),
        sampling_rate,
    }
}

fn range(workflow: &str) -> ServedRange {
    ServedRange {
        workflow: workflow.into(),
        ..ServedRange::default()
    }
}

fn uids(rows: &ServedRows) -> Vec<i64> {
    let uids = rows.rows.iter().map(|row| row.inputs["User.uid"].as_i64());
    uids.map(Option::unwrap).collect()
}

/// Serves the cities of these users.
fn serve(fixture: &Fixture, uids: &[i64], keep: &Keep) {
    let asked = query(&json!({"User.uid": uids}), &["User.city"]);
    let kept = fixture.engine.query_and_keep("main", &asked, keep).unwrap();
    let plain = fixture.engine.query("main", &asked).unwrap();
    assert_eq!(kept.to_json(), plain.to_json(), "the answer is the same");
}

fn fixture() -> Fixture {
    let fixture = Fixture::with(&request(&[USERS], &[USER]));
    fixture.log("users", &json!([user(1, "rome", 1), user(2, "bern", 2)]));
    fixture
}

#[test]
fn what_was_served_is_told_by_workflow_and_time() {
    let fixture = fixture();
    serve(&fixture, &[1, 2], &keep("home", 1.0));
    serve(&fixture, &[1], &keep("cart", 1.0));
    fixture.clock.set(second(50_000));
    serve(&fixture, &[2], &keep("home", 1.0));
    let found = fixture.engine.served("main", &range("home"), 10).unwrap();
    assert_eq!((uids(&found), &found.next), (vec![1, 2, 2], &None));
    let first = &found.rows[0];
    assert_eq!((first.served, first.at), (second(43_200), second(43_200)));
    assert_eq!(json!(first.outputs), json!({"User.city": "rome"}));
    let between = ServedRange {
        from: Some(second(43_200)),
        to: Some(second(50_000)),
        ..range("home")
    };
    assert_eq!(
        uids(&fixture.engine.served("main", &between, 10).unwrap()),
        [1, 2]
    );
    let since = ServedRange {
        from: Some(second(43_201)),
        ..range("home")
    };
    assert_eq!(
        uids(&fixture.engine.served("main", &since, 10).unwrap()),
        [2]
    );

    let mut pages = Vec::new();
    let mut next = range("home");
    loop {
        let page = fixture.engine.served("main", &next, 2).unwrap();
        pages.push(uids(&page));
        next.after = page.next;
        if next.after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec![1, 2], vec![2]]);

    let unknown = fixture.engine.served("main", &range("hom"), 1);
    let told = "no workflow with logged features `hom`; there are `cart`, `home`";
    assert_eq!(refusal(unknown), told);
    assert!(fixture.engine.served("nope", &range("home"), 1).is_err());
    let nowhere = ServedRange {
        after: Some("é".repeat(24)),
        ..range("home")
    };
    assert!(refusal(fixture.engine.served("main", &nowhere, 1)).starts_with("`after` is no place"));
}

#[test]
fn a_row_as_of_an_instant_is_kept_with_it() {
    let fixture = fixture();
    let mut asked = query(&json!({"User.uid": [1]}), &["User.city"]);
    asked.at = Some(vec![second(5)]);
    let kept = fixture
        .engine
        .query_and_keep("main", &asked, &Keep::default());
    assert_eq!(
        kept.unwrap().get("User.city").unwrap().values,
        [Value::String("rome".into())]
    );
    let found = fixture
        .engine
        .served("main", &range("default"), 10)
        .unwrap();
    assert_eq!(
        (found.rows[0].at, found.rows[0].served),
        (second(5), second(43_200))
    );
}

#[test]
fn about_the_rate_is_kept_and_the_same_rows_by_the_same_clock() {
    let kept = |rate| {
        let fixture = fixture();
        let all: Vec<i64> = (0..2_000).collect();
        serve(&fixture, &all, &keep("home", rate));
        match fixture.engine.served("main", &range("home"), 5_000) {
            Ok(found) => uids(&found),
            Err(_) => Vec::new(),
        }
    };
    let some = kept(0.1);
    assert!((120..280).contains(&some.len()), "{}", some.len());
    assert_eq!(some, kept(0.1));
    let more = kept(0.2);
    assert!(some.iter().all(|uid| more.contains(uid)));
    assert_eq!((kept(0.0).len(), kept(1.0).len()), (0, 2_000));
}

#[test]
fn what_can_not_be_kept_is_refused_and_nothing_is() {
    let fixture = fixture();
    let asked = query(&json!({"User.uid": [1]}), &["User.city"]);
    let refused = |keep| refusal(fixture.engine.query_and_keep("main", &asked, &keep));
    assert!(refused(keep("home", 1.5)).starts_with("`sampling_rate` is 1.5"));
    assert!(refused(keep("home", f64::NAN)).starts_with("`sampling_rate` is NaN"));
    assert!(refused(keep("home", -0.1)).starts_with("`sampling_rate` is -0.1"));
    for workflow in ["", "a\0b", &"w".repeat(201)] {
        assert!(refused(keep(workflow, 1.0)).starts_with("`workflow` is the name"));
    }
    let told = "no workflow with logged features `home`; there is none";
    assert_eq!(
        refusal(fixture.engine.served("main", &range("home"), 1)),
        told
    );
}

#[test]
fn it_outlives_a_restart_grows_old_and_goes_with_its_branch() {
    let dir = tempfile::tempdir().unwrap();
    for restart in 1..3 {
        let fixture = Fixture::on(store(dir.path()));
        fixture.commit(&request(&[USERS], &[USER]));
        fixture.clock.set(second(43_200 + restart));
        serve(&fixture, &[restart], &keep("home", 1.0));
        fixture.engine.close();
    }
    let fixture = Fixture::on(store(dir.path()));
    let rows = || uids(&fixture.engine.served("main", &range("home"), 9).unwrap());
    assert_eq!(rows(), [1, 2]);
    fixture.clock.set(second(43_200 + 731 * 86_400));
    serve(&fixture, &[3], &keep("home", 1.0));
    assert_eq!(rows(), [3], "two years are kept");

    fixture.engine.clone_branch("main", "dev").unwrap();
    let asked = query(&json!({"User.uid": [7]}), &["User.city"]);
    fixture
        .engine
        .query_and_keep("dev", &asked, &keep("home", 1.0))
        .unwrap();
    assert_eq!(rows(), [3], "a branch has its own");
    fixture.engine.delete_branch("dev").unwrap();
    fixture.engine.init_branch("dev").unwrap();
    assert!(fixture.engine.served("dev", &range("home"), 9).is_err());
}

#[test]
fn rows_of_a_workflow_that_nobody_serves_any_more_are_swept() {
    let fixture = fixture();
    serve(&fixture, &[1, 2], &keep("left", 1.0));
    fixture.clock.set(second(43_200 + 400 * 86_400));
    serve(&fixture, &[1], &keep("home", 1.0));
    assert_eq!(fixture.engine.sweep_served().unwrap(), 0);
    fixture.clock.set(second(43_200 + 731 * 86_400));
    assert_eq!(fixture.engine.sweep_served().unwrap(), 2);
    let unknown = fixture.engine.served("main", &range("left"), 1);
    let told = "no workflow with logged features `left`; there is `home`";
    assert_eq!(refusal(unknown), told);
    let found = fixture.engine.served("main", &range("home"), 9).unwrap();
    assert_eq!(uids(&found), [1]);
}

#[test]
fn a_branch_has_so_many_workflows_and_no_more() {
    let fixture = fixture();
    for i in 0..1_000 {
        serve(&fixture, &[1], &keep(&format!("w{i}"), 1.0));
    }
    let asked = query(&json!({"User.uid": [1]}), &["User.city"]);
    let more = |branch: &str, rate| {
        fixture
            .engine
            .query_and_keep(branch, &asked, &keep("more", rate))
    };
    let told = "branch `main` has logged features of 1000 workflows, which are the most; log under one of their names";
    assert_eq!(refusal(more("main", 1.0)), told);
    assert!(more("main", 0.0).is_ok(), "nothing of it is kept");
    serve(&fixture, &[2], &keep("w7", 1.0));
    fixture.engine.clone_branch("main", "dev").unwrap();
    assert!(more("dev", 1.0).is_ok(), "each branch has its own");
    fixture.clock.set(second(43_200 + 731 * 86_400));
    fixture.engine.sweep_served().unwrap();
    assert!(more("main", 1.0).is_ok());
}

#[test]
fn a_reader_takes_as_many_bytes_as_it_has_room_for() {
    let fixture = fixture();
    serve(&fixture, &[1, 2, 3], &keep("home", 1.0));
    let read = |most: usize, range: &ServedRange| {
        let (mut left, mut size) = (most, 0);
        let read = fixture.engine.served_while("main", range, &mut |bytes| {
            size = bytes;
            let is_taken = left >= bytes;
            left = left.saturating_sub(bytes);
            is_taken
        });
        (read.unwrap(), size)
    };
    let (none, size) = read(0, &range("home"));
    assert_eq!((none.rows.len(), none.next), (0, None));
    let (first, _) = read(size + size / 2, &range("home"));
    assert_eq!(uids(&first), [1]);
    let rest = ServedRange {
        after: first.next,
        ..range("home")
    };
    let (rest, _) = read(3 * size, &rest);
    assert_eq!((uids(&rest), rest.next), (vec![2, 3], None));
}
