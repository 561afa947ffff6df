//! The parts of a request that several calls share: branch, dataset name and parameters.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::Failure;
use crate::openapi::Schema;
use crate::span;

/// The branch that the header `x-fennel-branch` names; `main` without it.
#[derive(Debug)]
pub(crate) struct Branch(pub(crate) String);

impl FromRequestParts<App> for Branch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let Some(header) = parts.headers.get("x-fennel-branch") else {
            span::tell_branch("main");
            return Ok(Branch("main".into()));
        };
        match header.to_str() {
            Ok("") => Err(Failure::bad_request(
                "the header x-fennel-branch is empty; name a branch, or leave it out for `main`",
            )),
            Ok(name) => {
                span::tell_branch(name);
                Ok(Branch(name.into()))
            }
            Err(_) => Err(Failure::bad_request(
                "the header x-fennel-branch is not ASCII; a branch's name has letters, digits and `_.-/`",
            )),
        }
    }
}

/// The dataset that the path names.
#[derive(Debug)]
pub(crate) struct DatasetName(pub(crate) String);

impl FromRequestParts<App> for DatasetName {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path(name)) => Ok(DatasetName(name)),
            Err(error) => Err(Failure::bad_request(format!(
                "the dataset's name in the path can't be read: {}",
                error.body_text()
            ))),
        }
    }
}

/// The account, role or token that the path names.
#[derive(Debug)]
pub(crate) struct Name(pub(crate) String);

impl FromRequestParts<App> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Path::from_request_parts(parts, app).await {
            Ok(Path(name)) => Ok(Name(name)),
            Err(error) => Err(Failure::bad_request(format!(
                "the name in the path can't be read: {}",
                error.body_text()
            ))),
        }
    }
}

/// The parameters behind the path's `?`.
#[derive(Debug)]
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Parameters<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Query::from_request_parts(parts, app).await {
            Ok(Query(parameters)) => Ok(Parameters(parameters)),
            Err(error) => {
                let text = error.body_text();
                let text = text.trim_start_matches("Failed to deserialize query string: ");
                let message = format!("the parameters can't be read: {text}");
                Err(Failure::bad_request(message))
            }
        }
    }
}

/// How many rows to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowCount {
    #[serde(default = "ten")]
    n: u32,
}

fn ten() -> u32 {
    10
}

impl RowCount {
    const MAX: u32 = 10_000;

    /// What is said of it.
    pub(crate) fn schema() -> Schema {
        Schema::count().at_most(Self::MAX).default(ten())
    }

    /// The number, if it is one that a single answer can hold.
    pub(crate) fn get(&self) -> Result<usize, Failure> {
        if self.n > Self::MAX {
            let message = format!("n is {}; ask for at most {} rows", self.n, Self::MAX);
            return Err(Failure::bad_request(message));
        }
        Ok(self.n as usize)
    }
}
