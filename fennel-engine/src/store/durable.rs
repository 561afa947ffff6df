//! The store on disk: a `fjall` database, read through snapshots and written by one thread.
//!
//! Two habits of fjall shape this file. A read without a snapshot sees half of a batch that is
//! being applied, and a snapshot taken while a batch is on its way to the disk may see it appear later (a
//! background flush moves the visible sequence number past it). So nobody reads the database
//! as such: the writer takes a snapshot between two commits, and readers share that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, Readable};

use super::batch::Batch;
use super::folder::Folder;
use super::journal::Cut;
use super::range::KeyRange;
use super::room::Room;
use super::row_cache::RowCache;
use super::snapshot::Entry;
use super::writer::Writer;
use super::{Bytes, Result, Space, StoreError, Ticket, journal, manifest};

/// Bytes of journals beyond which spaces that kept something of the oldest in memory alone write it to a table, so that it
/// goes; the least that fjall takes. An open reads all that there are: the one that is written to, which is full at 64 MB
/// and then goes on until a memtable is full, and those before it until their spaces have done so.
const JOURNAL_BYTES: u64 = 64 << 20;

/// How much memory and disk a store on disk may take.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of memory for blocks read from disk, shared by all spaces. Default 128 MiB.
    pub cache_bytes: u64,
    /// Bytes that a space collects in memory before they are sorted into a file of their own; up to three
    /// times that many may be in memory. Set when the store is created, and kept from then on. Default 32 MiB.
    pub memtable_bytes: u64,
    /// Bytes of the disk that writes leave free, for the background work that they cause; a batch that only
    /// deletes may use half of them. Below that, writes get [`Full`](StoreError::Full) until there is space
    /// again. Without a reserve, a full disk stops the store until a restart. Default 512 MiB.
    pub reserve_bytes: u64,
    /// Bytes of memory, about, for rows that were asked for as of now, which are then found again without the
    /// disk; 0 for none. Default 256 MiB.
    pub row_cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            cache_bytes: 128 * MIB,
            memtable_bytes: 32 * MIB,
            reserve_bytes: 512 * MIB,
            row_cache_bytes: 256 * MIB,
        }
    }
}

/// A store on disk. Dropping it ends the writer before the database.
pub(super) struct Durable {
    writer: Writer,
    pub(super) shared: Arc<Shared>,
    is_new: bool,
    cuts: Vec<Cut>,
}

/// What readers and the writer share; dropped from top to bottom, so the lock is the last to go.
pub(super) struct Shared {
    /// The state after the last commit.
    latest: RwLock<Arc<Latest>>,
    pub(super) row_cache: RowCache,
    pub(super) spaces: [Keyspace; Space::ALL.len()],
    pub(super) db: Database,
    pub(super) folder: Folder,
    pub(super) room: Room,
    /// Why the writer writes nothing more, once it doesn't.
    pub(super) failed: OnceLock<StoreError>,
}

/// A state that readers share.
struct Latest {
    snapshot: fjall::Snapshot,
    /// How many commits there were since the store was opened.
    commit: u64,
}

impl Durable {
    pub(super) fn open(dir: &Path, options: &Options) -> Result<Self> {
        let folder = Folder::claim(dir)?;
        let is_new = folder.is_new()?;
        if is_new {
            folder.create(|data| open_database(dir, data, options).map(drop))?;
        }
        folder.check_format()?;
        let data = folder.data();
        let discard = folder.discard()?;
        let cuts = manifest::check(&data)
            .and_then(|()| journal::mend(&data, discard))
            .map_err(|e| StoreError::io(dir, e))?;
        if discard.is_some() {
            folder.set_discard(None)?;
        }

        let (db, spaces) = open_database(dir, &data, options)?;
        let latest = Latest {
            snapshot: db.snapshot(),
            commit: 0,
        };
        let shared = Arc::new(Shared {
            latest: RwLock::new(Arc::new(latest)),
            row_cache: RowCache::new(options.row_cache_bytes),
            spaces,
            db,
            folder,
            room: Room::new(options.reserve_bytes),
            failed: OnceLock::new(),
        });
        let writer = Writer::start(Arc::clone(&shared)).map_err(|e| StoreError::io(dir, e))?;
        Ok(Self {
            writer,
            shared,
            is_new,
            cuts,
        })
    }

    pub(super) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn dir(&self) -> &Path {
        self.shared.folder.dir()
    }

    pub(super) fn submit(&self, batch: Batch) -> Result<Ticket> {
        if let Some(failed) = self.shared.failed.get() {
            return Err(failed.clone());
        }
        let (bytes, room) = (batch.bytes(), &self.shared.room);
        if !room.promise(&batch, || self.shared.folder.free_bytes()) {
            let dir = self.dir().to_path_buf();
            return Err(StoreError::Full { dir, source: None });
        }
        let submitted = self.writer.submit(batch);
        let submitted = submitted.inspect_err(|_| room.release(bytes));
        submitted.map(Ticket::queued)
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        match self.shared.failed.get() {
            Some(failed) => Err(failed.clone()),
            None => self.writer.check_open(),
        }
    }

