//! The memory of this process, as the system tells it.

use std::fs;

/// The bytes of memory that the process has; 0 where the system doesn't tell.
#[must_use]
pub fn resident() -> u64 {
    status("VmRSS:")
}

/// The most bytes of memory that the process had since [`reset_peak`]; 0 where the system doesn't tell.
#[must_use]
pub fn peak() -> u64 {
    status("VmHWM:")
}

/// Begins to measure the peak anew. Where the system doesn't allow it, the peak is that since the start.
pub fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
