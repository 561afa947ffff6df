//! What is to be known of something live that a commit leaves out: which commit it came with, what reads it, and
//! which rows would go with it. Mostly somebody has gone back to older code, and has to decide.

use std::fmt;
use std::sync::Arc;

use fennel_core::catalog::Catalog;
use fennel_core::entity::{Descriptor, Featureset, Kind, Origin, Reference};
use fennel_core::time::Timestamp;
use fennel_core::{Problem, Problems};

use super::origin::Origins;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::history::{Past, PastCommit, Told};
use crate::python::RunBy;

/// The most rows of a dataset that are counted.
const COUNTED: usize = 1_000;
/// The most omissions that are explained; whoever leaves out more than that has left out everything.
const EXPLAINED: usize = 200;
/// The most readers that are named.
const NAMED: usize = 8;

/// What a branch knows of itself.
pub(super) struct Branch<'b> {
    pub(super) past: &'b Past,
    pub(super) graph: Arc<Graph>,
    pub(super) now: Timestamp,
    /// Who runs Python functions here, and whether code may be run to check it: a caller who may not commit has none run.
    pub(super) python: (RunBy<'b>, bool),
}

/// An entity, or a feature or extractor of one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'p> {
    pub(super) kind: Kind,
    pub(super) entity: &'p str,
    /// Empty for the entity as a whole.
    pub(super) member: &'p str,
}

impl Branch<'_> {
    /// Adds to a refusal what is known of whatever it says is left out.
    pub(super) fn explain(&self, error: Error, before: &Catalog<'_>, after: &Catalog<'_>) -> Error {
        let explained = |problems: Problems| self.explain_each(problems, before, after);
        let explained = match error {
            Error::Refused(problems) => explained(problems).map(Error::Refused),
            Error::Invalid(problems) => explained(problems).map(Error::Invalid),
            other => Ok(other),
        };
        explained.unwrap_or_else(|unread| unread)
    }

    fn explain_each(
        &self,
        Problems(mut problems): Problems,
        before: &Catalog<'_>,
        after: &Catalog<'_>,
    ) -> Result<Problems> {
        let mut origins = None;
        let mut explained = 0;
        for problem in &mut problems {
            let Some(place) = omitted(problem, before, after) else {
                continue;
            };
            explained += 1;
            if explained > EXPLAINED {
                break;
            }
            let origins = match &mut origins {
                Some(origins) => origins,
                none => none.insert(Origins::new(self.past)?),
            };
            let mut notes = Vec::new();
            if let Some(commit) = origins.of(place)? {
                let commit = PastCommit::from(commit.clone());
                notes.push(format!("it came with {}", Told(&commit)));
            }
            notes.extend(self.rows(place)?);
            notes.push(readers(place, before, after));
            problem.notes.extend(notes);
        }
        Ok(Problems(problems))
    }

    /// What goes with a dataset.
    fn rows(&self, place: Place<'_>) -> Result<Option<String>> {
        if place.kind != Kind::Dataset {
            return Ok(None);
        }
        let table = &self.graph.dataset(place.entity)?.table;
        if table.computed().is_some() {
            return Ok(Some("what it has computed goes with it".into()));
        }
        let mut rows = 0;
        for row in table
            .rows(self.past.snapshot(), self.now)?
            .take(COUNTED + 1)
        {
            row?;
            rows += 1;
        }
        let rows = match rows {
            0 => return Ok(Some("it has no rows".into())),
            1 => "its one row goes".into(),
            2..=COUNTED => format!("its {rows} rows go"),
            _ => format!("its rows, more than {COUNTED}, go"),
        };
        Ok(Some(format!(
            "{rows} with it, until a higher version of it is computed anew from what was logged"
        )))
    }
}

/// What a problem says is left out, if that is what it is about: it is live before, and not there afterwards.
fn omitted<'p>(
    problem: &'p Problem,
    before: &Catalog<'_>,
    after: &Catalog<'_>,
) -> Option<Place<'p>> {
    let place = Place {
        kind: problem.kind?,
        entity: &problem.entity,
        member: &problem.member,
    };
    (place.is_live(before) && !place.is_there(after)).then_some(place)
}

