//! Features that are looked up, aliases and expressions, as extractors that the protocol calls derived, and back.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::decode::Decoder;
use super::encode::metadata;
use super::{Decoded, json_text, names, types};
use crate::catalog::Catalog;
use crate::entity::{Env, Extraction, Feature, Featureset, Kind, Origin, Reference};
use crate::expr::wire::Reader;
use crate::expr::{self, Expr};
use crate::literal::Literal;
use crate::ty::Type;
use crate::wire::proto::featureset;

/// The extractor of a feature that looks a column up, or is the same as another feature.
pub(super) fn reading(
    catalog: &Catalog<'_>,
    featureset: &Featureset<'_>,
    i: usize,
    extraction: &Extraction<'_>,
    reference: &Reference<'_>,
) -> featureset::Extractor {
    use featureset::ExtractorType;
    use featureset::extractor::DerivedExtractorInfo;

    let feature = &featureset.features[i];
    let mut extractor = made(names::extractor(reference), featureset, feature, extraction);
    match reference.kind {
        Kind::Featureset => {
            extractor.set_extractor_type(ExtractorType::Alias);
            let source = catalog.featureset(reference.entity);
            let aliased = source.and_then(|source| source.feature(reference.name));
            let ty = aliased.map_or(feature.ty, |aliased| aliased.ty);
            extractor.inputs = vec![input(reference.entity, reference.name, &ty)];
            extractor.derived_extractor_info = extraction.default.map(|default| {
                DerivedExtractorInfo::AliasInfo(featureset::AliasInfo {
                    dtype: Some(types::encode(&feature.ty)),
                    default_value: json_text::to_text(&default.to_json(&feature.ty)),
                })
            });
        }
        Kind::Dataset => {
            extractor.set_extractor_type(ExtractorType::Lookup);
            extractor.datasets = vec![reference.entity.into()];
            let Some(dataset) = catalog.dataset(reference.entity) else {
                return extractor;
            };
            let mut ty = feature.ty;
            if featureset.is_list_lookup(i, dataset) {
                extractor.set_extractor_type(ExtractorType::ListLookup);
                if let Type::List(element) = feature.ty {
                    ty = *element;
                }
            }
            // Where the featureset is deleted, the features that are the keys may be gone before it.
            let keys = dataset.keys().map(|key| {
                let feature = featureset.feature(key.name);
                let ty = feature.map_or(key.ty, |feature| feature.ty);
                input(featureset.name, key.name, &ty)
            });
            extractor.inputs = keys.collect();
            let default = extraction.default.unwrap_or(Literal::Null);
            extractor.derived_extractor_info = dataset.field(reference.name).map(|field| {
                DerivedExtractorInfo::FieldInfo(featureset::FieldLookupInfo {
                    field: Some(types::encode_field(field.name, &field.ty)),
                    default_value: json_text::to_text(&default.to_json(&ty)),
                })
            });
        }
    }
    extractor
}

/// An extractor that is generated for a feature.
fn made(
    name: String,
    featureset: &Featureset<'_>,
    feature: &Feature<'_>,
    extraction: &Extraction<'_>,
) -> featureset::Extractor {
    featureset::Extractor {
        name,
        features: vec![feature.name.into()],
        metadata: Some(metadata(&feature.meta)),
        version: extraction.version as i32,
        feature_set_name: featureset.name.into(),
        ..Default::default()
    }
}

/// The extractor of a feature that an expression makes.
pub(super) fn computed(
    featureset: &Featureset<'_>,
    i: usize,
    extraction: &Extraction<'_>,
    expr: &Expr<'_>,
) -> featureset::Extractor {
    let feature = &featureset.features[i];
    let name = names::expr_extractor(featureset.name, feature.name);
    let mut extractor = made(name, featureset, feature, extraction);
    extractor.set_extractor_type(featureset::ExtractorType::Expr);
    let read = expr.names().into_iter();
    let read = read.filter_map(|name| featureset.feature(name));
    extractor.inputs = read
        .map(|read| input(featureset.name, read.name, &read.ty))
        .collect();
    extractor.expr = Some(expr::wire::encode(expr, &featureset.scope(i)));
    extractor
}

pub(super) fn input(featureset: &str, feature: &str, ty: &Type<'_>) -> featureset::Input {
    featureset::Input {
        feature: Some(featureset::input::Feature {
            feature_set_name: featureset.into(),
            name: feature.into(),
        }),
        dtype: Some(types::encode(ty)),
    }
}

