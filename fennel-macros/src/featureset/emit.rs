//! A featureset's descriptor, handles and checks.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::{Default, Extraction, Feature, Model, Origin, Reference};
use crate::enforce::{self, At, enforce};
use crate::restriction::ColumnType;
use crate::rowexpr::expr_check;
use crate::{cfg, handle, order};

/// What the struct is for others and, where all is `well`, its entry in the registry and its checks.
pub(crate) fn emit(model: &Model, well: bool) -> TokenStream {
    let Model {
        private,
        ident,
        meta,
        features,
    } = model;
    let name = ident.unraw().to_string();
    let types: Vec<Option<ColumnType>> = features
        .iter()
        .enumerate()
        .map(|(i, feature)| feature.column_type(private, i))
        .collect();
    let before = types.iter().flatten().map(|column| &column.before);
    let descriptors = features.iter().zip(&types).filter_map(|(feature, column)| {
        let column = column.as_ref()?;
        Some(describe(private, feature, &column.ty))
    });
    let meta = meta.emit_entity(private);
    let known = well && cfg::all_certain(features.iter().map(|feature| &feature.cfg));
    let members = || features.iter().enumerate().filter(|_| known);
    let order = order::emit(private, members().map(|(i, feature)| (i, feature.name())));
    let reads = members().filter_map(|(i, feature)| {
        let extraction = feature.extraction.as_ref()?;
        Some((i, extraction.reference()?.name.unraw().to_string()))
    });
    let reads = order::emit(private, reads);
    let checks = well.then(|| {
        let restrictions = types.iter().flatten().map(|column| &column.check);
        let checks = checks(model);
        quote! {
            #private::inventory::submit! {
                #private::Registered(<#ident as #private::Entity>::DESCRIPTOR)
            }

            #(#restrictions)*
            #checks
        }
    });
    let handles = features.iter().enumerate().map(|(i, feature)| {
        handle::emit(
            private,
            ident,
            Some(i),
            &feature.vis,
            &feature.ident,
            feature.meant.as_ref().unwrap_or(&feature.ty),
            &feature.cfg,
        )
    });
    let paths = features.iter().filter_map(|feature| {
        let (cfg, reference) = (&feature.cfg, feature.extraction.as_ref()?.reference()?);
        let path = &reference.path;
        Some(quote!(#cfg let _ = #path;))
    });
    quote! {
        #[allow(non_upper_case_globals, unexpected_cfgs)]
        impl #ident {
            #(#handles)*
        }

        #[allow(unexpected_cfgs, long_running_const_eval)]
        const _: () = {
            #(#before)*

            #[automatically_derived]
            impl #private::Entity for #ident {
                const NAME: &'static str = #name;
                const KIND: #private::Kind = #private::Kind::Featureset;
                const WELL: bool = #well;
                const DESCRIPTOR: #private::Descriptor<'static> =
                    #private::Descriptor::Featureset(<Self as #private::Features>::FEATURESET);
            }

            #[automatically_derived]
            impl #private::Features for #ident {
                const FEATURESET: &'static #private::Featureset<'static> = &#private::Featureset {
                    name: #name,
                    features: &[#(#descriptors),*],
                    order: #order,
                    reads: #reads,
                    meta: #meta,
                    location: #private::Location {
                        file: ::core::file!(),
                        line: ::core::line!(),
                        module: ::core::module_path!(),
                    },
                };
            }

            #checks

            // Editors resolve these; rustc reads the names below and says more when one is wrong.
            #[cfg(rust_analyzer)]
            fn paths() {
                #(#paths)*
            }
        };
    }
}

