//! Paths into JSON, as constant texts in expressions.
//!
//! ```text
//! $               the whole
//! .name ['name']  a member              [0]       an element
//! .* [*]          all of them           [1:3]     elements 1 and 2
//! ..name          at any depth          [0,2]     some of them
//! [?(@.price > 10 && @.tag == 'new')]   those for which that holds
//! ```

#[cfg(feature = "eval")]
mod eval;

#[cfg(feature = "eval")]
pub(super) use eval::Path;

use crate::message::{Check, Message};

/// The most bytes of a path.
const MAX_LEN: usize = 1024;

/// Checks that a text is a path.
pub(super) const fn check(path: &str) -> Check {
    let bytes = path.as_bytes();
    if bytes.is_empty() || bytes[0] != b'$' {
        return Err(Message::new(
            "a JSON path begins with `$`, as in \"$.user.name\"",
        ));
    }
    if bytes.len() > MAX_LEN {
        return Err(Message::new("a JSON path has at most 1024 bytes"));
    }
    match steps(bytes, 1) {
        Ok(end) if end == bytes.len() => Ok(()),
        Ok(mut end) | Err(mut end) => {
            while !path.is_char_boundary(end) {
                end -= 1;
            }
            let (_, rest) = path.split_at(end);
            let message = Message::new("this JSON path goes wrong at ");
            Err(if rest.is_empty() {
                message.text("its end")
            } else if rest.as_bytes()[0] == b'-' {
                message
                    .name(rest)
                    .text(": elements are counted from 0 on, not from the end")
            } else {
                message.name(rest)
            })
        }
    }
}

/// The end of the steps that begin at `i`, or where they go wrong.
const fn steps(bytes: &[u8], mut i: usize) -> Result<usize, usize> {
    while i < bytes.len() {
        i = match bytes[i] {
            b'.' => {
                let name = if at(bytes, i + 1) == b'.' {
                    i + 2
                } else {
                    i + 1
                };
                match at(bytes, name) {
                    b'*' => name + 1,
                    b'[' if name == i + 2 => name,
                    _ => match word(bytes, name) {
                        end if end > name => end,
                        _ => return Err(name),
                    },
                }
            }
            b'[' => match bracket(bytes, blanks(bytes, i + 1)) {
                Ok(end) => end,
                Err(end) => return Err(end),
            },
            _ => return Ok(i),
        };
    }
    Ok(i)
}

/// The end of what stands in brackets, behind the closing one.
const fn bracket(bytes: &[u8], i: usize) -> Result<usize, usize> {
    let end = match at(bytes, i) {
        b'*' => Ok(i + 1),
        b'?' => filter(bytes, i + 1),
        b'\'' | b'"' => list(bytes, i, true),
        b'0'..=b'9' => match slice(bytes, i) {
            Some(end) => Ok(end),
            None => list(bytes, i, false),
        },
        b':' => match slice(bytes, i) {
            Some(end) => Ok(end),
            None => Err(i),
        },
        _ => Err(i),
    };
    match end {
        Ok(end) => {
            let end = blanks(bytes, end);
            if at(bytes, end) == b']' {
                return Ok(end + 1);
            }
            Err(end)
        }
        Err(end) => Err(end),
    }
}

/// The end of `a:b`, `a:`, `:b` or `:`, each with a step behind another colon; `None` where there
/// is no colon.
const fn slice(bytes: &[u8], i: usize) -> Option<usize> {
    let first = blanks(bytes, digits(bytes, i));
    if at(bytes, first) != b':' {
        return None;
    }
    let end = digits(bytes, blanks(bytes, first + 1));
    let step = blanks(bytes, end);
    if at(bytes, step) == b':' {
        let from = blanks(bytes, step + 1);
        let to = digits(bytes, from);
        return Some(if to > from { to } else { step });
    }
    Some(end)
}

/// The end of `'a', 'b'` or `0, 2`.
const fn list(bytes: &[u8], mut i: usize, names: bool) -> Result<usize, usize> {
    loop {
        let end = if names {
            match quoted(bytes, i) {
                Ok(end) => end,
                Err(end) => return Err(end),
            }
        } else {
            digits(bytes, i)
        };
        if end == i {
            return Err(i);
        }
        let comma = blanks(bytes, end);
        if at(bytes, comma) != b',' {
            return Ok(end);
        }
        i = blanks(bytes, comma + 1);
    }
}

/// The end of `(condition && condition)`.
const fn filter(bytes: &[u8], i: usize) -> Result<usize, usize> {
    let mut i = blanks(bytes, i);
    if at(bytes, i) != b'(' {
        return Err(i);
    }
    i += 1;
    loop {
        i = match condition(bytes, blanks(bytes, i)) {
            Ok(end) => blanks(bytes, end),
            Err(end) => return Err(end),
        };
        match (at(bytes, i), at(bytes, i + 1)) {
            (b')', _) => return Ok(i + 1),
            (b'&', b'&') | (b'|', b'|') => i += 2,
            _ => return Err(i),
        }
    }
}

