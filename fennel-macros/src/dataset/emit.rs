//! A dataset's descriptor, handles, row and checks.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::model::{Field, Model, option};
use crate::enforce::{self, At, enforce};
use crate::path::Door;
use crate::restriction::ColumnType;
use crate::{cfg, handle, order};

/// What the struct is for others and, where all is `well`, its entry in the registry and its checks.
pub(crate) fn emit(model: &Model, well: bool) -> TokenStream {
    let Model {
        door,
        private,
        ident,
        fields,
        ..
    } = model;
    let not_well = (!well).then(|| {
        quote!(
            const WELL: bool = false;
        )
    });
    let (import, name) = (door.import(), ident.unraw().to_string());
    let types: Vec<Option<ColumnType>> = fields
        .iter()
        .enumerate()
        .map(|(i, field)| field.column_type(private, i))
        .collect();
    let before = types.iter().flatten().map(|column| &column.before);
    let descriptor = descriptor(model, &types, well);
    let row = if well { row(model) } else { no_row(private) };
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
    let handles = fields.iter().map(|field| {
        handle::emit(
            door,
            ident,
            None,
            &field.vis,
            &field.ident,
            field.meant.as_ref().unwrap_or(&field.ty),
            &field.cfg,
        )
    });
    quote! {
        #[allow(non_upper_case_globals, unexpected_cfgs)]
        impl #ident {
            #(#handles)*
        }

        #[allow(long_running_const_eval, unexpected_cfgs)]
        const _: () = {
            #import

            #(#before)*

            #[automatically_derived]
            impl #private::Entity for #ident {
                const NAME: &'static str = #name;
                const KIND: #private::Kind = #private::Kind::Dataset;
                #not_well
                const DESCRIPTOR: #private::Descriptor<'static> =
                    #private::Descriptor::Dataset(<Self as #private::Row>::DATASET);
            }

            #[automatically_derived]
            impl #private::Row for #ident {
                const DATASET: &'static #private::Dataset<'static> = &#descriptor;

                #row
            }

            #checks
        };
    }
}

