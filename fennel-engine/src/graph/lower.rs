//! From a checked catalog to a graph.

use std::sync::Arc;

use fennel_core::catalog::{Catalog, selected_extraction, selected_extractors};
use fennel_core::entity::{self, Featureset, Kind, Origin};
use fennel_core::expr::Expr;
use fennel_core::expr::eval::Compiled;
use fennel_core::ty::{Computed, Type};
use fennel_core::value::Shape;

use super::{
    Align, Computation, Dataset, Extraction, Feature, FeatureId, From, Graph, Lookup, LookupId,
};
use crate::error::{Error, Result};
use crate::expectation::Expected;
use crate::python::RunBy;
use crate::table::Table;

impl Graph {
    /// The graph of a checked catalog; `table` gives a live dataset's table.
    pub(crate) fn new(
        catalog: &Catalog<'_>,
        python: RunBy<'_>,
        table: impl Fn(&entity::Dataset<'_>) -> Option<Arc<Table>>,
    ) -> Result<Graph> {
        let mut graph = Graph::default();
        for dataset in catalog.datasets() {
            if dataset.meta.deleted {
                graph.deleted.insert(dataset.name.into());
                continue;
            }
            let shared = table(dataset).ok_or_else(|| broken(dataset.name, "has no table"))?;
            let lowered = Dataset {
                table: shared.shared_with(dataset, python)?,
                index: dataset.index,
                expected: Expected::all(dataset)
                    .map_err(|(_, what)| broken(dataset.name, &what))?,
            };
            graph.datasets.insert(dataset.name.into(), lowered);
        }
        for featureset in catalog.featuresets() {
            graph.declare(featureset)?;
        }
        for featureset in catalog
            .featuresets()
            .iter()
            .filter(|featureset| !featureset.meta.deleted)
        {
            let features = featureset.features.iter().enumerate();
            for (i, feature) in features.filter(|(_, feature)| !feature.meta.deleted) {
                if let Some(extraction) = selected_extraction(feature, None) {
                    graph.extract(catalog, featureset, i, &extraction)?;
                }
            }
            for extractor in selected_extractors(catalog, featureset.name, None) {
                graph.call(catalog, featureset, extractor, python)?;
            }
        }
        Ok(graph)
    }

    /// Gives the live features of a featureset their numbers.
    fn declare(&mut self, featureset: &Featureset<'_>) -> Result<()> {
        if featureset.meta.deleted {
            self.deleted.insert(featureset.name.into());
            return Ok(());
        }
        let mut ids = Vec::with_capacity(featureset.features.len());
        for feature in featureset.features {
            let name = format!("{}.{}", featureset.name, feature.name);
            if feature.meta.deleted {
                self.deleted.insert(name);
                continue;
            }
            let id = self.features.len();
            ids.push(id);
            self.names.insert(name.clone(), id);
            let shape = shape(&feature.ty, &name)?;
            self.features.push(Feature {
                name,
                shape,
                extraction: None,
            });
        }
        self.featuresets.insert(featureset.name.into(), ids);
        Ok(())
    }

    /// Tells the `i`th feature of a featureset how it is had.
    fn extract(
        &mut self,
        catalog: &Catalog<'_>,
        featureset: &Featureset<'_>,
        i: usize,
        extraction: &entity::Extraction<'_>,
    ) -> Result<()> {
        let Some(feature) = featureset.features.get(i) else {
            return Ok(());
        };
        let id = self.number(featureset.name, feature.name)?;
        let reference = match extraction.origin {
            Origin::Reference(reference) => reference,
            Origin::Expr(expr) => return self.compute(featureset, feature, &expr),
        };
        let lowered = match reference.kind {
            Kind::Featureset => {
                let source = self.number(reference.entity, reference.name)?;
                let from = &self.feature(source).shape;
                let align = Align::new(from, &self.feature(id).shape);
                lower(
                    From::Feature(source),
                    feature,
                    &feature.ty,
                    extraction,
                    align,
                )?
            }
            Kind::Dataset => {
                let missing = || broken(feature.name, "reads a dataset that is not there");
                let dataset = catalog.dataset(reference.entity).ok_or_else(missing)?;
                let table = &self.dataset(reference.entity)?.table;
                let column = table.position(reference.name).ok_or_else(missing)?;
                let each = featureset.is_list_lookup(i, dataset);
                let ty = match feature.ty {
                    Type::List(element) if each => *element,
                    ty => ty,
                };
                let from = &table.columns.get(column).ok_or_else(missing)?.shape;
                let align = Align::new(from, &shape(&ty, feature.name)?);
                let keys = dataset
                    .keys()
                    .map(|key| self.number(featureset.name, key.name));
                let keys = keys.collect::<Result<_>>()?;
                let lookup = self.share(Lookup {
                    dataset: dataset.name.into(),
                    keys,
                    each,
                });
                lower(
                    From::Lookup(lookup, column),
                    feature,
                    &ty,
                    extraction,
                    align,
                )?
            }
        };
        if let Some(feature) = self.features.get_mut(id) {
            feature.extraction = Some(lowered);
        }
        Ok(())
    }

    /// Tells a feature of a featureset which expression it is.
    fn compute(
        &mut self,
        featureset: &Featureset<'_>,
        feature: &entity::Feature<'_>,
        expr: &Expr<'_>,
    ) -> Result<()> {
        let id = self.number(featureset.name, feature.name)?;
        let others = featureset.features.iter();
        let others = others.filter(|other| other.name != feature.name && !other.meta.deleted);
        let (mut columns, mut ids) = (Vec::new(), Vec::new());
        for other in others {
            columns.push((other.name, Computed::of(&other.ty)));
            ids.push(self.number(featureset.name, other.name)?);
        }
        let expr = Compiled::new(expr, &columns, Some(Computed::of(&feature.ty)));
        let expr = expr.map_err(|message| broken(feature.name, message.as_str()))?;
        self.computations.push(Computation { expr, columns: ids });
        self.set(id, From::Computation(self.computations.len() - 1));
        Ok(())
    }

    /// Says how a feature is had, whose values are of its type as they come.
    pub(super) fn set(&mut self, feature: FeatureId, from: From) {
        if let Some(feature) = self.features.get_mut(feature) {
            feature.extraction = Some(Extraction {
                from,
                default: None,
                align: Align::Same,
            });
        }
    }

    /// The number of this lookup, which is a new one only if there is none like it.
    pub(super) fn share(&mut self, lookup: Lookup) -> LookupId {
        if let Some(known) = self.lookup_ids.get(&lookup) {
            return *known;
        }
        let (id, lookup) = (self.lookups.len(), Arc::new(lookup));
        self.lookups.push(Arc::clone(&lookup));
        self.lookup_ids.insert(lookup, id);
        id
    }

    pub(super) fn number(&self, featureset: &str, feature: &str) -> Result<FeatureId> {
        let name = format!("{featureset}.{feature}");
        let id = self.names.get(&name).copied();
        id.ok_or_else(|| broken(&name, "is read and not there"))
    }
}

fn lower(
    from: From,
    feature: &entity::Feature<'_>,
    ty: &Type<'_>,
    extraction: &entity::Extraction<'_>,
    align: Align,
) -> Result<Extraction> {
    let default = extraction
        .default
        .map(|default| default.typed(ty))
        .transpose();
    let default = default.map_err(|error| broken(feature.name, &error.to_string()))?;
    Ok(Extraction {
        from,
        default,
        align,
    })
}

pub(super) fn shape(ty: &Type<'_>, name: &str) -> Result<Shape> {
    Shape::new(ty).map_err(|error| broken(name, &error.to_string()))
}

/// What a check rules out, so that it can only come from a damaged store.
pub(super) fn broken(name: &str, what: &str) -> Error {
    Error::Corrupt(format!(
        "the committed definition of `{name}` can't be run: it {what}"
    ))
}
