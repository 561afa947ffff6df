//! Typed names, such as `Ticket::price`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Ident, Type, Visibility};

use crate::cfg::Cfg;

/// `pub const price: Column<Ticket, i64>`, as visible as the field. A feature has its position, too.
pub(crate) fn emit(
    private: &TokenStream,
    kind: &TokenStream,
    entity: &Ident,
    vis: &Visibility,
    field: &Ident,
    ty: &Type,
    cfg: &Cfg,
    position: Option<usize>,
) -> TokenStream {
    let name = field.unraw().to_string();
    let doc = format!("`{entity}::{name}`, to name it in definitions and queries.");
    let position = position.map(|position| quote!(, #position));
    quote! {
        #cfg
        #[doc = #doc]
        #vis const #field: #private::handle::#kind<#entity, #ty #position> = #private::handle::#kind::new(#name);
    }
}
