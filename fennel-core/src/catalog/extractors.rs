//! Checks of extractors that only the whole catalog shows.

use std::collections::BTreeMap;

use super::check::{Checker, deleted};
use super::{selected_extraction, selected_extractors};
use crate::Problem;
use crate::entity::{Descriptor, Extractor, Featureset, Kind};
use crate::message::check_name;

impl<'a> Checker<'_, 'a> {
    /// Checks a featureset's extractors, and that each feature is had in one way.
    pub(super) fn extractors(&mut self, featureset: &Featureset<'a>) {
        let entity = Descriptor::Featureset(featureset);
        let catalog = self.catalog;
        let all = catalog.extractors_of(featureset.name);
        for (i, extractor) in all.iter().enumerate() {
            let name = extractor.name;
            self.add(entity, name, check_name(name));
            self.add(entity, name, extractor.check_version());
            self.add(entity, name, extractor.env.check());
            self.add(entity, name, extractor.meta.check_owner());
            if all.iter().take(i).any(|other| other.name == name) {
                self.extractor_problem(featureset, name, "there are two extractors of this name");
            }
        }
        if featureset.meta.deleted {
            return;
        }
        for extractor in selected_extractors(catalog, featureset.name, self.env) {
            self.extractor(featureset, extractor);
        }
        self.made_once(featureset);
    }

    fn extractor_problem(
        &mut self,
        featureset: &Featureset<'_>,
        name: &str,
        message: impl Into<String>,
    ) {
        let entity = Descriptor::Featureset(featureset);
        self.problems.push(Problem::new(entity, name, message));
    }

    fn extractor(&mut self, featureset: &Featureset<'a>, extractor: &Extractor<'a>) {
        let (catalog, name) = (self.catalog, extractor.name);
        let entity = Descriptor::Featureset(featureset);
        if extractor.outputs.is_empty() {
            self.extractor_problem(featureset, name, "it makes no feature: list its outputs");
        }
        for i in 0..extractor.outputs.len() {
            self.add(entity, name, extractor.check_output(i, featureset));
        }
        for (i, input) in extractor.inputs.iter().enumerate() {
            match catalog.entity(input.kind, input.entity) {
                None => {
                    let message = format!(
                        "it takes `{}.{}`, and {} `{}` is not part of this commit; add it",
                        input.entity, input.name, input.kind, input.entity
                    );
                    self.extractor_problem(featureset, name, message);
                }
                Some(target) => match deleted(target, input.name) {
                    Some(what) => self.extractor_problem(featureset, name, reads_deleted(&what)),
                    None => self.add(entity, name, extractor.check_input(i, target)),
                },
            }
        }
        for dataset in extractor.datasets {
            match catalog.dataset(dataset) {
                None => {
                    let message = format!(
                        "it looks up dataset `{dataset}`, which is not part of this commit; add it"
                    );
                    self.extractor_problem(featureset, name, message);
                }
                Some(dataset) if dataset.meta.deleted => {
                    let what = format!("{} `{}`", Kind::Dataset, dataset.name);
                    self.extractor_problem(featureset, name, reads_deleted(&what));
                }
                Some(dataset) => self.add(entity, name, extractor.check_dataset(dataset)),
            }
        }
    }

    /// Of the extractors that the environment selects, one makes a feature.
    fn made_once(&mut self, featureset: &Featureset<'a>) {
        let mut made: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for feature in featureset.features {
            if selected_extraction(feature, self.env).is_some() {
                made.entry(feature.name)
                    .or_default()
                    .push("its `#[feature(..)]`".into());
            }
        }
        for extractor in selected_extractors(self.catalog, featureset.name, self.env) {
            for output in extractor.outputs {
                made.entry(output)
                    .or_default()
                    .push(format!("`{}`", extractor.name));
            }
        }
        for (feature, by) in made.into_iter().filter(|(_, by)| by.len() > 1) {
            let message = format!(
                "it is had in {} ways, by {}; keep one, or commit for an env that selects one",
                by.len(),
                by.join(" and by ")
            );
            self.extractor_problem(featureset, feature, message);
        }
    }
}

fn reads_deleted(what: &str) -> String {
    format!(
        "it reads {what}, which is marked deleted; remove `deleted` there, or mark this extractor #[meta(deleted)] too"
    )
}
