//! `#[expectations(..)]`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, LitInt, LitStr};

use crate::args::{self, Arg, keyed, split, ungroup};
use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::path::Door;
use crate::{literal, meta, path};

/// What the rows should look like.
pub(crate) struct Expectations {
    version: Option<LitInt>,
    list: Vec<Expectation>,
}

/// `expect_something(column, parameter = constant)`.
struct Expectation {
    name: Ident,
    columns: Vec<Ident>,
    arguments: Vec<Argument>,
}

struct Argument {
    name: Ident,
    /// The constant as a literal of fennel-core.
    value: TokenStream,
    at: At,
}

impl Expectations {
    /// Takes `#[expectations]` off the attributes.
    pub(crate) fn take(
        private: &Door,
        attributes: &mut Vec<Attribute>,
        errors: &mut Errors,
    ) -> Option<Expectations> {
        let taken = path::take(attributes, "expectations");
        if let Some(second) = taken.get(1) {
            errors.on(
                second,
                "`expectations` is given twice: put all of them in one",
            );
        }
        let attribute = taken.first()?;
        let tokens = args::tokens_of(attribute, errors);
        let (expectations, options): (Vec<_>, Vec<_>) = split(tokens)
            .into_iter()
            .partition(|part| !args::has_key(part));
        if expectations.is_empty() {
            errors.on(
                attribute,
                "name what is expected, as in `#[expectations(expect_column_values_to_not_be_null(column))]`",
            );
        }
        let mut version = None;
        for arg in keyed(options, errors) {
            let key = arg.key.to_string();
            match key.as_str() {
                "version" => version = version_of(&arg, errors),
                key if meta::KNOWN.contains(&key) => errors.on(&arg.key, NO_METAFLAGS),
                _ => args::unknown(&arg, &["version"], errors),
            }
        }
        let list = expectations
            .into_iter()
            .filter_map(|part| Expectation::parse(private, part, errors));
        Some(Expectations {
            list: list.collect(),
            version,
        })
    }

