//! What the reference is known to do wrong, and what is right instead.

use fennel_core::wire::proto::dataset::{self as proto, operator::Kind};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::wire::proto::spec::{self, pre_spec::Variant};
use serde_json::{Value as Json, json};

/// What is right for a step of a scenario, if the reference isn't.
#[must_use]
pub fn of(scenario: &str, step: usize) -> Option<Json> {
    Some(match (scenario, step) {
        // Erased keys are taken again, unless they are erased with all later rows; the reference takes them no more.
        ("erase-keys", 5) => json!({
            "rows": [
                { "uid": 1, "v": 9, "ts": "2024-01-01T12:00:00.000000Z" },
                { "uid": 2, "v": 2, "ts": "2024-01-01T10:00:00.000000Z" },
            ],
            "found": [true, true],
        }),
        // An empty list of keys has an empty list of values; the reference fails.
        ("feat-list-lookup-empty", 1) => json!({
            "columns": ["LF.city"],
            "rows": [{ "LF.city": ["lima"] }, { "LF.city": [] }],
        }),
        // `since` and `until` bound the event times; the reference ignores them.
        ("src-since-until", 1) => json!({ "rows": [
            { "id": 2, "ts": "2024-01-01T10:00:00.000000Z" },
            { "id": 3, "ts": "2024-01-01T11:59:59.000000Z" },
        ]}),
        // A row without a version in bounds is left out of an inner join; the reference fails.
        ("join-inner-within", 3) => Json::Null,
        // Of what is equal at one instant the first stays, the documentation says nothing of it; the reference keeps
        // the last.
        ("dedup-survivor", 1) => json!({ "rows": [
            { "uid": 1, "amount": 1.0, "qty": 1, "kind": "a", "ts": "2024-01-01T10:00:00.000000Z" },
        ]}),
        // From 12:00 to before 14:00 the row of key 1 doesn't pass; the reference's lookups pass over deletes.
        ("filter-keyed-update-out", 1) => {
            let row = |uid: i64, city: Option<&str>, age: Option<i64>, ts: Option<&str>| {
                let ts = ts.map(|ts| format!("2024-01-01T{ts}:00.000000Z"));
                json!({ "uid": uid, "city": city, "age": age, "ts": ts })
            };
            let nothing = |uid| row(uid, None, None, None);
            json!({
                "rows": [
                    nothing(1),
                    row(1, Some("a"), Some(20), Some("10:00")),
                    nothing(1),
                    nothing(1),
                    row(1, Some("a"), Some(40), Some("14:00")),
                    nothing(2),
                    row(2, Some("b"), Some(30), Some("12:00")),
                ],
                "found": [false, true, false, false, true, false, true],
            })
        }
        // Just before each hour, the rows of `A` are: none; 1 and 2; 4 and 0; 0 and 0; 0 and 8. The reference comes out
        // near zero.
        ("agg-after-agg", 2) => json!({
            "rows": [
                { "uid": 1, "tot": null, "n": null, "ts": null },
                { "uid": 1, "tot": 3.0, "n": 2 },
                { "uid": 1, "tot": 4.0, "n": 2 },
                { "uid": 1, "tot": 0.0, "n": 2 },
                { "uid": 1, "tot": 8.0, "n": 2 },
            ],
            "found": [false, true, true, true, true],
        }),
        // Two, no and one half-lives of 10 minutes after 16.0; the reference mixes the instants up.
        ("agg-expdecay-unsorted", 1) => json!({
            "rows": [{ "uid": 1, "d": 4.0 }, { "uid": 1, "d": 16.0 }, { "uid": 1, "d": 8.0 }],
            "found": [true, true, true],
        }),
        // At 13:30 the last three hours hold 4.0 of 11:00 and -2.0 of 12:00, five and three half-lives of 30 minutes
        // ago: 0.125 - 0.25. The reference forgets the first of them when the row of 10:00 leaves.
        ("agg-expdecay", 1) => {
            let sums = [
                (8.0, 8.0),
                (8.0, 6.0),
                (2.0, -0.5),
                (2.0_f64.sqrt(), -0.25),
                (0.5_f64.sqrt(), -0.125),
                (0.125_f64.sqrt(), -0.0625),
                (0.03125_f64.sqrt(), 0.0),
            ];
            let rows = sums.map(|(f, w)| json!({ "uid": 1, "f": f, "w": w }));
            json!({ "rows": rows, "found": vec![true; 7] })
        }
        // 0.0 / 0 is no number, which is not null; the reference's data frames know no difference.
        ("assign-expr", 1) => {
            let row = |uid: i64,
                       amount: f64,
                       qty: Json,
                       kind: &str,
                       q2: i64,
                       opt: Json,
                       at: &str| {
                json!({
                    "uid": uid, "amount": amount, "qty": qty, "kind": kind, "twice": 2.0 * amount, "q2": q2,
                    "label": if amount > 5.0 { "big" } else { "small" },
                    "opt": opt, "ts": format!("2024-01-01T{at}:00.000000Z"),
                })
            };
            json!({ "rows": [
                row(1, 10.0, json!(2), "a", 2, json!(5.0), "10:00"),
                row(1, 20.5, Json::Null, "b", -1, Json::Null, "10:30"),
                row(2, 5.0, json!(1), "a", 1, json!(5.0), "11:00"),
                row(1, -4.0, json!(3), "a", 3, json!(-4.0 / 3.0), "12:00"),
                row(1, 0.0, json!(0), "b", 0, json!("NaN"), "15:00"),
            ]})
        }
        // By the clock all windows have ended. The reference waits for a row that is later than the window's end.
        ("window-hopping", 1) => json!({ "rows": windows(1, &[
            ("09:50", "10:10"), ("10:00", "10:20"), ("10:10", "10:30"), ("10:20", "10:40"),
            ("10:50", "11:10"), ("11:00", "11:20"),
        ])}),
        ("window-tumbling", 1) => {
            let mut rows = windows(
                1,
                &[
                    ("10:00", "10:10"),
                    ("10:10", "10:20"),
                    ("10:30", "10:40"),
                    ("11:00", "11:10"),
                ],
            );
            rows.extend(windows(2, &[("10:00", "10:10")]));
            json!({ "rows": rows })
        }
        _ => return None,
    })
}

