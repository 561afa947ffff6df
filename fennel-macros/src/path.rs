//! Paths into the facade, attributes of ours on an item, and names that can't be column types.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, GenericArgument, PathArguments, Type, TypePath, parse_quote};

use crate::errors::Errors;

/// The path of the facade's private module, which all emitted paths go through. It is held as single
/// tokens: to put a stream into another one takes a call of rustc each time.
#[derive(Clone)]
pub(crate) struct Door(Vec<TokenTree>);

impl Door {
    /// The path in the facade, which a user may have under another name.
    pub(crate) fn of(facade: Option<&syn::Path>) -> Door {
        let path = match facade {
            Some(path) => quote!(#path::__private),
            None => quote!(::fennel::__private),
        };
        Door(path.into_iter().collect())
    }

    /// One name for it, in blocks that [`import`](Door::import) it: rustc pays for every token of a path,
    /// and there are many.
    pub(crate) fn short() -> Door {
        Door(vec![Ident::new("__fennel", Span::call_site()).into()])
    }

    /// The same path, all of it at that span.
    pub(crate) fn at(&self, span: Span) -> Door {
        let mut tokens = self.0.clone();
        for token in &mut tokens {
            token.set_span(span);
        }
        Door(tokens)
    }

    /// Lets a block use the [`short`](Door::short) path.
    pub(crate) fn import(&self) -> TokenStream {
        quote!(use #self as __fennel;)
    }
}

impl ToTokens for Door {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.iter().cloned());
    }
}

/// Takes the attributes of that name off the list, in their order; `fennel::meta` is `meta`.
pub(crate) fn take(attributes: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    let is_it = |attribute: &Attribute| is(attribute, name);
    let (taken, kept) = std::mem::take(attributes).into_iter().partition(is_it);
    *attributes = kept;
    taken
}

/// Whether an attribute is called that, with or without a path before it.
pub(crate) fn is(attribute: &Attribute, name: &str) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|segment| segment.ident == name)
}

/// Reports names inside a type that are never a column type, with the likely repair. What a name
/// means is rustc's to say; these few are common enough to be told sooner and better.
///
/// Returns the type that was likely meant, so that those who read the column don't get errors too;
/// `None` where it can't be told.
pub(crate) fn check_type(ty: &Type, errors: &mut Errors) -> Option<Type> {
    match ty {
        Type::Path(path) => check_path(ty, path, errors),
        Type::Reference(reference) => {
            let (repair, meant) = match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => {
                    ("`String`", Some(parse_quote!(String)))
                }
                elem => (
                    "the type without `&`",
                    check_type(elem, &mut Errors::default()),
                ),
            };
            errors.on(
                ty,
                format!("a reference can't be a column: use {repair}; {ALLOWED}"),
            );
            meant
        }
        Type::Tuple(_) => {
            errors.on(
                ty,
                format!("a tuple can't be a column: name its parts in a struct that derives `Record`; {ALLOWED}"),
            );
            None
        }
        Type::Array(_) | Type::Slice(_) => {
            errors.on(
                ty,
                format!("an array can't be a column: use `Vec<T>`, or `Embedding<N>` for floats; {ALLOWED}"),
            );
            None
        }
        _ => Some(ty.clone()),
    }
}

/// Whether a type has something in it that checks find wrong: a number, such as a scale, or an `Option` in another.
/// What is wrong and where is fennel-core's to say; this only decides which tokens would be underlined.
pub(crate) fn may_be_wrong(ty: &Type) -> bool {
    fn look(tokens: TokenStream, options: &mut usize) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(name) => {
                *options += usize::from(name == "Option");
                *options > 1
            }
            TokenTree::Punct(_) => false,
            TokenTree::Group(_) | TokenTree::Literal(_) => true,
        })
    }
    look(ty.to_token_stream(), &mut 0)
}

fn check_path(ty: &Type, path: &TypePath, errors: &mut Errors) -> Option<Type> {
    let mut meant = path.clone();
    let Some(last) = meant.path.segments.last_mut() else {
        return Some(ty.clone());
    };
    let name = last.ident.to_string();
    let mut told = true;
    if let PathArguments::AngleBracketed(arguments) = &mut last.arguments {
        let is_bytes = name == "Vec" && arguments.args.iter().any(is_u8);
        for argument in &mut arguments.args {
            if let GenericArgument::Type(ty) = argument
                && !is_bytes
            {
                match check_type(ty, errors) {
                    Some(meant) => *ty = meant,
                    None => told = false,
                }
            }
        }
    }
    let Some(repair) = repair(&name) else {
        return told.then_some(Type::Path(meant));
    };
    errors.on(
        ty,
        format!("`{name}` can't be a column: use {repair}; {ALLOWED}"),
    );
    match repair {
        "`i64`" => Some(parse_quote!(i64)),
        "`f64`" => Some(parse_quote!(f64)),
        "`String`" => Some(parse_quote!(String)),
        "`Vec<T>`" if told => {
            let arguments = &last.arguments;
            Some(parse_quote!(Vec #arguments))
        }
        _ => None,
    }
}

fn is_u8(argument: &GenericArgument) -> bool {
    matches!(argument, GenericArgument::Type(Type::Path(path)) if path.path.is_ident("u8"))
}

const ALLOWED: &str = "a column is bool, i64, f64, String, DateTime<Utc>, NaiveDate, Vec<u8>, \
                       Decimal<N>, Embedding<N>, a struct that derives Record, or an Option, Vec or \
                       BTreeMap<String, _> of these";

fn repair(name: &str) -> Option<&'static str> {
    Some(match name {
        "i8" | "i16" | "i32" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
        | "usize" => "`i64`",
        "f32" => "`f64`",
        "str" | "char" => "`String`",
        "NaiveDateTime" => "`DateTime<Utc>`",
        "HashSet" | "BTreeSet" => "`Vec<T>`",
        _ => return None,
    })
}
