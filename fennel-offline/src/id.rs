//! Ids of jobs: UUIDs of version 4.

use crate::error::{Error, Result};

/// A new id.
pub(crate) fn random() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Failed(format!("no randomness for an id: {error}")))?;
    Ok(of(u128::from_be_bytes(bytes)))
}

/// Whether a text is such an id.
pub(crate) fn is(text: &str) -> bool {
    let random = u128::from_str_radix(&text.replace('-', ""), 16);
    random.is_ok_and(|random| of(random) == text)
}

fn of(random: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let bits = random & !VERSION & !VARIANT | (4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let (a, rest) = hex.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_that_it_is_random() {
        assert_eq!(of(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(of(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_ne!(random().unwrap(), random().unwrap());
        assert!(is(&random().unwrap()));
        for other in ["", "lost+found", "00000000-0000-0000-0000-000000000000"] {
            assert!(!is(other), "{other}");
        }
    }
}
