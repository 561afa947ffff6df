//! By what a dataset's rows are known.

use std::collections::BTreeMap;

use super::facts::{FactList, structure};
use crate::catalog::Catalog;
use crate::entity::Dataset;

/// A text that two datasets share exactly when they hold the same rows: name, version, columns,
/// history, sources and pipelines, and neither a metaflag, an expectation nor a credential; then the
/// same of all datasets that its rows are made of, by way of however many pipelines.
///
/// A store finds a dataset's table again by this text. So it is part of the format of the folder, as are the texts of
/// types, expressions, operators and connectors that it is made of.
#[must_use]
pub fn identity(catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> String {
    let mut made_of = BTreeMap::new();
    let inputs = |dataset: &str| catalog.pipelines(dataset).iter().flat_map(|it| it.inputs);
    let mut names: Vec<_> = inputs(dataset.name).collect();
    while let Some(name) = names.pop() {
        if *name == dataset.name || made_of.contains_key(name) {
            continue;
        }
        if let Some(input) = catalog.dataset(name) {
            made_of.insert(name, structure_text(catalog, input));
            names.extend(inputs(name));
        }
    }
    let own = [structure_text(catalog, dataset)];
    let texts: Vec<_> = own.into_iter().chain(made_of.into_values()).collect();
    texts.join("\n\n")
}

/// What decides the dataset's rows, but for what it is made of.
pub(super) fn structure_text(catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> String {
    let mut list = FactList::default();
    list.content("name", dataset.name);
    list.content("version", dataset.version);
    structure(&mut list, catalog, dataset);
    let facts = list.0.iter().filter(|(_, fact)| !fact.metaflag);
    let facts = facts.map(|(path, fact)| format!("{path:?}={:?}", fact.text));
    facts.collect::<Vec<_>>().join("\n")
}
