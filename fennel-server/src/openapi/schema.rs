//! The shape of JSON, as JSON Schema.

use serde_json::{Map, Value as Json, json};

/// The shape of a value. Objects may have more members than are told, unless they are [`closed`](Schema::closed).
#[derive(Clone, Debug)]
pub(crate) struct Schema(Json);

impl Schema {
    /// Any value.
    pub(crate) fn any() -> Self {
        Self(json!({}))
    }

    pub(crate) fn text() -> Self {
        Self(json!({"type": "string"}))
    }

    pub(crate) fn boolean() -> Self {
        Self(json!({"type": "boolean"}))
    }

    pub(crate) fn number() -> Self {
        Self(json!({"type": "number"}))
    }

    /// A whole number that isn't negative.
    pub(crate) fn count() -> Self {
        Self(json!({"type": "integer", "minimum": 0}))
    }

    /// An instant as RFC 3339 with six digits of fraction.
    pub(crate) fn instant() -> Self {
        Self(json!({"type": "string", "format": "date-time"}))
    }

    /// One of these texts.
    pub(crate) fn words<const N: usize>(words: [&str; N]) -> Self {
        Self(json!({"type": "string", "enum": &words[..]}))
    }

    /// Of any of these shapes.
    pub(crate) fn either<const N: usize>(shapes: [Schema; N]) -> Self {
        Self(json!({"anyOf": shapes.map(Schema::json).to_vec()}))
    }

    pub(crate) fn list(of: Schema) -> Self {
        Self(json!({"type": "array"})).with("items", of.0)
    }

    /// An object of any members, all of a shape.
    pub(crate) fn map(of: Schema) -> Self {
        Self(json!({"type": "object"})).with("additionalProperties", of.0)
    }

    /// An object that has all these members.
    pub(crate) fn object<const N: usize>(members: [(&str, Schema); N]) -> Self {
        let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        let object = json!({"type": "object", "required": required, "properties": {}});
        Self(object).optional(members)
    }

    /// The same object, which may also have these members.
    pub(crate) fn optional<const N: usize>(mut self, members: [(&str, Schema); N]) -> Self {
        for (name, schema) in members {
            self.0["properties"][name] = schema.0;
        }
        self
    }

    /// The same object with the members of another one.
    pub(crate) fn and(mut self, other: Schema) -> Self {
        let Json::Object(mut other) = other.0 else {
            return self;
        };
        for part in ["required", "properties"] {
            match (&mut self.0[part], other.remove(part)) {
                (Json::Array(all), Some(Json::Array(more))) => all.extend(more),
                (Json::Object(all), Some(Json::Object(more))) => all.extend(more),
                _ => {}
            }
        }
        self
    }

    /// The value, or null.
    pub(crate) fn or_null(self) -> Self {
        Self::either([self, Self(json!({"type": "null"}))])
    }

    /// A number of at least `least`, or a text of at least so many characters.
    pub(crate) fn at_least(self, least: u32) -> Self {
        let is_text = self.0["type"] == "string";
        self.with(if is_text { "minLength" } else { "minimum" }, least)
    }

    /// A number of at most `most`, or a text of at most so many characters.
    pub(crate) fn at_most(self, most: u32) -> Self {
        let is_text = self.0["type"] == "string";
        self.with(if is_text { "maxLength" } else { "maximum" }, most)
    }

    /// A text that this regular expression finds something in.
    pub(crate) fn like(self, pattern: &str) -> Self {
        self.with("pattern", pattern)
    }

    /// What it is where it is left out.
    pub(crate) fn default(self, value: impl Into<Json>) -> Self {
        self.with("default", value)
    }

    /// A value to show and to try.
    pub(crate) fn example(self, value: impl Into<Json>) -> Self {
        self.with("examples", vec![value.into()])
    }

    /// What it means.
    pub(crate) fn about(self, text: &str) -> Self {
        self.with("description", text)
    }

    fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.0[key] = value.into();
        self
    }

    /// The same shape, in which no object has other members than are told.
    pub(crate) fn closed(mut self) -> Self {
        close(&mut self.0);
        self
    }

    pub(crate) fn json(self) -> Json {
        self.0
    }
}

fn close(schema: &mut Json) {
    match schema {
        Json::Object(parts) => {
            parts.values_mut().for_each(close);
            if parts.get("properties").is_some_and(Json::is_object) && is_schema(parts) {
                parts.insert("additionalProperties".into(), false.into());
            }
        }
        Json::Array(parts) => parts.iter_mut().for_each(close),
        _ => {}
    }
}

/// Whether this is a schema, and not the members of one of which one is called `properties`.
fn is_schema(parts: &Map<String, Json>) -> bool {
    parts.get("type").is_some_and(Json::is_string)
}
