//! All the errors of one item, so that one mistake doesn't hide the next.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Errors found so far. [`Errors::finish`] must be called.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Adds an error at a span.
    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.0.push(syn::Error::new(span, message));
    }

    /// Adds an error that underlines these tokens.
    pub(crate) fn on(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.0.push(syn::Error::new_spanned(tokens, message));
    }

    /// The value, or its error on the list.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// `Ok` when there are none, else the tokens that raise them all.
    pub(crate) fn finish(self) -> Result<(), TokenStream> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(self.0.iter().map(syn::Error::to_compile_error).collect())
    }
}