    pub(super) fn close(&self) {
        self.writer.close();
    }

    pub(super) fn view(&self) -> View {
        View::latest(&self.shared)
    }
}

impl Shared {
    pub(super) fn space(&self, space: Space) -> &Keyspace {
        &self.spaces[space as usize]
    }

    /// Lets readers see what has been committed, by the `commit`th commit. Only between commits: see the head of this
    /// file.
    pub(super) fn publish(&self, commit: u64) {
        let now = Arc::new(Latest {
            snapshot: self.db.snapshot(),
            commit,
        });
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Whether a commit now would wait for background work.
    ///
    /// fjall waits inside the commit, and for ever if the workers have stopped on an error. The limits
    /// are stricter than fjall's (4 and 30), for the workers may add some during a commit.
    pub(super) fn is_behind(&self) -> bool {
        self.spaces
            .iter()
            .any(|s| s.sealed_memtable_count() >= 2 || s.tree.l0_run_count() >= 24)
    }

    pub(super) fn error(&self, error: fjall::Error) -> StoreError {
        let dir = self.folder.dir();
        match error {
            // A background task failed, and fjall doesn't say of what. They write tables of 64 MiB.
            fjall::Error::Poisoned if self.folder.free_bytes() < 64 << 20 => StoreError::Full {
                dir: dir.to_path_buf(),
                source: Some(Arc::new(error)),
            },
            error => StoreError::engine(dir, error),
        }
    }
}

/// Opens or creates the database in `data`, and all spaces.
fn open_database(
    dir: &Path,
    data: &Path,
    options: &Options,
) -> Result<(Database, [Keyspace; Space::ALL.len()])> {
    let open = || {
        let db = Database::builder(data)
            .cache_size(options.cache_bytes)
            .journal_compression(CompressionType::None)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 4)))
            .open()?;
        let mut spaces = Vec::with_capacity(Space::ALL.len());
        for space in Space::ALL {
            spaces.push(db.keyspace(space.name(), || keyspace_options(options))?);
        }
        Ok((db, spaces))
    };
    // fjall asserts some of what it reads, and a damaged store is no reason to panic.
    let opened: fjall::Result<_> =
        catch_unwind(AssertUnwindSafe(open)).unwrap_or(Err(fjall::Error::Unrecoverable));
    let (db, spaces) = opened.map_err(|e| StoreError::engine(dir, e))?;
    let spaces = spaces
        .try_into()
        .unwrap_or_else(|_| unreachable!("one keyspace was opened per space"));
    Ok((db, spaces))
}

fn keyspace_options(options: &Options) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(options.memtable_bytes)
        .data_block_size_policy(BlockSizePolicy::all(4 << 10))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::None))
}

/// The store as it was after some commit.
#[derive(Clone)]
pub(super) struct View {
    latest: Arc<Latest>,
    shared: Arc<Shared>,
}

impl View {
    pub(super) fn latest(shared: &Arc<Shared>) -> Self {
        let latest = shared.latest.read().unwrap_or_else(PoisonError::into_inner);
        Self {
            latest: Arc::clone(&latest),
            shared: Arc::clone(shared),
        }
    }

    pub(super) fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>> {
        // No key is empty, and fjall isn't asked about one.
        if key.is_empty() {
            return Ok(None);
        }
        self.latest
            .snapshot
            .get(self.shared.space(space), key)
            .map_err(|e| self.shared.error(e))
    }

    /// How many commits it sees since the store was opened.
    pub(super) fn commit(&self) -> u64 {
        self.latest.commit
    }

    /// The first entry of a table that begins with `prefix`, if that is in memory; `Some(None)` for none.
    pub(super) fn recall(&self, prefix: &[u8]) -> Option<Option<Entry>> {
        self.shared.row_cache.get(prefix, self.commit())
    }

    /// Keeps in memory what the first entry of a table is that begins with `prefix`.
    pub(super) fn remember(&self, prefix: &[u8], entry: Option<&Entry>) {
        self.shared.row_cache.put(prefix, self.commit(), entry);
    }

    pub(super) fn scan(&self, space: Space, range: KeyRange) -> Scan {
        let entries = self
            .latest
            .snapshot
            .range(self.shared.space(space), (range.lo, range.hi));
        Scan {
            entries,
            shared: Arc::clone(&self.shared),
        }
    }
}

/// Entries of a view. Holds the database too, so that the folder stays locked.
pub(super) struct Scan {
    entries: fjall::Iter,
    shared: Arc<Shared>,
}

impl Scan {
    fn entry(&self, guard: fjall::Guard) -> Result<Entry> {
        guard.into_inner().map_err(|e| self.shared.error(e))
    }
}

impl Iterator for Scan {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(|guard| self.entry(guard))
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back().map(|guard| self.entry(guard))
    }
}