/// The rows of a group's windows without aggregates.
fn windows(uid: i64, bounds: &[(&str, &str)]) -> Vec<Json> {
    let instant = |time: &str| format!("2024-01-01T{time}:00.000000Z");
    let row = |(begin, end): &(&str, &str)| {
        let window = json!({ "begin": instant(begin), "end": instant(end) });
        json!({ "uid": uid, "window": window, "ts": instant(end) })
    };
    bounds.iter().map(row).collect()
}

/// Adds what the reference's definitions say and its requests leave out.
pub(crate) fn complete(scenario: &str, request: &mut SyncRequest) {
    // The options of a webhook's source don't reach the request.
    if scenario == "src-since-until" {
        let instant = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        for source in &mut request.sources {
            source.starting_from = instant(1_704_103_200);
            source.until = instant(1_704_110_400);
        }
    }
    // Aggregates of a group with a window don't reach the request.
    if scenario == "window-agg" || scenario == "agg-session" {
        let mut specs = vec![
            Variant::Count(spec::Count {
                name: "n".into(),
                ..Default::default()
            }),
            Variant::Sum(spec::Sum {
                name: "s".into(),
                of: "amount".into(),
                ..Default::default()
            }),
        ];
        if scenario == "window-agg" {
            specs.push(Variant::Average(spec::Average {
                name: "avg".into(),
                of: "amount".into(),
                ..Default::default()
            }));
        }
        let Some(window) = request.operators.last_mut() else {
            return;
        };
        let mut aggregate = window.clone();
        window.is_root = false;
        aggregate.kind = Some(Kind::Aggregate(proto::Aggregate {
            operand_id: std::mem::replace(&mut aggregate.id, "aggregate".into()),
            keys: vec!["uid".into(), "window".into()],
            specs: specs
                .into_iter()
                .map(|variant| spec::PreSpec {
                    variant: Some(variant),
                })
                .collect(),
            ..Default::default()
        }));
        request.operators.push(aggregate);
    }
}
