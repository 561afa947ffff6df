//! Featuresets: named values for models, and how each is had.

use super::dataset::no_owner;
use super::order::{compare, first};
use super::{Dataset, Descriptor, Env, Field, Kind, Location, Meta, Order};
use crate::expr::Expr;
use crate::literal::Literal;
use crate::message::{Check, Message, ensure};
use crate::text::{eq, is_one_of};
use crate::ty::Type;

/// What `#[featureset]` says.
#[derive(Clone, Copy, Debug)]
pub struct Featureset<'a> {
    /// The struct's name.
    pub name: &'a str,
    /// The features, in the order of their declaration.
    pub features: &'a [Feature<'a>],
    /// The order of the features' names.
    pub order: Order<'a>,
    /// The features that read something, in the order of the names of what they read.
    pub reads: Order<'a>,
    /// Metaflags.
    pub meta: Meta<'a>,
    /// Where it was declared.
    pub location: Location<'a>,
}

/// One feature.
#[derive(Clone, Copy, Debug)]
pub struct Feature<'a> {
    /// The feature's name.
    pub name: &'a str,
    /// Its type.
    pub ty: Type<'a>,
    /// How it is had; `None` where queries must give it.
    pub extraction: Option<Extraction<'a>>,
    /// Metaflags.
    pub meta: Meta<'a>,
}

/// How a feature is had.
#[derive(Clone, Copy, Debug)]
pub struct Extraction<'a> {
    /// What it is had from.
    pub origin: Origin<'a>,
    /// What stands where nothing is found, or null is.
    pub default: Option<Literal<'a>>,
    /// The version, 0 where none is given. Another definition needs a higher one.
    pub version: u32,
    /// Which commits it takes part in.
    pub env: Env<'a>,
}

/// What a feature is had from.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A column that is looked up, or a feature that this is an alias of.
    Reference(Reference<'a>),
    /// The other features of its featureset, in an expression.
    Expr(Expr<'a>),
}

/// A column of a dataset, or a feature of a featureset, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// What `entity` is.
    pub kind: Kind,
    /// The dataset to look up in, or the featureset.
    pub entity: &'a str,
    /// The column, or the feature.
    pub name: &'a str,
}

/// Names that the protocol's clients keep for themselves.
pub(super) const RESERVED: [&str; 7] = [
    "fqn_",
    "dtype",
    "featureset_name",
    "featureset",
    "extractor",
    "extractors",
    "features",
];

impl<'a> Extraction<'a> {
    /// The column or the feature that is read, if it is one.
    #[must_use]
    pub const fn reference(&self) -> Option<Reference<'a>> {
        match self.origin {
            Origin::Reference(reference) => Some(reference),
            Origin::Expr(_) => None,
        }
    }

    /// The expression that is computed, if it is one.
    #[must_use]
    pub const fn expr(&self) -> Option<&Expr<'a>> {
        match &self.origin {
            Origin::Expr(expr) => Some(expr),
            Origin::Reference(_) => None,
        }
    }
}

impl<'a> Featureset<'a> {
    /// The position of a feature.
    #[must_use]
    pub const fn position(&self, name: &str) -> Option<usize> {
        if self.order.0.len() == self.features.len() {
            let first = first!(self.order, at => self.features[at].name, name);
            if first < self.features.len() {
                let at = self.order.0[first] as usize;
                if eq(self.features[at].name, name) {
                    return Some(at);
                }
            }
        }
        let mut i = 0;
        while i < self.features.len() {
            if eq(self.features[i].name, name) {
                return Some(i);
            }
            i += 1;
        }
        None
    }

    /// The position of a feature, or the one behind the last where there is none.
    #[must_use]
    pub const fn position_or_end(&self, name: &str) -> usize {
        match self.position(name) {
            Some(i) => i,
            None => self.features.len(),
        }
    }

