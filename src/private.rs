//! What the macros' emitted code names. Not public: it changes with every release.

pub use std::vec::Vec;

pub use fennel_core::entity::judged::{self, JudgedDataset, JudgedFeatureset, Reads};
pub use fennel_core::entity::{
    Argument, Cdc, Code, Dataset, Descriptor, Entity, Env, Expectation, Expectations, Extraction,
    Extractor, Feature, Features, Featureset, Field, How, Index, Kind, Location, Meta, Native,
    Order, Origin, Pipeline, Preproc, PreprocValue, Reference, Sample, Sink, Source,
    check_feature_type, check_history, check_instant,
};
pub use fennel_core::expr::{Binary, Branch, Expr, FieldExpr, Found, Unary, raise as raise_found};
pub use fennel_core::flow::{Flow, Verdict, raise};
pub use fennel_core::handle;
pub use fennel_core::literal::{Const, Literal, NoConst};
pub use fennel_core::message::enforce;
pub use fennel_core::native::{Extracts, Found as FoundRow, Lend, Parameter};
pub use fennel_core::op::{Args, RowFunction, Transforms};
pub use fennel_core::owner::{ModuleOwner, NoModuleOwner, Probe, of as owner_of};
pub use fennel_core::registry::{
    Registered, RegisteredExtractor, RegisteredPipeline, RegisteredTransform,
};
pub use fennel_core::row::{Fields, Row};
pub use fennel_core::time::{Duration, Timestamp, check_duration, check_timestamp};
pub use fennel_core::ty::{
    Between, Bound, DataType, Record as RecordType, RecordField, Restrict, Restriction, Type,
    check_restriction, restricted_or_bare,
};
pub use fennel_core::value::{Mismatch, Value};
pub use inventory;
