//! What calls have in common that show some of what there is of a dataset.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use fennel_engine::{Engine, Error};

use crate::app::App;
use crate::auth::{Caller, Mode};
use crate::error::Failure;
use crate::request::{Branch, DatasetName, Parameters, RowCount};

/// What is asked for, by a caller who may read data of the branch.
pub(super) struct Asked {
    pub(super) caller: Caller,
    pub(super) branch: String,
    dataset: String,
    /// How many rows to show at most.
    n: usize,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let Branch(branch) = Branch::from_request_parts(parts, app).await?;
        let DatasetName(dataset) = DatasetName::from_request_parts(parts, app).await?;
        let Parameters(count) = Parameters::<RowCount>::from_request_parts(parts, app).await?;
        caller.require(Mode::ReadData, &branch)?;
        let n = count.get()?;
        Ok(Asked {
            caller,
            branch,
            dataset,
            n,
        })
    }
}

impl Asked {
    /// Reads it, if the dataset's tags allow that.
    pub(super) fn read<T>(
        &self,
        engine: &Engine,
        read: impl FnOnce(&Engine, &str, &str, usize) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let Asked {
            caller,
            branch,
            dataset,
            n,
        } = self;
        let read = || read(engine, branch, dataset, *n);
        caller.read_dataset(engine, branch, dataset, read)
    }
}
