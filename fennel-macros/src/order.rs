//! The order of an entity's names, made here so that const code need not sort.

use crate::path::Door;
use proc_macro2::TokenStream;
use quote::quote;

/// The order of members, given with their positions. fennel-core's `Order` says which order; it finds
/// names without one too, only slower.
pub(crate) fn emit(private: &Door, members: impl Iterator<Item = (usize, String)>) -> TokenStream {
    let members = members.map(|(i, name)| Some((u16::try_from(i).ok()?, name)));
    let mut members = members.collect::<Option<Vec<_>>>().unwrap_or_default();
    members.sort_by(|(_, a), (_, b)| {
        let by_length = a.len().cmp(&b.len());
        by_length.then_with(|| a.bytes().rev().cmp(b.bytes().rev()))
    });
    let positions = members.iter().map(|(i, _)| i);
    quote!(#private::Order(&[#(#positions),*]))
}
