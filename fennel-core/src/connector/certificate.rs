//! Certificates that a server is known by.

use super::Secret;

/// A certificate in PEM, which a server on the other side is known by.
///
/// ```
/// use fennel_core::connector::{Certificate, Secret};
///
/// const OURS: Certificate<'_> = Certificate::pem("-----BEGIN CERTIFICATE-----");
/// const KEPT: Certificate<'_> = Certificate::secret(Secret::env("RECEIVER_CA"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a>(pub(super) Secret<'a>);

impl<'a> Certificate<'a> {
    /// The certificate itself, such as the text of a file: `include_str!("ca.pem")`.
    #[must_use]
    pub const fn pem(text: &'a str) -> Self {
        Certificate(Secret::plain(text))
    }

    /// A certificate that is kept where secrets are.
    #[must_use]
    pub const fn secret(secret: Secret<'a>) -> Self {
        Certificate(secret)
    }
}
