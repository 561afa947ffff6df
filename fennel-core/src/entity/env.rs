//! Environment selectors: which commits a source or an extraction takes part in.

use crate::message::{Check, Message};
use crate::text::{eq, starts_with};

/// Names of environments, or names to leave out (`~dev`), never both kinds. None at all selects
/// every environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Env<'a>(pub &'a [&'a str]);

impl Env<'_> {
    /// Selects every environment.
    pub const ANY: Env<'static> = Env(&[]);

    /// Whether a commit for `env` takes part; a commit for no environment always does.
    #[must_use]
    pub const fn selects(&self, env: Option<&str>) -> bool {
        let Some(env) = env else { return true };
        let mut i = 0;
        while i < self.0.len() {
            let entry = self.0[i];
            if starts_with(entry, "~") {
                let (_, left_out) = entry.split_at(1);
                if eq(left_out, env) {
                    return false;
                }
            } else if eq(entry, env) {
                return true;
            }
            i += 1;
        }
        self.0.is_empty() || starts_with(self.0[0], "~")
    }

    /// Checks the names and that the two kinds are not mixed.
    ///
    /// # Errors
    ///
    /// The entry that is wrong.
    pub const fn check(&self) -> Check {
        let mut i = 0;
        while i < self.0.len() {
            let entry = self.0[i];
            let negative = starts_with(entry, "~");
            if entry.is_empty() {
                return Err(Message::new("an env can't be empty"));
            }
            if negative && entry.len() == 1 {
                return Err(Message::new("env `~` names no env"));
            }
            let mut j = 0;
            while j < entry.len() {
                if entry.as_bytes()[j].is_ascii_whitespace() {
                    return Err(Message::new("env ").name(entry).text(" contains a blank"));
                }
                j += 1;
            }
            if negative != starts_with(self.0[0], "~") {
                return Err(Message::new("env mixes ")
                    .name(self.0[0])
                    .text(" and ")
                    .name(entry)
                    .text(": name either the envs to select or those to leave out"));
            }
            i += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_choose_as_documented() {
        let cases: [(&[&str], Option<&str>, bool); 10] = [
            (&[], None, true),
            (&[], Some("x"), true),
            (&["x"], None, true),
            (&["x"], Some("x"), true),
            (&["x"], Some("y"), false),
            (&["~x"], Some("x"), false),
            (&["~x"], Some("y"), true),
            (&["x", "y"], Some("y"), true),
            (&["~x", "~y"], Some("y"), false),
            (&["~x", "~y"], Some("z"), true),
        ];
        for (entries, env, selected) in cases {
            assert_eq!(Env(entries).selects(env), selected, "{entries:?} {env:?}");
        }
    }

    #[test]
    fn malformed_selectors_are_refused() {
        for entries in [
            &[""][..],
            &["a b"],
            &["~"],
            &["~gold", "silver"],
            &["x", ""],
        ] {
            assert!(Env(entries).check().is_err(), "{entries:?}");
        }
        assert!(Env(&["~a", "~b"]).check().is_ok());
    }
}
