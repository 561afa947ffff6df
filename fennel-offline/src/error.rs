//! What keeps a job from being taken or from ending.

use std::io;
use std::path::Path;

/// Why an offline query isn't answered. The text says what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request contradicts itself, its input or the server's configuration.
    #[error("{0}")]
    Invalid(String),
    /// There is no such file, object, folder, job or result.
    #[error("{0}")]
    Missing(String),
    /// Something stands where the output is to go, or the job isn't so far.
    #[error("{0}")]
    Conflict(String),
    /// There are too many jobs that have not ended.
    #[error("{0}")]
    Busy(String),
    /// A disk is full.
    #[error("{0}")]
    Full(String),
    /// The machine, a store of objects or the engine failed.
    #[error("{0}")]
    Failed(String),
    /// The job was told to stop: it was cancelled, or the server shuts down.
    #[error("it was stopped")]
    Stopped,
}

/// Shorthand for a result with an [`Error`].
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What an error of the operating system comes to; `doing` is a clause such as "read `/a/b`".
    pub(crate) fn io(doing: &str, error: &io::Error) -> Error {
        use io::ErrorKind as K;
        match error.kind() {
            K::NotFound | K::NotADirectory => {
                Error::Missing(format!("can't {doing}: there is no such file or folder"))
            }
            K::PermissionDenied => Error::Invalid(format!(
                "can't {doing}: the server's user has no permission for that"
            )),
            K::ReadOnlyFilesystem => Error::Invalid(format!(
                "can't {doing}: the disk is mounted for reading alone"
            )),
            K::InvalidInput | K::InvalidFilename => {
                Error::Invalid(format!("can't {doing}: no file can have that name"))
            }
            K::StorageFull | K::QuotaExceeded => Error::Full(format!(
                "can't {doing}: the disk is full; make room and send the request again"
            )),
            K::AlreadyExists => Error::Conflict(format!(
                "can't {doing}: it is there already; choose another place, or remove it first"
            )),
            _ if is_circle(error) => {
                Error::Invalid(format!("can't {doing}: links lead in a circle"))
            }
            _ => Error::Failed(format!("can't {doing}: {error}")),
        }
    }

    /// What an error about one of the job's own files comes to.
    pub(crate) fn own(path: &Path, error: &io::Error) -> Error {
        match Error::io(&format!("write `{}`", path.display()), error) {
            full @ Error::Full(_) => full,
            other => Error::Failed(other.to_string()),
        }
    }
}

#[cfg(unix)]
fn is_circle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn is_circle(_: &io::Error) -> bool {
    false
}
