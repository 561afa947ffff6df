//! JSON in which no object has a key twice: of two values, one would be lost in silence.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value as Json};

/// A value of JSON, whose objects have each key once.
#[derive(Debug)]
pub struct Unique(pub Json);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Unique)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Json, E> {
        Ok(Json::Bool(bool))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut values = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            match values.entry(key) {
                Entry::Vacant(entry) => {
                    let Unique(value) = object.next_value()?;
                    entry.insert(value);
                }
                Entry::Occupied(entry) => {
                    let key = entry.key();
                    return Err(A::Error::custom(format_args!(
                        "an object has `{key}` twice"
                    )));
                }
            }
        }
        Ok(Json::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Json, String> {
        let read = serde_json::from_str(text).map(|Unique(value)| value);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn everything_else_is_as_it_is_otherwise() {
        for text in [
            r#"{"b": [1, -2, 0.5, 1e22, 18446744073709551615], "a": {"x": null, "": true}, "c": "é\n"}"#,
            "[]",
            "7",
        ] {
            let read = read(text).unwrap();
            assert_eq!(read, serde_json::from_str::<Json>(text).unwrap());
            assert_eq!(
                read.to_string(),
                serde_json::from_str::<Json>(text).unwrap().to_string()
            );
        }
        assert!(read("[1,").is_err() && read(&"[".repeat(200)).is_err());
    }

    #[test]
    fn a_key_that_comes_twice_is_named_with_its_place() {
        for text in [
            r#"{"a": 1, "a": 1}"#,
            r#"[{"b": {"a": 1, "c": 2, "\u0061": 3}}]"#,
        ] {
            let error = read(text).unwrap_err();
            assert!(
                error.starts_with("an object has `a` twice at line 1"),
                "{error}"
            );
        }
    }
}
