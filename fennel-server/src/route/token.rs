//! `/api/v1/token`: tokens, for admins. A token itself is in the answer that makes it, and nowhere else.

use axum::extract::State;
use axum::http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::{Access, Caller};
use crate::body::JsonBody;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Name, Parameters};

pub(super) fn calls(calls: Calls) -> Calls {
    let id = "The token's id, which isn't the token.";
    let for_how_long = || {
        Schema::text()
            .or_null()
            .about("Such as `90d`; for ever without it.")
    };
    let create = Schema::object([("account", Schema::text())]).optional([
        ("expires_in", for_how_long()),
        ("note", Schema::text().or_null()),
    ]);
    let overlap = Schema::text()
        .or_null()
        .about("How long the old one stays valid, such as `1h`.");
    let rotate =
        Schema::object([]).optional([("overlap", overlap), ("expires_in", for_how_long())]);
    let made = || {
        shown().and(Schema::object([(
            "token",
            Schema::text().about("This once."),
        )]))
    };
    calls
        .on(
            Method::GET,
            "/api/v1/token",
            list,
            Call::new(
                "list_tokens",
                "Lists the tokens of all accounts, or of one.",
            )
            .query("account", Schema::text(), "Whose tokens to list.")
            .answers(Schema::object([("tokens", Schema::list(shown()))])),
        )
        .on(
            Method::POST,
            "/api/v1/token",
            create_token,
            Call::new("create_token", "Makes a token.")
                .json(create)
                .answers(made())
                .writes()
                .refuses([404, 409]),
        )
        .on(
            Method::GET,
            "/api/v1/token/{id}",
            show,
            Call::new("show_token", "Shows what is known of a token.")
                .path("id", id)
                .answers(shown())
                .refuses([404]),
        )
        .on(
            Method::DELETE,
            "/api/v1/token/{id}",
            delete,
            Call::new("delete_token", "Ends a token at once, and forgets it.")
                .path("id", id)
                .answers(shown())
                .writes()
                .refuses([404, 409]),
        )
        .on(
            Method::POST,
            "/api/v1/token/{id}/rotate",
            rotate_token,
            Call::new(
                "rotate_token",
                "Makes a token that takes the place of another.",
            )
            .path("id", id)
            .json(rotate)
            .answers(made().and(Schema::object([("old", shown())])))
            .writes()
            .refuses([404, 409]),
        )
        .on(
            Method::POST,
            "/api/v1/token/{id}/revoke",
            revoke,
            Call::new(
                "revoke_token",
                "Ends a token at once. It stays in the list.",
            )
            .path("id", id)
            .answers(shown())
            .writes()
            .refuses([404, 409]),
        )
}

fn shown() -> Schema {
    Schema::object([
        ("id", Schema::text()),
        ("account", Schema::text()),
        ("state", Schema::words(["valid", "expired", "revoked"])),
        ("note", Schema::text()),
        ("created", Schema::instant()),
        ("created_by", Schema::text()),
        ("expires", Schema::instant().or_null()),
        ("revoked", Schema::instant().or_null()),
        ("last_used", Schema::instant().or_null()),
        ("rotated_to", Schema::text().or_null()),
    ])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
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
async fn list(
    State(app): State<App>,
    caller: Caller,
    Parameters(filter): Parameters<Filter>,
) -> Result<Answer, Failure> {
    caller.require_admin()?;
    let tokens = app.access.tokens(filter.account.as_deref());
    Ok(Answer::json(&json!({"tokens": tokens})))
}

/// Shows one.
async fn show(State(app): State<App>, caller: Caller, Name(id): Name) -> Result<Answer, Failure> {
    caller.require_admin()?;
    Ok(Answer::json(&app.access.token(&id)?))
}

/// Makes one.
async fn create_token(
    State(app): State<App>,
    caller: Caller,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.manage(caller, move |access, caller| {
        let Create {
            account,
            expires_in,
            note,
        } = body.json()?;
        access.create_token(caller, &account, expires_in.as_deref(), note)
    })
    .await
}

/// Makes one that takes the place of another.
async fn rotate_token(
    State(app): State<App>,
    caller: Caller,
    Name(id): Name,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.manage(caller, move |access, caller| {
        let Rotate {
            overlap,
            expires_in,
        } = body.json()?;
        let (overlap, expires_in) = (overlap.as_deref(), expires_in.as_deref());
        access.rotate_token(caller, &id, overlap, expires_in)
    })
    .await
}

/// Ends one at once. It stays in the list.
async fn revoke(State(app): State<App>, caller: Caller, Name(id): Name) -> Result<Answer, Failure> {
    let revoke = move |access: &Access, caller: &Caller| access.revoke_token(caller, &id);
    app.manage(caller, revoke).await
}

/// Ends one at once, and forgets it.
async fn delete(State(app): State<App>, caller: Caller, Name(id): Name) -> Result<Answer, Failure> {
    let delete = move |access: &Access, caller: &Caller| access.delete_token(caller, &id);
    app.manage(caller, delete).await
}
