//! The macros of fennel: syntax in, descriptors and glue out.
//!
//! Users find them, with their docs, in the crate `fennel`. Nothing here decides what a type or a
//! name means: a macro emits const data and calls of fennel-core's checks, spanned at the tokens
//! that they are about.

mod args;
mod cfg;
#[cfg(test)]
mod damage;
mod dataset;
mod enforce;
mod errors;
mod expand;
mod extractors;
mod featureset;
#[cfg(test)]
mod fuzz;
mod handle;
mod literal;
mod meta;
mod native;
mod order;
mod path;
mod pipeline;
mod record;
mod restriction;
mod rowexpr;
mod transform;

use proc_macro::TokenStream;

/// Makes a struct a dataset. Documented in `fennel`.
#[proc_macro_attribute]
pub fn dataset(args: TokenStream, item: TokenStream) -> TokenStream {
    dataset::dataset(args.into(), &item.into()).into()
}

/// Makes a struct a featureset. Documented in `fennel`.
#[proc_macro_attribute]
pub fn featureset(args: TokenStream, item: TokenStream) -> TokenStream {
    featureset::featureset(args.into(), &item.into()).into()
}

/// Makes functions extractors. Documented in `fennel`.
#[proc_macro_attribute]
pub fn extractors(args: TokenStream, item: TokenStream) -> TokenStream {
    extractors::extractors(args.into(), &item.into()).into()
}

/// Metaflags of an entity. Documented in `fennel`.
#[proc_macro_attribute]
pub fn meta(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::companion("meta", &args.into(), &item.into()).into()
}

/// Where a dataset's rows come from. Documented in `fennel`.
#[proc_macro_attribute]
pub fn source(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::companion("source", &args.into(), &item.into()).into()
}

/// Makes a function a pipeline. Documented in `fennel`.
#[proc_macro_attribute]
pub fn pipeline(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::pipeline(args.into(), &item.into()).into()
}

/// What a dataset's rows should look like. Documented in `fennel`.
#[proc_macro_attribute]
pub fn expectations(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::companion("expectations", &args.into(), &item.into()).into()
}

/// Where a dataset's changes are written to. Documented in `fennel`.
#[proc_macro_attribute]
pub fn sink(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::companion("sink", &args.into(), &item.into()).into()
}

/// Makes a function one from rows to rows. Documented in `fennel`.
#[proc_macro_attribute]
pub fn transform(args: TokenStream, item: TokenStream) -> TokenStream {
    transform::transform(args.into(), &item.into()).into()
}

/// Makes a struct a column type. Documented in `fennel`.
#[proc_macro_derive(Record, attributes(record, between, one_of, regex))]
pub fn record(item: TokenStream) -> TokenStream {
    record::record(item.into()).into()
}

/// The owner of a module's entities. Documented in `fennel`.
#[proc_macro]
pub fn owner(tokens: TokenStream) -> TokenStream {
    meta::owner(tokens.into()).into()
}

/// An expression over columns. Documented in `fennel`.
#[proc_macro]
pub fn expr(tokens: TokenStream) -> TokenStream {
    rowexpr::expr(tokens.into()).into()
}
