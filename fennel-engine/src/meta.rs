//! What the engine remembers besides rows.
//!
//! | key in [`Space::Meta`] | value |
//! |---|---|
//! | `format` | the version of everything that the engine writes |
//! | `unlaid` | there as long as steps keep rows where an earlier format had them |
//! | `branch/` and the name | its [`Lines`] |
//! | `commit/`, the numbers of a line and of a commit | [`CommitRecord`], see [`history`](crate::history) |
//! | `definitions/`, the same numbers | [`KeptDefinitions`] |
//! | `table/` and the number | [`TableRecord`] |
//! | `phase/`, the number of a table and of its source | [`Phase`], if the source is bounded and has begun |
//! | `mark/`, the number of a table and of its source, and a sequence | the latest event time of the source's rows before that ([`Mark`]) |
//! | `since/` and the number of a table | from when on it knows what it was, if not for ever, in microseconds since 1970 |
//! | `log since/` and the number of an endpoint | the same, of tables that are made of what its log has, if rows were removed |
//! | `round/`, the number of a table and of a step of its pipeline, or 0 | how far the step's state, or the table, is looked through for what can go ([`KeptRound`]) |
//! | `log round/` and the number of an endpoint | the same, of the rows of its log, with what they were for their sources ([`Forgetting`]) |
//! | `next table` | the lowest number that no table ever had |
//! | `applied` | how many rows of the log are applied to pipelines |
//! | `endpoint/` and the number | the webhook's name and the endpoint's |
//! | `erasure` | what is still to be done of an erasure, see [`Pending`] |
//! | `erasure/served` | the places of served rows that it is still to take out |
//! | `refused/`, the name of a dataset, 0 and a hash | the names of the key columns that the hash is of, see [`Later`](crate::erase::Later) |
//! | `salt` | random bytes that those hashes begin with |
//!
//! Values are in postcard's encoding, numbers in keys big-endian.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::erase::{Pending, Refused};
use crate::error::{Error, Result};
use crate::history::{CommitRecord, Head, KeptDefinitions, Lines};
use crate::ingest::{EndpointId, Forgetting, Mark, Phase};
use crate::run::{Kept, KeptRound};
use crate::store::{Batch, Snapshot, Space};
use crate::table::TableId;

/// The version of what this engine writes.
const FORMAT: u32 = 9;

/// The versions before that it reads. In format 8 it isn't kept where sessions begin, and in format 7 joins keep rows of
/// tables that have ended among those that hold. In format 6 it is remembered elsewhere what functions made, in format 5
/// each row of the log is kept by itself, besides, and in format 4 nothing is trimmed yet. Engines that read no later one
/// would take what is left for all there was, or couldn't read the log.
const EARLIER: [u32; 5] = [4, 5, 6, 7, 8];

/// The key that is there as long as steps may keep rows where an earlier format had them.
const UNLAID: &[u8] = b"unlaid";

/// A table that has a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableRecord {
    /// The structure of the datasets that share it.
    pub(crate) identity: String,
    pub(crate) state: TableState,
}

/// Whether a table can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TableState {
    /// A commit fills it and isn't made yet. After a crash it is dropped.
    Filling,
    /// It has all rows.
    Ready,
    /// No branch has it any more, and its rows are being removed.
    Dropping,
}

/// Everything that is remembered, read when the engine is opened.
#[derive(Debug, Default)]
pub(crate) struct Meta {
    /// There was nothing, not even a format.
    pub(crate) is_new: bool,
    /// It was written in a format before.
    pub(crate) is_earlier: bool,
    /// Steps may keep rows where an earlier format had them.
    pub(crate) is_unlaid: bool,
    pub(crate) branches: Vec<(String, (Lines, Head))>,
    pub(crate) tables: Vec<(TableId, TableRecord)>,
    /// By table and position among the table's sources.
    pub(crate) phases: Vec<((TableId, u32), Phase)>,
    /// By table and position among the table's sources, the earliest place first.
    pub(crate) marks: Vec<((TableId, u32), Mark)>,
    pub(crate) since: Vec<(TableId, i64)>,
    pub(crate) rounds: Kept,
    pub(crate) next_table: TableId,
    pub(crate) applied: u64,
    pub(crate) endpoints: Vec<(EndpointId, (String, String))>,
    pub(crate) erasure: Option<Pending>,
    pub(crate) salt: Option<[u8; 16]>,
    pub(crate) refused: Refused,
}