    /// The feature of that name.
    #[must_use]
    pub const fn feature(&self, name: &str) -> Option<&Feature<'a>> {
        match self.position(name) {
            Some(i) => Some(&self.features[i]),
            None => None,
        }
    }

    /// Appends the names of all features.
    const fn list_features(&self, mut message: Message) -> Message {
        let mut i = 0;
        while i < self.features.len() {
            message = message.listed(i, self.features.len(), self.features[i].name);
            i += 1;
        }
        message
    }

    /// Checks that somebody owns it.
    ///
    /// # Errors
    ///
    /// No owner, or one that is not an e-mail address.
    pub const fn check_owner(&self) -> Check {
        if self.meta.owner.is_empty() {
            return Err(no_owner(self.name));
        }
        self.meta.check_owner()
    }

    /// Checks a feature's name.
    ///
    /// # Errors
    ///
    /// The name is reserved or taken.
    pub const fn check_feature(&self, i: usize) -> Check {
        let name = self.features[i].name;
        if let Some(extraction) = self.features[i].extraction
            && extraction.version > i32::MAX as u32
        {
            return Err(Message::new("version is at most ").int(i32::MAX as i64));
        }
        if is_one_of(name, &RESERVED) {
            return Err(Message::new("the name ")
                .name(name)
                .text(" is reserved: rename the feature"));
        }
        if !matches!(self.position(name), Some(first) if first == i) {
            return Err(Message::new("")
                .name(self.name)
                .text(" has two features ")
                .name(name));
        }
        Ok(())
    }

    /// Checks the env selector of the `i`th feature.
    ///
    /// # Errors
    ///
    /// The entry that is wrong.
    pub const fn check_env(&self, i: usize) -> Check {
        match self.features[i].extraction {
            Some(extraction) => extraction.env.check(),
            None => Ok(()),
        }
    }

    /// Checks that what the `i`th feature reads is there and can be read: the column or feature,
    /// the index, the keys. `target` is the entity that its reference names.
    ///
    /// # Errors
    ///
    /// What is missing, and what there is instead.
    pub const fn check_reference(&self, i: usize, target: Descriptor<'_>) -> Check {
        let Some(name) = self.reads(i) else {
            return Ok(());
        };
        match target {
            Descriptor::Dataset(dataset) => self.check_lookup(i, dataset, name),
            Descriptor::Featureset(source) => {
                if eq(source.name, self.name) && eq(name, self.features[i].name) {
                    return Err(Message::new("feature ")
                        .name(name)
                        .text(" depends on itself"));
                }
                if source.position(name).is_none() {
                    return Err(source.list_features(
                        Message::new("featureset ")
                            .name(source.name)
                            .text(" has no feature ")
                            .name(name)
                            .text("; it has "),
                    ));
                }
                Ok(())
            }
        }
    }

    /// The name of the column or feature that the `i`th feature reads.
    const fn reads(&self, i: usize) -> Option<&'a str> {
        let Some(Extraction {
            origin: Origin::Reference(reference),
            ..
        }) = self.features[i].extraction
        else {
            return None;
        };
        Some(reference.name)
    }

    /// A column is looked up once: its extractor is called by the column's name.
    const fn check_looked_up_once(&self, i: usize, dataset: &str, column: &str) -> Check {
        let mut k = first!(self.reads, at => self.read_by(at), column);
        while k < self.reads.0.len() {
            let j = self.reads.0[k] as usize;
            if !eq(self.read_by(j), column) {
                return Ok(());
            }
            if j < i && self.looks_up(j, dataset, column) {
                return Err(self.looked_up_already(j, dataset, column));
            }
            k += 1;
        }
        let mut j = 0;
        while self.reads.0.is_empty() && j < i {
            if self.looks_up(j, dataset, column) {
                return Err(self.looked_up_already(j, dataset, column));
            }
            j += 1;
        }
        Ok(())
    }

    const fn looks_up(&self, i: usize, dataset: &str, column: &str) -> bool {
        match self.features[i].extraction {
            Some(Extraction {
                origin: Origin::Reference(reference),
                ..
            }) => {
                matches!(reference.kind, Kind::Dataset)
                    && eq(reference.name, column)
                    && eq(reference.entity, dataset)
            }
            _ => false,
        }
    }

    const fn looked_up_already(&self, by: usize, dataset: &str, column: &str) -> Message {
        Message::new("")
            .member(dataset, column)
            .text(" is already looked up by ")
            .name(self.features[by].name)
            .text(": alias that feature instead")
    }

    /// The name of what the `i`th feature reads; none for one that queries give.
    const fn read_by(&self, i: usize) -> &'a str {
        match self.features[i].extraction {
            Some(Extraction {
                origin: Origin::Reference(reference),
                ..
            }) => reference.name,
            _ => "",
        }
    }

    const fn check_lookup(&self, i: usize, dataset: &Dataset<'_>, column: &str) -> Check {
        if dataset.position(column).is_none() {
            return Err(dataset.list_columns(
                Message::new("dataset ")
                    .name(dataset.name)
                    .text(" has no column ")
                    .name(column)
                    .text("; it has "),
            ));
        }
        ensure!(self.check_looked_up_once(i, dataset.name, column));
        if !dataset.index.any() {
            return Err(Message::new("")
                .name(dataset.name)
                .text(" is not indexed, so it cannot be looked up: write `#[dataset(index)]`"));
        }
        let listed = self.is_list_lookup(i, dataset);
        let mut k = 0;
        while k < dataset.fields.len() {
            let key = &dataset.fields[k];
            if key.key {
                let Some(feature) = self.feature(key.name) else {
                    return Err(Message::new("looking up ")
                        .member(dataset.name, column)
                        .text(" needs the key `")
                        .text(key.name)
                        .text(": ")
                        .text(key.ty.write(Message::new("")).as_str())
                        .text("`, and ")
                        .name(self.name)
                        .text(" has no feature of that name"));
                };
                let suits = match (listed, feature.ty) {
                    (true, Type::List(element)) => element.is(&key.ty),
                    (false, ty) => ty.is(&key.ty),
                    (true, _) => false,
                };
                if !suits {
                    return Err(Message::new("looking up ")
                        .member(dataset.name, column)
                        .text(" needs the key `")
                        .text(key.name)
                        .text(": ")
                        .text(key.ty.write(Message::new("")).as_str())
                        .text("`, and ")
                        .member(self.name, key.name)
                        .text(" is ")
                        .ty(&feature.ty));
                }
            }
            k += 1;
        }
        Ok(())
    }

    /// Whether the `i`th feature looks up one value per element: it is a list, and so is each of
    /// its keys. A column that is a list itself is looked up as a whole where the keys are not.
    #[must_use]
    pub const fn is_list_lookup(&self, i: usize, dataset: &Dataset<'_>) -> bool {
        if !matches!(self.features[i].ty, Type::List(_)) {
            return false;
        }
        let mut k = 0;
        while k < dataset.fields.len() {
            let key = &dataset.fields[k];
            if key.key {
                let Some(feature) = self.feature(key.name) else {
                    return false;
                };
                match feature.ty {
                    Type::List(element) if element.is(&key.ty) => {}
                    _ => return false,
                }
            }
            k += 1;
        }
        true
    }

    /// Checks that the `i`th feature has the type of what it reads. `target` is the entity that
    /// its reference names; what [`Featureset::check_reference`] reports is passed over.
    ///
    /// # Errors
    ///
    /// The type it has, and the type it must have.
    pub const fn check_type(&self, i: usize, target: Option<Descriptor<'_>>) -> Check {
        let feature = &self.features[i];
        if let Err(message) = feature.ty.check() {
            return Err(message);
        }
        let Some(extraction) = feature.extraction else {
            return Ok(());
        };
        let with_default =
            matches!(extraction.default, Some(default) if !matches!(default, Literal::Null));
        if let Some(expr) = extraction.expr() {
            return self.check_computed(i, expr, with_default);
        }
        let (Some(name), Some(target)) = (self.reads(i), target) else {
            return Ok(());
        };
        match target {
            Descriptor::Dataset(dataset) => {
                let Some(field) = dataset.field(name) else {
                    return Ok(());
                };
                self.check_looked_up(i, dataset, field, with_default)
            }
            Descriptor::Featureset(source) => {
                let Some(aliased) = source.feature(name) else {
                    return Ok(());
                };
                check_alias(self.name, feature, source.name, aliased, with_default)
            }
        }
    }

    const fn check_looked_up(
        &self,
        i: usize,
        dataset: &Dataset<'_>,
        field: &Field<'_>,
        with_default: bool,
    ) -> Check {
        let feature = &self.features[i];
        let required = field.ty.required();
        let optional = Type::Optional(&required);
        let one = if with_default { required } else { optional };
        let wanted = if self.is_list_lookup(i, dataset) {
            Type::List(&one)
        } else {
            one
        };
        if feature.ty.is(&wanted) {
            return Ok(());
        }
        let looking_up = Message::new("looking up ").member(dataset.name, field.name);
        if feature.ty.is(&required) {
            return Err(looking_up
                .text(" can find no row: make ")
                .name(feature.name)
                .text(" an ")
                .ty(&wanted)
                .text(" or give a `default`"));
        }
        Err(Message::new("")
            .member(self.name, feature.name)
            .text(" is ")
            .ty(&feature.ty)
            .text(", but ")
            .text(looking_up.as_str())
            .text(if with_default {
                " with a default makes it "
            } else {
                " makes it "
            })
            .ty(&wanted))
    }

    /// Checks the default of the `i`th feature against the feature's type.
    ///
    /// # Errors
    ///
    /// The default is of another type, or outside the type's restriction.
    pub const fn check_default(&self, i: usize, target: Descriptor<'_>) -> Check {
        let feature = &self.features[i];
        let Some(extraction) = feature.extraction else {
            return Ok(());
        };
        let Some(default) = extraction.default else {
            return Ok(());
        };
        if matches!(default, Literal::Null) || self.check_type(i, Some(target)).is_err() {
            return Ok(());
        }
        let checked = match (target, feature.ty) {
            (Descriptor::Dataset(dataset), Type::List(element))
                if self.is_list_lookup(i, dataset) =>
            {
                default.check(element)
            }
            _ => default.check(&feature.ty),
        };
        match checked {
            Ok(()) => Ok(()),
            Err(message) => Err(Message::new("the default of ")
                .member(self.name, feature.name)
                .text(": ")
                .text(message.as_str())),
        }
    }
}

const fn check_alias(
    featureset: &str,
    feature: &Feature<'_>,
    source: &str,
    aliased: &Feature<'_>,
    with_default: bool,
) -> Check {
    let wanted = if with_default {
        if !aliased.ty.is_optional() {
            return Err(Message::new("")
                .member(source, aliased.name)
                .text(" is never null: remove the `default`"));
        }
        aliased.ty.required()
    } else {
        aliased.ty
    };
    if feature.ty.is(&wanted) {
        return Ok(());
    }
    let message = Message::new("")
        .member(featureset, feature.name)
        .text(" is ")
        .ty(&feature.ty)
        .text(", but ")
        .member(source, aliased.name)
        .text(" is ")
        .ty(&aliased.ty);
    Err(if with_default {
        message.text(": with a default make it ").ty(&wanted)
    } else {
        message
    })
}