fn describe(private: &TokenStream, feature: &Feature, ty: &TokenStream) -> TokenStream {
    let name = feature.name();
    let cfg = &feature.cfg;
    let meta = feature.meta.emit(private);
    let extraction = match &feature.extraction {
        Some(extraction) => {
            let extraction = extraction_of(private, extraction);
            quote!(::core::option::Option::Some(#extraction))
        }
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #cfg
        #private::Feature {
            name: #name,
            ty: #ty,
            extraction: #extraction,
            meta: #meta,
        }
    }
}

fn extraction_of(private: &TokenStream, extraction: &Extraction) -> TokenStream {
    let Extraction {
        origin,
        default,
        version,
        env,
    } = extraction;
    let default = match default {
        Some(Default { literal, .. }) => quote!(::core::option::Option::Some(#literal)),
        None => quote!(::core::option::Option::None),
    };
    let version = match version {
        Some(version) => quote!(#version),
        None => quote!(0),
    };
    let env = env.emit(private);
    let origin = match origin {
        Origin::Reference(reference) => {
            let reference = reference_of(private, reference);
            quote!(#private::Origin::Reference(#reference))
        }
        Origin::Expr(expr) => {
            let expr = &expr.tokens;
            quote!(#private::Origin::Expr(#expr))
        }
    };
    quote! {
        #private::Extraction {
            origin: #origin,
            default: #default,
            version: #version,
            env: #env,
        }
    }
}

fn reference_of(
    private: &TokenStream,
    Reference { path, entity, name }: &Reference,
) -> TokenStream {
    let name = name.unraw().to_string();
    quote_spanned! {path.span()=>
        #private::Reference {
            kind: <#entity as #private::Entity>::KIND,
            entity: <#entity as #private::Entity>::NAME,
            name: #name,
        }
    }
}

/// One const item for each feature and each kind of mistake, at the tokens that it is about.
fn checks(model: &Model) -> TokenStream {
    let Model {
        private,
        ident,
        meta,
        features,
    } = model;
    let featureset = quote!(<#ident as #private::Features>::FEATURESET);
    let mut checks = TokenStream::new();
    let owner = meta.owner_span().unwrap_or_else(|| ident.span());
    checks.extend(enforce::item(
        private,
        At::span(owner),
        &quote!(#featureset.check_owner()),
    ));
    let positions = cfg::positions(features.iter().map(|feature| &feature.cfg));
    for (feature, i) in features.iter().zip(positions) {
        let cfg = &feature.cfg;
        let check = |at: At, check: TokenStream| enforce(private, at, &check);
        let name = check(
            At::tokens(&feature.ident),
            quote!(#featureset.check_feature(#i)),
        );
        let owner = feature.meta.owner_span().map(|span| {
            check(
                At::span(span),
                quote!(#featureset.features[#i].meta.check_owner()),
            )
        });
        let at_type = At::tokens(&feature.ty);
        let Some(extraction) = &feature.extraction else {
            let none = quote!(::core::option::Option::None);
            let ty = check(at_type, quote!(#featureset.check_type(#i, #none)));
            checks.extend(quote!(#cfg const _: () = { #name; #ty; #owner };));
            continue;
        };
        let env = extraction
            .env
            .span()
            .map(|span| check(At::span(span), quote!(#featureset.check_env(#i))));
        let Reference { entity, path, .. } = match &extraction.origin {
            Origin::Reference(reference) => reference,
            Origin::Expr(expr) => {
                let none = quote!(::core::option::Option::None);
                let ty = check(at_type, quote!(#featureset.check_type(#i, #none)));
                checks.extend(quote!(const _: () = { #name; #ty; #env; #owner };));
                checks.extend(expr_check(
                    private,
                    &quote!(#featureset.check_expr(#i)),
                    expr,
                ));
                continue;
            }
        };
        let target = quote!(TARGET);
        let some = quote!(::core::option::Option::Some(TARGET));
        let reference = check(
            At::tokens(path),
            quote!(#featureset.check_reference(#i, #target)),
        );
        let ty = check(at_type, quote!(#featureset.check_type(#i, #some)));
        let default = extraction
            .default
            .as_ref()
            .map(|default| check(default.at, quote!(#featureset.check_default(#i, #target))));
        checks.extend(quote! {
            #cfg
            const _: () = {
                const TARGET: #private::Descriptor<'static> = <#entity as #private::Entity>::DESCRIPTOR;
                if <#entity as #private::Entity>::WELL {
                    #reference; #ty; #default
                }
                #name; #env; #owner
            };
        });
    }
    checks
}
