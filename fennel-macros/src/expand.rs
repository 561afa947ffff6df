//! The way of every attribute: model, check, emit. After an error too: the item stays, and so does
//! what others see of it, so that one slip is one error.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Field, Fields, Item, ItemStruct};

use crate::errors::Errors;
use crate::path;

/// Attributes that our macros read; the emitted item is without them.
const ITEM_ATTRIBUTES: [&str; 4] = ["meta", "sink", "source", "expectations"];
pub(crate) const FIELD_ATTRIBUTES: [&str; 6] =
    ["field", "feature", "meta", "between", "one_of", "regex"];
/// The attributes that make a struct an entity.
const ENTITIES: [&str; 2] = ["dataset", "featureset"];

/// What is said of `#[pipeline]` on anything but a function.
pub(crate) const MISPLACED_PIPELINE: &str =
    "`#[pipeline]` goes on a function, such as `fn user_spend(orders: Order) -> UserSpend`";

/// Runs `parse` on a struct, and `emit` on what it says. Whatever goes wrong, the struct stays, minus
/// our attributes; `emit` is told whether all is well.
pub(crate) fn entity<Model>(
    name: &str,
    tokens: &TokenStream,
    parse: impl FnOnce(&mut ItemStruct, &mut Errors) -> Model,
    emit: impl FnOnce(&Model, bool) -> TokenStream,
) -> TokenStream {
    let mut errors = Errors::default();
    let mut item = match syn::parse2::<Item>(tokens.clone()) {
        Ok(Item::Struct(item)) => item,
        Ok(other) => {
            errors.on(first_token(&other), format!("`#[{name}]` goes on a struct"));
            let errors = errors.finish().err();
            return quote!(#errors #other);
        }
        // What rustc can't parse either, it reports itself.
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #tokens);
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
    for field in &item.fields {
        if let Some(ident) = field.ident.as_ref().filter(|ident| *ident == "_") {
            errors.on(ident, format!("each field of a {name} has a name"));
        }
    }
    let model = parse(&mut item, &mut errors);
    strip(&mut item);
    let errors = errors.finish().err();
    let emitted = item
        .generics
        .params
        .is_empty()
        .then(|| emit(&model, errors.is_none()));
    quote!(#[allow(dead_code)] #item #errors #emitted)
}

/// An attribute that belongs to `#[dataset]` or `#[featureset]`, met before it: puts the entity's
/// attribute first, with all the others in their order, so that it reads this one.
pub(crate) fn companion(name: &str, args: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut parsed = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Struct(parsed)) => parsed,
        Ok(Item::Fn(function)) if name == "meta" => return of_function(args, function),
        _ => return misplaced(name, item),
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

/// `#[meta]` met before the `#[pipeline]` of a function.
fn of_function(args: &TokenStream, mut function: syn::ItemFn) -> TokenStream {
    let pipeline = |attribute: &Attribute| path::is(attribute, "pipeline");
    match function.attrs.iter().position(pipeline) {
        Some(position) => {
            let pipeline = function.attrs.remove(position);
            quote!(#pipeline #[meta(#args)] #function)
        }
        None => misplaced("meta", &function.to_token_stream()),
    }
}

fn misplaced(name: &str, item: &TokenStream) -> TokenStream {
    let message = match name {
        "source" | "sink" | "expectations" => {
            format!("`#[{name}]` goes on a struct that is a `#[dataset]`")
        }
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

#[cfg(test)]
mod tests {
    use syn::{File, Item};

    use super::*;
    use crate::damage::damage;

    const DATASET: &str = r#"
        /// One row per ticket sold.
        #[meta(owner = "a@b.co", tags = ["x"])]
        #[source(APP.endpoint("sales"), disorder = "14d", cdc = upsert, sample(0.1, using = [id]),
                 env = ["~dev"], preproc(price = amount.value))]
        #[expectations(version = 1, expect_column_values_to_be_between(price, min = 0, mostly = 0.5),
                       expect_column_values_to_be_in_set(id, value_set = ["a", LAST]))]
        pub struct Ticket {
            #[field(key)]
            pub id: String,
            #[between(0..=100)]
            pub price: Option<i64>,
            pub at: DateTime<Utc>,
        }
    "#;
    const FEATURESET: &str = r#"
        #[meta(owner = "a@b.co")]
        pub struct TicketFeatures {
            pub id: String,
            #[feature(Ticket::price, default = 0, version = 2, env = "prod")]
            pub price: i64,
        }
    "#;

    fn tokens(text: &str) -> TokenStream {
        text.parse().expect("the test's own tokens")
    }

    /// Expands, and checks that the struct is there, without our attributes.
    fn expanded(args: &str, item: &TokenStream) -> String {
        let item_text = item.to_string();
        let output = if item_text.contains("Features") {
            crate::featureset::featureset(tokens(args), item)
        } else {
            crate::dataset::dataset(tokens(args), item)
        };
        let file: File = syn::parse2(output.clone())
            .unwrap_or_else(|error| panic!("{error}: {item_text}\n{output}"));
        let structs = file.items.iter().filter_map(|item| match item {
            Item::Struct(item) => Some(item),
            _ => None,
        });
        let found = structs.into_iter().next();
        let found = found.unwrap_or_else(|| panic!("the struct is lost: {item_text}"));
        let kept = found.to_token_stream().to_string();
        for ours in [
            "# [field",
            "# [feature",
            "# [meta",
            "# [source",
            "# [expectations",
            "# [between",
        ] {
            assert!(!kept.contains(ours), "{ours} stays: {kept}");
        }
        output.to_string()
    }

    #[test]
    fn a_correct_struct_raises_no_error() {
        assert!(!expanded("index, version = 2", &tokens(DATASET)).contains("compile_error"));
        assert!(!expanded("", &tokens(FEATURESET)).contains("compile_error"));
    }

    #[test]
    fn every_mistake_of_a_struct_is_reported_at_once() {
        let item = r#"
            #[meta(onwer = "a@b.co")]
            #[source(APP.endpoint("sales"), cdc = insert)]
            struct Ticket {
                #[field(kye)]
                id: i32,
                #[feature(A::b)]
                at: DateTime<Utc>,
            }
        "#;
        let output = expanded("indx", &tokens(item));
        assert_eq!(output.matches("compile_error").count(), 7, "{output}");
    }

    #[test]
    fn a_mistake_leaves_what_others_see_of_the_struct() {
        for (args, item, traits) in [
            ("indx", tokens(DATASET), ["Entity for", "Row for"]),
            ("indx", tokens(FEATURESET), ["Entity for", "Features for"]),
        ] {
            let output = expanded(args, &item);
            assert_eq!(output.matches("compile_error").count(), 1, "{output}");
            for one in traits {
                assert!(output.contains(one), "{one}: {output}");
            }
            assert!(output.contains("const price"), "{output}");
            for not in ["enforce", "inventory"] {
                assert!(!output.contains(not), "{not}: {output}");
            }
        }
    }

    #[test]
    fn another_path_of_the_crate_is_the_only_one() {
        let record = "#[record(crate = a::b)] struct Money { #[between(0..=1)] amount: i64 }";
        for output in [
            crate::record::record(tokens(record)),
            crate::meta::owner(tokens("\"a@b.co\", crate = a::b")),
            crate::dataset::dataset(tokens("crate = a::b"), &tokens(DATASET)),
            crate::featureset::featureset(tokens("crate = a::b"), &tokens(FEATURESET)),
        ] {
            let output = output.to_string();
            assert!(output.contains("a :: b :: __private"), "{output}");
            assert!(!output.contains("fennel :: __private"), "{output}");
        }
    }

    #[test]
    fn a_field_that_is_no_name_is_refused() {
        let output = expanded("", &tokens("struct Ticket { _: i64, at: DateTime<Utc> }"));
        assert!(
            output.contains("each field of a dataset has a name"),
            "{output}"
        );
    }

    #[test]
    fn half_typed_attributes_keep_the_struct() {
        for args in [
            "version",
            "version =",
            "version = ",
            "index,",
            ", ,",
            "= 2",
            "history = \"",
            "1 + ",
            "\"index\"",
        ] {
            let Ok(_) = args.parse::<TokenStream>() else {
                continue;
            };
            expanded(args, &tokens(DATASET));
        }
        for attribute in [
            "#[feature(Ticket::)]",
            "#[feature(Ticket::price, default)]",
            "#[feature = 3]",
            "#[feature(default =)]",
            "#[feature(::)]",
        ] {
            let item = format!("{attribute} pub price: i64");
            let item =
                format!("#[meta(owner = \"a@b.co\")] pub struct TicketFeatures {{ {item} }}");
            let output = expanded("", &tokens(&item));
            assert!(output.contains("compile_error"), "{attribute}: {output}");
        }
    }

    /// Every token of the attributes left out, doubled, or replaced: no panic, and the struct stays.
    #[test]
    fn damaged_attributes_keep_the_struct() {
        for text in [DATASET, FEATURESET] {
            let item = tokens(text);
            let mut sites = 0;
            damage(item, &mut |damaged| {
                sites += 1;
                // What is no struct any more is rustc's to report.
                if syn::parse2::<ItemStruct>(damaged.clone()).is_ok() {
                    expanded("index", &damaged);
                }
            });
            assert!(sites > 100, "{sites}");
        }
    }
}
