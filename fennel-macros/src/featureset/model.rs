//! What the tokens of a featureset say.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, Ident, ItemStruct, LitInt, Path, Type, Visibility};

use crate::args::{self, Arg, keyed, split};
use crate::cfg::Cfg;
use crate::dataset::Env;
use crate::enforce::At;
use crate::errors::Errors;
use crate::expand::FIELD_ATTRIBUTES;
use crate::meta::Meta;
use crate::path::Door;
use crate::restriction::{self, ColumnType, Restriction, column_type};
use crate::rowexpr::{self, RowExpr};
use crate::{literal, path};

pub(crate) struct Model {
    /// The path of the facade's private module, and the same in blocks that import it.
    pub(crate) door: Door,
    pub(crate) private: Door,
    pub(crate) ident: Ident,
    pub(crate) meta: Meta,
    pub(crate) features: Vec<Feature>,
}

pub(crate) struct Feature {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    /// The type, or what it was likely meant to be; `None` where that can't be told.
    pub(crate) meant: Option<Type>,
    pub(crate) cfg: Cfg,
    pub(crate) restriction: Option<Restriction>,
    pub(crate) extraction: Option<Extraction>,
    pub(crate) meta: Meta,
}

/// `#[feature(Entity::name, default = .., version = .., env = ..)]`, `#[feature(expr = ..)]`.
pub(crate) struct Extraction {
    pub(crate) origin: Origin,
    pub(crate) default: Option<Default>,
    pub(crate) version: Option<LitInt>,
    pub(crate) env: Env,
}

pub(crate) enum Origin {
    Reference(Reference),
    Expr(RowExpr),
}

/// `Entity::name`.
pub(crate) struct Reference {
    /// The whole path.
    pub(crate) path: Path,
    /// The path of the entity.
    pub(crate) entity: Path,
    /// The column or the feature.
    pub(crate) name: Ident,
}

/// A constant, as a literal of fennel-core.
pub(crate) struct Default {
    key: Ident,
    pub(crate) literal: TokenStream,
    pub(crate) at: At,
}

const KNOWN: [&str; 4] = ["expr", "default", "version", "env"];

impl Model {
    pub(crate) fn parse(args: TokenStream, item: &mut ItemStruct, errors: &mut Errors) -> Model {
        let mut facade = None;
        for arg in keyed(split(args), errors) {
            match arg.key.to_string().as_str() {
                "crate" => facade = arg.parse("the path of the fennel crate", errors),
                _ => args::unknown(&arg, &["crate"], errors),
            }
        }
        let (door, private) = (Door::of(facade.as_ref()), Door::short());
        let meta = Meta::take(&mut item.attrs, errors);
        for attribute in path::take(&mut item.attrs, "source") {
            errors.on(
                attribute,
                "a featureset has no source: put `#[source]` on a dataset and look it up",
            );
        }
        for attribute in path::take(&mut item.attrs, "expectations") {
            errors.on(
                attribute,
                "a featureset has no expectations: put `#[expectations]` on the datasets that it reads",
            );
        }
        for attribute in path::take(&mut item.attrs, "sink") {
            errors.on(
                attribute,
                "a featureset has no sink: `#[sink]` writes the rows of a dataset",
            );
        }
        let features = item.fields.iter_mut();
        let features = features.filter_map(|field| Feature::parse(&private, field, errors));
        Model {
            ident: item.ident.clone(),
            meta,
            features: features.collect(),
            door,
            private,
        }
    }
}

impl Feature {
    fn parse(private: &Door, field: &mut syn::Field, errors: &mut Errors) -> Option<Feature> {
        let meant = path::check_type(&field.ty, errors);
        let cfg = Cfg::read(&mut field.attrs, &FIELD_ATTRIBUTES, errors);
        let meta = Meta::take(&mut field.attrs, errors);
        for attribute in path::take(&mut field.attrs, "field") {
            errors.on(attribute, "`#[field]` is for the fields of a `#[dataset]`");
        }
        let restriction = restriction::take(private, &mut field.attrs, errors);
        let attributes = path::take(&mut field.attrs, "feature");
        if let Some(second) = attributes.get(1) {
            errors.on(
                second,
                "a feature is had in one way: give `#[feature]` once",
            );
        }
        let extraction = attributes.first();
        let extraction =
            extraction.and_then(|attribute| Extraction::parse(private, attribute, errors));
        Some(Feature {
            ident: field.ident.clone()?,
            vis: field.vis.clone(),
            ty: field.ty.clone(),
            meant,
            cfg,
            restriction,
            extraction,
            meta,
        })
    }