impl Place<'_> {
    fn is_there(self, catalog: &Catalog<'_>) -> bool {
        match catalog.entity(self.kind, self.entity) {
            Some(Descriptor::Featureset(featureset)) => {
                self.member.is_empty() || featureset.feature(self.member).is_some()
            }
            Some(Descriptor::Dataset(_)) => self.member.is_empty(),
            None => false,
        }
    }

    fn is_live(self, catalog: &Catalog<'_>) -> bool {
        catalog.is_live(self.kind, self.entity, self.member)
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member {
            "" => write!(f, "{} `{}`", self.kind, self.entity),
            member => write!(f, "`{}.{member}`", self.entity),
        }
    }
}

/// Whether it may go, by who reads it.
fn readers(place: Place<'_>, before: &Catalog<'_>, after: &Catalog<'_>) -> String {
    let still = reading(place, after);
    if !still.is_empty() {
        return format!("{} of this commit read it, so keep it", list(&still));
    }
    // Whoever read it and is not in this commit is left out as well.
    let mut gone = reading(place, before);
    gone.retain(|reader| !reader.is_there(after));
    if gone.is_empty() {
        return "nothing reads it, so it may be marked deleted".into();
    }
    let (read, are) = match gone.len() {
        1 => ("reads", "is"),
        _ => ("read", "are"),
    };
    format!(
        "{} {read} it and {are} left out too, so mark them deleted together",
        list(&gone)
    )
}

/// Who of a catalog reads it: datasets by their pipelines, features, and extractors. What is deleted reads nothing.
fn reading<'c>(place: Place<'_>, catalog: &'c Catalog<'_>) -> Vec<Place<'c>> {
    let datasets = catalog.datasets().iter().filter(|dataset| {
        let mut pipelines = catalog.pipelines(dataset.name).iter();
        place.kind == Kind::Dataset
            && !dataset.meta.deleted
            && pipelines.any(|pipeline| pipeline.inputs.contains(&place.entity))
    });
    let datasets = datasets.map(|dataset| Place {
        kind: Kind::Dataset,
        entity: dataset.name,
        member: "",
    });
    let featuresets = catalog.featuresets().iter();
    let featuresets = featuresets.filter(|featureset| !featureset.meta.deleted);
    let members = featuresets.flat_map(|featureset| {
        let members = members_reading(place, catalog, featureset);
        members.map(|member| Place {
            kind: Kind::Featureset,
            entity: featureset.name,
            member,
        })
    });
    datasets.chain(members).collect()
}

/// The features and extractors of a featureset that read it from outside.
fn members_reading<'c>(
    place: Place<'_>,
    catalog: &'c Catalog<'_>,
    featureset: &'c Featureset<'_>,
) -> impl Iterator<Item = &'c str> {
    let is_it = move |reference: &Reference<'_>| {
        reference.kind == place.kind
            && reference.entity == place.entity
            && (place.member.is_empty() || reference.name == place.member)
            && (place.kind, place.entity) != (Kind::Featureset, featureset.name)
    };
    let features = featureset.features.iter().filter(move |feature| {
        let reads = feature.extraction.map(|extraction| extraction.origin);
        !feature.meta.deleted && matches!(&reads, Some(Origin::Reference(it)) if is_it(it))
    });
    let extractors = catalog.extractors_of(featureset.name).iter();
    let extractors = extractors.filter(move |extractor| {
        let looks_up = place.kind == Kind::Dataset && extractor.datasets.contains(&place.entity);
        !extractor.meta.deleted && (looks_up || extractor.inputs.iter().any(is_it))
    });
    let features = features.map(|feature| feature.name);
    features.chain(extractors.map(|extractor| extractor.name))
}

fn list(places: &[Place<'_>]) -> String {
    let named = places.iter().take(NAMED).map(ToString::to_string);
    let named = named.collect::<Vec<_>>().join(", ");
    match places.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
