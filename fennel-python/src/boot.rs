//! What a worker is made of: sent to it over its pipe, for there is no file that it could be read from.

/// Reads the program and runs it, if this Python can.
pub(crate) const BOOT: &str = include_str!("python/boot.py");

/// The program.
pub(crate) const PROGRAM: &str = concat!(
    include_str!("python/values.py"),
    include_str!("python/client.py"),
    include_str!("python/worker.py"),
);
