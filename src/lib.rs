//! Feature engineering for machine learning, as Rust that rustc checks.
//!
//! Datasets and features are plain structs with attributes. The compiler checks the whole graph of
//! them, `cargo run --bin sync` commits it to a server, and the server ingests rows and serves
//! features, as of now and as of any instant.
//!
//! ```
//! use fennel::prelude::*;
//!
//! fennel::owner!("tickets@example.com");
//!
//! pub static APP: Webhook = Webhook::new("app");
//!
//! #[dataset(index)]
//! #[source(APP.endpoint("ticket_sale"), disorder = "14d", cdc = upsert)]
//! pub struct Ticket {
//!     #[field(key)]
//!     pub ticket_id: String,
//!     pub price: i64,
//!     pub at: DateTime<Utc>,
//! }
//!
//! #[featureset]
//! pub struct TicketFeatures {
//!     pub ticket_id: String,
//!     #[feature(Ticket::price, default = 0)]
//!     pub price: i64,
//! }
//! ```
//!
//! # Features
//!
//! * `testing`: `fennel::testing::Mock`, the engine in process, for tests of definitions.
//! * `local`: lets `sync` run a server of its own on a developer's machine.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "local")]
mod local;
pub mod prelude;
#[cfg(feature = "testing")]
pub mod testing;

pub use fennel_core::{
    Error, Problem, Problems, agg, catalog, diff, expr, handle, native, ty, value,
};

/// The operators of pipelines, as methods of [`Flow`](pipeline::Flow).
pub mod pipeline {
    pub use fennel_core::flow::Flow;
    pub use fennel_core::op::{Args, Grouped};
}

/// Makes a struct a dataset: a stream of rows or, with a key, a table that evolves in time.
///
/// The struct stays as it is, and is itself a row of the dataset. Each field gets a typed handle
/// of its name, such as `Ticket::price`.
///
/// | argument | means | default |
/// |---|---|---|
/// | `version = 2` | the version, from 1 on; a higher one starts the data anew | `1` |
/// | `history = "90d"` | how long rows are kept that others have replaced; what is asked as of an earlier instant may be refused | `"2y"` |
/// | `index` | answers lookups, as of now and as of any instant; needs a key | no index |
/// | `online`, `offline` | one of the two; `= false` takes one away from `index` | |
/// | `crate = path` | the path of this crate, for re-exporters | `::fennel` |
///
/// | on a field | means |
/// |---|---|
/// | `#[field(key)]` | part of the key; never optional |
/// | `#[field(key, erase_key)]` | rows can be erased by it |
/// | `#[field(timestamp)]` | the event time, where more than one field is a `DateTime<Utc>` |
/// | `#[meta(owner = "..", description = "..", tags = [".."])]` | metaflags; a doc comment is a description |
/// | `#[between(0..=100)]`, `#[one_of("a", "b")]`, `#[regex("[A-Z]+")]` | restricts the innermost scalar of the type |
///
/// ```
/// use fennel::prelude::*;
///
/// /// One row per member.
/// #[meta(owner = "crm@example.com", tags = ["pii"])]
/// #[dataset(index, version = 2, history = "1y")]
/// pub struct Member {
///     #[field(key)]
///     pub member_id: i64,
///     #[between(18..=130)]
///     pub age: Option<i64>,
///     pub born: Option<NaiveDate>,
///     pub changed_at: DateTime<Utc>,
/// }
///
/// assert_eq!(Member::age.path(), "Member.age");
/// ```
///
/// A field with a `#[cfg]` is a column where the condition holds.
///
/// What the struct says wrongly is a compile error at the token:
///
/// ```compile_fail
/// use fennel::prelude::*;
///
/// #[meta(owner = "crm@example.com")]
/// #[dataset(index)]
/// pub struct Member {
///     #[field(key)]
///     pub member_id: Option<i64>, // a key cannot be optional
///     pub changed_at: DateTime<Utc>,
/// }
/// ```
pub use fennel_macros::dataset;

