//! Typed names of columns and features, such as `Ticket::price`.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use crate::entity::Entity;
use crate::native::Extracts;

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident $(, $position:ident)?) => {
        $(#[$doc])*
        pub struct $name<E, T $(, const $position: usize = 0)?> {
            name: &'static str,
            of: PhantomData<fn() -> (E, T)>,
        }

        impl<E, T $(, const $position: usize)?> $name<E, T $(, $position)?> {
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

        impl<E: Entity, T $(, const $position: usize)?> $name<E, T $(, $position)?> {
            /// The full name, as the protocol writes it: `Entity.name`.
            #[must_use]
            pub fn path(&self) -> String {
                format!("{}.{}", E::NAME, self.name)
            }
        }

        impl<E, T $(, const $position: usize)?> Clone for $name<E, T $(, $position)?> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<E, T $(, const $position: usize)?> Copy for $name<E, T $(, $position)?> {}

        impl<E: Entity, T $(, const $position: usize)?> fmt::Debug for $name<E, T $(, $position)?> {
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
    /// A feature of featureset `E` with values of type `T`, the one at position `N`.
    Feature, N
}

/// A feature that a function of the same name makes can be called like the function.
impl<E: Extracts<N>, T, const N: usize> Deref for Feature<E, T, N> {
    type Target = E::Function;

    fn deref(&self) -> &E::Function {
        E::FUNCTION
    }
}
