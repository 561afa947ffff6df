//! `#[between]`, `#[one_of]` and `#[regex]` on a field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::Parser;
use syn::{Attribute, Expr, ExprLit, ExprRange, Lit, LitStr, RangeLimits, Type};

use crate::args;
use crate::cfg::Cfg;
use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::path::Door;
use crate::{literal, path};

/// A field's restriction: the restricted scalar, as tokens of a `Type`.
pub(crate) struct Restriction {
    scalar: TokenStream,
    at: At,
}

/// Takes a field's restriction off its attributes.
pub(crate) fn take(
    private: &Door,
    attributes: &mut Vec<Attribute>,
    errors: &mut Errors,
) -> Option<Restriction> {
    let mut found = None;
    for name in ["between", "one_of", "regex"] {
        for attribute in path::take(attributes, name) {
            let tokens = args::tokens_of(&attribute, errors);
            let at = if tokens.is_empty() {
                At::tokens(attribute.path())
            } else {
                At::tokens(&tokens)
            };
            let scalar = match name {
                "between" => between(private, tokens, errors),
                "one_of" => one_of(private, tokens, errors),
                _ => regex(private, tokens, errors),
            };
            if found.is_some() {
                errors.on(&attribute, "a column has one restriction");
            }
            found = scalar.map(|scalar| Restriction { scalar, at });
        }
    }
    found
}

/// `#[between(0..=100)]`, `#[between(0.0..1.0, strict_min)]`.
fn between(private: &Door, tokens: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    const EXPECTED: &str =
        "`between` is a range, such as `between(0..=100)` or `between(0.0..1.0, strict_min)`";
    let mut parts = args::split(tokens.clone()).into_iter();
    let range = parts
        .next()
        .and_then(|part| syn::parse2::<ExprRange>(part).ok());
    let mut strict_min = false;
    for arg in args::keyed(parts.collect(), errors) {
        match arg.key.to_string().as_str() {
            "strict_min" => strict_min = arg.bool(errors),
            _ => args::unknown(&arg, &["strict_min"], errors),
        }
    }
    let Some(ExprRange {
        start: Some(start),
        end: Some(end),
        limits,
        ..
    }) = range
    else {
        errors.on(tokens, EXPECTED);
        return None;
    };
    let strict_max = matches!(limits, RangeLimits::HalfOpen(_));
    let bounds = [&start, &end].map(|bound| {
        let literal = errors.take(literal::literal(private, bound))?;
        let kind = is_float(bound).map(|float| if float { quote!(Float) } else { quote!(Int) });
        if kind.is_none() {
            errors.on(
                bound,
                "a bound is a number: `0` for an `i64`, `0.0` for an `f64`",
            );
        }
        Some((literal, kind?))
    });
    let [Some(_), Some(_)] = &bounds else {
        return None;
    };
    let (kind_of_min, kind_of_max) = (is_float(&start)?, is_float(&end)?);
    let bound = |float: bool, expr: &Expr| {
        let kind = if float { quote!(Float) } else { quote!(Int) };
        quote!(#private::Bound::#kind(#expr))
    };
    let (min, max) = (bound(kind_of_min, &start), bound(kind_of_max, &end));
    Some(quote! {
        #private::Type::Between(#private::Between {
            min: #min,
            max: #max,
            strict_min: #strict_min,
            strict_max: #strict_max,
        })
    })
}

/// Whether a bound is a float; `None` where it is no number.
fn is_float(bound: &Expr) -> Option<bool> {
    match args::ungroup(bound) {
        Expr::Lit(ExprLit {
            lit: Lit::Int(_), ..
        }) => Some(false),
        Expr::Lit(ExprLit {
            lit: Lit::Float(_), ..
        }) => Some(true),
        Expr::Unary(unary) => is_float(&unary.expr),
        _ => None,
    }
}

/// `#[one_of("a", "b")]`, `#[one_of(1, 2)]`.
fn one_of(private: &Door, tokens: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
    let options = errors.take(parser.parse2(tokens))?;
    let texts: Option<Vec<LitStr>> = options.iter().map(args::text_literal).collect();
    if let Some(texts) = texts {
        return Some(quote!(#private::Type::OneOfString(&[#(#texts),*])));
    }
    for option in &options {
        if is_float(option) != Some(false) {
            errors.on(
                option,
                "the options of `one_of` are all texts or all whole numbers",
            );
            return None;
        }
    }
    let options = options.iter();
    Some(quote!(#private::Type::OneOfInt(&[#(#options),*])))
}

/// `#[regex("[A-Z]+")]`.
fn regex(private: &Door, tokens: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    match syn::parse2::<LitStr>(tokens.clone()) {
        Ok(pattern) => Some(quote!(#private::Type::Regex(#pattern))),
        Err(_) => {
            errors.on(
                tokens,
                "`regex` is a pattern in quotes, such as `regex(\"[A-Z]{3}\")`",
            );
            None
        }
    }
}

/// A column's type as tokens, and what has to stand before its use.
pub(crate) struct ColumnType {
    pub(crate) ty: TokenStream,
    pub(crate) before: TokenStream,
    /// The check of the restriction.
    pub(crate) check: TokenStream,
}

/// The type of the `i`th field, restricted or not.
pub(crate) fn column_type(
    private: &Door,
    i: usize,
    ty: &Type,
    restriction: Option<&Restriction>,
    cfg: &Cfg,
) -> ColumnType {
    let Some(Restriction { scalar, at }) = restriction else {
        return ColumnType {
            ty: quote!(<#ty as #private::DataType>::TYPE),
            before: TokenStream::new(),
            check: TokenStream::new(),
        };
    };
    let (name, types, restricted) = (
        format_ident!("__FennelRestriction{i}"),
        format_ident!("__FENNEL_TYPES{i}"),
        format_ident!("__FENNEL_RESTRICTED{i}"),
    );
    let check = enforce::item(
        private,
        *at,
        &quote!(#private::check_restriction(&#types.0, &#types.1)),
    );
    ColumnType {
        ty: quote!(#restricted),
        before: quote! {
            #cfg
            struct #name;
            #cfg
            impl #private::Restriction for #name {
                const TYPE: #private::Type<'static> = #scalar;
            }
            #cfg
            const #types: (#private::Type<'static>, #private::Type<'static>) = (
                <#ty as #private::Restrict<#name>>::RESTRICTED,
                <#ty as #private::DataType>::TYPE,
            );
            #cfg
            const #restricted: #private::Type<'static> =
                #private::restricted_or_bare(#types.0, #types.1);
        },
        check: quote!(#cfg #check),
    }
}
