//! The engine in process, for tests of definitions.
//!
//! [`Mock`] commits entities, takes typed rows and answers typed queries. It is the engine that
//! the server runs, in memory; time stands still until the test moves it.
//!
//! ```
//! use fennel::prelude::*;
//! use fennel::testing::{Mock, utc};
//!
//! fennel::owner!("crm@example.com");
//!
//! #[dataset(index)]
//! pub struct Member {
//!     #[field(key)]
//!     pub member_id: i64,
//!     pub plan: String,
//!     pub since: DateTime<Utc>,
//! }
//!
//! #[featureset]
//! pub struct MemberFeatures {
//!     pub member_id: i64,
//!     #[feature(Member::plan)]
//!     pub plan: Option<String>,
//! }
//!
//! let fennel = Mock::commit(fennel::entities![Member, MemberFeatures])?;
//! fennel.log([Member {
//!     member_id: 1,
//!     plan: "gold".into(),
//!     since: utc("2024-01-01T00:00:00Z"),
//! }])?;
//!
//! let plans = fennel
//!     .query(MemberFeatures::plan)
//!     .given(MemberFeatures::member_id, [1, 1])
//!     .at([utc("2023-12-31T00:00:00Z"), utc("2024-01-01T00:00:00Z")])
//!     .run()?;
//! assert_eq!(plans, [None, Some("gold".into())]);
//!
//! let before = fennel
//!     .query(MemberFeatures::plan)
//!     .as_of(utc("2023-12-31T00:00:00Z"))
//!     .given(MemberFeatures::member_id, [1, 2])
//!     .run()?;
//! assert_eq!(before, [None, None]);
//! # Ok::<(), fennel::testing::Error>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use fennel_core::catalog::Catalog;
use fennel_core::connector::Endpoint;
use fennel_core::entity::{Descriptor, Entity};
use fennel_core::handle::Feature;
use fennel_core::row::Row;
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::DataType;
use fennel_core::value::Value;
use fennel_core::wire;
use fennel_core::wire::proto::connector;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::Store;
use fennel_engine::{Clock as _, CommitOptions, Engine, ManualClock, SystemClock};
use serde_json::Value as Json;

pub use fennel_engine::{Error, Expectation, ExpectationWindow};

/// The branch that a mock has.
const BRANCH: &str = "main";
/// The webhook that typed rows go through, an endpoint for each dataset.
const DIRECT: &str = "__fennel_testing";

/// A server without a socket or a disk: what is committed, logged and asked stays in this value.
/// Sources other than webhooks are left out, and so are sinks: rows come from the test.
///
/// Pipelines run as rows come, and Rust functions are called:
///
/// ```
/// use fennel::prelude::*;
/// use fennel::testing::{Mock, utc};
///
/// fennel::owner!("shop@example.com");
///
/// #[dataset]
/// pub struct Purchase {
///     pub uid: i64,
///     pub amount: f64,
///     pub at: DateTime<Utc>,
/// }
///
/// #[dataset(index)]
/// pub struct Spend {
///     #[field(key)]
///     pub uid: i64,
///     pub last_day: f64,
///     pub at: DateTime<Utc>,
/// }
///
/// #[pipeline]
/// fn spend(purchases: Purchase) -> Spend {
///     purchases.filter(amount > 0.0).group_by(uid).aggregate(last_day = sum(amount, "1d"))
/// }
///
/// #[featureset]
/// pub struct UserFeatures {
///     pub uid: i64,
///     #[feature(Spend::last_day, default = 0.0)]
///     pub spend: f64,
///     #[feature(expr = spend > 100.0)]
///     pub is_big: bool,
/// }
///
/// let fennel = Mock::commit(fennel::entities![Purchase, Spend, UserFeatures])?;
/// let purchase = |amount, at| Purchase { uid: 7, amount, at: utc(at) };
/// fennel.log([
///     purchase(80.0, "2024-01-01T09:00:00Z"),
///     purchase(30.0, "2024-01-01T18:00:00Z"),
/// ])?;
/// let answers = fennel
///     .query((UserFeatures::spend, UserFeatures::is_big))
///     .given(UserFeatures::uid, [7, 7])
///     .at([utc("2024-01-01T20:00:00Z"), utc("2024-01-02T12:00:00Z")])
///     .run()?;
/// assert_eq!(answers, [(110.0, true), (30.0, false)]);
/// # Ok::<(), fennel::testing::Error>(())
/// ```
#[derive(Clone)]
pub struct Mock {
    engine: Engine,
    clock: ManualClock,
    /// The datasets that pipelines fill, by name, each with what its pipeline reads.
    derived: BTreeMap<String, String>,
}