impl Meta {
    /// Reads all of it; a new store has none.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Self> {
        let format = snapshot.get(Space::Meta, b"format")?;
        let format: Option<u32> = format.map(|bytes| decode(&bytes)).transpose()?;
        let is_new = snapshot.scan_prefix(Space::Meta, b"").next().is_none();
        let is_earlier = format.is_some_and(|format| EARLIER.contains(&format));
        if !is_new && !is_earlier && format != Some(FORMAT) {
            let found = format.map_or("no known format".into(), |format| {
                format!("format {format}")
            });
            return Err(Error::Corrupt(format!(
                "the store was written in {found} and this version reads formats {} to {FORMAT}; use the version that wrote it",
                EARLIER[0]
            )));
        }
        let next_table = snapshot.get(Space::Meta, b"next table")?;
        let text = |name: &[u8]| String::from_utf8(name.to_vec()).ok();
        let branches = read_all(snapshot, b"branch/", text)?.into_iter();
        let branches = branches.map(|(name, lines): (String, Lines)| {
            let head = head(snapshot, &lines)?;
            Ok((name, (lines, head)))
        });
        Ok(Self {
            is_new,
            is_earlier,
            is_unlaid: is_earlier || snapshot.get(Space::Meta, UNLAID)?.is_some(),
            branches: branches.collect::<Result<_>>()?,
            tables: read_all(snapshot, b"table/", number)?,
            phases: read_all(snapshot, b"phase/", two_numbers)?,
            marks: marks(snapshot)?,
            since: read_all(snapshot, b"since/", number)?,
            rounds: Kept {
                tables: read_all(snapshot, b"round/", step)?.into_iter().collect(),
                log: read_all(snapshot, b"log round/", number)?
                    .into_iter()
                    .collect(),
            },
            next_table: next_table.map_or(Ok(0), |bytes| decode(&bytes))?,
            applied: applied(snapshot)?,
            endpoints: read_all(snapshot, b"endpoint/", number)?,
            erasure: erasure(snapshot)?,
            salt: find(snapshot, b"salt")?,
            refused: read_all(snapshot, b"refused/", refused)?,
        })
    }
}

/// Marks a store as written in this format, which earlier engines refuse.
pub(crate) fn put_format(batch: &mut Batch) {
    batch.put(Space::Meta, "format", encode(&FORMAT));
}

/// Notes that steps may keep rows where an earlier format had them.
pub(crate) fn put_unlaid(batch: &mut Batch) {
    batch.put(Space::Meta, UNLAID, Vec::new());
}

/// Notes that no step does.
pub(crate) fn delete_unlaid(batch: &mut Batch) {
    batch.delete(Space::Meta, UNLAID);
}

/// Sets where the commits of a branch are.
pub(crate) fn put_branch(batch: &mut Batch, branch: &str, lines: &Lines) {
    batch.put(Space::Meta, format!("branch/{branch}"), encode(lines));
}

/// Forgets a branch, but not its commits.
pub(crate) fn delete_branch(batch: &mut Batch, branch: &str) {
    batch.delete(Space::Meta, format!("branch/{branch}"));
}

/// Keeps a commit at its place.
pub(crate) fn put_commit(batch: &mut Batch, place: (u32, u64), head: &Head) {
    batch.put(
        Space::Meta,
        commit_key(b"commit/", place),
        encode(&head.commit),
    );
    batch.put(
        Space::Meta,
        commit_key(b"definitions/", place),
        encode(&head.definitions),
    );
}

/// Forgets the commit at a place.
pub(crate) fn delete_commit(batch: &mut Batch, place: (u32, u64)) {
    batch.delete(Space::Meta, commit_key(b"commit/", place));
    batch.delete(Space::Meta, commit_key(b"definitions/", place));
}

/// The commit at a place.
pub(crate) fn commit(snapshot: &Snapshot, place: (u32, u64)) -> Result<CommitRecord> {
    get(snapshot, &commit_key(b"commit/", place))
}

/// What a branch is by the commit at a place.
pub(crate) fn definitions(snapshot: &Snapshot, place: (u32, u64)) -> Result<KeptDefinitions> {
    get(snapshot, &commit_key(b"definitions/", place))
}

/// The last commit on these lines.
fn head(snapshot: &Snapshot, lines: &Lines) -> Result<Head> {
    let Some(place) = lines.place(lines.len()) else {
        return Ok(Head::default());
    };
    Ok(Head {
        commit: commit(snapshot, place)?,
        definitions: definitions(snapshot, place)?,
    })
}

/// Sets what is known of a table.
pub(crate) fn put_table(batch: &mut Batch, table: TableId, record: &TableRecord) {
    batch.put(Space::Meta, key(b"table/", table), encode(record));
}

