//! What stands at a JSON path.
//!
//! A path that [`check`](super::check) has taken is read into steps once. Of all that it leads to,
//! the first is found, in the order of the document.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::{at, blanks, digits, quoted, word};
use crate::message::Message;

/// A path, read into steps.
#[derive(Debug)]
pub(in crate::expr::function) struct Path {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// To here and all that is inside.
    Descend,
    All,
    Members(Vec<String>),
    Elements(Vec<usize>),
    /// From an element to another, which is out, each so many.
    Slice(usize, usize, usize),
    /// Those for which all of one group of conditions hold.
    Filter(Vec<Vec<Condition>>),
}

/// A term that exists, or a comparison of two.
#[derive(Debug)]
struct Condition {
    left: Term,
    right: Option<(Comparison, Term)>,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug)]
enum Term {
    Constant(Json),
    /// `@` and what is read of it.
    Member(Vec<Part>),
}

#[derive(Debug)]
enum Part {
    Name(String),
    Position(usize),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// As [`check`](super::check).
    pub(in crate::expr::function) fn new(text: &str) -> Result<Path, Message> {
        super::check(text)?;
        let mut reader = Reader { text, i: 1 };
        let mut steps = Vec::new();
        while reader.i < text.len() {
            reader.step(&mut steps);
        }
        Ok(Path { steps })
    }

    /// What stands there in a text of JSON, as text; `None` where there is nothing or null, and in
    /// what is no JSON.
    pub(in crate::expr::function) fn extract(&self, text: &str) -> Option<String> {
        let json: Json = serde_json::from_str(text).ok()?;
        match first(&self.steps, &json, &mut HashSet::new())? {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// The first value that the steps lead to from here. `seen` has where a descent was begun before,
/// and with how many steps to go: there is nothing to be found there again.
fn first<'j>(
    steps: &[Step],
    json: &'j Json,
    seen: &mut HashSet<(usize, usize)>,
) -> Option<&'j Json> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(json);
    };
    let of = |position: usize| json.get(position);
    match step {
        Step::Descend => {
            if !seen.insert((steps.len(), std::ptr::from_ref(json).addr())) {
                return None;
            }
            let here = first(rest, json, seen);
            here.or_else(|| children(json).find_map(|child| first(steps, child, seen)))
        }
        Step::All => children(json).find_map(|child| first(rest, child, seen)),
        Step::Members(names) => names
            .iter()
            .filter_map(|name| json.get(name))
            .find_map(|child| first(rest, child, seen)),
        Step::Elements(positions) => positions
            .iter()
            .filter_map(|position| of(*position))
            .find_map(|child| first(rest, child, seen)),
        Step::Slice(from, to, each) => {
            let elements = json.as_array()?.iter().take(*to).skip(*from);
            let mut elements = elements.step_by(*each);
            elements.find_map(|child| first(rest, child, seen))
        }
        Step::Filter(any) => children(json)
            .filter(|child| {
                let mut any = any.iter();
                any.any(|all| all.iter().all(|condition| condition.holds(child)))
            })
            .find_map(|child| first(rest, child, seen)),
    }
}

/// The elements of an array or the members of an object.
fn children(json: &Json) -> impl Iterator<Item = &Json> {
    let elements = json.as_array().into_iter().flatten();
    let members = json.as_object().into_iter();
    elements.chain(members.flat_map(|members| members.values()))
}

impl Condition {
    fn holds(&self, json: &Json) -> bool {
        let left = self.left.value(json);
        let Some((comparison, right)) = &self.right else {
            return left.is_some();
        };
        let (left, right) = (left, right.value(json));
        let order = match (left, right) {
            (Some(Json::Number(a)), Some(Json::Number(b))) => a.as_f64().partial_cmp(&b.as_f64()),
            (Some(Json::String(a)), Some(Json::String(b))) => Some(a.cmp(b)),
            (a, b) => (a == b).then_some(std::cmp::Ordering::Equal),
        };
        match (comparison, order) {
            (Comparison::Ne, order) => order.is_none_or(std::cmp::Ordering::is_ne),
            (_, None) => false,
            (Comparison::Eq, Some(order)) => order.is_eq(),
            (Comparison::Lt, Some(order)) => order.is_lt(),
            (Comparison::Le, Some(order)) => order.is_le(),
            (Comparison::Gt, Some(order)) => order.is_gt(),
            (Comparison::Ge, Some(order)) => order.is_ge(),
        }
    }
}

