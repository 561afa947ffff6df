//! The folders and buckets that jobs may use.
//!
//! Nothing is allowed that the server's configuration doesn't name. A path is resolved below an allowed folder by
//! capabilities, so neither `..` nor a link leads out of it, also one that is made between a check and the use.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};

/// What jobs may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    folders: Vec<Folder>,
    buckets: Vec<String>,
}

#[derive(Clone, Debug)]
struct Folder {
    /// As it was configured, and without links: requests may name it by either.
    names: [PathBuf; 2],
    dir: Arc<Dir>,
}

/// A path below an allowed folder.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) dir: Arc<Dir>,
    /// Relative to `dir`; `.` for itself.
    pub(crate) path: PathBuf,
    /// As a person knows it.
    pub(crate) shown: String,
}

impl Places {
    /// Opens the folders.
    pub(crate) fn open(folders: &[PathBuf], buckets: &[String]) -> Result<Places> {
        let folders = folders.iter().map(|path| {
            let doing = format!("open the folder `{}` for offline queries", path.display());
            let told = |error| Error::io(&doing, &error);
            let given = std::path::absolute(path).map_err(told)?;
            let real = fs::canonicalize(path).map_err(told)?;
            let dir = Dir::open_ambient_dir(&real, ambient_authority()).map_err(told)?;
            Ok(Folder {
                names: [given, real],
                dir: Arc::new(dir),
            })
        });
        Ok(Places {
            folders: folders.collect::<Result<_>>()?,
            buckets: buckets.to_vec(),
        })
    }

    /// What a `file://` URL stands for.
    pub(crate) fn local(&self, url: &str) -> Result<Local> {
        let path = url.strip_prefix("file://").filter(|it| it.starts_with('/'));
        let Some(path) = path else {
            return Err(Error::Invalid(format!(
                "`{url}` is no place of a file; write it as file:///folder/name, with the whole path"
            )));
        };
        let path = percent_decode_str(path).decode_utf8();
        let path = path.map_err(|_| Error::Invalid(format!("`{url}` is not UTF-8")))?;
        let path = Path::new(&*path);
        if self.folders.is_empty() {
            return Err(Error::Invalid(
                "this server uses no files for offline queries; whoever runs it can allow a folder with --offline-dir"
                    .into(),
            ));
        }
        if path.components().any(|part| part == Component::ParentDir) {
            let what = format!("`{url}` has `..` in it; write the path without");
            return Err(Error::Invalid(what));
        }
        let found = self.folders.iter().find_map(|folder| {
            let below = |name: &PathBuf| path.strip_prefix(name).ok();
            Some((folder, folder.names.iter().find_map(below)?))
        });
        let Some((folder, below)) = found else {
            let used = self.folders.iter().map(|folder| &folder.names[0]);
            let used: Vec<_> = used.map(|path| format!("`{}`", path.display())).collect();
            return Err(Error::Invalid(format!(
                "`{url}` is not below a folder that this server uses for offline queries; it uses {}",
                used.join(", ")
            )));
        };
        Ok(Local {
            dir: Arc::clone(&folder.dir),
            path: match below.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => below.to_owned(),
            },
            shown: url.to_owned(),
        })
    }

    /// Refuses a bucket, or a prefix in it, that isn't allowed.
    pub(crate) fn check_bucket(&self, name: &str, prefix: &str) -> Result<()> {
        let allowed = self.buckets.iter().any(|allowed| {
            let (bucket, below) = allowed.split_once('/').unwrap_or((allowed, ""));
            let below = below.trim_end_matches('/');
            let rest = prefix.strip_prefix(below);
            bucket == name
                && (below.is_empty() || rest.is_some_and(|it| it.is_empty() || it.starts_with('/')))
        });
        match allowed {
            true => Ok(()),
            false => Err(Error::Invalid(format!(
                "this server doesn't use `s3://{name}/{prefix}` for offline queries; whoever runs it can allow a bucket, or a prefix of one, with --offline-bucket"
            ))),
        }
    }
}

impl Local {
    /// The name of the file, and the path of the folder that it is in, relative to `dir`.
    pub(crate) fn split(&self) -> Result<(String, PathBuf)> {
        let name = self.path.file_name().and_then(|name| name.to_str());
        let Some(name) = name else {
            let what = format!("`{}` names no file", self.shown);
            return Err(Error::Invalid(what));
        };
        let parent = self.path.parent().unwrap_or(Path::new(""));
        let parent = match parent.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => parent.to_owned(),
        };
        Ok((name.to_owned(), parent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_an_allowed_folder_is_found() {
        let temp = tempfile::tempdir().unwrap();
        let places = Places::open(&[temp.path().to_owned()], &[]).unwrap();
        let root = temp.path().display();
        let found = places.local(&format!("file://{root}/a/b%20c.csv")).unwrap();
        assert_eq!(found.path, Path::new("a/b c.csv"));
        for (url, why) in [
            (format!("file://{root}/../x"), "has `..` in it"),
            (format!("file://{root}x/y"), "is not below a folder"),
            ("file:///etc/passwd".into(), &format!("; it uses `{root}`")),
            (format!("{root}/x"), "is no place of a file"),
            ("file://host/x".into(), "is no place of a file"),
        ] {
            let refused = places.local(&url).unwrap_err().to_string();
            assert!(refused.contains(why), "{url}: {refused}");
        }
        let none = Places::default().local("file:///x").unwrap_err();
        assert!(none.to_string().contains("--offline-dir"));
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out_of_an_allowed_folder() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(outside.path().join("secret"), "x").unwrap();
        fs::write(inside.path().join("own"), "y").unwrap();
        let link = |to: &Path, name: &str| {
            std::os::unix::fs::symlink(to, inside.path().join(name)).unwrap();
        };
        link(outside.path(), "folder");
        link(&outside.path().join("secret"), "file");
        link(Path::new("own"), "within");
        let places = Places::open(&[inside.path().to_owned()], &[]).unwrap();
        let open = |name: &str| {
            let url = format!("file://{}/{name}", inside.path().display());
            let local = places.local(&url).unwrap();
            local.dir.open(&local.path).is_ok()
        };
        assert!(!open("folder/secret") && !open("file"));
        assert!(open("own") && open("within"));
    }

    #[test]
    fn a_bucket_may_be_allowed_as_a_whole_or_below_a_prefix() {
        let places = Places::open(&[], &["all".into(), "some/in/".into()]).unwrap();
        for (name, prefix, is_allowed) in [
            ("all", "x", true),
            ("some", "in/x", true),
            ("some", "in", true),
            ("some", "inside", false),
            ("some", "", false),
            ("other", "x", false),
        ] {
            assert_eq!(
                places.check_bucket(name, prefix).is_ok(),
                is_allowed,
                "{name}/{prefix}"
            );
        }
    }
}
