//! The HTTP server of fennel.
//!
//! It speaks Fennel's protocol: `commit` takes definitions, `log` takes rows, `query` and `lookup`
//! answer from them. The engine does the work; this crate owns the socket, the tokens and the status
//! codes.
//!
//! ```no_run
//! # async fn run() -> Result<(), fennel_server::Error> {
//! use fennel_server::{Config, Server};
//!
//! let server = Server::bind(Config::default()).await?;
//! println!("listening on {}", server.address());
//! if let Some(token) = server.first_token() {
//!     println!("admin token: {}", token.reveal());
//!     server.confirm_first_token().await?;
//! }
//! server.serve(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Endpoints
//!
//! Paths that don't begin with a slash are below `/api/v1/`. All calls but the last two need the header
//! `authorization: Bearer <token>`. The header `x-fennel-branch` names the branch; without it that is `main`.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `POST commit?preview=&incremental=&backfill=&base=&id=&revision=` | a `SyncRequest` in protobuf encoding | `{"summary": [..], "commit": id, "changed": bool, "repeated": bool, "preview": bool, "branch": name, "server": {..}, "diff": {..}}` |
//! | `GET commits?limit=20&before=<commit>` | | `{"branch": name, "commits": [{"id", "at", "by", "revision", "message", ..}]}`, the latest first |
//! | `GET commits/<commit>` | | `{"branch": name, "commit": {..}, "diff": {..}, "definitions": [..]}` |
//! | `GET diff?from=<commit>&to=<commit>` | | `{"branch": name, "from": {..}, "to": {..}, "diff": {..}}` |
//! | `POST log` | `{"webhook", "endpoint", "data"}` | `{"rows": n, "set_aside": m}`, once the rows are on the disk |
//! | `POST query` | `{"inputs", "outputs", "data", "timestamps"?, "log"?, "workflow"?, "sampling_rate"?}` | `{"Fs.feature": [..], ..}` |
//! | `POST query_offline` | `{"input_features", "output_features", "input", "timestamp_column", "output"?, "s3_output"?}` | `{"request_id", "status", "completion_rate", "failure_rate", "output", "rows", ..}`; `docs/querying.md` tells all |
//! | `GET query_offline/status?request_id=`, `POST query_offline/cancel?request_id=` | | the same |
//! | `GET query_offline/result?request_id=` | | the output as Parquet, where the query names no other place |
//! | `GET logged?workflow=default&from=&to=&after=&limit=1000` | | `{"rows": [{"served", "at", "inputs": {..}, "outputs": {..}}], "next": place}`, what was queried with `log` |
//! | `POST dataset/<name>/lookup` | `{"keys", "fields", "timestamps"?}` | `{"found": [..], "data": {"field": [..], ..}}` |
//! | `GET dataset/<name>/inspect?n=10` | | `{"field": [..], ..}` |
//! | `GET dataset/<name>/rejects?n=10` | | `{"total": n, "rows": [{"row": {..}, "reason": "..", "at": ".."}]}` |
//! | `POST dataset/<name>/erase` | `{"erase_keys", "purge_later"?}` | `{"rows": n}`, once they are gone |
//! | `GET dataset/<name>/expectations?n=10` | | `{"waiting": n, "expectations": [{"expectation", "arguments", "mostly", "windows": [{"start", "end", "rows", "unexpected", "holds", ..}]}]}` |
//! | `POST init` | `{}`, or `{"clone_from": name}` | `{"branch": name}`; the header names the new branch |
//! | `POST delete` | `{}` | `{"branch": name}`; the header names the branch to delete |
//! | `GET lineage` | | `{"schema": 1, "nodes": [..], "edges": [..]}`, of what the caller may see |
//! | `GET xray?datasets=&featuresets=&properties=` | | `{"datasets": [{"name": .., ..}], "featuresets": [..]}`, likewise |
//! | `GET branch/list` | | `{"branches": [{"name": "main"}]}`, those that the caller may see |
//! | `GET role` | | `{"roles": [{"name", "built_in", "grants": [..], "accounts": [..]}]}` |
//! | `PUT role/<name>` | `{"grants": [{"modes": [..], "branches": [..], "tags": [..], "endpoints": [..]}]}` | the role |
//! | `GET account` | | `{"accounts": [{"name", "roles": [..], "note", "created", "created_by", "tokens": n}]}` |
//! | `PUT account/<name>` | `{"roles": [..], "note"?}` | the account |
//! | `GET token?account=` | | `{"tokens": [{"id", "account", "state", "expires", "last_used", ..}]}` |
//! | `POST token` | `{"account", "expires_in"?, "note"?}` | the token, and of it `{"token": "fnl_.."}`, this once |
//! | `POST token/<id>/rotate` | `{"overlap"?, "expires_in"?}` | the same of the new token, and `"old"` |
//! | `POST token/<id>/revoke` | | the token |
//! | `GET token/<id>` | | the token |
//! | `DELETE role/<name>`, `account/<name>`, `token/<id>` | | what was deleted |
//! | `GET secret/<name>` | | `{"value": text}` |
//! | `POST secret/<name>`, `PATCH secret/<name>` | `{"value": text}` | `{"name": name}` |
//! | `DELETE secret/<name>` | | `{"name": name}` |
//! | `GET audit?from=&limit=100&format=json` | | `{"entries": [{"number", "at", "who", "from", "what", "on", "outcome", ..}], "next": n}` |
//! | `DELETE audit?before=<instant>` | | `{"entries": n, "more": bool}`, of which those older than `before` are gone |
//! | `GET server` | | `{"name": name, "version": "0.1.0"}`: which server this is |
//! | `GET /metrics` | | numbers for Prometheus; `docs/operating.md` lists them |
//! | `GET openapi.json` | | all calls, as [OpenAPI](https://spec.openapis.org/oas/v3.1.0) describes them |
//! | `GET /healthz`, `GET /readyz` | | `{"status": "ok"}` |
//!
//! A commit with `base` is refused with 409 unless the branch is at that commit, or is what the request says already. `id`
//! is the new commit's, 12 hexadecimal digits that the client chose at random: sent again, it is answered as the
//! first time. A `<commit>` is named by its id, by the beginning of one, as `HEAD`, or by a branch; `~1` goes back by one.
//!
//! `data` is an object of columns, a list of row objects, or a text that holds the JSON of either.
//! `timestamps` has one instant per row and asks for the answer as of then, where the present is the
//! default. An instant is a number since 1970 in seconds, milliseconds, microseconds or
//! nanoseconds, told by its size; the same as text; RFC 3339 or RFC 2822 text; or a bare date.
//! Instants in answers are RFC 3339 with six digits of fraction, always.
//!
//! `set_aside` counts the rows of the request that don't fit every dataset that they feed, each row once.
//! They are kept, and `rejects` shows them, once for each dataset that they don't fit.
//!
//! `docs/lineage.md` tells what the answers of `lineage` and `xray` hold.
//!
//! Requests may be gzipped; answers are never compressed.
//!
//! # Access
//!
//! A token belongs to an account, an account has roles, and a role is a list of grants; what no grant allows is denied.
//! A grant allows `modes` on `branches`, to what carries no other `tags` than those covered: `read_definitions` is to
//! preview, to clone from there, and for history, lineage and xray, `write_definitions` to commit, create and delete,
//! `read_data` to query, look up and inspect, and for rejects and metrics. `write_data` is to log at `endpoints`. `admin` is everything, and needed for roles, accounts, tokens and the
//! audit. `docs/access.md` tells more.
//!
//! # Errors
//!
//! An error answers `{"err_msg": "..", "problems": [..]}`, the second only where definitions are
//! wrong. 400: the request is wrong. 401: no token, or not a valid one. 403: the token's account may not do that; the
//! same whether there is what the request names. 404: there is no such branch,
//! endpoint, entity or path. 405: the path takes another method. 409: it conflicts with what is there.
//! 408: the body stopped coming. 413: the body is too large. 415: the content is of a type that the call doesn't take. 507: the disk
//! is full. 503: the server is shutting down; or it has too many large requests at once, and the header
//! `retry-after` says when to try again; or, from `/readyz`, it takes no more writes until it is restarted. 500: the server can't, and it is not the request's fault.

mod app;
mod auth;
mod body;
mod command;
mod config;
mod connection;
mod data;
mod error;
mod log;
mod memory;
mod metrics;
mod name;
mod notation;
mod offline;
mod openapi;
mod program;
mod request;
mod request_id;
mod route;
mod secret;
mod server;
mod span;

pub use auth::{FirstToken, Token};
pub use config::{Config, DEFAULT_MAX_BODY};
pub use error::{Error, chain};
pub use fennel_python::Options as PythonOptions;
/// What [`main!`] has a program allocate with.
#[doc(hidden)]
pub use mimalloc::MiMalloc as Allocator;
pub use name::{Naming, ServerName};
pub use program::run;
pub use secret::SecretKey;
pub use server::{GRACE, Server};
