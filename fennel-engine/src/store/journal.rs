//! Checks fjall's journals before fjall replays them.
//!
//! A crash may cut the last write of the journal anywhere, so a broken end is normal and is cut off.
//! A broken place with an intact batch behind it is damage to acknowledged data. fjall can't tell the two
//! apart: depending on which byte is broken it drops everything behind the place in silence,
//! or refuses to open a store that has merely lost its power. So we look first, and fjall gets only
//! journals that are whole. See <https://github.com/fjall-rs/fjall/issues/311>.
//!
//! Batches from a sequence number on can be cut off too: those whose writers were told of a failure.
//!
//! No checksum has the sequence numbers, by which fjall tells what is newer and what it has in its tables already. They
//! ascend from batch to batch, and a batch of which that isn't true is damage, wherever it is.
//!
//! This follows the journal of fjall 3.1 byte for byte, which is why `Cargo.toml` pins that version.
//! All numbers are little-endian:
//!
//! ```text
//! start  1, items: u32, seqno: u64
//! item   2, kind: u8, compression: u8, keyspace: u64, key: u16, value: u32, stored: u32, <key>, <stored>
//! clear  4, keyspace: u64
//! end    3, xxh3 of all items: u64, "FJL" 3
//! ```

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use xxhash_rust::xxh3::xxh3_64;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";

/// The end of a journal that was cut off: a write that a crash kept from ending, or one that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The journal.
    pub file: PathBuf,
    /// The byte from which on it was cut off.
    pub at: u64,
    /// How many bytes these were.
    pub bytes: u64,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, at, bytes } = self;
        write!(
            f,
            "{} ended with {bytes} bytes of a write that isn't whole; they are cut off at byte {at}",
            file.display()
        )
    }
}

/// Makes the journals in `data` end with their last intact batch before `discard`.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if there are intact batches behind a broken place; nothing is cut then.
pub(super) fn mend(data: &Path, discard: Option<u64>) -> io::Result<Vec<Cut>> {
    let mut cuts: Vec<Cut> = Vec::new();
    let mut last = None;
    for file in journals(data)? {
        let found = inspect(&fs::read(&file)?, discard.unwrap_or(u64::MAX), &mut last);
        let behind_a_cut = found.batches > 0 && !cuts.is_empty();
        cuts.extend(found.cut.map(|(at, bytes)| Cut {
            file,
            at: at as u64,
            bytes: bytes as u64,
        }));
        if let (true, Some(Cut { file, at, .. })) =
            (behind_a_cut || found.intact_behind, cuts.first())
        {
            let text = format!(
                "{} is broken at byte {at}, before intact batches",
                file.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
    }
    for Cut { file, at, .. } in &cuts {
        let file = OpenOptions::new().write(true).open(file)?;
        file.set_len(*at)?;
        file.sync_all()?;
    }
    Ok(cuts)
}

/// The journals of a database, oldest first.
pub(super) fn journals(data: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
        if let Some(number) = number {
            found.push((number, path));
        }
    }
    if found.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "there is no journal",
        ));
    }
    found.sort_unstable_by_key(|(number, _): &(u64, _)| *number);
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// What there is in one journal.
#[derive(Debug, PartialEq, Eq)]
struct Inspected {
    /// Number of intact batches up to the cut.
    batches: usize,
    /// Where the journal must be cut off, if there is anything but zeros behind its last good batch, and how many bytes
    /// that is.
    cut: Option<(usize, usize)>,
    /// Whether a batch that was acknowledged lies behind the cut.
    intact_behind: bool,
}

/// Sequence numbers that background work takes between two batches, by far at most.
const MAX_STEP: u64 = 1 << 32;

/// More than a store comes to; fjall has a meaning of its own for the highest bit.
const MAX_SEQNO: u64 = 1 << 62;

