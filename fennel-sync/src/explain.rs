//! The way of each struct from its attribute to the kernels that a server runs, for people.

use std::collections::BTreeSet;

use fennel_core::Problems;
use fennel_core::catalog::{
    Catalog, selected_extraction, selected_extractors, selected_sinks, selected_sources,
};
use fennel_core::entity::{
    Dataset, Descriptor, Feature, Featureset, Kind, Origin, Pipeline, Reference,
};
use fennel_core::kernel::{Kernel, Layout, Program};
use fennel_core::lineage::{Lineage, Tags};
use fennel_core::schema::Schema;

use crate::error::Error;
use crate::report::plain;

/// How wide a line is, where it can be broken.
const WIDTH: usize = 100;

/// What the definitions say for `env`, or the entity of that name does.
///
/// # Errors
///
/// Nothing has that name, or the definitions are wrong.
pub(crate) fn explain(
    catalog: &Catalog<'_>,
    env: Option<&str>,
    name: Option<&str>,
) -> Result<String, Error> {
    let wanted = |entity: &Descriptor<'_>| name.is_none_or(|name| entity.name() == name);
    let entities: Vec<_> = catalog.entities().filter(wanted).collect();
    if let (true, Some(name)) = (entities.is_empty(), name) {
        return Err(Error::NoEntity(name.into()));
    }
    let program = catalog.lower(env).map_err(invalid)?;
    let mut explanation = Explanation {
        catalog,
        env,
        program,
        lineage: catalog.lineage(env),
        text: String::new(),
    };
    for entity in entities {
        match entity {
            Descriptor::Dataset(dataset) => explanation.dataset(dataset),
            Descriptor::Featureset(featureset) => explanation.featureset(featureset),
        }
    }
    Ok(explanation.text)
}

fn invalid(problems: Problems) -> Error {
    fennel_core::Error::Invalid(problems).into()
}

struct Explanation<'c, 'a> {
    catalog: &'c Catalog<'a>,
    env: Option<&'c str>,
    program: Program<'a>,
    lineage: Lineage<'a>,
    text: String,
}

