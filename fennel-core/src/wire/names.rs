//! The protocol's names for derived extractors.

use crate::entity::{Kind, Reference};

/// The name of the extractor that reads `reference`.
pub(super) fn extractor(reference: &Reference<'_>) -> String {
    let kind = match reference.kind {
        Kind::Dataset => "lookup",
        Kind::Featureset => "alias",
    };
    format!("_fennel_{kind}_{}.{}", reference.entity, reference.name)
}

/// The name of the extractor that computes `featureset.feature` with an expression.
pub(super) fn expr_extractor(featureset: &str, feature: &str) -> String {
    format!("_fennel_expr_{featureset}.{feature}")
}

/// What an extractor's name says it reads; the parts can't hold a point themselves.
pub(super) fn reference(extractor: &str) -> Option<(&str, &str)> {
    let rest = extractor.strip_prefix("_fennel_")?;
    let path = rest
        .strip_prefix("lookup_")
        .or_else(|| rest.strip_prefix("alias_"))?;
    path.split_once('.')
}
