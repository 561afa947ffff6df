//! Room on the disk of the data folder, of which the engine's own data needs the rest.

use std::path::Path;

use crate::error::{Error, Result};

/// What jobs leave free: twice what the engine does, so that rows are taken in while jobs are refused.
#[cfg(unix)]
const RESERVE: u64 = 1 << 30;

/// Refuses to write so many bytes below `folder` where they would take too much of its disk.
#[cfg(unix)]
pub(crate) fn check(folder: &Path, bytes: u64) -> Result<()> {
    // What can't be asked is found out by writing.
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return Ok(());
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    match free.saturating_sub(bytes) < RESERVE {
        false => Ok(()),
        true => Err(Error::Full(format!(
            "the disk of the data folder is nearly full: offline queries leave {} MiB of it free; make room and send the request again",
            RESERVE >> 20
        ))),
    }
}

/// Nothing is known of the disk.
#[cfg(not(unix))]
pub(crate) fn check(_: &Path, _: u64) -> Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_disk_has_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let refused = check(temp.path(), u64::MAX).unwrap_err().to_string();
        assert!(refused.contains("leave 1024 MiB of it free"), "{refused}");
    }
}
