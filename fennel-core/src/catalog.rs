//! A set of entities, checked as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::connector::Connector;
use crate::entity::{
    Dataset, Descriptor, Extraction, Feature, Featureset, Kind, Origin, Pipeline, Reference, Sink,
    Source, check_members,
};
use crate::expr::Expr;
use crate::literal::Literal;
use crate::message::{Check, check_name};
use crate::ty::Type;
use crate::value::Shape;
use crate::{Problem, Problems, registry};

/// The entities of one commit, in their order. Each is found by its name at once, however many
/// there are. A dataset that a macro made brings the pipelines along that this program has for it.
#[derive(Clone, Debug, Default)]
pub struct Catalog<'a> {
    datasets: Vec<Dataset<'a>>,
    featuresets: Vec<Featureset<'a>>,
    /// By the dataset that they fill.
    pipelines: BTreeMap<&'a str, Vec<Pipeline<'a>>>,
    /// Where each name was first put.
    positions: HashMap<(Kind, &'a str), usize>,
}

impl<'a> FromIterator<Descriptor<'a>> for Catalog<'a> {
    fn from_iter<I: IntoIterator<Item = Descriptor<'a>>>(entities: I) -> Self {
        let mut catalog = Catalog::default();
        catalog.extend(entities);
        catalog
    }
}

impl<'a> Extend<Descriptor<'a>> for Catalog<'a> {
    fn extend<I: IntoIterator<Item = Descriptor<'a>>>(&mut self, entities: I) {
        for entity in entities {
            match entity {
                Descriptor::Dataset(dataset) => {
                    self.push_dataset(*dataset);
                    for pipeline in registry::pipelines_of(dataset) {
                        self.push_pipeline(pipeline);
                    }
                }
                Descriptor::Featureset(featureset) => self.push_featureset(*featureset),
            }
        }
    }
}

impl<'a> Catalog<'a> {
    /// Adds a dataset. Of two with one name, both stay and the first is found by it;
    /// [`Catalog::check`] reports them.
    pub fn push_dataset(&mut self, dataset: Dataset<'a>) {
        let position = self.datasets.len();
        self.positions
            .entry((Kind::Dataset, dataset.name))
            .or_insert(position);
        self.datasets.push(dataset);
    }

    /// Adds a pipeline, behind those of its dataset that come before it by name.
    pub fn push_pipeline(&mut self, pipeline: Pipeline<'a>) {
        let pipelines = self.pipelines.entry(pipeline.dataset).or_default();
        let at = pipelines.partition_point(|other| other.name <= pipeline.name);
        pipelines.insert(at, pipeline);
    }

    /// The pipelines that fill a dataset, by name.
    #[must_use]
    pub fn pipelines(&self, dataset: &str) -> &[Pipeline<'a>] {
        self.pipelines.get(dataset).map_or(&[], Vec::as_slice)
    }

