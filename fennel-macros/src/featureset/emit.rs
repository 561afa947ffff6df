//! A featureset's descriptor, handles and checks.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::{Default, Extraction, Feature, Model, Origin, Reference};
use crate::enforce::{self, At, enforce};
use crate::path::Door;
use crate::restriction::ColumnType;
use crate::rowexpr::expr_check;
use crate::{cfg, handle, order};

/// What the struct is for others and, where all is `well`, its entry in the registry and its checks.
pub(crate) fn emit(model: &Model, well: bool) -> TokenStream {
    let Model {
        door,
        private,
        ident,
        features,
        ..
    } = model;
    let not_well = (!well).then(|| {
        quote!(
            const WELL: bool = false;
        )
    });
    let (import, name) = (door.import(), ident.unraw().to_string());
    let types: Vec<Option<ColumnType>> = features
        .iter()
        .enumerate()
        .map(|(i, feature)| feature.column_type(private, i))
        .collect();
    let before = types.iter().flatten().map(|column| &column.before);
    let descriptor = descriptor(model, &types, well);
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
            door,
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
            #import

            #(#before)*

            #[automatically_derived]
            impl #private::Entity for #ident {
                const NAME: &'static str = #name;
                const KIND: #private::Kind = #private::Kind::Featureset;
                #not_well
                const DESCRIPTOR: #private::Descriptor<'static> =
                    #private::Descriptor::Featureset(<Self as #private::Features>::FEATURESET);
            }

            #[automatically_derived]
            impl #private::Features for #ident {
                const FEATURESET: &'static #private::Featureset<'static> = &#descriptor;
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

/// The featureset as a value, with the features that have a type.
fn descriptor(model: &Model, types: &[Option<ColumnType>], well: bool) -> TokenStream {
    let Model {
        private,
        ident,
        meta,
        features,
        ..
    } = model;
    let name = ident.unraw().to_string();
    let descriptors = features.iter().zip(types).filter_map(|(feature, column)| {
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
    quote! {
        #private::Featureset {
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
        }
    }
}

fn describe(private: &Door, feature: &Feature, ty: &TokenStream) -> TokenStream {
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

fn extraction_of(private: &Door, extraction: &Extraction) -> TokenStream {
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

fn reference_of(private: &Door, Reference { path, entity, name }: &Reference) -> TokenStream {
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
        ..
    } = model;
    let featureset = quote!(<#ident as #private::Features>::FEATURESET);
    let mut checks = TokenStream::new();
    let owner = meta.owner_span().unwrap_or_else(|| ident.span());
    checks.extend(enforce::item(
        private,
        At::span(owner),
        &quote!(#featureset.check_owner()),
    ));
    let reads = reads(private, features);
    checks.extend(quote! {
        const JUDGED: #private::JudgedFeatureset =
            #private::JudgedFeatureset::of(#featureset, &[#(#reads),*]);
    });
    let positions = cfg::positions(features.iter().map(|feature| &feature.cfg));
    for (feature, i) in features.iter().zip(positions) {
        let cfg = &feature.cfg;
        let judge = |check, at| enforce::judge(private, check, at, &i);
        let name = judge("feature", At::tokens(&feature.ident));
        let ty = judge("feature_type", At::tokens(&feature.ty));
        let owner = feature.meta.owner_span().map(|span| {
            let check = quote!(#featureset.features[#i].meta.check_owner());
            enforce(private, At::span(span), &check)
        });
        let Some(extraction) = &feature.extraction else {
            checks.extend(quote!(#cfg const _: () = { #name; #ty; #owner };));
            continue;
        };
        let env = extraction
            .env
            .span()
            .map(|span| enforce(private, At::span(span), &quote!(#featureset.check_env(#i))));
        match &extraction.origin {
            Origin::Reference(Reference { path, .. }) => {
                let reference = judge("reference", At::tokens(path));
                let default = extraction.default.as_ref();
                let default = default.map(|default| judge("default", default.at));
                checks.extend(quote! {
                    #cfg
                    const _: () = { #reference; #ty; #default; #name; #env; #owner };
                });
            }
            Origin::Expr(expr) => {
                checks.extend(quote!(const _: () = { #name; #ty; #env; #owner };));
                let check = quote!(#featureset.check_expr(#i));
                checks.extend(expr_check(private, &check, expr));
            }
        }
    }
    checks
}

/// What each feature reads. An entity that several in a row read is named once, where it is certain that
/// the first of them is there.
fn reads(private: &Door, features: &[Feature]) -> Vec<TokenStream> {
    let certain = cfg::all_certain(features.iter().map(|feature| &feature.cfg));
    let mut last: Option<&syn::Path> = None;
    let reads = features.iter().map(|feature| {
        let cfg = &feature.cfg;
        let reference = feature.extraction.as_ref().and_then(Extraction::reference);
        let Some(Reference { entity, .. }) = reference else {
            return quote!(#cfg #private::Reads::Nothing);
        };
        if certain && last.replace(entity) == Some(entity) {
            return quote!(#private::Reads::Same);
        }
        quote_spanned! {entity.span()=>
            #cfg
            #private::Reads::Entity(
                <#entity as #private::Entity>::WELL,
                <#entity as #private::Entity>::DESCRIPTOR,
            )
        }
    });
    reads.collect()
}
