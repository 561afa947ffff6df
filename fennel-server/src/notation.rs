//! Python's notation for who writes Python: refusals name types, columns and attributes as Rust writes them, and the
//! public client's users write others.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::Refusal;

/// How the asker writes definitions, as far as the request tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Rust,
    Python,
}

impl Notation {
    /// That of the program that sends these headers: the public client tells its two HTTP libraries.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let agent = headers.get(header::USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
        let is_python = ["PycURL/", "python-requests/"];
        match is_python.iter().any(|library| agent.starts_with(library)) {
            true => Notation::Python,
            false => Notation::Rust,
        }
    }

    /// Code that Rust writes so: a type, a path or an attribute. Anything else stays.
    pub(crate) fn code(self, code: &str) -> String {
        match self {
            Notation::Rust => code.into(),
            Notation::Python => in_python(code),
        }
    }

    /// A sentence, with the code in it that stands in backticks, and its attributes.
    pub(crate) fn sentence(self, text: &str) -> String {
        if self == Notation::Rust {
            return text.into();
        }
        let mut written = String::with_capacity(text.len());
        for (i, part) in text.split('`').enumerate() {
            if i > 0 {
                written.push('`');
            }
            match i % 2 {
                0 => written.push_str(&attributes(part)),
                _ => written.push_str(&in_python(part)),
            }
        }
        written
    }
}

/// Writes refusals in the notation of who asked.
pub(crate) async fn speak(request: Request, next: Next) -> Response {
    let notation = Notation::of(request.headers());
    let response = next.run(request).await;
    match response.extensions().get::<Refusal>() {
        Some(refusal) if notation == Notation::Python => {
            let body = refusal.written(notation);
            let (parts, _) = response.into_parts();
            Response::from_parts(parts, body)
        }
        _ => response,
    }
}

/// What is advised about expressions, as the checks write it (`fennel_core::expr::advice`) and as the client's expressions
/// have it.
const ADVICE: [(&str, &str); 18] = [
    ("true", "True"),
    ("false", "False"),
    ("!a", "~a"),
    ("if a { 1 } else { 0 }", "when(a).then(1).otherwise(0)"),
    (".parse::<f64>()", ".str.parse(float)"),
    (".parse::<i64>()", ".str.parse(int)"),
    (".to_string()", ".num.to_string()"),
    ("a.to_string() == b", "a.num.to_string() == b"),
    ("a == b.to_string()", "a == b.num.to_string()"),
    (".strftime(\"%Y-%m-%d\")", ".dt.strftime(\"%Y-%m-%d\")"),
    (".strptime(\"%Y-%m-%d\")", ".str.strptime(\"%Y-%m-%d\")"),
    (".since_epoch(\"second\")", ".dt.since_epoch(\"second\")"),
    (
        "a.since(b, \"second\") > 0",
        "a.dt.since(b, \"second\") > 0",
    ),
    ("a.since(b, \"second\")", "a.dt.since(b, \"second\")"),
    ("a.concat(b)", "a.str.concat(b)"),
    (".fill_null(..)", ".fillnull(..)"),
    (".fill_null(false)", ".fillnull(False)"),
    ("fill_null(false)", "fillnull(False)"),
];

/// So many bytes of code are written anew. More stay as they are: whoever asks for something chooses what is told of it,
/// and how deep and long that is.
const LONGEST: usize = 512;

fn in_python(code: &str) -> String {
    if code.len() > LONGEST {
        return code.into();
    }
    if let Some((_, python)) = ADVICE.iter().find(|(rust, _)| *rust == code) {
        return (*python).into();
    }
    if let Some(call) = call_of_client(code) {
        return call;
    }
    if let Some((attribute, "")) = attribute(code) {
        return attribute;
    }
    if let Some((ty, "")) = ty(code) {
        return ty;
    }
    if let Some((name, of)) = code.split_once(": ")
        && is_name(name)
        && let Some((ty, "")) = ty(of)
    {
        return format!("{name}: {ty}");
    }
    let is_path = code.contains("::")
        && code.starts_with(|first: char| first.is_uppercase())
        && code.split("::").all(is_name);
    match is_path {
        true => code.replace("::", "."),
        false => code.into(),
    }
}

