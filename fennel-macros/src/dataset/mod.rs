//! `#[dataset]`.

mod connection;
mod emit;
mod expectation;
mod incoming;
mod model;
mod sink;
mod source;

pub(crate) use source::Env;

use proc_macro2::TokenStream;

use crate::expand;

/// The struct, its descriptor, its handles and its checks.
pub(crate) fn dataset(args: TokenStream, item: &TokenStream) -> TokenStream {
    let parse = |item: &mut _, errors: &mut _| model::Model::parse(args, item, errors);
    expand::entity("dataset", item, parse, emit::emit)
}
