//! A request as JSON, for people: protobuf's field names, and no secrets.

use fennel_core::wire::proto::FILE_DESCRIPTOR_SET;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, ReflectMessage, SerializeOptions, Value,
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

#[cfg(test)]
mod tests {
    use fennel_core::wire::proto::connector::{self, ext_database, ext_table, kafka, kafka_format};
    use fennel_core::wire::proto::http_auth::{
        BasicAuthentication, HttpAuthentication, basic_authentication, http_authentication,
    };
    use fennel_core::wire::proto::schema_registry::SchemaRegistry;
    use fennel_core::wire::proto::secret::SecretRef;
    use fennel_core::wire::proto::services::SyncRequest;
    use prost::Message as _;

    use super::*;

    /// Fields named as a secret would be: columns, and places in a secret store.
    const HARMLESS: [&str; 4] = [
        "fennel.proto.connector.S3Table.headers",
        "fennel.proto.dataset.Aggregate.keys",
        "fennel.proto.schema.DSSchema.erase_keys",
        "fennel.proto.secret.SecretRef.secret_arn",
    ];

    #[expect(deprecated, reason = "requests may still hold it")]
    fn kafka() -> connector::ExtDatabase {
        let kafka = connector::Kafka {
            bootstrap_servers: "kafka:9092".into(),
            sasl_jaas_config: "user=me password=hush".into(),
            sasl_username_variant: Some(kafka::SaslUsernameVariant::SaslUsernameSecret(
                SecretRef {
                    secret_arn: "arn:of:a:secret".into(),
                    ..Default::default()
                },
            )),
            sasl_password_variant: Some(kafka::SaslPasswordVariant::SaslPlainPassword(
                "hush".into(),
            )),
            ..Default::default()
        };
        connector::ExtDatabase {
            name: "events".into(),
            variant: Some(ext_database::Variant::Kafka(kafka)),
        }
    }

    fn topic() -> connector::Source {
        let basic = BasicAuthentication {
            password_variant: Some(basic_authentication::PasswordVariant::Password(
                "hush".into(),
            )),
            ..Default::default()
        };
        let registry = SchemaRegistry {
            url: "https://me:hush@registry.example/x".into(),
            auth: Some(HttpAuthentication {
                variant: Some(http_authentication::Variant::Basic(basic)),
            }),
            ..Default::default()
        };
        let topic = connector::KafkaTopic {
            topic: "sales".into(),
            format: Some(connector::KafkaFormat {
                variant: Some(kafka_format::Variant::Avro(connector::AvroFormat {
                    schema_registry: Some(registry),
                })),
            }),
            ..Default::default()
        };
        connector::Source {
            table: Some(connector::ExtTable {
                variant: Some(ext_table::Variant::KafkaTopic(topic)),
            }),
            ..Default::default()
        }
    }

    fn path() -> connector::Sink {
        let path = connector::HttpPath {
            endpoint: "/rows".into(),
            headers: [("Authorization".into(), "Bearer hush".into())].into(),
            ..Default::default()
        };
        connector::Sink {
            table: Some(connector::ExtTable {
                variant: Some(ext_table::Variant::HttpPath(path)),
            }),
            ..Default::default()
        }
    }

    #[test]
    fn secrets_are_redacted_and_the_rest_is_not() {
        let request = SyncRequest {
            extdbs: vec![kafka()],
            sources: vec![topic()],
            sinks: vec![path()],
            ..Default::default()
        };
        let json: serde_json::Value =
            serde_json::from_str(&to_json(&request.encode_to_vec())).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "extdbs": [{
                    "name": "events",
                    "kafka": {
                        "bootstrap_servers": "kafka:9092",
                        "sasl_jaas_config": "[redacted]",
                        "sasl_username_secret": {"secret_arn": "arn:of:a:secret"},
                        "sasl_plain_password": "[redacted]",
                    },
                }],
                "sources": [{"table": {"kafka_topic": {
                    "topic": "sales",
                    "format": {"avro": {"schema_registry": {
                        "url": "[redacted]",
                        "auth": {"basic": {"password": "[redacted]"}},
                    }}},
                }}}],
                "sinks": [{"table": {"http_path": {
                    "endpoint": "/rows",
                    "headers": {"Authorization": "[redacted]"},
                }}}],
            })
        );
    }

    #[test]
    fn every_field_that_is_named_like_a_secret_is_one_or_known_to_be_none() {
        let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
        let words = [
            "password",
            "secret",
            "token",
            "key",
            "credential",
            "jaas",
            "cert",
            "auth",
            "headers",
            "params",
        ];
        let mut open = Vec::new();
        for message in pool
            .all_messages()
            .filter(|message| !message.is_map_entry())
        {
            for field in message.fields() {
                let is_text = matches!(field.kind(), Kind::String | Kind::Bytes) || field.is_map();
                let is_named = words.iter().any(|word| field.name().contains(word));
                if is_text && is_named && !is_secret(&field) {
                    open.push(field.full_name().to_owned());
                }
            }
        }
        open.sort_unstable();
        assert_eq!(open, HARMLESS);
    }
}
