//! Vectors of the protocol's reference client: expressions with their values, and scenarios of definitions, rows and
//! questions with the answers. They judge the engine, in tests and in its example `vectors`.
//!
//! A `.jsonl` file has an expression on each line, a `.json` file is a scenario. Where the reference is known to be
//! wrong, or we differ from it on purpose, the lists of [`expression::deviations`] and [`scenario::corrections`]
//! have what is right, and why; what is judged by these is told apart.

pub mod expression;
pub mod scenario;

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// One vector, and what came of it.
#[derive(Debug)]
pub struct Judged {
    /// The scenario, or the file and the expression.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same as of the reference.
    Equal,
    /// What is right, where the reference is wrong or we differ on purpose; and what that is.
    Right(String),
    /// It can't be run here, and why.
    Left(String),
    /// Something else, with what was expected.
    Wrong(String),
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, verdict } = self;
        match verdict {
            Verdict::Equal => write!(f, "{name}: as the reference"),
            Verdict::Right(what) => write!(f, "{name}: {what}"),
            Verdict::Left(why) => write!(f, "{name}: not run: {why}"),
            Verdict::Wrong(what) => write!(f, "{name}: {what}"),
        }
    }
}

/// Judges all vectors of a folder, in the order of their files.
///
/// # Errors
///
/// If the folder or one of its files can't be read, or there is no vector.
pub fn judge(folder: &Path) -> io::Result<Vec<Judged>> {
    let mut judged = Vec::new();
    for file in files(folder, "jsonl")? {
        let stem = stem(&file);
        for (i, line) in fs::read_to_string(&file)?.lines().enumerate() {
            judged.push(expression::judge(line, &format!("{stem}:{}", i + 1)));
        }
    }
    for file in files(folder, "json")? {
        judged.push(scenario::judge(&fs::read_to_string(&file)?, &stem(&file)));
    }
    if judged.is_empty() {
        let nothing = format!("{} holds no .json or .jsonl file", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, nothing));
    }
    Ok(judged)
}

/// The files of a folder with that extension, by name.
///
/// # Errors
///
/// If the folder can't be read.
pub fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn stem(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
