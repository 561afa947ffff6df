//! Who may use the server.
//!
//! A request bears a token, and the server knows the SHA-256 of those that are valid. They are kept
//! beside the engine's metadata, under keys that begin with `server/token/` and go on with the 32
//! bytes of the hash. The value is the role, which is `admin`, or `untold` for an admin token made at
//! random of which nobody has said yet that it was shown. Such a token is valid until the server ends,
//! and then replaced, so that a start that fails halfway doesn't lock the folder.

mod token;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fennel_engine::store::{Batch, Space, Store};

use token::Hash;
pub use token::Token;

use crate::app::App;
use crate::body;
use crate::error::{Error, Failure};

const PREFIX: &[u8] = b"server/token/";
const ADMIN: &str = "admin";
const UNTOLD: &str = "untold";

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
    /// [`first_admin_token`](crate::Config::first_admin_token), which differs, is not valid.
    KeptOther,
    /// There is none: the server has a [`process_token`](crate::Config::process_token) alone.
    NotNeeded,
}

/// The tokens that are valid.
pub(crate) struct Tokens(Vec<Hash>);

impl Tokens {
    /// Reads the tokens of `store`, and makes the first one where there is none and one is needed.
    pub(crate) fn open(
        store: &Store,
        first: Option<&Token>,
        process: Option<&Token>,
    ) -> Result<(Tokens, FirstToken), Error> {
        let mut tokens = Tokens(Vec::new());
        // What replaces the tokens that nobody was shown goes into one batch with their removal.
        let mut batch = Batch::new();
        for entry in store.scan_prefix(Space::Meta, PREFIX) {
            let (key, role) = entry?;
            if &role[..] == UNTOLD.as_bytes() {
                batch.delete(Space::Meta, key);
                continue;
            }
            let hash = key
                .get(PREFIX.len()..)
                .and_then(|hash| hash.try_into().ok());
            tokens.0.push(Hash(hash.ok_or(Error::DamagedToken)?));
        }
        let outcome = match (tokens.0.is_empty(), first, process) {
            (false, Some(first), _) if !tokens.admits(first.reveal()) => FirstToken::KeptOther,
            (false, _, _) => FirstToken::Kept,
            (true, Some(first), _) => {
                tokens.add(first, ADMIN, &mut batch);
                FirstToken::Configured
            }
            (true, None, Some(_)) => FirstToken::NotNeeded,
            (true, None, None) => {
                let token = Token::generate()?;
                tokens.add(&token, UNTOLD, &mut batch);
                FirstToken::Generated(token)
            }
        };
        store.write(batch)?;
        tokens.0.extend(process.map(Token::hash));
        Ok((tokens, outcome))
    }

    fn add(&mut self, token: &Token, role: &'static str, batch: &mut Batch) {
        put(token, role, batch);
        self.0.push(token.hash());
    }

    /// Keeps a token that was made at random, now that somebody has seen it.
    pub(crate) fn confirm(store: &Store, token: &Token) -> Result<(), Error> {
        let mut batch = Batch::new();
        put(token, ADMIN, &mut batch);
        Ok(store.write(batch)?)
    }

    /// Whether `token` is valid. Looks at all of them, so that time tells nothing.
    fn admits(&self, token: &str) -> bool {
        let hash = Hash::of(token);
        self.0
            .iter()
            .fold(false, |found, known| known.equals(&hash) | found)
    }
}

fn put(token: &Token, role: &'static str, batch: &mut Batch) {
    let key = [PREFIX, &token.hash().0].concat();
    batch.put(Space::Meta, key, role);
}

/// Lets a request pass that bears a valid token.
pub(crate) async fn require_token(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    match check(&app.tokens, &request) {
        Ok(()) => next.run(request).await,
        Err(failure) => {
            body::discard(request, app.max_body).await;
            failure.into_response()
        }
    }
}

