//! Time zones are those that instants can be shown in.

use std::collections::BTreeSet;

use fennel_core::expr::function::TIME_ZONES;

#[test]
fn the_zones_are_those_of_the_tz_database() {
    let ours: BTreeSet<&str> = TIME_ZONES.iter().copied().collect();
    let known: BTreeSet<&str> = chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| zone.name())
        .collect();
    let missing: Vec<_> = known.difference(&ours).collect();
    let unknown: Vec<_> = ours.difference(&known).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing: {missing:?}, unknown: {unknown:?}"
    );
}
