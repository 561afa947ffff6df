//! `#[derive(Record)]`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields};

use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::path;
use crate::restriction::{self, column_type};

/// Makes a struct a column type.
pub(crate) fn record(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let private = path::private(None);
    let mut errors = Errors::default();
    let emitted = emit(&private, &input, &mut errors);
    match errors.finish() {
        Ok(()) => emitted,
        Err(errors) => errors,
    }
}

fn emit(private: &TokenStream, input: &DeriveInput, errors: &mut Errors) -> TokenStream {
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        errors.on(
            &input.generics,
            "a record has no type parameters: its fields have one type each",
        );
    }
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            _ => {
                errors.on(
                    ident,
                    format!("a record has named fields: write `struct {ident} {{ .. }}`"),
                );
                return TokenStream::new();
            }
        },
        _ => {
            errors.on(ident, "a record is a struct; for a closed set of texts restrict a `String` with `#[one_of(..)]`");
            return TokenStream::new();
        }
    };
    let (mut before, mut described, mut values, mut taken) = (vec![], vec![], vec![], vec![]);
    let mut checks = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let (Some(name), ty) = (&field.ident, &field.ty) else {
            continue;
        };
        path::check_type(ty, errors);
        if mentions(&quote!(#ty), ident) {
            errors.on(
                ty,
                format!("record `{ident}` can't hold itself: its values would have no end"),
            );
        }
        let mut attributes = field.attrs.clone();
        let restriction = restriction::take(private, &mut attributes, errors);
        let column = column_type(private, i, ty, restriction.as_ref());
        let (column, text) = (
            {
                before.push(column.before);
                column.ty
            },
            name.unraw().to_string(),
        );
        described.push(quote!(#private::RecordField { name: #text, ty: #column }));
        values.push(quote!(<#ty as #private::DataType>::into_value(self.#name)));
        taken.push(quote!(#name: <#ty as #private::DataType>::from_value(fields.take())?));
        checks.push(enforce::item(
            private,
            At::tokens(ty),
            &quote!(#private::Type::check(&#column)),
        ));
    }
    let text = ident.unraw().to_string();
    quote! {
        #[allow(long_running_const_eval)]
        const _: () = {
            #(#before)*

            #[automatically_derived]
            impl #private::DataType for #ident {
                const TYPE: #private::Type<'static> = #private::Type::Record(&#private::RecordType {
                    name: #text,
                    fields: &[#(#described),*],
                });

                fn into_value(self) -> #private::Value {
                    #private::Value::Record(#private::Vec::from([#(#values),*]))
                }

                fn from_value(
                    value: #private::Value,
                ) -> ::core::result::Result<Self, #private::Mismatch> {
                    let mut fields = #private::Fields::of_record::<Self>(value)?;
                    ::core::result::Result::Ok(Self { #(#taken),* })
                }
            }

            #(#checks)*
        };
    }
}

/// Whether a type names the struct itself, by its bare name.
fn mentions(ty: &TokenStream, ident: &Ident) -> bool {
    let mut after_colon = false;
    ty.clone().into_iter().any(|token| {
        let of_path = std::mem::replace(
            &mut after_colon,
            matches!(&token, TokenTree::Punct(p) if p.as_char() == ':'),
        );
        match token {
            TokenTree::Ident(name) => !of_path && (name == *ident || name == "Self"),
            TokenTree::Group(group) => mentions(&group.stream(), ident),
            _ => false,
        }
    })
}
