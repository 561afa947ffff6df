//! Paths into a bucket with wildcards and dates, such as `events/day=%Y-%m-%d/*.json.gz`.

use crate::message::{Check, Message};

/// Checks a path part by part.
pub(super) const fn check(path: &str) -> Check {
    let bytes = path.as_bytes();
    let (mut start, mut i) = (0, 0);
    while i <= bytes.len() {
        let is_end = i == bytes.len();
        if is_end || bytes[i] == b'/' {
            // A path may end in a slash.
            if !(is_end && start == i && i > 0)
                && let Err(message) = check_part(slice(path, start, i), is_end)
            {
                return Err(message);
            }
            start = i + 1;
        }
        i += 1;
    }
    Ok(())
}

/// The part that is the same in all objects, and the rest.
pub(super) fn split(path: &str) -> (&str, &str) {
    let mut at = 0;
    for part in path.split_inclusive('/') {
        if part.contains(['*', '%']) {
            break;
        }
        at += part.len();
    }
    path.split_at(at)
}

const fn slice(text: &str, start: usize, end: usize) -> &str {
    let (text, _) = text.split_at(end);
    let (_, text) = text.split_at(start);
    text
}

const fn check_part(part: &str, is_last: bool) -> Check {
    let bytes = part.as_bytes();
    match bytes {
        [] => {
            return Err(Message::new(
                "the path has an empty part: write one slash between two parts, and none first",
            ));
        }
        [b'*'] | [b'*', b'*'] => return Ok(()),
        [b'*', b'.', _, ..] if is_last => return check_extension(part),
        [b'*', b'.', ..] => {
            return refuse_part(part, ": an ending such as `*.csv` stands in the last part");
        }
        [b'*', ..] if is_last && !has(bytes, b'%') => {
            return refuse_part(
                part,
                ": write `*.` and the ending, such as `*.csv`, or `*` for all",
            );
        }
        _ => {}
    }
    if has(bytes, b'*') {
        return refuse_part(
            part,
            ": `*` is a whole part of the path, or begins the last one, as in `*.csv`",
        );
    }
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'%' if i + 1 < bytes.len() && is_specifier(bytes[i + 1]) => i += 1,
            b'%' => {
                return refuse_part(
                    part,
                    ": this is no date specifier; there is %Y, %m, %d, %H, %M, %S and the others of strptime",
                );
            }
            byte if is_static(byte) => {}
            _ => {
                return refuse_part(
                    part,
                    ": allowed are letters, digits, `-`, `_`, `.` and `=`, dates such as %Y, and `*`",
                );
            }
        }
        i += 1;
    }
    Ok(())
}

const fn check_extension(part: &str) -> Check {
    let bytes = part.as_bytes();
    let mut i = 1;
    while i < bytes.len() {
        if !bytes[i].is_ascii_alphanumeric() && bytes[i] != b'.' {
            return refuse_part(part, ": an ending has letters, digits and points only");
        }
        i += 1;
    }
    Ok(())
}

const fn refuse_part(part: &str, reason: &str) -> Check {
    Err(Message::new("").name(part).text(reason))
}

const fn has(bytes: &[u8], byte: u8) -> bool {
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == byte {
            return true;
        }
        i += 1;
    }
    false
}

const fn is_static(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=')
}

/// Whether a letter after `%` stands for a part of a date, both for writing and for reading.
const fn is_specifier(letter: u8) -> bool {
    matches!(
        letter,
        b'Y' | b'y'
            | b'm'
            | b'd'
            | b'H'
            | b'I'
            | b'M'
            | b'S'
            | b'f'
            | b'p'
            | b'j'
            | b'a'
            | b'A'
            | b'b'
            | b'B'
            | b'w'
            | b'U'
            | b'W'
            | b'z'
            | b'Z'
            | b'G'
            | b'u'
            | b'V'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_checked_part_by_part() {
        for path in [
            "foo/bar",
            "foo/bar/",
            "*",
            "foo/**/*.json.gz",
            "yymmdd=%Y%m%d/hour=%H/*.csv",
            "static/part/*/day=%d/**",
        ] {
            assert!(check(path).is_ok(), "{path}");
        }
        for path in [
            "foo*/bar*/",
            "foo/bar*",
            "foo/*-file.csv",
            "foo/*.csv/bar",
            "foo/*.c_v",
            "foo/*.",
            "foo$/bar",
            "date-%q/*",
            "date-%",
            "//foo/bar",
            "/foo",
            "foo//",
            "*year=%Y/*",
            "year=%*/*",
            "é",
            "",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_all_objects_share_is_the_prefix() {
        assert_eq!(split("a/b/*/c"), ("a/b/", "*/c"));
        assert_eq!(split("a/b/"), ("a/b/", ""));
        assert_eq!(split("a/b"), ("a/b", ""));
        assert_eq!(split("%Y/b"), ("", "%Y/b"));
    }
}
