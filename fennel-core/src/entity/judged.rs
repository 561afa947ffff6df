//! Entities beside a quick judgement, as the macros' checks hold them.
//!
//! Each column and each feature has checks of its own, in a const item of its own, so that one build
//! shows every mistake. Nearly all find nothing, and rustc's evaluation pays for every call. So an
//! entity is looked through once, and where all of it is surely right, its checks have nothing to do.
//! Where that can't be told so quickly, they do all that they do elsewhere.

use core::cmp::Ordering;

use super::order::compare;
use super::{Dataset, Descriptor, Extraction, Feature, Featureset, Field, Origin};
use crate::literal::Literal;
use crate::message::enforce;
use crate::text::digest;
use crate::ty::Type;

/// A dataset, for the checks of its columns.
#[derive(Clone, Copy, Debug)]
pub struct JudgedDataset {
    dataset: &'static Dataset<'static>,
    right: bool,
}

impl JudgedDataset {
    /// Looks a dataset's columns through.
    #[must_use]
    pub const fn of(dataset: &'static Dataset<'static>) -> Self {
        JudgedDataset {
            dataset,
            right: are_right(dataset),
        }
    }
}

/// A featureset, for the checks of its features.
#[derive(Clone, Copy, Debug)]
pub struct JudgedFeatureset {
    featureset: &'static Featureset<'static>,
    reads: &'static [Reads<'static>],
    right: bool,
}

/// What a feature reads.
#[derive(Clone, Copy, Debug)]
pub enum Reads<'a> {
    /// No other entity.
    Nothing,
    /// What the last feature before it that reads something reads.
    Same,
    /// That entity; and whether its own attribute could be read, without which it isn't judged.
    Entity(bool, Descriptor<'a>),
}

impl JudgedFeatureset {
    /// Looks a featureset's features through; `reads` has an element for each.
    #[must_use]
    pub const fn of(
        featureset: &'static Featureset<'static>,
        reads: &'static [Reads<'static>],
    ) -> Self {
        JudgedFeatureset {
            featureset,
            reads,
            right: reads_are_right(featureset, reads),
        }
    }

    /// The entity that the `i`th feature reads; `None` where it reads none.
    const fn entity(&self, i: usize) -> Option<(bool, Descriptor<'static>)> {
        let mut i = i;
        loop {
            match self.reads[i] {
                Reads::Entity(well, entity) => return Some((well, entity)),
                Reads::Same if i > 0 => i -= 1,
                Reads::Nothing | Reads::Same => return None,
            }
        }
    }
}

/// Raises what is wrong with the `i`th column.
///
/// # Panics
///
/// Something is. All of these are called in const items only, where a panic is a compile error.
#[track_caller]
pub const fn column(judged: JudgedDataset, i: usize) {
    if !judged.right {
        enforce(judged.dataset.check_field(i));
        enforce(judged.dataset.check_type(i));
    }
}

/// Raises what is wrong with the name or the role of the `i`th column.
///
/// # Panics
///
/// Something is.
#[track_caller]
pub const fn column_name(judged: JudgedDataset, i: usize) {
    if !judged.right {
        enforce(judged.dataset.check_field(i));
    }
}

/// Raises what is wrong with the type of the `i`th column.
///
/// # Panics
///
/// Something is.
#[track_caller]
pub const fn column_type(judged: JudgedDataset, i: usize) {
    if !judged.right {
        enforce(judged.dataset.check_type(i));
    }
}

/// Raises what is wrong with the name of the `i`th feature.
///
/// # Panics
///
/// Something is.
#[track_caller]
pub const fn feature(judged: JudgedFeatureset, i: usize) {
    if !judged.right {
        enforce(judged.featureset.check_feature(i));
    }
}

/// Raises what is wrong with what the `i`th feature reads.
///
/// # Panics
///
/// Something is.
#[track_caller]
pub const fn reference(judged: JudgedFeatureset, i: usize) {
    if !judged.right
        && let Some((true, target)) = judged.entity(i)
    {
        enforce(judged.featureset.check_reference(i, target));
    }
}

/// Raises what is wrong with the type of the `i`th feature, unless what it reads can't be judged.
///
/// # Panics
///
/// Something is.
#[track_caller]
pub const fn feature_type(judged: JudgedFeatureset, i: usize) {
    if !judged.right {
        match judged.entity(i) {
            None => enforce(judged.featureset.check_type(i, None)),
            Some((true, target)) => enforce(judged.featureset.check_type(i, Some(target))),
            Some((false, _)) => {}
        }
    }
}

