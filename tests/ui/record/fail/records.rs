//! What is no record: N017 to N025 as far as Rust lets them be written.
use fennel::prelude::*;

struct Plain;

#[derive(Record)]
struct NotARecord {
    plain: Plain,
}

#[derive(Record)]
struct Narrow {
    year: u16,
}

#[derive(Record)]
enum Choice {
    A,
}

#[derive(Record)]
struct Tuple(i64);

#[derive(Record)]
struct Recursive {
    children: Vec<Recursive>,
}

#[derive(Record)]
#[record(crat = fennel)]
struct Misspelt {
    year: i64,
}

fennel::owner!("tickets@example.com", create = fennel);

fn main() {}
