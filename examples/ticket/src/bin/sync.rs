//! Commits this project's definitions: `cargo run --bin sync`.
fennel_sync::main!(ticket);
