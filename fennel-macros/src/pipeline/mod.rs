//! `#[pipeline]`.

mod emit;
mod model;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::{Attribute, FnArg, Item, Pat, Signature, Token, Visibility};

use crate::errors::Errors;
use crate::expand::MISPLACED_PIPELINE;

/// The function as a `const fn` over flows, its descriptor and its checks. Whatever goes wrong, a
/// function of that name stays.
pub(crate) fn pipeline(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => function,
        Ok(other) => {
            let error = syn::Error::new(Span::call_site(), MISPLACED_PIPELINE);
            return unfinished(item, &error, &other);
        }
        // What rustc can't parse either, it reports itself.
        Err(error) => return unfinished(item, &error, item),
    };
    let mut errors = Errors::default();
    let model = model::Model::parse(args, &mut function, &mut errors);
    match (errors.finish(), model) {
        (Ok(()), Some(model)) => emit::emit(&model),
        (errors, _) => {
            let errors = errors.err();
            let head = Head {
                attributes: function.attrs,
                vis: function.vis,
                signature: function.sig,
                body: true,
            };
            let function = head.emit();
            quote!(#errors #function)
        }
    }
}

/// What is no finished function: if it begins as one, a function of that name, else `other`.
fn unfinished(item: &TokenStream, error: &syn::Error, other: &impl ToTokens) -> TokenStream {
    let Some(head) = Head::parse(item) else {
        let error = error.to_compile_error();
        return quote!(#error #other);
    };
    let error = if head.body {
        error.to_compile_error()
    } else {
        let name = &head.signature.ident;
        let message =
            format!("pipeline `{name}` has no body: write a chain of operators in braces");
        syn::Error::new(name.span(), message).to_compile_error()
    };
    let function = head.emit();
    quote!(#error #function)
}

/// A function without its body, which is no Rust before it is rewritten.
struct Head {
    attributes: Vec<Attribute>,
    vis: Visibility,
    signature: Signature,
    /// Whether there are braces behind it.
    body: bool,
}

impl Head {
    /// The beginning of a function, whatever stands in its braces.
    fn parse(item: &TokenStream) -> Option<Head> {
        let mut body = false;
        let braced = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        let head = item.clone().into_iter().take_while(|token| {
            body |= braced(token);
            !braced(token)
        });
        let head: TokenStream = head.collect();
        let parser = |input: syn::parse::ParseStream<'_>| {
            let (attributes, vis) = (Attribute::parse_outer(input)?, input.parse()?);
            let signature = input.parse()?;
            input.parse::<Option<Token![;]>>()?;
            Ok((attributes, vis, signature))
        };
        let (attributes, vis, signature) = parser.parse2(head).ok()?;
        Some(Head {
            attributes,
            vis,
            signature,
            body,
        })
    }

    /// The function, with nothing in it that raises errors of its own.
    fn emit(mut self) -> TokenStream {
        self.attributes
            .retain(|attribute| !crate::path::is(attribute, "meta"));
        let inputs = std::mem::take(&mut self.signature.inputs).into_iter();
        self.signature.inputs = inputs
            .filter_map(|input| match input {
                FnArg::Receiver(_) => None,
                FnArg::Typed(mut input) => {
                    if !matches!(*input.pat, Pat::Ident(_)) {
                        input.pat = Box::new(Pat::Wild(syn::PatWild {
                            attrs: Vec::new(),
                            underscore_token: Token![_](Span::call_site()),
                        }));
                    }
                    Some(FnArg::Typed(input))
                }
            })
            .collect();
        let Head {
            attributes,
            vis,
            signature,
            ..
        } = self;
        quote! {
            #(#attributes)*
            #[allow(dead_code, unused_variables)]
            #vis #signature {
                ::core::unreachable!()
            }
        }
    }
}
