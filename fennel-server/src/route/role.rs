//! `/api/v1/role`: roles, for admins.

use axum::extract::State;
use axum::http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::{Access, Caller, Grant, Mode};
use crate::body::JsonBody;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::Name;

pub(super) fn calls(calls: Calls) -> Calls {
    let name = "The role's name.";
    let put = Schema::object([("grants", Schema::list(grant()))]);
    calls
        .on(
            Method::GET,
            "/api/v1/role",
            list,
            Call::new("list_roles", "Lists all roles.")
                .answers(Schema::object([("roles", Schema::list(shown()))])),
        )
        .on(
            Method::PUT,
            "/api/v1/role/{name}",
            put_role,
            Call::new("put_role", "Makes a role, or replaces it.")
                .path("name", name)
                .json(put)
                .answers(shown())
                .writes()
                .refuses([409]),
        )
        .on(
            Method::DELETE,
            "/api/v1/role/{name}",
            delete,
            Call::new("delete_role", "Deletes a role that no account has.")
                .path("name", name)
                .answers(shown())
                .writes()
                .refuses([404, 409]),
        )
}

fn shown() -> Schema {
    Schema::object([
        ("name", Schema::text()),
        ("built_in", Schema::boolean()),
        ("grants", Schema::list(grant())),
        ("accounts", Schema::list(Schema::text())),
    ])
}

fn grant() -> Schema {
    let modes = [
        Mode::ReadDefinitions,
        Mode::WriteDefinitions,
        Mode::ReadData,
        Mode::WriteData,
        Mode::Admin,
    ];
    Schema::object([]).optional([
        ("modes", Schema::list(Schema::words(modes.map(Mode::name)))),
        ("branches", Schema::list(Schema::text())),
        ("tags", Schema::list(Schema::text())),
        ("endpoints", Schema::list(Schema::text())),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    grants: Vec<Grant>,
}

/// Lists all roles.
async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Failure> {
    caller.require_admin()?;
    Ok(Answer::json(&json!({"roles": app.access.roles()})))
}

/// Makes a role, or replaces it.
async fn put_role(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.manage(caller, move |access, caller| {
        let Put { grants } = body.json()?;
        access.put_role(caller, &name, &grants)
    })
    .await
}

/// Deletes a role.
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
) -> Result<Answer, Failure> {
    let delete = move |access: &Access, caller: &Caller| access.delete_role(caller, &name);
    app.manage(caller, delete).await
}
