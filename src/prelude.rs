//! What definitions need: `use fennel::prelude::*;`.

pub use std::collections::BTreeMap;

pub use chrono::{DateTime, NaiveDate, Utc};

pub use crate::ty::{Decimal, Embedding, Window};
pub use crate::{
    Record, dataset, expectations, extractors, featureset, meta, pipeline, sink, source, transform,
};
pub use fennel_core::connector::{SaslMechanism, SecurityProtocol};

/// A named receiver of rows: they are sent to the server's `log` endpoint.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static APP: Webhook = Webhook::new("app").retention("14d");
/// ```
pub type Webhook = fennel_core::connector::Webhook<'static>;

/// A cluster of Kafka, whose topics are read or written.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static EVENTS: Kafka = Kafka::new("events")
///     .bootstrap_servers("kafka-1:9092,kafka-2:9092")
///     .security_protocol(SecurityProtocol::SaslSsl)
///     .sasl_mechanism(SaslMechanism::ScramSha512)
///     .username(Secret::env("KAFKA_USER"))
///     .password(Secret::env("KAFKA_PASSWORD"));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(EVENTS.topic("logins").json(), disorder = "2h", cdc = append)]
/// pub struct Login {
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type Kafka = fennel_core::connector::Kafka<'static>;

/// A registry with the schemas of a topic's messages, in Avro or Protobuf.
///
/// ```
/// use fennel::prelude::*;
///
/// pub const SCHEMAS: Registry = Registry::confluent("https://registry.example.com")
///     .token(Secret::env("REGISTRY_TOKEN"));
///
/// pub static EVENTS: Kafka = Kafka::new("events").bootstrap_servers("kafka-1:9092");
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(EVENTS.topic("logins").avro(SCHEMAS), disorder = "2h", cdc = append)]
/// pub struct Login {
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type Registry = fennel_core::connector::Registry<'static>;