impl<'a> Decoder<'a, '_> {
    /// Gives the extractor's feature its extraction.
    pub(super) fn place(
        &self,
        extractor: &featureset::Extractor,
        positions: &HashMap<&str, usize>,
        features: &mut [Feature<'a>],
    ) -> Decoded<()> {
        let [output] = extractor.features.as_slice() else {
            return Err("a lookup, an alias and an expression make one feature each".into());
        };
        let count = features.len();
        let feature = positions
            .get(output.as_str())
            .and_then(|i| features.get_mut(*i));
        let feature = feature
            .ok_or_else(|| format!("its output `{output}` is no feature of the featureset"))?;
        if feature.extraction.is_some() {
            return Err(format!(
                "feature `{output}` is produced by two extractors; commit with an env that selects one"
            ));
        }
        feature.extraction = Some(self.extraction(extractor, &feature.ty, count)?);
        Ok(())
    }

    fn extraction(
        &self,
        extractor: &featureset::Extractor,
        ty: &Type<'a>,
        features: usize,
    ) -> Decoded<Extraction<'a>> {
        use featureset::ExtractorType;
        use featureset::extractor::DerivedExtractorInfo as Info;

        let info = extractor.derived_extractor_info.as_ref();
        let (reference, default) = match (ExtractorType::try_from(extractor.extractor_type), info) {
            (
                Ok(ExtractorType::Lookup | ExtractorType::ListLookup),
                Some(Info::FieldInfo(info)),
            ) => {
                let [dataset] = extractor.datasets.as_slice() else {
                    return Err("a lookup reads one dataset".into());
                };
                let field = info.field.as_ref().ok_or("a lookup names its field")?;
                let reference = Reference {
                    kind: Kind::Dataset,
                    entity: self.arena.text(dataset),
                    name: self.arena.text(&field.name),
                };
                (reference, info.default_value.as_str())
            }
            (Ok(ExtractorType::Alias), info) => {
                let [
                    featureset::Input {
                        feature: Some(source),
                        ..
                    },
                ] = extractor.inputs.as_slice()
                else {
                    return Err("an alias has one input".into());
                };
                let reference = Reference {
                    kind: Kind::Featureset,
                    entity: self.arena.text(&source.feature_set_name),
                    name: self.arena.text(&source.name),
                };
                let default = match info {
                    Some(Info::AliasInfo(info)) => info.default_value.as_str(),
                    _ => "null",
                };
                (reference, default)
            }
            (Ok(ExtractorType::Expr), _) => {
                let expr = Reader::new(self.arena).expr(extractor.expr.as_ref())?;
                return extraction_of(Origin::Expr(expr), None, extractor);
            }
            _ => return Err("it is neither a lookup, an alias nor an expression".into()),
        };
        if names::reference(&extractor.name)
            .is_some_and(|named| named != (reference.entity, reference.name))
        {
            return Err(format!(
                "its name says that it reads something else than `{}.{}`",
                reference.entity, reference.name
            ));
        }
        let list =
            ExtractorType::try_from(extractor.extractor_type) == Ok(ExtractorType::ListLookup);
        if reference.kind == Kind::Dataset {
            self.check_inputs(extractor, reference.entity)?;
        }
        self.compares_read(reference, features)?;
        let ty = match ty {
            Type::List(element) if list => element,
            ty => ty,
        };
        let default = self.default(default, ty)?;
        extraction_of(Origin::Reference(reference), default, extractor)
    }

    /// The inputs of a lookup are the features of its own featureset that are called like the keys, in
    /// their order. A dataset that is not in the request is the catalog's to report.
    fn check_inputs(&self, extractor: &featureset::Extractor, dataset: &str) -> Decoded<()> {
        let Some(keys) = self.keys_of(dataset) else {
            return Ok(());
        };
        let inputs = extractor.inputs.iter().map(|input| input.feature.as_ref());
        let is_key = |(input, key): (Option<&featureset::input::Feature>, &&str)| {
            input.is_some_and(|input| {
                input.feature_set_name == extractor.feature_set_name && input.name == *key
            })
        };
        if keys.is_empty() {
            return Ok(());
        }
        if extractor.inputs.len() == keys.len() && inputs.zip(keys).all(is_key) {
            return Ok(());
        }
        Err(format!(
            "its inputs are not the features that look `{dataset}` up, which are `{}`",
            keys.join("`, `")
        ))
    }

    /// A default from its JSON text, where `null` stands for none.
    fn default(&self, text: &str, ty: &Type<'_>) -> Decoded<Option<Literal<'a>>> {
        if text.is_empty() {
            return Ok(None);
        }
        let json: Json = serde_json::from_str(text)
            .map_err(|error| format!("its default {text:?} is not JSON: {error}"))?;
        if json.is_null() {
            return Ok(None);
        }
        self.arena.literal(&json, ty).map(Some)
    }
}

fn extraction_of<'a>(
    origin: Origin<'a>,
    default: Option<Literal<'a>>,
    extractor: &featureset::Extractor,
) -> Decoded<Extraction<'a>> {
    Ok(Extraction {
        origin,
        default,
        version: u32::try_from(extractor.version).map_err(|_| "its version is negative")?,
        env: Env::ANY,
    })
}