/// Forgets a table.
pub(crate) fn delete_table(batch: &mut Batch, table: TableId) {
    batch.delete(Space::Meta, key(b"table/", table));
}

/// Sets how far the `source`th source of a table is.
pub(crate) fn put_phase(batch: &mut Batch, (table, source): (TableId, u32), phase: Phase) {
    let key = [phases(table), source.to_be_bytes().to_vec()].concat();
    batch.put(Space::Meta, key, encode(&phase));
}

/// What the keys of all phases of a table's sources begin with.
pub(crate) fn phases(table: TableId) -> Vec<u8> {
    key(b"phase/", table)
}

/// Sets how far the `source`th source of a table was at a place of the log.
pub(crate) fn put_mark(batch: &mut Batch, source: (TableId, u32), mark: Mark) {
    batch.put(
        Space::Meta,
        mark_key(source, mark.until),
        encode(&mark.latest),
    );
}

/// Forgets how far the `source`th source of a table was there.
pub(crate) fn delete_mark(batch: &mut Batch, source: (TableId, u32), mark: Mark) {
    batch.delete(Space::Meta, mark_key(source, mark.until));
}

/// What the keys of all marks of a table's sources begin with.
pub(crate) fn marks_of(table: TableId) -> Vec<u8> {
    key(b"mark/", table)
}

fn mark_key((table, source): (TableId, u32), until: u64) -> Vec<u8> {
    [
        &marks_of(table)[..],
        &source.to_be_bytes(),
        &until.to_be_bytes(),
    ]
    .concat()
}

fn marks(snapshot: &Snapshot) -> Result<Vec<((TableId, u32), Mark)>> {
    let place = |bytes: &[u8]| {
        let (source, until) = bytes.split_at_checked(8)?;
        Some((
            two_numbers(source)?,
            u64::from_be_bytes(until.try_into().ok()?),
        ))
    };
    let marks = read_all(snapshot, b"mark/", place)?.into_iter();
    Ok(marks
        .map(|((source, until), latest)| (source, Mark { until, latest }))
        .collect())
}

/// Sets from when on a table knows what it was.
pub(crate) fn put_since(batch: &mut Batch, table: TableId, since: i64) {
    batch.put(Space::Meta, since_of(table), encode(&since));
}

/// The key of from when on a table knows what it was.
pub(crate) fn since_of(table: TableId) -> Vec<u8> {
    key(b"since/", table)
}

/// From when on tables know what they were that are made of an endpoint's log, if not for ever.
pub(crate) fn log_since(snapshot: &Snapshot, endpoint: EndpointId) -> Result<Option<i64>> {
    let since = snapshot.get(Space::Meta, &key(b"log since/", endpoint))?;
    since.map(|bytes| decode(&bytes)).transpose()
}

/// Raises from when on tables know what they were that are made of an endpoint's log.
pub(crate) fn raise_log_since(
    snapshot: &Snapshot,
    batch: &mut Batch,
    endpoint: EndpointId,
    since: Option<i64>,
) -> Result<()> {
    if let Some(since) = since.max(log_since(snapshot, endpoint)?) {
        batch.put(Space::Meta, key(b"log since/", endpoint), encode(&since));
    }
    Ok(())
}

/// Sets how far a step of a table's pipeline is looked through, or with 0 the table.
pub(crate) fn put_round(batch: &mut Batch, (table, step): (TableId, u16), round: &KeptRound) {
    let key = [&rounds_of(table)[..], &step.to_be_bytes()].concat();
    batch.put(Space::Meta, key, encode(round));
}

/// What the keys of all rounds through a table and its steps begin with.
pub(crate) fn rounds_of(table: TableId) -> Vec<u8> {
    key(b"round/", table)
}

/// Sets how far an endpoint's log is looked through.
pub(crate) fn put_log_round(
    batch: &mut Batch,
    endpoint: EndpointId,
    round: &(KeptRound, &Forgetting),
) {
    batch.put(Space::Meta, key(b"log round/", endpoint), encode(round));
}

/// Sets the number of the next table.
pub(crate) fn put_next_table(batch: &mut Batch, next: TableId) {
    batch.put(Space::Meta, "next table", encode(&next));
}

/// How many rows of the log are applied to pipelines.
pub(crate) fn applied(snapshot: &Snapshot) -> Result<u64> {
    let applied = snapshot.get(Space::Meta, b"applied")?;
    applied.map_or(Ok(0), |bytes| decode(&bytes))
}

/// Sets how many rows of the log are applied to pipelines.
pub(crate) fn put_applied(batch: &mut Batch, applied: u64) {
    batch.put(Space::Meta, "applied", encode(&applied));
}

