//! `#[derive(Record)]`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Type};

use crate::cfg::Cfg;
use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::path::Door;
use crate::restriction::{self, Restriction, column_type};
use crate::{args, path};

/// What the tokens of a record say.
struct Model {
    private: Door,
    ident: Ident,
    fields: Vec<Field>,
}

struct Field {
    ident: Ident,
    ty: Type,
    /// The type, or what it was likely meant to be; `None` where that can't be told.
    meant: Option<Type>,
    restriction: Option<Restriction>,
}

/// Makes a struct a column type.
pub(crate) fn record(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::default();
    let model = Model::parse(&input, &mut errors);
    let errors = errors.finish().err();
    let emitted = input
        .generics
        .params
        .is_empty()
        .then(|| emit(&model, errors.is_none()));
    quote!(#errors #emitted)
}

impl Model {
    fn parse(input: &DeriveInput, errors: &mut Errors) -> Model {
        let ident = &input.ident;
        if !input.generics.params.is_empty() {
            errors.on(
                &input.generics,
                "a record has no type parameters: its fields have one type each",
            );
        }
        let mut facade = None;
        for attribute in path::take(&mut input.attrs.clone(), "record") {
            for arg in args::keyed(args::split(args::tokens_of(&attribute, errors)), errors) {
                match arg.key.to_string().as_str() {
                    "crate" => facade = arg.parse("the path of the fennel crate", errors),
                    _ => args::unknown(&arg, &["crate"], errors),
                }
            }
        }
        let private = Door::of(facade.as_ref());
        let mut fields = Vec::new();
        match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(named) => {
                    let named = named.named.iter();
                    fields.extend(
                        named.filter_map(|field| Field::parse(&private, ident, field, errors)),
                    );
                }
                _ => errors.on(
                    ident,
                    format!("a record has named fields: write `struct {ident} {{ .. }}`"),
                ),
            },
            _ => errors.on(ident, "a record is a struct; for a closed set of texts restrict a `String` with `#[one_of(..)]`"),
        }
        Model {
            private,
            ident: ident.clone(),
            fields,
        }
    }
}

impl Field {
    fn parse(
        private: &Door,
        record: &Ident,
        field: &syn::Field,
        errors: &mut Errors,
    ) -> Option<Field> {
        let ty = &field.ty;
        let mut meant = path::check_type(ty, errors);
        if mentions(&quote!(#ty), record) {
            errors.on(
                ty,
                format!("record `{record}` can't hold itself: its values would have no end"),
            );
            meant = None;
        }
        Some(Field {
            ident: field.ident.clone()?,
            ty: ty.clone(),
            meant,
            restriction: restriction::take(private, &mut field.attrs.clone(), errors),
        })
    }
}

/// The record's type and, where all is `well`, its values and its checks.
fn emit(model: &Model, well: bool) -> TokenStream {
    let Model {
        private,
        ident,
        fields,
    } = model;
    let (mut before, mut described, mut checks) = (vec![], vec![], vec![]);
    for (i, field) in fields.iter().enumerate() {
        let Some(meant) = &field.meant else { continue };
        // rustc has taken out what `#[cfg]` excludes before it calls a derive.
        let cfg = Cfg::default();
        let column = column_type(private, i, meant, field.restriction.as_ref(), &cfg);
        let (ty, name) = (column.ty, field.ident.unraw().to_string());
        before.push(column.before);
        described.push(quote!(#private::RecordField { name: #name, ty: #ty }));
        checks.push(column.check);
        checks.push(enforce::item(
            private,
            At::tokens(&field.ty),
            &quote!(#private::Type::check(&#ty)),
        ));
    }
    let values = if well {
        values(model)
    } else {
        no_values(private)
    };
    let checks = well.then(|| quote!(#(#checks)*));
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

                #values
            }

            #checks
        };
    }
}

/// The struct as a value, and back.
fn values(model: &Model) -> TokenStream {
    let private = &model.private;
    let values = model.fields.iter().map(|field| {
        let Field { ident, ty, .. } = field;
        quote!(<#ty as #private::DataType>::into_value(self.#ident))
    });
    let fields = model.fields.iter().map(|field| {
        let Field { ident, ty, .. } = field;
        quote!(#ident: <#ty as #private::DataType>::read(&mut fields))
    });
    let placeholders = model.fields.iter().map(|field| {
        let Field { ident, ty, .. } = field;
        quote!(#ident: <#ty as #private::DataType>::placeholder())
    });
    quote! {
        fn into_value(self) -> #private::Value {
            #private::Value::Record(#private::Vec::from([#(#values),*]))
        }

        fn from_value(
            value: #private::Value,
        ) -> ::core::result::Result<Self, #private::Mismatch> {
            let mut fields = #private::Fields::of_record::<Self>(value)?;
            let record = Self { #(#fields),* };
            fields.finish(record)
        }

        fn placeholder() -> Self {
            Self { #(#placeholders),* }
        }
    }
}

/// The values of a struct that doesn't compile.
fn no_values(private: &Door) -> TokenStream {
    quote! {
        fn into_value(self) -> #private::Value {
            ::core::unreachable!("the record doesn't compile")
        }

        fn from_value(
            _: #private::Value,
        ) -> ::core::result::Result<Self, #private::Mismatch> {
            ::core::unreachable!("the record doesn't compile")
        }

        fn placeholder() -> Self {
            ::core::unreachable!("the record doesn't compile")
        }
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