/// Looks through a journal. `last` is the sequence number of the last batch before, and becomes that of this journal's.
fn inspect(journal: &[u8], discard: u64, last: &mut Option<u64>) -> Inspected {
    let journal = without_zeros_at_end(journal);
    let mut rest = journal;
    let mut batches = 0;
    let mut is_misplaced = false;
    while let Some((batch, behind)) = Parsed::of(rest) {
        if batch.seqno >= discard {
            break;
        }
        // A write that a crash cut short isn't intact, so this is none.
        is_misplaced = match *last {
            Some(last) => batch.seqno <= last || batch.seqno - last > MAX_STEP,
            None => batch.seqno > MAX_SEQNO,
        };
        if is_misplaced {
            break;
        }
        *last = Some(batch.seqno);
        rest = behind;
        batches += 1;
    }
    let acknowledged = |from: usize| {
        let batch = rest.get(from..).and_then(Parsed::of);
        batch.is_some_and(|(batch, _)| batch.seqno < discard)
    };
    let intact_behind = is_misplaced || (1..rest.len()).any(acknowledged);
    let cut = (!rest.is_empty()).then_some((journal.len() - rest.len(), rest.len()));
    Inspected {
        batches,
        cut,
        intact_behind,
    }
}

/// What is written: fjall makes a journal 64 MiB long at first, and no batch ends with a zero.
fn without_zeros_at_end(journal: &[u8]) -> &[u8] {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut used = journal;
    while let Some((front, back)) = used.split_last_chunk() {
        if *back != ZEROS {
            break;
        }
        used = front;
    }
    let end = used
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    used.get(..end).unwrap_or_default()
}

/// An intact batch at the beginning of some bytes.
struct Parsed {
    seqno: u64,
}

impl Parsed {
    /// The batch and what follows it, or `None` if the bytes don't begin with an intact batch.
    fn of(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&[START], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let (items, rest) = rest.split_first_chunk()?;
        let (seqno, body) = rest.split_first_chunk()?;
        let mut rest = body;
        for _ in 0..u32::from_le_bytes(*items) {
            rest = skip_item(rest)?;
        }
        let checksum = xxh3_64(body.get(..body.len() - rest.len())?);
        let (&[END], rest) = rest.split_first_chunk()? else {
            return None;
        };
        let (expected, rest) = rest.split_first_chunk()?;
        let (trailer, rest) = rest.split_first_chunk()?;
        let intact = checksum == u64::from_le_bytes(*expected) && *trailer == TRAILER;
        intact.then_some((
            Self {
                seqno: u64::from_le_bytes(*seqno),
            },
            rest,
        ))
    }
}

