//! What a definition says about itself for people: owner, description, tags, state.

use crate::message::{Check, Message};

/// Metaflags of an entity, a field or a feature. Changing them needs no new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta<'a> {
    /// Who answers for it, as an e-mail address; empty when unset.
    pub owner: &'a str,
    /// What it is, for people; empty when unset.
    pub description: &'a str,
    /// Tags, which flow to everything derived from it; `~tag` cancels one that flowed in.
    pub tags: &'a [&'a str],
    /// Still works, but is not to be used any more.
    pub deprecated: bool,
    /// Stops to exist with this commit; later commits may leave it out.
    pub deleted: bool,
}

impl Meta<'_> {
    /// Nothing said.
    pub const EMPTY: Meta<'static> = Meta {
        owner: "",
        description: "",
        tags: &[],
        deprecated: false,
        deleted: false,
    };

    /// Checks that the owner is empty or looks like an e-mail address.
    ///
    /// # Errors
    ///
    /// The owner is neither.
    pub const fn check_owner(&self) -> Check {
        if self.owner.is_empty() || is_email(self.owner.as_bytes()) {
            return Ok(());
        }
        Err(Message::new("owner ")
            .name(self.owner)
            .text(" is not an e-mail address"))
    }
}

/// `^[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9-.]+$`, as the protocol's clients check it.
const fn is_email(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() && (is_word(bytes[at]) || matches!(bytes[at], b'_' | b'.' | b'+' | b'-'))
    {
        at += 1;
    }
    if at == 0 || at == bytes.len() || bytes[at] != b'@' {
        return false;
    }
    let host = at + 1;
    let mut i = host;
    while i < bytes.len() && (is_word(bytes[i]) || bytes[i] == b'-') {
        i += 1;
    }
    if i == host || i + 1 >= bytes.len() || bytes[i] != b'.' {
        return false;
    }
    i += 1;
    while i < bytes.len() {
        if !is_word(bytes[i]) && !matches!(bytes[i], b'-' | b'.') {
            return false;
        }
        i += 1;
    }
    true
}

const fn is_word(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9')
}

/// Where an entity was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The source file, as the compiler names it; empty when unknown.
    pub file: &'a str,
    /// The line, from 1 on; 0 when unknown.
    pub line: u32,
    /// The Rust module.
    pub module: &'a str,
}

impl Location<'_> {
    /// An entity that came over the wire.
    pub const UNKNOWN: Location<'static> = Location {
        file: "",
        line: 0,
        module: "",
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_email_addresses() {
        for owner in ["", "a@b.co", "first.last+tag@mail-host.co.uk"] {
            assert!(
                Meta {
                    owner,
                    ..Meta::EMPTY
                }
                .check_owner()
                .is_ok(),
                "{owner}"
            );
        }
        for owner in ["test", "@b.co", "a@", "a@b", "a@b.", "a b@c.de", "a@b_c.de"] {
            assert!(
                Meta {
                    owner,
                    ..Meta::EMPTY
                }
                .check_owner()
                .is_err(),
                "{owner}"
            );
        }
    }
}
