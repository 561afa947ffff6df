//! Runs the Python functions that definitions carry, in worker processes.
//!
//! [`Workers`] is the engine's [`Runner`](fennel_engine::python::Runner): it starts workers when they are needed, up to
//! a number, gives each one call at a time, and ends one that takes too long or too much memory, with all processes
//! that it started. The next call starts another.
//!
//! ```text
//! call -> a free worker (pool) -> frames over its pipes (worker, frame) -> worker.py -> the function
//!      <- columns of values (value)                     <- lookups, answered by the caller meanwhile
//! ```
//!
//! A worker is `python3` with pandas, and what this crate has in `src/python`. It has none of the server's environment
//! but what Python needs, and nothing of what a function prints gets into the server's output. It is no sandbox: a
//! function may do on this machine what the server's user may.

mod boot;
mod frame;
mod message;
mod output;
mod pool;
#[cfg(target_os = "linux")]
mod processes;
mod ty;
mod value;
mod worker;

pub use pool::{Options, Workers};