impl<'a> Explanation<'_, 'a> {
    /// Adds a line. Where it is too long it goes on in further ones, deeper in.
    fn line(&mut self, indent: usize, line: &str) {
        let line = plain(line);
        let mut used = indent;
        self.text.push_str(&" ".repeat(indent));
        for (i, word) in line.split(' ').enumerate() {
            if i > 0 && used + 1 + word.chars().count() > WIDTH {
                used = indent + 4;
                self.text.push('\n');
                self.text.push_str(&" ".repeat(used));
            } else if i > 0 {
                used += 1;
                self.text.push(' ');
            }
            used += word.chars().count();
            self.text.push_str(word);
        }
        self.text.push('\n');
    }

    /// The first line of an entity.
    fn head(&mut self, entity: Descriptor<'_>, more: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let place = entity.location();
        let place = match (place.file, place.line) {
            ("", _) => String::new(),
            (file, line) => format!(" ({file}:{line})"),
        };
        let head = format!("{} {}{more}{place}", entity.kind(), entity.name());
        self.line(0, &head);
    }

    fn dataset(&mut self, dataset: &Dataset<'a>) {
        let catalog = self.catalog;
        let deleted = if dataset.meta.deleted {
            ", deleted"
        } else {
            ""
        };
        let more = format!(", version {}{deleted}", dataset.version);
        self.head(Descriptor::Dataset(dataset), &more);
        if let Some(tags) = self.lineage.dataset(dataset.name).and_then(written) {
            self.line(2, &format!("tags {tags}"));
        }
        self.line(2, &format!("columns {}", Layout::of(&Schema::of(dataset))));
        if dataset.meta.deleted {
            return;
        }
        for source in selected_sources(dataset, self.env) {
            let line = format!("source {source}, disorder {}", source.disorder);
            self.line(2, &line);
        }
        for pipeline in catalog.selected_pipelines(dataset.name, self.env) {
            self.pipeline(pipeline);
        }
        for sink in selected_sinks(dataset, self.env) {
            let cdc = sink
                .cdc
                .map_or_else(String::new, |cdc| format!(", {}", cdc.name()));
            self.line(2, &format!("sink {}{cdc}", sink.connector));
        }
        self.kernels(dataset.name);
    }

    /// Each call with the columns that there are then.
    fn pipeline(&mut self, pipeline: &Pipeline<'a>) {
        let catalog = self.catalog;
        self.line(2, &format!("pipeline {}", pipeline.name));
        let schemas = pipeline.schemas(|name| catalog.dataset(name));
        let schemas = schemas.expect("the catalog was lowered, so it is right");
        for chain in pipeline.chains() {
            let name = chain
                .name
                .map_or_else(String::new, |it| format!("let {it} = "));
            self.line(4, &format!("{name}{}", chain.from));
            if let Some(dataset) = catalog.dataset(&chain.from) {
                self.line(8, &format!("-> {}", Layout::of(&Schema::of(dataset))));
            }
            for (step, call) in chain.calls {
                self.line(6, &call);
                self.line(8, &format!("-> {}", Layout::of(&schemas[step])));
            }
        }
    }

    /// The kernels of a dataset, from its table back to other tables, in the order they run.
    fn kernels(&mut self, dataset: &str) {
        let nodes = &self.program.nodes;
        let is_table = |at: usize| matches!(nodes[at].kernel, Kernel::Table(_));
        let own = |at: usize| matches!(nodes[at].kernel, Kernel::Table(name) if name == dataset);
        let mut shown: BTreeSet<usize> = (0..nodes.len()).filter(|at| own(*at)).collect();
        let mut open: Vec<_> = shown.iter().copied().collect();
        while let Some(at) = open.pop() {
            for input in &nodes[at].inputs {
                if shown.insert(*input) && !is_table(*input) {
                    open.push(*input);
                }
            }
        }
        let lines: Vec<_> = shown
            .iter()
            .map(|at| format!("#{at} {}", nodes[*at]))
            .collect();
        self.line(2, "kernels");
        for line in lines {
            self.line(4, &line);
        }
    }

    fn featureset(&mut self, featureset: &Featureset<'a>) {
        let deleted = if featureset.meta.deleted {
            ", deleted"
        } else {
            ""
        };
        self.head(Descriptor::Featureset(featureset), deleted);
        for feature in featureset.features {
            let had = self.had(featureset, feature);
            let name = format!("{}: {}", feature.name, feature.ty);
            let tags = self.lineage.feature(featureset.name, feature.name);
            let tags = tags.and_then(written);
            let tags = tags.map_or_else(String::new, |tags| format!("; tags {tags}"));
            self.line(2, &format!("{name}, {had}{tags}"));
        }
    }

    /// How a feature is had.
    fn had(&self, featureset: &Featureset<'_>, feature: &Feature<'_>) -> String {
        if feature.meta.deleted {
            return "deleted".into();
        }
        let Some(extraction) = selected_extraction(feature, self.env) else {
            return self.made(featureset, feature);
        };
        let mut had = match extraction.origin {
            Origin::Expr(expr) => format!("computed as {expr}"),
            Origin::Reference(Reference { kind, entity, name }) => {
                match (kind, self.catalog.dataset(entity)) {
                    (Kind::Dataset, Some(dataset)) => {
                        let keys = dataset
                            .keys()
                            .map(|key| format!("{}.{}", featureset.name, key.name));
                        let keys: Vec<_> = keys.collect();
                        format!("looked up as {entity}.{name} by {}", keys.join(", "))
                    }
                    _ => format!("the same as {entity}.{name}"),
                }
            }
        };
        if let Some(default) = extraction.default {
            let default = default.to_json(&feature.ty);
            had += &format!(", or {default} where there is none");
        }
        had
    }

    /// How a feature is had that has no attribute: of a function, or from the query.
    fn made(&self, featureset: &Featureset<'_>, feature: &Feature<'_>) -> String {
        let mut extractors = selected_extractors(self.catalog, featureset.name, self.env);
        let Some(extractor) = extractors.find(|it| it.outputs.contains(&feature.name)) else {
            return "given by queries".into();
        };
        let inputs = extractor
            .inputs
            .iter()
            .map(|input| format!("{}.{}", input.entity, input.name));
        let inputs: Vec<_> = inputs.collect();
        let mut made = format!("made by `{}` of {}", extractor.name, inputs.join(", "));
        if !extractor.datasets.is_empty() {
            made += &format!(", with rows of {}", extractor.datasets.join(", "));
        }
        made
    }
}

/// The tags, if there are any.
fn written(tags: &Tags<'_>) -> Option<String> {
    let tags: Vec<_> = tags.iter().copied().collect();
    (!tags.is_empty()).then(|| tags.join(", "))
}
