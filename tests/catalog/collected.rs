//! What is collected of a program: everything that is linked, in one order, and from each crate that was named.

use fennel_core::{Error, registry};

/// This very crate, which has many definitions.
const HERE: &str = env!("CARGO_CRATE_NAME");

#[test]
fn all_linked_definitions_are_collected_in_order() {
    let collected = registry::collect(&[HERE]).unwrap();
    let names: Vec<_> = collected
        .datasets()
        .iter()
        .map(|dataset| dataset.name)
        .collect();
    assert!(
        names.is_sorted() && names.len() > 10,
        "{} datasets: {names:?}",
        names.len()
    );
    let featuresets = collected.featuresets();
    assert!(featuresets.is_sorted_by_key(|featureset| featureset.name));
    // Naming no crate passes over none.
    let all = registry::collect(&[]).unwrap();
    assert_eq!(all.datasets().len(), names.len());
}

#[test]
fn a_crate_without_definitions_is_named() {
    // As Cargo writes it, with a dash.
    for name in ["fennel-vectors", "fennel_vectors"] {
        let refused = registry::collect(&[HERE, name]).unwrap_err();
        assert!(
            matches!(&refused, Error::EmptyCrate(named) if named == "fennel_vectors"),
            "{refused}"
        );
        let told = refused.to_string();
        assert!(
            told.starts_with("crate `fennel_vectors` has no #[dataset] and no #[featureset]; "),
            "{told}"
        );
    }
    // The beginning of a crate's name is another crate.
    let beginning = HERE.get(..3).unwrap();
    let refused = registry::collect(&[beginning]).unwrap_err();
    assert!(matches!(refused, Error::EmptyCrate(_)), "{refused}");
}