    /// The descriptor.
    pub(crate) fn emit(&self, private: &Door) -> TokenStream {
        let version = match &self.version {
            Some(version) => quote!(#version),
            None => quote!(0),
        };
        let list = self.list.iter().map(|expectation| {
            let name = expectation.name.unraw().to_string();
            let columns = expectation.columns.iter();
            let columns = columns.map(|column| column.unraw().to_string());
            let arguments = expectation.arguments.iter().map(|argument| {
                let name = argument.name.unraw().to_string();
                let value = &argument.value;
                quote!(#private::Argument { name: #name, value: #value })
            });
            quote! {
                #private::Expectation {
                    name: #name,
                    columns: &[#(#columns),*],
                    arguments: &[#(#arguments),*],
                }
            }
        });
        quote!(#private::Expectations { version: #version, list: &[#(#list),*] })
    }

    /// The checks of the expectations of `dataset`, each at its own tokens.
    pub(crate) fn checks(&self, private: &Door, dataset: &TokenStream) -> TokenStream {
        let mut checks = TokenStream::new();
        let mut check =
            |at: At, check: TokenStream| checks.extend(enforce::item(private, at, &check));
        if let Some(version) = &self.version {
            check(
                At::tokens(version),
                quote!(#private::Expectations { version: #version, list: &[] }.check_version()),
            );
        }
        for (i, expectation) in self.list.iter().enumerate() {
            let it = quote!(#dataset.expected()[#i]);
            let name = At::tokens(&expectation.name);
            check(name, quote!(#it.check_name()));
            check(name, quote!(#it.check_complete()));
            for (k, column) in expectation.columns.iter().enumerate() {
                check(At::tokens(column), quote!(#it.check_column(#dataset, #k)));
            }
            for (k, argument) in expectation.arguments.iter().enumerate() {
                check(At::tokens(&argument.name), quote!(#it.check_argument(#k)));
                check(argument.at, quote!(#it.check_value(#dataset, #k)));
            }
        }
        checks
    }
}

fn version_of(arg: &Arg, errors: &mut Errors) -> Option<LitInt> {
    const EXPECTED: &str = "a whole number from 0 on";
    let version: LitInt = arg.parse(EXPECTED, errors)?;
    if version.base10_parse::<u32>().is_err() {
        errors.on(&version, format!("`version` is {EXPECTED}"));
        return None;
    }
    Some(version)
}

const EXPECTED: &str = "expected a column's name, or `parameter = value`";
const NO_METAFLAGS: &str =
    "expectations have no metaflags: put them into the dataset's own `#[meta(..)]`";

impl Expectation {
    fn parse(private: &Door, part: TokenStream, errors: &mut Errors) -> Option<Expectation> {
        let tokens: Vec<TokenTree> = part.clone().into_iter().collect();
        let (name, inner) = match tokens.as_slice() {
            [TokenTree::Ident(name), ..] if name == "meta" => {
                errors.on(name, NO_METAFLAGS);
                return None;
            }
            [TokenTree::Ident(name), TokenTree::Group(group)] => (name.clone(), group.stream()),
            [TokenTree::Ident(name)] => {
                errors.on(
                    name,
                    format!("name the columns that it is about, as in `{name}(column)`"),
                );
                return None;
            }
            _ => {
                errors.on(
                    part,
                    "expected an expectation, such as `expect_column_values_to_not_be_null(column)`",
                );
                return None;
            }
        };
        let (keys, columns): (Vec<_>, Vec<_>) = split(inner).into_iter().partition(args::has_key);
        let columns = columns.into_iter().filter_map(|part| column(part, errors));
        let columns = columns.collect();
        let arguments = keyed(keys, errors).into_iter().filter_map(|arg| {
            let expr: Expr = arg.parse("a constant", errors)?;
            Some(Argument {
                value: errors.take(constant(private, &expr))?,
                at: At::tokens(&expr),
                name: arg.key,
            })
        });
        Some(Expectation {
            arguments: arguments.collect(),
            columns,
            name,
        })
    }
}

/// A column's bare name.
fn column(part: TokenStream, errors: &mut Errors) -> Option<Ident> {
    let tokens: Vec<TokenTree> = part.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(column)] => return Some(column.clone()),
        [TokenTree::Literal(_)] => {
            let text = syn::parse2::<LitStr>(part.clone());
            let column = text.ok().and_then(|text| text.parse::<Ident>().ok());
            match column {
                Some(column) => errors.on(
                    part,
                    format!("a column is named without quotes, `{column}`, and a parameter as `parameter = value`"),
                ),
                None => errors.on(part, EXPECTED),
            }
        }
        _ => errors.on(part, EXPECTED),
    }
    None
}

/// A literal of fennel-core in which a tuple is a list too, so that pairs of anything can be
/// written.
fn constant(private: &Door, expr: &Expr) -> syn::Result<TokenStream> {
    let elements = match ungroup(expr) {
        Expr::Tuple(tuple) => &tuple.elems,
        Expr::Array(array) if !array.elems.iter().all(is_entry) => &array.elems,
        // SCREAMING_CASE is a Rust constant; what is not is meant as a column.
        Expr::Path(path) if path.path.get_ident().is_some_and(is_column) => {
            return Err(syn::Error::new_spanned(
                path,
                "a parameter takes a constant, and columns are named first, as in `expect_column_values_to_not_be_null(column)`",
            ));
        }
        _ => return literal::literal(private, expr),
    };
    let elements = elements.iter().map(|element| constant(private, element));
    let elements: Vec<_> = elements.collect::<syn::Result<_>>()?;
    Ok(quote!(#private::Literal::List(&[#(#elements),*])))
}

/// Whether it is `("name", value)`.
fn is_entry(expr: &Expr) -> bool {
    matches!(ungroup(expr), Expr::Tuple(tuple)
        if tuple.elems.len() == 2 && args::text_literal(&tuple.elems[0]).is_some())
}

fn is_column(ident: &Ident) -> bool {
    let name = ident.unraw().to_string();
    name.starts_with(|first: char| first.is_lowercase() || first == '_')
}
