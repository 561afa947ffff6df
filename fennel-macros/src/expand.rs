//! The way of every attribute: model, check, emit; or, after an error, the item as it was.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Field, Fields, Item, ItemStruct};

use crate::errors::Errors;
use crate::path;

/// Attributes that our macros read; the emitted item is without them.
const ITEM_ATTRIBUTES: [&str; 2] = ["meta", "source"];
const FIELD_ATTRIBUTES: [&str; 6] = ["field", "feature", "meta", "between", "one_of", "regex"];
/// The attributes that make a struct an entity.
const ENTITIES: [&str; 2] = ["dataset", "featureset"];

/// Runs `emit` on a struct. Whatever goes wrong, the struct stays, minus our attributes.
pub(crate) fn entity(
    name: &str,
    item: TokenStream,
    emit: impl FnOnce(&mut ItemStruct, &mut Errors) -> TokenStream,
) -> TokenStream {
    let mut errors = Errors::default();
    let mut item = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Struct(item)) => item,
        Ok(other) => {
            errors.on(first_token(&other), format!("`#[{name}]` goes on a struct"));
            let errors = errors.finish().err();
            return quote!(#errors #other);
        }
        // What rustc can't parse either, it reports itself.
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    if !item.generics.params.is_empty() {
        errors.on(
            &item.generics,
            format!("a {name} has no type parameters: its columns have one type each"),
        );
    }
    match &item.fields {
        Fields::Named(_) => {}
        _ => errors.on(
            &item.ident,
            format!(
                "a {name} has named fields: write `struct {} {{ .. }}`",
                item.ident
            ),
        ),
    }
    let emitted = emit(&mut item, &mut errors);
    strip(&mut item);
    match errors.finish() {
        Ok(()) => quote!(#[allow(dead_code)] #item #emitted),
        Err(errors) => quote!(#[allow(dead_code)] #item #errors),
    }
}

/// An attribute that belongs to `#[dataset]` or `#[featureset]`, met before it: puts the entity's
/// attribute first, with all the others in their order, so that it reads this one.
pub(crate) fn companion(name: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut parsed = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Struct(parsed)) => parsed,
        _ => return misplaced(name, &item),
    };
    let position = parsed
        .attrs
        .iter()
        .position(|attribute| ENTITIES.iter().any(|entity| path::is(attribute, entity)));
    let Some(position) = position else {
        strip(&mut parsed);
        return misplaced(name, &parsed.to_token_stream());
    };
    let entity: Attribute = parsed.attrs.remove(position);
    let name = quote::format_ident!("{name}");
    quote!(#entity #[#name(#args)] #parsed)
}

fn misplaced(name: &str, item: &TokenStream) -> TokenStream {
    let message = match name {
        "source" => "`#[source]` goes on a struct that is a `#[dataset]`".to_owned(),
        _ => format!("`#[{name}]` goes on a struct that is a `#[dataset]` or a `#[featureset]`"),
    };
    let error = syn::Error::new(proc_macro2::Span::call_site(), message).to_compile_error();
    quote!(#error #item)
}

/// Removes our attributes from an item and its fields.
fn strip(item: &mut ItemStruct) {
    item.attrs
        .retain(|attribute| !ITEM_ATTRIBUTES.iter().any(|name| path::is(attribute, name)));
    for field in &mut item.fields {
        strip_field(field);
    }
}

fn strip_field(field: &mut Field) {
    field.attrs.retain(|attribute| {
        !FIELD_ATTRIBUTES
            .iter()
            .any(|name| path::is(attribute, name))
    });
}

/// The first token, which an error about the whole item underlines.
fn first_token(item: &Item) -> TokenStream {
    item.to_token_stream().into_iter().take(1).collect()
}
