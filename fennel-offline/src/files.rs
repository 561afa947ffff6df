//! The input files of a job.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

#[cfg(unix)]
use cap_std::fs::OpenOptionsExt;
use cap_std::fs::{Dir, OpenOptions};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::places::Local;
use crate::read::Source;

/// What a file was when the job began: one that has changed since can't be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The file's name for a person.
    pub(crate) name: String,
    size: u64,
    /// In nanoseconds since 1970.
    modified: Option<u64>,
}

impl Seen {
    pub(crate) fn of(source: &dyn Source) -> Result<Seen> {
        let name = source.name().to_owned();
        let metadata = source.open()?.metadata();
        let metadata = metadata.map_err(|error| Error::io(&format!("read `{name}`"), &error))?;
        let modified = metadata.modified().ok();
        let modified = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(Seen {
            name,
            size: metadata.len(),
            modified: modified.and_then(|since| u64::try_from(since.as_nanos()).ok()),
        })
    }
}

/// Refuses to go on with files of which one has changed, has come, or is gone.
pub(crate) fn check_same(files: &[Arc<dyn Source>], seen: &[Seen]) -> Result<()> {
    let changed = |name: &str, what: &str| {
        Error::Failed(format!(
            "`{name}` {what} since the query was begun; send it again"
        ))
    };
    let there: HashSet<&str> = files.iter().map(|file| file.name()).collect();
    if let Some(gone) = seen.iter().find(|seen| !there.contains(&*seen.name)) {
        return Err(changed(&gone.name, "is gone"));
    }
    for (i, file) in files.iter().enumerate() {
        match seen.get(i) {
            // In the order of their names, so what isn't at its place is behind one that came.
            Some(seen) if seen.name == file.name() => {
                if Seen::of(&**file)? != *seen {
                    return Err(changed(&seen.name, "has changed"));
                }
            }
            _ => return Err(changed(file.name(), "has come")),
        }
    }
    Ok(())
}

/// A file of an allowed folder.
struct Allowed {
    dir: Arc<Dir>,
    path: PathBuf,
    name: String,
}

impl Source for Allowed {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        // Since a pipe would wait for somebody who writes to it.
        #[cfg(unix)]
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        let unreadable = |error| unreadable(&self.name, &error);
        let file = self.dir.open_with(&self.path, &options);
        let file = file.map_err(unreadable)?.into_std();
        match file.metadata().map_err(unreadable)?.is_file() {
            true => Ok(file),
            false => Err(no_file(&self.name)),
        }
    }
}

/// A file of the job's own folder.
pub(crate) struct Own {
    pub(crate) path: PathBuf,
    /// What it is a copy of.
    pub(crate) name: String,
}

impl Source for Own {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| unreadable(&self.name, &error))
    }
}

/// The file, or all files of the folder, that `local` is.
pub(crate) fn below(local: &Local) -> Result<Vec<Arc<dyn Source>>> {
    let shown = local.shown.trim_end_matches('/');
    let metadata = local.dir.metadata(&local.path);
    let metadata = metadata.map_err(|error| unreadable(shown, &error))?;
    if !metadata.is_dir() {
        if !metadata.is_file() {
            return Err(no_file(shown));
        }
        return Ok(vec![Arc::new(Allowed {
            dir: Arc::clone(&local.dir),
            path: local.path.clone(),
            name: shown.to_owned(),
        })]);
    }
    let entries = local.dir.read_dir(&local.path);
    let entries = entries.map_err(|error| unreadable(shown, &error))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(shown, &error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !is_hidden(name)) else {
            continue;
        };
        // A file that can't be looked at may have rows, so it isn't passed over.
        let metadata = local.dir.metadata(local.path.join(name));
        let metadata = metadata.map_err(|error| unreadable(&format!("{shown}/{name}"), &error))?;
        if metadata.is_file() {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    if names.is_empty() {
        let what = format!("the folder `{shown}` has no files");
        return Err(Error::Missing(what));
    }
    let files = names.into_iter().map(|name| {
        Arc::new(Allowed {
            dir: Arc::clone(&local.dir),
            path: local.path.join(&name),
            name: format!("{shown}/{name}"),
        }) as Arc<dyn Source>
    });
    Ok(files.collect())
}

/// Whether a file is none of the rows: a marker such as `_SUCCESS`, or one that is being written.
pub(crate) fn is_hidden(name: &str) -> bool {
    let name = Path::new(name).file_name().and_then(|name| name.to_str());
    name.is_none_or(|name| name.starts_with(['.', '_']))
}

fn no_file(name: &str) -> Error {
    Error::Invalid(format!(
        "`{name}` is neither a file nor a folder but a pipe, a socket or a device; copy what it gives to a file"
    ))
}

fn unreadable(name: &str, error: &std::io::Error) -> Error {
    // What leads out of an allowed folder looks like this.
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => Error::Invalid(format!(
            "can't read `{name}`: a link leads out of the folder that the server allows, or its user has no permission"
        )),
        _ => Error::io(&format!("read `{name}`"), error),
    }
}
