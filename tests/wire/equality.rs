//! Our definitions send what the public client sends for the same ones.
//!
//! Each module of `definitions` says in Rust what a vector's Python says. The two messages are
//! compared as values: the order of lists matters, the order of maps does not.

use std::collections::BTreeMap;

use fennel_core::catalog::Catalog;
use fennel_core::entity::Descriptor;
use fennel_core::wire;
use prost::Message as _;
use serde_json::{Map, Value, json};

use crate::definitions as cases;
use crate::roundtrip::{expected, json as to_json, pretty};

type Difference = (&'static [&'static str], fn(&mut Value), &'static str);

/// Where the messages differ on purpose: the cases, what is done to the client's message, and why.
const DIFFERENCES: &[Difference] = &[
    (
        &["source_webhook_options"],
        |request| {
            let since = Value::from("2024-02-03T04:05:06Z");
            list(request, "sources")[0].insert("starting_from".into(), since);
        },
        "the client forgets the `since` of a webhook",
    ),
    (
        &["env_prod"],
        |request| {
            let operators = request["operators"].as_array_mut().expect("a list");
            operators.retain(|it| it["pipeline_name"] != "lax");
        },
        "the client sends operators of pipelines that the env leaves out",
    ),
    (
        &["windows"],
        |request| {
            let count = json!({"count": {"name": "n"}});
            let total = json!({"sum": {"name": "total", "of": "secs"}});
            aggregate(
                request,
                "ByTumbling",
                &["user", "song"],
                std::slice::from_ref(&count),
                "Final",
            );
            aggregate(request, "ByHopping", &["user"], &[count, total], "Eager");
        },
        "the client forgets the aggregates of a group with a window",
    ),
    (
        &["source_sql"],
        |request| {
            list(request, "sources")[2].insert("cdc".into(), Value::from("Upsert"));
        },
        "the client lets collections of Mongo carry Debezium's envelope, and nothing reads that",
    ),
    (
        &["sinks"],
        |request| {
            let mut sinks = list(request, "sinks");
            sinks[2].insert("renames".into(), json!({"oid": "id"}));
            sinks[3].insert("renames".into(), json!({"total": "amount"}));
        },
        "the client forgets the `renames` of a sink",
    ),
    (
        &["secrets_and_corners"],
        |request| {
            let mysql = request["sources"][5]["table"]["mysql_table"]["db"].clone();
            let hook =
                json!({"name": "c_hook", "webhook": {"name": "c_hook", "retention": "604800s"}});
            request["sources"][0]["table"]["endpoint"]["db"] = hook.clone();
            let databases = request["extdbs"].as_array_mut().expect("a list");
            databases[0] = hook;
            databases.push(mysql);
        },
        "of two systems with one name the client forgets the second, and we refuse them",
    ),
];

/// Each vector with our definitions of it, and the env that it was committed for.
fn cases() -> Vec<(&'static str, Vec<Descriptor<'static>>, Option<&'static str>)> {
    vec![
        ("ticket_basic", cases::ticket_basic::entities().into(), None),
        (
            "ticket_deleted",
            cases::ticket_deleted::entities().into(),
            None,
        ),
        ("empty_commit", Vec::new(), None),
        ("types_scalar", cases::types_scalar::entities().into(), None),
        ("types_nested", cases::types_nested::entities().into(), None),
        (
            "types_restricted",
            cases::types_restricted::entities().into(),
            None,
        ),
        (
            "meta_and_versions",
            cases::meta_and_versions::entities().into(),
            None,
        ),
        ("index_forms", cases::index_forms::entities().into(), None),
        (
            "source_webhook_options",
            cases::source_webhook_options::entities().into(),
            None,
        ),
        (
            "featureset_forms",
            cases::featureset_forms::entities().into(),
            None,
        ),
        (
            "operators_row",
            cases::operators_row::entities().into(),
            None,
        ),
        (
            "operators_keyed",
            cases::operators_keyed::entities().into(),
            None,
        ),
        (
            "operators_join",
            cases::operators_join::entities().into(),
            None,
        ),
        ("expectations", cases::expectations::entities().into(), None),
        ("source_kafka", cases::source_kafka::entities().into(), None),
        ("source_s3", cases::source_s3::entities().into(), None),
        ("source_sql", cases::source_sql::entities().into(), None),
        (
            "source_streams",
            cases::source_streams::entities().into(),
            None,
        ),
        (
            "source_warehouse",
            cases::source_warehouse::entities().into(),
            None,
        ),
        ("sinks", cases::sinks::entities().into(), None),
        (
            "secrets_and_corners",
            cases::secrets_and_corners::entities().into(),
            None,
        ),
        ("aggregates", cases::aggregates::entities().into(), None),
        ("windows", cases::windows::entities().into(), None),
        (
            "expr_math_string",
            cases::expr_math_string::entities().into(),
            None,
        ),
        (
            "expr_collections_time",
            cases::expr_collections_time::entities().into(),
            None,
        ),
        (
            "chain_versions",
            cases::chain_versions::entities().into(),
            None,
        ),
        ("env_prod", cases::env_prod::entities().into(), Some("prod")),
        ("env_none", cases::env_none::entities().into(), None),
    ]
}

#[test]
fn definitions_send_what_the_public_client_sends() {
    for (case, entities, env) in cases() {
        check(case, &entities, env);
    }
}