/// Gives an endpoint its number.
pub(crate) fn put_endpoint(batch: &mut Batch, id: EndpointId, webhook: &str, endpoint: &str) {
    batch.put(
        Space::Meta,
        key(b"endpoint/", id),
        encode(&(webhook, endpoint)),
    );
}

/// What is still to be done of an erasure.
pub(crate) fn erasure(snapshot: &Snapshot) -> Result<Option<Pending>> {
    find(snapshot, b"erasure")
}

/// Sets what is still to be done of an erasure.
pub(crate) fn put_erasure(batch: &mut Batch, pending: &Pending) {
    batch.put(Space::Meta, "erasure", encode(pending));
}

/// Notes that the erasure is done.
pub(crate) fn delete_erasure(batch: &mut Batch) {
    batch.delete(Space::Meta, "erasure");
    batch.delete(Space::Meta, "erasure/served");
}

/// The places of served rows that an erasure is still to take out.
pub(crate) fn erasure_served(snapshot: &Snapshot) -> Result<Vec<Vec<u8>>> {
    Ok(find(snapshot, b"erasure/served")?.unwrap_or_default())
}

/// Sets the places of served rows that an erasure is still to take out.
pub(crate) fn put_erasure_served(batch: &mut Batch, places: &[Vec<u8>]) {
    batch.put(Space::Meta, "erasure/served", encode(&places));
}

/// Keeps the random bytes that hashes of refused keys begin with.
pub(crate) fn put_salt(batch: &mut Batch, salt: &[u8; 16]) {
    batch.put(Space::Meta, "salt", encode(salt));
}

/// Keeps a key of a dataset of which no more rows are taken.
pub(crate) fn put_refused(batch: &mut Batch, key: (&str, &[u8; 32]), columns: &[String]) {
    batch.put(Space::Meta, refused_key(key), encode(&columns));
}

/// Forgets such a key.
pub(crate) fn delete_refused(batch: &mut Batch, key: (&str, &[u8; 32])) {
    batch.delete(Space::Meta, refused_key(key));
}

fn refused_key((dataset, hash): (&str, &[u8; 32])) -> Vec<u8> {
    [b"refused/", dataset.as_bytes(), &[0], hash].concat()
}

fn refused(bytes: &[u8]) -> Option<(String, [u8; 32])> {
    let (dataset, hash) = bytes.split_last_chunk::<32>()?;
    let dataset = dataset.strip_suffix(&[0])?;
    Some((String::from_utf8(dataset.to_vec()).ok()?, *hash))
}

/// Where something about a commit is kept, by the numbers of its line and its own.
fn commit_key(prefix: &[u8], (line, sequence): (u32, u64)) -> Vec<u8> {
    [prefix, &line.to_be_bytes(), &sequence.to_be_bytes()].concat()
}

/// What may be there.
fn find<T: DeserializeOwned>(snapshot: &Snapshot, key: &[u8]) -> Result<Option<T>> {
    let found = snapshot.get(Space::Meta, key)?;
    found.map(|bytes| decode(&bytes)).transpose()
}

/// What has to be there.
fn get<T: DeserializeOwned>(snapshot: &Snapshot, key: &[u8]) -> Result<T> {
    let found = snapshot.get(Space::Meta, key)?.ok_or_else(corrupt)?;
    decode(&found)
}

fn key(prefix: &[u8], number: u32) -> Vec<u8> {
    [prefix, &number.to_be_bytes()].concat()
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

fn step(bytes: &[u8]) -> Option<(TableId, u16)> {
    let (table, step) = bytes.split_first_chunk::<4>()?;
    let step = step.try_into().ok()?;
    Some((u32::from_be_bytes(*table), u16::from_be_bytes(step)))
}

fn two_numbers(bytes: &[u8]) -> Option<(u32, u32)> {
    let (first, second) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*first), number(second)?))
}

fn read_all<K, V: DeserializeOwned>(
    snapshot: &Snapshot,
    prefix: &[u8],
    name: impl Fn(&[u8]) -> Option<K>,
) -> Result<Vec<(K, V)>> {
    let entries = snapshot.scan_prefix(Space::Meta, prefix).map(|entry| {
        let (key, value) = entry?;
        let name = key
            .get(prefix.len()..)
            .and_then(&name)
            .ok_or_else(corrupt)?;
        Ok((name, decode(&value)?))
    });
    entries.collect()
}

fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    postcard::to_allocvec(record).expect("records are written to memory without fail")
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|_| corrupt())
}

fn corrupt() -> Error {
    Error::Corrupt("the store's own records can't be read; restore it from a backup".into())
}
