//! `#[transform]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{FnArg, Item, ItemFn, ReturnType, Type};

use crate::args::{self, keyed, split};
use crate::errors::Errors;
use crate::native;
use crate::path::Door;

/// The function as it is, and its descriptor under its own name among the types.
pub(crate) fn transform(args: TokenStream, item: &TokenStream) -> TokenStream {
    let function = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => function,
        Ok(other) => {
            let message =
                "`#[transform]` goes on a function, such as `fn with_fee(row: Payment) -> Charge`";
            let error = syn::Error::new(proc_macro2::Span::call_site(), message).to_compile_error();
            return quote!(#error #other);
        }
        // What rustc can't parse either, it reports itself.
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    let mut facade = None;
    for arg in keyed(split(args), &mut errors) {
        match arg.key.to_string().as_str() {
            "crate" => facade = arg.parse("the path of the fennel crate", &mut errors),
            _ => args::unknown(&arg, &["crate"], &mut errors),
        }
    }
    let private = Door::of(facade.as_ref());
    let types = types(&function, &mut errors);
    let emitted = types.map(|(takes, makes)| emit(&private, &function, takes, makes));
    let errors = errors.finish().err();
    quote!(#errors #function #emitted)
}

/// What the function takes and makes.
fn types<'f>(function: &'f ItemFn, errors: &mut Errors) -> Option<(&'f Type, &'f Type)> {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() || signature.asyncness.is_some() {
        errors.on(
            signature,
            "a function from rows to rows is a plain `fn`: it is called for each row",
        );
        return None;
    }
    match (signature.inputs.first(), &signature.output) {
        (Some(FnArg::Typed(row)), ReturnType::Type(_, makes)) if signature.inputs.len() == 1 => {
            Some((&row.ty, makes))
        }
        _ => {
            errors.on(
                signature,
                "a function from rows to rows takes one row and makes one, as in `fn with_fee(row: Payment) -> Charge`",
            );
            None
        }
    }
}

fn emit(private: &Door, function: &ItemFn, takes: &Type, makes: &Type) -> TokenStream {
    let ItemFn {
        vis, sig, block, ..
    } = function;
    let ident = &sig.ident;
    let path = format!("::{}", ident.unraw());
    let signature = format!(
        "fn {}({}) -> {}",
        ident.unraw(),
        native::compact(takes),
        native::compact(makes)
    );
    let hash = native::hash(sig, block);
    let column = |ty: &Type| quote_spanned!(ty.span()=> <#ty as #private::DataType>::TYPE);
    let (takes_type, makes_type) = (column(takes), column(makes));
    let doc = format!("[`{ident}`]'s description, which `transform` names.");
    let (row, made) = (format_ident!("row"), format_ident!("made"));
    let (takes, makes) = (takes.to_token_stream(), makes.to_token_stream());
    quote! {
        #[doc = #doc]
        #[allow(non_camel_case_types, dead_code)]
        #vis enum #ident {}

        const _: () = {
            const FUNCTION: #private::RowFunction<'static> = #private::RowFunction {
                native: #private::Native {
                    symbol: ::core::concat!(::core::module_path!(), #path),
                    signature: #signature,
                    hash: #hash,
                },
                takes: ::core::option::Option::Some(#takes_type),
                makes: #makes_type,
            };

            #[automatically_derived]
            impl #private::Transforms for #ident {
                const FUNCTION: #private::RowFunction<'static> = FUNCTION;
            }

            fn call(
                mut arguments: #private::Vec<#private::Value>,
            ) -> ::core::result::Result<#private::Vec<#private::Value>, #private::Mismatch> {
                let #row = arguments.pop().unwrap_or(#private::Value::Null);
                let #made: #makes = #ident(<#takes as #private::DataType>::from_value(#row)?);
                ::core::result::Result::Ok(#private::Vec::from([
                    <#makes as #private::DataType>::into_value(#made),
                ]))
            }

            #private::inventory::submit! {
                #private::RegisteredTransform { function: FUNCTION, call }
            }
        };
    }
}