    /// Those of them that a commit for `env` takes.
    pub fn selected_pipelines(
        &self,
        dataset: &str,
        env: Option<&str>,
    ) -> impl Iterator<Item = &Pipeline<'a>> {
        let pipelines = self.pipelines(dataset).iter();
        pipelines.filter(move |pipeline| pipeline.env.selects(env))
    }

    /// Adds a featureset, as [`Catalog::push_dataset`] does a dataset.
    pub fn push_featureset(&mut self, featureset: Featureset<'a>) {
        let position = self.featuresets.len();
        self.positions
            .entry((Kind::Featureset, featureset.name))
            .or_insert(position);
        self.featuresets.push(featureset);
    }

    /// The datasets.
    #[must_use]
    pub fn datasets(&self) -> &[Dataset<'a>] {
        &self.datasets
    }

    /// The featuresets.
    #[must_use]
    pub fn featuresets(&self) -> &[Featureset<'a>] {
        &self.featuresets
    }

    /// The dataset of that name.
    #[must_use]
    pub fn dataset(&self, name: &str) -> Option<&Dataset<'a>> {
        self.datasets
            .get(*self.positions.get(&(Kind::Dataset, name))?)
    }

    /// The featureset of that name.
    #[must_use]
    pub fn featureset(&self, name: &str) -> Option<&Featureset<'a>> {
        self.featuresets
            .get(*self.positions.get(&(Kind::Featureset, name))?)
    }

    /// The entity of that kind and name.
    #[must_use]
    pub fn entity(&self, kind: Kind, name: &str) -> Option<Descriptor<'_>> {
        match kind {
            Kind::Dataset => self.dataset(name).map(Descriptor::Dataset),
            Kind::Featureset => self.featureset(name).map(Descriptor::Featureset),
        }
    }

    /// All entities, datasets first.
    pub fn entities(&self) -> impl Iterator<Item = Descriptor<'_>> {
        let datasets = self.datasets.iter().map(Descriptor::Dataset);
        datasets.chain(self.featuresets.iter().map(Descriptor::Featureset))
    }

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
            problems: Vec::new(),
        };
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

/// How a feature is had in a commit for `env`.
#[must_use]
pub fn selected_extraction<'a>(feature: &Feature<'a>, env: Option<&str>) -> Option<Extraction<'a>> {
    feature
        .extraction
        .filter(|extraction| extraction.env.selects(env))
}

/// The sources of a dataset in a commit for `env`.
pub fn selected_sources<'a>(
    dataset: &Dataset<'a>,
    env: Option<&str>,
) -> impl Iterator<Item = &'a Source<'a>> {
    dataset
        .sources
        .iter()
        .filter(move |source| source.env.selects(env))
}

/// The sinks of a dataset in a commit for `env`.
pub fn selected_sinks<'a>(
    dataset: &Dataset<'a>,
    env: Option<&str>,
) -> impl Iterator<Item = &'a Sink<'a>> {
    dataset
        .sinks
        .iter()
        .filter(move |sink| sink.env.selects(env))
}

/// The connectors of a dataset in a commit for `env`: those of its sources, then of its sinks.
pub fn selected_connectors<'a>(
    dataset: &Dataset<'a>,
    env: Option<&str>,
) -> impl Iterator<Item = &'a Connector<'a>> {
    let sources = selected_sources(dataset, env).map(|source| &source.connector);
    sources.chain(selected_sinks(dataset, env).map(|sink| &sink.connector))
}

struct Checker<'c, 'a> {
    catalog: &'c Catalog<'a>,
    env: Option<&'c str>,
    problems: Vec<Problem>,
}

impl<'c, 'a> Checker<'c, 'a> {
    fn add(&mut self, entity: Descriptor<'_>, member: &str, check: Check) {
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
            }
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

