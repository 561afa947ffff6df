//! Order, ranges, seeks, snapshots and errors, the same on both backends.

use super::*;
use crate::store::StoreError;

#[test]
fn keys_are_ordered_by_bytes_in_both_directions() {
    on_both(|store| {
        for key in ["b", "a", "ab", "z", "B"] {
            put(&store, Space::Log, key, key);
        }
        put(&store, Space::Table, "c", "elsewhere");
        let all = ["B", "a", "ab", "b", "z"];
        assert_eq!(keys(store.scan_prefix(Space::Log, b"")), all);
        let back: Vec<_> = store
            .scan_prefix(Space::Log, b"")
            .rev()
            .map(|e| text(&e.unwrap().1))
            .collect();
        assert_eq!(back, ["z", "b", "ab", "a", "B"]);
    });
}

#[test]
fn a_scan_can_be_taken_from_both_ends() {
    on_both(|store| {
        for key in ["1", "2", "3", "4"] {
            put(&store, Space::Log, key, "");
        }
        let mut scan = store
            .scan_prefix(Space::Log, b"")
            .map(|e| text(&e.unwrap().0));
        assert_eq!(scan.next().unwrap(), "1");
        assert_eq!(scan.next_back().unwrap(), "4");
        assert_eq!(scan.next().unwrap(), "2");
        assert_eq!(scan.next_back().unwrap(), "3");
        assert_eq!(scan.next(), None);
        assert_eq!(scan.next_back(), None);
    });
}

#[test]
fn ranges_take_any_bounds() {
    on_both(|store| {
        for key in ["a", "b", "c", "d"] {
            put(&store, Space::Table, key, "");
        }
        assert_eq!(keys(store.scan(Space::Table, "b".."d")), ["b", "c"]);
        assert_eq!(keys(store.scan(Space::Table, "b"..="d")), ["b", "c", "d"]);
        assert_eq!(keys(store.scan(Space::Table, "c"..)), ["c", "d"]);
        assert_eq!(keys(store.scan(Space::Table, .."c")), ["a", "b"]);
        assert!(keys(store.scan(Space::Table, "d".."a")).is_empty());
        assert!(keys(store.scan(Space::Table, "b".."b")).is_empty());
        assert!(keys(store.scan(Space::Table, "d"..="a")).is_empty());
    });
}

#[test]
fn seeks_find_the_neighbour_with_the_prefix() {
    on_both(|store| {
        for key in ["a9", "b1", "b3", "b5", "c0"] {
            put(&store, Space::Table, key, key);
        }
        let after = |key: &str| {
            let found = store
                .first_at_or_after(Space::Table, key.as_bytes(), b"b")
                .unwrap();
            found.map(|(_, value)| text(&value))
        };
        assert_eq!(after("b3").as_deref(), Some("b3"));
        assert_eq!(after("b4").as_deref(), Some("b5"));
        assert_eq!(after("a").as_deref(), Some("b1"));
        assert_eq!(after("b6"), None);
        assert_eq!(after("c"), None);
        let before = |key: &str| {
            let found = store
                .last_at_or_before(Space::Table, key.as_bytes(), b"b")
                .unwrap();
            found.map(|(_, value)| text(&value))
        };
        assert_eq!(before("b3").as_deref(), Some("b3"));
        assert_eq!(before("b4").as_deref(), Some("b3"));
        assert_eq!(before("b0"), None);
        assert_eq!(before("a"), None);
        assert_eq!(before("z").as_deref(), Some("b5"));
    });
}

#[test]
fn the_last_change_of_a_key_in_a_batch_counts() {
    on_both(|store| {
        put(&store, Space::Meta, "gone", "there");
        store
            .write(batch(&[
                (Space::Meta, "a", Some("1")),
                (Space::Meta, "a", Some("2")),
                (Space::Meta, "b", Some("1")),
                (Space::Meta, "b", None),
                (Space::Meta, "c", None),
                (Space::Meta, "c", Some("3")),
                (Space::Meta, "gone", None),
            ]))
            .unwrap();
        assert_eq!(keys(store.scan_prefix(Space::Meta, b"")), ["a", "c"]);
        assert_eq!(
            store.get(Space::Meta, b"a").unwrap().as_deref(),
            Some(&b"2"[..])
        );
        assert_eq!(store.get(Space::Meta, b"b").unwrap(), None);
        assert_eq!(store.get(Space::Meta, b"").unwrap(), None);
    });
}

