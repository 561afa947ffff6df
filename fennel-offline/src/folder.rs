//! The folder of a job: what survives a restart.
//!
//! ```text
//! <id>/job.json        the request; only the server's user may read it, since it may have a key of S3
//! <id>/frame.jsonl     the rows that came with it, each as a list of the columns that are read
//! <id>/input-0000      copies of objects
//! <id>/plan.json       what was found before the first part: files, rows, the output's columns
//! <id>/parts.jsonl     the parts that are finished, one a line, each synced before it counts
//! <id>/part-000000     the answer of one chunk of rows, as Parquet
//! <id>/result.parquet  the output, where the request names no other place
//! <id>/cancelled       empty: the job is to end without an output
//! <id>/end.json        how the job ended
//! ```
//!
//! What is not complete has a name that ends with `.tmp`, and is made anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files::Seen;
use crate::read::CHUNK_ROWS;
use crate::status::{Failure, State};
use crate::{Request, room};

/// A job's folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// What was asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// Counts jobs, so that a restart keeps their order.
    pub(crate) number: u64,
}

/// What was found before the first part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) files: Vec<Seen>,
    pub(crate) rows: u64,
    pub(crate) zoned: Option<bool>,
    /// The most rows of a chunk, by which a job that goes on cuts as before.
    #[serde(default = "most_rows")]
    pub(crate) chunk_rows: usize,
    /// The output's columns, each with its type.
    pub(crate) columns: Vec<(String, String)>,
}

/// A finished part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) number: u64,
    /// How many rows it was made of.
    pub(crate) rows: u64,
    /// How many of them failed; if all, it has no file.
    pub(crate) failed: u64,
    /// The first of these.
    pub(crate) failures: Vec<Failure>,
}

impl Part {
    /// Whether any of its rows has an answer.
    pub(crate) fn has_file(&self) -> bool {
        self.failed < self.rows
    }
}

/// How a job ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) state: State,
    pub(crate) error: Option<String>,
    /// When, in microseconds since 1970.
    pub(crate) at: i64,
    pub(crate) rows: Option<u64>,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) failures: Vec<Failure>,
}

/// How plans cut that don't say.
fn most_rows() -> usize {
    CHUNK_ROWS
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Folder {
        Folder { path }
    }

    /// Makes the folder, for the server's user alone.
    pub(crate) fn create(&self) -> Result<()> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let parent = self.path.parent().unwrap_or(&self.path);
        let created = builder.create(&self.path).and_then(|()| sync(parent));
        created.map_err(|error| self.told(&error))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn frame(&self) -> PathBuf {
        self.file("frame.jsonl")
    }

    /// The copy of the object of that number.
    pub(crate) fn input(&self, number: usize) -> PathBuf {
        self.file(&format!("input-{number:04}"))
    }

    pub(crate) fn result(&self) -> PathBuf {
        self.file("result.parquet")
    }

    pub(crate) fn part(&self, number: u64) -> PathBuf {
        self.file(&format!("part-{number:06}"))
    }

    pub(crate) fn asked(&self) -> Result<Option<Asked>> {
        self.read("job.json")
    }

    pub(crate) fn ask(&self, asked: &Asked) -> Result<()> {
        self.write("job.json", asked)
    }

    pub(crate) fn plan(&self) -> Result<Option<Plan>> {
        self.read("plan.json")
    }

    pub(crate) fn set_plan(&self, plan: &Plan) -> Result<()> {
        self.write("plan.json", plan)
    }

    /// Whether the job was told to end without an output.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled().exists()
    }

    pub(crate) fn set_cancelled(&self) -> Result<()> {
        let made = create_private(&self.cancelled()).and_then(|file| file.sync_all());
        made.and_then(|()| sync(&self.path))
            .map_err(|error| self.told(&error))
    }

    fn cancelled(&self) -> PathBuf {
        self.file("cancelled")
    }

    pub(crate) fn end(&self) -> Result<Option<End>> {
        self.read("end.json")
    }

    pub(crate) fn set_end(&self, end: &End) -> Result<()> {
        self.write("end.json", end)
    }

    /// The parts that are finished. A line that a crash cut off is cut off the file.
    pub(crate) fn parts(&self) -> Result<Vec<Part>> {
        let path = self.file("parts.jsonl");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.told(&error)),
        };
        let (mut lines, mut parts, mut good) = (BufReader::new(file), Vec::new(), 0);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .map_err(|error| self.told(&error))?
            > 0
        {
            let part = line.strip_suffix(b"\n").map(serde_json::from_slice);
            let Some(Ok(part)) = part else {
                let file = OpenOptions::new().write(true).open(&path);
                let cut = file.and_then(|file| file.set_len(good));
                cut.map_err(|error| self.told(&error))?;
                break;
            };
            good += line.len() as u64;
            parts.push(part);
            line.clear();
        }
        Ok(parts)
    }

    /// Refuses to write so many bytes where the disk has too little room.
    pub(crate) fn check_room(&self, bytes: u64) -> Result<()> {
        room::check(&self.path, bytes)
    }

    /// Says that a part is finished, whose file is there.
    pub(crate) fn add_part(&self, part: &Part) -> Result<()> {
        let mut line = serde_json::to_vec(part).map_err(|error| self.told(&error.into()))?;
        line.push(b'\n');
        let add = || {
            let path = self.file("parts.jsonl");
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            file.write_all(&line)?;
            file.sync_data()
        };
        add().map_err(|error| self.told(&error))
    }

    /// Makes a file whole under a name that says that it isn't, and renames it.
    pub(crate) fn make<T>(
        &self,
        path: &Path,
        make: impl FnOnce(&mut File) -> Result<T>,
    ) -> Result<T> {
        let mut unfinished = path.to_owned().into_os_string();
        unfinished.push(".tmp");
        let unfinished = PathBuf::from(unfinished);
        let made = (|| {
            let mut file = create_private(&unfinished).map_err(|error| self.told(&error))?;
            let made = make(&mut file)?;
            let kept = file.sync_all().and_then(|()| fs::rename(&unfinished, path));
            kept.and_then(|()| sync(&self.path))
                .map_err(|error| self.told(&error))?;
            Ok(made)
        })();
        if made.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        made
    }

    /// Removes what only a job that goes on needs.
    pub(crate) fn clear(&self, keep_result: bool) {
        let Ok(files) = fs::read_dir(&self.path) else {
            return;
        };
        for file in files.flatten() {
            let name = file.file_name();
            let is_kept = match name.to_str() {
                Some("job.json" | "end.json") => true,
                Some("result.parquet") => keep_result,
                _ => false,
            };
            if !is_kept {
                // What stays goes with the folder.
                let _ = fs::remove_file(file.path());
            }
        }
    }

    pub(crate) fn remove(&self) -> Result<()> {
        fs::remove_dir_all(&self.path).map_err(|error| self.told(&error))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => {
                let read = serde_json::from_slice(&bytes);
                read.map(Some).map_err(|_| {
                    Error::Failed(format!("the job's file `{}` is damaged", path.display()))
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.told(&error)),
        }
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let bytes = serde_json::to_vec(value).map_err(|error| self.told(&error.into()))?;
        self.make(&self.file(name), |file| {
            file.write_all(&bytes).map_err(|error| self.told(&error))
        })
    }

    pub(crate) fn told(&self, error: &io::Error) -> Error {
        Error::own(&self.path, error)
    }
}

/// Has the names in a folder outlive a crash of the machine.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
