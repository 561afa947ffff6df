//! What comes as expectations: read as it is meant, or refused by the dataset's name.

use bumpalo::Bump;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_core::wire::proto::services::SyncRequest;

use crate::definitions::expectations::entities;

/// The request of the definitions, with the arguments of `PlainMeter`'s only expectation replaced.
fn request(arguments: &str) -> SyncRequest {
    let catalog: Catalog<'_> = entities().into_iter().collect();
    let mut request = wire::encode(&catalog, None, "");
    request.expectations[1].expectations[0].expectation_kwargs = arguments.into();
    request
}

/// What is wrong with a request, when it is read or when it is checked.
fn problems(request: &SyncRequest) -> String {
    let arena = Bump::new();
    let read = wire::decode(&arena, request);
    let problems = match read {
        Ok(catalog) => catalog.check(None).expect_err("something is wrong"),
        Err(problems) => problems,
    };
    problems.to_string()
}

#[test]
fn arguments_come_back_as_they_were_sent() {
    for arguments in [
        r#"{"column": "low"}"#,
        r#"{"column": "low", "min_value": -1.5e-07, "strict_min": true, "meta": {"b": [1, {"a": null}], "a": {}}}"#,
        r#"{"column": "low", "result_format": {"result_format": "SUMMARY"}, "include_config": false, "meta": {}}"#,
    ] {
        let request = request(arguments);
        let arena = Bump::new();
        let catalog = wire::decode(&arena, &request).expect("it can be read");
        catalog.check(None).expect("it is right");
        let again = wire::encode(&catalog, None, "");
        let sent = &again.expectations[1].expectations[0];
        assert_eq!(sent.expectation_kwargs, arguments);
    }
}

#[test]
fn what_can_not_be_read_is_refused_by_name() {
    for (arguments, said) in [
        ("", "its arguments are not a JSON object"),
        ("[]", "its arguments are not a JSON object"),
        (r#"{"column": 3}"#, "a column is named by a text"),
        (
            r#"{"column": "low", "min_value": 10000000000000000000}"#,
            "10000000000000000000 is beyond the whole numbers there are",
        ),
        (
            r#"{"min_value": 1}"#,
            "`expect_column_values_to_be_between` needs a column",
        ),
        (
            r#"{"column": "nothing"}"#,
            "dataset `PlainMeter` has no column `nothing`",
        ),
        (
            r#"{"column": "low", "minimum_value": 1}"#,
            "has no parameter `minimum_value`; did you mean `min_value`?",
        ),
        (
            r#"{"column": "low", "min": 1, "min_value": 1}"#,
            "`min_value` is given twice",
        ),
        (r#"{"column": "low", "mostly": 2}"#, "from 0.0 to 1.0"),
    ] {
        let problems = problems(&request(arguments));
        assert!(
            problems.contains("`PlainMeter.expectations`") && problems.contains(said),
            "{arguments}: {problems}"
        );
    }
}

#[test]
fn a_suite_belongs_to_one_dataset_of_the_request() {
    let mut twice = request(r#"{"column": "low"}"#);
    twice.expectations[0].entity_name = "PlainMeter".into();
    assert!(problems(&twice).contains("a dataset has one list of expectations, and this has more"));

    let mut nobodys = request(r#"{"column": "low"}"#);
    nobodys.expectations[0].entity_name = "Nobody".into();
    assert!(problems(&nobodys).contains("the request has expectations of it, and not the dataset"));

    let mut features = request(r#"{"column": "low"}"#);
    features.expectations[0].e_type = 1;
    assert!(problems(&features).contains("a featureset has none"));

    let mut negative = request(r#"{"column": "low"}"#);
    negative.expectations[0].version = -1;
    assert!(problems(&negative).contains("the version of its expectations is negative"));
}
