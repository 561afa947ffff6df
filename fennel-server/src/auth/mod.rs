//! Who may use the server, and for what.
//!
//! A request bears a token, and the server knows the SHA-256 of those that are valid. A token belongs to an account,
//! an account has roles, and a role is a list of grants; whatever no grant allows is denied. [`require_token`] finds
//! out who calls, and leaves a [`Caller`] in the request, which the calls ask what it may.
//!
//! | file | has |
//! |---|---|
//! | `token`, `account`, `role`, `glob` | what there is, each checked by itself |
//! | `known` | all of it together, as it is kept |
//! | `access` | who bears a token, and how what is known changes |
//! | `manage`, `shown` | what admins do with it, and what they are shown |
//! | `caller` | what the bearer of a request may, and what is answered otherwise |
//! | `tags` | reads and commits that some tags are kept from |
//! | `erase` | who may erase |
//! | `audit` | who did what, and who was denied |
//! | `tally` | what of that is counted before it is written |

mod access;
mod account;
mod audit;
mod caller;
mod erase;
mod glob;
mod known;
mod manage;
mod role;
mod shown;
mod tags;
mod tally;
mod token;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

pub(crate) use access::Access;
pub(crate) use audit::Entry;
pub(crate) use caller::Caller;
pub(crate) use role::{Grant, Mode};
pub(crate) use tags::Hidden;
pub use token::Token;
pub(crate) use token::{id_of, is_token};

use crate::app::App;
use crate::body;
use crate::connection::Peer;
use crate::error::Failure;
use crate::span;

/// What became of the first admin token when a server started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FirstToken {
    /// The data folder had none that was shown, so this one was made at random. It can't be read again:
    /// show it, then call [`confirm_first_token`](crate::Server::confirm_first_token).
    Generated(Token),
    /// The data folder had none, and [`first_admin_token`](crate::Config::first_admin_token) is it now.
    Configured,
    /// The data folder has one from an earlier start, and nothing else was asked for.
    Kept,
    /// The data folder has one from an earlier start. It stays in force, and
    /// [`first_admin_token`](crate::Config::first_admin_token), which differs or was revoked, is not valid.
    KeptOther,
    /// There is none: the server has a [`process_token`](crate::Config::process_token) alone.
    NotNeeded,
}

/// Lets a request pass that bears a valid token, and writes down who was denied something.
pub(crate) async fn require_token(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = request.extensions().get::<Peer>().map(|peer| peer.0);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let call = || format!("{method} {}", without_tokens(uri.path()));
    let caller = match admit(&app, &request) {
        Ok(caller) => caller,
        Err(failure) => {
            body::discard(request, app.max_body).await;
            return failure.into_response();
        }
    };
    span::tell_account(caller.account());
    request.extensions_mut().insert(caller.clone());
    let response = next.run(request).await;
    if response.status() == StatusCode::FORBIDDEN {
        let why = response.extensions().get::<crate::error::Told>();
        app.access.audit().deny(
            app.access.now(),
            audit::Denial {
                caller: Some(&caller),
                from: address,
                call: call(),
                why: why.map_or_else(String::new, |told| told.0.clone()),
            },
        );
    }
    response
}

/// Lets a request pass whose token is still valid once its body has come, which may have taken long, with what it may
/// by then.
pub(crate) async fn require_token_still(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&app, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

/// Who bears a request. That it has no valid token is written down.
fn admit(app: &App, request: &Request) -> Result<Caller, Failure> {
    let address = request.extensions().get::<Peer>().map(|peer| peer.0);
    let admitted = bearer(request).and_then(|token| {
        let admitted = app.access.admit(token, address);
        admitted.map_err(|invalid| Failure::unauthorized(told(invalid)))
    });
    admitted.inspect_err(|failure| {
        let path = without_tokens(request.uri().path());
        app.access.audit().deny(
            app.access.now(),
            audit::Denial {
                caller: None,
                from: address,
                call: format!("{} {path}", request.method()),
                why: failure.message().to_owned(),
            },
        );
    })
}

/// A path in which nobody has written a token for its id.
fn without_tokens(path: &str) -> String {
    let parts = path.split('/').map(|part| match is_token(part) {
        true => "…",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn told(invalid: known::Invalid) -> &'static str {
    match invalid {
        known::Invalid::Unknown => {
            "the token is not valid on this server; ask an admin of it for one, or use its admin token, which it printed on its first start"
        }
        known::Invalid::Expired => {
            "the token is no longer valid, for it has expired; ask an admin of this server for a new one"
        }
        known::Invalid::Revoked => {
            "the token is no longer valid, for it was revoked; ask an admin of this server for a new one"
        }
    }
}

/// The token that a request bears.
fn bearer(request: &Request) -> Result<&str, Failure> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION).iter();
    let header = headers.next().ok_or_else(|| {
        Failure::unauthorized(
            "the request has no token; send it in the header `authorization: Bearer <token>`",
        )
    })?;
    if headers.next().is_some() {
        return Err(Failure::unauthorized(
            "the request has several authorization headers; send one",
        ));
    }
    let token = header.to_str().ok().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.filter(|token| !token.is_empty()).ok_or_else(|| {
        Failure::unauthorized(
            "the authorization header can't be read; write it as `authorization: Bearer <token>`",
        )
    })
}
