//! What connectors say in whole catalogs: on the wire, in plans, and in what a dataset is.

use bumpalo::Bump;
use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::connector::Connector;
use fennel_core::diff::{Change, check_transition, diff, identity};
use fennel_core::entity::{Dataset, Descriptor, Source};
use fennel_core::wire::proto::connector::{ext_database, ext_table};
use fennel_core::wire::{decode, encode};

fennel::owner!("shop@example.com");

static EVENTS: Kafka = Kafka::new("events")
    .bootstrap_servers("kafka:9092")
    .username(Secret::env("KAFKA_USER"))
    .password(Secret::env("KAFKA_PASSWORD"));
static TAPS: Kinesis = Kinesis::new("taps").role_arn("arn:r");
static LAKE: S3 = S3::new("lake");
static SHOP: Postgres = Postgres::new("shop")
    .host("db")
    .database("shop")
    .username(Secret::env("PG_USER"))
    .password(Secret::env("PG_PASSWORD"))
    .jdbc_params("password=hunter2");
static RECEIVER: Http = Http::new("receiver")
    .host("https://me:hunter2@receiver")
    .healthz("/up");
const SCHEMAS: Registry = Registry::confluent("https://registry").token(Secret::env("TOKEN"));

#[dataset]
#[source(EVENTS.topic("a").protobuf(SCHEMAS), disorder = "1d", cdc = append)]
#[source(TAPS.stream("arn:s", InitPosition::Latest), disorder = "1d", cdc = append)]
#[source(LAKE.bucket("b", prefix = "p"), disorder = "1d", cdc = append)]
#[source(SHOP.table("t", cursor = "c"), disorder = "1d", cdc = append)]
struct Event {
    at: DateTime<Utc>,
}

#[dataset]
#[sink(EVENTS.topic("spend"), cdc = debezium)]
#[sink(RECEIVER.path("spend").header("Authorization", "Bearer hunter2"), cdc = debezium)]
struct Spend {
    at: DateTime<Utc>,
}

fn dataset(entity: Descriptor<'static>) -> &'static Dataset<'static> {
    match entity {
        Descriptor::Dataset(dataset) => dataset,
        Descriptor::Featureset(_) => unreachable!("it is a dataset"),
    }
}

fn event() -> &'static Dataset<'static> {
    dataset(fennel::entities![Event][0])
}

/// What is wrong with a request after a change of the source at `i`.
fn refused(i: usize, change: impl FnOnce(&mut ext_table::Variant)) -> String {
    let catalog: Catalog<'_> = fennel::entities![Event].into_iter().collect();
    let mut request = encode(&catalog, None, "");
    let table = request.sources[i]
        .table
        .as_mut()
        .expect("a source reads something");
    change(table.variant.as_mut().expect("and names it"));
    let arena = Bump::new();
    let decoded = decode(&arena, &request).and_then(|catalog| catalog.check(None));
    decoded.expect_err("it is refused").to_string()
}

/// N169, N175, N179, N427: words that only a request can hold.
#[test]
fn words_that_there_are_not_are_refused_in_requests() {
    assert_eq!(
        refused(2, |table| {
            let ext_table::Variant::KinesisStream(stream) = table else {
                unreachable!("it is Kinesis")
            };
            stream.format = "csv".into();
        }),
        "dataset `Event.source`: rows of Kinesis are JSON, and not `csv`: write \"json\""
    );
    assert_eq!(
        refused(1, |table| {
            let ext_table::Variant::S3Table(bucket) = table else {
                unreachable!("it is S3")
            };
            bucket.format = "py".into();
        }),
        "dataset `Event.source`: the format of its objects is csv, json, parquet, hudi or delta, and not `py`"
    );
    assert_eq!(
        refused(3, |table| {
            let ext_table::Variant::KafkaTopic(topic) = table else {
                unreachable!("it is Kafka")
            };
            let database = topic.db.as_mut().and_then(|db| db.variant.as_mut());
            let Some(ext_database::Variant::Kafka(kafka)) = database else {
                unreachable!("it is Kafka")
            };
            kafka.security_protocol = "SSL".into();
        }),
        "dataset `Event.source`: the security protocol of Kafka `events` is none of PLAINTEXT, SASL_PLAINTEXT and SASL_SSL"
    );
    assert_eq!(
        refused(3, |table| {
            use fennel_core::wire::proto::connector::kafka_format::Variant;

            let ext_table::Variant::KafkaTopic(topic) = table else {
                unreachable!("it is Kafka")
            };
            let format = topic
                .format
                .as_mut()
                .and_then(|format| format.variant.as_mut());
            let Some(Variant::Protobuf(protobuf)) = format else {
                unreachable!("it is Protobuf")
            };
            let registry = protobuf.schema_registry.as_mut();
            registry.expect("it has a registry").registry_provider = 7;
        }),
        "dataset `Event.source`: the schema registry is not Confluent's, which is the one there is"
    );
    assert_eq!(
        refused(0, |table| {
            let ext_table::Variant::PgTable(table) = table else {
                unreachable!("it is Postgres")
            };
            let database = table.db.as_mut().expect("it is in a database");
            database.variant = Some(ext_database::Variant::S3(Default::default()));
        }),
        "dataset `Event.source`: a table of Postgres needs settings of its own kind, and `shop` has others"
    );
}

