//! Calls of checks, spanned so that rustc underlines the tokens that a check is about.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote, quote_spanned};

use crate::path::Door;

/// The first and the last of some tokens. Stable Rust can't join two spans, but a call whose path
/// is at one and whose parentheses are at the other reaches from one to the other.
#[derive(Clone, Copy)]
pub(crate) struct At {
    first: Span,
    last: Span,
}

impl At {
    /// Reaches over all of `tokens`.
    pub(crate) fn tokens(tokens: impl ToTokens) -> At {
        let mut spans = tokens
            .into_token_stream()
            .into_iter()
            .map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        At {
            first,
            last: spans.last().unwrap_or(first),
        }
    }

    /// Where the first token is.
    pub(crate) fn first(self) -> Span {
        self.first
    }

    /// Reaches over one token.
    pub(crate) fn span(span: Span) -> At {
        At {
            first: span,
            last: span,
        }
    }
}

/// `enforce(check)`, underlined at `at`.
pub(crate) fn enforce(private: &Door, at: At, check: &TokenStream) -> TokenStream {
    let private = private.at(at.first);
    let function = quote_spanned!(at.first=> #private::enforce);
    call(function, at, respan(check.clone(), at.first))
}

/// `check(JUDGED, i)` of what was looked through before, underlined at `at`.
pub(crate) fn judge(private: &Door, check: &str, at: At, i: &TokenStream) -> TokenStream {
    let (private, check) = (private.at(at.first), Ident::new(check, at.first));
    let judged = Ident::new("JUDGED", at.first);
    let function = quote_spanned!(at.first=> #private::judged::#check);
    call(function, at, quote_spanned!(at.first=> #judged, #i))
}

/// `function(argument)` of tokens that are at `at` already.
pub(crate) fn call(function: TokenStream, at: At, argument: TokenStream) -> TokenStream {
    let mut argument = Group::new(proc_macro2::Delimiter::Parenthesis, argument);
    argument.set_span(at.last);
    let mut call = function;
    call.append(argument);
    call
}

/// A const item of its own for one check, so that rustc reports it beside all the others.
pub(crate) fn item(private: &Door, at: At, check: &TokenStream) -> TokenStream {
    let call = enforce(private, at, check);
    quote!(const _: () = #call;)
}

/// The tokens, all but literals at one span: a number at the span of another one makes clippy
/// complain about the user's.
fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let tokens = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = TokenTree::Group(Group::new(group.delimiter(), respan(group.stream(), span)));
        }
        if !matches!(token, TokenTree::Literal(_)) {
            token.set_span(span);
        }
        token
    });
    tokens.collect()
}