/// An account of S3, whose buckets are read or written: CSV, JSON, Parquet, Hudi and Delta.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static LAKE: S3 = S3::new("lake").role_arn("arn:aws:iam::1:role/lake");
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(
///     LAKE.bucket("logins", path = "day=%Y-%m-%d/*.json.gz", spread = "2h").json(),
///     disorder = "1d",
///     cdc = append,
///     every = "15m",
/// )]
/// pub struct Login {
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type S3 = fennel_core::connector::S3<'static>;

/// An account of Kinesis, whose streams are read.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static TAPS: Kinesis = Kinesis::new("taps").role_arn("arn:aws:iam::1:role/kinesis");
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(
///     TAPS.stream("arn:aws:kinesis:eu-west-1:1:stream/logins", InitPosition::TrimHorizon),
///     disorder = "1d",
///     cdc = append,
/// )]
/// pub struct Login {
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type Kinesis = fennel_core::connector::Kinesis<'static>;

/// Where in a stream of Kinesis to begin.
///
/// ```
/// use fennel::prelude::*;
///
/// pub const SINCE_MARCH: InitPosition = InitPosition::At("2024-03-01T00:00:00Z");
/// ```
pub type InitPosition = fennel_core::connector::InitPosition<'static>;

/// A project of Google's Pub/Sub, whose topics are read.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static PINGS: PubSub = PubSub::new("pings")
///     .project_id("shop-prod")
///     .service_account_key(Secret::env("PUBSUB_KEY"));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(PINGS.topic("logins"), disorder = "1d", cdc = append)]
/// pub struct Login {
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type PubSub = fennel_core::connector::PubSub<'static>;

/// A database of Postgres, whose tables are read by a cursor.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static SHOP: Postgres = Postgres::new("shop")
///     .host("db.internal")
///     .database("shop")
///     .username(Secret::env("DB_USER"))
///     .password(Secret::env("DB_PASSWORD"));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(SHOP.table("users", cursor = "updated_at"), disorder = "1d", cdc = upsert)]
/// pub struct User {
///     #[field(key)]
///     pub uid: i64,
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type Postgres = fennel_core::connector::Postgres<'static>;

/// A database of MySQL, whose tables are read by a cursor.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static SHOP: MySql = MySql::new("shop")
///     .host("db.internal")
///     .database("shop")
///     .username(Secret::env("DB_USER"))
///     .password(Secret::env("DB_PASSWORD"));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(SHOP.table("users", cursor = "updated_at"), disorder = "1d", cdc = upsert)]
/// pub struct User {
///     #[field(key)]
///     pub uid: i64,
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type MySql = fennel_core::connector::MySql<'static>;

/// A database of Mongo, whose collections are read by a cursor.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static SHOP: Mongo = Mongo::new("shop")
///     .host("db.internal")
///     .database("shop")
///     .username(Secret::env("DB_USER"))
///     .password(Secret::env("DB_PASSWORD"));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(SHOP.collection("users", cursor = "updated_at"), disorder = "1d", cdc = upsert)]
/// pub struct User {
///     #[field(key)]
///     pub uid: i64,
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type Mongo = fennel_core::connector::Mongo<'static>;

/// A database of Snowflake, whose tables are read by a cursor, or written.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static WAREHOUSE: Snowflake = Snowflake::new("warehouse")
///     .account("ab12345.eu-west-1")
///     .database("PROD")
///     .warehouse("SMALL")
///     .schema("PUBLIC")
///     .role("READER")
///     .username(Secret::env("SNOWFLAKE_USER"))
///     .password(Secret::env("SNOWFLAKE_PASSWORD"));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(WAREHOUSE.table("USERS", cursor = "UPDATED_AT"), disorder = "1d", cdc = upsert)]
/// pub struct User {
///     #[field(key)]
///     pub uid: i64,
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type Snowflake = fennel_core::connector::Snowflake<'static>;

/// A dataset of BigQuery, whose tables are read by a cursor.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static ANALYTICS: BigQuery = BigQuery::new("analytics")
///     .project_id("shop-prod")
///     .dataset_id("analytics")
///     .service_account_key(Secret::env("BIGQUERY_KEY"));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(ANALYTICS.table("users", cursor = "updated_at"), disorder = "1d", cdc = upsert)]
/// pub struct User {
///     #[field(key)]
///     pub uid: i64,
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type BigQuery = fennel_core::connector::BigQuery<'static>;

/// A database of Redshift, whose tables are read by a cursor.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static WAREHOUSE: Redshift = Redshift::new("warehouse")
///     .host("red.example.com")
///     .database("dev")
///     .schema("public")
///     .s3_access_role_arn("arn:aws:iam::1:role/redshift");
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[source(WAREHOUSE.table("users", cursor = "updated_at"), disorder = "1d", cdc = upsert)]
/// pub struct User {
///     #[field(key)]
///     pub uid: i64,
///     pub email: String,
///     pub updated_at: DateTime<Utc>,
/// }
/// ```
pub type Redshift = fennel_core::connector::Redshift<'static>;

/// A server that rows are posted to.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static RECEIVER: Http = Http::new("receiver")
///     .host("https://receiver.example.com")
///     .healthz("/up")
///     .ca_cert(Certificate::secret(Secret::env("RECEIVER_CA")));
///
/// #[dataset]
/// #[meta(owner = "shop@example.com")]
/// #[sink(RECEIVER.path("ingest/spend").header("X-Team", "shop"), cdc = debezium)]
/// pub struct Spend {
///     #[field(key)]
///     pub uid: i64,
///     pub spend: f64,
///     pub at: DateTime<Utc>,
/// }
/// ```
pub type Http = fennel_core::connector::Http<'static>;

/// A certificate that a server is known by.
///
/// ```
/// use fennel::prelude::*;
///
/// pub const AUTHORITY: Certificate = Certificate::pem("-----BEGIN CERTIFICATE-----");
/// ```
pub type Certificate = fennel_core::connector::Certificate<'static>;

/// Where a credential is kept. Its value is never shown.
///
/// A secret in an environment variable is read when `sync` commits; one in AWS is read by the server.
///
/// ```
/// use fennel::prelude::*;
///
/// pub const OURS: Secret = Secret::env("KAFKA_PASSWORD");
/// pub const THEIRS: Secret = Secret::aws("arn:aws:secretsmanager:eu-west-1:1:secret:kafka")
///     .role("arn:aws:iam::1:role/reader")
///     .path(&["kafka", "password"]);
/// ```
pub type Secret = fennel_core::connector::Secret<'static>;

/// An expression over columns, as [`expr!`](crate::expr!) makes it.
pub type Expr = fennel_core::expr::Expr<'static>;
