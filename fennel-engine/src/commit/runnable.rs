//! What this version of the engine can run.

use fennel_core::Problem;
use fennel_core::catalog::{Catalog, selected_extractors};
use fennel_core::connector::Connector;
use fennel_core::entity::{Cdc, Code, Dataset, Descriptor, Featureset, PreprocValue, Source};

/// What of `catalog` can't be run here, each by its name. What is deleted runs nowhere.
pub(super) fn check(catalog: &Catalog<'_>) -> Vec<Problem> {
    let datasets = catalog.datasets().iter();
    let datasets = datasets.filter(|dataset| !dataset.meta.deleted);
    let featuresets = catalog.featuresets().iter();
    let featuresets = featuresets.filter(|featureset| !featureset.meta.deleted);
    datasets
        .flat_map(of_dataset)
        .chain(featuresets.flat_map(|featureset| of_featureset(catalog, featureset)))
        .collect()
}

fn of_dataset(dataset: &Dataset<'_>) -> Vec<Problem> {
    let problem = |name: &str, what: &str| problem(Descriptor::Dataset(dataset), name, what);
    let mut problems = Vec::new();
    if dataset.expectations.is_some() {
        problems.push(problem("expectations", "expectations"));
    }
    for source in dataset.sources {
        if let Some(what) = unread(source) {
            problems.push(problem(source.connector.name(), &what));
        }
    }
    for sink in dataset.sinks {
        let what = format!("{} sinks", sink.connector.label());
        problems.push(problem(sink.connector.name(), &what));
    }
    problems
}

/// What of a source can't be run.
fn unread(source: &Source<'_>) -> Option<String> {
    let computed = |value| matches!(value, PreprocValue::Expr(_));
    let mut preproc = source.preproc.iter();
    match (&source.connector, source.cdc) {
        (Connector::Webhook(_), Cdc::Append | Cdc::Upsert) => {
            let expressions = source.filter.is_some() || preproc.any(|part| computed(part.value));
            expressions.then(|| "expressions of sources".into())
        }
        (Connector::Webhook(_), cdc) => Some(format!("sources with cdc {}", cdc.name())),
        (connector, _) => Some(format!("{} sources", connector.label())),
    }
}

fn of_featureset(catalog: &Catalog<'_>, featureset: &Featureset<'_>) -> Vec<Problem> {
    let entity = Descriptor::Featureset(featureset);
    let mut problems = Vec::new();
    for feature in featureset.features {
        let computed = feature.extraction.is_some_and(|of| of.expr().is_some());
        if computed && !feature.meta.deleted {
            problems.push(problem(entity, feature.name, "expression features"));
        }
    }
    for extractor in selected_extractors(catalog, featureset.name, None) {
        problems.push(match extractor.code {
            Code::Rust(_) => problem(entity, extractor.name, "extractors"),
            Code::Python(_) => Problem::new(
                entity,
                extractor.name,
                "this extractor is a Python function, which this server does not run: write it in Rust with #[extractors], or as an expression",
            ),
        });
    }
    problems
}

fn problem(entity: Descriptor<'_>, name: &str, what: &str) -> Problem {
    let message = format!("{what} are not run by this version of the server; leave it out");
    Problem::new(entity, name, message)
}
