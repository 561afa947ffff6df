//! `#[extractors]`.

mod emit;
mod model;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Item;

use crate::errors::Errors;

/// The functions, each with its descriptor, its checks and what calls it. Whatever goes wrong, the
/// functions stay.
pub(crate) fn extractors(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut block = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Impl(block)) => block,
        Ok(other) => {
            let first: TokenStream = other.to_token_stream().into_iter().take(1).collect();
            errors.on(
                first,
                "`#[extractors]` goes on the functions of a featureset, as in `impl UserFeatures { .. }`",
            );
            let errors = errors.finish().err();
            return quote!(#errors #other);
        }
        // What rustc can't parse either, it reports itself.
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    let model = model::Model::parse(args, &mut block, &mut errors);
    match (errors.finish(), model) {
        (Ok(()), Some(model)) => {
            let emitted = emit::emit(&model);
            quote!(#block #emitted)
        }
        (errors, _) => {
            let errors = errors.err();
            quote!(#[allow(dead_code, unused_variables)] #block #errors)
        }
    }
}