impl Mock {
    /// Commits the entities for no environment, so that every source and feature takes part.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them: [`Error::Invalid`].
    pub fn commit(entities: impl IntoIterator<Item = Descriptor<'static>>) -> Result<Mock, Error> {
        Mock::commit_for(None, entities)
    }

    /// Commits the entities for an environment.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them: [`Error::Invalid`].
    pub fn commit_for(
        env: Option<&str>,
        entities: impl IntoIterator<Item = Descriptor<'static>>,
    ) -> Result<Mock, Error> {
        let catalog: Catalog<'static> = entities.into_iter().collect();
        catalog.check(env).map_err(Error::Invalid)?;
        let mut request = wire::encode(&catalog, env, "");
        leave_systems_out(&mut request);
        let derived = derived(&catalog, env);
        add_direct_sources(&catalog, &derived, &mut request);
        let clock = ManualClock::new(SystemClock.now());
        let engine = Engine::open(Store::in_memory(), Arc::new(clock.clone()))?;
        engine.commit(BRANCH, &request, CommitOptions::default())?;
        Ok(Mock {
            engine,
            clock,
            derived,
        })
    }

    /// The instant that the mock takes for now; it begins at the moment of the commit.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().to_datetime()
    }

    /// Moves the mock's now, in any direction.
    ///
    /// # Panics
    ///
    /// If the instant is outside years 1 to 9999.
    #[track_caller]
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.clock.set(timestamp(&now));
    }

    /// Adds rows to their dataset, past its sources and their preproc. With a key each row is the
    /// new state of its key, else it is one more.
    ///
    /// # Errors
    ///
    /// The dataset was not committed, or a pipeline fills it; or rows don't fit it (a restricted
    /// column): those rows are named, and the others are in.
    pub fn log<R: Row>(&self, rows: impl IntoIterator<Item = R>) -> Result<(), Error> {
        if let Some(inputs) = self.derived.get(R::NAME) {
            return Err(Error::Request(format!(
                "dataset `{}` is filled by its pipeline; log the rows of {inputs} that it is made of",
                R::NAME
            )));
        }
        let names = R::DATASET.fields.iter().map(|field| field.name);
        let rows = rows.into_iter().map(|row| {
            let values = names.clone().zip(row.into_values());
            values
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        });
        self.log_to(DIRECT, R::NAME, rows.collect())
    }

    /// Sends rows, as JSON objects, to an endpoint of a webhook, the way a producer does.
    ///
    /// ```
    /// # use fennel::prelude::*;
    /// # use fennel::testing::Mock;
    /// # fennel::owner!("shop@example.com");
    /// # static APP: Webhook = Webhook::new("app");
    /// # #[dataset]
    /// # #[source(APP.endpoint("purchase"), disorder = "2h", cdc = append, preproc(uid = user.id))]
    /// # struct Purchase { uid: i64, at: DateTime<Utc> }
    /// # let fennel = Mock::commit(fennel::entities![Purchase])?;
    /// fennel.send(
    ///     APP.endpoint("purchase"),
    ///     [serde_json::json!({"user": {"id": 7}, "at": "2024-01-01T00:00:00Z"})],
    /// )?;
    /// assert_eq!(fennel.rows::<Purchase>()?[0].uid, 7);
    /// # Ok::<(), fennel::testing::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No dataset reads from the endpoint, a row is not an object, or rows don't fit: those are
    /// named, and the others are in.
    pub fn send(
        &self,
        endpoint: Endpoint<'_>,
        rows: impl IntoIterator<Item = Json>,
    ) -> Result<(), Error> {
        let rows = rows
            .into_iter()
            .enumerate()
            .map(|(i, row)| match Value::from(row) {
                Value::Map(row) => Ok(row),
                other => Err(Error::Request(format!(
                    "row {i} is {other}; a row is a JSON object"
                ))),
            });
        self.log_to(
            endpoint.webhook.name,
            endpoint.endpoint,
            rows.collect::<Result<_, _>>()?,
        )
    }

    fn log_to(
        &self,
        webhook: &str,
        endpoint: &str,
        rows: Vec<BTreeMap<String, Value>>,
    ) -> Result<(), Error> {
        let logged = self.engine.log(webhook, endpoint, rows)?;
        if logged.set_aside.is_empty() {
            return Ok(());
        }
        let reasons = logged.set_aside.iter().map(|set_aside| {
            format!(
                "row {} doesn't fit `{}`: {}",
                set_aside.row, set_aside.dataset, set_aside.reason
            )
        });
        Err(Error::Request(reasons.collect::<Vec<_>>().join("\n")))
    }

    /// The rows of a dataset that were logged or made so far, in no particular order; for a keyed
    /// one all versions of each key.
    ///
    /// # Errors
    ///
    /// The dataset was not committed.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, Error> {
        let columns = self.engine.inspect(BRANCH, R::NAME, usize::MAX)?;
        let row = |i: usize| {
            let values = R::DATASET.fields.iter().map(|field| {
                let column = columns.get(field.name);
                column
                    .and_then(|column| column.values.get(i).cloned())
                    .unwrap_or(Value::Null)
            });
            R::from_values(values.collect())
                .map_err(|mismatch| Error::Request(mismatch.to_string()))
        };
        (0..columns.rows()).map(row).collect()
    }

    /// What came of the expectations of a dataset, by windows of an hour in which rows came.
    ///
    /// ```
    /// use fennel::prelude::*;
    /// use fennel::testing::{Mock, utc};
    ///
    /// fennel::owner!("shop@example.com");
    ///
    /// #[dataset]
    /// #[expectations(expect_column_values_to_be_between(amount, min = 0.0, mostly = 0.5))]
    /// pub struct Payment {
    ///     pub amount: f64,
    ///     pub at: DateTime<Utc>,
    /// }
    ///
    /// let fennel = Mock::commit(fennel::entities![Payment])?;
    /// let at = utc("2024-01-01T00:00:00Z");
    /// fennel.log([1.0, 2.0, -3.0].map(|amount| Payment { amount, at }))?;
    /// let window = &fennel.expectations::<Payment>()?[0].windows[0];
    /// assert_eq!((window.rows, window.unexpected, window.holds), (3, 1, true));
    /// # Ok::<(), fennel::testing::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a dataset that isn't committed.
    pub fn expectations<R: Row>(&self) -> Result<Vec<Expectation>, Error> {
        let found = self.engine.expectations(BRANCH, R::NAME, usize::MAX)?;
        Ok(found.list)
    }

    /// Asks for a feature, or for a tuple of features; see [`Query`].
    pub fn query<O: Outputs>(&self, outputs: O) -> Query<'_, O> {
        Query {
            mock: self,
            outputs,
            given: BTreeMap::new(),
            at: At::Now,
        }
    }
}

