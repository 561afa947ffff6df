//! Written extractors on the wire. What they call is in [`native`].

use crate::catalog::Catalog;
use crate::entity::{Code, Env, Extractor, Featureset, Kind, Location, Meta, Reference};
use crate::wire::derived::input;
use crate::wire::encode::metadata;
use crate::wire::proto::featureset as proto;
use crate::wire::proto::pycode::PyCode;
use crate::wire::{Arena, Decoded, native, python};

/// The messages of a featureset's extractors in a commit for `env`, by name.
pub(super) fn encode(
    catalog: &Catalog<'_>,
    featureset: &Featureset<'_>,
    env: Option<&str>,
) -> Vec<proto::Extractor> {
    let extractors = catalog.extractors_of(featureset.name).iter();
    let mut selected: Vec<_> = extractors
        .filter(|extractor| extractor.env.selects(env))
        .filter(|extractor| {
            // What is deleted may outlive what it read.
            let deleted = featureset.meta.deleted || extractor.meta.deleted;
            !deleted || reads_what_is_there(catalog, extractor)
        })
        .collect();
    selected.sort_by_key(|extractor| extractor.name);
    let messages = selected.into_iter();
    messages
        .map(|extractor| message(catalog, extractor))
        .collect()
}

fn reads_what_is_there(catalog: &Catalog<'_>, extractor: &Extractor<'_>) -> bool {
    let datasets = extractor.datasets.iter();
    let mut inputs = extractor.inputs.iter();
    datasets
        .copied()
        .all(|name| catalog.dataset(name).is_some())
        && inputs.all(|input| feature_type(catalog, input).is_some())
}

fn feature_type<'c, 'a>(
    catalog: &'c Catalog<'a>,
    input: &Reference<'_>,
) -> Option<&'c crate::ty::Type<'a>> {
    let featureset = catalog.featureset(input.entity)?;
    let feature = featureset.feature(input.name)?;
    Some(&feature.ty)
}

fn message(catalog: &Catalog<'_>, extractor: &Extractor<'_>) -> proto::Extractor {
    let inputs = extractor.inputs.iter().filter_map(|read| {
        let ty = feature_type(catalog, read)?;
        Some(input(read.entity, read.name, ty))
    });
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let mut message = proto::Extractor {
        name: extractor.name.into(),
        datasets: texts(extractor.datasets),
        inputs: inputs.collect(),
        features: texts(extractor.outputs),
        metadata: Some(metadata(&extractor.meta)),
        version: extractor.version as i32,
        pycode: Some(code(&extractor.code)),
        feature_set_name: extractor.featureset.into(),
        ..Default::default()
    };
    message.set_extractor_type(proto::ExtractorType::PyFunc);
    message
}

fn code(code: &Code<'_>) -> PyCode {
    match code {
        Code::Rust(function) => native::encode(function),
        Code::Python(function) => python::encode(function),
    }
}

/// The extractor of a message.
pub(super) fn decode<'a>(
    arena: Arena<'a>,
    message: &proto::Extractor,
    meta: Meta<'a>,
) -> Decoded<Extractor<'a>> {
    let inputs = message.inputs.iter().map(|input| {
        let feature = input.feature.as_ref().ok_or("an input names no feature")?;
        Ok(Reference {
            kind: Kind::Featureset,
            entity: arena.text(&feature.feature_set_name),
            name: arena.text(&feature.name),
        })
    });
    let code = message
        .pycode
        .as_ref()
        .ok_or("it has no code: a function travels with its name or its source")?;
    Ok(Extractor {
        name: arena.text(&message.name),
        featureset: arena.text(&message.feature_set_name),
        inputs: arena.slice(&inputs.collect::<Decoded<Vec<_>>>()?),
        outputs: arena.texts(&message.features),
        datasets: arena.texts(&message.datasets),
        version: u32::try_from(message.version).map_err(|_| "its version is negative")?,
        env: Env::ANY,
        meta,
        code: match native::decode(arena, code) {
            Some(function) => Code::Rust(function),
            None => Code::Python(python::decode(arena, code)?),
        },
        location: Location::UNKNOWN,
    })
}
