//! `#[source(..)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, Ident, LitStr};

use super::connection::Connection;
use super::incoming::{self, Column};
use crate::args::{self, Arg, ArgValue, keyed, split};
use crate::enforce::{self, At};
use crate::errors::Errors;
use crate::literal;
use crate::path::Door;
use crate::rowexpr::{self, RowExpr};

/// One source.
pub(crate) struct Source {
    connection: Connection,
    disorder: LitStr,
    cdc: Ident,
    every: Option<LitStr>,
    since: Option<LitStr>,
    until: Option<LitStr>,
    pub(crate) env: Env,
    bounded: Option<Span>,
    idleness: Option<LitStr>,
    sample: Option<Sample>,
    preproc: Vec<Preproc>,
    filter: Option<RowExpr>,
    columns: Vec<Column>,
}

/// `env = "prod"`, `env = ["~dev", "~test"]`.
#[derive(Default)]
pub(crate) struct Env {
    names: Vec<LitStr>,
    span: Option<Span>,
}

struct Sample {
    rate: Expr,
    using: Vec<LitStr>,
}

struct Preproc {
    column: Ident,
    value: TokenStream,
    /// Where the value is an expression.
    expr: Option<RowExpr>,
    at: At,
}

const KNOWN: [&str; 12] = [
    "disorder", "cdc", "every", "since", "until", "env", "bounded", "idleness", "sample",
    "preproc", "filter", "schema",
];
const CDC: [&str; 4] = ["append", "upsert", "debezium", "native"];

impl Source {
    pub(crate) fn parse(
        private: &Door,
        tokens: TokenStream,
        attribute: &Attribute,
        errors: &mut Errors,
    ) -> Option<Source> {
        let mut parts = split(tokens);
        if parts.first().is_none_or(args::has_key) {
            errors.on(
                attribute,
                "name what to read first, as in `#[source(APP.endpoint(\"sales\"), ..)]`",
            );
            return None;
        }
        let connection = Connection::parse(parts.remove(0), errors);
        let (mut disorder, mut cdc, mut every, mut since, mut until) =
            (None, None, None, None, None);
        let (mut env, mut bounded, mut idleness, mut sample) = (Env::default(), None, None, None);
        let (mut preproc, mut filter, mut columns) = (Vec::new(), None, Vec::new());
        let args = keyed(parts, errors);
        let lacks = |key: &str| args.iter().all(|arg| arg.key != key);
        let (lacks_disorder, lacks_cdc) = (lacks("disorder"), lacks("cdc"));
        for arg in args {
            match arg.key.to_string().as_str() {
                "disorder" => disorder = arg.text("14d", errors),
                "cdc" => cdc = cdc_of(&arg, errors),
                "every" => every = arg.text("30m", errors),
                "since" => since = arg.text("2024-01-01T00:00:00Z", errors),
                "until" => until = arg.text("2024-01-01T00:00:00Z", errors),
                "env" => env = Env::parse(&arg, errors),
                "bounded" => bounded = arg.bool(errors).then_some(arg.key.span()),
                "idleness" => idleness = arg.text("2h", errors),
                "sample" => sample = Sample::parse(&arg, errors),
                "preproc" => preproc = Preproc::parse(private, &arg, errors),
                "filter" => filter = incoming::filter(private, &arg, errors),
                "schema" => columns = Column::parse(&arg, errors),
                _ => args::unknown(&arg, &KNOWN, errors),
            }
        }
        if lacks_disorder {
            errors.on(attribute, "a source needs a `disorder`: how late a row may come, such as `disorder = \"14d\"`");
        }
        if lacks_cdc {
            errors.on(attribute, "a source needs a `cdc`: `cdc = append` for events, `cdc = upsert` for rows that replace the last of their key");
        }
        Some(Source {
            connection: connection?,
            disorder: disorder?,
            cdc: cdc?,
            every,
            since,
            until,
            env,
            bounded,
            idleness,
            sample,
            preproc,
            filter,
            columns,
        })
    }