/// What follows the item or clear record at the beginning of `bytes`.
fn skip_item(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.split_first()? {
        (&ITEM, rest) => {
            let rest = rest.get(2 + size_of::<u64>()..)?;
            let (key, rest) = rest.split_first_chunk()?;
            let rest = rest.get(size_of::<u32>()..)?;
            let (stored, rest) = rest.split_first_chunk()?;
            let len = usize::from(u16::from_le_bytes(*key))
                .checked_add(usize::try_from(u32::from_le_bytes(*stored)).ok()?)?;
            rest.get(len..)
        }
        (&CLEAR, rest) => rest.get(size_of::<u64>()..),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(seqno: u64, values: &[&[u8]]) -> Vec<u8> {
        let mut body = Vec::new();
        for value in values {
            body.extend([ITEM, 0, 0]);
            body.extend(7u64.to_le_bytes());
            body.extend(3u16.to_le_bytes());
            body.extend((value.len() as u32).to_le_bytes());
            body.extend((value.len() as u32).to_le_bytes());
            body.extend(b"key");
            body.extend(*value);
        }
        let mut bytes = vec![START];
        bytes.extend((values.len() as u32).to_le_bytes());
        bytes.extend(seqno.to_le_bytes());
        bytes.extend(&body);
        bytes.push(END);
        bytes.extend(xxh3_64(&body).to_le_bytes());
        bytes.extend(TRAILER);
        bytes
    }

    /// How many batches are intact, where the journal is cut, and whether there is more behind.
    type Found = (usize, Option<usize>, bool);

    fn inspect(journal: &[u8], discard: u64) -> Found {
        let found = super::inspect(journal, discard, &mut None);
        (
            found.batches,
            found.cut.map(|(at, _)| at),
            found.intact_behind,
        )
    }

    fn inspected(batches: usize, cut: Option<usize>, intact_behind: bool) -> Found {
        (batches, cut, intact_behind)
    }

    #[test]
    fn whole_journals_stay_as_they_are() {
        let mut journal = [batch(1, &[b"a", b""]), batch(2, &[&[1; 300]])].concat();
        assert_eq!(inspect(&journal, u64::MAX), inspected(2, None, false));
        journal.resize(5000, 0);
        assert_eq!(inspect(&journal, u64::MAX), inspected(2, None, false));
        assert_eq!(inspect(&[], u64::MAX), inspected(0, None, false));
    }

    #[test]
    fn a_cut_last_batch_is_cut_off_wherever_it_was_cut() {
        let (first, second) = (batch(1, &[b"a"]), batch(2, &[b"b", b"c"]));
        for len in 1..second.len() {
            let mut journal = [&first, &second[..len]].concat();
            assert_eq!(
                inspect(&journal, u64::MAX),
                inspected(1, Some(first.len()), false)
            );
            journal.resize(5000, 0);
            assert_eq!(
                inspect(&journal, u64::MAX),
                inspected(1, Some(first.len()), false)
            );
        }
    }

    #[test]
    fn a_broken_batch_before_an_intact_one_is_told_at_every_byte() {
        let (first, second) = (batch(1, &[b"a", b"b"]), batch(2, &[b"c"]));
        // The sequence number, bytes 5 to 12, is in no checksum.
        for at in (0..5).chain(13..first.len()) {
            let mut journal = [&first[..], &second].concat();
            journal[at] ^= 0x10;
            assert_eq!(
                inspect(&journal, u64::MAX),
                inspected(0, Some(0), true),
                "{at}"
            );
        }
    }

    #[test]
    fn a_sequence_number_that_is_not_the_next_is_told_wherever_it_is() {
        let of = |seqnos: [u64; 3]| seqnos.map(|seqno| batch(seqno, &[b"a"])).concat();
        let seqnos = [1000, 1001, 1003];
        let one = of(seqnos).len() / 3;
        for i in 0..3 {
            for bit in 0..64 {
                let mut flipped = seqnos;
                flipped[i] ^= 1 << bit;
                let ascends = flipped.is_sorted_by(|a, b| a < b && b - a <= MAX_STEP);
                let found = inspect(&of(flipped), u64::MAX);
                if ascends && flipped[0] <= MAX_SEQNO {
                    assert_eq!(
                        found,
                        inspected(3, None, false),
                        "they say the same in order"
                    );
                } else {
                    let good = found.0;
                    assert!(good < 3, "{flipped:?}");
                    assert_eq!(
                        found,
                        inspected(good, Some(good * one), true),
                        "{flipped:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_to_be_discarded_is_cut_off() {
        let (first, second) = (batch(8, &[b"a"]), batch(9, &[b"b"]));
        let journal = [&first[..], &second].concat();
        assert_eq!(inspect(&journal, 9), inspected(1, Some(first.len()), false));
        assert_eq!(inspect(&journal, 10), inspected(2, None, false));
    }

    #[test]
    fn damage_in_a_journal_before_the_last_cuts_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let broken = [&batch(1, &[b"a"])[..], &batch(2, &[b"b"])[..20]].concat();
        fs::write(dir.path().join("9.jnl"), &broken).unwrap();
        fs::write(dir.path().join("10.jnl"), batch(3, &[b"c"])).unwrap();
        let error = mend(dir.path(), None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(
            error.to_string().contains("9.jnl is broken at byte"),
            "{error}"
        );
        assert_eq!(fs::read(dir.path().join("9.jnl")).unwrap(), broken);

        fs::write(dir.path().join("10.jnl"), vec![0; 100]).unwrap();
        let whole = batch(1, &[b"a"]);
        // Of the 20 bytes the last three are zeros, as where nothing is written.
        let cut = Cut {
            file: dir.path().join("9.jnl"),
            at: whole.len() as u64,
            bytes: 17,
        };
        assert_eq!(mend(dir.path(), None).unwrap(), [cut]);
        assert_eq!(fs::read(dir.path().join("9.jnl")).unwrap(), whole);

        fs::write(dir.path().join("10.jnl"), batch(1, &[b"c"])).unwrap();
        let error = mend(dir.path(), None).unwrap_err();
        assert!(
            error.to_string().contains("10.jnl is broken at byte 0"),
            "numbers go on from journal to journal: {error}"
        );
    }
}
