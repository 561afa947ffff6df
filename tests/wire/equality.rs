//! Our definitions send what the public client sends for the same ones.
//!
//! Each module of `definitions` says in Rust what a vector's Python says. The two messages are
//! compared as values: the order of lists matters, the order of maps does not.

use std::collections::BTreeMap;

use fennel_core::catalog::Catalog;
use fennel_core::entity::{Descriptor, Order};
use fennel_core::wire;
use prost::Message as _;
use serde_json::{Map, Value, json as value};

use crate::definitions as cases;
use crate::roundtrip::{expected, json, pretty};

type Difference = (&'static str, fn(&mut Value), &'static str);

/// Where the messages differ on purpose: the case, what is done to the client's message, and why.
const DIFFERENCES: &[Difference] = &[
    (
        "meta_and_versions",
        |request| drop_lists(request, &["pipelines", "operators"]),
        "our definitions say the same but for the pipeline",
    ),
    (
        "source_webhook_options",
        |request| {
            for source in list(request, "sources") {
                source.remove("filter_expr");
                source.remove("filter_schema");
                if let Some(preproc) = source.get_mut("pre_proc").and_then(Value::as_object_mut) {
                    preproc.retain(|_, value| value.get("eval").is_none());
                }
            }
        },
        "our definitions say the same but for the expressions",
    ),
    (
        "source_webhook_options",
        |request| {
            let since = Value::from("2024-02-03T04:05:06Z");
            list(request, "sources")[0].insert("starting_from".into(), since);
        },
        "the client forgets the `since` of a webhook",
    ),
    (
        "featureset_forms",
        drop_expressions,
        "our definitions say the same but for the expressions",
    ),
    (
        "source_sql",
        |request| {
            list(request, "sources")[1].remove("filter_expr");
        },
        "our definitions say the same but for the expressions",
    ),
    (
        "source_sql",
        |request| {
            list(request, "sources")[2].insert("cdc".into(), Value::from("Upsert"));
        },
        "the client lets collections of Mongo carry Debezium's envelope, and nothing reads that",
    ),
    (
        "sinks",
        |request| drop_lists(request, &["pipelines", "operators"]),
        "our definitions say the same but for the pipeline",
    ),
    (
        "sinks",
        |request| {
            let mut sinks = list(request, "sinks");
            sinks[2].insert("renames".into(), value!({"oid": "id"}));
            sinks[3].insert("renames".into(), value!({"total": "amount"}));
        },
        "the client forgets the `renames` of a sink",
    ),
    (
        "secrets_and_corners",
        |request| drop_lists(request, &["pipelines", "operators"]),
        "our definitions say the same but for the pipeline",
    ),
    (
        "secrets_and_corners",
        drop_expressions,
        "our definitions say the same but for the expressions",
    ),
    (
        "secrets_and_corners",
        |request| {
            let mysql = request["sources"][5]["table"]["mysql_table"]["db"].clone();
            let hook =
                value!({"name": "c_hook", "webhook": {"name": "c_hook", "retention": "604800s"}});
            request["sources"][0]["table"]["endpoint"]["db"] = hook.clone();
            let databases = request["extdbs"].as_array_mut().expect("a list");
            databases[0] = hook;
            databases.push(mysql);
        },
        "of two systems with one name the client forgets the second, and we refuse them",
    ),
];

#[test]
fn definitions_send_what_the_public_client_sends() {
    check("ticket_basic", &cases::ticket_basic::entities());
    check("ticket_deleted", &cases::ticket_deleted::entities());
    check("empty_commit", &[]);
    check("types_scalar", &cases::types_scalar::entities());
    check("types_nested", &cases::types_nested::entities());
    check("types_restricted", &cases::types_restricted::entities());
    check("meta_and_versions", &cases::meta_and_versions::entities());
    check("index_forms", &cases::index_forms::entities());
    check(
        "source_webhook_options",
        &cases::source_webhook_options::entities(),
    );
    check("featureset_forms", &cases::featureset_forms::entities());
    check("operators_row", &cases::operators_row::entities());
    check("expectations", &cases::expectations::entities());
    check("source_kafka", &cases::source_kafka::entities());
    check("source_s3", &cases::source_s3::entities());
    check("source_sql", &cases::source_sql::entities());
    check("source_streams", &cases::source_streams::entities());
    check("source_warehouse", &cases::source_warehouse::entities());
    check("sinks", &cases::sinks::entities());
    check(
        "secrets_and_corners",
        &cases::secrets_and_corners::entities(),
    );
}

