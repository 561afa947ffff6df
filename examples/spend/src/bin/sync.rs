//! Checks, shows and commits this project's definitions: `cargo run -p spend`.
fennel_sync::main!(spend);
