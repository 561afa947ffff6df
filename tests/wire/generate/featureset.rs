use fennel_core::catalog::Catalog;
use fennel_core::entity::{
    Dataset, Descriptor, Env, Extraction, Feature, Featureset, Field, Kind, Location, Order,
    Origin, Reference,
};
use fennel_core::literal::Literal;
use fennel_core::ty::Type;

use super::Generator;

impl<'a> Generator<'a> {
    /// A featureset that looks up in some dataset of the catalog and aliases another featureset's.
    pub(super) fn featureset(&mut self, catalog: &Catalog<'a>) -> Featureset<'a> {
        let mut features = Vec::new();
        let indexed = catalog
            .datasets()
            .iter()
            .filter(|dataset| dataset.index.any());
        let indexed: Vec<_> = indexed.collect();
        if !indexed.is_empty() {
            let dataset = *self.pick(&indexed);
            let listed = self.rarely(4);
            for key in dataset.keys() {
                let ty = if listed {
                    Type::List(self.value(key.ty))
                } else {
                    key.ty
                };
                features.push(self.feature(key.name, ty, None));
            }
            for field in dataset.values().take(3) {
                features.push(self.lookup(&dataset, field, listed));
            }
        }
        for other in catalog.featuresets().iter().take(1) {
            for feature in other.features.iter().take(2) {
                features.push(self.alias(other.name, feature));
            }
        }
        for _ in 0..self.below(3) {
            let ty = self.ty(2);
            let name = self.name("f");
            features.push(self.feature(name, ty, None));
        }
        let name = self.name("Features");
        let featureset = Featureset {
            order: Order::NONE,
            reads: Order::NONE,
            name,
            features: self.slice(&features),
            meta: self.meta(),
            location: Location::UNKNOWN,
        };
        let of = |feature: &Feature<'a>| {
            let reference = feature.extraction?.reference()?;
            catalog.entity(reference.kind, reference.entity)
        };
        let right = |i: &usize| {
            let Some(target) = of(&featureset.features[*i]) else {
                return true;
            };
            featureset.check_reference(*i, target).is_ok()
                && featureset.check_type(*i, Some(target)).is_ok()
                && featureset.check_default(*i, target).is_ok()
        };
        let all = (0..featureset.features.len()).filter(right);
        let features: Vec<_> = all.map(|i| featureset.features[i]).collect();
        Featureset {
            features: self.slice(&features),
            ..featureset
        }
    }

    fn feature(
        &mut self,
        name: &'a str,
        ty: Type<'a>,
        extraction: Option<Extraction<'a>>,
    ) -> Feature<'a> {
        Feature {
            name,
            ty,
            extraction,
            meta: self.meta(),
        }
    }

    fn lookup(&mut self, dataset: &Dataset<'a>, field: &Field<'a>, listed: bool) -> Feature<'a> {
        let required = field.ty.required();
        let default = self.rarely(2).then(|| self.literal(&required));
        let one = match default {
            Some(_) => required,
            None => Type::Optional(self.value(required)),
        };
        let ty = if listed {
            Type::List(self.value(one))
        } else {
            one
        };
        let name = self.name("f");
        let entity = Descriptor::Dataset(dataset);
        let extraction = self.extraction(entity.kind(), dataset.name, field.name, default);
        self.feature(name, ty, Some(extraction))
    }

    fn alias(&mut self, featureset: &'a str, aliased: &Feature<'a>) -> Feature<'a> {
        let with_default = aliased.ty.is_optional() && self.rarely(2);
        let required = aliased.ty.required();
        let (ty, default) = if with_default {
            (required, Some(self.literal(&required)))
        } else {
            (aliased.ty, None)
        };
        let name = self.name("f");
        let extraction = self.extraction(Kind::Featureset, featureset, aliased.name, default);
        self.feature(name, ty, Some(extraction))
    }

    fn extraction(
        &mut self,
        kind: Kind,
        entity: &'a str,
        name: &'a str,
        default: Option<Literal<'a>>,
    ) -> Extraction<'a> {
        Extraction {
            origin: Origin::Reference(Reference { kind, entity, name }),
            default,
            version: self.pick(&[0, 1, i32::MAX as u32]),
            env: Env::ANY,
        }
    }
}
