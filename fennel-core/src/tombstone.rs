//! The code that deletes what is live: what to paste where a definition was left out.
//!
//! It is as short as can be and still compiles wherever `fennel::prelude::*` is there: what is marked deleted
//! has no content, so restrictions, sources, indexes and extractors are left out, and so are columns and
//! features whose types are records, which the code may not have any more.

use std::fmt::Write as _;

use crate::entity::{Dataset, Descriptor, Feature, Featureset, Meta};
use crate::expr::Name;
use crate::ty::Type;

/// The whole definition of an entity, marked deleted, with a line's end behind each line.
#[must_use]
pub fn entity(entity: Descriptor<'_>) -> String {
    match entity {
        Descriptor::Dataset(dataset) => of_dataset(dataset),
        Descriptor::Featureset(featureset) => of_featureset(featureset),
    }
}

/// The lines that mark one feature deleted, for the body of its featureset.
#[must_use]
pub fn feature(feature: &Feature<'_>) -> String {
    let name = Name(feature.name);
    match written(&feature.ty) {
        Some(ty) => format!("#[meta(deleted)]\n{name}: {ty},\n"),
        None => format!(
            "// Its type was {}; that of a deleted feature does not matter.\n#[meta(deleted)]\n{name}: String,\n",
            feature.ty
        ),
    }
}

fn of_dataset(dataset: &Dataset<'_>) -> String {
    let mut code = format!("#[dataset(version = {})]\n", dataset.version);
    let mut members = String::new();
    let instants = dataset.fields.iter();
    let instants = instants.filter(|field| matches!(field.ty, Type::Timestamp));
    let is_ambiguous = instants.count() > 1;
    let timestamp = dataset.timestamp();
    for (i, field) in dataset.fields.iter().enumerate() {
        let attribute = match field.key {
            true => "    #[field(key)]\n",
            false if is_ambiguous && timestamp == Some(i) => "    #[field(timestamp)]\n",
            false => "",
        };
        if let Some(ty) = written(&field.ty) {
            members.push_str(attribute);
            member(&mut members, field.name, &ty);
        }
    }
    end(&mut code, &dataset.meta, dataset.name, &members);
    code
}

fn of_featureset(featureset: &Featureset<'_>) -> String {
    let mut code = "#[featureset]\n".to_owned();
    let mut members = String::new();
    for feature in featureset.features {
        if let Some(ty) = written(&feature.ty) {
            member(&mut members, feature.name, &ty);
        }
    }
    end(&mut code, &featureset.meta, featureset.name, &members);
    code
}

/// The struct below its attribute.
fn end(code: &mut String, meta: &Meta<'_>, name: &str, members: &str) {
    let (owner, name) = (meta.owner, Name(name));
    let line = if members.is_empty() { "" } else { "\n" };
    let _ = writeln!(
        code,
        "#[meta(owner = {owner:?}, deleted)]\nstruct {name} {{{line}{members}}}"
    );
}

fn member(code: &mut String, name: &str, ty: &str) {
    let _ = writeln!(code, "    {}: {ty},", Name(name));
}

/// A type without restrictions, if it can be written with the prelude alone.
fn written(ty: &Type<'_>) -> Option<String> {
    Some(match ty {
        Type::Optional(inner) => format!("Option<{}>", written(inner)?),
        Type::List(inner) => format!("Vec<{}>", written(inner)?),
        Type::Map(inner) => format!("BTreeMap<String, {}>", written(inner)?),
        Type::Record(_) if ty.is_window() => "Window".into(),
        Type::Record(_) => return None,
        plain => plain.unrestricted().to_string(),
    })
}
