//! Constants in attributes as literals of fennel-core.

use crate::path::Door;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprUnary, Lit, Member, UnOp};

/// The literal that an expression writes.
///
/// # Errors
///
/// The expression computes something.
pub(crate) fn literal(private: &Door, expr: &Expr) -> syn::Result<TokenStream> {
    let literals = quote!(#private::Literal);
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Bool(_) => Ok(quote!(#literals::Bool(#lit))),
            Lit::Int(int) => whole(private, int, false),
            Lit::Float(float) => {
                unsuffixed(float, float.suffix(), "f64")?;
                Ok(quote!(#literals::Float(#lit)))
            }
            Lit::Str(_) => Ok(quote!(#literals::Str(#lit))),
            Lit::Char(_) => Err(syn::Error::new_spanned(
                lit,
                "a text is written in double quotes, as in \"a\"",
            )),
            Lit::Byte(_) | Lit::ByteStr(_) | Lit::CStr(_) => Err(syn::Error::new_spanned(
                lit,
                "a constant is no bytes: write a text without a letter before its quotes, as in \"a\"",
            )),
            _ => Err(not_constant(expr)),
        },
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr: inner,
            ..
        }) => match &**inner {
            Expr::Lit(ExprLit {
                lit: Lit::Int(int), ..
            }) => whole(private, int, true),
            Expr::Lit(ExprLit {
                lit: Lit::Float(float),
                ..
            }) => {
                unsuffixed(float, float.suffix(), "f64")?;
                Ok(quote!(#literals::Float(-#float)))
            }
            _ => Err(not_constant(expr)),
        },
        Expr::Path(path) if path.path.is_ident("None") => Ok(quote!(#literals::Null)),
        Expr::Path(path) => Ok(named(private, path, "literal")),
        Expr::Call(call) if is_some(&call.func) && call.args.len() == 1 => {
            literal(private, &call.args[0])
        }
        Expr::Reference(reference) => literal(private, &reference.expr),
        Expr::Paren(paren) => literal(private, &paren.expr),
        Expr::Group(group) => literal(private, &group.expr),
        Expr::Array(array) => {
            let pairs: Option<Vec<_>> = array.elems.iter().map(pair).collect();
            if let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) {
                let entries = pairs.into_iter().map(|(key, value)| {
                    let value = literal(private, value)?;
                    Ok(quote!((#key, #value)))
                });
                let entries: Vec<_> = entries.collect::<syn::Result<_>>()?;
                return Ok(quote!(#literals::Object(&[#(#entries),*])));
            }
            let elements = array.elems.iter().map(|element| literal(private, element));
            let elements: Vec<_> = elements.collect::<syn::Result<_>>()?;
            Ok(quote!(#literals::List(&[#(#elements),*])))
        }
        Expr::Struct(record) => {
            if let Some(rest) = &record.rest {
                return Err(syn::Error::new_spanned(
                    rest,
                    "write every field of the record",
                ));
            }
            let fields = record.fields.iter().map(|field| {
                let Member::Named(name) = &field.member else {
                    return Err(not_constant(expr));
                };
                let name = name.unraw().to_string();
                let value = literal(private, &field.expr)?;
                Ok(quote!((#name, #value)))
            });
            let fields: Vec<_> = fields.collect::<syn::Result<_>>()?;
            let path = &record.path;
            Ok(quote!({
                const _: #private::Type<'static> = <#path as #private::DataType>::TYPE;
                #literals::Object(&[#(#fields),*])
            }))
        }
        _ => Err(not_constant(expr)),
    }
}

/// A Rust constant by name, made a literal or an expression by its type. Where it has no such type,
/// rustc says so at the name.
pub(crate) fn named(private: &Door, path: &syn::ExprPath, make: &str) -> TokenStream {
    let make = syn::Ident::new(make, path.span());
    quote!({
        #[allow(unused_imports)]
        use #private::NoConst as _;
        #private::Const(#path).#make()
    })
}

fn whole(private: &Door, int: &syn::LitInt, negative: bool) -> syn::Result<TokenStream> {
    unsuffixed(int, int.suffix(), "i64")?;
    let digits: i128 = int.base10_parse()?;
    let signed = if negative { -digits } else { digits };
    match i64::try_from(signed) {
        Ok(value) => Ok(quote!(#private::Literal::Int(#value))),
        Err(_) => Err(syn::Error::new_spanned(int, "this number is beyond `i64`")),
    }
}

/// Checks that a number's suffix, if it has one, is of the type that the number has here.
fn unsuffixed(number: impl ToTokens, suffix: &str, ty: &str) -> syn::Result<()> {
    if suffix.is_empty() || suffix == ty {
        return Ok(());
    }
    Err(syn::Error::new_spanned(
        number,
        format!("this number is an `{ty}` here: write it without `{suffix}`"),
    ))
}

/// `("key", value)`.
fn pair(expr: &Expr) -> Option<(&syn::LitStr, &Expr)> {
    let Expr::Tuple(tuple) = expr else {
        return None;
    };
    if tuple.elems.len() != 2 {
        return None;
    }
    match &tuple.elems[0] {
        Expr::Lit(ExprLit {
            lit: Lit::Str(key), ..
        }) => Some((key, &tuple.elems[1])),
        _ => None,
    }
}

fn is_some(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.is_ident("Some"))
}

fn not_constant(expr: &Expr) -> syn::Error {
    syn::Error::new_spanned(
        expr,
        "expected a constant: a literal, a `const` by name, a list `[1, 2]`, a map `[(\"a\", 1)]` or a record `Name { field: 1 }`",
    )
}
