//! The calls, one file each: what the request says, and what is answered.

mod branch;
mod commit;
mod health;
mod inspect;
mod log;
mod lookup;
mod query;
mod rejects;
mod server;

pub(crate) use branch::{delete_branch, init_branch, list_branches};
pub(crate) use commit::commit;
pub(crate) use health::{health, ready};
pub(crate) use inspect::inspect;
pub(crate) use log::log;
pub(crate) use lookup::lookup;
pub(crate) use query::query;
pub(crate) use rejects::rejects;
pub(crate) use server::server;
