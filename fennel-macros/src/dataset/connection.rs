//! What a source or a sink names first, such as `SHOP.table("users", cursor = "updated_at")`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprAssign, ExprMethodCall, ExprPath};

use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::path::Door;

/// A table, topic or the like of an outside system.
pub(crate) struct Connection {
    /// The builder's calls, without named arguments.
    expr: Expr,
    /// All of it as it was written.
    pub(crate) at: At,
    /// The outside system: what the first method is called on.
    system: At,
}

impl Connection {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Option<Connection> {
        let at = At::tokens(&tokens);
        let expr = errors.take(syn::parse2::<Expr>(tokens))?;
        let system = At::tokens(receiver(&expr));
        Some(Connection {
            expr: named_arguments(expr),
            at,
            system,
        })
    }

    /// The connector of the descriptor.
    pub(crate) fn emit(&self) -> TokenStream {
        let Connection { expr, .. } = self;
        quote_spanned!(expr.span()=> (#expr).connector())
    }

    /// The checks of both kinds: of the system, and of what is named in it.
    pub(crate) fn checks(&self, private: &Door, owner: &TokenStream) -> TokenStream {
        let system = quote!(#owner.connector.check_account());
        let place = quote!(#owner.connector.check());
        let system = enforce::item(private, self.system, &system);
        let place = enforce::item(private, self.at, &place);
        quote!(#system #place)
    }
}

/// What the first of a chain of methods is called on.
fn receiver(expr: &Expr) -> &Expr {
    match expr {
        Expr::MethodCall(call) => receiver(&call.receiver),
        other => other,
    }
}

/// `a.table("t", cursor = "c")` as `a.table("t").cursor("c")`.
fn named_arguments(expr: Expr) -> Expr {
    let Expr::MethodCall(mut call) = expr else {
        return expr;
    };
    *call.receiver = named_arguments(*call.receiver);
    let (mut named, mut args) = (Vec::new(), syn::punctuated::Punctuated::new());
    for arg in std::mem::take(&mut call.args) {
        match arg {
            Expr::Assign(ExprAssign { left, right, .. }) => match *left {
                Expr::Path(ExprPath { path, .. }) if path.get_ident().is_some() => {
                    named.extend(path.get_ident().cloned().map(|name| (name, *right)));
                }
                other => args.push(other),
            },
            positional => args.push(positional),
        }
    }
    call.args = args;
    named
        .into_iter()
        .fold(Expr::MethodCall(call), |receiver, (method, value)| {
            let span = method.span();
            Expr::MethodCall(ExprMethodCall {
                attrs: Vec::new(),
                receiver: Box::new(receiver),
                dot_token: syn::Token![.](span),
                method,
                turbofish: None,
                paren_token: syn::token::Paren(span),
                args: std::iter::once(value).collect(),
            })
        })
}
