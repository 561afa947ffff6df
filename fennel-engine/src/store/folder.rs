//! The folder around the database: who may use it, what format it has, and which batch to forget.
//!
//! ```text
//! lock          held while the store is open, so that a second process is refused at once
//! data/         the database of fjall, plus
//! data/format   the format marker
//! data/discard  the sequence number from which on the journal wasn't acknowledged, if any
//! data.new/     a store that a crash kept from being finished; it holds nothing acknowledged
//! ```
//!
//! A new store is made in `data.new` and renamed, so `data` is always complete. The marker is a file and not an
//! entry of the database, for opening a database already changes it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::{Result, StoreError};

/// The format that this version reads and writes: the spaces, and fjall's own format.
const FORMAT: u32 = 1;
const MARKER: &str = "fennel store ";
/// What may be in a folder that is to have a store: that of an open which was cut off, what a new disk has, and what keeps
/// a folder in git or out of it.
const EARLIER: [&str; 5] = ["lock", "data.new", "lost+found", ".gitignore", ".gitkeep"];

/// A folder that this process alone uses, until dropped.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    lock: File,
}

impl Folder {
    /// Creates `dir` if need be, and locks it.
    ///
    /// # Errors
    ///
    /// Among others, that it is somebody else's. Nothing is written there then.
    pub(super) fn claim(dir: &Path) -> Result<Self> {
        if let Some(file) = dir.ancestors().find(|it| it.is_file()) {
            let file = file.to_path_buf();
            return Err(StoreError::NoFolder { file });
        }
        let refused = |e: io::Error| match e.kind() {
            // There is nothing yet that could be damaged.
            io::ErrorKind::NotFound | io::ErrorKind::InvalidInput => StoreError::Io {
                dir: dir.to_path_buf(),
                source: Arc::new(e),
            },
            _ => StoreError::io(dir, e),
        };
        if let Some(found) = foreign(dir).map_err(refused)? {
            let dir = dir.to_path_buf();
            return Err(StoreError::Foreign { dir, found });
        }
        let lock = create_dir(dir)
            .and_then(|()| {
                OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(dir.join("lock"))
            })
            .map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                dir: dir.to_path_buf(),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                dir: dir.to_path_buf(),
            }),
            Err(TryLockError::Error(e)) => Err(StoreError::io(dir, e)),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Whether there is no store in the folder yet.
    pub(super) fn is_new(&self) -> Result<bool> {
        self.data()
            .try_exists()
            .map(|there| !there)
            .map_err(|e| self.error(e))
    }

    /// Lets `make` fill a folder with a database, and turns that into `data` in one step.
    pub(super) fn create(&self, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let unfinished = self.dir.join("data.new");
        match fs::remove_dir_all(&unfinished) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(self.error(e)),
            _ => make_private(&unfinished).map_err(|e| self.error(e))?,
        }
        make(&unfinished)?;
        let finish = || {
            write_synced(
                &unfinished.join("format"),
                format!("{MARKER}{FORMAT}\n").as_bytes(),
            )?;
            write_synced(&unfinished.join("discard"), &discard_note(None))?;
            // fjall syncs each keyspace's folder and all files, but not the folder that names the keyspaces.
            sync_dir(&unfinished.join("keyspaces"))?;
            sync_dir(&unfinished)?;
            fs::rename(&unfinished, self.data())?;
            sync_dir(&self.dir)
        };
        finish().map_err(|e| self.error(e))
    }

    /// Refuses a store that this version can't read, before anything of it is touched.
    pub(super) fn check_format(&self) -> Result<()> {
        let marker = match fs::read(self.data().join("format")) {
            Ok(marker) => String::from_utf8_lossy(&marker).into_owned(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::from("none"),
            Err(e) => return Err(self.error(e)),
        };
        let found = marker.trim_end().trim_start_matches(MARKER);
        if found == FORMAT.to_string() {
            return Ok(());
        }
        // A marker that isn't ours may be anything: show a line's worth.
        let found = found.chars().take(40).filter(|c| !c.is_control()).collect();
        Err(StoreError::Format {
            dir: self.dir.clone(),
            found,
            expected: FORMAT,
        })
    }

    /// The sequence number from which on journal entries must be forgotten, if any.
    pub(super) fn discard(&self) -> Result<Option<u64>> {
        let note = fs::read(self.data().join("discard")).map_err(|e| self.error(e))?;
        let from = note
            .split_first_chunk()
            .map(|(n, _)| u64::from_le_bytes(*n).checked_sub(1));
        match from {
            Some(from) if note == discard_note(from) => Ok(from),
            _ => Err(self.error(io::Error::new(
                io::ErrorKind::InvalidData,
                "discard is broken",
            ))),
        }
    }

    /// Notes, durably, that journal entries from a sequence number on must be forgotten, or none any more.
    ///
    /// The file is overwritten in place, which needs no space on a full disk.
    pub(super) fn set_discard(&self, from: Option<u64>) -> Result<()> {
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .open(self.data().join("discard"))?;
            file.write_all(&discard_note(from))?;
            file.sync_all()
        };
        write().map_err(|e| self.error(e))
    }

    /// Bytes that this process may still write to the disk; `u64::MAX` where that isn't known.
    pub(super) fn free_bytes(&self) -> u64 {
        #[cfg(unix)]
        if let Ok(disk) = rustix::fs::statvfs(&self.dir) {
            return disk.f_bavail.saturating_mul(disk.f_frsize);
        }
        u64::MAX
    }

    fn error(&self, error: io::Error) -> StoreError {
        StoreError::io(&self.dir, error)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Closing the file isn't enough: a child that is being spawned holds it open until it executes.
        let _ = self.lock.unlock();
    }
}

/// The first by name of what is in a folder without a store and doesn't go with one; hidden files come last.
fn foreign(dir: &Path) -> io::Result<Option<String>> {
    if dir.join("data").try_exists()? {
        return Ok(None);
    }
    let entries = match dir.read_dir() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut foreign = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !EARLIER.contains(&&*name) {
            foreign.push(name);
        }
    }
    foreign.sort_by_cached_key(|name| (name.starts_with('.'), name.clone()));
    Ok(foreign.into_iter().next())
}

/// One more than the sequence number, or zero for none, and a checksum: a wrong number would forget what was
/// acknowledged.
fn discard_note(from: Option<u64>) -> [u8; 16] {
    let number = from.map_or(0, |seqno| seqno + 1).to_le_bytes();
    let mut note = [0; 16];
    note[..8].copy_from_slice(&number);
    note[8..].copy_from_slice(&xxh3_64(&number).to_le_bytes());
    note
}

/// Creates `dir` and its parents, durably and for this user alone.
fn create_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    create_dir(parent)?;
    match make_private(dir) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => sync_dir(parent),
    }
}

/// Creates a folder that only this user may enter, where folders have such modes.
fn make_private(dir: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there is no mode to set"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder durable, where a folder can be synced.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}
