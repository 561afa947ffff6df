//! Expressions of `#[source(..)]`: `filter`, computed preproc, and the columns that they add.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Expr, Type, UnOp};

use crate::args::{Arg, ArgValue, keyed, split, ungroup};
use crate::enforce::At;
use crate::errors::Errors;
use crate::path::Door;
use crate::rowexpr::{self, RowExpr, expr_check};

/// `schema(rate = f64)`: a column of incoming rows that the dataset has not.
pub(super) struct Column {
    name: Ident,
    ty: Type,
}

impl Column {
    pub(super) fn parse(arg: &Arg, errors: &mut Errors) -> Vec<Column> {
        let ArgValue::Of(tokens) = &arg.value else {
            errors.on(&arg.key, "expected `schema(column = type, ..)`");
            return Vec::new();
        };
        let columns = keyed(split(tokens.clone()), errors);
        let columns = columns.into_iter().filter_map(|arg| {
            let ty = arg.parse("the type of a column, such as `f64`", errors)?;
            Some(Column { name: arg.key, ty })
        });
        columns.collect()
    }

    /// Where its type is.
    pub(super) fn at(&self) -> At {
        At::tokens(&self.ty)
    }
}

/// `filter = amount > 0.0`.
pub(super) fn filter(private: &Door, arg: &Arg, errors: &mut Errors) -> Option<RowExpr> {
    let expr: Expr = arg.parse(
        "an expression over the columns, such as `amount > 0.0`",
        errors,
    )?;
    errors.take(rowexpr::read(private, &expr))
}

/// Whether a preproc value is computed, rather than a constant.
pub(super) fn is_computed(expr: &Expr) -> bool {
    match ungroup(expr) {
        Expr::Unary(unary) => {
            !matches!(unary.op, UnOp::Neg(_)) || !matches!(&*unary.expr, Expr::Lit(_))
        }
        Expr::Call(call) => !matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Some")),
        Expr::Binary(_)
        | Expr::If(_)
        | Expr::MethodCall(_)
        | Expr::Index(_)
        | Expr::Cast(_)
        | Expr::Field(_) => true,
        Expr::Paren(paren) => is_computed(&paren.expr),
        _ => false,
    }
}

/// The filter and the columns, as parts of the descriptor.
pub(super) fn emit(
    private: &Door,
    filter: Option<&RowExpr>,
    columns: &[Column],
) -> (TokenStream, TokenStream) {
    let filter = match filter {
        Some(RowExpr { tokens, .. }) => quote!(::core::option::Option::Some(#tokens)),
        None => quote!(::core::option::Option::None),
    };
    let columns = columns.iter().map(|Column { name, ty }| {
        let name = name.unraw().to_string();
        quote!(#private::RecordField { name: #name, ty: <#ty as #private::DataType>::TYPE })
    });
    (filter, quote!(&[#(#columns),*]))
}

/// The checks of one source's expressions; `preproc` are those of its columns that are computed.
pub(super) fn checks<'r>(
    private: &Door,
    dataset: &TokenStream,
    source: &TokenStream,
    filter: Option<&RowExpr>,
    preproc: impl Iterator<Item = Option<&'r RowExpr>>,
) -> TokenStream {
    let filter =
        filter.map(|expr| expr_check(private, &quote!(#source.check_filter(#dataset)), expr));
    let preproc = preproc.enumerate().filter_map(|(k, expr)| {
        let check = quote!(#source.check_preproc_expr(#dataset, #k));
        Some(expr_check(private, &check, expr?))
    });
    let mut checks: TokenStream = preproc.collect();
    checks.extend(filter);
    checks
}
