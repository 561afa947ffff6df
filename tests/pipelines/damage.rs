//! Damage of any file of the data folder of an engine with pipelines: it opens and answers as before, or says what is
//! wrong; it never answers otherwise, and never panics.
//!
//! `FENNEL_FLIPS` says how many bytes of each file are tried.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::entity::{Dataset, Descriptor};
use fennel_core::value::Value;
use fennel_core::wire::encode;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::store::{Options, Store};
use fennel_engine::{CommitOptions, Engine, Error, Incoming, ManualClock};

use super::{Latest, Page, Visit, instant, visit};

/// A store that writes small files, so that there is one of each kind.
fn store(dir: &Path) -> Result<Store, Error> {
    let options = Options {
        reserve_bytes: 0,
        memtable_bytes: 16 << 10,
        ..Options::default()
    };
    Ok(Store::open_with(dir, &options)?)
}

fn open(dir: &Path) -> Result<Engine, Error> {
    Engine::open(store(dir)?, Arc::new(ManualClock::new(instant(1_000_000))))
}

/// All that the engine says, also after another row.
fn answers(dir: &Path) -> Result<Vec<String>, Error> {
    let engine = open(dir)?;
    let mut told = Vec::new();
    let changed = engine
        .commit("main", &definitions(1), CommitOptions::default())?
        .changed;
    assert!(!changed, "it is what was committed");
    for part in 0..3 {
        engine.check_applied()?;
        for dataset in ["Visit", "Page", "Latest"] {
            let columns = engine.inspect("main", dataset, usize::MAX)?;
            told.push(columns.to_json().to_string());
            told.push(format!(
                "{:?}",
                engine.rejects("main", dataset, usize::MAX)?
            ));
        }
        for at in [0, 50, 500, 5_000] {
            let keys: Vec<Incoming> = (0..8)
                .map(|i| BTreeMap::from([("page".into(), Value::String(page(i)))]))
                .collect();
            let at = keys.iter().map(|_| Value::Timestamp(instant(at))).collect();
            let found = engine.lookup("main", "Page", keys, &[], Some(at))?;
            told.push(format!("{:?} {}", found.found, found.columns.to_json()));
        }
        match part {
            0 => drop(engine.log("app", "visit", vec![visit(&page(3), "7", 60)])?),
            // Everything is computed anew from the log.
            1 => drop(engine.commit("main", &definitions(2), CommitOptions::default())?),
            _ => {}
        }
    }
    Ok(told)
}

fn definitions(version: u32) -> SyncRequest {
    let entities = fennel::entities![Visit, Page, Latest];
    let datasets = entities.into_iter().filter_map(|entity| match entity {
        Descriptor::Dataset(dataset) => Some(Dataset {
            version,
            ..*dataset
        }),
        Descriptor::Featureset(_) => None,
    });
    let datasets: Vec<_> = datasets.collect();
    let catalog: Catalog<'_> = datasets.iter().map(Descriptor::Dataset).collect();
    encode(&catalog, None, "")
}

fn page(i: i64) -> String {
    format!("{}{i}", "page ".repeat(8))
}

/// Fills a folder; some rows are in files of each kind, the last ones in the journal alone.
fn fill(dir: &Path) {
    let rows = |part: i64| {
        (0..20)
            .map(|i| match i {
                0 => visit("a", "soon", part),
                1 => Incoming::from([("page".into(), Value::String("b".into()))]),
                i => visit(&page(i % 6), &format!("{}", part * i), part * 10 + i),
            })
            .collect()
    };
    for open_again in 0..3 {
        let engine = open(dir).unwrap();
        engine
            .commit("main", &definitions(1), CommitOptions::default())
            .unwrap();
        for part in 0..12 {
            engine
                .log("app", "visit", rows(open_again * 12 + part))
                .unwrap();
        }
    }
    // Each open cuts the unused end of the journal off.
    drop(open(dir).unwrap());
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let mut all = Vec::new();
    files(from, &mut all);
    for path in all {
        let copied = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(copied.parent().unwrap()).unwrap();
        fs::copy(path, copied).unwrap();
    }
}

#[test]
fn a_flipped_bit_is_told_or_changes_nothing() {
    let flips = std::env::var("FENNEL_FLIPS").map_or(6, |flips| flips.parse().unwrap());
    let whole = tempfile::tempdir().unwrap();
    fill(whole.path());
    let fresh = || whole_copy(whole.path());
    let expected = answers(fresh().path()).unwrap();
    let mut all = Vec::new();
    files(whole.path(), &mut all);
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for file in &all {
        let name = file.strip_prefix(whole.path()).unwrap();
        let bytes = fs::read(file).unwrap();
        for flip in 0..flips.min(bytes.len()) {
            // Spread over the file, and not on the same bit of each byte.
            let at = (flip * bytes.len() + bytes.len() / 2) / flips;
            let mut broken = bytes.clone();
            broken[at] ^= 1 << ((at + flip) % 8);
            let dir = fresh();
            fs::write(dir.path().join(name), broken).unwrap();
            let counts = counts
                .entry(name.to_string_lossy().into_owned())
                .or_default();
            match answers(dir.path()) {
                Ok(answers) => {
                    counts[0] += 1;
                    assert!(
                        answers == expected,
                        "byte {at} of {}: other answers",
                        name.display()
                    );
                }
                Err(Error::Store(_) | Error::Corrupt(_) | Error::Behind(_)) => counts[1] += 1,
                Err(other) => panic!("byte {at} of {}: {other}", name.display()),
            }
        }
    }
    for (file, [same, refused]) in &counts {
        println!("{file}: {same} times as before, {refused} times refused");
    }
    let kinds = [
        "0.jnl", "discard", "format", "version", "current", "tables/", "v",
    ];
    for kind in kinds {
        let mut of_kind = counts.iter().filter(|(file, _)| file.contains(kind));
        assert!(
            of_kind.any(|(_, [_, refused])| *refused > 0),
            "no {kind} was tried"
        );
    }
}

#[test]
fn a_broken_end_of_the_log_is_cut_off_and_told() {
    let whole = tempfile::tempdir().unwrap();
    fill(whole.path());
    let expected = answers(whole_copy(whole.path()).path()).unwrap();
    let journal = Path::new("data/0.jnl");
    let bytes = fs::read(whole.path().join(journal)).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    // The last batch ends with a checksum and a mark: it applied rows that are in the log before it.
    for at in used - 13..used {
        let dir = whole_copy(whole.path());
        let mut broken = bytes.clone();
        broken[at] ^= 0x40;
        fs::write(dir.path().join(journal), broken).unwrap();
        let opened = store(dir.path()).unwrap();
        let [cut] = opened.cuts() else {
            panic!("byte {at}: {:?}", opened.cuts());
        };
        assert_eq!(cut.file, dir.path().join(journal));
        assert_eq!(cut.at + cut.bytes, used as u64);
        drop(opened);
        assert!(
            store(dir.path()).unwrap().cuts().is_empty(),
            "it is done once"
        );
        assert!(
            answers(dir.path()).unwrap() == expected,
            "byte {at}: other answers"
        );
    }
}

fn whole_copy(of: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(of, dir.path());
    dir
}
