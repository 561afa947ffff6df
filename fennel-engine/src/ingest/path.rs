//! Where in an incoming row a column is found.

use std::fmt;

use fennel_core::value::Value;

use super::Incoming;

/// A column of an incoming row, or a part of one: `column[part][part]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    column: String,
    parts: Vec<String>,
}

impl Path {
    /// The column of that name.
    pub(crate) fn column(name: &str) -> Self {
        Self {
            column: name.into(),
            parts: Vec::new(),
        }
    }

    /// Reads `column[part][part]`, whose brackets have been checked.
    pub(crate) fn parse(path: &str) -> Self {
        let (column, parts) = path.split_once('[').unwrap_or((path, ""));
        let parts = parts.trim_end_matches(']').split("][");
        let parts = parts.filter(|part| !part.is_empty());
        Self {
            column: column.into(),
            parts: parts.map(String::from).collect(),
        }
    }

    /// The value at the path, or `None` where the row hasn't got it. A part of null is null.
    pub(crate) fn of<'r>(&self, row: &'r Incoming) -> Option<&'r Value> {
        let mut value = row.get(&self.column)?;
        for part in &self.parts {
            value = match value {
                Value::Map(entries) => entries.get(part)?,
                Value::Null => return Some(value),
                _ => return None,
            };
        }
        Some(value)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.column)?;
        self.parts.iter().try_for_each(|part| write!(f, "[{part}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_into_objects() {
        let inner = Value::Map([("c d".to_owned(), Value::Int(1))].into());
        let row = Incoming::from([
            ("a".into(), Value::Map([("b".into(), inner)].into())),
            ("n".into(), Value::Null),
        ]);
        let of = |path: &str| Path::parse(path).of(&row).cloned();
        assert_eq!(of("a[b][c d]"), Some(Value::Int(1)));
        assert_eq!(of("n"), Some(Value::Null));
        assert_eq!(of("n[b]"), Some(Value::Null), "a part of null is null");
        assert_eq!(of("a[x]"), None);
        assert_eq!(of("a[b][c d][e]"), None, "a number has no parts");
        assert_eq!(of("x[b]"), None);
    }

    #[test]
    fn a_path_prints_as_it_was_written() {
        for path in ["a", "a b", "a[b]", "A[b c][d]"] {
            assert_eq!(Path::parse(path).to_string(), path);
        }
    }
}
