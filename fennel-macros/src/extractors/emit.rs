//! Extractors' descriptors, checks and callers.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::{Extractor, Kind, Lookup, Model, Name, Parameter};
use crate::enforce::{self, At};
use crate::path::Door;

pub(crate) fn emit(model: &Model) -> TokenStream {
    let extractors = model.extractors.iter();
    extractors
        .map(|extractor| emit_one(model, extractor))
        .collect()
}

fn emit_one(model: &Model, extractor: &Extractor) -> TokenStream {
    let Model {
        private,
        featureset,
        ..
    } = model;
    let name = extractor.name();
    let inputs = extractor.inputs.iter().map(|input| {
        let (descriptor, name) = (descriptor(private, input), text(input));
        quote! {
            #private::Reference {
                kind: #descriptor.kind(),
                entity: #descriptor.name(),
                name: #name,
            }
        }
    });
    let outputs = extractor.outputs.iter().map(text);
    let lookups: Vec<(TokenStream, &Type)> = extractor
        .parameters
        .iter()
        .enumerate()
        .filter(|(_, parameter)| matches!(parameter.kind, Kind::Lookup(_)))
        .map(|(i, parameter)| (dataset(i), &parameter.ty))
        .collect();
    let datasets = lookups.iter().map(|(dataset, _)| dataset);
    let lookups = lookups.iter().map(|(dataset, ty)| {
        let row = quote_spanned!(ty.span()=> <#ty as #private::FoundRow>::DATASET);
        quote!(const #dataset: &#private::Dataset<'static> = #row;)
    });
    let version = match &extractor.version {
        Some(version) => quote!(#version),
        None => quote!(0),
    };
    let env = extractor.env.emit(private);
    let meta = extractor.meta.emit(private);
    let path = format!("::{}::{name}", featureset.to_token_stream()).replace(' ', "");
    let (signature, hash) = (&extractor.signature, extractor.hash);
    let call = caller(model, extractor);
    let parameters = extractor
        .parameters
        .iter()
        .enumerate()
        .map(|(i, parameter)| describe(private, i, parameter));
    let checks = checks(model, extractor);
    let handle = handle(model, extractor);
    quote! {
        #[allow(long_running_const_eval)]
        const _: () = {
            const FEATURESET: &#private::Featureset<'static> =
                <#featureset as #private::Features>::FEATURESET;
            #(#lookups)*
            const EXTRACTOR: #private::Extractor<'static> = #private::Extractor {
                name: #name,
                featureset: FEATURESET.name,
                inputs: &[#(#inputs),*],
                outputs: &[#(#outputs),*],
                datasets: &[#(#datasets.name),*],
                version: #version,
                env: #env,
                meta: #meta,
                code: #private::Code::Rust(#private::Native {
                    symbol: ::core::concat!(::core::module_path!(), #path),
                    signature: #signature,
                    hash: #hash,
                }),
                location: #private::Location {
                    file: ::core::file!(),
                    line: ::core::line!(),
                    module: ::core::module_path!(),
                },
            };

            #call

            #private::inventory::submit! {
                #private::RegisteredExtractor {
                    extractor: EXTRACTOR,
                    featureset: FEATURESET,
                    parameters: &[#(#parameters),*],
                    call,
                }
            }

            #handle
            #checks
        };
    }
}

/// The entity that a name is of.
fn descriptor(private: &Door, name: &Name) -> TokenStream {
    match &name.entity {
        Some(entity) => quote!(<#entity as #private::Entity>::DESCRIPTOR),
        None => quote!(#private::Descriptor::Featureset(FEATURESET)),
    }
}

fn text(name: &Name) -> String {
    name.name.unraw().to_string()
}

/// The const that holds the dataset which the `i`th parameter is a row of.
fn dataset(i: usize) -> TokenStream {
    format_ident!("DATASET{i}").to_token_stream()
}

/// The type of a parameter or a result as a column's.
fn column(private: &Door, ty: &Type) -> TokenStream {
    let owned = owned(private, ty);
    quote_spanned!(ty.span()=> <#owned as #private::DataType>::TYPE)
}

/// What a parameter is, or is borrowed from.
fn owned(private: &Door, ty: &Type) -> TokenStream {
    match ty {
        Type::Reference(reference) => {
            let lent = &reference.elem;
            quote_spanned!(lent.span()=> <#lent as #private::Lend>::Owned)
        }
        ty => ty.to_token_stream(),
    }
}

fn describe(private: &Door, i: usize, parameter: &Parameter) -> TokenStream {
    match &parameter.kind {
        Kind::Instant => quote!(#private::Parameter::Instant),
        Kind::Input(position) => quote!(#private::Parameter::Input(#position)),
        Kind::Lookup(Lookup { keys, .. }) => {
            let dataset = dataset(i);
            quote! {
                #private::Parameter::Lookup {
                    dataset: #dataset,
                    keys: &[#(#keys),*],
                }
            }
        }
    }
}

/// The function over values that calls the extractor.
fn caller(model: &Model, extractor: &Extractor) -> TokenStream {
    let Model {
        private,
        featureset,
        ..
    } = model;
    let function = extractor.hidden.as_ref().unwrap_or(&extractor.ident);
    let (mut taken, mut given) = (TokenStream::new(), Vec::new());
    for (i, parameter) in extractor.parameters.iter().enumerate() {
        let variable = format_ident!("argument{i}");
        let (ty, name) = (&parameter.ty, format!("parameter `{}`", parameter.name));
        let value = match parameter.kind {
            Kind::Lookup(_) => {
                quote_spanned!(ty.span()=> <#ty as #private::FoundRow>::found(values.take()))
            }
            _ => {
                let owned = owned(private, ty);
                quote_spanned!(ty.span()=> <#owned as #private::DataType>::from_value(values.take()))
            }
        };
        taken.extend(quote! {
            let #variable = match #value {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(mismatch) => {
                    return ::core::result::Result::Err(mismatch.within(#name));
                }
            };
        });
        given.push(match ty {
            Type::Reference(reference) => {
                let lent = &reference.elem;
                quote_spanned!(lent.span()=> <#lent as #private::Lend>::lend(&#variable))
            }
            _ => quote!(#variable),
        });
    }
    let results: Vec<_> = (0..extractor.results.len())
        .map(|i| format_ident!("result{i}"))
        .collect();
    let pattern = match results.as_slice() {
        [one] => quote!(#one),
        many => quote!((#(#many),*)),
    };
    quote! {
        fn call(
            values: #private::Vec<#private::Value>,
        ) -> ::core::result::Result<#private::Vec<#private::Value>, #private::Mismatch> {
            let mut values = #private::Fields::new(values);
            #taken
            let #pattern = <#featureset>::#function(#(#given),*);
            ::core::result::Result::Ok(#private::Vec::from([
                #(#private::DataType::into_value(#results)),*
            ]))
        }
    }
}

/// Lets the handle of the feature be called like the function that makes it.
fn handle(model: &Model, extractor: &Extractor) -> Option<TokenStream> {
    let Model {
        private,
        featureset,
        ..
    } = model;
    let hidden = extractor.hidden.as_ref()?;
    let name = extractor.name();
    let types = extractor.parameters.iter().map(|parameter| &parameter.ty);
    let result = &extractor.result;
    Some(quote! {
        #[automatically_derived]
        impl #private::Extracts<{ FEATURESET.position_or_end(#name) }> for #featureset {
            type Function = fn(#(#types),*) #result;
            const FUNCTION: &'static Self::Function = &(<#featureset>::#hidden as Self::Function);
        }
    })
}

/// One const item for each name, parameter and result, at its tokens.
fn checks(model: &Model, extractor: &Extractor) -> TokenStream {
    let private = &model.private;
    let mut checks = TokenStream::new();
    let mut check = |at: At, check: TokenStream| {
        checks.extend(enforce::item(private, at, &check));
    };
    if let Some(span) = extractor.env.span() {
        check(At::span(span), quote!(EXTRACTOR.env.check()));
    }
    if let Some(span) = extractor.meta.owner_span() {
        check(At::span(span), quote!(EXTRACTOR.meta.check_owner()));
    }
    if let Some(version) = &extractor.version {
        check(At::tokens(version), quote!(EXTRACTOR.check_version()));
    }
    let descriptor = |name: &Name| descriptor(private, name);
    for (i, input) in extractor.inputs.iter().enumerate() {
        let target = descriptor(input);
        check(input.at, quote!(EXTRACTOR.check_input(#i, #target)));
    }
    for (i, output) in extractor.outputs.iter().enumerate() {
        let target = descriptor(output);
        check(
            output.at,
            quote!(EXTRACTOR.check_output_of(#i, #target, FEATURESET)),
        );
        check(output.at, quote!(EXTRACTOR.check_made_once(#i, FEATURESET)));
    }
    let types = extractor.parameters.iter();
    let types = types.filter(|parameter| matches!(parameter.kind, Kind::Input(_)));
    let types: Vec<_> = types
        .map(|parameter| column(private, &parameter.ty))
        .collect();
    for (i, parameter) in extractor.parameters.iter().enumerate() {
        let (at, ty) = (At::tokens(&parameter.ty), &parameter.ty);
        match &parameter.kind {
            Kind::Instant => {
                let ty = column(private, ty);
                check(at, quote!(#private::check_instant(&#ty)));
            }
            Kind::Input(position) => {
                let Some(input) = extractor.inputs.get(*position) else {
                    continue;
                };
                let (target, name, ty) = (descriptor(input), text(input), column(private, ty));
                let what = format!("parameter `{}`", parameter.name);
                check(
                    at,
                    quote!(#private::check_feature_type(#what, &#ty, #target, #name)),
                );
            }
            Kind::Lookup(Lookup { keys, at: at_keys }) => {
                let dataset = dataset(i);
                check(at, quote!(EXTRACTOR.check_dataset(#dataset)));
                check(
                    *at_keys,
                    quote!(EXTRACTOR.check_keys(#dataset, &[#(#keys),*], &[#(#types),*])),
                );
            }
        }
    }
    for (output, ty) in extractor.outputs.iter().zip(&extractor.results) {
        let (name, column) = (text(output), column(private, ty));
        let target = descriptor(output);
        check(
            At::tokens(ty),
            quote!(#private::check_feature_type("this result", &#column, #target, #name)),
        );
    }
    checks
}
