//! Bearer tokens and their hashes.

use std::fmt;
use std::hint::black_box;

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
        Ok(Token(format!("fnl_{digits}")))
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

/// The SHA-256 of a token, which is all that is kept of one.
#[derive(Clone, Copy)]
pub(super) struct Hash(pub(super) [u8; 32]);

impl Hash {
    pub(super) fn of(token: &str) -> Hash {
        Hash(Sha256::digest(token.as_bytes()).into())
    }

    /// Takes as long for equal hashes as for any others.
    pub(super) fn equals(&self, other: &Hash) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        black_box(pairs.fold(0, |differing, (a, b)| differing | (a ^ b))) == 0
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
    fn hashes_are_equal_in_every_byte_or_not() {
        let hash = Hash::of("a");
        assert!(hash.equals(&Hash::of("a")));
        for i in 0..32 {
            let mut other = hash;
            other.0[i] ^= 1;
            assert!(!hash.equals(&other), "byte {i}");
        }
    }
}
