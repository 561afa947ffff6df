//! Offline queries of fennel: features for the rows of files, each as of its own instant.
//!
//! [`Jobs::submit`] takes a [`Request`], and workers answer it part by part:
//!
//! ```text
//! files -> chunks of rows -> values -> Engine::query, as of instants -> a part as Parquet     read, work, write
//! parts -> one file, under a name that says it isn't whole -> the output                      write, output
//! ```
//!
//! A finished part is on the disk with a line that says so (`folder`), so a server that starts again goes on behind the
//! last one. Memory holds one chunk for each worker, however large the input is: a row of CSV or JSON has 16 MiB at most. Of
//! Parquet a page is decompressed as a whole, so there memory goes with the largest page, and a value has no bound. A row
//! without an answer is counted and told with its place, and the others are answered.
//!
//! What a job may read is decided by whoever implements [`Ask`], for each part anew. Files are those below folders that
//! [`Settings`] name, and none otherwise.

mod ask;
mod error;
mod files;
mod folder;
mod format;
mod frame;
mod id;
mod job;
mod jobs;
mod objects;
mod output;
mod places;
mod read;
mod request;
mod room;
mod status;
mod work;
mod write;

pub use ask::{Answer, Ask, Failed};
pub use error::Error;
pub use format::Format;
pub use frame::Frame;
pub use jobs::{Jobs, Settings};
pub use request::{Bucket, Input, Keys, Place, Request, Submitter};
pub use status::{Failure, State, Status};
