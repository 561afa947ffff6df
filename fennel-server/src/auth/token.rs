//! Bearer tokens and their hashes.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;

/// A bearer token. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The token of that text.
    ///
    /// # Errors
    ///
    /// [`Error::Token`] if it can't stand in a header: it is empty, or has blanks or other
    /// characters than visible ASCII ones.
    pub fn new(text: impl Into<String>) -> Result<Token, Error> {
        let text = text.into();
        if text.is_empty() {
            return Err(Error::Token("it is empty"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Token(
                "it has a blank, a line break or another character that is not visible ASCII",
            ));
        }
        Ok(Token(text))
    }

    /// A new token with 256 random bits.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if the operating system has no randomness.
    pub fn generate() -> Result<Token, Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(Error::Random)?;
        let digits: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Token(format!("{PREFIX}{digits}")))
    }

    /// The token itself. It is a secret: keep it out of logs and errors.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is so short that it can be found by trying.
    pub(crate) fn is_short(&self) -> bool {
        self.0.len() < 16
    }

    pub(super) fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What all tokens that are made at random begin with.
const PREFIX: &str = "fnl_";

/// Whether a text looks like a token rather than the id of one.
pub(crate) fn is_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The id of a token, given itself or its id.
pub(crate) fn id_of(text: &str) -> String {
    match is_token(text) {
        true => Hash::of(text).id(),
        false => text.to_owned(),
    }
}

/// The SHA-256 of a token, which is all that is kept of one. Looking one up in a map tells nothing by the time that it
/// takes: nobody can choose the hash of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hash(pub(super) [u8; 32]);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Hash {
    pub(super) fn of(token: &str) -> Hash {
        Hash(Sha256::digest(token.as_bytes()).into())
    }

    /// What a token is called where it must not be told: 16 hexadecimal digits, from which neither the token nor its
    /// hash can be had.
    pub(super) fn id(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(b"the id of a token of fennel\0");
        digest.update(self.0);
        let digits = digest.finalize();
        digits
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// A token, as it is kept under its hash. Instants are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) account: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) note: String,
    pub(super) created: i64,
    pub(super) created_by: String,
    /// From when on it is no longer valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked: Option<i64>,
    /// The id of the token that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rotated_to: Option<String>,
}

impl Record {
    pub(super) fn is_valid(&self, now: i64) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_token_has_256_bits_and_is_never_the_same() {
        let token = Token::generate().unwrap();
        let digits = token.reveal().strip_prefix("fnl_").unwrap();
        assert_eq!(digits.len(), 64);
        assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(token.reveal(), Token::generate().unwrap().reveal());
    }

    #[test]
    fn neither_debug_nor_errors_show_a_token() {
        assert_eq!(format!("{:?}", Token::new("fnl_secret").unwrap()), "…");
        let error = Token::new("fnl_ secret").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("fnl_"));
    }

    #[test]
    fn a_token_can_stand_in_a_header() {
        for text in ["", " ", "a b", "a\n", "é", "a\0"] {
            assert!(Token::new(text).is_err(), "{text:?}");
        }
        assert!(Token::new("x").is_ok_and(|token| token.is_short()));
    }

    #[test]
    fn an_id_tells_tokens_apart_and_nothing_of_them() {
        let (a, b) = (Hash::of("a"), Hash::of("b"));
        assert!(a == Hash::of("a") && a.id() == Hash::of("a").id() && a.id() != b.id());
        let digits: String = a.0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(a.id().len() == 16 && !digits.contains(&a.id()));
    }

    #[test]
    fn a_token_ends_at_its_expiry_or_at_once() {
        let record = Record {
            account: "ci".into(),
            note: String::new(),
            created: 0,
            created_by: "admin".into(),
            expires: Some(10),
            revoked: None,
            rotated_to: None,
        };
        assert!(record.is_valid(9) && !record.is_valid(10));
        let revoked = Record {
            revoked: Some(5),
            ..record
        };
        assert!(!revoked.is_valid(4));
    }
}