/// Makes a struct a featureset: named values for models.
///
/// A field without `#[feature]` is given by each query. The others are read:
///
/// | on a field | means |
/// |---|---|
/// | `#[feature(Dataset::column)]` | looked up by the features of this featureset that are called like the dataset's keys; an `Option`, since there may be no row |
/// | `#[feature(Dataset::column, default = 0)]` | the same, with a constant where there is no row or null |
/// | `#[feature(Featureset::feature)]` | the same as that feature |
/// | `#[feature(expr = a * 2.0 / b)]` | computed from other features of this featureset, by their bare names |
/// | `version = 2` | a higher version for another definition |
/// | `env = "prod"` | takes part in commits for that environment |
///
/// Where the field and all its keys are `Vec`s, each element is looked up. A default is a literal, a
/// `const` by name, a list `[1, 2]`, a map `[("a", 1)]`, or a record `Name { field: 1 }`; instants,
/// dates and decimals are written as text, such as `"2024-02-03"` and `"12.50"`.
///
/// ```
/// use fennel::prelude::*;
///
/// fennel::owner!("crm@example.com");
///
/// #[dataset(index)]
/// pub struct Member {
///     #[field(key)]
///     pub member_id: i64,
///     pub plan: String,
///     pub changed_at: DateTime<Utc>,
/// }
///
/// #[featureset]
/// pub struct MemberFeatures {
///     pub member_id: i64,
///     #[feature(Member::plan, default = "none")]
///     pub plan: String,
///     #[feature(Member::changed_at)]
///     pub changed_at: Option<DateTime<Utc>>,
///     #[feature(expr = if plan == "none" { 0.0 } else { 9.5 })]
///     pub price: f64,
/// }
/// ```
///
/// Expressions are those of pipelines: [`mod@expr`] has their functions. Null spreads through them, and
/// `.fill_null(..)` ends it. The type of the field is that of the expression; an `f64` takes a whole
/// number, and an `Option` a value.
pub use fennel_macros::featureset;

/// Makes functions of a featureset extractors: Rust that makes features of others.
///
/// Each function that is marked `#[extractor]` is called for each row of a query that needs its
/// features. Its parameters are features of the featureset by their names, and its result is the
/// feature of the function's own name; `inputs` and `outputs` say otherwise.
///
/// | argument of `#[extractor]` | means |
/// |---|---|
/// | `inputs(uid, Request::ip)` | the features that it takes, of any featureset, in the order of the parameters |
/// | `outputs(risk, band)` | the features that it makes, in the order of the result's tuple |
/// | `version = 2` | a higher version for another function |
/// | `env = "prod"` | takes part in commits for that environment |
///
/// | parameter | is |
/// |---|---|
/// | `uid: i64`, `ip: &str`, `scores: &[f64]`, `home: &Address` | a feature, by value or borrowed |
/// | `#[lookup(uid)] user: Option<User>` | the row of an indexed dataset whose key those parameters are, as of the row's instant; `None` where there is none |
/// | `ts: DateTime<Utc>`, the first one | the instant that is asked about |
///
/// ```
/// use fennel::prelude::*;
///
/// fennel::owner!("risk@example.com");
///
/// #[dataset(index)]
/// pub struct User {
///     #[field(key)]
///     pub uid: i64,
///     pub country: String,
///     pub at: DateTime<Utc>,
/// }
///
/// #[featureset]
/// pub struct Request {
///     pub uid: i64,
///     pub ip: String,
/// }
///
/// #[featureset]
/// pub struct UserFeatures {
///     #[feature(Request::uid)]
///     pub uid: i64,
///     pub risk: f64,
///     pub risk_band: String,
/// }
///
/// #[extractors]
/// impl UserFeatures {
///     #[extractor(inputs(Request::ip, uid), outputs(risk, risk_band))]
///     fn risk(ip: &str, uid: i64, #[lookup(uid)] user: Option<User>) -> (f64, String) {
///         let known = user.is_some() && uid != 0 && !ip.is_empty();
///         let (risk, band) = if known { (0.1, "low") } else { (1.0, "high") };
///         (risk, band.into())
///     }
/// }
///
/// // It stays a function.
/// assert_eq!(UserFeatures::risk("10.0.0.1", 7, None), (1.0, "high".into()));
/// ```
///
/// Rust functions travel by name: a server runs them if their crate is linked into it. What a
/// function calls is not part of its source, so a change there needs a higher version by hand.
pub use fennel_macros::extractors;

