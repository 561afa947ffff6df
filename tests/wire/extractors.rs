//! Rust functions travel by name, and are found again by it.

use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::diff::{check_transition, diff};
use fennel_core::entity::{Code, Extractor, Native};
use fennel_core::native::Parameter;
use fennel_core::registry;
use fennel_core::time::Timestamp;
use fennel_core::value::Value;
use fennel_core::wire;
use fennel_core::wire::proto::services::SyncRequest;
use prost::Message as _;

use crate::roundtrip::{json, pretty};

fennel::owner!("risk@example.com");

#[dataset(index)]
struct Visitor {
    #[field(key)]
    uid: i64,
    country: String,
    at: DateTime<Utc>,
}

#[featureset]
struct Ask {
    uid: i64,
    ip: String,
}

#[featureset]
struct Risks {
    #[feature(Ask::uid)]
    uid: i64,
    scores: Vec<f64>,
    risk: f64,
    band: Option<String>,
    #[feature(expr = uid * 2)]
    double: i64,
    z_last: i64,
}

#[extractors]
impl Risks {
    /// Made of everything.
    #[extractor(inputs(Ask::ip, uid, scores), outputs(risk, band), version = 2)]
    fn risk(
        ts: DateTime<Utc>,
        ip: &str,
        uid: i64,
        scores: &[f64],
        #[lookup(uid)] visitor: Option<Visitor>,
    ) -> (f64, Option<String>) {
        let known = visitor.is_some_and(|visitor| visitor.at < ts && visitor.uid == uid);
        let sum: f64 = scores.iter().sum();
        (sum + ip.len() as f64, known.then(|| "known".to_owned()))
    }

    #[extractor(outputs(z_last), env = "prod")]
    fn a_first(uid: i64) -> i64 {
        uid
    }
}

fn catalog() -> Catalog<'static> {
    fennel::entities![Visitor, Ask, Risks].into_iter().collect()
}

fn request(env: &str) -> SyncRequest {
    let catalog = catalog();
    catalog.check(Some(env)).expect("it is right");
    wire::encode(&catalog, Some(env), "")
}

fn extractor<'c>(catalog: &'c Catalog<'static>, name: &str) -> &'c Extractor<'static> {
    let mut extractors = catalog.extractors_of("Risks").iter();
    extractors
        .find(|extractor| extractor.name == name)
        .expect("it comes along with its featureset")
}

fn native<'a>(extractor: &Extractor<'a>) -> Native<'a> {
    match extractor.code {
        Code::Rust(native) => native,
        Code::Python(python) => panic!("{python:?} is Python"),
    }
}

#[test]
fn functions_come_last_and_only_where_they_take_part() {
    let names = |env| {
        let extractors = request(env).extractors.into_iter();
        extractors
            .map(|extractor| extractor.name)
            .collect::<Vec<_>>()
    };
    let derived = ["_fennel_expr_Risks.double", "_fennel_alias_Ask.uid"];
    assert_eq!(names("dev"), [&derived[..], &["risk"]].concat());
    assert_eq!(names("prod"), [&derived[..], &["a_first", "risk"]].concat());
}

#[test]
fn a_function_is_sent_by_name_and_without_its_source() {
    let sent = request("dev");
    let risk = sent.extractors.last().expect("the last is written");
    assert_eq!(risk.features, ["risk", "band"]);
    assert_eq!(risk.datasets, ["Visitor"]);
    assert_eq!(risk.version, 2);
    let inputs = risk
        .inputs
        .iter()
        .filter_map(|input| input.feature.as_ref());
    let inputs: Vec<_> = inputs
        .map(|input| format!("{}.{}", input.feature_set_name, input.name))
        .collect();
    assert_eq!(inputs, ["Ask.ip", "Risks.uid", "Risks.scores"]);
    let code = risk.pycode.as_ref().expect("it has a name");
    assert!(wire::is_native(code));
    assert_eq!(code.entry_point, "wire::extractors::Risks::risk");
    assert_eq!(
        code.source_code,
        "fn risk(ts: DateTime<Utc>, ip: &str, uid: i64, scores: &[f64], \
         #[lookup(uid)] visitor: Option<Visitor>) -> (f64, Option<String>)"
    );
    assert!(code.generated_code.is_empty() && code.imports.is_empty());
}