    /// Checks what fills a dataset, as this commit selects it.
    fn pipelines(&mut self, dataset: &Dataset<'a>) {
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
                    let terminal = catalog
                        .selected_pipelines(input, self.env)
                        .find(|pipeline| pipeline.is_terminal());
                    if let Some(terminal) = terminal {
                        self.problems.push(wrong(format!(
                            "it takes dataset `{input}`, whose pipeline `{}` ends in an aggregate over continuous windows: that is computed when it is read, and nothing can be made of it",
                            terminal.name
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
                for message in pipeline.check_output(made, dataset) {
                    self.problems.push(wrong(message.to_string()));
                }
            }
        }
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

    /// Follows each feature to what it reads; what comes back to itself is a cycle.
    fn cycles(&mut self) {
        let mut reads: BTreeMap<Name<'c>, Vec<Name<'c>>> = BTreeMap::new();
        for featureset in &self.catalog.featuresets {
            for feature in featureset.features {
                let Some(extraction) = selected_extraction(feature, self.env) else {
                    continue;
                };
                let inputs = self.inputs(featureset.name, &extraction);
                reads.insert((featureset.name, feature.name), inputs);
            }
        }
        let mut done = BTreeSet::new();
        for start in reads.keys() {
            if let Some(cycle) = find_cycle(*start, &reads, &mut done) {
                let names: Vec<_> = cycle
                    .iter()
                    .map(|(set, name)| format!("{set}.{name}"))
                    .collect();
                let (set, name) = cycle[0];
                let message = format!("its inputs lead back to itself: {}", names.join(" -> "));
                let problem = match self.catalog.featureset(set) {
                    Some(featureset) => {
                        Problem::new(Descriptor::Featureset(featureset), name, message)
                    }
                    None => Problem::named(Kind::Featureset, set, name, message),
                };
                self.problems.push(problem);
            }
        }
    }
}

impl<'a> Checker<'_, 'a> {
    /// Follows each dataset to those that its pipelines take.
    fn dataset_cycles(&mut self) {
        let catalog = self.catalog;
        let mut takes: BTreeMap<Name<'_>, Vec<Name<'_>>> = BTreeMap::new();
        for dataset in &catalog.datasets {
            let selected = catalog.selected_pipelines(dataset.name, self.env);
            let inputs = selected.flat_map(|pipeline| pipeline.inputs);
            takes.insert(
                (dataset.name, ""),
                inputs.map(|input| (*input, "")).collect(),
            );
        }
        let mut done = BTreeSet::new();
        for start in takes.keys() {
            if let Some(cycle) = find_cycle(*start, &takes, &mut done) {
                let names: Vec<_> = cycle.iter().map(|(name, _)| *name).collect();
                let message = format!("it is made of itself: {}", names.join(" <- "));
                if let Some(dataset) = catalog.dataset(names[0]) {
                    self.problems
                        .push(Problem::new(Descriptor::Dataset(dataset), "", message));
                }
            }
        }
    }
}

impl<'c> Checker<'c, '_> {
    /// The features that a feature is had from.
    fn inputs(&self, featureset: &'c str, extraction: &Extraction<'c>) -> Vec<Name<'c>> {
        let own = |name: &'c str| (featureset, name);
        match extraction.origin {
            Origin::Expr(expr) => expr.names().into_iter().map(own).collect(),
            Origin::Reference(reference) => match reference.kind {
                Kind::Featureset => vec![(reference.entity, reference.name)],
                Kind::Dataset => match self.catalog.dataset(reference.entity) {
                    Some(dataset) => dataset.keys().map(|key| own(key.name)).collect(),
                    None => Vec::new(),
                },
            },
        }
    }
}

type Name<'a> = (&'a str, &'a str);

/// What is deleted of an entity, or of one member of it.
fn deleted(target: Descriptor<'_>, member: &str) -> Option<String> {
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

/// The first cycle that can be reached from `start`, closed with its beginning. Depth is bounded by
/// the list that is kept in `path`, not by the machine's stack.
fn find_cycle<'a>(
    start: Name<'a>,
    reads: &BTreeMap<Name<'a>, Vec<Name<'a>>>,
    done: &mut BTreeSet<Name<'a>>,
) -> Option<Vec<Name<'a>>> {
    if done.contains(&start) {
        return None;
    }
    let mut path = vec![(start, 0)];
    let mut on_path = BTreeSet::from([start]);
    while let Some((at, next)) = path.last_mut() {
        let input = reads.get(at).and_then(|inputs| inputs.get(*next)).copied();
        *next += 1;
        match input {
            None => {
                on_path.remove(at);
                done.insert(*at);
                path.pop();
            }
            Some(input) if done.contains(&input) => {}
            Some(input) if on_path.insert(input) => path.push((input, 0)),
            Some(input) => {
                done.extend(on_path);
                let cycle = path.iter().map(|(name, _)| *name);
                let cycle = cycle.skip_while(|name| *name != input);
                return Some(cycle.chain([input]).collect());
            }
        }
    }
    None
}