/// N162, N425: a cursor that a request leaves out.
#[test]
fn a_table_without_a_cursor_is_refused_in_requests() {
    let catalog: Catalog<'_> = fennel::entities![Event].into_iter().collect();
    let mut request = encode(&catalog, None, "");
    request.sources[0].cursor = None;
    let arena = Bump::new();
    let decoded = decode(&arena, &request).expect("it is readable");
    let wrong = decoded.check(None).expect_err("it is refused").to_string();
    assert!(
        wrong.contains("Postgres `shop` is read by a cursor"),
        "{wrong}"
    );
}

/// N171, N461: sinks on a dataset with a source, whatever their envs are.
#[test]
fn a_sink_beside_a_source_is_refused_in_every_env() {
    let sinks = [fennel_core::entity::Sink {
        env: fennel_core::entity::Env(&["dev"]),
        ..dataset(fennel::entities![Spend][0]).sinks[0]
    }];
    let sources = [Source {
        env: fennel_core::entity::Env(&["prod"]),
        ..event().sources[0]
    }];
    let mut catalog = Catalog::default();
    catalog.push_dataset(Dataset {
        sources: &sources,
        sinks: &sinks,
        ..*event()
    });
    for env in [None, Some("dev"), Some("prod")] {
        assert_eq!(
            catalog.check(env).expect_err("it is refused").0[0].message,
            "dataset `Event` has a source, and sinks are for datasets that are derived, in every env: remove the sink"
        );
    }
}

/// A catalog with another connector for the first source of `Event`.
fn with(sources: &[Source<'_>], check: impl FnOnce(&Dataset<'_>)) {
    check(&Dataset {
        sources,
        ..*event()
    });
}

fn kafka(kafka: Kafka) -> Source<'static> {
    Source {
        connector: kafka.topic("a").connector(),
        ..event().sources[0]
    }
}

#[test]
#[allow(deprecated, reason = "a credential as a server has it")]
fn a_changed_credential_shows_as_changed_and_rebuilds_nothing() {
    let base = Kafka::new("events")
        .bootstrap_servers("kafka:9092")
        .username(Secret::literal("me"));
    let old = [kafka(base.password(Secret::literal("hunter2")))];
    let new = [kafka(base.password(Secret::literal("hunter3")))];
    with(&old, |before| {
        with(&new, |after| {
            assert_eq!(
                identity(&Catalog::default(), before),
                identity(&Catalog::default(), after)
            );
            for text in [
                format!("{before:?}"),
                format!("{after:?}"),
                identity(&Catalog::default(), after),
            ] {
                assert!(!text.contains("hunter"), "{text}");
            }
            let (mut one, mut other) = (Catalog::default(), Catalog::default());
            one.push_dataset(*before);
            other.push_dataset(*after);
            check_transition(&one, &other).expect("the version stays");
            let changes = diff(&one, &other);
            let [entity] = changes.entities.as_slice() else {
                panic!("{changes:?}")
            };
            assert_eq!(entity.change, Change::Changed);
            let [field] = entity.fields.as_slice() else {
                panic!("{entity:?}")
            };
            assert_eq!(
                (
                    field.path.as_str(),
                    field.old.as_deref(),
                    field.new.as_deref(),
                    field.metaflag
                ),
                (
                    "source[0].password",
                    Some("literal (hidden)"),
                    Some("another literal (hidden)"),
                    true
                )
            );
        });
    });
}

#[test]
fn another_topic_is_other_data() {
    let other = [Source {
        connector: EVENTS.topic("b").connector(),
        ..event().sources[0]
    }];
    with(&[kafka(EVENTS)], |before| {
        with(&other, |after| {
            assert_ne!(
                identity(&Catalog::default(), before),
                identity(&Catalog::default(), after)
            )
        });
    });
}

