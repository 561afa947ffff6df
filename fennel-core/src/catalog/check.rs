//! The checks of a whole catalog.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Catalog, selected_connectors};
use crate::entity::{
    Dataset, Descriptor, Extraction, Featureset, Origin, Reference, check_members,
};
use crate::expr::Expr;
use crate::literal::Literal;
use crate::message::{Check, check_name};
use crate::ty::Type;
use crate::value::Shape;
use crate::{Problem, Problems};

impl<'a> Catalog<'a> {
    /// Checks everything that rustc checks, and what only the whole shows: double names, missing
    /// and deleted entities, cycles. `env` is the environment that the commit is for.
    ///
    /// # Errors
    ///
    /// All problems there are, in the order of the entities.
    pub fn check(&self, env: Option<&str>) -> Result<(), Problems> {
        let mut checker = Checker {
            catalog: self,
            env,
            terminal: HashMap::new(),
            problems: Vec::new(),
        };
        checker.find_terminal();
        checker.double_names();
        for dataset in &self.datasets {
            checker.dataset(dataset);
        }
        for featureset in &self.featuresets {
            checker.featureset(featureset);
        }
        checker.connectors();
        checker.cycles();
        checker.dataset_cycles();
        Problems(checker.problems).into_result()
    }
}

pub(super) struct Checker<'c, 'a> {
    pub(super) catalog: &'c Catalog<'a>,
    pub(super) env: Option<&'c str>,
    /// The pipeline of each dataset of which nothing can be made.
    pub(super) terminal: HashMap<&'c str, &'a str>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Checker<'_, 'a> {
    pub(super) fn add(&mut self, entity: Descriptor<'_>, member: &str, check: Check) {
        if let Err(message) = check {
            self.problems
                .push(Problem::new(entity, member, message.as_str()));
        }
    }

    fn double_names(&mut self) {
        let mut seen = BTreeSet::new();
        for entity in self.catalog.entities() {
            if !seen.insert((entity.kind(), entity.name())) {
                let message = format!(
                    "there are two {}s of this name; rename one, since a name stands for one entity",
                    entity.kind()
                );
                self.problems.push(Problem::new(entity, "", message));
            }
        }
    }

    fn dataset(&mut self, dataset: &Dataset<'a>) {
        let entity = Descriptor::Dataset(dataset);
        if let Err(message) = check_members(dataset.fields.len()) {
            return self.add(entity, "", Err(message));
        }
        self.add(entity, "", check_name(dataset.name));
        self.add(entity, "", dataset.check_owner());
        self.add(entity, "", dataset.check_version());
        self.add(entity, "", dataset.check_history());
        self.add(entity, "", dataset.check_index());
        self.add(entity, "", dataset.check_timestamp());
        for (i, field) in dataset.fields.iter().enumerate() {
            self.add(entity, field.name, check_name(field.name));
            self.add(entity, field.name, dataset.check_field(i));
            self.add(entity, field.name, dataset.check_type(i));
            self.add(entity, field.name, field.meta.check_owner());
            self.pattern(entity, field.name, &field.ty);
        }
        for source in dataset.sources {
            let member = source.connector.name();
            self.add(entity, member, source.env.check());
            self.add(entity, member, source.connector.check_account());
            self.add(entity, member, source.connector.check());
            self.add(entity, member, source.connector.check_source());
            self.add(entity, member, source.check_cdc(dataset));
            self.add(entity, member, source.check_every());
            self.add(entity, member, source.check_bounded());
            self.add(entity, member, source.check_period());
            self.add(entity, member, source.check_sample(dataset));
            for k in 0..source.sample.map_or(0, |sample| sample.using.len()) {
                self.add(entity, member, source.check_sampled_by(dataset, k));
            }
            for i in 0..source.preproc.len() {
                self.add(entity, member, source.check_made(dataset, i));
                self.add(entity, member, source.check_preproc(dataset, i));
                let checked = source.check_preproc_expr(dataset, i);
                self.add(entity, member, checked.map_err(|fault| fault.message));
            }
            for (i, column) in source.columns.iter().enumerate() {
                self.add(entity, member, check_name(column.name));
                self.add(entity, member, source.check_column(dataset, i));
                self.pattern(entity, member, &column.ty);
            }
            let checked = source.check_filter(dataset);
            self.add(entity, member, checked.map_err(|fault| fault.message));
        }
        for sink in dataset.sinks {
            for check in sink.checks(dataset) {
                self.add(entity, sink.connector.name(), check);
            }
        }
        for check in dataset.expectations.iter().flat_map(|e| e.checks(dataset)) {
            self.add(entity, "expectations", check);
        }
        self.pipelines(dataset);
    }

    fn featureset(&mut self, featureset: &Featureset<'a>) {
        let entity = Descriptor::Featureset(featureset);
        if let Err(message) = check_members(featureset.features.len()) {
            return self.add(entity, "", Err(message));
        }
        self.add(entity, "", check_name(featureset.name));
        self.add(entity, "", featureset.check_owner());
        for (i, feature) in featureset.features.iter().enumerate() {
            self.add(entity, feature.name, check_name(feature.name));
            self.add(entity, feature.name, featureset.check_feature(i));
            self.add(entity, feature.name, feature.meta.check_owner());
            self.pattern(entity, feature.name, &feature.ty);
            let Some(extraction) = feature.extraction else {
                self.add(entity, feature.name, featureset.check_type(i, None));
                continue;
            };
            self.add(entity, feature.name, extraction.env.check());
            if featureset.meta.deleted || feature.meta.deleted || !extraction.env.selects(self.env)
            {
                continue;
            }
            match extraction.origin {
                Origin::Reference(reference) => {
                    self.reference(featureset, i, &extraction, reference);
                }
                Origin::Expr(expr) => self.expr(featureset, i, &expr),
            }
        }
        self.extractors(featureset);
    }

    fn expr(&mut self, featureset: &Featureset<'a>, i: usize, expr: &Expr<'a>) {
        let entity = Descriptor::Featureset(featureset);
        let name = featureset.features[i].name;
        for read in expr.names() {
            if featureset
                .feature(read)
                .is_some_and(|feature| feature.meta.deleted)
            {
                let message = format!(
                    "it is computed from the feature `{read}`, which is marked deleted; remove `deleted` there, or mark this feature #[meta(deleted)] too"
                );
                self.problems.push(Problem::new(entity, name, message));
            }
        }
        let checked = featureset.check_expr(i);
        self.add(entity, name, checked.map_err(|fault| fault.message));
        self.add(entity, name, featureset.check_type(i, None));
    }

    fn reference(
        &mut self,
        featureset: &Featureset<'a>,
        i: usize,
        extraction: &Extraction<'a>,
        reference: Reference<'a>,
    ) {
        let catalog = self.catalog;
        let entity = Descriptor::Featureset(featureset);
        let name = featureset.features[i].name;
        let Some(target) = catalog.entity(reference.kind, reference.entity) else {
            let message = format!(
                "it reads {} `{}`, which is not part of this commit; add it, or mark the feature #[meta(deleted)]",
                reference.kind, reference.entity
            );
            self.problems.push(Problem::new(entity, name, message));
            return;
        };
        if let Some(what) = deleted(target, reference.name) {
            let message = format!(
                "it reads {what}, which is marked deleted; remove `deleted` there, or mark this feature #[meta(deleted)] too"
            );
            self.problems.push(Problem::new(entity, name, message));
            return;
        }
        if let Descriptor::Dataset(dataset) = target {
            for key in dataset.keys().filter(|key| {
                let feature = featureset.feature(key.name);
                feature.is_some_and(|feature| feature.meta.deleted)
            }) {
                let message = format!(
                    "looking it up needs the key `{}`, and that feature is marked deleted; remove `deleted` there, or mark this feature #[meta(deleted)] too",
                    key.name
                );
                self.problems.push(Problem::new(entity, name, message));
            }
        }
        self.add(entity, name, featureset.check_reference(i, target));
        self.add(entity, name, featureset.check_type(i, Some(target)));
        let checked = featureset.check_default(i, target);
        let feature = &featureset.features[i];
        if let (Ok(()), Some(default), Ok(())) = (
            checked,
            extraction.default,
            featureset.check_type(i, Some(target)),
        ) {
            let ty = match (target, feature.ty) {
                (Descriptor::Dataset(dataset), Type::List(element))
                    if featureset.is_list_lookup(i, dataset) =>
                {
                    *element
                }
                _ => feature.ty,
            };
            // What const code can't check: patterns, and digits that have no room.
            if !matches!(default, Literal::Null)
                && let Err(mismatch) = default.typed(&ty)
            {
                self.problems.push(Problem::new(
                    entity,
                    name,
                    format!("its default: {mismatch}"),
                ));
            }
        }
        self.add(entity, name, checked);
    }

    /// A regular expression is the one thing about a type that const code can't check.
    fn pattern(&mut self, entity: Descriptor<'_>, member: &str, ty: &Type<'_>) {
        if let Err(error) = Shape::new(ty) {
            let message = format!("the regular expression can't be read: {error}");
            self.problems.push(Problem::new(entity, member, message));
        }
    }

    /// Two connectors of one name are one outside system, so they must say the same.
    fn connectors(&mut self) {
        let mut seen = BTreeMap::new();
        for dataset in &self.catalog.datasets {
            for connector in selected_connectors(dataset, self.env) {
                let first = *seen.entry(connector.name()).or_insert(connector);
                if let Some((first, second)) = first.difference(connector) {
                    let name = connector.name();
                    let message = format!(
                        "two connectors are called `{name}` and differ: {first} and {second}; rename one or make them equal"
                    );
                    self.problems
                        .push(Problem::new(Descriptor::Dataset(dataset), name, message));
                }
            }
        }
    }
}

/// What is deleted of an entity, or of one member of it.
pub(super) fn deleted(target: Descriptor<'_>, member: &str) -> Option<String> {
    match target {
        Descriptor::Dataset(dataset) => dataset
            .meta
            .deleted
            .then(|| format!("dataset `{}`", dataset.name)),
        Descriptor::Featureset(featureset) if featureset.meta.deleted => {
            Some(format!("featureset `{}`", featureset.name))
        }
        Descriptor::Featureset(featureset) => {
            let feature = featureset
                .feature(member)
                .filter(|feature| feature.meta.deleted)?;
            Some(format!("feature `{}.{}`", featureset.name, feature.name))
        }
    }
}
