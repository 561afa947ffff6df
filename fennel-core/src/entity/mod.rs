//! Descriptors: what a definition says, as const data.
//!
//! A descriptor is `Copy` and borrows: the macros emit `'static` ones, and the wire decoder makes
//! the same types borrow from an arena. The checks are `const fn` methods beside the data, so that
//! rustc, `sync` and the server run the very same ones.

mod dataset;
mod env;
pub mod expectation;
mod expression;
mod extractor;
mod featureset;
mod incoming;
pub mod judged;
mod meta;
mod order;
mod pipeline;
mod python;
mod sink;
mod source;

pub use dataset::{Dataset, Field, Index, check_history};
pub use env::Env;
pub use expectation::{Argument, Expectation, Expectations};
pub use extractor::{Code, Extractor, Native, check_feature_type, check_instant};
pub use featureset::{Extraction, Feature, Featureset, Origin, Reference};
pub use meta::{Location, Meta};
pub use order::Order;
pub use pipeline::Pipeline;
pub(crate) use pipeline::{is_too_wide, too_many_columns, unexpectable};
pub use python::Python;
pub use sink::{How, Sink};
pub use source::{Cdc, Preproc, PreprocValue, Sample, Source};

use crate::message::{Check, Message};

/// The most columns that a dataset has, and the most features that a featureset has. Inside rustc they
/// are all checked.
pub const MAX_MEMBERS: usize = 10_000;

/// Checks that an entity has no more members than are compared.
///
/// # Errors
///
/// How many it has, and how many it may have.
pub const fn check_members(count: usize) -> Check {
    if count > MAX_MEMBERS {
        return Err(Message::new("it has ")
            .int(count as i64)
            .text(" columns or features, and ")
            .int(MAX_MEMBERS as i64)
            .text(" is the most: split it"));
    }
    Ok(())
}

/// The kinds of entities.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A dataset.
    Dataset,
    /// A featureset.
    Featureset,
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Kind::Dataset => "dataset",
            Kind::Featureset => "featureset",
        })
    }
}

/// The descriptor of an entity.
#[derive(Clone, Copy, Debug)]
pub enum Descriptor<'a> {
    /// A dataset's.
    Dataset(&'a Dataset<'a>),
    /// A featureset's.
    Featureset(&'a Featureset<'a>),
}

impl<'a> Descriptor<'a> {
    /// Whether it is a dataset or a featureset.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Descriptor::Dataset(_) => Kind::Dataset,
            Descriptor::Featureset(_) => Kind::Featureset,
        }
    }

    /// The entity's name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        match self {
            Descriptor::Dataset(dataset) => dataset.name,
            Descriptor::Featureset(featureset) => featureset.name,
        }
    }

    /// Where it was declared.
    #[must_use]
    pub const fn location(&self) -> Location<'a> {
        match self {
            Descriptor::Dataset(dataset) => dataset.location,
            Descriptor::Featureset(featureset) => featureset.location,
        }
    }
}

/// A struct that is an entity. `#[dataset]` and `#[featureset]` implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a dataset nor a featureset",
    label = "not an entity",
    note = "mark the struct `#[dataset]` or `#[featureset]`"
)]
pub trait Entity {
    /// The entity's name: its struct's.
    const NAME: &'static str;
    /// Whether it is a dataset or a featureset.
    const KIND: Kind;
    /// Whether its attribute could be read. Checks of other entities pass over one that couldn't: the
    /// error at the attribute says enough.
    const WELL: bool = true;
    /// What the definition says.
    const DESCRIPTOR: Descriptor<'static>;
}

/// A struct that is a featureset. `#[featureset]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a featureset",
    label = "featuresets are structs marked `#[featureset]`"
)]
pub trait Features: Entity {
    /// What the definition says.
    const FEATURESET: &'static Featureset<'static>;
}
