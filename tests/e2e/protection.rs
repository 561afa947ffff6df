//! What a deploy can't break by accident: live definitions, their names and their versions. And what its plan says
//! before it is made.

use fennel_tests::support::{Http, Server, TOKEN};
use serde_json::{Value, json};

use crate::shop::{
    cents, cents_everywhere, feature_back, feature_deleted, feature_left_out, first, kept_longer,
    order_deleted, request, set_deleted, spend_deleted, spend_deprecated,
};
use crate::sync::sync;

/// The shop's datasets alone.
macro_rules! datasets {
    ($shop:ident) => {
        request(fennel::entities![$shop::Order, $shop::Spend])
    };
}

/// Commits, which has to be fine.
#[track_caller]
fn commit(http: &Http, request: &[u8]) -> Value {
    http.try_commit(request, "").unwrap().ok()
}

/// The plan of a commit.
#[track_caller]
fn plan(http: &Http, request: &[u8]) -> Value {
    let previewed = http.try_commit(request, "preview=true").unwrap().ok();
    previewed["plan"].clone()
}

/// What is said of each refused entity or feature, as `Entity.member: why`.
#[track_caller]
fn refused(http: &Http, request: &[u8], status: u16) -> Vec<String> {
    let reply = http.try_commit(request, "").unwrap();
    assert_eq!(reply.status, status, "{}", reply.body);
    let problems = reply.body["problems"].as_array().unwrap();
    let text = |problem: &Value, field: &str| problem[field].as_str().unwrap().to_owned();
    let lines = problems.iter().map(|problem| {
        let (entity, member) = (text(problem, "entity"), text(problem, "member"));
        format!("{entity}.{member}: {}", text(problem, "message"))
    });
    lines.collect()
}

/// A server with the first of these definitions.
fn shop(folder: &std::path::Path) -> (Server, Http) {
    let server = Server::start(folder);
    let http = server.http();
    commit(&http, &first::all());
    (server, http)
}