/// The datasets that pipelines fill, each with what its pipeline reads.
fn derived(catalog: &Catalog<'_>, env: Option<&str>) -> BTreeMap<String, String> {
    let datasets = catalog.datasets().iter();
    let derived = datasets.filter_map(|dataset| {
        let pipeline = catalog.selected_pipelines(dataset.name, env).next()?;
        let inputs = pipeline.inputs.iter().map(|input| format!("`{input}`"));
        let inputs = inputs.collect::<Vec<_>>().join(" and ");
        Some((dataset.name.to_owned(), inputs))
    });
    derived.collect()
}

/// A mock has no outside systems: it reads what is sent to it, and writes nothing.
fn leave_systems_out(request: &mut SyncRequest) {
    request.sources.retain(|source| {
        let table = source
            .table
            .as_ref()
            .and_then(|table| table.variant.as_ref());
        matches!(table, Some(connector::ext_table::Variant::Endpoint(_)))
    });
    request.sinks.clear();
}

/// Every dataset without a pipeline gets one more source, so that typed rows take the way of all others.
fn add_direct_sources(
    catalog: &Catalog<'_>,
    derived: &BTreeMap<String, String>,
    request: &mut SyncRequest,
) {
    let seconds = |duration: Duration| prost_types::Duration {
        seconds: duration.micros() / 1_000_000,
        nanos: 0,
    };
    let forever = Duration::from_days(36_500);
    let datasets = catalog.datasets().iter();
    for dataset in datasets.filter(|dataset| !derived.contains_key(dataset.name)) {
        let cdc = if dataset.is_keyed() {
            connector::CdcStrategy::Upsert
        } else {
            connector::CdcStrategy::Append
        };
        let webhook = connector::Webhook {
            name: DIRECT.into(),
            retention: Some(seconds(forever)),
        };
        let database = connector::ExtDatabase {
            name: DIRECT.into(),
            variant: Some(connector::ext_database::Variant::Webhook(webhook)),
        };
        let endpoint = connector::WebhookEndpoint {
            db: Some(database),
            endpoint: dataset.name.into(),
            duration: Some(seconds(forever)),
        };
        request.sources.push(connector::Source {
            table: Some(connector::ExtTable {
                variant: Some(connector::ext_table::Variant::Endpoint(endpoint)),
            }),
            dataset: dataset.name.into(),
            ds_version: dataset.version,
            disorder: Some(seconds(forever)),
            cdc: cdc.into(),
            ..Default::default()
        });
    }
}

