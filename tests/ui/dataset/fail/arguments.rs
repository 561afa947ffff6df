//! What an attribute says wrongly: N002, N020, N042, N280, N281, N295, N357, N437, N438.
use fennel::prelude::*;

mod owned {
    use fennel::prelude::*;

    fennel::owner!("tickets@example.com");

    #[dataset(indx)]
    struct UnknownArgument {
        #[field(kye)]
        id: i64,
        at: DateTime<Utc>,
    }

    #[dataset(version = 1, version = 2)]
    struct Twice {
        at: DateTime<Utc>,
    }

    #[dataset(history = 324)]
    struct BareNumber {
        at: DateTime<Utc>,
    }

    #[dataset(version = 0, history = "0d")]
    struct Nothing {
        at: DateTime<Utc>,
    }

    #[dataset(history = "2 moons")]
    struct NoDuration {
        at: DateTime<Utc>,
    }

    #[dataset]
    struct Reserved {
        fields: i64,
        key_fields: i64,
        at: DateTime<Utc>,
    }

    #[dataset]
    struct DeletedColumn {
        #[meta(deleted)]
        id: i64,
        at: DateTime<Utc>,
    }
}

#[dataset]
#[meta(owner = "team@example.com", tags = "pii")]
struct TagsAreAList {
    at: DateTime<Utc>,
}

#[dataset]
#[meta(owner = "team@example.com")]
struct AlsoReserved {
    window: i64,
    at: DateTime<Utc>,
}

#[dataset]
struct Ownerless {
    at: DateTime<Utc>,
}

#[dataset]
#[meta(owner = "nobody")]
struct NoEmail {
    at: DateTime<Utc>,
}

#[meta(owner = "team@example.com")]
struct NoEntity {
    at: DateTime<Utc>,
}

#[dataset]
enum NoStruct {
    A,
}

#[dataset]
#[meta(owner = "team@example.com")]
struct Tuple(i64);

#[dataset]
#[meta(owner = "team@example.com")]
struct Generic<T> {
    value: T,
}

fn main() {}
