//! What the tokens of a dataset say.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{Ident, ItemStruct, LitInt, LitStr, Type, Visibility};

use super::expectation::Expectations;
use super::sink::Sink;
use super::source::Source;
use crate::args::{self, keyed, split};
use crate::cfg::Cfg;
use crate::errors::Errors;
use crate::expand::FIELD_ATTRIBUTES;
use crate::meta::Meta;
use crate::path;
use crate::path::Door;
use crate::restriction::{self, ColumnType, Restriction, column_type};

pub(crate) struct Model {
    /// The path of the facade's private module, and the same in blocks that import it.
    pub(crate) door: Door,
    pub(crate) private: Door,
    pub(crate) ident: Ident,
    pub(crate) options: Options,
    pub(crate) meta: Meta,
    /// In the order of the wire: the last attribute first.
    pub(crate) sources: Vec<Source>,
    pub(crate) expectations: Option<Expectations>,
    /// In the order of the wire, too.
    pub(crate) sinks: Vec<Sink>,
    pub(crate) fields: Vec<Field>,
}

/// The arguments of `#[dataset(..)]`.
#[derive(Default)]
pub(crate) struct Options {
    facade: Option<syn::Path>,
    pub(crate) version: Option<LitInt>,
    pub(crate) history: Option<LitStr>,
    pub(crate) index: bool,
    pub(crate) online: Option<bool>,
    pub(crate) offline: Option<bool>,
    /// Where an index is asked for.
    pub(crate) index_span: Option<Span>,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    /// The type, or what it was likely meant to be; `None` where that can't be told.
    pub(crate) meant: Option<Type>,
    pub(crate) cfg: Cfg,
    pub(crate) restriction: Option<Restriction>,
    pub(crate) key: bool,
    pub(crate) erase_key: bool,
    pub(crate) timestamp: bool,
    pub(crate) meta: Meta,
}

const OPTIONS: [&str; 6] = ["version", "history", "index", "online", "offline", "crate"];
const ROLES: [&str; 3] = ["key", "timestamp", "erase_key"];

impl Model {
    pub(crate) fn parse(args: TokenStream, item: &mut ItemStruct, errors: &mut Errors) -> Model {
        let options = Options::parse(args, errors);
        let (door, private) = (Door::of(options.facade.as_ref()), Door::short());
        let meta = Meta::take(&mut item.attrs, errors);
        let sources = path::take(&mut item.attrs, "source");
        let sources = sources.iter().rev().filter_map(|attribute| {
            Source::parse(
                &private,
                args::tokens_of(attribute, errors),
                attribute,
                errors,
            )
        });
        let sources = sources.collect();
        let expectations = Expectations::take(&private, &mut item.attrs, errors);
        let sinks = path::take(&mut item.attrs, "sink");
        let sinks = sinks.iter().rev().filter_map(|attribute| {
            let tokens = args::tokens_of(attribute, errors);
            Sink::parse(&private, tokens, attribute, errors)
        });
        let sinks = sinks.collect();
        let fields = item
            .fields
            .iter_mut()
            .filter_map(|field| Field::parse(&private, field, errors));
        Model {
            ident: item.ident.clone(),
            meta,
            sources,
            expectations,
            sinks,
            fields: fields.collect(),
            options,
            door,
            private,
        }
    }
}

impl Options {
    fn parse(args: TokenStream, errors: &mut Errors) -> Options {
        let mut options = Options::default();
        for arg in keyed(split(args), errors) {
            match arg.key.to_string().as_str() {
                "version" => options.version = arg.parse("a whole number from 1 on", errors),
                "history" => options.history = arg.text("90d", errors),
                "index" => options.index = arg.bool(errors),
                "online" => options.online = Some(arg.bool(errors)),
                "offline" => options.offline = Some(arg.bool(errors)),
                "crate" => options.facade = arg.parse("the path of the fennel crate", errors),
                _ => args::unknown(&arg, &OPTIONS, errors),
            }
            if matches!(arg.key.to_string().as_str(), "index" | "online" | "offline") {
                options.index_span.get_or_insert(arg.key.span());
            }
        }
        options
    }
}

impl Field {
    fn parse(private: &Door, field: &mut syn::Field, errors: &mut Errors) -> Option<Field> {
        let meant = path::check_type(&field.ty, errors);
        let cfg = Cfg::read(&mut field.attrs, &FIELD_ATTRIBUTES, errors);
        let meta = Meta::take(&mut field.attrs, errors);
        if let Some(span) = meta.state() {
            errors.at(
                span,
                "a column can't be deleted or deprecated: change the dataset under a higher version",
            );
        }
        for attribute in path::take(&mut field.attrs, "feature") {
            errors.on(
                attribute,
                "`#[feature]` is for the fields of a `#[featureset]`",
            );
        }
        let restriction = restriction::take(private, &mut field.attrs, errors);
        let mut parsed = Field {
            ident: field.ident.clone()?,
            vis: field.vis.clone(),
            ty: field.ty.clone(),
            meant,
            cfg,
            restriction,
            key: false,
            erase_key: false,
            timestamp: false,
            meta,
        };
        for attribute in path::take(&mut field.attrs, "field") {
            for arg in keyed(split(args::tokens_of(&attribute, errors)), errors) {
                match arg.key.to_string().as_str() {
                    "key" => parsed.key = arg.bool(errors),
                    "erase_key" => parsed.erase_key = arg.bool(errors),
                    "timestamp" => parsed.timestamp = arg.bool(errors),
                    _ => args::unknown(&arg, &ROLES, errors),
                }
            }
        }
        Some(parsed)
    }

    /// Whether a mistake is likely one of the type, and is to be underlined there.
    pub(crate) fn type_may_be_wrong(&self) -> bool {
        let in_a_role = self.key || self.erase_key || self.timestamp;
        in_a_role || self.restriction.is_some() || path::may_be_wrong(&self.ty)
    }

    /// The type of the `i`th field, restricted or not; `None` where it can't be told.
    pub(crate) fn column_type(&self, private: &Door, i: usize) -> Option<ColumnType> {
        let ty = self.meant.as_ref()?;
        let restriction = self.restriction.as_ref();
        Some(column_type(private, i, ty, restriction, &self.cfg))
    }

    /// The column's name, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

/// An `Option<bool>` as tokens.
pub(crate) fn option(flag: Option<bool>) -> TokenStream {
    match flag {
        Some(flag) => quote!(::core::option::Option::Some(#flag)),
        None => quote!(::core::option::Option::None),
    }
}