#[test]
fn nothing_shows_what_may_be_a_credential() {
    let catalog: Catalog<'_> = fennel::entities![Event, Spend].into_iter().collect();
    let request = encode(&catalog, None, "");
    let arena = Bump::new();
    let decoded = decode(&arena, &request).expect("we read what we send");
    let nothing = Catalog::default();
    for catalog in [&catalog, &decoded] {
        let connectors: String = catalog
            .datasets()
            .iter()
            .flat_map(|dataset| {
                let sinks = dataset.sinks.iter().map(|sink| sink.connector);
                dataset
                    .sources
                    .iter()
                    .map(|source| source.connector)
                    .chain(sinks)
            })
            .map(|connector: Connector<'_>| {
                format!(
                    "{connector} {connector:?} {:?} {:?}",
                    connector.settings(),
                    connector.facts()
                )
            })
            .collect();
        let shown = format!("{connectors} {catalog:?} {:?}", diff(&nothing, catalog));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("Kafka events, topic a"), "{shown}");
    }
}

#[test]
fn sinks_change_under_any_version() {
    let spend = dataset(fennel::entities![Spend][0]);
    let (mut one, mut other) = (Catalog::default(), Catalog::default());
    one.push_dataset(*spend);
    other.push_dataset(Dataset {
        sinks: &spend.sinks[..1],
        ..*spend
    });
    assert_eq!(
        identity(&one, &one.datasets()[0]),
        identity(&other, &other.datasets()[0])
    );
    check_transition(&one, &other).expect("the version stays");
    let changes = diff(&one, &other);
    let paths = changes.entities[0].fields.iter().map(|field| &*field.path);
    let shown: Vec<_> = paths.collect();
    assert!(shown.contains(&"sink[1].topic"), "{shown:?}");
    assert!(
        shown.iter().all(|path| path.starts_with("sink[1].")),
        "{shown:?}"
    );
}

#[test]
fn systems_defined_elsewhere_are_read_as_they_are_sent() {
    static GET_KAFKA: Kafka = Kafka::get("kafka");
    static GET_S3: S3 = S3::get("s3");
    static GET_KINESIS: Kinesis = Kinesis::get("kinesis");
    static GET_PUBSUB: PubSub = PubSub::get("pubsub");
    static GET_POSTGRES: Postgres = Postgres::get("postgres");
    static GET_MYSQL: MySql = MySql::get("mysql");
    static GET_SNOWFLAKE: Snowflake = Snowflake::get("snowflake");
    static GET_BIGQUERY: BigQuery = BigQuery::get("bigquery");
    static GET_REDSHIFT: Redshift = Redshift::get("redshift");
    static GET_MONGO: Mongo = Mongo::get("mongo");

    #[dataset]
    #[source(GET_KAFKA.topic("t"), disorder = "1d", cdc = append)]
    #[source(GET_S3.bucket("b", prefix = "p"), disorder = "1d", cdc = append)]
    #[source(GET_KINESIS.stream("arn", InitPosition::Latest), disorder = "1d", cdc = append)]
    #[source(GET_PUBSUB.topic("t"), disorder = "1d", cdc = append)]
    #[source(GET_POSTGRES.table("t", cursor = "c"), disorder = "1d", cdc = append)]
    #[source(GET_MYSQL.table("t", cursor = "c"), disorder = "1d", cdc = append)]
    #[source(GET_SNOWFLAKE.table("t", cursor = "c"), disorder = "1d", cdc = append)]
    #[source(GET_BIGQUERY.table("t", cursor = "c"), disorder = "1d", cdc = append)]
    #[source(GET_REDSHIFT.table("t", cursor = "c"), disorder = "1d", cdc = append)]
    #[source(GET_MONGO.collection("t", cursor = "c"), disorder = "1d", cdc = append)]
    struct Console {
        at: DateTime<Utc>,
    }

    let catalog: Catalog<'_> = fennel::entities![Console].into_iter().collect();
    catalog.check(None).expect("settings are not needed here");
    let sent = encode(&catalog, None, "");
    let arena = Bump::new();
    let decoded = decode(&arena, &sent).expect("we read what we send");
    decoded.check(None).expect("nor are they on the wire");
    assert!(
        encode(&decoded, None, "") == sent,
        "both messages are the same"
    );
}