/// Metaflags of a dataset or a featureset, above or below its own attribute.
///
/// | argument | means |
/// |---|---|
/// | `owner = "team@example.com"` | who answers for it; else the module's [`owner!`] |
/// | `description = ".."` | what it is; else the doc comment |
/// | `tags = ["pii"]` | tags, which flow to everything derived from it |
/// | `deprecated` | works, but is not to be used any more |
/// | `deleted` | stops to exist with this commit; later ones may leave it out |
///
/// Changing metaflags needs no new version.
pub use fennel_macros::meta;

/// Where a dataset's rows come from, above or below `#[dataset]`; any number of them.
///
/// The first argument is what to read:
///
/// | what | of |
/// |---|---|
/// | `APP.endpoint("sales")` | a [`Webhook`](prelude::Webhook) |
/// | `EVENTS.topic("sales").json()`, `.avro(..)`, `.protobuf(..)` | [`Kafka`](prelude::Kafka) |
/// | `LAKE.bucket("sales", path = "day=%Y-%m-%d/*.csv").csv()`, `.json()`, `.parquet()`, `.hudi()`, `.delta()` | [`S3`](prelude::S3) |
/// | `TAPS.stream("arn:..", InitPosition::Latest)` | [`Kinesis`](prelude::Kinesis) |
/// | `PINGS.topic("sales")` | [`PubSub`](prelude::PubSub) |
/// | `SHOP.table("sales", cursor = "updated_at")` | [`Postgres`](prelude::Postgres), [`MySql`](prelude::MySql), [`Snowflake`](prelude::Snowflake), [`BigQuery`](prelude::BigQuery), [`Redshift`](prelude::Redshift) |
/// | `SHOP.collection("sales", cursor = "updated_at")` | [`Mongo`](prelude::Mongo) |
///
/// `X::get("name")` is a system whose settings the server has already. A named argument is one more
/// call: `table("sales", cursor = "id")` is `table("sales").cursor("id")`.
///
/// | argument | means |
/// |---|---|
/// | `disorder = "14d"` | how much later than newer ones a row may come, later ones are set aside; required |
/// | `cdc = append` | each row is one more: for datasets without a key; required |
/// | `cdc = upsert` | each row is the new state of its key |
/// | `cdc = debezium` | each row is a change in Debezium's envelope: webhooks, Kafka, S3, Kinesis |
/// | `cdc = native` | the changes of a Delta or Hudi table |
/// | `every = "30m"` | how often to look for new rows, where they don't come by themselves |
/// | `since = "2024-01-01"`, `until = ".."` | takes rows of these event times, `until` excluded |
/// | `env = "prod"`, `env = ["~dev"]` | takes part in commits for these environments |
/// | `bounded, idleness = "2h"` | ends after that long without a row |
/// | `sample = 0.1`, `sample(0.1, using = [column])` | takes a part of the rows, the same part every time |
/// | `preproc(currency = "USD", uid = user.id)` | fills columns with a constant, or from a column of another name or a part of one, or `usd = amount * 1.08` computed from columns |
/// | `filter = amount > 0.0` | takes only these rows, after preproc |
/// | `schema(rate = f64)` | columns of incoming rows that expressions use and the dataset has not |
///
/// With `cdc = debezium` each row is `{"op", "before", "after", "ts_ms", "source"}`, by itself or in `payload`: `after`
/// is there from its event time on (`c`, `r`, `u`); `before` is gone from `source.ts_ms` on, or from `ts_ms` without
/// that, and its key is enough (`d`). Columns, preproc and filter are those of the row in `before` or `after`. Decimals
/// come as text: set Debezium's `decimal.handling.mode` to `string`. A dataset without a key takes new rows alone.
///
/// ```
/// use fennel::prelude::*;
///
/// fennel::owner!("shop@example.com");
///
/// pub static APP: Webhook = Webhook::new("app").retention("30d");
/// pub static LAKE: S3 = S3::new("lake").role_arn("arn:aws:iam::1:role/lake");
///
/// #[source(APP.endpoint("purchase"), disorder = "2h", cdc = append, since = "2024-06-01",
///          preproc(uid = user.id))]
/// #[source(LAKE.bucket("shop", prefix = "purchases/").json(), disorder = "14d", cdc = append,
///          until = "2024-06-01", every = "1d", preproc(uid = user.id))]
/// #[dataset]
/// pub struct Purchase {
///     pub uid: i64,
///     pub amount: f64,
///     pub at: DateTime<Utc>,
/// }
/// ```
pub use fennel_macros::source;