/// The macros sort names at expansion, the decoder at run time, and both are searched by one function.
#[test]
fn macros_and_decoder_order_names_alike() {
    let entities = [
        cases::featureset_forms::entities().to_vec(),
        cases::types_scalar::entities().to_vec(),
    ];
    let catalog: Catalog<'_> = entities.into_iter().flatten().collect();
    for dataset in catalog.datasets() {
        let names = dataset.fields.iter().map(|field| field.name);
        assert_eq!(dataset.order.0, Order::sort(names.enumerate()));
    }
    for featureset in catalog.featuresets() {
        let features = featureset.features.iter().enumerate();
        let names = features.clone().map(|(i, feature)| (i, feature.name));
        assert_eq!(featureset.order.0, Order::sort(names));
        let reads = features.filter_map(|(i, feature)| {
            let extraction = feature.extraction?;
            Some((i, extraction.reference.name))
        });
        assert_eq!(featureset.reads.0, Order::sort(reads));
    }
}

#[test]
fn a_decoded_catalog_encodes_to_the_same_message() {
    for entities in [
        cases::ticket_deleted::entities().to_vec(),
        cases::types_scalar::entities().to_vec(),
        cases::types_nested::entities().to_vec(),
        cases::types_restricted::entities().to_vec(),
        cases::meta_and_versions::entities().to_vec(),
        cases::index_forms::entities().to_vec(),
        cases::source_webhook_options::entities().to_vec(),
        cases::featureset_forms::entities().to_vec(),
        cases::operators_row::entities().to_vec(),
        cases::expectations::entities().to_vec(),
        cases::source_kafka::entities().to_vec(),
        cases::source_s3::entities().to_vec(),
        cases::source_sql::entities().to_vec(),
        cases::source_streams::entities().to_vec(),
        cases::source_warehouse::entities().to_vec(),
        cases::sinks::entities().to_vec(),
        cases::secrets_and_corners::entities().to_vec(),
    ] {
        let catalog: Catalog<'_> = entities.into_iter().collect();
        let sent = wire::encode(&catalog, None, "message");
        let arena = bumpalo::Bump::new();
        let decoded = wire::decode(&arena, &sent).expect("we read what we send");
        decoded.check(None).expect("what was right stays right");
        let again = wire::encode(&decoded, None, "message");
        assert_eq!(
            pretty(&json(&again.encode_to_vec())),
            pretty(&json(&sent.encode_to_vec()))
        );
    }
}

fn check(case: &str, entities: &[Descriptor<'static>]) {
    let catalog: Catalog<'_> = entities.iter().copied().collect();
    if let Err(problems) = catalog.check(None) {
        panic!("{case}: {problems}");
    }
    let mut theirs = expected(case);
    empty_pycode(&mut theirs);
    for (_, difference, _) in DIFFERENCES.iter().filter(|(of, ..)| *of == case) {
        difference(&mut theirs);
    }
    let message = theirs["message"].as_str().unwrap_or_default();
    let mut ours = json(&wire::encode(&catalog, None, message).encode_to_vec());
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
        if request.get(name).is_some() {
            for entity in list(request, name) {
                entity.remove("pycode");
            }
        }
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

fn drop_expressions(request: &mut Value) {
    let extractors = request["extractors"]
        .as_array_mut()
        .expect("extractors are a list");
    extractors.retain(|extractor| extractor["extractor_type"] != "EXPR");
}

fn drop_lists(request: &mut Value, names: &[&str]) {
    let request = request.as_object_mut().expect("a request is an object");
    for name in names {
        request.remove(*name);
    }
}

fn list<'v>(request: &'v mut Value, name: &str) -> Vec<&'v mut Map<String, Value>> {
    let list = request[name].as_array_mut().expect("a list");
    list.iter_mut().filter_map(Value::as_object_mut).collect()
}
