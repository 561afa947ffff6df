//! Judges the engine by folders of vectors of the protocol's reference client.
//!
//! ```text
//! cargo run --release -p fennel-engine --example vectors -- FOLDER..
//! ```
//!
//! What the reference is known to do wrong is judged by what is right, and told apart; so is what can't be run. The
//! last line is `N passed, M failed`, and the exit code is 1 if any failed.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::ExitCode;

use fennel_vectors::Verdict;

fn main() -> ExitCode {
    let folders: Vec<_> = env::args_os().skip(1).collect();
    if folders.is_empty() {
        eprintln!("usage: vectors FOLDER..");
        return ExitCode::from(2);
    }
    let (mut passed, mut failed) = (0, 0);
    for folder in &folders {
        let folder = Path::new(folder);
        let judged = match fennel_vectors::judge(folder) {
            Ok(judged) => judged,
            Err(error) => {
                eprintln!("{}: {error}", folder.display());
                return ExitCode::from(2);
            }
        };
        println!("{}", folder.display());
        let (mut equal, mut wrong, mut left) = (0, Vec::new(), Vec::new());
        let mut right: BTreeMap<String, usize> = BTreeMap::new();
        for judged in judged {
            match &judged.verdict {
                Verdict::Equal => equal += 1,
                Verdict::Right(what) => *right.entry(what.clone()).or_default() += 1,
                Verdict::Left(_) => left.push(judged),
                Verdict::Wrong(_) => wrong.push(judged),
            }
        }
        let otherwise: usize = right.values().sum();
        println!("  {equal} answered as the reference does");
        println!("  {otherwise} answered as is right, where the reference does otherwise:");
        for (what, count) in &right {
            println!("    {count}: {what}");
        }
        println!("  {} not run:", left.len());
        for judged in &left {
            println!("    {judged}");
        }
        println!("  {} failed:", wrong.len());
        for judged in &wrong {
            println!("    {judged}");
        }
        passed += equal + otherwise;
        failed += wrong.len();
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