/// Raises what is wrong with the default of the `i`th feature.
///
/// # Panics
///
/// Something is.
#[track_caller]
pub const fn default(judged: JudgedFeatureset, i: usize) {
    if !judged.right
        && let Some((true, target)) = judged.entity(i)
    {
        enforce(judged.featureset.check_default(i, target));
    }
}

/// Whether an order has all of so many members, each name once: `strict!(order, count, at => its name)`.
macro_rules! strict {
    ($order:expr, $count:expr, $at:ident => $of:expr) => {{
        let (order, count): (&[u16], usize) = ($order.0, $count);
        let (mut strict, mut i, mut last) = (order.len() == count, 0, ("", 0));
        while strict && i < count {
            let $at = order[i] as usize;
            let name: &str = $of;
            let digest = digest(name);
            // All but the first byte of a name are in its digest as they are in the order.
            strict = i == 0
                || digest >> 8 > last.1 >> 8
                || matches!(compare(last.0, name), Ordering::Less);
            last = (name, digest);
            i += 1;
        }
        strict
    }};
}

/// Whether no check of a column finds anything; `false` also where that is not told quickly.
const fn are_right(dataset: &Dataset<'_>) -> bool {
    let fields = dataset.fields;
    if !strict!(dataset.order, fields.len(), at => fields[at].name) {
        return false;
    }
    let (mut marked, mut timestamps, mut i) = (0, 0, 0);
    while i < fields.len() {
        let Field {
            name,
            ty,
            key,
            erase_key,
            timestamp,
            meta,
        } = &fields[i];
        let is_timestamp = matches!(ty, Type::Timestamp);
        let wrong_role = match (*key, *timestamp) {
            (true, true) => true,
            (true, false) => ty.is_optional() || !ty.can_be_key() || is_timestamp,
            (false, true) => *erase_key || !is_timestamp,
            (false, false) => *erase_key,
        };
        if wrong_role || meta.deleted || meta.deprecated || !is_sound(ty) || is_kept(name) {
            return false;
        }
        marked += *timestamp as usize;
        timestamps += is_timestamp as usize;
        i += 1;
    }
    match marked {
        0 => timestamps == 1,
        _ => marked == 1,
    }
}

/// Whether a type is one that can be, told at once for those without parameters.
const fn is_sound(ty: &Type<'_>) -> bool {
    use Type::{Bool, Bytes, Date, Float, Int, List, Map, Optional, String, Timestamp};
    match ty {
        Bool | Int | Float | String | Bytes | Timestamp | Date => true,
        Optional(Bool | Int | Float | String | Bytes | Timestamp | Date) => true,
        List(Bool | Int | Float | String | Bytes | Timestamp | Date) => true,
        Map(Bool | Int | Float | String | Bytes | Timestamp | Date) => true,
        _ => ty.check().is_ok(),
    }
}

/// Whether a name may be reserved. These are patterns, which const evaluation tells by a few bytes.
const fn is_kept(name: &str) -> bool {
    matches!(
        name.as_bytes(),
        [b'_', b'_', ..]
            | b"window"
            | b"cls"
            | b"self"
            | b"fields"
            | b"key_fields"
            | b"on_demand"
            | b"timestamp_field"
            | b"fqn"
            | b"fqn_"
            | b"dtype"
            | b"featureset_name"
            | b"featureset"
            | b"extractor"
            | b"extractors"
            | b"features"
    )
}

/// Whether no check of a feature finds anything; `false` also where that is not told quickly.
const fn reads_are_right(featureset: &Featureset<'_>, reads: &[Reads<'_>]) -> bool {
    let features = featureset.features;
    if !strict!(featureset.order, features.len(), at => features[at].name)
        || !reads_once(featureset)
    {
        return false;
    }
    let (mut read, mut dataset, mut i) = (0, None, 0);
    while i < features.len() {
        let Feature {
            name,
            ty,
            extraction,
            ..
        } = &features[i];
        if is_kept(name) || !is_sound(ty) {
            return false;
        }
        match (extraction, &reads[i]) {
            (None, Reads::Nothing) => {}
            (Some(extraction), Reads::Entity(true, Descriptor::Dataset(other))) => {
                if !has_keys_of(featureset, other) || !is_looked_up(ty, extraction, other) {
                    return false;
                }
                dataset = Some(*other);
                read += 1;
            }
            (Some(extraction), Reads::Same) => {
                match dataset {
                    Some(dataset) if is_looked_up(ty, extraction, dataset) => {}
                    _ => return false,
                }
                read += 1;
            }
            _ => return false,
        }
        i += 1;
    }
    read == featureset.reads.0.len()
}

