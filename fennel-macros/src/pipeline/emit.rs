//! A pipeline's function, descriptor and checks.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Input, Model};
use crate::enforce::{At, call};

pub(crate) fn emit(model: &Model) -> TokenStream {
    let Model {
        private,
        attributes,
        vis,
        ident,
        env,
        meta,
        inputs,
        output,
        body,
        ..
    } = model;
    let name = model.name();
    let parameters = inputs
        .iter()
        .map(|Input { ident, .. }| quote!(#ident: #private::Flow<'static>));
    let dataset = |ty: &syn::Type| quote_spanned!(ty.span()=> <#ty as #private::Row>::DATASET);
    let flows = inputs.iter().zip(1_u32..).map(|(input, site)| {
        let dataset = dataset(&input.ty);
        quote!(#private::Flow::input(#dataset, #site))
    });
    let names = inputs.iter().map(|input| {
        let dataset = dataset(&input.ty);
        quote!(#dataset.name)
    });
    let output_site = u32::try_from(inputs.len() + 1).unwrap_or(u32::MAX);
    let entities = inputs.iter().map(|input| &input.ty).chain([output]);
    let well = entities.map(|ty| quote_spanned!(ty.span()=> <#ty as #private::Entity>::WELL));
    let output = dataset(output);
    let env_check = env
        .span()
        .map(|span| crate::enforce::item(private, At::span(span), &quote!(PIPELINE.env.check())));
    let env = env.emit(private);
    let owner = meta.owner_span().map(|span| {
        crate::enforce::item(
            private,
            At::span(span),
            &quote!(PIPELINE.meta.check_owner()),
        )
    });
    let meta = meta.emit(private);
    let checks = checks(model);
    // What rustc says of the whole function underlines its name.
    let function = quote_spanned! {ident.span()=>
        #vis const fn #ident(#(#parameters),*) -> #private::Flow<'static> {
            #body
        }
    };
    quote! {
        #(#attributes)*
        #[allow(dead_code, clippy::needless_pass_by_value)]
        #function

        #[allow(long_running_const_eval)]
        const _: () = {
            static FLOW: #private::Flow<'static> =
                #ident(#(#flows),*).returned(#name, #output, #output_site).judged(#(#well)&&*);
            const PIPELINE: #private::Pipeline<'static> = #private::Pipeline {
                name: #name,
                dataset: #output.name,
                inputs: &[#(#names),*],
                steps: FLOW.steps(),
                env: #env,
                meta: #meta,
                location: #private::Location {
                    file: ::core::file!(),
                    line: ::core::line!(),
                    module: ::core::module_path!(),
                },
            };

            #private::inventory::submit! {
                #private::RegisteredPipeline { pipeline: PIPELINE, dataset: #output }
            }

            #env_check
            #owner
            #checks
        };
    }
}

/// One const item for each argument, with an arm for each of its tokens: rustc underlines the one
/// that is wrong.
fn checks(model: &Model) -> TokenStream {
    let private = &model.private;
    let mut checks = quote!(const VERDICT: #private::Verdict = FLOW.verdict(););
    let mut first = 1_u32;
    for group in &model.sites.groups {
        let count = u32::try_from(group.len()).unwrap_or(u32::MAX);
        // Named twice rather than bound: a local would not be seen at a token of `macro_rules!`.
        let found = quote!(VERDICT.between(#first, #count));
        let arms = group.iter().zip(first..).map(|(at, site)| {
            let site = Literal::u32_unsuffixed(site);
            let raise = call(&quote!(#private::raise), *at, &found);
            quote!(#site => #raise,)
        });
        checks.extend(quote! {
            const _: () = match #found.site {
                #(#arms)*
                _ => {}
            };
        });
        first += count;
    }
    checks
}
