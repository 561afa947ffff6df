//! Typed names, such as `Ticket::price`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Ident, Type, Visibility};

use crate::cfg::Cfg;

/// `pub const price: Column<Ticket, i64>`, as visible as the field.
pub(crate) fn emit(
    private: &TokenStream,
    kind: &TokenStream,
    entity: &Ident,
    vis: &Visibility,
    field: &Ident,
    ty: &Type,
    cfg: &Cfg,
) -> TokenStream {
    let name = field.unraw().to_string();
    let doc = format!("`{entity}::{name}`, to name it in definitions and queries.");
    quote! {
        #cfg
        #[doc = #doc]
        #vis const #field: #private::handle::#kind<#entity, #ty> = #private::handle::#kind::new(#name);
    }
}
