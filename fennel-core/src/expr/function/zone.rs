//! Time zones, as texts in expressions.

use crate::message::{Check, Message};

/// The zone where none is named.
pub(crate) const UTC: &str = "UTC";

/// Checks that a text names a time zone by its area and place.
pub(crate) const fn check(zone: &str) -> Check {
    let bytes = zone.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !bytes[i].is_ascii_alphanumeric() && !matches!(bytes[i], b'/' | b'_' | b'-' | b'+') {
            break;
        }
        i += 1;
    }
    if i == bytes.len() && !bytes.is_empty() && bytes[0].is_ascii_alphabetic() {
        return Ok(());
    }
    Err(Message::new("there is no time zone ").name(zone))
}
