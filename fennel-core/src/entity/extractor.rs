//! Extractors: functions that make features of others.

use super::{Dataset, Descriptor, Env, Featureset, Field, Location, Meta, Python, Reference};
use crate::message::{Check, Message};
use crate::text::{closest, eq};
use crate::ty::Type;

/// What `#[extractor]` says of a function.
#[derive(Clone, Copy, Debug)]
pub struct Extractor<'a> {
    /// The function's name.
    pub name: &'a str,
    /// The featureset whose features it makes.
    pub featureset: &'a str,
    /// The features that it takes, of any featureset, in order.
    pub inputs: &'a [Reference<'a>],
    /// The features that it makes, in order.
    pub outputs: &'a [&'a str],
    /// The datasets that it looks up in.
    pub datasets: &'a [&'a str],
    /// The version, 0 where none is given. Another function needs a higher one.
    pub version: u32,
    /// Which commits it takes part in.
    pub env: Env<'a>,
    /// Metaflags.
    pub meta: Meta<'a>,
    /// What is called.
    pub code: Code<'a>,
    /// Where it was declared.
    pub location: Location<'a>,
}

/// What an extractor calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code<'a> {
    /// A Rust function. It travels by name, and runs where its crate is linked.
    Rust(Native<'a>),
    /// A Python function. It travels with its code, and runs where a server is told to run Python.
    Python(Python<'a>),
}

/// A Rust function by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native<'a> {
    /// The path of the function, such as `my_crate::risk::UserFeatures::score`.
    pub symbol: &'a str,
    /// Parameters and result as written.
    pub signature: &'a str,
    /// A hash of the function's tokens, so that another function under one name is seen.
    pub hash: u64,
}

impl<'a> Extractor<'a> {
    /// Checks the number of the version.
    ///
    /// # Errors
    ///
    /// It is beyond what the protocol holds.
    pub const fn check_version(&self) -> Check {
        if self.version > i32::MAX as u32 {
            return Err(Message::new("version is at most ").int(i32::MAX as i64));
        }
        Ok(())
    }

    /// Checks that the `i`th input is a feature of `target`, the entity that it names.
    ///
    /// # Errors
    ///
    /// There is no such feature, or `target` is a dataset.
    pub const fn check_input(&self, i: usize, target: Descriptor<'_>) -> Check {
        let name = self.inputs[i].name;
        match target {
            Descriptor::Dataset(dataset) => Err(Message::new("")
                .member(dataset.name, name)
                .text(" is a column of a dataset: take its row as a parameter, as in `#[lookup(key)] row: Option<")
                .text(dataset.name)
                .text(">`, or look it up as a feature")),
            Descriptor::Featureset(featureset) => {
                if featureset.position(name).is_none() {
                    return Err(no_feature(featureset, name));
                }
                Ok(())
            }
        }
    }

    /// Checks that the `i`th output, written as one of `target`, is a feature of its own featureset.
    ///
    /// # Errors
    ///
    /// It is of another entity, and what [`Extractor::check_output`] reports.
    pub const fn check_output_of(
        &self,
        i: usize,
        target: Descriptor<'_>,
        featureset: &Featureset<'_>,
    ) -> Check {
        if matches!(target, Descriptor::Featureset(_)) && eq(target.name(), self.featureset) {
            return self.check_output(i, featureset);
        }
        Err(
            Message::new("an extractor makes features of its own featureset, ")
                .name(self.featureset)
                .text(", and this is ")
                .member(target.name(), self.outputs[i]),
        )
    }

    /// Checks that the `i`th output is a feature of its own featureset.
    ///
    /// # Errors
    ///
    /// It is none, is listed twice, or is an input too.
    pub const fn check_output(&self, i: usize, featureset: &Featureset<'_>) -> Check {
        let name = self.outputs[i];
        if featureset.position(name).is_none() {
            return Err(no_feature(featureset, name));
        }
        let mut j = 0;
        while j < i {
            if eq(self.outputs[j], name) {
                return Err(Message::new("output ").name(name).text(" is listed twice"));
            }
            j += 1;
        }
        let mut j = 0;
        while j < self.inputs.len() {
            if eq(self.inputs[j].name, name) && eq(self.inputs[j].entity, featureset.name) {
                return Err(Message::new("feature ")
                    .name(name)
                    .text(" depends on itself: ")
                    .name(self.name)
                    .text(" takes it and makes it"));
            }
            j += 1;
        }
        Ok(())
    }

