//! Bytes that are no request, or no sensible one, are refused and never panic.

use bumpalo::Bump;
use fennel_core::wire;
use fennel_core::wire::proto::services::SyncRequest;
use proptest::prelude::*;
use prost::Message as _;

use crate::roundtrip::{CASES, bytes};

/// Takes bytes all the way that a commit takes.
pub(crate) fn commit(body: &[u8]) {
    let Ok(request) = SyncRequest::decode(body) else {
        return;
    };
    let arena = Bump::new();
    if let Ok(catalog) = wire::decode(&arena, &request) {
        // Whether it holds is not the question: that the question has an answer is.
        let checked = catalog.check(None);
        let sent = wire::encode(&catalog, None, "");
        let _ = sent.encode_to_vec();
        if checked.is_ok() {
            let arena = Bump::new();
            let again = wire::decode(&arena, &sent).map(|catalog| catalog.check(None));
            assert_eq!(again, Ok(Ok(())), "what was taken is taken again");
        }
        let _ = fennel_core::diff::diff(&catalog, &catalog);
        let _ = fennel_core::diff::check_transition(&catalog, &catalog);
    }
}

#[test]
fn a_request_cut_at_any_byte_is_no_panic() {
    for case in CASES {
        let request = bytes(case);
        for end in 0..request.len() {
            commit(&request[..end]);
        }
    }
}

#[test]
fn a_deleted_featureset_without_its_keys_is_taken_again() {
    let mut request = bytes("ticket_deleted");
    let name = b"ticket_id";
    // Every place of the name in turn, so that some feature, key or input is called otherwise.
    let places: Vec<_> = (0..request.len() - name.len())
        .filter(|i| request[*i..].starts_with(name))
        .collect();
    assert!(places.len() > 1);
    for place in places {
        request[place + 1] = b'0';
        commit(&request);
        request[place + 1] = name[1];
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_no_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        commit(&body);
    }

    #[test]
    fn a_mutated_request_is_no_panic(
        case in 0..CASES.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut request = bytes(CASES[case]);
        if !request.is_empty() {
            for (index, byte) in changes {
                let at = index.index(request.len());
                request[at] = byte;
            }
        }
        commit(&request);
    }
}

#[test]
fn types_nested_without_end_are_refused() {
    // A list of a list of a list ..: each level is field 6 around field 1.
    let mut ty = Vec::new();
    for _ in 0..20_000 {
        let mut of = vec![0x0a];
        prost::encoding::encode_varint(ty.len() as u64, &mut of);
        of.extend(&ty);
        let mut list = vec![0x32];
        prost::encoding::encode_varint(of.len() as u64, &mut list);
        list.extend(&of);
        ty = list;
    }
    let decoded = fennel_core::wire::proto::schema::DataType::decode(ty.as_slice());
    assert!(decoded.is_err(), "the nesting is bounded");
}
