//! `GET /api/v1/openapi.json`: all calls, for programs that make clients, documents and tests of them. It needs no token,
//! since it says nothing but what the source says.

use std::sync::LazyLock;

use axum::http::Method;

use crate::app::Answer;
use crate::openapi::{Call, Calls, Schema};

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new("openapi", "Describes all calls, as this document does.").open();
    calls.on(
        Method::GET,
        "/api/v1/openapi.json",
        openapi,
        call.answers(Schema::map(Schema::any())),
    )
}

async fn openapi() -> Answer {
    static DESCRIPTION: LazyLock<String> = LazyLock::new(|| super::calls().describe().to_string());
    Answer::text(DESCRIPTION.clone())
}