/// Makes a function a pipeline: what fills a dataset from others.
///
/// The parameters are datasets, the result is the dataset that is filled, and the body is `let`s and
/// one chain of operators. Their methods are those of [`Flow`](pipeline::Flow) and
/// [`Grouped`](pipeline::Grouped). In their arguments a bare lower-case name is a column, and
/// SCREAMING_CASE or a path is a Rust constant; [`mod@expr`] has the functions, [`agg`] the aggregates.
///
/// | argument | means |
/// |---|---|
/// | `env = "prod"`, `env = ["~dev"]` | takes part in commits for these environments |
/// | `crate = path` | the path of this crate, for re-exporters |
///
/// ```
/// use fennel::prelude::*;
///
/// fennel::owner!("shop@example.com");
///
/// #[dataset]
/// pub struct Order {
///     pub uid: i64,
///     pub amount: f64,
///     pub currency: String,
///     pub at: DateTime<Utc>,
/// }
///
/// #[dataset(index)]
/// pub struct Spend {
///     #[field(key)]
///     pub uid: i64,
///     pub spend_7d: f64,
///     pub orders: i64,
///     pub at: DateTime<Utc>,
/// }
///
/// const EUR_USD: f64 = 1.08;
///
/// #[pipeline]
/// fn spend(orders: Order) -> Spend {
///     orders
///         .filter(amount > 0.0)
///         .assign(usd = if currency == "EUR" { amount * EUR_USD } else { amount })
///         .group_by(uid)
///         .aggregate(spend_7d = sum(usd, "7d"), orders = count("forever"))
/// }
/// ```
///
/// A column that is not there, a type that doesn't fit, a key that is missing is a compile error at
/// the word, as is a column that the dataset declares and the pipeline does not make.
pub use fennel_macros::pipeline;

/// Makes a Rust function one from rows to rows, for `transform` in pipelines.
///
/// It takes a record whose fields are columns of the rows before it, and makes one whose fields are
/// all the columns behind it, the keys and the event time among them. It is called for each row, in
/// the server that its crate is linked with; the commit carries its name, signature and a hash of its
/// source. It stays a plain function.
///
/// ```
/// use fennel::prelude::*;
///
/// fennel::owner!("shop@example.com");
///
/// #[dataset]
/// pub struct Payment {
///     pub uid: i64,
///     pub amount: f64,
///     pub at: DateTime<Utc>,
/// }
///
/// #[dataset]
/// pub struct Charge {
///     pub uid: i64,
///     pub fee: f64,
///     pub at: DateTime<Utc>,
/// }
///
/// #[derive(Record)]
/// struct Paid {
///     uid: i64,
///     amount: f64,
///     at: DateTime<Utc>,
/// }
///
/// #[derive(Record)]
/// struct Charged {
///     uid: i64,
///     fee: f64,
///     at: DateTime<Utc>,
/// }
///
/// #[transform]
/// fn with_fee(row: Paid) -> Charged {
///     Charged { uid: row.uid, fee: row.amount * 0.03, at: row.at }
/// }
///
/// #[pipeline]
/// fn charge(payments: Payment) -> Charge {
///     payments.filter(amount > 0.0).transform(with_fee)
/// }
/// ```
pub use fennel_macros::transform;

