//! The calls, one file each: what the request says, and what is answered.

mod account;
mod audit;
mod branch;
mod commit;
mod health;
mod history;
mod inspect;
mod lineage;
mod log;
mod lookup;
mod metrics;
mod query;
mod rejects;
mod role;
mod server;
mod token;
mod xray;

use axum::Router;
use axum::routing::{get, post, put};

pub(crate) use branch::{delete_branch, init_branch, list_branches};
pub(crate) use commit::commit;
pub(crate) use health::{health, ready};
pub(crate) use history::{compare_commits, list_commits, show_commit};
pub(crate) use inspect::inspect;
pub(crate) use lineage::lineage;
pub(crate) use log::log;
pub(crate) use lookup::lookup;
pub(crate) use metrics::metrics;
pub(crate) use query::query;
pub(crate) use rejects::rejects;
pub(crate) use server::server;
pub(crate) use xray::xray;

use crate::app::App;

/// The calls about who has access, which are for admins.
pub(crate) fn access() -> Router<App> {
    Router::new()
        .route("/api/v1/role", get(role::list))
        .route("/api/v1/role/{name}", put(role::put).delete(role::delete))
        .route("/api/v1/account", get(account::list))
        .route(
            "/api/v1/account/{name}",
            put(account::put).delete(account::delete),
        )
        .route("/api/v1/token", get(token::list).post(token::create))
        .route("/api/v1/token/{id}", get(token::show).delete(token::delete))
        .route("/api/v1/token/{id}/rotate", post(token::rotate))
        .route("/api/v1/token/{id}/revoke", post(token::revoke))
        .route("/api/v1/audit", get(audit::audit))
}
