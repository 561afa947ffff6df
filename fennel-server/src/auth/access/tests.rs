//! Access as it is kept: first tokens, restarts, changes and what the clock does to them.

use fennel_engine::ManualClock;
use serde::Serialize;

use super::*;
use crate::auth::known::BARE_ADMIN;
use crate::auth::{Grant, Mode};
use crate::error::Failure;

const MINUTE: i64 = SEEN_STEP;

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(at(1_000 * MINUTE)))
}

fn open(store: &Store, first: Option<&Token>, process: Option<&Token>) -> (Access, FirstToken) {
    Access::open(store, clock(), first, process).unwrap()
}

/// Who there is with the admin token `admin`.
fn access(store: &Store, clock: &Arc<ManualClock>) -> Access {
    let first = token("admin-token");
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    Access::open(store, clock, Some(&first), None).unwrap().0
}

fn admits(access: &Access, token: &str) -> bool {
    access.admit(token, None).is_ok()
}

fn why(access: &Access, token: &str) -> Invalid {
    access.admit(token, None).unwrap_err()
}

/// A new token of the account `ci` and its id.
fn ci(access: &Access, expires_in: Option<&str>) -> (String, String) {
    let admin = Caller::test("admin");
    let roles = vec!["deployer:main".into()];
    access.put_account(&admin, "ci", roles, None).unwrap();
    let made = access.create_token(&admin, "ci", expires_in, None);
    told(&made.unwrap())
}

/// The token and its id.
fn told(made: &impl Serialize) -> (String, String) {
    let made = serde_json::to_value(made).unwrap();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("token"), text("id"))
}

fn shown(access: &Access, id: &str) -> serde_json::Value {
    serde_json::to_value(access.token(id).unwrap()).unwrap()
}

fn status<T: std::fmt::Debug>(answer: Result<T, Failure>) -> u16 {
    answer.unwrap_err().status().as_u16()
}

#[test]
fn the_first_token_is_made_once_and_stays() {
    let store = Store::in_memory();
    let (access, made) = open(&store, None, None);
    let FirstToken::Generated(first) = made else {
        panic!("{made:?}");
    };
    assert!(admits(&access, first.reveal()));
    access.confirm(&first).unwrap();
    let (access, again) = open(&store, None, None);
    assert!(matches!(again, FirstToken::Kept) && admits(&access, first.reveal()));
}

#[test]
fn a_token_that_nobody_was_shown_is_replaced() {
    let store = Store::in_memory();
    let generated = || match open(&store, None, None) {
        (access, FirstToken::Generated(token)) => (access, token),
        (_, other) => panic!("{other:?}"),
    };
    let (_, untold) = generated();
    let (access, first) = generated();
    assert!(admits(&access, first.reveal()) && !admits(&access, untold.reveal()));
    access.confirm(&first).unwrap();
    let (access, outcome) = open(&store, None, None);
    assert!(matches!(outcome, FirstToken::Kept));
    assert!(admits(&access, first.reveal()) && !admits(&access, untold.reveal()));
}

#[test]
fn a_configured_token_replaces_one_that_nobody_was_shown() {
    let store = Store::in_memory();
    open(&store, None, None);
    let (access, outcome) = open(&store, Some(&token("aaaa")), None);
    assert!(matches!(outcome, FirstToken::Configured) && admits(&access, "aaaa"));
    assert_eq!(store.scan_prefix(Space::Meta, TOKEN).count(), 1);
}

#[test]
fn a_configured_token_is_the_first_one_and_never_a_second() {
    let store = Store::in_memory();
    let (a, b) = (token("aaaa"), token("bbbb"));
    let (_, outcome) = open(&store, Some(&a), None);
    assert!(matches!(outcome, FirstToken::Configured));
    let (_, outcome) = open(&store, Some(&a), None);
    assert!(matches!(outcome, FirstToken::Kept));
    let (access, outcome) = open(&store, Some(&b), None);
    assert!(matches!(outcome, FirstToken::KeptOther));
    assert!(admits(&access, "aaaa") && !admits(&access, "bbbb"));
}

#[test]
fn a_process_token_is_not_stored() {
    let store = Store::in_memory();
    let process = token("process");
    let (access, outcome) = open(&store, None, Some(&process));
    assert!(matches!(outcome, FirstToken::NotNeeded));
    assert!(admits(&access, "process") && !admits(&access, ""));
    let (access, outcome) = open(&store, None, None);
    assert!(matches!(outcome, FirstToken::Generated(_)));
    assert!(!admits(&access, "process"));
}

#[test]
fn a_folder_of_a_server_that_knew_no_accounts_keeps_its_token() {
    let store = Store::in_memory();
    let mut batch = Batch::new();
    let hash = token("old-token").hash();
    batch.put(Space::Meta, key(TOKEN, &hash.0), BARE_ADMIN);
    store.write(batch).unwrap();
    let (access, outcome) = open(&store, None, None);
    assert!(matches!(outcome, FirstToken::Kept));
    let caller = access.admit("old-token", None).unwrap();
    assert!(caller.account() == "admin" && caller.require_admin().is_ok());
}

