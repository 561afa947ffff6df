//! The token, which is never shown.

use std::fmt;

/// A server's token. Its `Debug` form does not show it, and it has no other.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// Takes the text as it is.
    pub(crate) fn new(text: String) -> Self {
        Token(text)
    }

    /// Checks that a header can carry the token.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without its text.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let token = &self.0;
        if token.is_empty() {
            return Err("is empty; set it to a token of the server, or don't set it at all");
        }
        if token.contains(['\n', '\r']) {
            return Err("has a line break; give the token alone");
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has a blank or a character that is not ASCII; give the token alone");
        }
        Ok(())
    }

    /// The text, to send it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without the token: what a server says may repeat what it was sent.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        text.replace(&self.0, "[token]")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_token() {
        let token = Token::new("hush-hush".into());
        assert_eq!(format!("{token:?} {:#?}", Some(&token)).find("hush"), None);
    }

    #[test]
    fn only_one_visible_ascii_word_is_a_token() {
        for wrong in ["", "a b", "a\n", "a\r\n", "naïve", "a\u{7f}", "\ta"] {
            assert!(Token::new(wrong.into()).check().is_err(), "{wrong:?}");
        }
        assert_eq!(Token::new("fnl_AZaz09-_.~+/=".into()).check(), Ok(()));
    }

    #[test]
    fn what_a_server_repeats_is_hidden() {
        let token = Token::new("hush-hush".into());
        assert_eq!(
            token.hidden_in("Bearer hush-hush is wrong"),
            "Bearer [token] is wrong"
        );
    }
}