fn check(tokens: &Tokens, request: &Request) -> Result<(), Failure> {
    let Some(header) = request.headers().get(header::AUTHORIZATION) else {
        return Err(Failure::unauthorized(
            "the request has no token; send it in the header `authorization: Bearer <token>`",
        ));
    };
    if request
        .headers()
        .get_all(header::AUTHORIZATION)
        .iter()
        .count()
        > 1
    {
        return Err(Failure::unauthorized(
            "the request has several authorization headers; send one",
        ));
    }
    let token = header.to_str().ok().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token.filter(|token| !token.is_empty()) {
        None => Err(Failure::unauthorized(
            "the authorization header can't be read; write it as `authorization: Bearer <token>`",
        )),
        Some(token) if tokens.admits(token) => Ok(()),
        Some(_) => Err(Failure::unauthorized(
            "the token is not valid on this server; use its admin token, which it printed on its first start",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        Token::new(text).unwrap()
    }

    #[test]
    fn the_first_token_is_made_once_and_stays() {
        let store = Store::in_memory();
        let (tokens, made) = Tokens::open(&store, None, None).unwrap();
        let FirstToken::Generated(first) = made else {
            panic!("{made:?}");
        };
        assert!(tokens.admits(first.reveal()));
        Tokens::confirm(&store, &first).unwrap();
        let (tokens, again) = Tokens::open(&store, None, None).unwrap();
        assert!(matches!(again, FirstToken::Kept) && tokens.admits(first.reveal()));
    }

    #[test]
    fn a_token_that_nobody_was_shown_is_replaced() {
        let store = Store::in_memory();
        let generated = || match Tokens::open(&store, None, None).unwrap() {
            (tokens, FirstToken::Generated(token)) => (tokens, token),
            (_, other) => panic!("{other:?}"),
        };
        let (_, untold) = generated();
        let (tokens, told) = generated();
        assert!(tokens.admits(told.reveal()) && !tokens.admits(untold.reveal()));
        Tokens::confirm(&store, &told).unwrap();
        let (tokens, outcome) = Tokens::open(&store, None, None).unwrap();
        assert!(matches!(outcome, FirstToken::Kept));
        assert!(tokens.admits(told.reveal()) && !tokens.admits(untold.reveal()));
    }

    #[test]
    fn a_configured_token_replaces_one_that_nobody_was_shown() {
        let store = Store::in_memory();
        Tokens::open(&store, None, None).unwrap();
        let (tokens, outcome) = Tokens::open(&store, Some(&token("aaaa")), None).unwrap();
        assert!(matches!(outcome, FirstToken::Configured) && tokens.admits("aaaa"));
        assert_eq!(store.scan_prefix(Space::Meta, PREFIX).count(), 1);
    }

    #[test]
    fn a_configured_token_is_the_first_one_and_never_a_second() {
        let store = Store::in_memory();
        let (a, b) = (token("aaaa"), token("bbbb"));
        let (_, outcome) = Tokens::open(&store, Some(&a), None).unwrap();
        assert!(matches!(outcome, FirstToken::Configured));
        let (_, outcome) = Tokens::open(&store, Some(&a), None).unwrap();
        assert!(matches!(outcome, FirstToken::Kept));
        let (tokens, outcome) = Tokens::open(&store, Some(&b), None).unwrap();
        assert!(matches!(outcome, FirstToken::KeptOther));
        assert!(tokens.admits("aaaa") && !tokens.admits("bbbb"));
    }

    #[test]
    fn a_process_token_is_not_stored() {
        let store = Store::in_memory();
        let process = token("process");
        let (tokens, outcome) = Tokens::open(&store, None, Some(&process)).unwrap();
        assert!(matches!(outcome, FirstToken::NotNeeded));
        assert!(tokens.admits("process") && !tokens.admits(""));
        let (tokens, outcome) = Tokens::open(&store, None, None).unwrap();
        assert!(matches!(outcome, FirstToken::Generated(_)));
        assert!(!tokens.admits("process"));
    }

    #[test]
    fn the_store_has_the_hash_and_not_the_token() {
        let store = Store::in_memory();
        Tokens::open(&store, Some(&token("plain-text")), None).unwrap();
        for entry in store.scan_prefix(Space::Meta, b"") {
            let (key, value) = entry.unwrap();
            for bytes in [&key[..], &value[..]] {
                assert!(!bytes.windows(10).any(|part| part == b"plain-text"));
            }
        }
    }
}
