//! Annotations: what is wrong, at its very line in a change that GitHub shows.
//!
//! GitHub's runner takes lines of the form `::error file=..,line=..,title=..::message` out of a job's output. They
//! go to standard error, which it reads too, so standard output stays what it is.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use fennel_core::Problem;
use fennel_core::catalog::Catalog;
use fennel_core::entity::Kind;
use fennel_core::plan::{Named, Plan};

use super::plan::whole_since;
use super::text::plain;
use crate::error::Error;

/// How bad it is.
#[derive(Clone, Copy)]
enum Level {
    Warning,
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Warning => "warning",
            Level::Error => "error",
        })
    }
}

/// Where definitions are, by kind and name.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<(Kind, String), (String, u32)>);

impl Places {
    pub(super) fn of(catalog: &Catalog<'_>) -> Self {
        let entities = catalog.entities();
        let places = entities.map(|entity| {
            let location = entity.location();
            let place = (location.file.into(), location.line);
            ((entity.kind(), entity.name().into()), place)
        });
        Places(places.collect())
    }
}

/// Where the files of annotations are.
#[derive(Debug)]
pub(crate) struct Repository {
    /// The folder that GitHub shows files from.
    root: PathBuf,
    /// Folders that may be the one, or be in the one, that a compiler's paths begin at.
    within: Vec<PathBuf>,
}

impl Repository {
    /// The repository of a job that GitHub runs in `folder`; `None` where it runs none.
    pub(crate) fn of_job(
        variable: &dyn Fn(&str) -> Option<std::ffi::OsString>,
        folder: &Path,
    ) -> Option<Self> {
        if variable("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
            return None;
        }
        let full = |folder: &Path| folder.canonicalize().ok();
        let folder = full(folder)?;
        let root = variable("GITHUB_WORKSPACE").and_then(|root| full(Path::new(&root)));
        // Cargo says where the package is that it runs, which may be elsewhere than where it was called.
        let package = variable("CARGO_MANIFEST_DIR").and_then(|package| full(Path::new(&package)));
        Some(Repository {
            root: root.unwrap_or_else(|| folder.clone()),
            within: package.into_iter().chain([folder]).collect(),
        })
    }

    /// `file` as GitHub names it. Compilers name files as seen from the workspace's folder, which may be any that
    /// is around a package.
    fn name(&self, file: &Path) -> String {
        let starts = self.within.iter().flat_map(|folder| folder.ancestors());
        let starts = starts.filter(|start| start.starts_with(&self.root));
        let found = starts
            .map(|start| start.join(file))
            .find(|path| path.is_file());
        let path = found.and_then(|path| path.canonicalize().ok());
        let path = path.as_deref().unwrap_or(file);
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    }
}

/// The annotations of a plan: what uses something deprecated, and what will lack older rows, where that is.
pub(super) fn warnings(plan: &Plan, places: &Places, repository: &Repository) -> String {
    let mut text = String::new();
    let mut warn = |named: &Named, message: &str| {
        let place = places.0.get(&(named.kind, named.entity.clone()));
        let place = place.map(|(file, line)| (Path::new(file), Some(*line)));
        let title = plain(&named.to_string());
        line(
            &mut text,
            Level::Warning,
            repository,
            place,
            &title,
            &plain(message),
        );
    };
    for found in &plan.deprecated_uses {
        let message = format!("it uses {}, which is deprecated", found.used);
        warn(&found.user, &message);
    }
    for partial in plan.partial() {
        let message = format!("older rows were removed: {}", whole_since(&partial));
        warn(&Named::entity(Kind::Dataset, &partial.dataset), &message);
    }
    text
}

/// The annotations of an error: one for each problem, or one for the whole.
pub(super) fn errors(error: &Error, repository: &Repository) -> String {
    let mut text = String::new();
    let problems = error
        .problems()
        .map_or(&[][..], |problems| problems.0.as_slice());
    for problem in problems {
        let place = problem
            .file
            .as_deref()
            .map(|file| (Path::new(file), problem.line));
        line(
            &mut text,
            Level::Error,
            repository,
            place,
            &title(problem),
            &problem.folded().message,
        );
    }
    if problems.is_empty() {
        line(
            &mut text,
            Level::Error,
            repository,
            error.place(),
            "sync",
            &error.to_string(),
        );
    }
    text
}

fn title(problem: &Problem) -> String {
    let entity = &problem.entity;
    match (problem.kind, problem.member.as_str()) {
        (None, _) => "sync".into(),
        (Some(kind), "") => format!("{kind} {entity}"),
        (Some(kind), member) => format!("{kind} {entity}.{member}"),
    }
}

fn line(
    text: &mut String,
    level: Level,
    repository: &Repository,
    place: Option<(&Path, Option<u32>)>,
    title: &str,
    message: &str,
) {
    write!(text, "::{level} ").expect("text takes text");
    if let Some((file, line)) = place {
        let file = property(&repository.name(file));
        write!(text, "file={file},").expect("text takes text");
        if let Some(line) = line {
            write!(text, "line={line},").expect("text takes text");
        }
    }
    let (title, message) = (property(title), data(message));
    writeln!(text, "title={title}::{message}").expect("text takes text");
}

/// A message, in one line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property, which also ends at a comma and at a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_line_or_a_property_is_escaped() {
        assert_eq!(data("100 %\r\nof a:b, c"), "100 %25%0D%0Aof a:b, c");
        assert_eq!(property("100 %\r\nof a:b, c"), "100 %25%0D%0Aof a%3Ab%2C c");
        assert_eq!(data("%0A"), "%250A");
    }

    #[test]
    fn files_are_named_from_where_the_repository_begins() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let package = root.join("ml/features");
        std::fs::create_dir_all(package.join("src")).unwrap();
        std::fs::write(package.join("src/lib.rs"), "").unwrap();
        std::fs::write(root.join("fennel.toml"), "").unwrap();
        let named = |folder: &Path, package: Option<&Path>, file: &str| {
            let variable = |name: &str| match name {
                "GITHUB_ACTIONS" => Some("true".into()),
                "GITHUB_WORKSPACE" => Some(root.clone().into()),
                "CARGO_MANIFEST_DIR" => package.map(Into::into),
                _ => None,
            };
            Repository::of_job(&variable, folder)
                .unwrap()
                .name(Path::new(file))
        };
        let file = "ml/features/src/lib.rs";
        // The workspace may be the repository, `ml`, or the package alone, and the call may come from outside.
        for (folder, package, given) in [
            (&root, None, file),
            (&root, Some(&*package), "features/src/lib.rs"),
            (&root.join("ml"), None, "features/src/lib.rs"),
            (&package, None, "src/lib.rs"),
            (&root, Some(&*package), "src/lib.rs"),
            (&package, None, package.join("src/lib.rs").to_str().unwrap()),
        ] {
            assert_eq!(named(folder, package, given), file, "{folder:?} {given}");
        }
        let toml = root.join("fennel.toml");
        assert_eq!(named(&package, None, toml.to_str().unwrap()), "fennel.toml");
        assert_eq!(named(&root, None, "gone.rs"), "gone.rs");
        assert_eq!(named(&root, None, "/elsewhere/a.rs"), "/elsewhere/a.rs");
    }

    #[test]
    fn only_github_says_that_it_is_github() {
        for value in [None, Some("false"), Some("")] {
            let variable =
                |name: &str| (name == "GITHUB_ACTIONS").then(|| value.map(Into::into))?;
            assert!(Repository::of_job(&variable, Path::new(".")).is_none());
        }
    }
}