/// What the client has for a call of the REST API that keeps a secret.
fn call_of_client(code: &str) -> Option<String> {
    let (method, name) = code.split_once(" /api/v1/secret/")?;
    let call = match method {
        "POST" => "add_secret",
        "PATCH" => "update_secret",
        _ => return None,
    };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_secret = !name.is_empty() && name.chars().all(is_allowed);
    is_secret.then(|| format!("client.{call}(\"{name}\", ..)"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && name(text).1.is_empty()
}

/// The letters, digits and underscores that a text begins with, and the rest.
fn name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    text.split_at(end.unwrap_or(text.len()))
}

/// The type that a text begins with, and the rest.
fn ty(text: &str) -> Option<(String, &str)> {
    const PLAIN: [(&str, &str); 7] = [
        ("i64", "int"),
        ("f64", "float"),
        ("bool", "bool"),
        ("String", "str"),
        ("NaiveDate", "date"),
        ("DateTime<Utc>", "datetime"),
        ("Vec<u8>", "bytes"),
    ];
    const GENERIC: [(&str, &str); 5] = [
        ("Option<", "Optional["),
        ("Vec<", "List["),
        ("BTreeMap<String, ", "Dict[str, "),
        ("Decimal<", "Decimal["),
        ("Embedding<", "Embedding["),
    ];
    for (rust, python) in PLAIN {
        if let Some(rest) = text.strip_prefix(rust)
            && name(rest).0.is_empty()
        {
            return Some((python.into(), rest));
        }
    }
    for (rust, python) in GENERIC {
        if let Some(inner) = text.strip_prefix(rust) {
            let (inner, rest) = argument(inner)?;
            return Some((format!("{python}{inner}]"), rest.strip_prefix('>')?));
        }
    }
    restricted(text).or_else(|| record(text))
}

/// What stands between a generic type's brackets: a type, the name of a record, or a number.
fn argument(text: &str) -> Option<(String, &str)> {
    ty(text).or_else(|| match name(text) {
        ("", _) => None,
        (name, rest) => Some((name.into(), rest)),
    })
}

/// `between(i64, 0..=9)`, `one_of(String, "a")` and `regex(String, "a+")`.
fn restricted(text: &str) -> Option<(String, &str)> {
    let (kind, rest) = text.split_once('(')?;
    if !["between", "one_of", "regex"].contains(&kind) {
        return None;
    }
    let (base, rest) = ty(rest)?;
    let rest = rest.strip_prefix(", ")?;
    let (given, rest) = rest.split_at(closing(rest, ')')?);
    let rest = &rest[1..];
    let written = match kind {
        "one_of" => format!("oneof({base}, [{given}])"),
        "regex" => format!("regex({given})"),
        _ => {
            let (range, strict_min) = match given.strip_suffix(", strict_min") {
                Some(range) => (range, ", strict_min=True"),
                None => (given, ""),
            };
            let (min, max) = range.split_once("..")?;
            let (max, strict_max) = match max.strip_prefix('=') {
                Some(max) => (max, ""),
                None => (max, ", strict_max=True"),
            };
            format!("between({base}, {min}, {max}{strict_min}{strict_max})")
        }
    };
    Some((written, rest))
}

/// `Money { amount: f64 }`.
fn record(text: &str) -> Option<(String, &str)> {
    let (record, rest) = name(text);
    let mut rest = rest.strip_prefix(" { ")?;
    let mut fields = Vec::new();
    loop {
        let (field, of) = rest.split_once(": ")?;
        let (ty, behind) = argument(of)?;
        fields.push(format!("{field}: {ty}"));
        match behind.strip_prefix(", ") {
            Some(next) => rest = next,
            None => {
                let rest = behind.strip_prefix(" }")?;
                return Some((format!("{record} {{ {} }}", fields.join(", ")), rest));
            }
        }
    }
}

/// Where a bracket closes that is open at the beginning, texts in quotes aside.
fn closing(text: &str, bracket: char) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.char_indices().find_map(|(at, c)| {
        let escaped = is_escaped;
        is_escaped = is_quoted && !escaped && c == '\\';
        if c == '"' && !escaped {
            is_quoted = !is_quoted;
        }
        (c == bracket && !is_quoted).then_some(at)
    })
}

/// A text without code but attributes.
fn attributes(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("#[") {
        let (before, from) = rest.split_at(at);
        written.push_str(before);
        match attribute(from) {
            Some((attribute, behind)) => {
                written.push_str(&attribute);
                rest = behind;
            }
            None => {
                written.push_str("#[");
                rest = &from[2..];
            }
        }
    }
    written + rest
}