/// An expression over columns, to use in several pipelines and features.
///
/// Its names mean the columns of the place where it is used, which checks it there.
///
/// ```
/// use fennel::prelude::*;
///
/// const RATE: f64 = 1.08;
/// const USD: &Expr = fennel::expr!(if currency == "EUR" { amount * RATE } else { amount });
///
/// assert_eq!(USD.to_string(), "if currency == \"EUR\" { amount * 1.08 } else { amount }");
/// ```
pub use fennel_macros::expr;

#[doc = include_str!("docs/expectations.md")]
pub use fennel_macros::expectations;

/// Where a derived dataset's changes are written to, above or below `#[dataset]`; any number of
/// them. A dataset with a source has none.
///
/// The first argument is where to write: a topic of [`Kafka`](prelude::Kafka) in JSON, a path of an
/// [`Http`](prelude::Http) server, a Delta table in [`S3`](prelude::S3), or a table of
/// [`Snowflake`](prelude::Snowflake).
///
/// | argument | means | Kafka, HTTP | S3, Snowflake |
/// |---|---|---|---|
/// | `cdc = debezium` | each change is an event in Debezium's envelope | required | |
/// | `how = incremental` | what is new is added to what is there | as it is | required |
/// | `every = "1h"` | how often to write | | every hour unless it is set |
/// | `renames(total = "amount")` | columns that are called otherwise there | | none unless it is set |
/// | `since = "2024-01-01"`, `until = ".."` | writes rows of these event times, `until` excluded | | all unless they are set |
/// | `env = "prod"`, `env = ["~dev"]` | takes part in commits for these environments | every | every |
///
/// ```
/// use fennel::prelude::*;
///
/// fennel::owner!("shop@example.com");
///
/// pub static EVENTS: Kafka = Kafka::new("events").bootstrap_servers("kafka-1:9092");
/// pub static LAKE: S3 = S3::new("lake");
///
/// #[sink(EVENTS.topic("spend").json(), cdc = debezium, env = "prod")]
/// #[sink(LAKE.bucket("out", prefix = "spend").delta(), every = "1d", how = incremental,
///        renames(spend = "spend_eur"))]
/// #[dataset]
/// pub struct Spend {
///     #[field(key)]
///     pub uid: i64,
///     pub spend: f64,
///     pub at: DateTime<Utc>,
/// }
/// ```
pub use fennel_macros::sink;

/// Makes a struct a column type, for nested values.
///
/// Its fields have column types, other records too. They can be restricted like columns. Where this
/// crate has another path, write `#[record(crate = path)]` on the struct.
///
/// ```
/// use fennel::prelude::*;
///
/// #[derive(Record)]
/// pub struct Money {
///     pub amount: f64,
///     #[one_of("EUR", "USD")]
///     pub currency: String,
/// }
///
/// #[dataset]
/// #[meta(owner = "orders@example.com")]
/// pub struct Order {
///     pub prices: Vec<Money>,
///     pub refund: Option<Money>,
///     pub at: DateTime<Utc>,
/// }
/// ```
pub use fennel_macros::Record;

/// The owner of all entities of this module that name none.
///
/// A child module has the same owner where it says `use super::*`. Where this crate has another path,
/// that is a second argument: `owner!("..", crate = path)`.
///
/// ```
/// fennel::owner!("risk@example.com");
/// ```
pub use fennel_macros::owner;

/// A list of entities, for [`testing::Mock::commit`] and for catalogs put together by hand.
///
/// ```
/// use fennel::prelude::*;
///
/// #[featureset]
/// #[meta(owner = "team@example.com")]
/// struct Request {
///     uid: i64,
/// }
///
/// assert_eq!(fennel::entities![Request].len(), 1);
/// ```
#[macro_export]
macro_rules! entities {
    ($($entity:ty),* $(,)?) => {
        [$(<$entity as $crate::__private::Entity>::DESCRIPTOR),*]
    };
}
