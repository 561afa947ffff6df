//! The Python functions of a commit: whether they can be run here.

use fennel_core::Problem;
use fennel_core::catalog::{Catalog, selected_extractors};
use fennel_core::entity::{Code, Descriptor, PreprocValue, Python};
use fennel_core::op::{Does, Operator};

use crate::python::{RunBy, Stop};

/// A function, and what it is to which entity.
struct Use<'c, 'a> {
    entity: Descriptor<'c>,
    member: String,
    /// Such as "its `filter`".
    what: String,
    /// What to write instead.
    instead: &'static str,
    function: Python<'a>,
}

/// The functions that can't be run, each with the reason. What is deleted runs nowhere. Code is run where `runs` says so.
pub(super) fn check(catalog: &Catalog<'_>, (run_by, runs): (RunBy<'_>, bool)) -> Vec<Problem> {
    let mut problems = Vec::new();
    for used in uses(catalog) {
        let Use {
            what,
            instead,
            function,
            ..
        } = &used;
        let message = match run_by
            .runner
            .map(|runner| runner.check(function.code, function.entry_point, runs))
        {
            Some(Ok(())) => continue,
            None => format!(
                "{what} is a Python function, which this server does not run: write it {instead}, or start the server with --python"
            ),
            Some(Err(Stop::Raised(why) | Stop::Stopped(why))) => format!(
                "{what} can't be loaded: `{}` {why}; a function has what it imports inside of it and what it @includes, and nothing else of its file",
                function.name()
            ),
            // The others would be told the same.
            Some(Err(Stop::Unavailable(why))) => {
                problems.push(used.problem(format!("{what} is a Python function, and {why}")));
                break;
            }
        };
        problems.push(used.problem(message));
    }
    problems
}

impl Use<'_, '_> {
    fn problem(&self, message: String) -> Problem {
        Problem::new(self.entity, &self.member, message)
    }
}

/// The functions that live entities call.
fn uses<'c, 'a>(catalog: &'c Catalog<'a>) -> Vec<Use<'c, 'a>> {
    let mut uses = Vec::new();
    for dataset in catalog.datasets().iter().filter(|it| !it.meta.deleted) {
        let entity = Descriptor::Dataset(dataset);
        for source in dataset.sources {
            let member = source.connector.name();
            let mut add = |what: String, function| {
                uses.push(Use {
                    entity,
                    member: member.into(),
                    what,
                    instead: "as an expression",
                    function,
                });
            };
            for made in source.preproc {
                if let PreprocValue::Python(function) = made.value {
                    add(format!("the preproc of `{}`", made.column), function);
                }
            }
            if let Some(function) = source.filter_by {
                add("its `where`".into(), function);
            }
        }
        for pipeline in catalog.selected_pipelines(dataset.name, None) {
            for step in pipeline.steps {
                let Operator::Python(python) = step.operator else {
                    continue;
                };
                let (what, instead) = match python.does {
                    Does::Filter => ("its `filter`".into(), "as an expression"),
                    Does::Assign(name, _) => {
                        (format!("its `assign` of `{name}`"), "as an expression")
                    }
                    Does::Transform(_) => ("its `transform`".into(), "with assign and select"),
                };
                uses.push(Use {
                    entity,
                    member: pipeline.name.into(),
                    what,
                    instead,
                    function: python.function,
                });
            }
        }
    }
    for featureset in catalog.featuresets().iter().filter(|it| !it.meta.deleted) {
        for extractor in selected_extractors(catalog, featureset.name, None) {
            if let Code::Python(function) = extractor.code {
                uses.push(Use {
                    entity: Descriptor::Featureset(featureset),
                    member: extractor.name.into(),
                    what: "this extractor".into(),
                    instead: "in Rust with #[extractors], or as an expression",
                    function,
                });
            }
        }
    }
    uses
}
