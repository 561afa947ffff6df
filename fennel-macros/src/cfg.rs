//! `#[cfg]` on a field. The attribute macros see fields before rustc has decided which ones there are,
//! so everything that is emitted for a field repeats its conditions.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Meta};

use crate::errors::Errors;

/// The conditions of one field.
#[derive(Default)]
pub(crate) struct Cfg(Vec<TokenStream>);

impl Cfg {
    /// Reads the conditions, which stay on the field.
    pub(crate) fn read(attributes: &mut Vec<Attribute>, ours: &[&str], errors: &mut Errors) -> Cfg {
        let mut conditions = Vec::new();
        attributes.retain(|attribute| {
            let Meta::List(list) = &attribute.meta else {
                return true;
            };
            if list.path.is_ident("cfg") {
                conditions.push(list.tokens.clone());
            }
            let mut names = match list.path.is_ident("cfg_attr") {
                true => conditional(&list.tokens),
                false => Vec::new(),
            };
            names.retain(|name| name == "cfg" || ours.iter().any(|ours| name == ours));
            for name in &names {
                errors.on(
                    name,
                    format!("`{name}` can't depend on a condition: write the field once for each case, with a `#[cfg(..)]`"),
                );
            }
            names.is_empty()
        });
        Cfg(conditions)
    }
}

/// The names of the attributes that a `cfg_attr` adds: each first word after a comma.
fn conditional(tokens: &TokenStream) -> Vec<proc_macro2::Ident> {
    let parts = crate::args::split(tokens.clone()).into_iter().skip(1);
    let names = parts.filter_map(|part| {
        let is_name = |token: &TokenTree| matches!(token, TokenTree::Ident(_));
        match part.into_iter().take_while(is_path).filter(is_name).last() {
            Some(TokenTree::Ident(name)) => Some(name),
            _ => None,
        }
    });
    names.collect()
}

fn is_path(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    }
}

impl ToTokens for Cfg {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for condition in &self.0 {
            tokens.extend(quote!(#[cfg(#condition)]));
        }
    }
}

/// Whether all fields are there in any case, so that their positions are known here.
pub(crate) fn all_certain<'a>(mut fields: impl Iterator<Item = &'a Cfg>) -> bool {
    fields.all(|Cfg(conditions)| conditions.is_empty())
}

/// The position of each field among those that are there: a number, and after fields that may be
/// missing a sum.
pub(crate) fn positions<'a>(fields: impl Iterator<Item = &'a Cfg>) -> Vec<TokenStream> {
    let (mut always, mut sometimes) = (0_usize, Vec::new());
    let positions = fields.map(|Cfg(conditions)| {
        let position = match sometimes.as_slice() {
            [] => quote!(#always),
            counts => quote!(#always #(+ #counts)*),
        };
        match conditions.as_slice() {
            [] => always += 1,
            _ => sometimes.push(quote!(::core::cfg!(all(#(#conditions),*)) as usize)),
        }
        position
    });
    positions.collect()
}
