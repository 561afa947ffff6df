//! `/api/v1/token`: tokens, for admins. A token itself is in the answer that makes it, and nowhere else.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::Failure;
use crate::request::{Name, Parameters};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    account: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    account: String,
    #[serde(default)]
    expires_in: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    #[serde(default)]
    overlap: Option<String>,
    #[serde(default)]
    expires_in: Option<String>,
}

/// Lists the tokens of all accounts, or of one.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Parameters(filter): Parameters<Filter>,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let tokens = app.access.tokens(filter.account.as_deref());
    Ok(Answer::json(&json!({"tokens": tokens})))
}

/// Shows one.
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Name(id): Name,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    Ok(Answer::json(&app.access.token(&id)?))
}

/// Makes one.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| {
        let Create {
            account,
            expires_in,
            note,
        } = body.json()?;
        let access = &shared.access;
        let token = access.create_token(&caller, &account, expires_in.as_deref(), note)?;
        Ok(Answer::json(&token))
    })
    .await
}

/// Makes one that takes the place of another.
pub(crate) async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Name(id): Name,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| {
        let Rotate {
            overlap,
            expires_in,
        } = body.json()?;
        let (overlap, expires_in) = (overlap.as_deref(), expires_in.as_deref());
        let access = &shared.access;
        let rotated = access.rotate_token(&caller, &id, overlap, expires_in)?;
        Ok(Answer::json(&rotated))
    })
    .await
}

/// Ends one at once. It stays in the list.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Name(id): Name,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| Ok(Answer::json(&shared.access.revoke_token(&caller, &id)?)))
        .await
}

/// Ends one at once, and forgets it.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Name(id): Name,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| Ok(Answer::json(&shared.access.delete_token(&caller, &id)?)))
        .await
}
