//! `/api/v1/account`: service accounts, for admins.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::Failure;
use crate::request::Name;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    roles: Vec<String>,
    #[serde(default)]
    note: Option<String>,
}

/// Lists all accounts.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Failure> {
    caller.require_admin()?;
    Ok(Answer::json(&json!({"accounts": app.access.accounts()})))
}

/// Makes an account, or gives it other roles.
pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| {
        let Put { roles, note } = body.json()?;
        let account = shared.access.put_account(&caller, &name, roles, note)?;
        Ok(Answer::json(&account))
    })
    .await
}

/// Deletes an account and its tokens.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| Ok(Answer::json(&shared.access.delete_account(&caller, &name)?)))
        .await
}
