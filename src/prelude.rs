//! What definitions need: `use fennel::prelude::*;`.

pub use std::collections::BTreeMap;

pub use chrono::{DateTime, NaiveDate, Utc};

<<<<<<< HEAD
pub use crate::ty::{Decimal, Embedding, Window};
pub use crate::{Record, dataset, featureset, meta, pipeline, source};
=======
pub use crate::ty::{Decimal, Embedding};
pub use crate::{Record, dataset, expectations, featureset, meta, source};
>>>>>>> 9e5413a (Say what a dataset's rows should look like)

/// A named receiver of rows: they are sent to the server's `log` endpoint.
///
/// ```
/// use fennel::prelude::*;
///
/// pub static APP: Webhook = Webhook::new("app").retention("14d");
/// ```
pub type Webhook = fennel_core::connector::Webhook<'static>;
