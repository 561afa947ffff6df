//! What one binary collected at link time.
//!
//! Each entity's macro submits its descriptor to `inventory`. A crate that the binary never names
//! is not linked, and its entities would be missing in silence; so [`collect`] is told the crates
//! that must be there.

use crate::Error;
use crate::catalog::Catalog;
use crate::entity::{Descriptor, Location};

/// An entity's entry.
#[derive(Debug)]
pub struct Registered(pub Descriptor<'static>);

inventory::collect!(Registered);

/// The catalog of all linked entities, by kind and name. `crates` are those that were named.
///
/// # Errors
///
/// [`Error::EmptyRegistry`], or [`Error::EmptyCrate`] for a named crate without entities.
pub fn collect(crates: &[&str]) -> Result<Catalog<'static>, Error> {
    let mut found: Vec<Descriptor<'static>> = inventory::iter::<Registered>
        .into_iter()
        .map(|entry| entry.0)
        .collect();
    if found.is_empty() {
        return Err(Error::EmptyRegistry);
    }
    for name in crates {
        let name = name.replace('-', "_");
        if !found.iter().any(|entity| is_in(entity.location(), &name)) {
            return Err(Error::EmptyCrate(name));
        }
    }
    found.sort_by_key(|entity| (entity.kind(), entity.name(), entity.location().module));
    Ok(Catalog::from_iter(found))
}

fn is_in(location: Location<'_>, name: &str) -> bool {
    location.module.split("::").next() == Some(name)
}