/// The attribute that a text begins with and that Python has too, and the rest.
fn attribute(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix("#[")?;
    let within = &text[..text.floor_char_boundary(LONGEST)];
    let (attribute, rest) = text.split_at(closing(within, ']')?);
    let rest = &rest[1..];
    let (called, given) = name(attribute);
    let at = match called {
        "dataset" | "featureset" | "source" | "sink" | "pipeline" | "extractor" => "@",
        // Features and fields have these as well, and are no place for decorators.
        "meta" | "field" | "feature" => "",
        _ => return None,
    };
    if given.is_empty() {
        return Some((format!("{at}{called}"), rest));
    }
    let given = given.strip_prefix('(')?.strip_suffix(')')?;
    let given = given.split(", ").map(|argument| match argument {
        ".." => "..".into(),
        flag if is_name(flag) => format!("{flag}=True"),
        other => other.replacen(" = ", "=", 1),
    });
    let given = given.collect::<Vec<_>>().join(", ");
    Some((format!("{at}{called}({given})"), rest))
}

#[cfg(test)]
mod tests {
    use fennel_core::expr::advice;

    use super::*;

    #[test]
    fn code_is_written_as_python_does() {
        for (rust, python) in [
            ("i64", "int"),
            ("Option<String>", "Optional[str]"),
            ("Vec<Option<DateTime<Utc>>>", "List[Optional[datetime]]"),
            ("BTreeMap<String, Vec<u8>>", "Dict[str, bytes]"),
            ("Option<Decimal<2>>", "Optional[Decimal[2]]"),
            ("Vec<Money>", "List[Money]"),
            (
                "Money { amount: f64, note: Option<String>, at: Place { street: String } }",
                "Money { amount: float, note: Optional[str], at: Place { street: str } }",
            ),
            ("between(i64, 0..=150)", "between(int, 0, 150)"),
            (
                "between(f64, 0.5..1.0, strict_min)",
                "between(float, 0.5, 1.0, strict_min=True, strict_max=True)",
            ),
            (
                r#"Option<one_of(String, "a)", "\"b")>"#,
                r#"Optional[oneof(str, ["a)", "\"b"])]"#,
            ),
            (r#"regex(String, "[a-z]+")"#, r#"regex("[a-z]+")"#),
            ("amount: f64", "amount: float"),
            ("User::name", "User.name"),
            ("#[dataset(index)]", "@dataset(index=True)"),
            (
                "#[field(key, erase_key)]",
                "field(key=True, erase_key=True)",
            ),
            (r#"#[pipeline(env = "prod")]"#, r#"@pipeline(env="prod")"#),
            ("#[featureset]", "@featureset"),
            (".parse::<f64>()", ".str.parse(float)"),
            ("fill_null(false)", "fillnull(False)"),
            (".fill_null(false)", ".fillnull(False)"),
            (
                "POST /api/v1/secret/kafka",
                r#"client.add_secret("kafka", ..)"#,
            ),
            (
                "PATCH /api/v1/secret/db-1.pem",
                r#"client.update_secret("db-1.pem", ..)"#,
            ),
        ] {
            assert_eq!(Notation::Python.code(rust), python);
            assert_eq!(Notation::Rust.code(rust), rust);
        }
    }

    #[test]
    fn what_is_written_anew_is_what_checks_advise() {
        let advised = |rust: &str| {
            let texts = advice::ALL.iter();
            texts
                .flat_map(|text| text.split('`').skip(1).step_by(2))
                .any(|code| code == rust)
        };
        for (rust, _) in ADVICE {
            assert!(advised(rust), "no check advises `{rust}`");
        }
    }

    #[test]
    fn what_is_long_stays_as_it_is() {
        let deep = "Vec<".repeat(1 << 16);
        assert_eq!(Notation::Python.code(&deep), deep);
        let told = format!("no featureset `{deep}` and {}", "#[meta(é".repeat(1 << 10));
        assert_eq!(Notation::Python.sentence(&told), told);
    }

    #[test]
    fn what_is_not_of_rust_stays() {
        for code in [
            "",
            "User.name",
            "Stringy",
            "Option<",
            "Vec<i64",
            "between(i64, 3)",
            "one_of(String, \"a",
            "Money { amount",
            "#[extractors]",
            "#[dataset",
            "fennel_server::main!(my_features)",
            "GET /api/v1/secret/kafka",
            "POST /api/v1/secret/a\"b",
            "é::ü",
        ] {
            assert_eq!(Notation::Python.code(code), code);
            assert_eq!(attributes(code), code);
        }
    }

    #[test]
    fn sentences_are_written_part_by_part() {
        let python = Notation::Python;
        assert_eq!(
            python.sentence("keep it, or mark it #[meta(deleted)]: `x` is `i64`, not `A::b`, `"),
            "keep it, or mark it meta(deleted=True): `x` is `int`, not `A.b`, `"
        );
        assert_eq!(
            python.sentence("write it in Rust with #[extractors], i64"),
            "write it in Rust with #[extractors], i64"
        );
    }
}
