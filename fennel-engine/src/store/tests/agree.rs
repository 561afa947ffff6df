//! Random operations have the same outcome on both backends, also across a reopening.

use proptest::prelude::*;

use super::*;
use crate::store::{Bytes, Entry, Snapshot};

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<(Space, Vec<u8>, Op)>),
    Scan(Space, Vec<u8>, Vec<u8>, bool),
    Seek(Space, Vec<u8>, Vec<u8>),
    RemovePrefix(Space, Vec<u8>),
    TakeSnapshot,
    Reopen,
}

#[derive(Clone, Debug)]
enum Op {
    Put(Vec<u8>),
    Delete,
    Add(u64),
}

/// Few different keys, so that they meet; some with bytes at the end of the alphabet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0u8, 1, b'a', 254, 255]), 1..4)
}

fn space() -> impl Strategy<Value = Space> {
    prop::sample::select(Space::ALL.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    let op = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..3000).prop_map(Op::Put),
        1 => Just(Op::Delete),
        2 => any::<u64>().prop_map(Op::Add),
    ];
    prop_oneof![
        6 => prop::collection::vec((space(), key(), op), 1..20).prop_map(Step::Write),
        3 => (space(), key(), key(), any::<bool>()).prop_map(|(s, a, b, r)| Step::Scan(s, a, b, r)),
        3 => (space(), key(), key()).prop_map(|(s, k, p)| Step::Seek(s, k, p)),
        1 => (space(), key()).prop_map(|(s, p)| Step::RemovePrefix(s, p)),
        1 => Just(Step::TakeSnapshot),
        1 => Just(Step::Reopen),
    ]
}

fn entries(scan: Scan, reverse: bool) -> Vec<Entry> {
    if reverse {
        scan.rev().map(Result::unwrap).collect()
    } else {
        scan.map(Result::unwrap).collect()
    }
}

fn same(a: &Snapshot, b: &Snapshot) {
    for space in Space::ALL {
        assert_eq!(
            entries(a.scan_prefix(space, b""), false),
            entries(b.scan_prefix(space, b""), false)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_backends_agree(steps in prop::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let (memory, mut durable) = (Store::in_memory(), open(dir.path()));
        let mut snapshots = None;
        for step in steps {
            match step {
                Step::Write(ops) => {
                    let mut batch = Batch::new();
                    for (space, key, op) in ops {
                        match op {
                            Op::Put(value) => batch.put(space, key, Bytes::from(value)),
                            Op::Delete => batch.delete(space, key),
                            Op::Add(count) => batch.add(space, key, count),
                        }
                    }
                    memory.write(batch.clone()).unwrap();
                    durable.write(batch).unwrap();
                }
                Step::Scan(space, from, to, reverse) => {
                    prop_assert_eq!(
                        entries(memory.scan(space, from.clone()..to.clone()), reverse),
                        entries(durable.scan(space, from.clone()..to), reverse)
                    );
                    prop_assert_eq!(
                        entries(memory.scan_prefix(space, &from), reverse),
                        entries(durable.scan_prefix(space, &from), reverse)
                    );
                }
                Step::Seek(space, key, prefix) => {
                    prop_assert_eq!(memory.get(space, &key).unwrap(), durable.get(space, &key).unwrap());
                    prop_assert_eq!(
                        memory.first_at_or_after(space, &key, &prefix).unwrap(),
                        durable.first_at_or_after(space, &key, &prefix).unwrap()
                    );
                    prop_assert_eq!(
                        memory.last_at_or_before(space, &key, &prefix).unwrap(),
                        durable.last_at_or_before(space, &key, &prefix).unwrap()
                    );
                }
                Step::RemovePrefix(space, prefix) => {
                    prop_assert_eq!(
                        memory.remove_prefix(space, &prefix).unwrap(),
                        durable.remove_prefix(space, &prefix).unwrap()
                    );
                }
                Step::TakeSnapshot => snapshots = Some((memory.snapshot(), durable.snapshot())),
                Step::Reopen => {
                    snapshots = None;
                    drop(durable);
                    durable = open(dir.path());
                }
            }
            if let Some((memory, durable)) = &snapshots {
                same(memory, durable);
            }
        }
        same(&memory.snapshot(), &durable.snapshot());
    }
}