#[test]
fn the_store_has_the_hash_and_not_the_token() {
    let store = Store::in_memory();
    let access = access(&store, &clock());
    let (made, id) = ci(&access, None);
    let (rotated, _) = told(
        &access
            .rotate_token(&Caller::test("admin"), &id, None, None)
            .unwrap(),
    );
    for entry in store.scan_prefix(Space::Meta, b"") {
        let (key, value) = entry.unwrap();
        for bytes in [&key[..], &value[..]] {
            let text = String::from_utf8_lossy(bytes);
            for token in ["admin-token", &made, &rotated] {
                assert!(!text.contains(token), "{text}");
            }
        }
    }
}

#[test]
fn a_token_ends_at_its_expiry_even_if_the_clock_goes_back() {
    let (store, clock) = (Store::in_memory(), clock());
    let access = access(&store, &clock);
    let (made, id) = ci(&access, Some("10m"));
    clock.set(at(1_010 * MINUTE - 1));
    assert!(admits(&access, &made));
    clock.set(at(1_010 * MINUTE));
    assert_eq!(why(&access, &made), Invalid::Expired);
    clock.set(at(900 * MINUTE));
    assert_eq!(why(&access, &made), Invalid::Expired);
    assert_eq!(shown(&access, &id)["state"], "expired");
    assert!(admits(&access, "admin-token"), "others go on");
    let rotated = access.rotate_token(&Caller::test("admin"), &id, None, None);
    assert_eq!(status(rotated), 409);
}

#[test]
fn a_rotated_token_stays_valid_for_the_overlap_and_no_longer_than_it_was() {
    let (store, clock) = (Store::in_memory(), clock());
    let access = access(&store, &clock);
    let admin = Caller::test("admin");
    let (old, id) = ci(&access, Some("100m"));
    clock.set(at(1_050 * MINUTE));
    let (new, new_id) = told(&access.rotate_token(&admin, &id, Some("5m"), None).unwrap());
    assert!(admits(&access, &old) && admits(&access, &new));
    assert_eq!(shown(&access, &id)["rotated_to"], new_id.as_str());
    clock.set(at(1_055 * MINUTE));
    assert!(!admits(&access, &old) && admits(&access, &new));
    clock.set(at(1_150 * MINUTE));
    assert!(
        !admits(&access, &new),
        "it was made to live 100 minutes, too"
    );

    let (old, id) = ci(&access, Some("1m"));
    access
        .rotate_token(&admin, &id, Some("1d"), Some("2d"))
        .unwrap();
    clock.set(at(1_151 * MINUTE));
    assert!(!admits(&access, &old), "a rotation prolongs nothing");
}

#[test]
fn a_revoked_token_is_over_at_once_and_stays_so() {
    let (store, clock) = (Store::in_memory(), clock());
    let opened = access(&store, &clock);
    let (made, id) = ci(&opened, None);
    let caller = opened.admit(&made, None).unwrap();
    opened.revoke_token(&Caller::test("admin"), &id).unwrap();
    assert_eq!(why(&opened, &made), Invalid::Revoked);
    assert!(
        caller.require(Mode::WriteDefinitions, "main").is_ok(),
        "a request that had begun ends"
    );
    let reopened = access(&store, &clock);
    assert_eq!(why(&reopened, &made), Invalid::Revoked);
    reopened.delete_token(&Caller::test("admin"), &id).unwrap();
    assert_eq!(why(&reopened, &made), Invalid::Unknown);
}

#[test]
fn the_last_use_is_known_to_the_minute_and_survives_a_restart() {
    let (store, clock) = (Store::in_memory(), clock());
    let opened = access(&store, &clock);
    let (made, id) = ci(&opened, None);
    let seen = || store.scan_prefix(Space::Meta, SEEN).count();
    assert!(shown(&opened, &id)["last_used"].is_null());
    clock.set(at(1_001 * MINUTE + 17));
    for _ in 0..100 {
        assert!(admits(&opened, &made));
    }
    assert_eq!(seen(), 0, "no request writes");
    clock.set(at(990 * MINUTE));
    assert!(admits(&opened, &made));
    opened.flush().unwrap();
    assert_eq!(seen(), 1);
    let reopened = access(&store, &clock);
    let last = at(1_001 * MINUTE).to_string();
    assert_eq!(shown(&reopened, &id)["last_used"], last.as_str());
    reopened.delete_token(&Caller::test("admin"), &id).unwrap();
    assert_eq!(seen(), 0);
}

