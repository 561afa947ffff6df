//! What one binary collected at link time.
//!
//! Each entity's macro submits its descriptor to `inventory`. A crate that the binary never names
//! is not linked, and its entities would be missing in silence; so [`collect`] is told the crates
//! that must be there.

use crate::Error;
use crate::catalog::Catalog;
use crate::entity::{Code, Dataset, Descriptor, Extractor, Featureset, Location, Native, Pipeline};
use crate::native::{Call, Parameter};
use crate::op::RowFunction;

/// An entity's entry.
#[derive(Debug)]
pub struct Registered(pub Descriptor<'static>);

inventory::collect!(Registered);

/// A pipeline's entry, with the dataset that it fills.
#[derive(Debug)]
pub struct RegisteredPipeline {
    /// The pipeline.
    pub pipeline: Pipeline<'static>,
    /// The dataset.
    pub dataset: &'static Dataset<'static>,
}

inventory::collect!(RegisteredPipeline);

/// The pipelines that fill a dataset, by name.
pub(crate) fn pipelines_of(dataset: &Dataset<'_>) -> Vec<Pipeline<'static>> {
    let all = inventory::iter::<RegisteredPipeline>.into_iter();
    let filling = all.filter(|entry| {
        entry.dataset.name == dataset.name && entry.dataset.location == dataset.location
    });
    let mut pipelines: Vec<_> = filling.map(|entry| entry.pipeline).collect();
    pipelines.sort_by_key(|pipeline| pipeline.name);
    pipelines
}

/// An extractor's entry, with its featureset and its function.
#[derive(Debug)]
pub struct RegisteredExtractor {
    /// The extractor.
    pub extractor: Extractor<'static>,
    /// The featureset.
    pub featureset: &'static Featureset<'static>,
    /// What to call it with.
    pub parameters: &'static [Parameter<'static>],
    /// Calls the function.
    pub call: Call,
}

inventory::collect!(RegisteredExtractor);

/// The extractors of a featureset, by name.
pub(crate) fn extractors_of(featureset: &Featureset<'_>) -> Vec<Extractor<'static>> {
    let all = inventory::iter::<RegisteredExtractor>.into_iter();
    let own = all.filter(|entry| {
        entry.featureset.name == featureset.name && entry.featureset.location == featureset.location
    });
    let mut extractors: Vec<_> = own.map(|entry| entry.extractor).collect();
    extractors.sort_by_key(|extractor| extractor.name);
    extractors
}

/// A function from rows to rows: its entry.
#[derive(Debug)]
pub struct RegisteredTransform {
    /// What it is.
    pub function: RowFunction<'static>,
    /// Calls it with a row, which is a record; it answers with one.
    pub call: Call,
}

inventory::collect!(RegisteredTransform);

/// The linked function from rows to rows of the same path, signature and source.
#[must_use]
pub fn transform(native: &Native<'_>) -> Option<&'static RegisteredTransform> {
    let mut all = inventory::iter::<RegisteredTransform>.into_iter();
    all.find(|entry| entry.function.native == *native)
}

/// The linked function of an extractor: of the same path, signature and source.
#[must_use]
pub fn function(native: &Native<'_>) -> Option<&'static RegisteredExtractor> {
    let mut all = inventory::iter::<RegisteredExtractor>.into_iter();
    all.find(|entry| entry.extractor.code == Code::Rust(*native))
}

/// Whether a function of that path is linked, whatever its source is.
#[must_use]
pub fn has_path(path: &str) -> bool {
    let mut extractors = inventory::iter::<RegisteredExtractor>.into_iter();
    let mut transforms = inventory::iter::<RegisteredTransform>.into_iter();
    let is_it = |code: &Code<'_>| matches!(code, Code::Rust(native) if native.symbol == path);
    extractors.any(|entry| is_it(&entry.extractor.code))
        || transforms.any(|entry| entry.function.native.symbol == path)
}

/// The catalog of all linked entities, by kind and name. `crates` are those that were named.
///
/// # Errors
///
/// [`Error::EmptyRegistry`], or [`Error::EmptyCrate`] for a named crate without entities.
pub fn collect(crates: &[&str]) -> Result<Catalog<'static>, Error> {
    let mut found: Vec<Descriptor<'static>> = inventory::iter::<Registered>
        .into_iter()
        .map(|entry| entry.0)
        .collect();
    if found.is_empty() {
        return Err(Error::EmptyRegistry);
    }
    for name in crates {
        let name = name.replace('-', "_");
        if !found.iter().any(|entity| is_in(entity.location(), &name)) {
            return Err(Error::EmptyCrate(name));
        }
    }
    found.sort_by_key(|entity| (entity.kind(), entity.name(), entity.location().module));
    Ok(Catalog::from_iter(found))
}

fn is_in(location: Location<'_>, name: &str) -> bool {
    location.module.split("::").next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No crate that this program is linked with has definitions.
    #[test]
    fn a_program_without_definitions_is_told_how_they_are_linked() {
        for crates in [&[][..], &["my_features"]] {
            let refused = collect(crates).unwrap_err();
            assert!(matches!(refused, Error::EmptyRegistry), "{refused}");
            let told = refused.to_string();
            assert!(
                told.contains("`fennel_sync::main!(my_features)`") && told.contains("linked"),
                "{told}"
            );
        }
    }
}
