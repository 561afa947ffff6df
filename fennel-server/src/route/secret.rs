//! `/api/v1/secret/<name>`: credentials that connectors name, for admins.

use axum::extract::State;
use axum::http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::Name;
use crate::secret::Secrets;

const PATH: &str = "/api/v1/secret/{name}";

pub(super) fn calls(calls: Calls) -> Calls {
    let named = || Schema::object([("name", Schema::text())]);
    let value = || Schema::object([("value", Schema::text().at_least(1))]);
    let call = |name, summary| Call::new(name, summary).path("name", "The secret's name.");
    calls
        .on(
            Method::GET,
            PATH,
            show,
            call("show_secret", "Shows a secret.")
                .answers(value())
                .refuses([404, 409]),
        )
        .on(
            Method::POST,
            PATH,
            add,
            call("add_secret", "Keeps a new secret, encrypted.")
                .json(value())
                .answers(named())
                .writes()
                .refuses([404, 409]),
        )
        .on(
            Method::PATCH,
            PATH,
            update,
            call("update_secret", "Gives a secret another value.")
                .json(value())
                .answers(named())
                .writes()
                .refuses([404, 409]),
        )
        .on(
            Method::DELETE,
            PATH,
            delete,
            call("delete_secret", "Forgets a secret.")
                .answers(named())
                .writes()
                .refuses([404]),
        )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    value: String,
}

async fn show(State(app): State<App>, caller: Caller, Name(name): Name) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| {
        let value = shared.audit(
            (&caller, "secret.read", &name),
            |begin| {
                let value = shared.secrets.read(&name)?;
                begin().map_err(crate::Error::Store)?;
                Ok(value)
            },
            |_, entry| entry,
        )?;
        Ok(Answer::json(&json!({"value": value})))
    })
    .await
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
    JsonBody(body): JsonBody,
) -> Result<Answer, Failure> {
    put(app, caller, name, body, true).await
}

async fn update(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
    JsonBody(body): JsonBody,
) -> Result<Answer, Failure> {
    put(app, caller, name, body, false).await
}

async fn put(
    app: App,
    caller: Caller,
    name: String,
    mut body: crate::body::Payload,
    is_new: bool,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| {
        // What is wrong with JSON may be told with a part of it.
        let put = body.json::<Put>().map_err(|_| {
            Failure::bad_request("the body is no object with a text `value` and nothing else; write {\"value\": \"..\"}")
        })?;
        Secrets::check_value(&put.value)?;
        let what = if is_new { "secret.add" } else { "secret.update" };
        shared.audit(
            (&caller, what, &name),
            |begin| {
                shared.secrets.check(&name, is_new)?;
                begin().map_err(crate::Error::Store)?;
                shared.secrets.put(&name, &put.value, is_new)
            },
            |(), entry| entry,
        )?;
        Ok(Answer::json(&json!({"name": name})))
    })
    .await
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Name(name): Name,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let shared = app.clone();
    app.write(move |_| {
        shared.audit(
            (&caller, "secret.delete", &name),
            |begin| {
                shared.secrets.check_delete(&name)?;
                begin().map_err(crate::Error::Store)?;
                shared.secrets.delete(&name)
            },
            |(), entry| entry,
        )?;
        Ok(Answer::json(&json!({"name": name})))
    })
    .await
}
