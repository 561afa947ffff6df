//! What a call takes and answers.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::Schema;

/// What any call with a token may be refused with.
const REFUSALS: [u16; 7] = [400, 401, 403, 408, 413, 500, 503];
/// What a call without one may be refused with, whatever it says.
const OPEN_REFUSALS: [u16; 0] = [];

/// What a call takes and answers, beside the route that it is at.
#[derive(Debug)]
pub(crate) struct Call {
    name: &'static str,
    summary: &'static str,
    parameters: Vec<Json>,
    body: Option<Json>,
    answer: Map<String, Json>,
    refusals: BTreeSet<u16>,
    is_open: bool,
}

impl Call {
    /// A call of a name that no other has, such as `put_role`. `summary` says what it does, as a sentence.
    pub(crate) fn new(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            summary,
            parameters: Vec::new(),
            body: None,
            answer: Map::new(),
            refusals: BTreeSet::new(),
            is_open: false,
        }
    }

    /// It needs no token.
    pub(crate) fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// A part of its path, `{name}`.
    pub(crate) fn path(self, name: &str, about: &str) -> Self {
        self.parameter(("path", name), true, Schema::text().at_least(1), about)
    }

    /// It is about the branch that a header names.
    pub(crate) fn branch(self) -> Self {
        let about = "The branch that the call is about; `main` without it.";
        let branch = Schema::text().at_least(1);
        self.parameter(("header", "x-fennel-branch"), false, branch, about)
    }

    /// A parameter that may be left out.
    pub(crate) fn query(self, name: &str, schema: Schema, about: &str) -> Self {
        self.parameter(("query", name), false, schema, about)
    }

    /// A parameter that may not.
    pub(crate) fn query_needed(self, name: &str, schema: Schema, about: &str) -> Self {
        self.parameter(("query", name), true, schema, about)
    }

    fn parameter(
        mut self,
        (place, name): (&str, &str),
        required: bool,
        schema: Schema,
        about: &str,
    ) -> Self {
        self.parameters.push(json!({
            "in": place,
            "name": name,
            "required": required,
            "schema": schema.json(),
            "description": about,
        }));
        self
    }

    /// It takes JSON, of which each object has no other members than are told.
    pub(crate) fn json(mut self, schema: Schema) -> Self {
        let schema = schema.closed().json();
        self.body = Some(json!({"application/json": {"schema": schema}}));
        self.refusals.insert(415);
        self
    }

    /// It takes bytes: a message of Fennel's protobuf.
    pub(crate) fn protobuf(mut self) -> Self {
        self.body = Some(json!({
            "application/octet-stream": {},
            "application/x-protobuf": {},
        }));
        self.refusals.insert(415);
        self
    }

    /// It answers JSON.
    pub(crate) fn answers(self, schema: Schema) -> Self {
        self.answers_as("application/json", schema)
    }

    /// It answers this type of content.
    pub(crate) fn answers_as(mut self, content: &str, schema: Schema) -> Self {
        let schema = json!({"schema": schema.json()});
        self.answer.insert(content.into(), schema);
        self
    }

    /// It changes what is on the disk, which may be full.
    pub(crate) fn writes(self) -> Self {
        self.refuses([507])
    }

    /// It may be refused with these, beside those that any call has.
    pub(crate) fn refuses<const N: usize>(mut self, statuses: [u16; N]) -> Self {
        self.refusals.extend(statuses);
        self
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The call as an operation of OpenAPI.
    pub(super) fn describe(self) -> Json {
        let common: &[u16] = match self.is_open {
            true => &OPEN_REFUSALS,
            false => &REFUSALS,
        };
        let refusals: BTreeSet<u16> = self
            .refusals
            .into_iter()
            .chain(common.iter().copied())
            .collect();
        let failure = json!({"schema": {"$ref": "#/components/schemas/Failure"}});
        let mut responses = Map::new();
        let answer = json!({"description": "It is done.", "content": self.answer});
        responses.insert("200".into(), answer);
        for status in refusals {
            let content = json!({"application/json": &failure});
            let refusal = json!({"description": why(status), "content": content});
            responses.insert(status.to_string(), refusal);
        }
        let mut call = json!({
            "operationId": self.name,
            "summary": self.summary,
            "parameters": self.parameters,
            "responses": responses,
        });
        if let Some(body) = self.body {
            call["requestBody"] = json!({"required": true, "content": body});
        }
        if self.is_open {
            call["security"] = json!([]);
        }
        call
    }
}

/// What a status of a refusal says.
fn why(status: u16) -> &'static str {
    match status {
        400 => "The request is wrong.",
        401 => "It has no token, or not a valid one.",
        403 => "The token's account may not do that.",
        404 => "There is no such branch, endpoint or entity.",
        408 => "The body stopped coming.",
        409 => "It conflicts with what is there.",
        413 => "The body is too large.",
        415 => "The content is of a type that the call doesn't take.",
        500 => "The server can't, and it is not the request's fault.",
        503 => "The server is too busy, shuts down, or isn't ready.",
        507 => "The disk is full.",
        _ => "It is refused.",
    }
}