/// A feature query that is being put together.
#[must_use = "a query is asked by `run`"]
pub struct Query<'m, O> {
    mock: &'m Mock,
    outputs: O,
    given: BTreeMap<String, Vec<Value>>,
    at: At,
}

/// As of when a query asks.
enum At {
    Now,
    /// The same instant for every row.
    One(Timestamp),
    /// An instant for each row.
    Each(Vec<Timestamp>),
}

impl<O: Outputs> Query<'_, O> {
    /// Gives a feature, one value for each row of the answer.
    pub fn given<F: Entity, T: DataType, V: Into<T>, const N: usize>(
        mut self,
        feature: Feature<F, T, N>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(|value| value.into().into_value());
        self.given.insert(feature.path(), values.collect());
        self
    }

    /// Asks as of these instants, one for each row, rather than as of the mock's now.
    ///
    /// # Panics
    ///
    /// If an instant is outside years 1 to 9999.
    #[track_caller]
    pub fn at(mut self, instants: impl IntoIterator<Item = DateTime<Utc>>) -> Self {
        let mut at = Vec::new();
        for instant in instants {
            at.push(timestamp(&instant));
        }
        self.at = At::Each(at);
        self
    }

    /// Asks as of one instant for every row, rather than as of the mock's now.
    ///
    /// # Panics
    ///
    /// If the instant is outside years 1 to 9999.
    #[track_caller]
    pub fn as_of(mut self, instant: DateTime<Utc>) -> Self {
        self.at = At::One(timestamp(&instant));
        self
    }

    /// The answer, one row for each row given.
    ///
    /// # Errors
    ///
    /// What the query lacks, or what can't be had, by the feature's name.
    pub fn run(self) -> Result<Vec<O::Row>, Error> {
        let names = self.outputs.names();
        // A feature that is asked for twice is answered once.
        let distinct: BTreeSet<&String> = names.iter().collect();
        let rows = self.given.values().next().map_or(0, Vec::len);
        let query = fennel_engine::Query {
            inputs: self.given.keys().cloned().collect(),
            outputs: distinct.into_iter().cloned().collect(),
            data: self.given,
            at: match self.at {
                At::Now => None,
                At::One(instant) => Some(vec![instant; rows]),
                At::Each(instants) => Some(instants),
            },
        };
        let answer = self.mock.engine.query(BRANCH, &query)?;
        let row = |i: usize| {
            let values = names.iter().map(|name| {
                let column = answer.get(name);
                column
                    .and_then(|column| column.values.get(i).cloned())
                    .unwrap_or(Value::Null)
            });
            O::row(values.collect()).map_err(|mismatch| Error::Request(mismatch.to_string()))
        };
        (0..answer.rows()).map(row).collect()
    }
}

