//! A pipeline's function, descriptor and checks.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Input, Model};
use crate::enforce::{At, call};

pub(crate) fn emit(model: &Model) -> TokenStream {
    let Model {
        door,
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
    let (import, name) = (door.import(), model.name());
    let parameters = inputs
        .iter()
        .map(|Input { ident, .. }| quote!(#ident: #door::Flow<'static>));
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
        #vis const fn #ident(#(#parameters),*) -> #door::Flow<'static> {
            #import
            #body
        }
    };
    quote! {
        #(#attributes)*
        #[allow(dead_code, clippy::needless_pass_by_value)]
        #function

        #[allow(long_running_const_eval)]
        const _: () = {
            #import
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

/// One const item for each argument, with a call for each of its tokens: rustc underlines the one that
/// is wrong.
fn checks(model: &Model) -> TokenStream {
    let private = &model.private;
    let mut checks = quote! {
        use #private::raise as __fennel_raise;
        const VERDICT: #private::Verdict = FLOW.verdict();
        const RIGHT: bool = VERDICT.is_right();
    };
    let mut sites = 1_u32..;
    for group in &model.sites.groups {
        let calls = group.iter().zip(&mut sites).map(|(at, site)| {
            let site = Literal::u32_unsuffixed(site);
            let verdict = Ident::new("VERDICT", at.first());
            let raise = Ident::new("__fennel_raise", at.first());
            call(raise.into_token_stream(), *at, quote!(#verdict, #site))
        });
        checks.extend(quote! {
            const _: () = if !RIGHT {
                #(#calls;)*
            };
        });
    }
    checks
}