#[test]
fn a_decoded_catalog_encodes_to_the_same_message() {
    for (case, entities, env) in cases() {
        let catalog: Catalog<'_> = entities.into_iter().collect();
        let sent = wire::encode(&catalog, env, "message");
        let arena = bumpalo::Bump::new();
        let decoded = wire::decode(&arena, &sent).expect("we read what we send");
        match (case, decoded.check(None)) {
            // A request has no envs: of what it holds, one pipeline fills a dataset.
            ("env_none", checked) => {
                let problems = checked.expect_err("the dataset has two pipelines");
                assert!(problems.to_string().contains("several pipelines"));
            }
            (_, checked) => checked.expect("what was right stays right"),
        }
        let again = wire::encode(&decoded, None, "message");
        let [ours, sent] = [again, sent].map(|request| {
            let mut request = to_json(&request.encode_to_vec());
            // This tells of sources that the env leaves out, which nothing else does.
            remove_field(&mut request, "datasets", "is_source_dataset");
            pretty(&request)
        });
        assert_same(case, &ours, &sent);
    }
}

fn check(case: &str, entities: &[Descriptor<'static>], env: Option<&str>) {
    let catalog: Catalog<'_> = entities.iter().copied().collect();
    if let Err(problems) = catalog.check(env) {
        panic!("{case}: {problems}");
    }
    let mut theirs = expected(case);
    empty_pycode(&mut theirs);
    for (cases, difference, _) in DIFFERENCES {
        if cases.contains(&case) {
            difference(&mut theirs);
        }
    }
    let message = theirs["message"].as_str().unwrap_or_default();
    let mut ours = to_json(&wire::encode(&catalog, env, message).encode_to_vec());
    for request in [&mut ours, &mut theirs] {
        name_operators(request);
    }
    assert_same(case, &pretty(&ours), &pretty(&theirs));
}

/// Shows the first line that differs, with its surroundings.
fn assert_same(case: &str, ours: &str, theirs: &str) {
    let differs = ours.lines().zip(theirs.lines()).position(|(a, b)| a != b);
    let Some(at) = differs else {
        assert_eq!(
            ours.lines().count(),
            theirs.lines().count(),
            "{case}: one message is longer"
        );
        return;
    };
    let near = |text: &str| {
        let lines = text.lines().skip(at.saturating_sub(12)).take(24);
        lines.collect::<Vec<_>>().join("\n")
    };
    panic!("{case}: ours\n{}\n\ntheirs\n{}", near(ours), near(theirs));
}

/// Python source is none of the meaning: an emptied `pycode` and none are the same.
fn empty_pycode(request: &mut Value) {
    for name in ["datasets", "feature_sets", "pipelines"] {
        remove_field(request, name, "pycode");
    }
}

/// Names operators by their order, for an id is a hash that each side makes in its own way.
fn name_operators(request: &mut Value) {
    if request.get("operators").is_none() {
        return;
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for operator in list(request, "operators") {
        let pipeline = format!("{}.{}", operator["dataset_name"], operator["pipeline_name"]);
        let id = operator["id"].as_str().unwrap_or_default().to_owned();
        if operator.get("dataset_ref").is_some() {
            continue;
        }
        let name = format!("operator {}", names.len());
        let name = names
            .entry(format!("{pipeline}.{id}"))
            .or_insert(name)
            .clone();
        operator.insert("id".into(), name.into());
        for kind in operator.values_mut().filter_map(Value::as_object_mut) {
            for (field, operand) in kind.iter_mut() {
                let rename = |operand: &mut Value| {
                    let key = format!("{pipeline}.{}", operand.as_str().unwrap_or_default());
                    if let Some(name) = names.get(&key) {
                        *operand = name.clone().into();
                    }
                };
                match operand {
                    Value::Array(operands) if field == "operand_ids" => {
                        operands.iter_mut().for_each(rename);
                    }
                    Value::String(_) if field.ends_with("operand_id") => rename(operand),
                    _ => {}
                }
            }
        }
    }
}

/// Leaves a field of all in a list out.
fn remove_field(request: &mut Value, name: &str, field: &str) {
    if request.get(name).is_some() {
        for entity in list(request, name) {
            entity.remove(field);
        }
    }
}

/// Puts aggregates on top of the window that is the result of a dataset's pipeline, over windows
/// like it.
fn aggregate(request: &mut Value, dataset: &str, by: &[&str], specs: &[Value], emit: &str) {
    let operators = request["operators"].as_array_mut().expect("a list");
    let at = operators
        .iter()
        .position(|it| it["dataset_name"] == dataset && it.get("window").is_some())
        .expect("the dataset has a window");
    let mut rest = operators[at].clone();
    operators[at]
        .as_object_mut()
        .expect("an operator is an object")
        .remove("is_root");
    let window = rest["window"].take();
    let specs: Vec<Value> = specs
        .iter()
        .map(|spec| {
            let mut spec = spec.clone();
            for function in spec.as_object_mut().expect("an object").values_mut() {
                function["window"] = window["window_type"].clone();
            }
            spec
        })
        .collect();
    let keys: Vec<&str> = by.iter().copied().chain(["window"]).collect();
    let operator = rest.as_object_mut().expect("an operator is an object");
    operator.remove("window");
    operator.insert(
        "aggregate".into(),
        json!({"operand_id": operator["id"], "keys": keys, "specs": specs}),
    );
    if emit != "Eager" {
        operator["aggregate"]["emit_strategy"] = emit.into();
    }
    operator.insert("id".into(), "rest".into());
    operators.insert(at + 1, rest);
}

fn list<'v>(request: &'v mut Value, name: &str) -> Vec<&'v mut Map<String, Value>> {
    let list = request[name].as_array_mut().expect("a list");
    list.iter_mut().filter_map(Value::as_object_mut).collect()
}