    /// Checks that the `i`th output has no `#[feature(..)]` that takes part in the same commits.
    ///
    /// # Errors
    ///
    /// It has one.
    pub const fn check_made_once(&self, i: usize, featureset: &Featureset<'_>) -> Check {
        let name = self.outputs[i];
        if let Some(feature) = featureset.feature(name)
            && let Some(other) = feature.extraction
            && other.env.0.is_empty()
            && self.env.0.is_empty()
        {
            return Err(Message::new("feature ")
                .name(name)
                .text(" is had in two ways: by its `#[feature(..)]` and by ")
                .name(self.name)
                .text("; keep one, or give each an `env`"));
        }
        Ok(())
    }

    /// Checks a dataset that it looks up in.
    ///
    /// # Errors
    ///
    /// The dataset is not indexed.
    pub const fn check_dataset(&self, dataset: &Dataset<'_>) -> Check {
        if dataset.index.any() {
            return Ok(());
        }
        Err(Message::new("")
            .name(dataset.name)
            .text(" is not indexed, so it cannot be looked up: write `#[dataset(index)]`"))
    }

    /// Checks the keys of a lookup, each by the position of its input. `types` are those of the
    /// inputs' parameters.
    ///
    /// # Errors
    ///
    /// A key is missing, is too many, or has another type.
    pub const fn check_keys(
        &self,
        dataset: &Dataset<'_>,
        keys: &[usize],
        types: &[Type<'_>],
    ) -> Check {
        let (mut count, mut i) = (0, 0);
        while i < dataset.fields.len() {
            let field = &dataset.fields[i];
            i += 1;
            if !field.key {
                continue;
            }
            if count < keys.len() && !types[keys[count]].is_as_value(&field.ty) {
                return Err(looking_up(dataset, field)
                    .text(", and ")
                    .name(self.inputs[keys[count]].name)
                    .text(" is ")
                    .ty(&types[keys[count]]));
            }
            if count == keys.len() {
                return Err(looking_up(dataset, field)
                    .text(" too: name the parameter for it in `#[lookup(..)]`"));
            }
            count += 1;
        }
        if keys.len() > count {
            return Err(Message::new("looking up ")
                .name(dataset.name)
                .text(" needs ")
                .int(count as i64)
                .text(if count == 1 {
                    " key, and this names "
                } else {
                    " keys, and this names "
                })
                .int(keys.len() as i64));
        }
        Ok(())
    }
}

const fn looking_up(dataset: &Dataset<'_>, key: &Field<'_>) -> Message {
    Message::new("looking up ")
        .name(dataset.name)
        .text(" needs the key `")
        .text(key.name)
        .text(": ")
        .text(key.ty.write(Message::new("")).as_str())
        .text("`")
}

/// Checks that the parameter for the instant has its type.
///
/// # Errors
///
/// It has another one.
pub const fn check_instant(ty: &Type<'_>) -> Check {
    if let Type::Timestamp = ty {
        return Ok(());
    }
    Err(Message::new(
        "parameter `ts` is the instant that is asked about: it is `DateTime<Utc>`, not ",
    )
    .ty(ty))
}

/// Checks that the parameter or result of an extractor has the type of its feature. What
/// `featureset` lacks is passed over.
///
/// # Errors
///
/// Both types.
pub const fn check_feature_type(
    what: &str,
    ty: &Type<'_>,
    featureset: Descriptor<'_>,
    feature: &str,
) -> Check {
    let Descriptor::Featureset(featureset) = featureset else {
        return Ok(());
    };
    let Some(feature) = featureset.feature(feature) else {
        return Ok(());
    };
    if ty.is_as_value(&feature.ty) {
        return Ok(());
    }
    Err(Message::new(what)
        .text(" is ")
        .ty(ty)
        .text(", but ")
        .member(featureset.name, feature.name)
        .text(" is ")
        .ty(&feature.ty))
}

const fn no_feature(featureset: &Featureset<'_>, name: &str) -> Message {
    let message = Message::new("featureset ")
        .name(featureset.name)
        .text(" has no feature ")
        .name(name);
    let mut i = 0;
    while i < featureset.features.len() {
        let known = featureset.features[i].name;
        if closest(known, name) {
            return message.text("; did you mean ").name(known).text("?");
        }
        i += 1;
    }
    let (mut message, mut i) = (message.text("; it has "), 0);
    while i < featureset.features.len() {
        message = message.listed(i, featureset.features.len(), featureset.features[i].name);
        i += 1;
    }
    message
}
