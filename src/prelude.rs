//! What definitions need: `use fennel::prelude::*;`.

pub use std::collections::BTreeMap;

pub use chrono::{DateTime, NaiveDate, Utc};

pub use crate::ty::{Decimal, Embedding, Window};
pub use crate::{Record, dataset, expectations, featureset, meta, pipeline, source};

/// A named receiver of rows: they are sent to the server's `log` endpoint.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static APP: Webhook = Webhook::new("app").retention("14d");
/// ```
pub type Webhook = fennel_core::connector::Webhook<'static>;