/// The dataset as a value, with the columns that have a type.
fn descriptor(model: &Model, types: &[Option<ColumnType>], well: bool) -> TokenStream {
    let Model {
        private,
        ident,
        options,
        meta,
        sources,
        expectations,
        sinks,
        fields,
        ..
    } = model;
    let name = ident.unraw().to_string();
    let columns = fields.iter().zip(types).filter_map(|(field, column)| {
        let column = column.as_ref()?;
        Some(describe(private, field, &column.ty))
    });
    let version = match &options.version {
        Some(version) => quote!(#version),
        None => quote!(1),
    };
    let history = match &options.history {
        Some(history) => quote!(#private::Duration::parse_or_zero(#history)),
        None => quote!(#private::Dataset::DEFAULT_HISTORY),
    };
    let (index, online, offline) = (
        options.index,
        option(options.online),
        option(options.offline),
    );
    let meta = meta.emit_entity(private);
    let sources = sources.iter().map(|source| source.emit(private));
    let expectations = match expectations {
        Some(expectations) => {
            let expectations = expectations.emit(private);
            quote!(::core::option::Option::Some(#expectations))
        }
        None => quote!(::core::option::Option::None),
    };
    let sinks = sinks.iter().map(|sink| sink.emit(private));
    let known = well && cfg::all_certain(fields.iter().map(|field| &field.cfg));
    let names = fields.iter().map(Field::name).enumerate();
    let order = order::emit(private, names.filter(|_| known));
    quote! {
        #private::Dataset {
            name: #name,
            version: #version,
            history: #history,
            index: #private::Index::of(#index, #online, #offline),
            fields: &[#(#columns),*],
            order: #order,
            sources: &[#(#sources),*],
            expectations: #expectations,
            sinks: &[#(#sinks),*],
            meta: #meta,
            location: #private::Location {
                file: ::core::file!(),
                line: ::core::line!(),
                module: ::core::module_path!(),
            },
        }
    }
}

fn describe(private: &Door, field: &Field, ty: &TokenStream) -> TokenStream {
    let name = field.name();
    let Field {
        key,
        erase_key,
        timestamp,
        cfg,
        ..
    } = field;
    let meta = field.meta.emit(private);
    quote! {
        #cfg
        #private::Field {
            name: #name,
            ty: #ty,
            key: #key,
            erase_key: #erase_key,
            timestamp: #timestamp,
            meta: #meta,
        }
    }
}

/// The struct as a row, and back.
fn row(model: &Model) -> TokenStream {
    let private = &model.private;
    let values = model.fields.iter().map(|field| {
        let Field { ident, ty, cfg, .. } = field;
        quote!(#cfg <#ty as #private::DataType>::into_value(self.#ident))
    });
    let fields = model.fields.iter().map(|field| {
        let Field { ident, ty, cfg, .. } = field;
        quote!(#cfg #ident: <#ty as #private::DataType>::read(&mut fields))
    });
    quote! {
        fn into_values(self) -> #private::Vec<#private::Value> {
            #private::Vec::from([#(#values),*])
        }

        fn from_values(
            values: #private::Vec<#private::Value>,
        ) -> ::core::result::Result<Self, #private::Mismatch> {
            let mut fields = #private::Fields::new(values);
            let row = Self { #(#fields),* };
            fields.finish(row)
        }
    }
}

/// The row of a struct that doesn't compile.
fn no_row(private: &Door) -> TokenStream {
    quote! {
        fn into_values(self) -> #private::Vec<#private::Value> {
            ::core::unreachable!("the dataset doesn't compile")
        }

        fn from_values(
            _: #private::Vec<#private::Value>,
        ) -> ::core::result::Result<Self, #private::Mismatch> {
            ::core::unreachable!("the dataset doesn't compile")
        }
    }
}

/// One const item for each thing that can be wrong by itself, at the tokens that it is about.
fn checks(model: &Model) -> TokenStream {
    let Model {
        private,
        ident,
        options,
        meta,
        sources,
        expectations,
        sinks,
        fields,
        ..
    } = model;
    let dataset = quote!(<#ident as #private::Row>::DATASET);
    let mut checks = TokenStream::new();
    let mut check = |at: At, check: TokenStream| checks.extend(enforce::item(private, at, &check));
    let owner = meta.owner_span().unwrap_or_else(|| ident.span());
    check(At::span(owner), quote!(#dataset.check_owner()));
    check(At::tokens(ident), quote!(#dataset.check_timestamp()));
    if let Some(version) = &options.version {
        check(At::tokens(version), quote!(#dataset.check_version()));
    }
    if let Some(history) = &options.history {
        check(
            At::tokens(history),
            quote!(#private::check_history(#history)),
        );
    }
    if let Some(span) = options.index_span {
        let (index, online, offline) = (
            options.index,
            option(options.online),
            option(options.offline),
        );
        let at = At::span(span);
        let said = quote!(#private::Index::check(#index, #online, #offline));
        let said = enforce(private, at, &said);
        let keyed = enforce(private, at, &quote!(#dataset.check_index()));
        checks.extend(quote!(const _: () = { #said; #keyed };));
    }
    checks.extend(quote! {
        const JUDGED: #private::JudgedDataset = #private::JudgedDataset::of(#dataset);
    });
    let positions = cfg::positions(fields.iter().map(|field| &field.cfg));
    for (field, i) in fields.iter().zip(positions) {
        let judge = |check, at| enforce::judge(private, check, at, &i);
        let name = At::tokens(&field.ident);
        // Each call costs rustc as much as it takes to type one, so what is rarely wrong shares one.
        let (name, ty) = match field.type_may_be_wrong() {
            true => (
                judge("column_name", name),
                Some(judge("column_type", At::tokens(&field.ty))),
            ),
            false => (judge("column", name), None),
        };
        let owner = field.meta.owner_span().map(|span| {
            enforce(
                private,
                At::span(span),
                &quote!(#dataset.fields[#i].meta.check_owner()),
            )
        });
        let cfg = &field.cfg;
        let checks_it = match (&ty, &owner) {
            (None, None) => quote!(#name),
            _ => quote!({ #name; #ty; #owner }),
        };
        checks.extend(quote!(#cfg const _: () = #checks_it;));
    }
    for (i, source) in sources.iter().enumerate() {
        checks.extend(source.checks(private, &dataset, i));
    }
    if let Some(expectations) = expectations {
        checks.extend(expectations.checks(private, &dataset));
    }
    for (i, sink) in sinks.iter().enumerate() {
        checks.extend(sink.checks(private, &dataset, i));
    }
    checks
}