/// The end of `@.name`, or of a comparison of two such or with a constant.
const fn condition(bytes: &[u8], i: usize) -> Result<usize, usize> {
    let end = match term(bytes, i) {
        Ok(end) => end,
        Err(end) => return Err(end),
    };
    let i = blanks(bytes, end);
    let width = match (at(bytes, i), at(bytes, i + 1)) {
        (b'=' | b'!' | b'<' | b'>', b'=') => 2,
        (b'<' | b'>', _) => 1,
        _ => return Ok(end),
    };
    term(bytes, blanks(bytes, i + width))
}

/// The end of `@.name`, a number, a quoted text, `true`, `false` or `null`.
const fn term(bytes: &[u8], i: usize) -> Result<usize, usize> {
    match at(bytes, i) {
        b'@' => member(bytes, i + 1),
        b'\'' | b'"' => quoted(bytes, i),
        b'-' | b'0'..=b'9' => {
            let whole = i + (at(bytes, i) == b'-') as usize;
            let mut end = digits(bytes, whole);
            if end == whole {
                return Err(i);
            }
            if at(bytes, end) == b'.' {
                let fraction = digits(bytes, end + 1);
                if fraction == end + 1 {
                    return Err(end);
                }
                end = fraction;
            }
            Ok(end)
        }
        _ => {
            let end = word(bytes, i);
            if is(bytes, i, end, b"true")
                || is(bytes, i, end, b"false")
                || is(bytes, i, end, b"null")
            {
                return Ok(end);
            }
            Err(i)
        }
    }
}

/// The end of `.a.b[0]['c']`.
const fn member(bytes: &[u8], mut i: usize) -> Result<usize, usize> {
    loop {
        i = match at(bytes, i) {
            b'.' => match word(bytes, i + 1) {
                end if end > i + 1 => end,
                _ => return Err(i + 1),
            },
            b'[' => {
                let inner = i + 1;
                let end = if at(bytes, inner).is_ascii_digit() {
                    digits(bytes, inner)
                } else {
                    match quoted(bytes, inner) {
                        Ok(end) => end,
                        Err(end) => return Err(end),
                    }
                };
                if at(bytes, end) != b']' {
                    return Err(end);
                }
                end + 1
            }
            _ => return Ok(i),
        };
    }
}

/// The end of a text in quotes; a backslash keeps what is behind it.
const fn quoted(bytes: &[u8], i: usize) -> Result<usize, usize> {
    let quote = at(bytes, i);
    if quote != b'\'' && quote != b'"' {
        return Err(i);
    }
    let mut end = i + 1;
    while end < bytes.len() {
        if bytes[end] == quote {
            return Ok(end + 1);
        }
        end += 1 + (bytes[end] == b'\\') as usize;
    }
    Err(bytes.len())
}

/// The end of a name: letters, digits, `_`, `-`, and all that is not ASCII.
const fn word(bytes: &[u8], mut i: usize) -> usize {
    while i < bytes.len()
        && (bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'_' | b'-' | 0x80..))
    {
        i += 1;
    }
    i
}

const fn digits(bytes: &[u8], mut i: usize) -> usize {
    let from = i;
    // More are no position in any array.
    while i < bytes.len() && i < from + 9 && bytes[i].is_ascii_digit() {
        i += 1;
    }
    i
}

const fn blanks(bytes: &[u8], mut i: usize) -> usize {
    while i < bytes.len() && bytes[i] == b' ' {
        i += 1;
    }
    i
}

/// The byte at `i`; 0 behind the end.
const fn at(bytes: &[u8], i: usize) -> u8 {
    if i < bytes.len() { bytes[i] } else { 0 }
}

const fn is(bytes: &[u8], from: usize, to: usize, word: &[u8]) -> bool {
    if to - from != word.len() {
        return false;
    }
    let mut i = 0;
    while i < word.len() {
        if bytes[from + i] != word[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_texts() {
        for path in [
            "$",
            "$.a",
            "$..b",
            "$..[0]",
            "$.*",
            "$[0]",
            "$[ 1 : 3 ]",
            "$[:2]",
            "$[1:]",
            "$[0:9:2]",
            "$[0, 2]",
            "$['a b', \"c\"]",
            "$['it\\'s']",
            "$.a[*].b",
            "$.städte",
            "$.a-b",
            "$[?(@.b > 1)].b",
            "$[?(@.b >= -1.5 && @['c'][0] == 'x' || @.d)]",
            "$[?(@.b != null)]",
        ] {
            assert!(check(path).is_ok(), "{path}");
        }
        for path in [
            "",
            "a",
            ".a",
            "$a",
            "$.",
            "$..",
            "$.a.",
            "$[",
            "$[]",
            "$[0",
            "$[a]",
            "$[-1]",
            "$['a]",
            "$[0,]",
            "$[0:-1]",
            "$[?]",
            "$[?()]",
            "$[?(@.b >)]",
            "$[?(@.b > x)]",
            "$[?(@.b > 1]",
            "$[1:2:]",
            "$.a b",
            "$ ",
            "$[?(b > 1)]",
            "$['é",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_message_says_where() {
        let wrong = |path| check(path).unwrap_err().to_string();
        assert!(wrong("$.a[-1]").contains("`-1]`: elements are counted from 0"));
        assert!(wrong("$.a.").ends_with("at its end"));
        assert!(wrong("$.a[é]").ends_with("at `é]`"));
        assert!(wrong(&format!("${}", ".a".repeat(600))).contains("1024"));
    }
}