#[test]
fn what_is_decoded_is_the_same_and_its_function_is_found() {
    let sent = request("dev");
    let arena = bumpalo::Bump::new();
    let decoded = wire::decode(&arena, &sent).expect("we read what we send");
    decoded.check(None).expect("what was right stays right");
    let again = wire::encode(&decoded, None, "");
    assert_eq!(
        pretty(&json(&again.encode_to_vec())),
        pretty(&json(&sent.encode_to_vec()))
    );
    let received = native(&decoded.extractors_of("Risks")[0]);
    let linked = registry::function(&received).expect("it is part of this program");
    assert_eq!(linked.extractor.name, "risk");
    let other = Native {
        hash: received.hash ^ 1,
        ..received
    };
    assert!(registry::function(&other).is_none());
}

#[test]
fn a_linked_function_is_called_with_values() {
    let native = native(extractor(&catalog(), "risk"));
    let linked = registry::function(&native).expect("it is linked");
    assert!(matches!(
        linked.parameters,
        [
            Parameter::Instant,
            Parameter::Input(0),
            Parameter::Input(1),
            Parameter::Input(2),
            Parameter::Lookup { dataset, keys: [1] },
        ] if dataset.name == "Visitor"
    ));
    let second = |second| Value::Timestamp(Timestamp::from_micros(second).expect("in range"));
    let row = Value::Record(vec![Value::Int(7), Value::String("NL".into()), second(1)]);
    let arguments = |row: Value| {
        let scores = Value::List(vec![Value::Float(0.5), Value::Float(1.5)]);
        vec![
            second(2),
            Value::String("ip".into()),
            Value::Int(7),
            scores,
            row,
        ]
    };
    assert_eq!(
        (linked.call)(arguments(row)),
        Ok(vec![Value::Float(4.0), Value::String("known".into())])
    );
    assert_eq!(
        (linked.call)(arguments(Value::Null)),
        Ok(vec![Value::Float(4.0), Value::Null])
    );
    let wrong = (linked.call)(arguments(Value::Int(1))).expect_err("1 is no row");
    assert_eq!(
        wrong.to_string(),
        "in parameter `visitor`: expected a row of `Visitor`, found 1"
    );
    // The function stays a function, under the name of the feature that it makes.
    let ts = DateTime::UNIX_EPOCH;
    assert_eq!(Risks::risk(ts, "ip", 7, &[0.5], None), (2.5, None));
}

#[test]
fn another_function_needs_a_higher_version() {
    let arena = bumpalo::Bump::new();
    let sent = request("dev");
    let before = wire::decode(&arena, &sent).expect("we read what we send");
    let changed = |change: &dyn Fn(&mut fennel_core::wire::proto::featureset::Extractor)| {
        let mut request = sent.clone();
        change(request.extractors.last_mut().expect("the written one"));
        request
    };
    let refusal = |request: &SyncRequest| {
        let arena = bumpalo::Bump::new();
        let after = wire::decode(&arena, request).expect("we read what we send");
        let refused = check_transition(&before, &after);
        refused.err().map(|problems| problems.to_string())
    };
    let body = |extractor: &mut fennel_core::wire::proto::featureset::Extractor| {
        let code = extractor.pycode.as_mut().expect("it has a name");
        code.core_code = "rust:0000000000000001".into();
    };
    let refused = refusal(&changed(&body)).expect("the source is another one");
    assert!(
        refused.starts_with("featureset `Risks.risk`: `extractor[risk].source` changes from ")
            && refused.ends_with(
                " to `0000000000000001` under the same version; write version = 3 in its #[extractor(..)]"
            ),
        "{refused}"
    );
    let raised = changed(&|extractor| {
        body(extractor);
        extractor.version = 3;
    });
    assert_eq!(refusal(&raised), None);
    // A function that is moved to another module is the same.
    let moved = changed(&|extractor| {
        let code = extractor.pycode.as_mut().expect("it has a name");
        code.entry_point = "elsewhere::Risks::risk".into();
    });
    assert_eq!(refusal(&moved), None);
    let arena = bumpalo::Bump::new();
    let after = wire::decode(&arena, &moved).expect("we read what we send");
    let fields: Vec<_> = diff(&before, &after)
        .entities
        .into_iter()
        .flat_map(|entity| entity.fields)
        .map(|field| (field.path, field.metaflag))
        .collect();
    assert_eq!(fields, [("extractor[risk].function".to_owned(), true)]);
    let mut left_out = sent.clone();
    left_out.extractors.pop();
    assert!(
        refusal(&left_out)
            .expect("it is live")
            .starts_with("featureset `Risks.risk`: it is live and this commit leaves it out")
    );
}
