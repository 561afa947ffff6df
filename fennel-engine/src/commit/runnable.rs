//! What this version of the engine can run.

use fennel_core::Problem;
use fennel_core::catalog::Catalog;
use fennel_core::connector::Connector;
use fennel_core::entity::{Cdc, Dataset, Descriptor};

/// What of `catalog` can't be run here, each by its name.
pub(super) fn check(catalog: &Catalog<'_>) -> Vec<Problem> {
    let pipelines = catalog.datasets().iter().flat_map(|dataset| {
        catalog.pipelines(dataset.name).iter().map(|pipeline| {
            let message = "pipelines are not run by this version of the server; leave it out";
            Problem::new(Descriptor::Dataset(dataset), pipeline.name, message)
        })
    });
    let expectations = catalog.datasets().iter().filter_map(|dataset| {
        dataset.expectations.as_ref()?;
        let message =
            "expectations are not evaluated by this version of the server; leave them out";
        Some(Problem::new(
            Descriptor::Dataset(dataset),
            "expectations",
            message,
        ))
    });
    let connectors = catalog.datasets().iter().flat_map(of_dataset);
    pipelines.chain(expectations).chain(connectors).collect()
}

fn of_dataset<'d>(dataset: &'d Dataset<'_>) -> impl Iterator<Item = Problem> + use<'d> {
    let problem = move |connector: &Connector<'_>, what: String| {
        Problem::new(
            Descriptor::Dataset(dataset),
            connector.name(),
            format!("{what} not run by this version of the server; leave it out"),
        )
    };
    let sources = dataset.sources.iter().filter_map(move |source| {
        let what = match (&source.connector, source.cdc) {
            (Connector::Webhook(_), Cdc::Append | Cdc::Upsert) => return None,
            (Connector::Webhook(_), cdc) => format!("sources with cdc {} are", cdc.name()),
            (connector, _) => format!("{} sources are", connector.label()),
        };
        Some(problem(&source.connector, what))
    });
    let sinks = dataset.sinks.iter().map(move |sink| {
        let what = format!("{} sinks are", sink.connector.label());
        problem(&sink.connector, what)
    });
    sources.chain(sinks)
}
