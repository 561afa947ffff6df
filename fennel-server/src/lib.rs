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
//! All paths but the last two begin with `/api/v1` and need the header `authorization: Bearer <token>`.
//! The header `x-fennel-branch` names the branch; without it that is `main`.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `POST commit?preview=&incremental=&backfill=` | a `SyncRequest` in protobuf encoding | `{"summary": [..], "commit": id, "changed": bool, "preview": bool, "branch": name, "server": {..}, "diff": {..}}` |
//! | `POST log` | `{"webhook", "endpoint", "data"}` | `{"rows": n, "set_aside": m}`, once the rows are on the disk |
//! | `POST query` | `{"inputs", "outputs", "data", "timestamps"?}` | `{"Fs.feature": [..], ..}` |
//! | `POST dataset/<name>/lookup` | `{"keys", "fields", "timestamps"?}` | `{"found": [..], "data": {"field": [..], ..}}` |
//! | `GET dataset/<name>/inspect?n=10` | | `{"field": [..], ..}` |
//! | `GET dataset/<name>/rejects?n=10` | | `{"total": n, "rows": [{"row": {..}, "reason": "..", "at": ".."}]}` |
//! | `POST init` | `{}` | `{"branch": name}`; the header names the new branch |
//! | `GET branch/list` | | `{"branches": [{"name": "main"}]}` |
//! | `GET server` | | `{"name": name, "version": "0.1.0"}`: which server this is |
//! | `GET /healthz`, `GET /readyz` | | `{"status": "ok"}` |
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
//! Requests may be gzipped; answers are never compressed.
//!
//! # Errors
//!
//! An error answers `{"err_msg": "..", "problems": [..]}`, the second only where definitions are
//! wrong. 400: the request is wrong. 401: no token, or not one of ours. 404: there is no such branch,
//! endpoint, entity or path. 405: the path takes another method. 409: it conflicts with what is there.
//! 408: the body stopped coming. 413: the body is too large. 415: the content is of a type that the call doesn't take. 507: the disk
//! is full. 503: the server is shutting down; or it has too many large requests at once, and the header
//! `retry-after` says when to try again; or, from `/readyz`, it takes no more writes until it is restarted. 500: the server can't, and it is not the request's fault.

mod app;
mod auth;
mod body;
mod config;
mod connection;
mod data;
mod error;
mod memory;
mod name;
mod program;
mod request;
mod route;
mod server;
mod unique;

pub use auth::{FirstToken, Token};
pub use config::{Config, DEFAULT_MAX_BODY};
pub use error::{Error, chain};
pub use name::{Naming, ServerName};
pub use program::run;
pub use server::{GRACE, Server};
