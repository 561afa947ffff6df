//! Where the answer of a job goes.
//!
//! An output is whole or isn't there: it is written under another name and takes its own in one step, which fails if
//! something has that name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::places::{Local, Places};

/// An output file below an allowed folder.
#[derive(Debug)]
pub(crate) struct Output {
    local: Local,
    unfinished: PathBuf,
}

impl Output {
    /// The file that `url` names, for the job `id`; its folder has to be there.
    pub(crate) fn new(places: &Places, url: &str, id: &str) -> Result<Output> {
        let local = places.local(url)?;
        let (name, folder) = local.split()?;
        if !name.ends_with(".parquet") {
            return Err(Error::Invalid(format!(
                "the output `{url}` is written as Parquet; give it a name that ends with .parquet"
            )));
        }
        let metadata = local.dir.metadata(&folder);
        let is_folder = metadata.map_err(|error| told(&local, &error))?.is_dir();
        if !is_folder {
            let what = format!("can't write `{url}`: what it is to be in is no folder");
            return Err(Error::Invalid(what));
        }
        let unfinished = folder.join(format!(".{name}.{id}.tmp"));
        Ok(Output { local, unfinished })
    }

    /// Refuses to overwrite a file, and a folder that can't be written to.
    pub(crate) fn check(&self) -> Result<()> {
        let found = self.local.dir.symlink_metadata(&self.local.path);
        match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = self.local.dir.create(&self.unfinished);
                file.map_err(|error| told(&self.local, &error))?;
                self.discard();
                Ok(())
            }
            Err(error) => Err(told(&self.local, &error)),
            Ok(_) => Err(told(&self.local, &io::ErrorKind::AlreadyExists.into())),
        }
    }

    /// Whether the file is there already, put by this job before it was cut off.
    pub(crate) fn is_published(&self) -> bool {
        let metadata = |path: &Path| self.local.dir.symlink_metadata(path);
        match (metadata(&self.unfinished), metadata(&self.local.path)) {
            (Ok(unfinished), Ok(file)) => is_same(&unfinished, &file),
            _ => false,
        }
    }

    /// Writes the file and gives it its name.
    pub(crate) fn publish(&self, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
        let dir = &self.local.dir;
        let told = |error| told(&self.local, &error);
        let file = dir.create(&self.unfinished).map_err(told)?;
        let mut file = file.into_std();
        let published = write(&mut file).and_then(|()| {
            file.sync_all().map_err(told)?;
            dir.hard_link(&self.unfinished, dir, &self.local.path)
                .map_err(told)
        });
        if published.is_err() {
            self.discard();
        }
        published
    }

    /// Removes the other name, once the job has ended.
    pub(crate) fn discard(&self) {
        // What is left has a name that says what it is.
        let _ = self.local.dir.remove_file(&self.unfinished);
    }
}

#[cfg(unix)]
fn is_same(one: &cap_std::fs::Metadata, other: &cap_std::fs::Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &cap_std::fs::Metadata, _: &cap_std::fs::Metadata) -> bool {
    false
}

fn told(local: &Local, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Error::Invalid(format!(
            "can't write `{}`: a link leads out of the folder that the server allows, or its user has no permission",
            local.shown
        )),
        _ => Error::io(&format!("write `{}`", local.shown), error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[test]
    fn an_output_has_its_name_when_it_is_whole_and_is_known_again() {
        let temp = tempfile::tempdir().unwrap();
        let places = Places::open(&[temp.path().to_owned()], &[]).unwrap();
        let url = format!("file://{}/out.parquet", temp.path().display());
        let output = Output::new(&places, &url, "one").unwrap();
        let names = || {
            let entries = fs::read_dir(temp.path()).unwrap();
            let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name()).collect();
            names.sort();
            names
        };
        output.check().unwrap();
        let failed = output.publish(|file| {
            file.write_all(b"half").unwrap();
            Err(Error::Stopped)
        });
        assert_eq!(failed, Err(Error::Stopped));
        assert!(names().is_empty());

        output
            .publish(|file| {
                file.write_all(b"whole")
                    .map_err(|error| told(&output.local, &error))
            })
            .unwrap();
        // As a crash before the job's end leaves it.
        assert_eq!(names(), [".out.parquet.one.tmp", "out.parquet"]);
        #[cfg(unix)]
        assert!(output.is_published());
        output.discard();
        assert_eq!(names(), ["out.parquet"]);
        assert!(!output.is_published());
        assert!(matches!(output.check(), Err(Error::Conflict(_))));
        let other = Output::new(&places, &url, "two").unwrap();
        assert!(matches!(other.publish(|_| Ok(())), Err(Error::Conflict(_))));
        assert_eq!(fs::read(temp.path().join("out.parquet")).unwrap(), b"whole");
        assert_eq!(names(), ["out.parquet"]);
    }
}
