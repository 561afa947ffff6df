//! Typed names, such as `Ticket::price`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Ident, Type, Visibility};

use crate::cfg::Cfg;
use crate::path::Door;

/// `pub const price: Column<Ticket, i64>`, as visible as the field. A feature's has its position.
pub(crate) fn emit(
    private: &Door,
    entity: &Ident,
    feature: Option<usize>,
    vis: &Visibility,
    field: &Ident,
    ty: &Type,
    cfg: &Cfg,
) -> TokenStream {
    let name = field.unraw().to_string();
    let doc = format!("`{entity}::{name}`, to name it in definitions and queries.");
    let (kind, position) = match feature {
        Some(position) => (quote!(Feature), quote!(, #position)),
        None => (quote!(Column), TokenStream::new()),
    };
    quote! {
        #cfg
        #[doc = #doc]
        #vis const #field: #private::handle::#kind<#entity, #ty #position> = #private::handle::#kind::new(#name);
    }
}
