//! One mistake of every kind in a dataset.
use fennel::prelude::*;

mod owned {
    use fennel::prelude::*;

    fennel::owner!("tickets@example.com");

    // N001
    #[dataset]
    pub struct TwoTimes {
        pub at: DateTime<Utc>,
        pub sold_at: DateTime<Utc>,
    }

    // N041
    #[dataset]
    pub struct OptionalKey {
        #[field(key)]
        pub id: Option<i64>,
        pub at: DateTime<Utc>,
    }

    #[dataset]
    pub struct Narrow {
        pub id: i32,
        pub at: DateTime<Utc>,
    }

    pub struct Mine;

    #[dataset]
    pub struct NotAColumn {
        pub mine: Mine,
        pub at: DateTime<Utc>,
    }

    #[dataset(indx, version = 0, history = "2")]
    pub struct Options {
        pub at: DateTime<Utc>,
    }

    #[dataset(version = 0, history = "2")]
    pub struct Values {
        pub at: DateTime<Utc>,
    }
}

#[dataset(index)]
pub struct Ownerless {
    pub fields: i64,
    pub at: DateTime<Utc>,
}

#[meta(owner = "nobody")]
#[dataset]
pub struct Timeless {
    pub id: i64,
}

fn main() {}