#[test]
fn what_is_left_out_is_refused_with_code_to_paste() {
    let data = tempfile::tempdir().unwrap();
    let (server, http) = shop(data.path());

    // The ticket example knows nothing of the shop.
    let plan = sync(&server.url(), TOKEN, &["plan"]);
    assert_eq!(plan.code, Some(3), "{plan:?}");
    assert!(
        plan.err
            .starts_with("error: the server refuses this commit (status 409) for 3 problems\n  dataset `Order`: it is live"),
        "{}",
        plan.err
    );
    let pasted = "
To delete what is left out, paste this, commit, and take it out again:

#[dataset(version = 1)]
#[meta(owner = \"shop@example.com\", deleted)]
struct Order {
    uid: i64,
    amount: i64,
    at: DateTime<Utc>,
}

#[dataset(version = 1)]
#[meta(owner = \"shop@example.com\", deleted)]
struct Spend {
    #[field(key)]
    uid: i64,
    total: i64,
    at: DateTime<Utc>,
}

#[featureset]
#[meta(owner = \"shop@example.com\", deleted)]
struct UserFeatures {
    uid: i64,
    total: i64,
}
";
    assert!(plan.err.ends_with(pasted), "{}", plan.err);

    let json = sync(&server.url(), TOKEN, &["--format", "json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    let problems = json["error"]["problems"].as_array().unwrap();
    for problem in problems {
        let code = problem["code"].as_str().unwrap();
        assert!(pasted.contains(code), "{code}");
    }
    assert_eq!(commit(&http, &first::all())["changed"], false);
    // An incremental commit leaves nothing out.
    let added = sync(&server.url(), TOKEN, &["--incremental"]);
    assert_eq!(added.code, Some(0), "{added:?}");
}

#[test]
fn a_feature_that_is_left_out_comes_with_its_lines() {
    let data = tempfile::tempdir().unwrap();
    let (_server, http) = shop(data.path());
    let reply = http
        .try_commit(&feature_left_out::all(), "preview=true")
        .unwrap();
    assert_eq!(reply.status, 409);
    assert_eq!(
        reply.body["problems"][0]["code"],
        "#[meta(deleted)]\ntotal: i64,\n"
    );
    commit(&http, &feature_deleted::all());
    commit(&http, &feature_left_out::all());
}

/// The ticket example as it was with another feature.
mod with_seats {
    use fennel::prelude::*;

    static EXAMPLE: Webhook = Webhook::new("example");

    #[dataset(index)]
    #[meta(owner = "mohit@fennel.ai", description = "One row per ticket sold.")]
    #[source(EXAMPLE.endpoint("ticket_sale"), disorder = "14d", cdc = upsert)]
    pub(super) struct Ticket {
        #[field(key)]
        ticket_id: String,
        price: i64,
        at: DateTime<Utc>,
    }

    #[featureset]
    #[meta(owner = "mohit@fennel.ai")]
    pub(super) struct TicketFeatures {
        ticket_id: String,
        #[feature(Ticket::price, default = 0)]
        price: i64,
        seat: Option<String>,
    }
}

#[test]
fn a_feature_that_is_left_out_of_the_code_is_marked_at_its_struct_with_lines_to_paste() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let with_seats = request(fennel::entities![
        with_seats::Ticket,
        with_seats::TicketFeatures
    ]);
    commit(&server.http(), &with_seats);

    let refused = sync(&server.url(), TOKEN, &[]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let (problem, pasted) = refused.err.split_once("\n\n").unwrap();
    assert!(
        problem.starts_with("error: the server refuses this commit (status 409) for 1 problem\n  featureset `TicketFeatures.seat`: "),
        "{problem}"
    );
    assert!(
        problem.contains("(examples/ticket/src/lib.rs:"),
        "{problem}"
    );
    assert_eq!(
        pasted,
        "To delete what is left out of TicketFeatures, paste this into it, commit, and take it out again:

#[meta(deleted)]
seat: Option<String>,
"
    );
}

#[test]
fn what_something_live_reads_is_not_deleted() {
    let data = tempfile::tempdir().unwrap();
    let (_server, http) = shop(data.path());
    let readers = refused(&http, &order_deleted::all(), 400);
    assert_eq!(
        readers,
        [
            "Spend.spend: it takes dataset `Order`, which is marked deleted; remove `deleted` there, or mark `Spend` deleted too"
        ]
    );
    let readers = refused(&http, &spend_deleted::all(), 400);
    assert_eq!(
        readers,
        [
            "UserFeatures.total: it reads dataset `Spend`, which is marked deleted; remove `deleted` there, or mark this feature #[meta(deleted)] too"
        ]
    );
    // Nor is it by a commit that says nothing of the reader.
    let reply = http.try_commit(&datasets!(spend_deleted), "incremental=true");
    assert!(reply.unwrap().error(400).contains("`UserFeatures.total`"));
    assert_eq!(commit(&http, &first::all())["changed"], false);
}

#[test]
fn a_deleted_featureset_and_its_features_stay_reserved() {
    let data = tempfile::tempdir().unwrap();
    let (server, http) = shop(data.path());
    let planned = plan(&http, &set_deleted::all());
    assert_eq!(
        planned["destructive"],
        json!([{
            "what": "featureset",
            "name": {"kind": "featureset", "entity": "UserFeatures", "member": ""},
        }])
    );
    commit(&http, &set_deleted::all());
    let back = "UserFeatures.total: the name was deleted at version 0; to bring it back write version = 1 in its #[feature(..)]";
    assert_eq!(refused(&http, &first::all(), 409), [back]);
    commit(&http, &datasets!(first));
    assert_eq!(refused(&http, &first::all(), 409), [back]);
    // The server remembers that for ever.
    drop(server.stop());
    let server = Server::start(data.path());
    assert_eq!(refused(&server.http(), &first::all(), 409), [back]);
    commit(&server.http(), &feature_back::all());
}

#[test]
fn a_deleted_feature_stays_reserved_beside_live_ones() {
    let data = tempfile::tempdir().unwrap();
    let (_server, http) = shop(data.path());
    commit(&http, &feature_deleted::all());
    let asked = json!({
        "inputs": ["UserFeatures.uid"],
        "outputs": ["UserFeatures.total"],
        "data": {"UserFeatures.uid": [1]},
    });
    assert!(http.post("query", &asked).error(404).contains("deleted"));
    let back = "UserFeatures.total: the name was deleted at version 0; to bring it back write version = 1 in its #[feature(..)]";
    assert_eq!(refused(&http, &first::all(), 409), [back]);
    commit(&http, &feature_left_out::all());
    assert_eq!(refused(&http, &first::all(), 409), [back]);
    commit(&http, &feature_back::all());
    // And it can go and come again.
    commit(&http, &feature_deleted::all());
    let again = refused(&http, &feature_back::all(), 409);
    assert!(
        again[0].contains("at version 1; to bring it back write version = 2"),
        "{again:?}"
    );
}

#[test]
fn a_deleted_dataset_stays_reserved() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let http = server.http();
    commit(&http, &datasets!(first));
    let reply = http.try_commit(&request([]), "").unwrap();
    let code = reply.body["problems"][0]["code"].as_str().unwrap();
    assert!(code.starts_with("#[dataset(version = 1)]\n"), "{code}");

    commit(&http, &datasets!(spend_deleted));
    let back = "Spend.: the name was deleted at version 1; to bring it back write version = 2";
    assert_eq!(refused(&http, &datasets!(first), 409), [back]);
    commit(&http, &request(fennel::entities![first::Order]));
    assert_eq!(refused(&http, &datasets!(first), 409), [back]);
    commit(
        &http,
        &request(fennel::entities![first::Order, cents_spend::Spend]),
    );
}

/// `Spend` under a higher version, with other content.
mod cents_spend {
    use fennel::prelude::*;

    fennel::owner!("shop@example.com");

    #[dataset(version = 2)]
    pub(super) struct Spend {
        total: f64,
        at: DateTime<Utc>,
    }
}

/// Logs so many orders.
fn log_orders(http: &Http, count: i64) {
    let orders = (0..count).map(|i| json!({"uid": i, "amount": 1, "at": "2026-01-01T00:00:00Z"}));
    let _ = http
        .log("shop", "orders", &orders.collect::<Vec<_>>().into())
        .ok();
}

/// What becomes of each table, and how many rows it is computed from.
fn tables(plan: &Value) -> Vec<(&str, u64, &str, Option<u64>)> {
    let tables = plan["tables"].as_array().unwrap().iter();
    let tables = tables.map(|table| {
        let text = |field: &str| table[field].as_str().unwrap();
        let version = table["version"].as_u64().unwrap();
        (
            text("dataset"),
            version,
            text("fate"),
            table["history"]["rows"].as_u64(),
        )
    });
    tables.collect()
}

#[test]
fn all_versions_that_have_to_follow_are_named_at_once() {
    let data = tempfile::tempdir().unwrap();
    let (_server, http) = shop(data.path());
    assert_eq!(
        refused(&http, &cents::all(), 409),
        [
            "Spend.: `total.type` changes from `i64` to `f64` under the same version; please update version of the dataset from 1 to 2: write version = 2"
        ]
    );
    assert_eq!(
        refused(&http, &kept_longer::all(), 409),
        [
            "Spend.: it is made of `Order`, whose version goes from 1 to 2; please update version of the dataset from 1 to 2: write version = 2"
        ]
    );
    // Nor may a commit pass over them that doesn't list them.
    let order_alone = request(fennel::entities![kept_longer::Order]);
    let reply = http.try_commit(&order_alone, "incremental=true").unwrap();
    assert!(
        reply
            .error(409)
            .contains("dataset `Spend`: it is made of `Order`")
    );
    commit(&http, &cents_everywhere::all());
    assert_eq!(
        refused(&http, &first::all(), 409)[..2],
        [
            "Order.: version 1 is lower than the committed 2; versions only go up",
            "Spend.: version 1 is lower than the committed 2; versions only go up",
        ]
    );
}

#[test]
fn a_plan_tells_what_is_computed_from_how_many_rows() {
    let data = tempfile::tempdir().unwrap();
    let (server, http) = shop(data.path());
    log_orders(&http, 7);
    let planned = plan(&http, &cents_everywhere::all());
    assert_eq!(planned["schema"], 1);
    assert_eq!(
        tables(&planned),
        [
            ("Order", 2, "computed", Some(7)),
            ("Spend", 2, "computed", Some(7)),
            ("Order", 1, "dropped", None),
            ("Spend", 1, "dropped", None),
        ]
    );
    let history = &planned["tables"][1]["history"];
    assert_eq!(history["endpoints"], json!(["shop/orders"]));
    assert_eq!(history["more"], false);
    assert_eq!(history["first"], history["last"], "they came at once");
    let tags = planned["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 3, "{tags:?}");
    assert_eq!(
        tags[2],
        json!({
            "tag": "PII",
            "flow": "begins",
            "to": {"kind": "featureset", "entity": "UserFeatures", "member": "total"},
            "from": [{"kind": "dataset", "entity": "Order", "member": ""}],
        })
    );

    commit(&http, &cents_everywhere::all());
    assert_eq!(tables(&plan(&http, &cents_everywhere::all())), []);
    drop(server);
}

#[test]
fn who_uses_what_is_deprecated_is_in_every_plan() {
    let data = tempfile::tempdir().unwrap();
    let (_server, http) = shop(data.path());
    let uses = || plan(&http, &spend_deprecated::all())["deprecated_uses"].clone();
    let told = json!([{
        "used": {"kind": "dataset", "entity": "Spend", "member": ""},
        "user": {"kind": "featureset", "entity": "UserFeatures", "member": "total"},
    }]);
    assert_eq!(uses(), told, "as it becomes deprecated");
    commit(&http, &spend_deprecated::all());
    assert_eq!(uses(), told, "and from then on, though nothing changes");
    commit(&http, &first::all());
    assert_eq!(plan(&http, &first::all())["deprecated_uses"], json!([]));
}

#[test]
fn what_another_branch_has_is_not_computed() {
    let data = tempfile::tempdir().unwrap();
    let (server, http) = shop(data.path());
    log_orders(&http, 3);
    let dev = http.on("dev");
    let _ = dev.post("init", &json!({})).ok();
    assert_eq!(
        tables(&plan(&dev, &first::all())),
        [("Order", 1, "shared", None), ("Spend", 1, "shared", None)]
    );
    // So it may be committed without backfill.
    let _ = dev
        .try_commit(&first::all(), "backfill=false")
        .unwrap()
        .ok();
    let asked = json!({
        "inputs": ["UserFeatures.uid"],
        "outputs": ["UserFeatures.total"],
        "data": {"UserFeatures.uid": [2]},
    });
    let answer = dev.post("query", &asked).ok();
    assert_eq!(answer["UserFeatures.total"], json!([1]), "{answer}");

    let leaving = plan(&dev, &cents_everywhere::all());
    assert_eq!(
        tables(&leaving)[2..],
        [("Order", 1, "left", None), ("Spend", 1, "left", None)]
    );
    assert_eq!(leaving["destructive"], json!([]));
    drop(server);
}

#[test]
fn a_deploy_that_may_compute_nothing_is_refused_until_a_branch_has_the_data() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let deploy = |arguments: &[&str]| sync(&server.url(), TOKEN, arguments);
    for arguments in [&["--no-backfill"][..], &["plan", "--no-backfill"]] {
        let refused = deploy(arguments);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        for told in [
            "dataset `Ticket`: no branch has a dataset of this structure, so its rows would have to be computed",
            "(examples/ticket/src/lib.rs:",
        ] {
            assert!(refused.err.contains(told), "{told}: {}", refused.err);
        }
    }
    let _ = server.http().on("dev").post("init", &json!({})).ok();
    assert_eq!(deploy(&["--branch", "dev"]).code, Some(0));
    let shared = deploy(&["--no-backfill"]);
    assert_eq!(shared.code, Some(0), "{shared:?}");
    assert!(
        shared
            .out
            .contains("\nNot computed, since another branch has the same: Ticket\n"),
        "{}",
        shared.out
    );
}

#[test]
fn the_exit_code_tells_of_changes_where_it_is_asked_to() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let plan = |arguments: &[&str]| {
        let arguments = [&["plan"], arguments].concat();
        sync(&server.url(), TOKEN, &arguments)
    };
    assert_eq!(plan(&[]).code, Some(0));
    assert_eq!(plan(&["--detailed-exitcode"]).code, Some(10));
    let json = plan(&["--detailed-exitcode", "--format", "json"]);
    assert_eq!(json.code, Some(10));
    let report: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&report["exit_code"], &report["outcome"]),
        (&json!(10), &json!("planned"))
    );
    assert_eq!(report["plan"]["created"], 2);

    let markdown = plan(&["--format", "markdown"]);
    assert!(
        markdown.out.starts_with("### Plan: 2 created\n"),
        "{}",
        markdown.out
    );
    assert!(
        markdown.err.contains("Plan: 2 created\n"),
        "{}",
        markdown.err
    );

    assert_eq!(sync(&server.url(), TOKEN, &[]).code, Some(0));
    assert_eq!(plan(&["--detailed-exitcode"]).code, Some(0));
    assert_eq!(
        sync(
            "http://127.0.0.1:1",
            TOKEN,
            &["plan", "--detailed-exitcode"]
        )
        .code,
        Some(5)
    );
}
