//! Any catalog that checks is read back as it was sent.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use bumpalo::Bump;
use fennel_core::agg::{Default, Function};
use fennel_core::catalog::Catalog;
use fennel_core::entity::Pipeline;
use fennel_core::expr::Expr;
use fennel_core::literal::Literal;
use fennel_core::op::Operator;
use fennel_core::schema::Schema;
use fennel_core::ty::Type;
use fennel_core::wire;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use prost::Message as _;
use regex::Regex;

use crate::generate::Generator;
use crate::roundtrip::{json, pretty};

#[test]
fn what_is_sent_is_read_back() {
    let met = RefCell::new(BTreeSet::new());
    let config = ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let choices = proptest::collection::vec(any::<u32>(), 0..600);
    let result = runner.run(&choices, |choices| {
        round_trip(choices, &mut met.borrow_mut());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    // The generator still makes what there is.
    let met = met.into_inner();
    for name in [
        "filter",
        "assign",
        "select",
        "drop",
        "dropnull",
        "rename",
        "explode",
        "dedup",
        "join",
        "union",
        "transform",
        "first",
        "latest",
        "aggregate",
        "changelog",
        "count",
        "sum",
        "average",
        "min",
        "max",
        "stddev",
        "quantile",
        "distinct",
        "last_k",
        "first_k",
        "exp_decay_sum",
        "forever",
        "tumbling",
        "hopping",
        "session",
        "lookup",
        "alias",
        "default",
        "shared",
        "inputs",
    ] {
        assert!(met.contains(name), "no catalog has `{name}`: {met:?}");
    }
}

/// What descriptors say, without what is worked out from that: the order of their names, and how a
/// duration was written.
fn said(descriptors: &impl std::fmt::Debug) -> String {
    let text = format!("{descriptors:?}");
    let text = Regex::new(r"(order|reads): Order\(\[[^\]]*\]\)")
        .expect("a pattern")
        .replace_all(&text, "");
    let written = Regex::new(r#"written: (None|Some\("[^"]*"\))"#).expect("a pattern");
    written.replace_all(&text, "").into_owned()
}

fn round_trip(choices: Vec<u32>, met: &mut BTreeSet<String>) {
    let arena = Bump::new();
    let catalog = Generator::new(&arena, choices).catalog();
    catalog
        .check(None)
        .expect("the generator makes what checks");
    note(&catalog, met);
    let sent = wire::encode(&catalog, None, "message");
    let decoded_arena = Bump::new();
    let decoded = wire::decode(&decoded_arena, &sent).expect("we read what we send");
    if let Err(problems) = decoded.check(None) {
        panic!(
            "what was right stays right: {problems}\n{:#?}",
            describe(&catalog)
        );
    }
    let again = wire::encode(&decoded, None, "message");
    if again != sent {
        let [again, sent] = [again, sent].map(|request| pretty(&json(&request.encode_to_vec())));
        assert_eq!(again, sent);
    }
    let same = |decoded: String, sent: String| assert!(decoded == sent, "{decoded}\n{sent}");
    same(said(&decoded.datasets()), said(&catalog.datasets()));
    same(said(&decoded.featuresets()), said(&catalog.featuresets()));
    assert_eq!(describe(&decoded), describe(&catalog));
}

/// What there is in a catalog, so that the test can tell what it has never met.
fn note(catalog: &Catalog<'_>, met: &mut BTreeSet<String>) {
    let mut note = |name: &str| met.insert(name.into());
    for dataset in catalog.datasets() {
        for pipeline in catalog.pipelines(dataset.name) {
            if pipeline.inputs.len() > 1 {
                note("inputs");
            }
            let mut uses = HashMap::new();
            for (i, step) in pipeline.steps.iter().enumerate() {
                note(step.operator.name());
                for input in BTreeSet::from(step.inputs) {
                    let is_step = pipeline.steps[input].operator.name() != "" && input != i;
                    *uses.entry(input).or_insert(0) += usize::from(is_step);
                }
                match step.operator {
                    Operator::Join(_) => {
                        note("join");
                    }
                    Operator::Dedup(dedup) => {
                        dedup.window.map(|window| note(window_name(&window)));
                    }
                    Operator::Aggregate(aggregate) => {
                        aggregate.window.map(|window| note(window_name(&window)));
                        for aggregation in aggregate.aggregations() {
                            note(aggregation.function.name());
                            aggregation.window.map(|window| note(window_name(&window)));
                        }
                    }
                    _ => {}
                }
            }
            if uses.values().any(|uses| *uses > 1) {
                note("shared");
            }
        }
    }
    for feature in catalog.featuresets().iter().flat_map(|set| set.features) {
        if let Some(extraction) = feature.extraction {
            note(
                match extraction.reference().map(|reference| reference.kind) {
                    Some(fennel_core::entity::Kind::Dataset) => "lookup",
                    Some(fennel_core::entity::Kind::Featureset) => "alias",
                    None => "expression",
                },
            );
            if extraction.default.is_some() {
                note("default");
            }
        }
    }
}

fn window_name(window: &fennel_core::window::Window) -> &'static str {
    use fennel_core::window::Window;
    match window {
        Window::Forever => "forever",
        Window::Continuous(_) => "continuous",
        Window::Tumbling { .. } => "tumbling",
        Window::Hopping { .. } => "hopping",
        Window::Session { .. } => "session",
    }
}

/// What the pipelines of a catalog say, tokens aside: a line each, then a line for each operator,
/// which names those it works on by their line. What is written in two ways and means one is
/// written in one.
fn describe(catalog: &Catalog<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for dataset in catalog.datasets() {
        for pipeline in catalog.pipelines(dataset.name) {
            let Pipeline {
                name,
                dataset,
                inputs,
                meta,
                ..
            } = pipeline;
            lines.push(format!("{dataset}.{name} takes {inputs:?}, {meta:?}"));
            let schemas = pipeline
                .schemas(|name| catalog.dataset(name))
                .expect("it checks");
            let mut describer = Describer {
                pipeline,
                schemas: &schemas,
                lines: Vec::new(),
            };
            let root = describer.step(pipeline.steps.len() - 1);
            lines.extend(describer.lines);
            lines.push(format!("makes {root}"));
        }
    }
    lines
}

struct Describer<'p, 'a> {
    pipeline: &'p Pipeline<'a>,
    schemas: &'p [Schema<'a>],
    lines: Vec<String>,
}

impl Describer<'_, '_> {
    /// The line of a step; equal ones have one.
    fn step(&mut self, i: usize) -> usize {
        let step = self.pipeline.steps[i];
        let line = if let Operator::Input(dataset) = step.operator {
            format!("the rows of {dataset}")
        } else {
            let [left, right] = step.inputs;
            let operator = match operator(&step.operator, &self.schemas[left], &self.schemas[i]) {
                Some(operator) => operator,
                // It does nothing.
                None => return self.step(left),
            };
            // A join's right side comes first.
            let (left, right) = if matches!(step.operator, Operator::Join(_)) {
                let right = self.step(right);
                (self.step(left), right)
            } else {
                let left = self.step(left);
                (left, self.step(right))
            };
            format!("{operator} of {left} and {right}")
        };
        match self.lines.iter().position(|other| *other == line) {
            Some(at) => at,
            None => {
                self.lines.push(line);
                self.lines.len() - 1
            }
        }
    }
}

fn operator(operator: &Operator<'_>, before: &Schema<'_>, after: &Schema<'_>) -> Option<String> {
    let columns = || (0..before.columns()).map(|i| before.get(i));
    Some(match operator {
        Operator::Input(_) => return None,
        Operator::Filter(filter) => format!("filter {:?}", filter.condition),
        Operator::Assign(assign) => {
            let assigned = assign.columns().map(|(name, value)| {
                let ty = after.column(name).map(|column| column.ty);
                format!("{name}: {} = {:?}", ty.expect("it is there"), plain(value))
            });
            let assigned: BTreeSet<_> = assigned.collect();
            format!("assign {assigned:?}")
        }
        Operator::Select(select) => {
            let dropped = columns().filter(|column| !select.columns.contains(column.name));
            let dropped: Vec<_> = dropped.map(|column| column.name).collect();
            if dropped.is_empty() {
                return None;
            }
            format!("drop {dropped:?}")
        }
        Operator::Drop(drop) => format!("drop {:?}", drop.columns.iter().collect::<Vec<_>>()),
        Operator::Dropnull(dropnull) => {
            let mut names: Vec<_> = dropnull.columns.iter().collect();
            if names.is_empty() {
                let optional = columns().filter(|column| column.ty.is_optional());
                names.extend(optional.map(|column| column.name));
            }
            format!("dropnull {names:?}")
        }
        Operator::Rename(rename) => {
            format!("rename {:?}", rename.pairs().collect::<BTreeSet<_>>())
        }
        Operator::Explode(explode) => {
            format!("explode {:?}", explode.columns.iter().collect::<Vec<_>>())
        }
        Operator::Dedup(dedup) => {
            let mut names: Vec<_> = dedup.by.iter().collect();
            if names.is_empty() {
                names.extend(columns().map(|column| column.name));
            }
            format!("dedup {names:?} {:?}", dedup.window)
        }
        Operator::Join(join) => format!(
            "{:?} join {:?} {:?} {:?} {:?}",
            join.how,
            join.pairs().collect::<BTreeSet<_>>(),
            join.since,
            join.until,
            join.fields.map(|fields| fields.iter().collect::<Vec<_>>()),
        ),
        Operator::Union(_) => "union".into(),
        Operator::Transform(transform) => format!("transform {:?}", transform.function),
        Operator::Python(python) => format!("{:?} by {:?}", python.does, python.function),
        Operator::First(first) => format!("first {:?}", first.by.iter().collect::<Vec<_>>()),
        Operator::Latest(latest) => format!("latest {:?}", latest.by.iter().collect::<Vec<_>>()),
        Operator::Aggregate(aggregate) => {
            let specs = aggregate.aggregations().map(|aggregation| {
                let function = match aggregation.function {
                    Function::Min(min) => number("min", &min.default),
                    Function::Max(max) => number("max", &max.default),
                    function => format!("{function:?}"),
                };
                // A group's window is that of all its aggregates.
                let window = aggregation.window.or(aggregate.window);
                let (output, of) = (aggregation.output, aggregation.of);
                format!("{output} = {function} of {of:?} over {window:?}")
            });
            format!(
                "aggregate by {:?} in {:?}: {:?} along {:?} emit {:?}",
                aggregate.by.iter().collect::<Vec<_>>(),
                aggregate.window,
                specs.collect::<Vec<_>>(),
                aggregate.along(),
                aggregate.emit(),
            )
        }
        Operator::Changelog(changelog) => {
            format!("changelog {} {}", changelog.column, changelog.deletes)
        }
    })
}

/// An assigned expression without the type that is declared around it.
fn plain<'a>(value: &Expr<'a>) -> Expr<'a> {
    match value {
        Expr::Cast(Expr::Literal(literal), ty) => match (literal, ty) {
            (Literal::Bool(_), Type::Bool)
            | (Literal::Int(_), Type::Int)
            | (Literal::Float(_), Type::Float)
            | (Literal::Str(_), Type::String) => Expr::Literal(*literal),
            _ => *value,
        },
        value => value.undeclared(),
    }
}

/// A least or greatest value with its default, which a message has as a number.
fn number(name: &str, default: &Default<'_>) -> String {
    let default = match default {
        Default::Null => return format!("{name} or null"),
        Default::Number(number) => *number,
        Default::Literal(Literal::Int(int)) => *int as f64,
        Default::Literal(Literal::Float(float)) => *float,
        Default::Literal(Literal::Str("1969-12-31")) => -1.0,
        Default::Literal(Literal::Str("2020-02-29T01:02:03.000004Z")) => 1_582_938_123_000_004.0,
        Default::Literal(Literal::Str(decimal)) => decimal.parse().expect("a number"),
        other => panic!("{other:?} is no least value"),
    };
    format!("{name} or {default}")
}
