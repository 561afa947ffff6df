//! `#[pipeline]`.

mod emit;
mod model;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Item, ItemFn};

use crate::errors::Errors;
use crate::expand::MISPLACED_PIPELINE;

/// The function as a `const fn` over flows, its descriptor and its checks. Whatever goes wrong, a
/// function of that name stays.
pub(crate) fn pipeline(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => function,
        Ok(other) => {
            let error = syn::Error::new(proc_macro2::Span::call_site(), MISPLACED_PIPELINE);
            let error = error.to_compile_error();
            return quote!(#error #other);
        }
        // What rustc can't parse either, it reports itself.
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    let model = model::Model::parse(args, &mut function, &mut errors);
    match (errors.finish(), model) {
        (Ok(()), Some(model)) => emit::emit(&model),
        (errors, _) => {
            let errors = errors.err();
            let function = kept(&function);
            quote!(#errors #function)
        }
    }
}

/// The function without its body, which is no Rust before it is rewritten.
fn kept(function: &ItemFn) -> TokenStream {
    let ItemFn {
        attrs, vis, sig, ..
    } = function;
    quote! {
        #(#attrs)*
        #[allow(dead_code, unused_variables)]
        #vis #sig {
            ::core::unreachable!()
        }
    }
}
