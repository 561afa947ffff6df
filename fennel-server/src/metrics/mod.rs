//! Numbers for those who watch a server: what is counted, and how it is told.
//!
//! | file | has |
//! |---|---|
//! | `requests` | requests by target and status, and how long they took |
//! | `histogram` | durations, counted by size |
//! | `text` | Prometheus' text format |
//! | `report` | everything of it, for a scrape |

mod histogram;
mod report;
mod requests;
mod text;

pub(crate) use histogram::Histogram;
pub(crate) use report::report;
pub(crate) use requests::{Requests, observe};
pub(crate) use text::MEDIA_TYPE;
