//! Calls of checks, spanned so that rustc underlines the tokens that a check is about.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};

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

    /// Reaches over one token.
    pub(crate) fn span(span: Span) -> At {
        At {
            first: span,
            last: span,
        }
    }
}

/// `enforce(check)`, underlined at `at`.
pub(crate) fn enforce(private: &TokenStream, at: At, check: &TokenStream) -> TokenStream {
    call(&quote!(#private::enforce), at, check)
}

/// `check(JUDGED, i)` of what was looked through before, underlined at `at`.
pub(crate) fn judge(private: &TokenStream, check: &str, at: At, i: &TokenStream) -> TokenStream {
    let check = Ident::new(check, at.first);
    call(&quote!(#private::judged::#check), at, &quote!(JUDGED, #i))
}

/// `function(argument)`, underlined at `at`.
pub(crate) fn call(function: &TokenStream, at: At, argument: &TokenStream) -> TokenStream {
    let function = respan(function.clone(), at.first);
    let argument = respan(argument.clone(), at.first);
    let mut argument = Group::new(proc_macro2::Delimiter::Parenthesis, argument);
    argument.set_span(at.last);
    quote!(#function #argument)
}

/// A const item of its own for one check, so that rustc reports it beside all the others.
pub(crate) fn item(private: &TokenStream, at: At, check: &TokenStream) -> TokenStream {
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
