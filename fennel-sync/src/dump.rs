//! A request as JSON, for people: protobuf's field names, and no secrets.

use fennel_core::wire::proto::FILE_DESCRIPTOR_SET;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, SerializeOptions, Value,
};

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";

/// Texts that may hold a secret next to other things.
const MIXED: [&str; 4] = [
    "fennel.proto.connector.Kafka.sasl_jaas_config",
    "fennel.proto.connector.MySQL.jdbc_params",
    "fennel.proto.connector.Postgres.jdbc_params",
    "fennel.proto.connector.HttpPath.headers",
];

/// An encoded `SyncRequest` as JSON text.
pub(crate) fn to_json(request: &[u8]) -> String {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors are whole");
    let descriptor = pool
        .get_message_by_name("fennel.proto.services.SyncRequest")
        .expect("our own descriptors have it");
    let mut message =
        DynamicMessage::decode(descriptor, request).expect("what was just encoded decodes");
    redact(&mut message, false);
    let mut json = serde_json::Serializer::pretty(Vec::new());
    let options = SerializeOptions::new().use_proto_field_name(true);
    message
        .serialize_with_options(&mut json, &options)
        .expect("JSON is written to memory without fail");
    String::from_utf8(json.into_inner()).expect("JSON text is UTF-8")
}

fn redact(message: &mut DynamicMessage, all: bool) {
    for (field, value) in message.fields_mut() {
        redact_value(value, all || is_secret(&field));
    }
}

fn redact_value(value: &mut Value, secret: bool) {
    match value {
        // Any other message where a secret may be is a place in a secret store.
        Value::Message(message) => {
            let all = secret && message.descriptor().full_name() == "google.protobuf.StringValue";
            redact(message, all);
        }
        Value::List(values) => {
            for value in values {
                redact_value(value, secret);
            }
        }
        Value::Map(values) => {
            for value in values.values_mut() {
                redact_value(value, secret);
            }
        }
        Value::String(text) if secret || has_user_info(text) => *text = REDACTED.into(),
        _ => {}
    }
}

/// Whether a field holds a secret: what could also be kept in a secret store is one.
fn is_secret(field: &FieldDescriptor) -> bool {
    let has_place_in_store = field.containing_oneof().is_some_and(|oneof| {
        oneof.fields().any(|field| match field.kind() {
            Kind::Message(message) => message.full_name() == "fennel.proto.secret.SecretRef",
            _ => false,
        })
    });
    has_place_in_store || MIXED.contains(&field.full_name())
}

/// Whether a text is an address with a user or password, `scheme://user:password@host`.
fn has_user_info(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next();
    host.is_some_and(|host| host.contains('@'))
}
