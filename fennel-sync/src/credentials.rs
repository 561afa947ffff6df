//! Credentials that definitions keep in environment variables.

use std::collections::BTreeSet;
use std::ffi::OsString;

use fennel_core::catalog::{Catalog, selected_connectors};
use fennel_core::connector::{Connector, Variables};
use fennel_core::entity::{Dataset, Descriptor};
use fennel_core::{Problem, Problems};

/// What is in the variables that the secrets of a commit for `env` name.
///
/// # Errors
///
/// Each variable that holds nothing, with the connector and the setting that need it.
pub(crate) fn read(
    catalog: &Catalog<'_>,
    env: Option<&str>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Variables, Problems> {
    let (mut variables, mut problems) = (Variables::default(), Vec::new());
    let mut told = BTreeSet::new();
    for dataset in catalog.datasets() {
        for connector in selected_connectors(dataset, env) {
            for (setting, name) in needed(connector) {
                match value(variable(name)) {
                    Ok(value) => variables.insert(name, value),
                    Err(what) if told.insert((connector.name(), setting)) => {
                        problems.push(problem(dataset, connector, setting, name, what));
                    }
                    Err(_) => {}
                }
            }
        }
    }
    Problems(problems).into_result()?;
    Ok(variables)
}

/// The settings of a connector that are in variables, with the variables' names.
fn needed<'a>(
    connector: &Connector<'a>,
) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
    let settings = connector.settings().into_iter().chain(connector.facts());
    settings.filter_map(|setting| Some((setting.name, setting.secret?.variable()?)))
}

/// An empty variable is one that was forgotten: CI systems leave a secret that they don't have empty.
fn value(variable: Option<OsString>) -> Result<String, &'static str> {
    let text = variable.unwrap_or_default().into_string();
    match text {
        Ok(text) if text.is_empty() => Err("is not set or empty; set it"),
        Ok(text) => Ok(text),
        Err(_) => Err("is not UTF-8; write it anew"),
    }
}

fn problem(
    dataset: &Dataset<'_>,
    connector: &Connector<'_>,
    setting: &str,
    variable: &str,
    what: &str,
) -> Problem {
    let message = format!(
        "the {setting} of {} `{}` is in the environment variable {variable}, which {what}",
        connector.label(),
        connector.name()
    );
    Problem::new(Descriptor::Dataset(dataset), connector.name(), message)
}
