//! Pipelines that make no sense, or too much of it, are refused by name, and soon.

use bumpalo::Bump;
use fennel::prelude::*;
use fennel_core::catalog::Catalog;
use fennel_core::wire;
use fennel_core::wire::proto::dataset::{self as proto, operator::Kind};
use fennel_core::wire::proto::expression::{self as expr, expr::Node};
use fennel_core::wire::proto::schema::{self, data_type::Dtype};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::wire::proto::spec::{self, pre_spec::Variant};
use fennel_core::wire::proto::window::{self, window::Variant as Of};

fennel::owner!("team@example.com");

static APP: Webhook = Webhook::new("app");

#[dataset]
#[source(APP.endpoint("orders"), disorder = "1d", cdc = append)]
struct Order {
    uid: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[dataset]
#[source(APP.endpoint("users"), disorder = "1d", cdc = upsert)]
struct User {
    #[field(key)]
    uid: i64,
    city: String,
    seen: DateTime<Utc>,
}

#[dataset]
struct Paid {
    uid: i64,
    amount: f64,
    double: f64,
    at: DateTime<Utc>,
}

#[pipeline]
fn paid(orders: Order) -> Paid {
    orders.filter(amount > 0.0).assign(double = amount * 2.0)
}

/// Three datasets and a pipeline of three operators: its input, a filter, an assign.
fn request() -> SyncRequest {
    let catalog: Catalog<'_> = fennel::entities![Order, User, Paid].into_iter().collect();
    catalog.check(None).expect("the definitions are right");
    wire::encode(&catalog, None, "")
}

/// What a request is told.
fn told(request: &SyncRequest) -> String {
    let arena = Bump::new();
    let checked = wire::decode(&arena, request).and_then(|catalog| catalog.check(None));
    match checked {
        Ok(()) => "nothing".into(),
        Err(problems) => problems.to_string(),
    }
}

type Change = fn(&mut SyncRequest);

#[test]
fn what_is_malformed_is_told_by_name() {
    let mut wrong = Vec::new();
    for (what, change, says) in CASES {
        let mut changed = request();
        change(&mut changed);
        let told = told(&changed);
        let line = format!("dataset `Paid.paid`: {says}");
        if !told.lines().any(|found| found.starts_with(&line)) {
            wrong.push(format!("{what}: {told}\nand not {line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is wrong, how to make it so, and what is said.
const CASES: &[(&str, Change, &str)] = &[
    (
        "an operand that is not there",
        |request| filter(request).operand_id = "gone".into(),
        "its operator `gone` is missing; send it along",
    ),
    (
        "an operator without a kind",
        |request| request.operators[1].kind = None,
        "its operator `",
    ),
    (
        "an operand of another pipeline",
        |request| request.operators[1].pipeline_name = "other".into(),
        "its operator `",
    ),
    (
        "an operator that works on itself",
        |request| filter(request).operand_id = request_root(request),
        "its operator `",
    ),
    (
        "two results",
        |request| request.operators[1].is_root = true,
        "two of its operators are marked as its result; mark the last one alone",
    ),
    (
        "no result",
        |request| request.operators[2].is_root = false,
        "none of its operators is marked as its result; send its operators and mark the last one",
    ),
    (
        "no operators",
        |request| request.operators.clear(),
        "none of its operators is marked as its result; send its operators and mark the last one",
    ),
    (
        "a pipeline twice",
        |request| request.pipelines.push(request.pipelines[0].clone()),
        "the dataset has two pipelines of this name; rename one",
    ),
    (
        "no input",
        |request| request.pipelines[0].input_dataset_names.clear(),
        "it takes no dataset; name its inputs",
    ),
    (
        "rows of what is no input",
        |request| {
            request.operators[0].kind = Some(Kind::DatasetRef(proto::DatasetRef {
                referring_dataset_name: "User".into(),
            }));
        },
        "it takes `User`, which is none of its inputs; name it among them",
    ),
    (
        "an input that is not committed",
        |request| request.pipelines[0].input_dataset_names.push("Gone".into()),
        "it takes dataset `Gone`, which is not part of this commit; add it",
    ),
    (
        "a step without its function",
        |request| {
            let operand_id = "Order".into();
            step(
                request,
                Kind::Filter(proto::Filter {
                    operand_id,
                    ..Default::default()
                }),
            );
        },
        "its `filter` has no function; send it along",
    ),
    (
        "a drop of nothing",
        |request| {
            step(
                request,
                Kind::Drop(proto::Drop {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `drop` names no column",
    ),
    (
        "a rename of nothing",
        |request| {
            step(
                request,
                Kind::Rename(proto::Rename {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `rename` names no column",
    ),
    (
        "a dropnull of nothing",
        |request| {
            step(
                request,
                Kind::Dropnull(proto::Dropnull {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `dropnull` names no column",
    ),
    (
        "an explode of nothing",
        |request| {
            step(
                request,
                Kind::Explode(proto::Explode {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `explode` names no column",
    ),
    (
        "an assign of nothing",
        |request| {
            step(
                request,
                Kind::AssignExpr(proto::AssignExpr {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `assign` names no column",
    ),
    (
        "a group by nothing, its first row",
        |request| {
            step(
                request,
                Kind::First(proto::First {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `group_by` names no column",
    ),
    (
        "a group by nothing, its latest row",
        |request| {
            step(
                request,
                Kind::Latest(proto::Latest {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `group_by` names no column",
    ),
    (
        "a group by nothing, its aggregates",
        |request| {
            step(
                request,
                Kind::Aggregate(proto::Aggregate {
                    operand_id: "Order".into(),
                    ..Default::default()
                }),
            )
        },
        "its `group_by` names no column",
    ),
    (
        "a group by one column twice",
        |request| {
            let by = vec!["uid".into(), "uid".into()];
            step(
                request,
                Kind::First(proto::First {
                    operand_id: "Order".into(),
                    by,
                    ..Default::default()
                }),
            );
        },
        "step 1, `first`: `uid` is listed twice",
    ),
    (
        "no aggregates",
        |request| aggregate(request, Vec::new()),
        "step 1, `aggregate`: `aggregate` needs at least one aggregate",
    ),
    (
        "an aggregate of no kind",
        |request| aggregate(request, vec![spec::PreSpec { variant: None }]),
        "an aggregate is missing",
    ),
    (
        "a sum of nothing",
        |request| {
            let sum = spec::Sum {
                name: "total".into(),
                window: forever(),
                ..Default::default()
            };
            aggregate(
                request,
                vec![spec::PreSpec {
                    variant: Some(Variant::Sum(sum)),
                }],
            );
        },
        "step 1, `aggregate`: `sum` needs a column before its window, as in `sum(amount, \"1d\")`",
    ),
    (
        "an aggregate without a window",
        |request| count(request, None),
        "step 1, `aggregate`: this needs a window",
    ),
    (
        "a window that is shorter than nothing",
        |request| count(request, sliding(-1)),
        "a duration is negative or out of range",
    ),
    (
        "a window that is longer than time",
        |request| count(request, sliding(i64::MAX)),
        "a duration is negative or out of range",
    ),
    (
        "a window of no time",
        |request| count(request, sliding(0)),
        "a window is longer than nothing",
    ),
    (
        "an aggregate told neither now nor later",
        |request| {
            count(request, forever());
            if let Some(Kind::Aggregate(aggregate)) = &mut request.operators[1].kind {
                aggregate.emit_strategy = 9;
            }
        },
        "an aggregate is told neither eagerly nor at the end",
    ),
    (
        "a group's window that never ends",
        |request| group(request, "window", forever()),
        "step 1, `aggregate`: the window of a group ends: ",
    ),
    (
        "a group without its window",
        |request| group(request, "window", None),
        "a group's window is missing",
    ),
    (
        "a group's window by another name",
        |request| group(request, "hour", sliding(3_600)),
        "the key of a group's window is called `window`, not `hour`; rename it behind the group",
    ),
    (
        "a window and its aggregates by other columns",
        |request| {
            group(request, "window", sliding(3_600));
            let window = request.operators[1].id.clone();
            let keys = vec!["amount".into(), "window".into()];
            request.operators[2].kind = Some(Kind::Aggregate(proto::Aggregate {
                operand_id: window,
                keys,
                ..Default::default()
            }));
        },
        "its aggregate groups by [\"amount\"] and its window by [\"uid\"]; group both by the same columns",
    ),
    (
        "a union of one",
        |request| union(request, 1),
        "a union has two operands; chain one behind the other for more",
    ),
    (
        "a union of many",
        |request| union(request, 3),
        "a union has two operands; chain one behind the other for more",
    ),
    (
        "a join on nothing",
        |request| join(request, |join| join.on.clear()),
        "step 2, `join`: the join must name every key of `User`: `uid`",
    ),
    (
        "a join that is neither left nor inner",
        |request| join(request, |join| join.how = 7),
        "a join is neither left nor inner",
    ),
    (
        "a join with what is older than time",
        |request| join(request, |join| join.within_low = seconds(i64::MIN)),
        "a duration is negative or out of range",
    ),
    (
        "a join with a result of operators",
        |request| {
            join(request, |join| {
                join.rhs_dsref_operand_id.clone_from(&join.lhs_operand_id)
            })
        },
        "step 1, `join`: `Order` has no key to join on",
    ),
    (
        "a condition that is missing",
        |request| filter(request).expr = None,
        "a part of the expression is missing",
    ),
    (
        "an unknown operator between two",
        |request| {
            condition(
                request,
                binary(99, literal("1", Dtype::IntType(schema::IntType {}))),
            )
        },
        "an operator of the expression is unknown",
    ),
    (
        "an unknown operator before one",
        |request| {
            let operand = Some(Box::new(literal("1", Dtype::IntType(schema::IntType {}))));
            condition(
                request,
                node(Node::Unary(Box::new(expr::Unary { op: 99, operand }))),
            );
        },
        "an operator of the expression is unknown",
    ),
    (
        "a constant that is no JSON",
        |request| condition(request, literal("{", Dtype::IntType(schema::IntType {}))),
        "a constant of the expression is not JSON: ",
    ),
    (
        "a constant of another type",
        |request| {
            condition(
                request,
                literal("\"a\"", Dtype::IntType(schema::IntType {})),
            )
        },
        "step 1, `filter`: this is a text, and the type is `i64`",
    ),
    (
        "a constant out of range",
        |request| {
            condition(
                request,
                literal("1e999", Dtype::DoubleType(schema::DoubleType {})),
            )
        },
        "a constant of the expression is not JSON: ",
    ),
    (
        "a constant without a type",
        |request| {
            let literal = expr::JsonLiteral {
                literal: "1".into(),
                dtype: None,
            };
            condition(request, node(Node::JsonLiteral(literal)));
        },
        "it has no type",
    ),
    (
        "a condition that is no bool",
        |request| condition(request, column("amount")),
        "step 1, `filter`: `filter` needs a `bool`, and `amount` is `f64`",
    ),
    (
        "an `if` without a branch",
        |request| condition(request, node(Node::Case(Box::default()))),
        "a `when` has no branch",
    ),
    (
        "an expression nested too deep",
        |request| condition(request, nested(41)),
        "the expression nests too deep: compute a part of it in a step before",
    ),
    (
        "a column assigned without its type",
        |request| {
            if let Some(Kind::AssignExpr(assign)) = &mut request.operators[2].kind {
                assign.output_types.clear();
            }
        },
        "`double` has no type",
    ),
    (
        "a type without its column",
        |request| {
            if let Some(Kind::AssignExpr(assign)) = &mut request.operators[2].kind {
                assign
                    .output_types
                    .insert("triple".into(), ty(Dtype::IntType(schema::IntType {})));
            }
        },
        "`triple` has a type and no expression",
    ),
    (
        "a record with one field twice",
        |request| assigned(request, record(["a", "b", "a"].map(String::from))),
        "record `R` has two fields `a`",
    ),
    (
        "a record of ten thousand fields",
        |request| assigned(request, record((0..10_000).map(|i| format!("f{i}")))),
        "record `R` has more than 1000 fields, the most; split it",
    ),
    (
        "a name of a megabyte",
        |request| {
            if let Some(Kind::AssignExpr(assign)) = &mut request.operators[2].kind {
                let long = "x".repeat(1 << 20);
                let value = assign.exprs["double"].clone();
                assign.exprs.insert(long.clone(), value);
                assign
                    .output_types
                    .insert(long, ty(Dtype::DoubleType(schema::DoubleType {})));
            }
        },
        "the name `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is longer than 255 bytes, the most; shorten it",
    ),
    (
        "too many columns of one operator",
        |request| {
            let dropcols = (0..100_000).map(|i| format!("c{i}")).collect();
            step(
                request,
                Kind::Drop(proto::Drop {
                    operand_id: "Order".into(),
                    dropcols,
                    ..Default::default()
                }),
            );
        },
        "one of its operators names more than 256 columns, the most in a pipeline; split it",
    ),
    (
        "a step more than there can be",
        |request| chain(request, 64),
        "it has more than 64 operators; split it in two, with a dataset between",
    ),
    (
        "a hundred thousand operators",
        |request| chain(request, 100_000),
        "it has more than 64 operators; split it in two, with a dataset between",
    ),
    (
        "a hundred thousand inputs",
        |request| {
            request.pipelines[0].input_dataset_names = vec!["Order".into(); 100_000];
        },
        "it takes more than 64 datasets, the most; leave out those that it makes nothing of",
    ),
];

/// What is as large as can be is answered too, in a time that grows with the request alone. What
/// is done for each pair of so many would not end here.
#[test]
fn large_requests_are_answered() {
    let mut steps = request();
    chain(&mut steps, 61);
    assert_eq!(told(&steps), "nothing");

    let mut deep = request();
    condition(&mut deep, nested(32));
    assert_eq!(told(&deep), "nothing");

    let mut branches = request();
    let branch = expr::WhenThen {
        when: Some(nested(1)),
        then: Some(nested(1)),
    };
    condition(
        &mut branches,
        node(Node::Case(Box::new(expr::Case {
            when_then: vec![branch; 100_000],
            otherwise: Some(Box::new(nested(1))),
        }))),
    );
    assert_eq!(told(&branches), "nothing");

    let mut pipelines = request();
    for i in (0..20_000).rev() {
        let name = format!("p{i:06}");
        let mut operator = pipelines.operators[0].clone();
        operator.pipeline_name.clone_from(&name);
        operator.is_root = true;
        pipelines.operators.push(operator);
        let mut pipeline = pipelines.pipelines[0].clone();
        pipeline.name = name;
        pipelines.pipelines.push(pipeline);
    }
    assert!(told(&pipelines).contains("several pipelines"));

    let mut keys = request();
    let schema = keys.datasets[1].dsschema.as_mut().expect("a schema");
    schema.erase_keys = (0..100_000).map(|i| format!("k{i}")).collect();
    let values = schema.values.as_mut().expect("values");
    values.fields = (0..9_000)
        .map(|i| schema::Field {
            name: format!("c{i}"),
            ..values.fields[0].clone()
        })
        .collect();
    assert!(told(&keys).contains("an erase key is a key, and this is none"));

    let mut records = request();
    assigned(&mut records, record((0..1_000).map(|i| format!("f{i}"))));
    assert!(told(&records).contains("which can't be declared `R"));
}

/// The deepest expression that can be read gets through the bytes too, whatever it nests in.
#[test]
fn the_deepest_expression_can_be_sent() {
    use prost::Message as _;

    let branches = |levels| {
        let mut inner = nested(1);
        for _ in 0..levels {
            inner = node(Node::Case(Box::new(expr::Case {
                when_then: vec![expr::WhenThen {
                    when: Some(nested(1)),
                    then: Some(inner),
                }],
                otherwise: Some(Box::new(nested(1))),
            })));
        }
        let mut request = request();
        condition(&mut request, inner);
        request
    };
    let deepest = branches(26);
    assert_eq!(told(&deepest), "nothing");
    let sent = SyncRequest::decode(deepest.encode_to_vec().as_slice());
    assert!(sent.is_ok_and(|sent| sent == deepest));
    assert!(told(&branches(27)).contains("the expression nests too deep"));
}

fn step(request: &mut SyncRequest, kind: Kind) {
    request.operators[1].kind = Some(kind);
}

fn filter(request: &mut SyncRequest) -> &mut proto::FilterExpr {
    match &mut request.operators[1].kind {
        Some(Kind::FilterExpr(filter)) => filter,
        _ => panic!("the step is a filter"),
    }
}

fn request_root(request: &SyncRequest) -> String {
    request.operators[2].id.clone()
}

fn condition(request: &mut SyncRequest, condition: expr::Expr) {
    filter(request).expr = Some(condition);
}

fn aggregate(request: &mut SyncRequest, specs: Vec<spec::PreSpec>) {
    let operand_id = "Order".into();
    let keys = vec!["uid".into()];
    step(
        request,
        Kind::Aggregate(proto::Aggregate {
            operand_id,
            keys,
            specs,
            ..Default::default()
        }),
    );
}

fn count(request: &mut SyncRequest, window: Option<window::Window>) {
    let count = spec::Count {
        name: "n".into(),
        window,
        ..Default::default()
    };
    let variant = Some(Variant::Count(count));
    aggregate(request, vec![spec::PreSpec { variant }]);
}

fn group(request: &mut SyncRequest, field: &str, window_type: Option<window::Window>) {
    step(
        request,
        Kind::Window(proto::WindowOperatorKind {
            operand_id: "Order".into(),
            window_type,
            by: vec!["uid".into()],
            field: field.into(),
            ..Default::default()
        }),
    );
}

fn union(request: &mut SyncRequest, operands: usize) {
    let operand_ids = vec!["Order".into(); operands];
    let union = proto::Union {
        operand_ids,
        ..Default::default()
    };
    step(request, Kind::Union(union));
}

/// Makes the filter a join with `User`, changed so.
fn join(request: &mut SyncRequest, change: fn(&mut proto::Join)) {
    request.pipelines[0].input_dataset_names.push("User".into());
    let mut user = request.operators[0].clone();
    user.id = "User".into();
    user.kind = Some(Kind::DatasetRef(proto::DatasetRef {
        referring_dataset_name: "User".into(),
    }));
    let mut join = proto::Join {
        lhs_operand_id: "Order".into(),
        rhs_dsref_operand_id: "User".into(),
        on: [("uid".into(), "uid".into())].into(),
        ..Default::default()
    };
    change(&mut join);
    step(request, Kind::Join(join));
    request.operators.push(user);
}

/// Puts `count` renames between the filter and the assign, which change nothing in the end.
fn chain(request: &mut SyncRequest, count: usize) {
    let mut last = request.operators[1].id.clone();
    for i in 0..count {
        let mut operator = request.operators[1].clone();
        operator.id = format!("chained {i}");
        if let Some(Kind::FilterExpr(filter)) = &mut operator.kind {
            filter.operand_id.clone_from(&last);
        }
        last.clone_from(&operator.id);
        request.operators.push(operator);
    }
    if let Some(Kind::AssignExpr(assign)) = &mut request.operators[2].kind {
        assign.operand_id = last;
    }
}

fn assigned(request: &mut SyncRequest, declared: schema::DataType) {
    if let Some(Kind::AssignExpr(assign)) = &mut request.operators[2].kind {
        assign.output_types.insert("double".into(), declared);
    }
}

fn node(node: Node) -> expr::Expr {
    expr::Expr { node: Some(node) }
}

fn column(name: &str) -> expr::Expr {
    node(Node::Ref(expr::Ref { name: name.into() }))
}

fn literal(literal: &str, dtype: Dtype) -> expr::Expr {
    let dtype = Some(ty(dtype));
    let literal = literal.into();
    node(Node::JsonLiteral(expr::JsonLiteral { literal, dtype }))
}

fn binary(op: i32, right: expr::Expr) -> expr::Expr {
    node(Node::Binary(Box::new(expr::Binary {
        left: Some(Box::new(column("amount"))),
        right: Some(Box::new(right)),
        op,
    })))
}

/// A bool, so many levels deep.
fn nested(levels: usize) -> expr::Expr {
    let bool = Dtype::BoolType(schema::BoolType {});
    (1..levels).fold(literal("true", bool), |inner, _| {
        node(Node::Unary(Box::new(expr::Unary {
            op: expr::UnaryOp::Not.into(),
            operand: Some(Box::new(inner)),
        })))
    })
}

fn ty(dtype: Dtype) -> schema::DataType {
    schema::DataType { dtype: Some(dtype) }
}

fn record(names: impl IntoIterator<Item = String>) -> schema::DataType {
    let fields = names.into_iter().map(|name| schema::Field {
        name,
        dtype: Some(ty(Dtype::IntType(schema::IntType {}))),
    });
    ty(Dtype::StructType(schema::StructType {
        name: "R".into(),
        fields: fields.collect(),
    }))
}

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

fn sliding(length: i64) -> Option<window::Window> {
    let duration = seconds(length);
    let variant = Some(Of::Sliding(window::Sliding { duration }));
    Some(window::Window { variant })
}

fn forever() -> Option<window::Window> {
    let variant = Some(Of::Forever(window::Forever {}));
    Some(window::Window { variant })
}
