//! What this version of the engine can run.

use fennel_core::Problem;
use fennel_core::catalog::{Catalog, selected_extractors};
use fennel_core::connector::Connector;
use fennel_core::entity::expectation::Judge;
use fennel_core::entity::{Cdc, Code, Dataset, Descriptor, Featureset, Source};
use fennel_core::op::{Operator, Transform};
use fennel_core::registry;

use super::functions;
use crate::graph::linked;
use crate::kernel::windows_of_a_row;
use crate::native::unlinked;
use crate::python::RunBy;

/// What of `catalog` can't be run here, each by its name. What is deleted runs nowhere.
pub(super) fn check(catalog: &Catalog<'_>, python: (RunBy<'_>, bool)) -> Vec<Problem> {
    let datasets = catalog.datasets().iter();
    let datasets = datasets.filter(|dataset| !dataset.meta.deleted);
    let featuresets = catalog.featuresets().iter();
    let featuresets = featuresets.filter(|featureset| !featureset.meta.deleted);
    datasets
        .flat_map(|dataset| {
            let mut problems = of_dataset(dataset);
            problems.extend(of_pipelines(catalog, dataset));
            problems
        })
        .chain(featuresets.flat_map(|featureset| of_featureset(catalog, featureset)))
        .chain(functions::check(catalog, python))
        .collect()
}

/// The most windows of a group that one row may be in: each is a row of the output.
const MOST_WINDOWS: i64 = 10_000;

/// The functions that pipelines call and this program doesn't have, and groups of which a row makes too many others.
fn of_pipelines(catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for pipeline in catalog.selected_pipelines(dataset.name, None) {
        for step in pipeline.steps {
            let message = match &step.operator {
                Operator::Transform(Transform { function, .. })
                    if registry::transform(&function.native).is_none() =>
                {
                    format!("it {}", unlinked(&function.native))
                }
                Operator::Aggregate(aggregate) => match aggregate.window {
                    Some(window) if windows_of_a_row(window) > MOST_WINDOWS => format!(
                        "a row is in {} windows of the group {window}, and each is a row of its own: let them begin less often, so that it is in at most {MOST_WINDOWS}",
                        windows_of_a_row(window)
                    ),
                    _ => continue,
                },
                _ => continue,
            };
            let entity = Descriptor::Dataset(dataset);
            problems.push(Problem::new(entity, pipeline.name, message));
        }
    }
    problems
}

fn of_dataset(dataset: &Dataset<'_>) -> Vec<Problem> {
    let problem = |name: &str, what: &str| problem(Descriptor::Dataset(dataset), name, what);
    let mut problems = Vec::new();
    let mut checks = dataset
        .expectations
        .iter()
        .flat_map(|it| it.checks(dataset));
    // What the checks refuse is told already.
    let expected = match checks.any(|check| check.is_err()) {
        true => &[],
        false => dataset.expected(),
    };
    for (name, what) in expected.iter().filter_map(|expectation| {
        let refused = Judge::new(expectation, dataset).err()?;
        Some((expectation.name, refused))
    }) {
        let entity = Descriptor::Dataset(dataset);
        problems.push(Problem::new(
            entity,
            "expectations",
            format!("{name}: {what}"),
        ));
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
    match (&source.connector, source.cdc) {
        (Connector::Webhook(_), Cdc::Append | Cdc::Upsert | Cdc::Debezium) => None,
        (Connector::Webhook(_), cdc) => Some(format!("sources with cdc {}", cdc.name())),
        (connector, _) => Some(format!("{} sources", connector.label())),
    }
}

fn of_featureset(catalog: &Catalog<'_>, featureset: &Featureset<'_>) -> Vec<Problem> {
    let entity = Descriptor::Featureset(featureset);
    let mut problems = Vec::new();
    for extractor in selected_extractors(catalog, featureset.name, None) {
        let refused = match &extractor.code {
            Code::Rust(native) => linked(catalog, featureset, extractor, native).err(),
            Code::Python(_) => None,
        };
        problems.extend(refused.map(|why| Problem::new(entity, extractor.name, why)));
    }
    problems
}

fn problem(entity: Descriptor<'_>, name: &str, what: &str) -> Problem {
    let message = format!("{what} are not run by this version of the server; leave it out");
    Problem::new(entity, name, message)
}
