//! A server that has this project's Rust functions: `cargo run -p spend --features server --bin spend-server`.
fennel_server::main!(spend);
