//! The key of the secrets: AES-256 in Galois/counter mode.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};

use crate::Error;

/// Bytes that are used once.
const NONCE: usize = 12;

/// The key that a server's secrets are encrypted with. It is never shown.
#[derive(Clone)]
pub struct SecretKey(Aes256Gcm);

impl SecretKey {
    /// The key of a text of 64 hexadecimal digits; spaces and line breaks around it don't count.
    ///
    /// # Errors
    ///
    /// [`Error::SecretKeyText`] for another text, which isn't told.
    pub fn new(text: &str) -> Result<SecretKey, Error> {
        let text = text.trim().as_bytes();
        let mut key = [0; 32];
        if text.len() != 2 * key.len() {
            return Err(Error::SecretKeyText);
        }
        for (byte, digits) in key.iter_mut().zip(text.chunks(2)) {
            let digits = std::str::from_utf8(digits).ok();
            let digits = digits.filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
            let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            *byte = value.ok_or(Error::SecretKeyText)?;
        }
        Ok(SecretKey(Aes256Gcm::new(&key.into())))
    }

    /// A text, encrypted and bound to a name.
    pub(super) fn encrypt(&self, name: &str, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(Error::Random)?;
        let payload = Payload {
            msg: text,
            aad: name.as_bytes(),
        };
        let encrypted = self.0.encrypt(&Nonce::from(nonce), payload);
        let encrypted = encrypted.expect("texts are far shorter than the mode's limit of 64 GiB");
        Ok([&nonce[..], &encrypted].concat())
    }

    /// The text that was encrypted by this key for that name.
    pub(super) fn decrypt(&self, name: &str, encrypted: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = encrypted.split_first_chunk::<NONCE>()?;
        let aad = name.as_bytes();
        self.0
            .decrypt(&Nonce::from(*nonce), Payload { msg, aad })
            .ok()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_by_its_key_and_its_name_alone() {
        let key = SecretKey::new(&"0f".repeat(32)).unwrap();
        let other = SecretKey::new(&format!(" {}\n", "F0".repeat(32))).unwrap();
        let encrypted = key.encrypt("a", b"hush").unwrap();
        assert_ne!(
            encrypted,
            key.encrypt("a", b"hush").unwrap(),
            "never twice the same"
        );
        assert!(!encrypted.windows(4).any(|part| part == b"hush"));
        assert_eq!(key.decrypt("a", &encrypted).unwrap(), b"hush");
        assert_eq!(key.decrypt("b", &encrypted), None);
        assert_eq!(other.decrypt("a", &encrypted), None);
        assert_eq!(key.decrypt("a", b"short"), None);
        assert_eq!(format!("{key:?}"), "…");
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_without_being_told() {
        let digits = "0".repeat(63);
        for text in [
            "",
            "hush",
            &digits,
            &format!("{digits}g"),
            &format!("{digits}é"),
        ] {
            let error = SecretKey::new(text).unwrap_err().to_string();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
