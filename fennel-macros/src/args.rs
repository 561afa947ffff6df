//! The arguments of an attribute: `flag`, `key = value`, `key(..)`, and what stands without a key.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, Parser};
use syn::{Attribute, Expr, ExprLit, Lit, LitBool, LitStr, Meta};

use crate::errors::Errors;

/// One argument with a key.
pub(crate) struct Arg {
    pub(crate) key: Ident,
    pub(crate) value: ArgValue,
}

/// What follows a key.
pub(crate) enum ArgValue {
    /// Nothing.
    Flag,
    /// `= tokens`.
    Is(TokenStream),
    /// `(tokens)`.
    Of(TokenStream),
}

/// The tokens between an attribute's brackets, whichever kind they are.
pub(crate) fn tokens_of(attribute: &Attribute, errors: &mut Errors) -> TokenStream {
    match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(pair) => {
            errors.on(pair, "write the arguments in parentheses");
            TokenStream::new()
        }
    }
}

/// Splits at the commas that are not inside a group, without empty parts.
pub(crate) fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => parts.push(Vec::new()),
            _ => parts
                .last_mut()
                .expect("it begins with one part")
                .push(token),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
        .into_iter()
        .map(|part| part.into_iter().collect())
        .collect()
}

/// Whether a part is `key = ..`.
pub(crate) fn has_key(part: &TokenStream) -> bool {
    let mut tokens = part.clone().into_iter();
    matches!(tokens.next(), Some(TokenTree::Ident(_)))
        && matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
}

/// Reads arguments that each have a key; what is no argument is an error and skipped.
pub(crate) fn keyed(parts: Vec<TokenStream>, errors: &mut Errors) -> Vec<Arg> {
    let mut args: Vec<Arg> = Vec::new();
    for part in parts {
        let tokens: Vec<TokenTree> = part.clone().into_iter().collect();
        let Some(TokenTree::Ident(key)) = tokens.first() else {
            errors.on(part, "expected an argument such as `key` or `key = value`");
            continue;
        };
        let value = match &tokens[1..] {
            [] => ArgValue::Flag,
            [TokenTree::Group(group)] => ArgValue::Of(group.stream()),
            [TokenTree::Punct(equals), value @ ..]
                if equals.as_char() == '=' && !value.is_empty() =>
            {
                ArgValue::Is(value.iter().cloned().collect())
            }
            _ => {
                errors.on(
                    part,
                    format!("expected `{key}`, `{key} = value` or `{key}(..)`"),
                );
                continue;
            }
        };
        if args.iter().any(|arg| arg.key == *key) {
            errors.on(key, format!("`{key}` is given twice"));
            continue;
        }
        args.push(Arg {
            key: key.clone(),
            value,
        });
    }
    args
}

/// Reports a key that is not one of `known`.
pub(crate) fn unknown(arg: &Arg, known: &[&str], errors: &mut Errors) {
    let key = arg.key.unraw().to_string();
    let hint = match known.iter().find(|known| resembles(known, &key)) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("there is `{}`", known.join("`, `")),
    };
    errors.on(&arg.key, format!("unknown argument `{key}`; {hint}"));
}

/// Whether two names are one slip apart: a letter more, less, other, or two swapped.
fn resembles(known: &str, written: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (known.chars().collect(), written.chars().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    a.len() + b.len() > 0
        && match (a, b) {
            ([_, a @ ..], [_, b @ ..]) if a == b => true,
            ([a1, a2, a @ ..], [b1, b2, b @ ..]) if a1 == b2 && a2 == b1 && a == b => true,
            ([_, a @ ..], b) if a == b => true,
            (a, [_, b @ ..]) if a == b => true,
            _ => false,
        }
}

impl Arg {
    /// The key as a text, without `r#`.
    pub(crate) fn name(&self) -> LitStr {
        LitStr::new(&self.key.unraw().to_string(), self.key.span())
    }

    /// `key` or `key = true`.
    pub(crate) fn bool(&self, errors: &mut Errors) -> bool {
        match &self.value {
            ArgValue::Flag => true,
            _ => self
                .parse::<LitBool>("`true` or `false`", errors)
                .is_some_and(|lit| lit.value),
        }
    }

    /// `key = "text"`.
    pub(crate) fn text(&self, example: &str, errors: &mut Errors) -> Option<LitStr> {
        self.parse(&format!("a text such as \"{example}\""), errors)
    }

    /// `key = ["text", "text"]`.
    pub(crate) fn texts(&self, errors: &mut Errors) -> Vec<LitStr> {
        let elements = self.list("a list such as [\"a\", \"b\"]", errors);
        let texts = elements
            .iter()
            .filter_map(|element| match text_literal(element) {
                Some(text) => Some(text),
                None => {
                    errors.on(element, "expected a text in quotes");
                    None
                }
            });
        texts.collect()
    }

    /// `key = [value, value]`.
    pub(crate) fn list(&self, expected: &str, errors: &mut Errors) -> Vec<Expr> {
        let Some(parsed) = self.parse::<Expr>(expected, errors) else {
            return Vec::new();
        };
        match ungroup(&parsed) {
            Expr::Array(array) => array.elems.iter().cloned().collect(),
            other => {
                errors.on(other, format!("`{}` is {expected}", self.key));
                Vec::new()
            }
        }
    }

    /// `key = value`.
    pub(crate) fn parse<T: Parse>(&self, expected: &str, errors: &mut Errors) -> Option<T> {
        let ArgValue::Is(tokens) = &self.value else {
            errors.on(
                &self.key,
                format!("`{}` needs a value: {expected}", self.key),
            );
            return None;
        };
        let parsed = T::parse.parse2(tokens.clone());
        if parsed.is_err() {
            errors.on(tokens, format!("`{}` is {expected}", self.key));
        }
        parsed.ok()
    }

    /// The span of the value, or of the key where there is none.
    pub(crate) fn span(&self) -> Span {
        match &self.value {
            ArgValue::Is(tokens) => first_span(tokens).unwrap_or_else(|| self.key.span()),
            _ => self.key.span(),
        }
    }
}

/// `"text"` as an expression.
pub(crate) fn text_literal(expr: &Expr) -> Option<LitStr> {
    match ungroup(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.clone()),
        _ => None,
    }
}

/// The expression inside the invisible brackets that `macro_rules` puts around what it was given.
pub(crate) fn ungroup(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => ungroup(&group.expr),
        other => other,
    }
}

fn first_span(tokens: &TokenStream) -> Option<Span> {
    tokens
        .to_token_stream()
        .into_iter()
        .next()
        .map(|token| token.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_one_letter_are_recognised() {
        for written in ["versio", "versionn", "verzion", "vesrion"] {
            assert!(resembles("version", written), "{written}");
        }
        assert!(!resembles("version", "history"));
    }
}
