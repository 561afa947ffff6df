//! Typed names of columns and features, such as `Ticket::price`.

use core::fmt;
use core::marker::PhantomData;

use crate::entity::Entity;

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<E, T> {
            name: &'static str,
            of: PhantomData<fn() -> (E, T)>,
        }

        impl<E, T> $name<E, T> {
            /// The handle of that name. The macros make them; there is no check here.
            #[must_use]
            pub const fn new(name: &'static str) -> Self {
                $name { name, of: PhantomData }
            }

            /// The name inside its entity.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                self.name
            }
        }

        impl<E: Entity, T> $name<E, T> {
            /// The full name, as the protocol writes it: `Entity.name`.
            #[must_use]
            pub fn path(&self) -> String {
                format!("{}.{}", E::NAME, self.name)
            }
        }

        impl<E, T> Clone for $name<E, T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<E, T> Copy for $name<E, T> {}

        impl<E: Entity, T> fmt::Debug for $name<E, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}::{}", E::NAME, self.name)
            }
        }
    };
}

handle! {
    /// A column of dataset `E` with values of type `T`.
    Column
}
handle! {
    /// A feature of featureset `E` with values of type `T`.
    Feature
}
