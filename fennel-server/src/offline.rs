//! Offline queries: what their jobs are told by the engine, and who is asked whether they may know.

use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use fennel_core::value::Shape;
use fennel_engine::{Engine, Query};
use fennel_offline::{Answer, Ask, Failed, Jobs, Settings, Submitter};

use crate::auth::{Access, Caller};
use crate::error::Failure;
use crate::metrics::Requests;
use crate::{Config, Error};

/// Opens the jobs of a data folder.
pub(crate) fn open(
    engine: &Engine,
    access: &Arc<Access>,
    requests: &Arc<Requests>,
    config: &Config,
) -> Result<Jobs, Error> {
    let settings = Settings {
        folder: config.data_dir.join("offline"),
        folders: config.offline_dirs.clone(),
        buckets: config.offline_buckets.clone(),
        workers: config.offline_workers,
    };
    let asking = Asking {
        engine: engine.clone(),
        access: Arc::clone(access),
        requests: Arc::clone(requests),
    };
    Jobs::open(&settings, Arc::new(asking), access.clock()).map_err(Error::Offline)
}

struct Asking {
    engine: Engine,
    access: Arc<Access>,
    requests: Arc<Requests>,
}

impl Ask for Asking {
    fn types(
        &self,
        branch: &str,
        features: &[String],
    ) -> Result<Vec<Shape>, fennel_offline::Error> {
        let types = self.engine.feature_types(branch, features);
        types.map_err(|error| Failure::from(error).into())
    }

    fn query(
        &self,
        who: &Submitter,
        branch: &str,
        query: &Query,
    ) -> Result<Answer, fennel_offline::Error> {
        let caller = self.access.recall(&who.account, &who.token);
        let caller = caller.map_err(|reason| fennel_offline::Error::Invalid(reason.into()))?;
        let begun = Instant::now();
        let answer = answer(&self.engine, &caller, branch, query);
        if query.at.as_ref().is_some_and(|at| !at.is_empty()) {
            self.requests.offline_extractions.add(begun.elapsed());
        }
        answer.map_err(Failure::into)
    }

    fn failed(&self, what: &Failed<'_>) {
        let status = match what {
            Failed::Job(error) => Failure::from((*error).clone()).status(),
            // As that of a query whose rows fail.
            Failed::Rows => StatusCode::BAD_REQUEST,
        };
        self.requests.offline_failures.add(status);
    }
}

/// What the engine answers, if the caller may know it.
pub(crate) fn answer(
    engine: &Engine,
    caller: &Caller,
    branch: &str,
    query: &Query,
) -> Result<Answer, Failure> {
    caller.read_features(engine, branch, &query.outputs, || {
        match engine.query_part(branch, query) {
            Ok(columns) => Ok(Answer::Columns(columns)),
            Err(fennel_engine::Error::Rows(failed)) => Ok(Answer::Failed(failed)),
            Err(error) => Err(error),
        }
    })
}
