//! `#[featureset]`.

mod emit;
mod model;

use proc_macro2::TokenStream;

use crate::expand;

/// The struct, its descriptor, its handles and its checks.
pub(crate) fn featureset(args: TokenStream, item: &TokenStream) -> TokenStream {
    let parse = |item: &mut _, errors: &mut _| model::Model::parse(args, item, errors);
    expand::entity("featureset", item, parse, emit::emit)
}
