//! What functions print: nowhere, or in a file that doesn't grow beyond a size.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The size at which the file begins anew.
const MAX_BYTES: u64 = 1 << 20;

/// A file for what functions print.
#[derive(Clone, Debug)]
pub(crate) struct Output(Arc<Mutex<File>>);

impl Output {
    /// Opens the file, or makes it. Only its owner may read it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self(Arc::new(Mutex::new(options.open(path)?))))
    }

    /// Writes what comes from a worker, until that ends.
    pub(crate) fn take(&self, mut from: impl Read + Send + 'static) {
        let output = self.clone();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(size @ 1..) = from.read(&mut bytes) {
                // What can't be written is lost: the worker must not wait for it.
                let _ = output.write(bytes.get(..size).unwrap_or_default());
            }
        });
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if file.metadata()?.len() + bytes.len() as u64 > MAX_BYTES {
            file.set_len(0)?;
            file.rewind()?;
        }
        file.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python.log");
        let output = Output::open(&path).unwrap();
        for _ in 0..300 {
            output.write(&[b'x'; 4096]).unwrap();
        }
        output.write(b"last").unwrap();
        let written = std::fs::read(&path).unwrap();
        assert!(written.len() as u64 <= MAX_BYTES && written.ends_with(b"last"));
    }
}
