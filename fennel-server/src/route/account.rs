//! `/api/v1/account`: service accounts, for admins.

use axum::extract::State;
use axum::http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::{Access, Caller};
use crate::body::JsonBody;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::Name;

pub(super) fn calls(calls: Calls) -> Calls {
    let name = "The account's name.";
    let put = Schema::object([(
        "roles",
        Schema::list(Schema::text()).about("Such as `reader:main`."),
    )]);
    let put = put.optional([("note", Schema::text().or_null())]);
    calls
        .on(
            Method::GET,
            "/api/v1/account",
            list,
            Call::new("list_accounts", "Lists all accounts.")
                .answers(Schema::object([("accounts", Schema::list(shown()))])),
        )
        .on(
            Method::PUT,
            "/api/v1/account/{name}",
            put_account,
            Call::new("put_account", "Makes an account, or gives it other roles.")
                .path("name", name)
                .json(put)
                .answers(shown())
                .writes()
                .refuses([409]),
        )
        .on(
            Method::DELETE,
            "/api/v1/account/{name}",
            delete,
            Call::new("delete_account", "Deletes an account and its tokens.")
                .path("name", name)
                .answers(shown())
                .writes()
                .refuses([404, 409]),
        )
}

fn shown() -> Schema {
    Schema::object([
        ("name", Schema::text()),
        ("roles", Schema::list(Schema::text())),
        ("note", Schema::text()),
        ("created", Schema::instant()),
        ("created_by", Schema::text()),
        ("tokens", Schema::count()),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    roles: Vec<String>,
    #[serde(default)]
    note: Option<String>,
}

/// Lists all accounts.
async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Failure> {
    caller.require_admin()?;
    Ok(Answer::json(&json!({"accounts": app.access.accounts()})))
}

/// Makes an account, or gives it other roles.
async fn put_account(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.manage(caller, move |access, caller| {
        let Put { roles, note } = body.json()?;
        access.put_account(caller, &name, roles, note)
    })
    .await
}

/// Deletes an account and its tokens.
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
) -> Result<Answer, Failure> {
    let delete = move |access: &Access, caller: &Caller| access.delete_account(caller, &name);
    app.manage(caller, delete).await
}