/// What a query can ask for: a feature, or a tuple of up to eight.
pub trait Outputs {
    /// One row of the answer.
    type Row;

    /// The features' full names.
    fn names(&self) -> Vec<String>;

    /// A row of the answer from its values.
    ///
    /// # Errors
    ///
    /// A value is not of its feature's type.
    fn row(values: Vec<Value>) -> Result<Self::Row, fennel_core::value::Mismatch>;
}

impl<F: Entity, T: DataType, const N: usize> Outputs for Feature<F, T, N> {
    type Row = T;

    fn names(&self) -> Vec<String> {
        vec![self.path()]
    }

    fn row(values: Vec<Value>) -> Result<T, fennel_core::value::Mismatch> {
        T::from_value(values.into_iter().next().unwrap_or(Value::Null))
    }
}

macro_rules! tuples {
    ($(($($output:ident $ty:ident $n:ident $i:tt),+))*) => {$(
        impl<$($output: Entity, $ty: DataType, const $n: usize),+> Outputs
            for ($(Feature<$output, $ty, $n>,)+)
        {
            type Row = ($($ty,)+);

            fn names(&self) -> Vec<String> {
                vec![$(self.$i.path()),+]
            }

            fn row(values: Vec<Value>) -> Result<Self::Row, fennel_core::value::Mismatch> {
                let mut values = values.into_iter();
                Ok(($($ty::from_value(values.next().unwrap_or(Value::Null))?,)+))
            }
        }
    )*};
}

tuples! {
    (A TA NA 0, B TB NB 1)
    (A TA NA 0, B TB NB 1, C TC NC 2)
    (A TA NA 0, B TB NB 1, C TC NC 2, D TD ND 3)
    (A TA NA 0, B TB NB 1, C TC NC 2, D TD ND 3, E TE NE 4)
    (A TA NA 0, B TB NB 1, C TC NC 2, D TD ND 3, E TE NE 4, G TG NG 5)
    (A TA NA 0, B TB NB 1, C TC NC 2, D TD ND 3, E TE NE 4, G TG NG 5, H TH NH 6)
    (A TA NA 0, B TB NB 1, C TC NC 2, D TD ND 3, E TE NE 4, G TG NG 5, H TH NH 6, I TI NI 7)
}

/// An instant such as `"2024-01-02T03:04:05Z"` or `"2024-01-02"`.
///
/// # Panics
///
/// If the text is not one; it is for constants in tests.
#[must_use]
#[track_caller]
pub fn utc(text: &str) -> DateTime<Utc> {
    match Timestamp::parse(text) {
        Ok(timestamp) => timestamp.to_datetime(),
        Err(message) => panic!("{text:?} is {message}"),
    }
}

#[track_caller]
fn timestamp(instant: &DateTime<Utc>) -> Timestamp {
    match Timestamp::from_datetime(instant) {
        Some(timestamp) => timestamp,
        None => panic!("{instant} is outside years 1 to 9999"),
    }
}
