//! The processes that a worker has started, on Linux.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// How often they are looked for, at most: one that starts others faster than they are ended could go on for ever.
const ROUNDS: usize = 100;

/// Ends all processes below a worker, however they detached themselves. The worker stays, halted, and has to be ended next.
///
/// A worker takes over processes whose parents end, so whatever it started is below it as long as it is there.
pub(crate) fn end_descendants(worker: Pid) {
    let _ = kill_process(worker, Signal::STOP);
    for _ in 0..ROUNDS {
        let below = descendants(worker);
        if below.is_empty() {
            return;
        }
        for pid in below {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The processes below one, but for those that have ended.
fn descendants(of: Pid) -> Vec<Pid> {
    let all = processes();
    let mut below = vec![of];
    let mut met = 0;
    while let Some(parent) = below.get(met).copied() {
        met += 1;
        let children = all.iter().filter(|(_, of)| *of == parent);
        below.extend(children.map(|(pid, _)| *pid));
    }
    below.remove(0);
    below
}

/// Each process that hasn't ended, with its parent.
fn processes() -> Vec<(Pid, Pid)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // A number, the name in brackets, which may have any in it, the state, and the parent's number.
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let is_gone = matches!(fields.next()?, "Z" | "X");
        let parent = Pid::from_raw(fields.next()?.parse().ok()?)?;
        (!is_gone).then_some((Pid::from_raw(pid)?, parent))
    });
    processes.collect()
}
