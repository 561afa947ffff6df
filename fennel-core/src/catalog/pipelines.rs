//! The checks of pipelines, as a commit selects them.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checker;
use super::selected_sources;
use crate::Problem;
use crate::entity::{Dataset, Descriptor, Pipeline, unexpectable};
use crate::message::check_name;

impl<'a> Checker<'_, 'a> {
    pub(super) fn find_terminal(&mut self) {
        for (dataset, pipelines) in &self.catalog.pipelines {
            let mut selected = pipelines
                .iter()
                .filter(|pipeline| pipeline.env.selects(self.env));
            if let Some(terminal) = selected.find(|pipeline| pipeline.is_terminal()) {
                self.terminal.insert(dataset, terminal.name);
            }
        }
    }

    /// Checks what fills a dataset, as this commit selects it.
    pub(super) fn pipelines(&mut self, dataset: &Dataset<'a>) {
        let (catalog, env) = (self.catalog, self.env);
        let entity = Descriptor::Dataset(dataset);
        let mut names = BTreeSet::new();
        for pipeline in catalog.pipelines(dataset.name) {
            self.add(entity, pipeline.name, check_name(pipeline.name));
            self.add(entity, pipeline.name, pipeline.env.check());
            self.add(entity, pipeline.name, pipeline.meta.check_owner());
            if !names.insert(pipeline.name) {
                let message = "the dataset has two pipelines of this name; rename one";
                self.problems
                    .push(Problem::new(entity, pipeline.name, message));
            }
        }
        if dataset.meta.deleted {
            return;
        }
        let selected: Vec<_> = catalog.selected_pipelines(dataset.name, env).collect();
        if let (Some(pipeline), true) = (
            selected.first(),
            selected_sources(dataset, env).next().is_some(),
        ) {
            let message = format!(
                "it has both a source and pipeline `{}`; keep one, or separate them by `env`",
                pipeline.name
            );
            self.problems.push(Problem::new(entity, "", message));
        }
        self.exclusive(dataset, &selected);
        for pipeline in selected {
            self.pipeline(dataset, pipeline);
        }
    }

    /// Of several pipelines each has an env of its own.
    fn exclusive(&mut self, dataset: &Dataset<'a>, selected: &[&Pipeline<'a>]) {
        if selected.len() < 2 {
            return;
        }
        let entity = Descriptor::Dataset(dataset);
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for pipeline in selected {
            if pipeline.env.0.is_empty() {
                let message = "the dataset has several pipelines and this one has no env; give each its own, as in `#[pipeline(env = \"prod\")]`";
                self.problems
                    .push(Problem::new(entity, pipeline.name, message));
            }
            for env in pipeline.env.0 {
                if let Some(other) = seen.insert(env, pipeline.name) {
                    let message = format!(
                        "this pipeline and `{other}` are both for env `{env}`; a dataset is filled by one"
                    );
                    self.problems
                        .push(Problem::new(entity, pipeline.name, message));
                }
            }
        }
    }

    fn pipeline(&mut self, dataset: &Dataset<'a>, pipeline: &Pipeline<'a>) {
        let catalog = self.catalog;
        let entity = Descriptor::Dataset(dataset);
        let wrong = |message: String| Problem::new(entity, pipeline.name, message);
        let before = self.problems.len();
        for input in pipeline.inputs {
            match catalog.dataset(input) {
                None => self.problems.push(wrong(format!(
                    "it takes dataset `{input}`, which is not part of this commit; add it"
                ))),
                Some(dataset) if dataset.meta.deleted => self.problems.push(wrong(format!(
                    "it takes dataset `{input}`, which is marked deleted; remove `deleted` there, or mark `{}` deleted too",
                    pipeline.dataset
                ))),
                Some(_) => {
                    if let Some(terminal) = self.terminal.get(input) {
                        self.problems.push(wrong(format!(
                            "it takes dataset `{input}`, whose pipeline `{terminal}` ends in an aggregate over continuous windows: that is computed when it is read, and nothing can be made of it"
                        )));
                    }
                }
            }
        }
        if self.problems.len() > before {
            return;
        }
        match pipeline.schemas(|name| catalog.dataset(name)) {
            Err(mistakes) => {
                for (i, message) in mistakes {
                    let step = pipeline
                        .steps
                        .get(i)
                        .map_or("", |step| step.operator.name());
                    self.problems
                        .push(wrong(format!("step {i}, `{step}`: {message}")));
                }
            }
            Ok(schemas) => {
                let Some(made) = schemas.last() else {
                    self.problems.push(wrong("it has no steps".into()));
                    return;
                };
                if made.is_terminal() && dataset.expectations.is_some() {
                    self.problems
                        .push(wrong(unexpectable(dataset.name).to_string()));
                }
                for message in pipeline.check_output(made, dataset) {
                    self.problems.push(wrong(message.to_string()));
                }
            }
        }
    }
}