    /// The type of the `i`th field, restricted or not; `None` where it can't be told.
    pub(crate) fn column_type(&self, private: &Door, i: usize) -> Option<ColumnType> {
        let ty = self.meant.as_ref()?;
        let restriction = self.restriction.as_ref();
        Some(column_type(private, i, ty, restriction, &self.cfg))
    }

    /// The feature's name, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

impl Extraction {
    /// `None` for a feature that queries give, and after an error.
    fn parse(private: &Door, attribute: &Attribute, errors: &mut Errors) -> Option<Extraction> {
        let (mut references, keys): (Vec<_>, Vec<_>) = split(args::tokens_of(attribute, errors))
            .into_iter()
            .partition(|part| !args::has_key(part));
        if let Some(second) = references.get(1) {
            errors.on(second, "a feature reads one column or feature");
        }
        let (mut default, mut version, mut env) =
            (None, None, <Env as core::default::Default>::default());
        let (mut first, mut expr) = (None, None);
        for arg in keyed(keys, errors) {
            match arg.key.to_string().as_str() {
                "expr" => expr = Some((arg.key.clone(), expression(private, &arg, errors))),
                "default" => default = Default::parse(private, &arg, errors),
                "version" => version = arg.parse("a whole number", errors),
                "env" => env = Env::parse(&arg, errors),
                _ => {
                    args::unknown(&arg, &KNOWN, errors);
                    continue;
                }
            }
            first.get_or_insert(arg.key);
        }
        if let Some((key, expr)) = expr {
            if !references.is_empty() {
                errors.on(
                    &key,
                    "a feature is had in one way: it reads a column or feature, or it is computed by `expr`",
                );
            }
            if let Some(Default { key, .. }) = &default {
                errors.on(
                    key,
                    "an expression has no default: write `.fill_null(..)` in it where it can be null",
                );
            }
            return Some(Extraction {
                origin: Origin::Expr(expr?),
                default: None,
                version,
                env,
            });
        }
        if references.is_empty() {
            if let Some(first) = first {
                errors.on(&first, format!("`{first}` needs something to read: `#[feature(Dataset::column, {first} = ..)]`"));
            }
            return None;
        }
        let reference = Reference::parse(references.swap_remove(0), errors)?;
        Some(Extraction {
            origin: Origin::Reference(reference),
            default,
            version,
            env,
        })
    }

    /// The entity's column or feature that is read, if it is one.
    pub(crate) fn reference(&self) -> Option<&Reference> {
        match &self.origin {
            Origin::Reference(reference) => Some(reference),
            Origin::Expr(_) => None,
        }
    }
}

impl Reference {
    fn parse(tokens: TokenStream, errors: &mut Errors) -> Option<Reference> {
        let path = match syn::parse2::<Path>(tokens.clone()) {
            Ok(path) if path.segments.len() > 1 => path,
            _ => {
                errors.on(
                    tokens,
                    "expected what to read: `Dataset::column`, `Featureset::feature` or `expr = ..`",
                );
                return None;
            }
        };
        let mut entity = path.clone();
        let name = entity.segments.pop()?.into_value().ident;
        entity.segments.pop_punct();
        Some(Reference { path, entity, name })
    }
}

/// `expr = ..`
fn expression(private: &Door, arg: &Arg, errors: &mut Errors) -> Option<RowExpr> {
    let expr: Expr = arg.parse("an expression over other features", errors)?;
    errors.take(rowexpr::read(private, &expr))
}

impl Default {
    fn parse(private: &Door, arg: &Arg, errors: &mut Errors) -> Option<Default> {
        let expr: Expr = arg.parse("a constant", errors)?;
        let literal = errors.take(literal::literal(private, &expr))?;
        Some(Default {
            key: arg.key.clone(),
            literal,
            at: At::tokens(&expr),
        })
    }
}