#[test]
fn nobody_takes_away_the_last_admin_token() {
    let (store, clock) = (Store::in_memory(), clock());
    let access = access(&store, &clock);
    let admin = Caller::test("admin");
    let first = access.state().tokens.values().next().unwrap().id.clone();
    assert_eq!(status(access.revoke_token(&admin, &first)), 409);
    assert_eq!(status(access.delete_token(&admin, &first)), 409);
    access
        .put_account(&admin, "ops", vec!["admin".into()], None)
        .unwrap();
    let (second, second_id) = told(&access.create_token(&admin, "ops", None, None).unwrap());
    access.revoke_token(&admin, &first).unwrap();
    assert!(admits(&access, &second) && !admits(&access, "admin-token"));
    assert_eq!(status(access.revoke_token(&admin, &second_id)), 409);
    assert_eq!(
        status(access.put_account(&admin, "ops", vec!["reader:*".into()], None)),
        409
    );
    assert_eq!(status(access.delete_account(&admin, "ops")), 409);
    assert!(admits(&access, &second), "what is refused changes nothing");
}

#[test]
fn a_first_token_that_was_deleted_does_not_come_back() {
    let (store, clock) = (Store::in_memory(), clock());
    let access = access(&store, &clock);
    let admin = Caller::test("admin");
    let first = access.state().tokens.values().next().unwrap().id.clone();
    let roles = vec!["admin".into()];
    access.put_account(&admin, "ops", roles, None).unwrap();
    access.create_token(&admin, "ops", None, None).unwrap();
    access.delete_token(&admin, &first).unwrap();
    let (access, outcome) = open(&store, Some(&token("admin-token")), None);
    assert!(matches!(outcome, FirstToken::KeptOther));
    assert!(!admits(&access, "admin-token"));
    let (_, outcome) = open(&store, None, None);
    assert!(matches!(outcome, FirstToken::Kept));
}

#[test]
fn two_admins_do_not_lock_each_other_out() {
    let (store, clock) = (Store::in_memory(), clock());
    let access = access(&store, &clock);
    let admin = Caller::test("admin");
    let first = access
        .state()
        .tokens
        .values()
        .next()
        .unwrap()
        .id
        .to_string();
    let (_, second) = told(&access.create_token(&admin, "admin", None, None).unwrap());
    let revoked = std::thread::scope(|scope| {
        let threads = [&first, &second].map(|id| {
            let (access, admin) = (&access, &admin);
            scope.spawn(move || access.revoke_token(admin, id).is_ok())
        });
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(revoked.iter().filter(|done| **done).count(), 1);
}

#[test]
fn a_changed_role_holds_at_once_for_all_who_have_it() {
    let (store, clock) = (Store::in_memory(), clock());
    let access = access(&store, &clock);
    let admin = Caller::test("admin");
    let grants = |branch: &str| {
        let grant = serde_json::json!([{"modes": ["read_data"], "branches": [branch]}]);
        serde_json::from_value::<Vec<Grant>>(grant).unwrap()
    };
    access.put_role(&admin, "analyst", &grants("main")).unwrap();
    access
        .put_account(&admin, "bi", vec!["analyst".into()], None)
        .unwrap();
    let (made, _) = told(&access.create_token(&admin, "bi", None, None).unwrap());
    let may = |branch| {
        let caller = access.admit(&made, None).unwrap();
        caller.require(Mode::ReadData, branch).is_ok()
    };
    assert!(may("main") && !may("dev"));
    access.put_role(&admin, "analyst", &grants("dev")).unwrap();
    assert!(!may("main") && may("dev"));
    assert_eq!(status(access.delete_role(&admin, "analyst")), 409);
    access.delete_account(&admin, "bi").unwrap();
    assert!(!admits(&access, &made));
    access.delete_role(&admin, "analyst").unwrap();
}

#[test]
fn every_change_is_in_the_audit_and_what_is_refused_is_not() {
    let (store, clock) = (Store::in_memory(), clock());
    let access = access(&store, &clock);
    let admin = Caller::test("admin");
    let (_, id) = ci(&access, None);
    assert!(access.create_token(&admin, "nobody", None, None).is_err());
    access.revoke_token(&admin, &id).unwrap();
    let entries = access.audit().read(None, 100).unwrap();
    let told = entries.iter().map(|(_, entry)| {
        let on = entry.on.clone().unwrap_or_default();
        (entry.what.as_str(), on, entry.who.clone())
    });
    let by = Some("admin".to_owned());
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("account.put", "ci".to_owned(), by.clone()),
            ("token.create", id.clone(), by.clone()),
            ("token.revoke", id, by),
        ]
    );
}

#[test]
fn a_reset_makes_one_admin_token_and_revokes_the_others() {
    let (store, clock) = (Store::in_memory(), clock());
    let lost = access(&store, &clock);
    let (kept, _) = ci(&lost, None);
    drop(lost);
    let made = Access::reset_admin(&store, Arc::clone(&clock) as _).unwrap();
    let (access, outcome) = Access::open(&store, clock, None, None).unwrap();
    assert!(matches!(outcome, FirstToken::Kept));
    assert!(admits(&access, made.reveal()) && admits(&access, &kept));
    assert_eq!(why(&access, "admin-token"), Invalid::Revoked);
    let entries = access.audit().read(None, 1).unwrap();
    assert_eq!(entries[0].1.what, "token.reset-admin");
}