    /// The source as a descriptor.
    pub(crate) fn emit(&self, private: &Door) -> TokenStream {
        let Source { disorder, cdc, .. } = self;
        let connector = self.connection.emit();
        let cdc = capitalised(cdc);
        let every = duration(private, self.every.as_ref());
        let idleness = duration(private, self.idleness.as_ref());
        let since = instant(private, self.since.as_ref());
        let until = instant(private, self.until.as_ref());
        let env = self.env.emit(private);
        let bounded = self.bounded.is_some();
        let sample = match &self.sample {
            Some(Sample { rate, using }) => quote! {
                ::core::option::Option::Some(#private::Sample { rate: (#rate) as f64, using: &[#(#using),*] })
            },
            None => quote!(::core::option::Option::None),
        };
        let preproc = self.preproc.iter().map(|Preproc { column, value, .. }| {
            let column = column.unraw().to_string();
            quote!(#private::Preproc { column: #column, value: #value })
        });
        let (filter, columns) = incoming::emit(private, self.filter.as_ref(), &self.columns);
        quote! {
            #private::Source {
                connector: #connector,
                disorder: #private::Duration::parse_or_zero(#disorder),
                cdc: #private::Cdc::#cdc,
                every: #every,
                since: #since,
                until: #until,
                env: #env,
                bounded: #bounded,
                idleness: #idleness,
                sample: #sample,
                preproc: &[#(#preproc),*],
                filter: #filter,
                filter_by: ::core::option::Option::None,
                columns: #columns,
            }
        }
    }

    /// The checks of the `i`th source of `dataset`, each at the tokens that it is about.
    pub(crate) fn checks(&self, private: &Door, dataset: &TokenStream, i: usize) -> TokenStream {
        let source = quote!(#dataset.sources[#i]);
        let mut checks = self.connection.checks(private, &source);
        let mut check =
            |at: At, check: TokenStream| checks.extend(enforce::item(private, at, &check));
        let durations = [
            Some(&self.disorder),
            self.every.as_ref(),
            self.idleness.as_ref(),
        ];
        for text in durations.into_iter().flatten() {
            check(At::tokens(text), quote!(#private::check_duration(#text)));
        }
        for text in [&self.since, &self.until].into_iter().flatten() {
            check(At::tokens(text), quote!(#private::check_timestamp(#text)));
        }
        check(self.connection.at, quote!(#source.connector.check_source()));
        check(At::tokens(&self.cdc), quote!(#source.check_cdc(#dataset)));
        if let Some(every) = &self.every {
            check(At::tokens(every), quote!(#source.check_every()));
        }
        let bounded = self
            .bounded
            .or_else(|| self.idleness.as_ref().map(LitStr::span));
        if let Some(span) = bounded {
            check(At::span(span), quote!(#source.check_bounded()));
        }
        if let (Some(_), Some(until)) = (&self.since, &self.until) {
            check(At::tokens(until), quote!(#source.check_period()));
        }
        if let Some(sample) = &self.sample {
            check(
                At::tokens(&sample.rate),
                quote!(#source.check_sample(#dataset)),
            );
            for (k, column) in sample.using.iter().enumerate() {
                check(
                    At::tokens(column),
                    quote!(#source.check_sampled_by(#dataset, #k)),
                );
            }
        }
        if let Some(span) = self.env.span {
            check(At::span(span), quote!(#source.env.check()));
        }
        for (k, preproc) in self.preproc.iter().enumerate() {
            let column = At::tokens(&preproc.column);
            check(column, quote!(#source.check_made(#dataset, #k)));
            check(preproc.at, quote!(#source.check_preproc(#dataset, #k)));
        }
        for (k, column) in self.columns.iter().enumerate() {
            check(column.at(), quote!(#source.check_column(#dataset, #k)));
        }
        let exprs = self.preproc.iter().map(|preproc| preproc.expr.as_ref());
        checks.extend(incoming::checks(
            private,
            dataset,
            &source,
            self.filter.as_ref(),
            exprs,
        ));
        checks
    }
}

/// A duration that there may be.
pub(crate) fn duration(private: &Door, text: Option<&LitStr>) -> TokenStream {
    match text {
        Some(text) => {
            quote!(::core::option::Option::Some(#private::Duration::parse_or_zero(#text)))
        }
        None => quote!(::core::option::Option::None),
    }
}

/// An instant that there may be.
pub(crate) fn instant(private: &Door, text: Option<&LitStr>) -> TokenStream {
    match text {
        Some(text) => {
            quote!(::core::option::Option::Some(#private::Timestamp::parse_or_epoch(#text)))
        }
        None => quote!(::core::option::Option::None),
    }
}

pub(crate) fn cdc_of(arg: &Arg, errors: &mut Errors) -> Option<Ident> {
    let expected = "`append`, `upsert`, `debezium` or `native`";
    let cdc: Ident = arg.parse(expected, errors)?;
    if !CDC.contains(&cdc.to_string().as_str()) {
        errors.on(&cdc, format!("`cdc` is {expected}"));
        return None;
    }
    Some(cdc)
}

/// The variant that a word names.
pub(crate) fn capitalised(word: &Ident) -> Ident {
    let word = word.to_string();
    let mut letters = word.chars();
    let variant = letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    });
    quote::format_ident!("{variant}")
}

impl Env {
    pub(crate) fn parse(arg: &Arg, errors: &mut Errors) -> Env {
        let span = Some(arg.span());
        let list =
            matches!(&arg.value, ArgValue::Is(tokens) if tokens.to_string().starts_with('['));
        let names = if list {
            arg.texts(errors)
        } else {
            arg.text("prod", errors).into_iter().collect()
        };
        if list && names.is_empty() {
            errors.at(arg.span(), "an env list names at least one env");
        }
        Env { names, span }
    }

    pub(crate) fn emit(&self, private: &Door) -> TokenStream {
        let names = &self.names;
        quote!(#private::Env(&[#(#names),*]))
    }

    pub(crate) fn span(&self) -> Option<Span> {
        self.span
    }
}

impl Sample {
    /// `sample = 0.1`, `sample(0.25, using = [visitor, door])`.
    fn parse(arg: &Arg, errors: &mut Errors) -> Option<Sample> {
        let ArgValue::Of(tokens) = &arg.value else {
            let rate = arg.parse("a part of the rows, such as `0.1`", errors)?;
            return Some(Sample {
                rate,
                using: Vec::new(),
            });
        };
        let mut parts = split(tokens.clone());
        if parts.is_empty() {
            errors.on(&arg.key, "expected `sample(0.1, using = [column])`");
            return None;
        }
        let rate = errors.take(syn::parse2(parts.remove(0)));
        let mut using = Vec::new();
        for arg in keyed(parts, errors) {
            if arg.key != "using" {
                args::unknown(&arg, &["using"], errors);
                continue;
            }
            using = columns(&arg, errors);
        }
        Some(Sample { rate: rate?, using })
    }
}

/// `[column, column]`.
fn columns(arg: &Arg, errors: &mut Errors) -> Vec<LitStr> {
    let elements = arg.list("a list of one or more columns, such as [a, b]", errors);
    let columns = elements.iter().filter_map(|column| match column {
        Expr::Path(path) if path.path.get_ident().is_some() => {
            let ident = path.path.get_ident()?;
            Some(LitStr::new(&ident.unraw().to_string(), ident.span()))
        }
        other => {
            errors.on(other, "expected a column's name");
            None
        }
    });
    columns.collect()
}

impl Preproc {
    /// `preproc(currency = "USD", uid = user.id, usd = amount * 1.08)`: constants, columns of the
    /// incoming row, and expressions over its columns.
    fn parse(private: &Door, arg: &Arg, errors: &mut Errors) -> Vec<Preproc> {
        let ArgValue::Of(tokens) = &arg.value else {
            errors.on(&arg.key, "expected `preproc(column = value, ..)`");
            return Vec::new();
        };
        let mut preproc = Vec::new();
        for arg in keyed(split(tokens.clone()), errors) {
            let Some(expr) =
                arg.parse::<Expr>("a constant or a column of the incoming row", errors)
            else {
                continue;
            };
            let mut computed = None;
            let value = match reference(&expr) {
                Some(path) => quote!(#private::PreprocValue::Ref(#path)),
                None if incoming::is_computed(&expr) => {
                    let Some(row) = errors.take(rowexpr::read(private, &expr)) else {
                        continue;
                    };
                    let tokens = &row.tokens;
                    let value = quote!(#private::PreprocValue::Expr(#tokens));
                    computed = Some(row);
                    value
                }
                None => match errors.take(literal::literal(private, &expr)) {
                    Some(literal) => quote!(#private::PreprocValue::Constant(#literal)),
                    None => continue,
                },
            };
            let at = At::tokens(&expr);
            preproc.push(Preproc {
                column: arg.key,
                value,
                expr: computed,
                at,
            });
        }
        preproc
    }
}

/// `column` and `column.part.part`, as `column[part][part]`. SCREAMING_CASE is a Rust constant.
fn reference(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Path(path) => {
            let name = path.path.get_ident()?.unraw().to_string();
            name.starts_with(|first: char| first.is_lowercase() || first == '_')
                .then_some(name)
        }
        Expr::Field(field) => match &field.member {
            syn::Member::Named(part) => {
                Some(format!("{}[{}]", reference(&field.base)?, part.unraw()))
            }
            syn::Member::Unnamed(_) => None,
        },
        _ => None,
    }
}
