//! What this version of the engine can run.

use fennel_core::Problem;
use fennel_core::catalog::{Catalog, selected_extractors};
use fennel_core::connector::Connector;
use fennel_core::entity::{Cdc, Code, Dataset, Descriptor, Featureset, Native, Source};
use fennel_core::native::Parameter;
use fennel_core::op::Operator;
use fennel_core::registry::{self, RegisteredExtractor};

/// What of `catalog` can't be run here, each by its name. What is deleted runs nowhere.
pub(super) fn check(catalog: &Catalog<'_>) -> Vec<Problem> {
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
        .collect()
}

/// The functions that pipelines call and this program doesn't have.
fn of_pipelines(catalog: &Catalog<'_>, dataset: &Dataset<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for pipeline in catalog.selected_pipelines(dataset.name, None) {
        for step in pipeline.steps {
            if let Operator::Transform(transform) = &step.operator
                && registry::transform(&transform.function.native).is_none()
            {
                let message = not_linked(&transform.function.native);
                let entity = Descriptor::Dataset(dataset);
                problems.push(Problem::new(entity, pipeline.name, message));
            }
        }
    }
    problems
}

/// Why the rows of a dataset that a function looks up are not those that it was compiled with, if so.
fn other_dataset(catalog: &Catalog<'_>, linked: &RegisteredExtractor) -> Option<String> {
    let lookups = linked
        .parameters
        .iter()
        .filter_map(|parameter| match parameter {
            Parameter::Lookup { dataset, .. } => Some(*dataset),
            _ => None,
        });
    lookups.into_iter().find_map(|compiled| {
        let committed = catalog.dataset(compiled.name)?;
        let differs = compiled.fields.iter().find(|field| {
            let same = committed.fields.iter().find(|other| other.name == field.name);
            !same.is_some_and(|same| {
                same.key == field.key && same.ty.to_string() == field.ty.to_string()
            })
        });
        differs.map(|field| {
            format!(
                "it looks up rows of `{}`, and the function was compiled with another one: column `{}` differs; build the server with the crate that is committed",
                compiled.name, field.name
            )
        })
    })
}

fn not_linked(native: &Native<'_>) -> String {
    format!(
        "it calls the Rust function `{}` ({}), which this server was built without, or with another version of: build a server with its crate, by `fennel_server::main!(..)`, and start that",
        native.symbol, native.signature
    )
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
    match (&source.connector, source.cdc) {
        (Connector::Webhook(_), Cdc::Append | Cdc::Upsert) => None,
        (Connector::Webhook(_), cdc) => Some(format!("sources with cdc {}", cdc.name())),
        (connector, _) => Some(format!("{} sources", connector.label())),
    }
}

fn of_featureset(catalog: &Catalog<'_>, featureset: &Featureset<'_>) -> Vec<Problem> {
    let entity = Descriptor::Featureset(featureset);
    let mut problems = Vec::new();
    for extractor in selected_extractors(catalog, featureset.name, None) {
        let message = match &extractor.code {
            Code::Rust(native) => match registry::function(native) {
                Some(linked) => match other_dataset(catalog, linked) {
                    Some(message) => message,
                    None => continue,
                },
                None => not_linked(native),
            },
            Code::Python(_) => "this extractor is a Python function, which this server does not run: write it in Rust with #[extractors], or as an expression".into(),
        };
        problems.push(Problem::new(entity, extractor.name, message));
    }
    problems
}

fn problem(entity: Descriptor<'_>, name: &str, what: &str) -> Problem {
    let message = format!("{what} are not run by this version of the server; leave it out");
    Problem::new(entity, name, message)
}
