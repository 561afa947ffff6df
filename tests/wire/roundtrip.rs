//! Requests of Fennel's public Python client survive our messages without loss.
//!
//! Each `vectors/<case>.b64` is the `SyncRequest` which that client sends for one set of
//! definitions, with the Python source taken out. `vectors/<case>.json` is the same message in
//! protobuf's JSON form: original field names, and fields at their default left out.

use std::{fs, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use fennel_core::wire::proto::{FILE_DESCRIPTOR_SET, services::SyncRequest};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::Value;

pub(crate) const CASES: &[&str] = &[
    "aggregates",
    "chain_versions",
    "empty_commit",
    "env_none",
    "env_prod",
    "expectations",
    "expr_collections_time",
    "expr_math_string",
    "featureset_forms",
    "index_forms",
    "meta_and_versions",
    "operators_join",
    "operators_keyed",
    "operators_row",
    "secrets_and_corners",
    "sinks",
    "source_kafka",
    "source_s3",
    "source_sql",
    "source_streams",
    "source_warehouse",
    "source_webhook_options",
    "ticket_basic",
    "ticket_deleted",
    "types_nested",
    "types_restricted",
    "types_scalar",
    "windows",
];

#[test]
fn decoding_and_encoding_keeps_everything() {
    for case in CASES {
        let sent = bytes(case);
        let request =
            SyncRequest::decode(sent.as_slice()).unwrap_or_else(|error| panic!("{case}: {error}"));

        let mut ours = json(&request.encode_to_vec());
        sort_expression_inputs(&mut ours);

        assert_eq!(pretty(&ours), pretty(&expected(case)), "{case}");
    }
}

/// Sorts the inputs of expression extractors by featureset and feature.
///
/// The client takes them out of a hash set, so their order means nothing. They are sorted in
/// the `.json` files, and in sending order in the `.b64` files.
fn sort_expression_inputs(request: &mut Value) {
    let Some(Value::Array(extractors)) = request.get_mut("extractors") else {
        return;
    };
    for extractor in extractors {
        if extractor["extractor_type"] != "EXPR" {
            continue;
        }
        if let Some(Value::Array(inputs)) = extractor.get_mut("inputs") {
            inputs.sort_by_key(|input| {
                let name = |part| input["feature"][part].as_str().map(str::to_owned);
                (name("feature_set_name"), name("name"))
            });
        }
    }
}

/// The JSON form of an encoded `SyncRequest`, as the descriptors alone tell it.
pub(crate) fn json(request: &[u8]) -> Value {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the descriptors are valid");
    let descriptor = pool
        .get_message_by_name("fennel.proto.services.SyncRequest")
        .expect("the descriptors have the request");
    let message =
        DynamicMessage::decode(descriptor, request).expect("the descriptors fit the message");
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("every message has a JSON form")
}

pub(crate) fn bytes(case: &str) -> Vec<u8> {
    BASE64_STANDARD
        .decode(vector(case, "b64").trim_end())
        .expect("a vector is base64")
}

pub(crate) fn expected(case: &str) -> Value {
    serde_json::from_str(&vector(case, "json")).expect("a vector is JSON")
}

fn vector(case: &str, extension: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("wire/vectors")
        .join(case)
        .with_extension(extension);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One line per value, in the order of the names, so that a failure can be read.
pub(crate) fn pretty(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    format!("{sorted:#}")
}
