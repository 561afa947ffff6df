//! The tags of a branch, which tell whoever guards it what its definitions carry.

use std::sync::Arc;

use fennel_core::entity::{Dataset, Featureset, Kind, Meta};
use fennel_engine::{BranchTags, Error};

use crate::definitions::{OWNED, USER, USERS, request};
use crate::fixture::Fixture;

const TAGGED: Dataset<'static> = Dataset {
    meta: Meta {
        tags: &["PII", "~card"],
        ..OWNED
    },
    ..USERS
};

/// The tags of the features that an output names, in declaration order.
fn output<'t>(tags: &'t BranchTags, name: &str) -> Vec<(&'t str, Vec<&'t str>)> {
    let features = tags.output(name);
    features.map(|(name, own)| (name, own.collect())).collect()
}

#[test]
fn what_flowed_counts_and_what_was_ended_does_not() {
    let fixture = Fixture::with(&request(&[TAGGED], &[USER]));
    let tags = fixture.engine.tags("main").unwrap();
    assert_eq!(tags.dataset("Users").collect::<Vec<_>>(), ["PII"]);
    let features = output(&tags, USER.name);
    assert_eq!(features.len(), USER.features.len());
    assert!(
        features.iter().any(|(_, own)| own == &["PII"]),
        "{features:?}"
    );
    let (first, own) = &features[0];
    let one = output(&tags, &format!("{}.{first}", USER.name));
    assert_eq!(one, [(*first, own.clone())]);
    assert!(output(&tags, "User.nothing").is_empty() && output(&tags, "Nothing").is_empty());
    assert_eq!(tags.entity(Kind::Dataset, "Users"), ["PII"]);
    assert_eq!(tags.entities().count(), 2);
}

#[test]
fn they_are_one_value_until_the_next_commit() {
    let fixture = Fixture::with(&request(&[TAGGED], &[]));
    let tags = |branch| fixture.engine.tags(branch).unwrap();
    let before = tags("main");
    assert!(Arc::ptr_eq(&before, &tags("main")));
    let ended = Featureset {
        meta: Meta {
            tags: &["~PII"],
            ..OWNED
        },
        ..USER
    };
    let next = request(&[TAGGED], &[ended]);
    let announced = fixture.engine.tags_after("main", &next, false).unwrap();
    assert!(Arc::ptr_eq(&before, &tags("main")), "nothing was committed");
    fixture.commit(&next);
    let after = tags("main");
    assert!(!Arc::ptr_eq(&before, &after));
    assert_eq!(*after, announced);
    assert!(
        output(&after, USER.name)
            .iter()
            .all(|(_, own)| own.is_empty())
    );
    assert!(matches!(
        fixture.engine.tags("dev"),
        Err(Error::Unknown { .. })
    ));
}
