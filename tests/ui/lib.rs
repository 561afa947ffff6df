//! What rustc says about mistakes in definitions: see `main.rs`.