/// Whether the names that are read are all different, so that nothing is looked up twice.
const fn reads_once(featureset: &Featureset<'_>) -> bool {
    let reads = featureset.reads.0;
    let (mut last, mut i) = (("", 0), 0);
    while i < reads.len() {
        let at = reads[i] as usize;
        let Some(Extraction {
            origin: Origin::Reference(reference),
            ..
        }) = &featureset.features[at].extraction
        else {
            return false;
        };
        let digest = digest(reference.name);
        if i > 0
            && digest >> 8 <= last.1 >> 8
            && !matches!(compare(last.0, reference.name), Ordering::Less)
        {
            return false;
        }
        last = (reference.name, digest);
        i += 1;
    }
    true
}

/// Whether a dataset can be looked up by features of the names and the types of its keys.
const fn has_keys_of(featureset: &Featureset<'_>, dataset: &Dataset<'_>) -> bool {
    let (mut keys, mut i) = (0, 0);
    while i < dataset.fields.len() {
        let Field { name, ty, key, .. } = &dataset.fields[i];
        if *key {
            match featureset.feature(name) {
                Some(feature) if feature.ty.is(ty) => keys += 1,
                _ => return false,
            }
        }
        i += 1;
    }
    keys > 0 && dataset.index.any()
}

/// Whether a feature of that type has a column's value, as keys that are no lists find it.
const fn is_looked_up(ty: &Type<'_>, extraction: &Extraction<'_>, dataset: &Dataset<'_>) -> bool {
    let Origin::Reference(reference) = &extraction.origin else {
        return false;
    };
    let Some(column) = dataset.field(reference.name) else {
        return false;
    };
    let required = match &column.ty {
        Type::Optional(inner) => *inner,
        ty => ty,
    };
    let has_type = match (&extraction.default, ty) {
        (None | Some(Literal::Null), Type::Optional(inner)) => inner.is(required),
        (None | Some(Literal::Null), _) => false,
        (Some(default), ty) => ty.is(required) && default.check(ty).is_ok(),
    };
    has_type && extraction.version <= i32::MAX as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Env, Index, Kind, Location, Meta, Order, Reference, dataset, featureset};

    const TYPES: [Type<'static>; 6] = [
        Type::Int,
        Type::Timestamp,
        Type::Optional(&Type::Int),
        Type::List(&Type::Int),
        Type::Decimal { scale: 0 },
        Type::Optional(&Type::Optional(&Type::Int)),
    ];

    fn order<'n>(names: impl Iterator<Item = (usize, &'n str)>) -> Vec<u16> {
        Order::sort(names)
    }

    fn indexed<'a>(fields: &'a [Field<'a>], order: &'a [u16], index: Index) -> Dataset<'a> {
        Dataset {
            name: "Order",
            version: 1,
            history: Dataset::DEFAULT_HISTORY,
            index,
            fields,
            order: Order(order),
            sources: &[],
            expectations: None,
            sinks: &[],
            meta: Meta::EMPTY,
            location: Location::UNKNOWN,
        }
    }

    /// Columns of all types and roles beside an event time.
    fn fields() -> impl Iterator<Item = Field<'static>> {
        let names = ["uid", "at", "fqn", "window", "__fennel_x", "fields"];
        let kinds = names
            .into_iter()
            .flat_map(|name| TYPES.map(|ty| (name, ty)));
        kinds.flat_map(|(name, ty)| {
            (0..16).map(move |bits| Field {
                name,
                ty,
                key: bits & 1 > 0,
                erase_key: bits & 2 > 0,
                timestamp: bits & 4 > 0,
                meta: Meta {
                    deleted: bits & 8 > 0,
                    ..Meta::EMPTY
                },
            })
        })
    }

    #[test]
    fn a_dataset_is_right_where_no_check_finds_anything() {
        let marked = |timestamp| Field {
            timestamp,
            ..column("at", Type::Timestamp, false)
        };
        let (mut right, mut told) = (0, 0);
        for field in fields() {
            for at in [marked(false), marked(true)] {
                let fields = [field, at];
                let names = fields.iter().map(|field| field.name).enumerate();
                let order = order(names);
                for order in [&order[..], &[0, 1], &[1, 0], &[0, 0], &[]] {
                    let dataset = indexed(&fields, order, Index::NONE);
                    let finds_nothing = (0..2)
                        .all(|i| dataset.check_field(i).is_ok() && dataset.check_type(i).is_ok())
                        && dataset.check_timestamp().is_ok();
                    assert!(finds_nothing || !are_right(&dataset), "{dataset:?}");
                    right += usize::from(finds_nothing);
                    told += usize::from(are_right(&dataset));
                }
            }
        }
        // The rest has no proper order.
        assert!(told > 20 && told >= right / 5, "{told} of {right}");
    }

    #[test]
    fn each_reserved_name_is_kept() {
        let reserved = [&dataset::RESERVED[..], &featureset::RESERVED];
        assert!(reserved.concat().into_iter().all(is_kept));
    }

    fn column<'a>(name: &'a str, ty: Type<'a>, key: bool) -> Field<'a> {
        Field {
            name,
            ty,
            key,
            erase_key: false,
            timestamp: false,
            meta: Meta::EMPTY,
        }
    }

    fn feature<'a>(name: &'a str, ty: Type<'a>, extraction: Option<Extraction<'a>>) -> Feature<'a> {
        Feature {
            name,
            ty,
            extraction,
            meta: Meta::EMPTY,
        }
    }

    /// Checks that what is told of these features is so; whether they are told to be right.
    fn told(features: &[Feature<'_>], dataset: &Dataset<'_>) -> bool {
        let names = order(features.iter().map(|feature| feature.name).enumerate());
        let read = features.iter().enumerate();
        let read = read.filter_map(|(i, it)| Some((i, it.extraction?.reference()?.name)));
        let read = order(read);
        let featureset = Featureset {
            name: "Spend",
            features,
            order: Order(&names),
            reads: Order(&read),
            meta: Meta::EMPTY,
            location: Location::UNKNOWN,
        };
        let target = Descriptor::Dataset(dataset);
        let finds_nothing = (0..features.len()).all(|i| {
            let target = features[i].extraction.map(|_| target);
            featureset.check_feature(i).is_ok()
                && featureset.check_type(i, target).is_ok()
                && target.is_none_or(|target| {
                    featureset.check_reference(i, target).is_ok()
                        && featureset.check_default(i, target).is_ok()
                })
        });
        let mut first = Some(Reads::Entity(true, target));
        let reads = features.iter().map(|feature| match feature.extraction {
            Some(_) => first.take().unwrap_or(Reads::Same),
            None => Reads::Nothing,
        });
        let right = reads_are_right(&featureset, &reads.collect::<Vec<_>>());
        assert!(finds_nothing || !right, "{featureset:?} {dataset:?}");
        right
    }

    #[test]
    fn a_featureset_is_right_where_no_check_finds_anything() {
        let reading = |name, default| Extraction {
            origin: Origin::Reference(Reference {
                kind: Kind::Dataset,
                entity: "Order",
                name,
            }),
            default,
            version: 0,
            env: Env::ANY,
        };
        let literals = [None, Some(Literal::Null), Some(Literal::Int(1))];
        let triples = |(a, b)| TYPES.map(|c| (a, b, c));
        let pairs = TYPES.iter().flat_map(|a| TYPES.map(|b| (*a, b)));
        let mut right = 0;
        for (key, given, of_column) in pairs.flat_map(triples) {
            let fields = [column("uid", key, true), column("amount", of_column, false)];
            let names = order(fields.iter().map(|field| field.name).enumerate());
            for index in [Index::NONE, Index::of(true, None, None)] {
                let dataset = indexed(&fields, &names, index);
                for (ty, default) in TYPES.iter().flat_map(|ty| literals.map(|it| (*ty, it))) {
                    for (name, read, again) in [
                        ("spend", "amount", false),
                        ("spend", "amuont", false),
                        ("spend", "uid", true),
                        ("spend", "amount", true),
                        ("uid", "amount", false),
                        ("dtype", "amount", false),
                    ] {
                        let extraction = Some(reading(read, default));
                        let again = again.then(|| reading("amount", default));
                        let features = [
                            feature("uid", given, None),
                            feature(name, ty, extraction),
                            feature("b", ty, again),
                        ];
                        right += usize::from(told(&features, &dataset));
                    }
                }
            }
        }
        assert!(right > 20, "{right}");
    }
}
