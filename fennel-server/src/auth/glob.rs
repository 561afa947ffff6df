//! Patterns of names.

/// The most characters that a pattern has.
const MAX_LENGTH: usize = 200;
/// The most `*` in a pattern.
const MAX_STARS: usize = 4;

/// A pattern in which `*` stands for any text, `/` included. Case matters.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    /// What stands before the first `*`; the whole text if there is none.
    first: Box<str>,
    /// What stands behind each `*`.
    rest: Box<[Box<str>]>,
}

impl Glob {
    pub(super) fn new(text: &str) -> Result<Glob, String> {
        if text.is_empty() {
            return Err("a pattern or tag is empty; write its name, or `*` for all".into());
        }
        if text.chars().count() > MAX_LENGTH {
            return Err(format!(
                "a pattern or tag has more than {MAX_LENGTH} characters; use `*` for the rest"
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(format!(
                "the pattern or tag {text:?} has a line break or another control character; leave it out"
            ));
        }
        let mut parts = text.split('*').map(Box::from);
        let first = parts.next().unwrap_or_default();
        let rest: Box<[Box<str>]> = parts.collect();
        if rest.len() > MAX_STARS {
            return Err(format!(
                "the pattern {text:?} has more than {MAX_STARS} `*`; write several patterns"
            ));
        }
        Ok(Glob { first, rest })
    }

    /// Whether it matches everything.
    pub(super) fn is_all(&self) -> bool {
        self.first.is_empty()
            && !self.rest.is_empty()
            && self.rest.iter().all(|part| part.is_empty())
    }

    /// Whether it matches the whole of `text`.
    #[inline]
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((last, middle)) = self.rest.split_last() else {
            return text == &*self.first;
        };
        // An empty part is passed over rather than compared: its bytes are nowhere, and comparing those can take 100 ns.
        let mut left = text;
        if !self.first.is_empty() {
            let Some(rest) = left.strip_prefix(&*self.first) else {
                return false;
            };
            left = rest;
        }
        for part in middle.iter().filter(|part| !part.is_empty()) {
            let Some(at) = left.find(&**part) else {
                return false;
            };
            left = left.get(at + part.len()..).unwrap_or_default();
        }
        last.is_empty() || left.ends_with(&**last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_case_matters() {
        for (pattern, matched, others) in [
            (
                "main",
                &["main"][..],
                &["Main", "main2", "mai", "", "dev/main"][..],
            ),
            ("*", &["", "main", "dev/a/b"], &[]),
            (
                "dev/*",
                &["dev/", "dev/a", "dev/a/b"],
                &["dev", "Dev/a", "devs/a"],
            ),
            (
                "*-test",
                &["-test", "a-test", "-test-test"],
                &["test", "a-test-"],
            ),
            (
                "a*b*c",
                &["abc", "axbxc", "abbcc"],
                &["ab", "ac", "abcd", "acb"],
            ),
            ("a*a", &["aa", "aba"], &["a"]),
            ("**", &["", "x"], &[]),
        ] {
            let glob = Glob::new(pattern).unwrap();
            for text in matched {
                assert!(glob.matches(text), "{pattern} {text}");
            }
            for text in others {
                assert!(!glob.matches(text), "{pattern} {text}");
            }
        }
    }
}