#[test]
fn counts_are_added_to_behind_the_other_changes_of_their_batch() {
    on_both(|store| {
        let count = |key: &str| {
            let value = store.get(Space::Rejects, key.as_bytes()).unwrap();
            value.map(|value| u64::from_be_bytes(value.as_ref().try_into().unwrap()))
        };
        put(&store, Space::Rejects, "text", "not a count");
        let mut one = Batch::new();
        for (key, more) in [
            ("new", 1),
            ("new", 2),
            ("text", 4),
            ("most", u64::MAX),
            ("most", 1),
        ] {
            one.add(Space::Rejects, key, more);
        }
        store.write(one).unwrap();
        assert_eq!([count("new"), count("text")], [Some(3), Some(4)]);
        assert_eq!(count("most"), Some(u64::MAX));

        let mut two = Batch::new();
        two.add(Space::Rejects, "new", 5);
        two.add(Space::Rejects, "text", 6);
        two.put(Space::Rejects, "new", 10_u64.to_be_bytes());
        two.delete(Space::Rejects, "text");
        store.write(two).unwrap();
        assert_eq!([count("new"), count("text")], [Some(15), Some(6)]);
        assert_eq!(
            keys(store.scan_prefix(Space::Rejects, b"")),
            ["most", "new", "text"]
        );
    });
}

#[test]
fn a_snapshot_stays_as_it_is() {
    on_both(|store| {
        put(&store, Space::Table, "a", "old");
        put(&store, Space::Table, "b", "old");
        let before = store.snapshot();
        let scan = store.scan_prefix(Space::Table, b"");
        store
            .write(batch(&[
                (Space::Table, "a", Some("new")),
                (Space::Table, "b", None),
                (Space::Table, "c", Some("new")),
            ]))
            .unwrap();
        assert_eq!(
            before.get(Space::Table, b"a").unwrap().as_deref(),
            Some(&b"old"[..])
        );
        assert_eq!(keys(before.scan_prefix(Space::Table, b"")), ["a", "b"]);
        assert_eq!(keys(scan), ["a", "b"]);
        assert_eq!(keys(store.scan_prefix(Space::Table, b"")), ["a", "c"]);
    });
}

#[test]
fn a_snapshot_outlives_its_store() {
    on_both(|store| {
        put(&store, Space::Table, "a", "1");
        let snapshot = store.snapshot();
        drop(store);
        assert_eq!(
            snapshot.get(Space::Table, b"a").unwrap().as_deref(),
            Some(&b"1"[..])
        );
    });
}

#[test]
fn a_prefix_is_removed_and_its_neighbours_stay() {
    on_both(|store| {
        let mut many = Batch::new();
        for n in 0..2500 {
            many.put(Space::Table, format!("p{n:05}"), "v");
        }
        store.write(many).unwrap();
        put(&store, Space::Table, "o", "before");
        put(&store, Space::Table, "q", "after");
        put(&store, Space::Log, "p", "other space");
        assert_eq!(store.remove_prefix(Space::Table, b"p").unwrap(), 2500);
        assert_eq!(keys(store.scan_prefix(Space::Table, b"")), ["o", "q"]);
        assert_eq!(keys(store.scan_prefix(Space::Log, b"")), ["p"]);
        assert_eq!(store.remove_prefix(Space::Table, b"p").unwrap(), 0);
    });
}

#[test]
fn a_batch_that_cannot_be_stored_changes_nothing() {
    on_both(|store| {
        let refused = store.write(batch(&[
            (Space::Log, "a", Some("1")),
            (Space::Log, "", Some("2")),
        ]));
        assert!(matches!(refused, Err(StoreError::KeyLength { len: 0 })));
        assert!(keys(store.scan_prefix(Space::Log, b"")).is_empty());
        let mut longest = Batch::new();
        longest.put(Space::Log, vec![b'k'; 65_535], "v");
        store.write(longest).unwrap();
        store.write(Batch::new()).unwrap();
    });
}

#[test]
fn a_closed_store_still_reads() {
    on_both(|store| {
        put(&store, Space::Meta, "a", "1");
        store.clone().close();
        let refused = store.write(batch(&[(Space::Meta, "a", Some("2"))]));
        assert!(matches!(refused, Err(StoreError::Closed)));
        assert_eq!(
            store.get(Space::Meta, b"a").unwrap().as_deref(),
            Some(&b"1"[..])
        );
    });
}

#[test]
fn spaces_have_names_of_their_own() {
    let mut names = Space::ALL.map(Space::name).to_vec();
    names.dedup();
    assert_eq!(names, ["meta", "log", "table", "rejects"]);
    assert!(
        Space::ALL
            .iter()
            .enumerate()
            .all(|(at, space)| *space as usize == at)
    );
}
