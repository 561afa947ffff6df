//! Messages built in `const fn`s.
//!
//! A check returns `Result<(), Message>`: inside rustc the message becomes a compile error at the
//! user's own token, on the server it becomes a line of the refusal.

use core::fmt;

use crate::text::is_name;
use crate::ty::{Computed, Type};

/// What a check answers: nothing, or what is wrong and what to do about it.
pub type Check = Result<(), Message>;

const CAPACITY: usize = 640;
/// How many names a list shows before it says how many more there are.
const LISTED: usize = 12;
/// How many bytes of a text in quotes are shown.
const QUOTED: usize = 40;

/// A text of at most 640 bytes that `const fn`s can build. What doesn't fit is cut, and the cut shows.
#[derive(Clone, Copy)]
pub struct Message {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Message {
    /// A message that begins with `text`.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Message {
            bytes: [0; CAPACITY],
            len: 0,
        }
        .text(text)
    }

    /// Appends `text` as it is.
    #[must_use]
    pub const fn text(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            if self.len + 3 >= CAPACITY {
                return self.cut();
            }
            self.bytes[self.len] = bytes[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    /// Ends an overlong message with an ellipsis, at a character's boundary.
    const fn cut(mut self) -> Self {
        while self.len > 0 && self.bytes[self.len - 1] & 0b1100_0000 == 0b1000_0000 {
            self.len -= 1;
        }
        if self.len > 0 && self.bytes[self.len - 1] >= 0b1100_0000 {
            self.len -= 1;
        }
        let dots = "…".as_bytes();
        let mut i = 0;
        while i < dots.len() && self.len < CAPACITY {
            self.bytes[self.len] = dots[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    /// Appends a clause, behind a semicolon where there is one before.
    #[must_use]
    pub const fn also(self, text: &str) -> Self {
        if self.len == 0 {
            return self.text(text);
        }
        self.text("; ").text(text)
    }

    /// Appends a name in backticks.
    #[must_use]
    pub const fn name(self, name: &str) -> Self {
        self.text("`").text(name).text("`")
    }

    /// Appends a text in quotes, its special characters escaped as Rust does. A long one is cut.
    #[must_use]
    pub const fn quoted(self, text: &str) -> Self {
        let mut message = self.text("\"");
        let (mut rest, mut i, mut shown) = (text, 0, 0);
        while i < rest.len() && shown < QUOTED {
            let escaped = match rest.as_bytes()[i] {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                b'\r' => "\\r",
                b'\t' => "\\t",
                _ => "",
            };
            shown += 1;
            if escaped.is_empty() {
                i += 1;
                continue;
            }
            let (plain, special) = rest.split_at(i);
            message = message.text(plain).text(escaped);
            (_, rest) = special.split_at(1);
            i = 0;
        }
        let all = i == rest.len();
        while !rest.is_char_boundary(i) {
            i -= 1;
        }
        let (plain, _) = rest.split_at(i);
        message.text(plain).text(if all { "\"" } else { "…\"" })
    }

    /// Appends `entity::member` in backticks, as Rust writes it.
    #[must_use]
    pub const fn member(self, entity: &str, member: &str) -> Self {
        self.text("`")
            .text(entity)
            .text("::")
            .text(member)
            .text("`")
    }

    /// Appends a type in backticks, as Rust writes it.
    #[must_use]
    pub const fn ty(self, ty: &Type<'_>) -> Self {
        ty.write(self.text("`")).text("`")
    }

    /// Appends a computed type in backticks, as Rust writes it.
    #[must_use]
    pub const fn computed(self, ty: &Computed<'_>) -> Self {
        ty.write(self.text("`")).text("`")
    }

    /// Appends a whole number.
    #[must_use]
    pub const fn int(self, value: i64) -> Self {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let (_, shown) = digits.split_at(at);
        let message = if value < 0 { self.text("-") } else { self };
        match core::str::from_utf8(shown) {
            Ok(shown) => message.text(shown),
            Err(_) => message,
        }
    }

    /// Appends the `index`th name of a list of `total`: the commas, and the end of a long list.
    #[must_use]
    pub const fn listed(self, index: usize, total: usize, name: &str) -> Self {
        if index < LISTED {
            let separated = if index == 0 { self } else { self.text(", ") };
            separated.name(name)
        } else if index == LISTED {
            self.text(" and ")
                .int((total - LISTED) as i64)
                .text(" more")
        } else {
            self
        }
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.len);
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "a message that is not UTF-8",
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Checks that a text can be the name of an entity, a column, a feature or a record.
///
/// # Errors
///
/// It is none; macros send only names that are.
pub const fn check_name(name: &str) -> Check {
    if is_name(name) {
        return Ok(());
    }
    Err(Message::new("")
        .name(name)
        .text(" is not a name: use letters, digits and `_`, at most 255, and no digit first"))
}

/// Turns a failed check into a compile error at the caller's token.
///
/// # Panics
///
/// When the check failed. It is called in `const _: () = ..` only, where a panic is a compile error.
#[track_caller]
pub const fn enforce(check: Check) {
    if let Err(message) = check {
        panic!("{}", message.as_str());
    }
}

/// `?` for checks in `const fn`s.
macro_rules! ensure {
    ($check:expr) => {
        match $check {
            Ok(value) => value,
            Err(message) => return Err(message),
        }
    };
}
pub(crate) use ensure;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_was_appended() {
        const MESSAGE: Message = Message::new("no ")
            .name("a")
            .text(" in ")
            .member("B", "c")
            .text(": ")
            .int(-120);
        assert_eq!(MESSAGE.as_str(), "no `a` in `B::c`: -120");
        assert_eq!(
            Message::new("").int(i64::MIN).as_str(),
            "-9223372036854775808"
        );
    }

    #[test]
    fn an_overlong_message_is_cut_between_characters() {
        let long = Message::new(&"é".repeat(1000));
        assert!(long.as_str().ends_with("é…"));
        assert!(long.as_str().len() <= CAPACITY);
        assert!(long.text("more").as_str().ends_with('…'));
        assert!(long.int(123_456).as_str().ends_with('…'));
    }

    #[test]
    fn a_long_list_says_how_many_are_left() {
        let mut message = Message::new("");
        for i in 0..20 {
            message = message.listed(i, 20, "x");
        }
        assert!(message.as_str().ends_with("`x`, `x` and 8 more"));
    }
}
