//! What an offline query asks.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Format;
use crate::read::Form;

/// A query whose rows have instants of their own and come from files, or with the request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The branch.
    pub branch: String,
    /// Features that are given, as `Featureset.feature`. One that is named twice is taken once.
    pub inputs: Vec<String>,
    /// The columns that have the inputs, where they are called otherwise than these.
    pub columns: BTreeMap<String, String>,
    /// Features to answer, as `Featureset.feature`, or `Featureset` for all that are not deleted.
    pub outputs: Vec<String>,
    /// The column with each row's instant, which is also the last one of the output.
    pub timestamp_column: String,
    /// Where the rows are.
    pub input: Input,
    /// Where the answer goes, as Parquet; `None` keeps it with the job.
    pub output: Option<Place>,
    /// A label, without meaning otherwise.
    pub workflow: Option<String>,
    /// Who asks.
    pub submitter: Submitter,
}

/// Who has submitted a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitter {
    /// The account.
    pub account: String,
    /// When that was made, in microseconds since 1970: another one may have its name later. `None` where it isn't known.
    #[serde(default)]
    pub since: Option<i64>,
    /// The id of its token.
    pub token: String,
}

/// Where rows are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Input {
    /// In the request: a [`Frame`](crate::Frame) goes beside it.
    Frame,
    /// In a file, or in all files of a folder or below a prefix, in the order of their names. Names that begin with `.`
    /// or `_` are passed over.
    Files(Place, Format),
}

/// A place for files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A file or folder of the server's machine, as `file:///folder/name`.
    Local(String),
    /// Objects of S3.
    S3(Bucket),
}

/// Objects of S3 below a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// What the objects' names begin with.
    pub prefix: String,
    /// How to get at them; `None` takes what the server's environment has.
    pub keys: Option<Keys>,
}

/// A key of S3. It is kept with the job until that has ended.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The key's id.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Request {
    /// The name of the column that has an input.
    pub(crate) fn column<'r>(&'r self, input: &'r str) -> &'r str {
        self.columns.get(input).map_or(input, String::as_str)
    }

    pub(crate) fn name_inputs_once(&mut self) {
        let mut named = HashSet::new();
        self.inputs.retain(|input| named.insert(input.clone()));
    }

    /// Forgets the keys of S3, and tells whether there were any.
    pub(crate) fn forget_keys(&mut self) -> bool {
        let input = match &mut self.input {
            Input::Files(place, _) => Some(place),
            Input::Frame => None,
        };
        let mut had_keys = false;
        for place in input.into_iter().chain(&mut self.output) {
            if let Place::S3(bucket) = place {
                had_keys |= bucket.keys.take().is_some();
            }
        }
        had_keys
    }
}

impl Input {
    /// How its rows are written.
    pub(crate) fn form(&self) -> Form {
        match self {
            Input::Frame => Form::Frame,
            Input::Files(_, format) => Form::File(format.clone()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Local(url) => f.write_str(url),
            Place::S3(bucket) => write!(f, "s3://{}/{}", bucket.name, bucket.prefix),
        }
    }
}
