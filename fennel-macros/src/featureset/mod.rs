//! `#[featureset]`.

mod emit;
mod model;

use proc_macro2::TokenStream;

use crate::expand;

/// The struct, its descriptor, its handles and its checks.
pub(crate) fn featureset(args: TokenStream, item: &TokenStream) -> TokenStream {
    expand::entity("featureset", item, |item, errors| {
        let model = model::Model::parse(args, item, errors);
        emit::emit(&model)
    })
}
