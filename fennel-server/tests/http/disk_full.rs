//! A disk that fills up, for real: a server on a small tmpfs.
//!
//! Needs the right to mount; without it the test says so and passes.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::support::{TestServer, ticket};

const MIB: usize = 1 << 20;

/// Unmounts a folder at the end.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// Mounts a tmpfs with little beyond the 512 MiB that the store leaves free, or tells why the test is skipped.
    fn at(dir: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=560m", "tmpfs"])
            .arg(dir)
            .output();
        let reason = match mounted {
            Ok(output) if output.status.success() => return Some(Self(dir)),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        println!("skipped, since no tmpfs can be mounted ({reason})");
        None
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // Lazily, for a test that failed may leave a thread of the store behind.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Ten rows of 100 kB each, and the ids of them.
fn rows(request: usize) -> (Json, Vec<String>) {
    let ids: Vec<_> = (0..10)
        .map(|row| format!("{request} {row} {}", "x".repeat(50_000)))
        .collect();
    let rows = ids
        .iter()
        .map(|id| json!({"ticket_id": id, "price": 7, "at": "2024-01-01"}));
    (rows.collect(), ids)
}

#[test]
fn a_full_disk_is_told_and_what_was_acknowledged_is_kept() {
    let disk = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::at(disk.path()) else {
        return;
    };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![1; 16 * MIB]).unwrap();
    let dir = tempfile::tempdir_in(disk.path()).unwrap();
    let server = TestServer::configured(dir, |_| {}).commit_tickets();

    let mut acknowledged = Vec::new();
    let mut requests = 0..;
    let mut log_until_full = |acknowledged: &mut Vec<String>| {
        for request in requests.by_ref() {
            let (rows, ids) = rows(request);
            let reply = server.log(&rows);
            if reply.status != 200 {
                let error = reply.error(507);
                assert!(error.contains("is full, free some space"), "{error}");
                return ids;
            }
            acknowledged.extend(ids);
        }
        unreachable!("the disk is full before");
    };
    let assert_kept = |server: &TestServer, acknowledged: &[String]| {
        for ids in acknowledged.chunks(100) {
            let prices = server.prices(&json!(ids));
            assert_eq!(prices, json!(vec![7; ids.len()]));
        }
    };

    let refused = log_until_full(&mut acknowledged);
    assert!(acknowledged.len() >= 20, "{}", acknowledged.len());
    // Queries go on, and nothing is there of what was refused.
    assert_kept(&server, &acknowledged);
    assert_eq!(
        server.prices(&json!(refused)),
        json!(vec![0; refused.len()])
    );
    assert_eq!(server.get("/readyz").status, 200, "it goes on by itself");

    fs::remove_file(ballast).unwrap();
    let before = acknowledged.len();
    log_until_full(&mut acknowledged);
    assert!(acknowledged.len() > before, "there was room again");
    assert_kept(&server, &acknowledged);

    let server = TestServer::configured(server.stop(), |_| {});
    assert_kept(&server, &acknowledged);
    assert_eq!(server.commit(&ticket()).ok()["changed"], false);
}
