//! Attributes in any order, names that are Rust keywords, an owner from the parent module.
use fennel::prelude::*;

fennel::owner!("tickets@example.com");

pub static APP: Webhook = Webhook::new("app").retention("14d");

#[source(APP.endpoint("a"), disorder = "1d", cdc = upsert)]
#[meta(description = "above")]
#[derive(Debug, Clone, PartialEq)]
#[dataset(index, version = 2, history = "1y 6w")]
#[source(APP.endpoint("b"), disorder = "1d", cdc = upsert)]
pub struct Ordered {
    #[field(key)]
    r#type: String,
    /// A price.
    price: Option<Decimal<2>>,
    at: DateTime<Utc>,
}

mod child {
    use super::*;

    #[dataset]
    pub struct Inherits {
        pub at: DateTime<Utc>,
    }
}

mod reexported {
    pub mod features {
        pub use fennel::*;
    }
}

#[dataset(crate = reexported::features)]
struct ThroughAnotherCrate {
    at: DateTime<Utc>,
}

fn main() {
    use fennel::__private::Row;

    assert_eq!(Ordered::r#type.path(), "Ordered.type");
    assert_eq!(Ordered::DATASET.sources.len(), 2);
    let endpoints: Vec<_> = Ordered::DATASET.sources.iter().map(|s| s.connector.to_string()).collect();
    assert_eq!(endpoints, ["webhook app, endpoint b", "webhook app, endpoint a"]);
    assert_eq!(Ordered::DATASET.fields[1].meta.description, "A price.");
    assert_eq!(child::Inherits::DATASET.meta.owner, "tickets@example.com");

    // A function's datasets have the owner of its module.
    #[dataset]
    struct Local {
        at: DateTime<Utc>,
    }
    assert_eq!(Local::DATASET.meta.owner, "tickets@example.com");
    assert_eq!(ThroughAnotherCrate::DATASET.name, "ThroughAnotherCrate");
}
