//! Checks the manifests of the database before fjall reads them.
//!
//! fjall takes a database without `version`, or a keyspace without `current`, for one that a crash kept from being
//! made: it makes it anew and deletes what it finds in the place. A broken manifest it may answer with an
//! assertion that ends the process. Our folders are complete from the start, so both are damage and told
//! as such.
//!
//! ```text
//! version                    fjall's format
//! keyspaces/<id>/current     id of the manifest: u64, its xxh3: u128, 0; little-endian
//! keyspaces/<id>/v<id>       the manifest: which tables there are
//! ```

use std::fs;
use std::io;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::Space;

/// Refuses a database that lacks files or has broken manifests.
///
/// # Errors
///
/// [`io::ErrorKind::NotFound`] or [`io::ErrorKind::InvalidData`], with the name of the file.
pub(super) fn check(data: &Path) -> io::Result<()> {
    let told = |name: &str, e: io::Error| io::Error::new(e.kind(), format!("{name}: {e}"));
    fs::metadata(data.join("version")).map_err(|e| told("version", e))?;
    // Keyspace 0 is fjall's own; ours were made with the folder and numbered in turn.
    for id in 0..=Space::ALL.len() {
        let name = format!("keyspaces/{id}");
        check_keyspace(&data.join(&name)).map_err(|e| told(&name, e))?;
    }
    Ok(())
}

fn check_keyspace(dir: &Path) -> io::Result<()> {
    let broken = |text| io::Error::new(io::ErrorKind::InvalidData, text);
    let current = fs::read(dir.join("current"))?;
    let Some((id, rest)) = current.split_first_chunk() else {
        return Err(broken("current is too short"));
    };
    let Some((checksum, [0])) = rest.split_first_chunk() else {
        return Err(broken(
            "current has another length or another kind of checksum",
        ));
    };
    let manifest = fs::read(dir.join(format!("v{}", u64::from_le_bytes(*id))))?;
    if xxh3_128(&manifest) != u128::from_le_bytes(*checksum) {
        return Err(broken("the manifest doesn't match its checksum"));
    }
    Ok(())
}
