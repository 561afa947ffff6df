//! Formats of instants, as constant texts in expressions: the specifiers of the `chrono` crate.

use crate::message::{Check, Message};

/// What a format is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Reading instants from texts.
    Parse,
    /// Writing instants as texts.
    Print,
}

/// What stands for a single number, whose padding can be chosen.
const NUMBERS: &[u8] = b"CGHIMSUVWYdefgjklmqsuwy";
/// What stands for something else.
const OTHERS: &[u8] = b"%+ABDFPRTXZabchnprtvxz";

/// Checks that a format has known specifiers alone.
pub(super) const fn check(format: &str, purpose: Use) -> Check {
    let bytes = format.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'%' {
            i += 1;
            continue;
        }
        let end = match specifier(bytes, i + 1, purpose) {
            Ok(end) => end,
            Err(mut end) => {
                if end < bytes.len() {
                    end += 1;
                }
                while !format.is_char_boundary(end) {
                    end += 1;
                }
                let (written, _) = format.split_at(end);
                let (_, written) = written.split_at(i);
                return Err(Message::new("there is no format specifier ")
                    .name(written)
                    .text("; a percent sign is `%%`"));
            }
        };
        i = end;
    }
    Ok(())
}

/// The end of the specifier whose `%` ends at `i`, or where it goes wrong.
const fn specifier(bytes: &[u8], i: usize, purpose: Use) -> Result<usize, usize> {
    if i >= bytes.len() {
        return Err(i);
    }
    match bytes[i] {
        b'-' | b'_' | b'0' => {
            if i + 1 < bytes.len() && holds(NUMBERS, bytes[i + 1]) {
                return Ok(i + 2);
            }
            Err(i + 1)
        }
        b'#' => {
            if i + 1 < bytes.len() && bytes[i + 1] == b'z' && matches!(purpose, Use::Parse) {
                return Ok(i + 2);
            }
            Err(i + 1)
        }
        b':' => {
            let mut end = i;
            while end < bytes.len() && end < i + 3 && bytes[end] == b':' {
                end += 1;
            }
            if end < bytes.len() && bytes[end] == b'z' {
                return Ok(end + 1);
            }
            Err(end)
        }
        b'.' if i + 1 < bytes.len() && bytes[i + 1] == b'f' => Ok(i + 2),
        b'.' => fraction(bytes, i + 1),
        b'3' | b'6' | b'9' => fraction(bytes, i),
        byte if holds(NUMBERS, byte) || holds(OTHERS, byte) => Ok(i + 1),
        _ => Err(i),
    }
}

/// The end of `3f`, `6f` or `9f` at `i`.
const fn fraction(bytes: &[u8], i: usize) -> Result<usize, usize> {
    if i >= bytes.len() || !matches!(bytes[i], b'3' | b'6' | b'9') {
        return Err(i);
    }
    if i + 1 < bytes.len() && bytes[i + 1] == b'f' {
        return Ok(i + 2);
    }
    Err(i + 1)
}

const fn holds(all: &[u8], byte: u8) -> bool {
    let mut i = 0;
    while i < all.len() {
        if all[i] == byte {
            return true;
        }
        i += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use chrono::format::{Item, StrftimeItems};

    use super::*;

    fn is_chrono(format: &str) -> bool {
        !StrftimeItems::new(format).any(|item| item == Item::Error)
    }

    #[test]
    fn a_specifier_is_one_of_chrono() {
        for first in '\0'..='\u{ff}' {
            for second in '\0'..='\u{7f}' {
                for format in [format!("%{first}"), format!("%{first}{second}")] {
                    let known = check(&format, Use::Parse).is_ok();
                    assert_eq!(known, is_chrono(&format), "{format:?}");
                }
            }
        }
    }

    #[test]
    fn a_format_is_one_of_chrono() {
        let letters = [
            '%', '-', '0', '#', '.', ':', '3', 'f', 'z', 'Y', 'D', 'Q', ' ', 'é',
        ];
        for code in 0..letters.len().pow(5) {
            let mut code = code;
            let mut format = String::from("%");
            while code > 0 {
                format.push(letters[code % letters.len()]);
                code /= letters.len();
            }
            let known = check(&format, Use::Parse).is_ok();
            assert_eq!(known, is_chrono(&format), "{format:?}");
        }
    }

    #[test]
    fn a_message_quotes_the_specifier() {
        let wrong = |format| check(format, Use::Print).unwrap_err().to_string();
        assert!(wrong("%Y-%Q").contains("`%Q`"));
        assert!(wrong("%H:%").contains("`%`"));
        assert!(wrong("%-é").contains("`%-é`"));
        assert!(wrong("%#z").contains("`%#z`"));
    }
}
