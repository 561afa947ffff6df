//! `#[sink(..)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, Ident, LitStr};

use super::connection::Connection;
use super::source::{Env, capitalised, cdc_of, duration, instant};
use crate::args::{self, Arg, ArgValue, keyed, split};
use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::path::Door;

/// One sink.
pub(crate) struct Sink {
    connection: Connection,
    cdc: Option<Ident>,
    every: Option<LitStr>,
    how: Option<(TokenStream, At)>,
    renames: Vec<(LitStr, LitStr)>,
    since: Option<LitStr>,
    until: Option<LitStr>,
    env: Env,
}

const KNOWN: [&str; 7] = ["cdc", "every", "how", "renames", "since", "until", "env"];

impl Sink {
    pub(crate) fn parse(
        private: &Door,
        tokens: TokenStream,
        attribute: &Attribute,
        errors: &mut Errors,
    ) -> Option<Sink> {
        let mut parts = split(tokens);
        if parts.first().is_none_or(args::has_key) {
            errors.on(
                attribute,
                "name where to write first, as in `#[sink(EVENTS.topic(\"spend\"), cdc = debezium)]`",
            );
            return None;
        }
        let connection = Connection::parse(parts.remove(0), errors);
        let (mut cdc, mut every, mut how, mut since, mut until) = (None, None, None, None, None);
        let (mut renames, mut env) = (Vec::new(), Env::default());
        for arg in keyed(parts, errors) {
            match arg.key.to_string().as_str() {
                "cdc" => cdc = cdc_of(&arg, errors),
                "every" => every = arg.text("1h", errors),
                "how" => how = how_of(private, &arg, errors),
                "renames" => renames = renames_of(&arg, errors),
                "since" => since = arg.text("2024-01-01T00:00:00Z", errors),
                "until" => until = arg.text("2024-01-01T00:00:00Z", errors),
                "env" => env = Env::parse(&arg, errors),
                _ => args::unknown(&arg, &KNOWN, errors),
            }
        }
        Some(Sink {
            connection: connection?,
            cdc,
            every,
            how,
            renames,
            since,
            until,
            env,
        })
    }

    /// The sink as a descriptor.
    pub(crate) fn emit(&self, private: &Door) -> TokenStream {
        let connector = self.connection.emit();
        let cdc = optional(self.cdc.as_ref().map(|cdc| {
            let cdc = capitalised(cdc);
            quote!(#private::Cdc::#cdc)
        }));
        let how = optional(self.how.as_ref().map(|(how, _)| how.clone()));
        let every = duration(private, self.every.as_ref());
        let since = instant(private, self.since.as_ref());
        let until = instant(private, self.until.as_ref());
        let renames = self
            .renames
            .iter()
            .map(|(column, name)| quote!((#column, #name)));
        let env = self.env.emit(private);
        quote! {
            #private::Sink {
                connector: #connector,
                cdc: #cdc,
                every: #every,
                how: #how,
                renames: &[#(#renames),*],
                since: #since,
                until: #until,
                env: #env,
            }
        }
    }

    /// The checks of the `i`th sink of `dataset`, each at the tokens that it is about.
    pub(crate) fn checks(&self, private: &Door, dataset: &TokenStream, i: usize) -> TokenStream {
        let sink = quote!(#dataset.sinks[#i]);
        let mut checks = self.connection.checks(private, &sink);
        let mut check =
            |at: At, check: TokenStream| checks.extend(enforce::item(private, at, &check));
        let place = self.connection.at;
        if let Some(every) = &self.every {
            let checks = quote! {
                match #private::check_duration(#every) {
                    ::core::result::Result::Ok(()) => #sink.check_every(),
                    wrong => wrong,
                }
            };
            check(At::tokens(every), checks);
        }
        for text in [&self.since, &self.until].into_iter().flatten() {
            check(At::tokens(text), quote!(#private::check_timestamp(#text)));
        }
        check(place, quote!(#sink.connector.check_sink()));
        check(place, quote!(#sink.check_dataset(#dataset)));
        let cdc = self.cdc.as_ref().map_or(place, At::tokens);
        check(cdc, quote!(#sink.check_cdc()));
        let how = self.how.as_ref().map_or(place, |(_, at)| *at);
        check(how, quote!(#sink.check_how()));
        if let Some(text) = self.until.as_ref().or(self.since.as_ref()) {
            check(At::tokens(text), quote!(#sink.check_period()));
        }
        for (k, (column, _)) in self.renames.iter().enumerate() {
            check(At::tokens(column), quote!(#sink.check_rename(#dataset, #k)));
        }
        if let Some(span) = self.env.span() {
            check(At::span(span), quote!(#sink.env.check()));
        }
        checks
    }
}

fn optional(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// `incremental`, `recreate` or `snapshot("marker", 5)`.
fn how_of(private: &Door, arg: &Arg, errors: &mut Errors) -> Option<(TokenStream, At)> {
    let expected = "`incremental`, `recreate` or `snapshot(\"marker\", 5)`";
    let expr: Expr = arg.parse(expected, errors)?;
    let at = At::tokens(&expr);
    let name = |expr: &Expr| match expr {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    let how = match &expr {
        Expr::Call(call) if name(&call.func).as_deref() == Some("snapshot") => {
            let args: Vec<&Expr> = call.args.iter().collect();
            match args.as_slice() {
                [marker, retain] => {
                    Some(quote!(#private::How::Snapshot { marker: #marker, retain: #retain }))
                }
                _ => None,
            }
        }
        other => match name(other).as_deref() {
            Some("incremental") => Some(quote!(#private::How::Incremental)),
            Some("recreate") => Some(quote!(#private::How::Recreate)),
            _ => None,
        },
    };
    if how.is_none() {
        errors.on(&expr, format!("`how` is {expected}"));
    }
    how.map(|how| (how, at))
}

/// `renames(total = "amount")`: the column, and its name where it goes.
fn renames_of(arg: &Arg, errors: &mut Errors) -> Vec<(LitStr, LitStr)> {
    let ArgValue::Of(tokens) = &arg.value else {
        errors.on(&arg.key, "expected `renames(column = \"name\", ..)`");
        return Vec::new();
    };
    let renames = keyed(split(tokens.clone()), errors);
    let renames = renames.iter().filter_map(|rename| {
        let name = rename.text("amount", errors)?;
        Some((rename.name(), name))
    });
    renames.collect()
}
