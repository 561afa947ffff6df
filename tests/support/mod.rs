//! Whole programs as their users have them: built by cargo, started as processes, spoken to over HTTP.
//!
//! Everything here is bounded in time, stays on this machine, and ends with the test.

mod http;
mod process;
mod programs;
mod proxy;
mod python;
mod server;

pub use http::{Http, Reply};
pub use process::{Finished, Process};
pub use programs::{Programs, programs, workspace};
pub use proxy::{Fate, Proxy};
pub use python::environment;
pub use server::{Server, TOKEN};
