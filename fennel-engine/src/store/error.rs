//! What can go wrong with a store, and what to do about it.
//!
//! A write that returned an error changed nothing that a reader can see, now or after a restart
//! (see [`StoreError::Failed`] for the one case in which a restart may still find it).
//! [`Full`](StoreError::Full) heals by itself once there is space; after
//! [`Failed`](StoreError::Failed) the store still answers reads, and takes writes again once it has been
//! dropped and reopened. Everything that was acknowledged stays readable in both.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The error below a [`StoreError`], shared because one failed write answers many callers.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a store couldn't be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process, or another `Store` of this one, has the folder open.
    #[error("store folder `{}` is in use, stop the other process or choose another folder", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },

    /// There is a file where the folder, or one around it, is to be.
    #[error("`{}` is a file and no folder, name a folder for the data", file.display())]
    NoFolder {
        /// The file.
        file: PathBuf,
    },

    /// The folder is no store, and has something else in it.
    #[error(
        "folder `{}` has no data of fennel but something else, such as `{found}`, name an empty or a new folder", dir.display()
    )]
    Foreign {
        /// The folder.
        dir: PathBuf,
        /// The name of something in it.
        found: String,
    },

    /// The folder isn't a store, or one of another format.
    #[error(
        "store folder `{}` has format {found} and this version reads format {expected}, \
         open it with the version that wrote it", dir.display()
    )]
    Format {
        /// The folder.
        dir: PathBuf,
        /// What the folder's format marker says; `none` without a marker.
        found: String,
        /// The only format that this version reads and writes.
        expected: u32,
    },

    /// Files of the store are missing or damaged.
    #[error("store folder `{}` is damaged, restore it from a backup", dir.display())]
    Corrupt {
        /// The folder.
        dir: PathBuf,
        /// Which check failed.
        #[source]
        source: Cause,
    },

    /// The disk has no space left, beyond the reserve that keeps the store healthy.
    #[error("the disk that holds store folder `{}` is full, free some space", dir.display())]
    Full {
        /// The folder.
        dir: PathBuf,
        /// The refusal of the operating system, or `None` if the store refused first.
        #[source]
        source: Option<Cause>,
    },

    /// An earlier write or a background task failed, so the store writes no more.
    ///
    /// The source is that first error, which the callers of that write got as it is. The store leaves
    /// a note in the folder that makes the next open drop their batches. Without that note (the disk is gone, or
    /// fjall panicked) the next open may find those batches, each in full or not at all.
    #[error("store folder `{}` takes no more writes, mend the cause and restart", dir.display())]
    Failed {
        /// The folder.
        dir: PathBuf,
        /// What went wrong first.
        #[source]
        source: Box<StoreError>,
    },

    /// The operating system refused a read or a write.
    #[error("store folder `{}` can't be used, check the disk and the permissions", dir.display())]
    Io {
        /// The folder.
        dir: PathBuf,
        /// The refusal.
        #[source]
        source: Cause,
    },

    /// A key of a batch is empty or too long; nothing of the batch was written.
    #[error("a store key has 1 to 65535 bytes and this one {len}, shorten it")]
    KeyLength {
        /// Length of the key in bytes.
        len: usize,
    },

    /// A value of a batch is too long; nothing of the batch was written.
    #[error("a store value has at most 4294967295 bytes and this one {len}, split it")]
    ValueLength {
        /// Length of the value in bytes.
        len: usize,
    },

    /// [`Store::close`](super::Store::close) was called before this write.
    #[error("the store is closed, open it again")]
    Closed,
}

/// Shorthand for a result with a [`StoreError`].
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// An error of the operating system while working in `dir`.
    pub(super) fn io(dir: &Path, error: io::Error) -> Self {
        let (dir, kind) = (dir.to_path_buf(), error.kind());
        let source: Cause = Arc::new(error);
        match kind {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full {
                dir,
                source: Some(source),
            },
            ErrorKind::NotFound
            | ErrorKind::UnexpectedEof
            | ErrorKind::InvalidData
            | ErrorKind::InvalidInput => Self::Corrupt { dir, source },
            _ => Self::Io { dir, source },
        }
    }

    /// An error of the storage engine while working in `dir`.
    pub(super) fn engine(dir: &Path, error: fjall::Error) -> Self {
        use fjall::{Error as E, LsmError};
        let dir = dir.to_path_buf();
        match error {
            E::Io(e) | E::Storage(LsmError::Io(e)) => Self::io(&dir, e),
            E::Locked => Self::Locked { dir },
            // A background task failed: fjall logs its error, and tells us only this.
            E::Poisoned => Self::Io {
                dir,
                source: Arc::new(E::Poisoned),
            },
            damage => Self::Corrupt {
                dir,
                source: Arc::new(damage),
            },
        }
    }
}
