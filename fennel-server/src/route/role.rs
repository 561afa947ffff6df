//! `/api/v1/role`: roles, for admins.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::{Caller, Grant};
use crate::body::JsonBody;
use crate::error::Failure;
use crate::request::Name;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    grants: Vec<Grant>,
}

/// Lists all roles.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Failure> {
    caller.require_admin()?;
    Ok(Answer::json(&json!({"roles": app.access.roles()})))
}

/// Makes a role, or replaces it.
pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| {
        let Put { grants } = body.json()?;
        let role = shared.access.put_role(&caller, &name, &grants)?;
        Ok(Answer::json(&role))
    })
    .await
}

/// Deletes a role.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| Ok(Answer::json(&shared.access.delete_role(&caller, &name)?)))
        .await
}
