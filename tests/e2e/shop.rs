//! A shop at different times, for tests of what may follow on what.

use fennel_core::catalog::Catalog;
use fennel_core::entity::Descriptor;
use fennel_core::wire;
use prost::Message as _;

/// A shop at different times.
macro_rules! shop {
    ($name:ident {
        $(#[$order:meta])* ($order_version:literal, $amount:ty)
        $(#[$spend:meta])* ($spend_version:literal)
        $(#[$set:meta])* ($($feature:tt)*)
    }) => {
        pub(crate) mod $name {
            use fennel::prelude::*;

            fennel::owner!("shop@example.com");

            static SHOP: Webhook = Webhook::new("shop");

            #[dataset(version = $order_version)]
            $(#[$order])*
            #[source(SHOP.endpoint("orders"), disorder = "1d", cdc = append)]
            pub(crate) struct Order {
                uid: i64,
                amount: $amount,
                at: DateTime<Utc>,
            }

            #[dataset(index, version = $spend_version)]
            $(#[$spend])*
            pub(crate) struct Spend {
                #[field(key)]
                uid: i64,
                total: $amount,
                at: DateTime<Utc>,
            }

            #[pipeline]
            fn spend(orders: Order) -> Spend {
                orders.group_by(uid).aggregate(total = sum(amount, "forever"))
            }

            #[featureset]
            $(#[$set])*
            pub(crate) struct UserFeatures {
                uid: i64,
                $($feature)*
            }

            /// All of it.
            pub(crate) fn all() -> Vec<u8> {
                super::request(fennel::entities![Order, Spend, UserFeatures])
            }
        }
    };
}

shop!(first {
    (1, i64)
    (1)
    (#[feature(Spend::total, default = 0)] total: i64,)
});
shop!(tagged {
    #[meta(tags = ["PII"])]
    (1, i64)
    (1)
    (#[feature(Spend::total, default = 0)] total: i64,)
});
shop!(order_deleted {
    #[meta(deleted)]
    (1, i64)
    (1)
    (#[feature(Spend::total, default = 0)] total: i64,)
});
shop!(spend_deleted {
    (1, i64)
    #[meta(deleted)]
    (1)
    (#[feature(Spend::total, default = 0)] total: i64,)
});
shop!(spend_deprecated {
    (1, i64)
    #[meta(deprecated)]
    (1)
    (#[feature(Spend::total, default = 0)] total: i64,)
});
shop!(feature_deleted {
    (1, i64)
    (1)
    (#[meta(deleted)] total: i64,)
});
shop!(feature_left_out {
    (1, i64)
    (1)
    ()
});
shop!(feature_back {
    (1, i64)
    (1)
    (#[feature(Spend::total, default = 0, version = 1)] total: i64,)
});
shop!(set_deleted {
    (1, i64)
    (1)
    #[meta(deleted)]
    (#[feature(Spend::total, default = 0)] total: i64,)
});
shop!(kept_longer {
    (2, i64)
    (1)
    (#[feature(Spend::total, default = 0)] total: i64,)
});
shop!(cents {
    (2, f64)
    (1)
    (#[feature(Spend::total, default = 0.0, version = 1)] total: f64,)
});
shop!(cents_everywhere {
    #[meta(tags = ["PII"])]
    (2, f64)
    (2)
    (#[feature(Spend::total, default = 0.0, version = 1)] total: f64,)
});

/// The request that commits these.
pub(crate) fn request(entities: impl IntoIterator<Item = Descriptor<'static>>) -> Vec<u8> {
    let catalog: Catalog<'_> = entities.into_iter().collect();
    wire::encode(&catalog, None, "test").encode_to_vec()
}
