//! The calls, one file each: what the request says, and what is answered.

mod account;
mod audit;
mod branch;
mod commit;
mod dataset;
mod erase;
mod expectations;
mod health;
mod history;
mod inspect;
mod lineage;
mod log;
mod logged;
mod lookup;
mod metrics;
mod offline;
mod openapi;
mod query;
mod rejects;
mod role;
mod secret;
mod server;
mod token;
mod xray;

use crate::openapi::Calls;

/// All calls there are. A file's are those that its function `calls` adds.
pub(crate) fn calls() -> Calls {
    let files = [
        health::calls,
        openapi::calls,
        server::calls,
        commit::calls,
        history::calls,
        branch::calls,
        log::calls,
        query::calls,
        logged::calls,
        offline::calls,
        lookup::calls,
        inspect::calls,
        rejects::calls,
        erase::calls,
        expectations::calls,
        lineage::calls,
        xray::calls,
        metrics::calls,
        role::calls,
        account::calls,
        token::calls,
        secret::calls,
        audit::calls,
    ];
    files.iter().fold(Calls::default(), |calls, of| of(calls))
}
