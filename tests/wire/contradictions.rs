//! Requests whose parts contradict each other, or that would keep the server comparing, are refused by
//! name.

use std::time::{Duration, Instant};

use bumpalo::Bump;
use fennel_core::wire;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::wire::proto::{connector, featureset, metadata, schema};
use prost::Message as _;

use crate::roundtrip::bytes;

/// The problems of what the public client sends for its ticket example, after a change.
fn problems(change: impl FnOnce(&mut SyncRequest)) -> String {
    let mut request = SyncRequest::decode(bytes("ticket_basic").as_slice()).expect("a request");
    change(&mut request);
    let arena = Bump::new();
    match wire::decode(&arena, &request) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

fn lookup(request: &mut SyncRequest) -> &mut featureset::Extractor {
    let mut extractors = request.extractors.iter_mut();
    let found = extractors.find(|extractor| !extractor.datasets.is_empty());
    found.expect("the example looks a column up")
}

#[test]
fn the_example_itself_is_read() {
    assert_eq!(problems(|_| ()), "");
}

#[test]
fn a_lookup_has_the_key_features_as_its_inputs() {
    let refusal = "its inputs are not the features that look `Ticket` up";
    for change in [
        (|inputs| inputs.clear()) as fn(&mut Vec<featureset::Input>),
        |inputs| inputs.push(inputs[0].clone()),
        |inputs| inputs[0].feature = None,
        |inputs| inputs[0].feature.as_mut().expect("it has one").name = "price".into(),
        |inputs| {
            let feature = inputs[0].feature.as_mut().expect("it has one");
            feature.feature_set_name = "Other".into();
        },
    ] {
        let found = problems(|request| change(&mut lookup(request).inputs));
        assert!(found.contains(refusal), "{found}");
    }
}

#[test]
fn an_index_and_a_source_are_of_the_committed_version() {
    let found = problems(|request| request.online_indices[0].ds_version = 7);
    assert!(
        found.contains("its online index is for version 7, and the dataset has version 1"),
        "{found}"
    );
    let found = problems(|request| request.offline_indices[0].ds_version = 0);
    assert!(
        found.contains("its offline index is for version 0"),
        "{found}"
    );
    let found = problems(|request| request.sources[0].ds_version = 2);
    assert!(
        found.contains("it is for version 2, and the dataset has version 1"),
        "{found}"
    );
}

#[test]
fn what_there_is_one_of_comes_once() {
    let found = problems(|request| {
        let again = request.online_indices[0].clone();
        request.online_indices.push(again);
    });
    assert!(found.contains("2 online indexes of it"), "{found}");
    let found = problems(|request| {
        let schema = request.datasets[0].dsschema.as_mut().expect("a schema");
        let key = schema.keys.as_ref().expect("keys").fields[0].name.clone();
        schema.erase_keys = vec![key.clone(), key];
    });
    assert!(found.contains("it names an erase key twice"), "{found}");
}

#[test]
fn only_columns_are_described() {
    let found = problems(|request| {
        let described = &mut request.datasets[0].field_metadata;
        described.insert("nothing".into(), metadata::Metadata::default());
    });
    assert!(
        found.contains("the request describes it, and it is no column"),
        "{found}"
    );
}

/// A request that is small and has much to compare is refused before anything is.
fn is_refused_at_once(change: impl FnOnce(&mut SyncRequest)) {
    let started = Instant::now();
    let found = problems(change);
    assert!(
        found.contains("more names than can be compared"),
        "{found:.300}"
    );
    // Comparing would take minutes.
    assert!(started.elapsed() < Duration::from_secs(20));
}

fn column(i: usize) -> schema::Field {
    use schema::data_type::Dtype;

    schema::Field {
        name: format!("column_{i:05}"),
        dtype: Some(schema::DataType {
            dtype: Some(Dtype::IntType(schema::IntType::default())),
        }),
    }
}

fn widen(request: &mut SyncRequest, columns: usize) {
    let schema = request.datasets[0].dsschema.as_mut().expect("a schema");
    let values = schema.values.get_or_insert_default();
    values.fields.extend((0..columns).map(column));
}

#[test]
fn sources_that_make_each_column_many_times() {
    is_refused_at_once(|request| {
        widen(request, 5_000);
        let mut source = request.sources[0].clone();
        source.pre_proc = (0..5_000)
            .map(|i| (column(i).name, connector::PreProcValue::default()))
            .collect();
        request.sources.extend(vec![source; 20]);
    });
}

#[test]
fn many_wide_datasets() {
    is_refused_at_once(|request| {
        widen(request, 9_000);
        let dataset = request.datasets[0].clone();
        request.datasets.extend((0..20).map(|i| {
            let mut dataset = dataset.clone();
            dataset.name = format!("Ticket{i}");
            dataset
        }));
    });
}

#[test]
fn many_lookups_into_a_wide_dataset() {
    is_refused_at_once(|request| {
        widen(request, 9_000);
        let extractor = lookup(request).clone();
        let mut features = request.features.iter();
        let output = features.find(|feature| feature.name == extractor.features[0]);
        let output = output.expect("the output is a feature").clone();
        for set in ["One", "Two"] {
            request.feature_sets.push(featureset::CoreFeatureset {
                name: set.into(),
                ..request.feature_sets[0].clone()
            });
            for i in 0..9_000 {
                let mut feature = output.clone();
                feature.feature_set_name = set.into();
                feature.name = format!("feature_{i}");
                let mut extractor = extractor.clone();
                extractor.feature_set_name = set.into();
                extractor.features[0].clone_from(&feature.name);
                let input = extractor.inputs[0].feature.as_mut().expect("it has one");
                input.feature_set_name = set.into();
                request.features.push(feature);
                request.extractors.push(extractor);
            }
        }
    });
}