impl Term {
    fn value<'j>(&'j self, json: &'j Json) -> Option<&'j Json> {
        match self {
            Term::Constant(constant) => Some(constant),
            Term::Member(parts) => parts.iter().try_fold(json, |json, part| match part {
                Part::Name(name) => json.get(name),
                Part::Position(position) => json.get(*position),
            }),
        }
    }
}

/// Reads a path that was checked: what it expects is there.
struct Reader<'t> {
    text: &'t str,
    i: usize,
}

impl Reader<'_> {
    fn step(&mut self, steps: &mut Vec<Step>) {
        if self.eat(b'.') {
            if self.eat(b'.') {
                steps.push(Step::Descend);
                if self.peek() == b'[' {
                    return;
                }
            }
            steps.push(if self.eat(b'*') {
                Step::All
            } else {
                Step::Members(vec![self.word()])
            });
            return;
        }
        self.i += 1;
        self.blanks();
        steps.push(match self.peek() {
            b'*' => {
                self.i += 1;
                Step::All
            }
            b'?' => self.filter(),
            b'\'' | b'"' => {
                let mut names = vec![self.quoted()];
                while self.comma() {
                    names.push(self.quoted());
                }
                Step::Members(names)
            }
            _ => self.positions(),
        });
        self.blanks();
        self.i += 1;
    }

    /// `0, 2` or `1:3:2`.
    fn positions(&mut self) -> Step {
        let from = self.number();
        self.blanks();
        if self.eat(b':') {
            self.blanks();
            let to = self.number();
            self.blanks();
            let mut each = None;
            if self.eat(b':') {
                self.blanks();
                each = self.number();
            }
            let each = each.unwrap_or(1).max(1);
            return Step::Slice(from.unwrap_or(0), to.unwrap_or(usize::MAX), each);
        }
        let mut positions: Vec<usize> = from.into_iter().collect();
        while self.comma() {
            positions.extend(self.number());
        }
        Step::Elements(positions)
    }

    /// `?(condition && condition || condition)`.
    fn filter(&mut self) -> Step {
        self.i += 1;
        self.blanks();
        self.i += 1;
        let mut any = vec![Vec::new()];
        loop {
            self.blanks();
            let condition = self.condition();
            if let Some(all) = any.last_mut() {
                all.push(condition);
            }
            self.blanks();
            match self.peek() {
                b'&' => self.i += 2,
                b'|' => {
                    self.i += 2;
                    any.push(Vec::new());
                }
                _ => {
                    self.i += 1;
                    return Step::Filter(any);
                }
            }
        }
    }

    fn condition(&mut self) -> Condition {
        let left = self.term();
        self.blanks();
        let (comparison, width) = match (self.peek(), at(self.text.as_bytes(), self.i + 1)) {
            (b'=', b'=') => (Comparison::Eq, 2),
            (b'!', b'=') => (Comparison::Ne, 2),
            (b'<', b'=') => (Comparison::Le, 2),
            (b'>', b'=') => (Comparison::Ge, 2),
            (b'<', _) => (Comparison::Lt, 1),
            (b'>', _) => (Comparison::Gt, 1),
            _ => return Condition { left, right: None },
        };
        self.i += width;
        self.blanks();
        let right = Some((comparison, self.term()));
        Condition { left, right }
    }

    fn term(&mut self) -> Term {
        match self.peek() {
            b'@' => {
                self.i += 1;
                Term::Member(self.member())
            }
            b'\'' | b'"' => Term::Constant(Json::String(self.quoted())),
            b'-' | b'0'..=b'9' => {
                let bytes = self.text.as_bytes();
                let from = self.i;
                let mut end = digits(bytes, from + usize::from(bytes[from] == b'-'));
                if at(bytes, end) == b'.' {
                    end = digits(bytes, end + 1);
                }
                self.i = end;
                let number = self.text[from..end].parse::<f64>();
                Term::Constant(number.map_or(Json::Null, Json::from))
            }
            _ => Term::Constant(match self.word().as_str() {
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                _ => Json::Null,
            }),
        }
    }

    fn member(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        loop {
            if self.eat(b'.') {
                parts.push(Part::Name(self.word()));
            } else if self.eat(b'[') {
                parts.push(match self.number() {
                    Some(position) => Part::Position(position),
                    None => Part::Name(self.quoted()),
                });
                self.i += 1;
            } else {
                return parts;
            }
        }
    }

    fn peek(&self) -> u8 {
        at(self.text.as_bytes(), self.i)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let eats = self.peek() == byte;
        self.i += usize::from(eats);
        eats
    }

    fn blanks(&mut self) {
        self.i = blanks(self.text.as_bytes(), self.i);
    }

    fn comma(&mut self) -> bool {
        self.blanks();
        let comma = self.eat(b',');
        self.blanks();
        comma
    }

    fn word(&mut self) -> String {
        let from = self.i;
        self.i = word(self.text.as_bytes(), from);
        self.text[from..self.i].into()
    }

    fn number(&mut self) -> Option<usize> {
        let from = self.i;
        self.i = digits(self.text.as_bytes(), from);
        self.text[from..self.i].parse().ok()
    }

    /// A text in quotes, where a backslash keeps what is behind it.
    fn quoted(&mut self) -> String {
        let from = self.i;
        self.i = match quoted(self.text.as_bytes(), from) {
            Ok(end) | Err(end) => end,
        };
        let inner = self.text.get(from + 1..self.i - 1).unwrap_or_default();
        let (mut text, mut kept) = (String::with_capacity(inner.len()), false);
        for char in inner.chars() {
            kept = char == '\\' && !kept;
            if !kept {
                text.push(char);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{
        "store": {
            "books": [
                {"title": "A", "price": 8.5, "tags": ["new", "used"]},
                {"title": "B", "price": 12, "isbn": null},
                {"title": "C", "price": 22.99, "isbn": "3"}
            ],
            "it's": 1
        },
        "a-b": {"städte": true}
    }"#;

    #[track_caller]
    fn finds(path: &str, expected: Option<&str>) {
        let found = Path::new(path).unwrap().extract(DOCUMENT);
        assert_eq!(found.as_deref(), expected, "{path}");
    }

    #[test]
    fn each_form_of_a_step_finds_its_first() {
        finds("$.store.books[1].title", Some("B"));
        finds("$['store']['it\\'s']", Some("1"));
        finds("$.a-b.städte", Some("true"));
        finds("$.store.books[*].isbn", None);
        finds("$.store.books[2].isbn", Some("3"));
        finds("$.store.*[0].title", Some("A"));
        finds("$..price", Some("8.5"));
        finds("$..[1].title", Some("B"));
        finds("$..tags[5]", None);
        finds("$.store.books[1:].title", Some("B"));
        finds("$.store.books[:2][ 'isbn' , 'price' ]", Some("8.5"));
        finds("$.store.books[0:9:2].isbn", Some("3"));
        finds("$.store.books[7, 2].title", Some("C"));
        finds("$.store.books[0].tags", Some(r#"["new","used"]"#));
    }

    #[test]
    fn filters_compare_numbers_texts_and_what_is_missing() {
        finds("$.store.books[?(@.price > 10)].title", Some("B"));
        finds(
            "$.store.books[?(@.price >= 10 && @.isbn == '3')].title",
            Some("C"),
        );
        finds(
            "$.store.books[?(@.price > 99 || @.tags[1] == \"used\")].title",
            Some("A"),
        );
        finds("$.store.books[?(@.isbn)].title", Some("B"));
        finds("$.store.books[?(@.isbn != null)].title", Some("A"));
        finds("$.store.books[?(@['title'] > 'B')].title", Some("C"));
        finds("$.store.books[?(@.title < 1)].title", None);
        finds("$.store.books[?(@.price <= -0.5)].title", None);
    }

    #[test]
    fn many_descents_end_soon() {
        let path = Path::new(&format!("${}", "..*".repeat(60))).unwrap();
        let json = format!("{}{}", "[".repeat(50), "]".repeat(50));
        assert_eq!(path.extract(&json), None);
    }
}
