//! Definitions of the requests that scenarios hold.

use std::collections::BTreeMap;

use fennel_core::wire::proto::dataset as proto;
use fennel_core::wire::proto::dataset::operator::Kind;
use fennel_core::wire::proto::expression::{self, expr::Node};
use fennel_core::wire::proto::schema::{self, data_type::Dtype};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::wire::proto::spec::{PreSpec, pre_spec::Variant as Kept};
use fennel_core::wire::proto::window::{self, window::Variant as Stretch};
use serde_json::Value as Json;

use super::{
    Aggregate, Chain, Column, Columns, DISORDER, Dataset, Expr, Fill, Function, Graph, Join,
    Micros, Op, Spec, Step, Ty, Window,
};
use crate::value::V;

impl Graph {
    /// The definitions of a request.
    ///
    /// # Panics
    ///
    /// On what graphs don't have.
    pub(crate) fn read(request: &SyncRequest) -> Graph {
        let mut datasets: Vec<_> = request
            .datasets
            .iter()
            .map(|dataset| read_dataset(dataset, request))
            .collect();
        // Each behind those that it takes rows from.
        let mut ordered: Vec<Dataset> = Vec::new();
        while !datasets.is_empty() {
            let ready = datasets.iter().position(|dataset| {
                let mut inputs = Vec::new();
                if let Fill::Pipeline(chain) = &dataset.fill {
                    chain.inputs(&mut inputs);
                }
                let known = |name: &String| ordered.iter().any(|dataset| &dataset.name == name);
                inputs.iter().all(known)
            });
            ordered.push(datasets.remove(ready.expect("no cycles")));
        }
        let mut disorder = request
            .sources
            .iter()
            .filter_map(|source| source.disorder.as_ref());
        Graph {
            datasets: ordered,
            disorder: disorder.next().map_or(DISORDER, read_duration),
        }
    }
}

fn read_dataset(message: &proto::CoreDataset, request: &SyncRequest) -> Dataset {
    let columns = message.dsschema.as_ref().unwrap();
    let read = |fields: &Option<schema::Schema>| -> Vec<Column> {
        let fields = fields.iter().flat_map(|schema| &schema.fields);
        fields.map(read_field).collect()
    };
    let operators = request.operators.iter();
    let operators = operators.filter(|operator| operator.dataset_name == message.name);
    let operators: BTreeMap<_, _> = operators
        .map(|operator| (operator.id.as_str(), operator))
        .collect();
    let root = operators.values().find(|operator| operator.is_root);
    Dataset {
        name: message.name.clone(),
        columns: Columns {
            keys: read(&columns.keys),
            values: read(&columns.values),
            at: columns.timestamp.clone(),
        },
        fill: match root {
            Some(root) => Fill::Pipeline(read_chain(&root.id, &operators)),
            None => Fill::Source,
        },
        history: read_duration(message.history.as_ref().unwrap()),
    }
}

fn read_chain(id: &str, operators: &BTreeMap<&str, &proto::Operator>) -> Chain {
    let behind = |id: &str, step: Step| {
        let mut chain = read_chain(id, operators);
        chain.steps.push(step);
        chain
    };
    match operators[id].kind.as_ref().unwrap() {
        Kind::DatasetRef(input) => Chain {
            input: input.referring_dataset_name.clone(),
            steps: Vec::new(),
        },
        Kind::FilterExpr(op) => {
            let condition = read_expr(op.expr.as_ref().unwrap());
            behind(&op.operand_id, Step::Filter(condition))
        }
        Kind::AssignExpr(op) => {
            let assigned = op.exprs.iter().map(|(name, expr)| {
                let ty = read_type(&op.output_types[name]);
                (Column::new(name, ty), read_expr(expr))
            });
            behind(&op.operand_id, Step::Assign(assigned.collect()))
        }
        Kind::Drop(op) => behind(&op.operand_id, Step::Drop(op.dropcols.clone())),
        Kind::Rename(op) => {
            let pairs = op.column_map.clone().into_iter().collect();
            behind(&op.operand_id, Step::Rename(pairs))
        }
        Kind::Dropnull(op) => behind(&op.operand_id, Step::Dropnull(op.columns.clone())),
        Kind::Explode(op) => behind(&op.operand_id, Step::Explode(op.columns.clone())),
        Kind::Dedup(op) => {
            let window = op.window_type.as_ref().map(read_window);
            let by = op.columns.clone();
            behind(&op.operand_id, Step::Dedup { by, window })
        }
        Kind::First(op) => behind(&op.operand_id, Step::First(op.by.clone())),
        Kind::Latest(op) => behind(&op.operand_id, Step::Latest(op.by.clone())),
        Kind::Changelog(op) => {
            let (column, deletes) = (op.kind_column.clone(), op.deletes);
            behind(&op.operand_id, Step::Changelog { column, deletes })
        }
        Kind::Union(op) => {
            let [left, right] = op.operand_ids.as_slice() else {
                panic!("a union has two operands");
            };
            behind(left, Step::Union(read_chain(right, operators)))
        }
        Kind::Join(op) => {
            let join = Join {
                right: read_chain(&op.rhs_dsref_operand_id, operators).input,
                inner: op.how() == proto::join::How::Inner,
                on: op.on.clone().into_iter().collect(),
                since: op.within_low.as_ref().map(read_duration),
                until: op.within_high.as_ref().map_or(0, read_duration),
                fields: op.rhs_fields.clone(),
            };
            behind(&op.lhs_operand_id, Step::Join(join))
        }
        Kind::Window(op) => {
            let aggregate = Aggregate {
                by: op.by.clone(),
                window: op.window_type.as_ref().map(read_window),
                specs: Vec::new(),
                along: None,
                is_final: false,
            };
            behind(&op.operand_id, Step::Aggregate(aggregate))
        }
        Kind::Aggregate(op) => {
            let specs: Vec<_> = op.specs.iter().map(read_spec).collect();
            let is_final = op.emit_strategy() == proto::EmitStrategy::Final;
            // The aggregates of a group with a window stand behind its operator.
            let mut chain = read_chain(&op.operand_id, operators);
            if let Some(Step::Aggregate(windowed)) = chain.steps.last_mut()
                && windowed.window.is_some()
                && windowed.specs.is_empty()
                && op.keys.last().is_some_and(|key| key == "window")
            {
                windowed.specs = specs;
                windowed.is_final = is_final;
                return chain;
            }
            chain.steps.push(Step::Aggregate(Aggregate {
                by: op.keys.clone(),
                window: None,
                specs,
                along: op.along.clone(),
                is_final,
            }));
            chain
        }
        _ => panic!("graphs don't have this operator"),
    }
}

fn read_spec(message: &PreSpec) -> Spec {
    let or_null = |default: f64, null: bool| (!null).then_some(default);
    let (name, of, window, function) = match message.variant.as_ref().unwrap() {
        Kept::Count(spec) => {
            let (unique, dropnull) = (spec.unique, spec.dropnull);
            let function = Function::Count { unique, dropnull };
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::Sum(spec) => (&spec.name, &spec.of, &spec.window, Function::Sum),
        Kept::Average(spec) => {
            let function = Function::Average(or_null(spec.default, spec.default_null));
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::Min(spec) => {
            let function = Function::Min(or_null(spec.default, spec.default_null));
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::Max(spec) => {
            let function = Function::Max(or_null(spec.default, spec.default_null));
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::Stddev(spec) => {
            let function = Function::Stddev(or_null(spec.default, spec.default_null));
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::Quantile(spec) => {
            let (p, default) = (spec.quantile, spec.default);
            let function = Function::Quantile { p, default };
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::Distinct(spec) => {
            let dropnull = spec.dropnull;
            let function = Function::Distinct { dropnull };
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::LastK(spec) => {
            let function = Function::LastK {
                limit: spec.limit,
                dedup: spec.dedup,
                dropnull: spec.dropnull,
            };
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::FirstK(spec) => {
            let function = Function::FirstK {
                limit: spec.limit,
                dedup: spec.dedup,
                dropnull: spec.dropnull,
            };
            (&spec.name, &spec.of, &spec.window, function)
        }
        Kept::ExpDecay(spec) => {
            let function = Function::DecaySum(spec.half_life_seconds);
            (&spec.name, &spec.of, &spec.window, function)
        }
    };
    Spec {
        name: name.clone(),
        of: of.clone(),
        window: read_window(window.as_ref().unwrap()),
        lookback: read_lookback(window.as_ref().unwrap()),
        function,
    }
}

fn read_lookback(message: &window::Window) -> Micros {
    let lookback = match message.variant.as_ref().unwrap() {
        Stretch::Tumbling(window) => &window.lookback,
        Stretch::Hopping(window) => &window.lookback,
        Stretch::ForeverHopping(window) => &window.lookback,
        Stretch::Sliding(_) | Stretch::Forever(_) | Stretch::Session(_) => &None,
    };
    lookback.as_ref().map_or(0, read_duration)
}

fn read_window(message: &window::Window) -> Window {
    let micros =
        |duration: &Option<prost_types::Duration>| read_duration(duration.as_ref().unwrap());
    match message.variant.as_ref().unwrap() {
        Stretch::Sliding(window) => Window::Continuous(micros(&window.duration)),
        Stretch::Forever(_) => Window::Forever,
        Stretch::Session(window) => Window::Session(micros(&window.gap)),
        Stretch::Tumbling(window) => Window::Tumbling(micros(&window.duration)),
        Stretch::Hopping(window) => {
            Window::Hopping(micros(&window.duration), micros(&window.stride))
        }
        Stretch::ForeverHopping(window) => Window::ForeverHopping(micros(&window.stride)),
    }
}

fn read_field(field: &schema::Field) -> Column {
    Column::new(&field.name, read_type(field.dtype.as_ref().unwrap()))
}

fn read_type(message: &schema::DataType) -> Ty {
    let inner = |of: &Option<Box<schema::DataType>>| Box::new(read_type(of.as_ref().unwrap()));
    match message.dtype.as_ref().unwrap() {
        Dtype::IntType(_) => Ty::Int,
        Dtype::DoubleType(_) => Ty::Float,
        Dtype::StringType(_) => Ty::Str,
        Dtype::BoolType(_) => Ty::Bool,
        Dtype::TimestampType(_) => Ty::Time,
        Dtype::ArrayType(list) => Ty::List(inner(&list.of)),
        Dtype::OptionalType(optional) => Ty::Optional(inner(&optional.of)),
        Dtype::StructType(record) if record.name == "Window" => Ty::Window,
        _ => panic!("graphs don't have this type"),
    }
}

fn read_expr(message: &expression::Expr) -> Expr {
    let boxed = |expr: &Option<Box<expression::Expr>>| Box::new(read_expr(expr.as_ref().unwrap()));
    match message.node.as_ref().unwrap() {
        Node::Ref(column) => Expr::Column(column.name.clone()),
        Node::JsonLiteral(literal) => Expr::Literal(read_literal(literal)),
        Node::Unary(unary) if unary.op() == expression::UnaryOp::Not => {
            Expr::Not(boxed(&unary.operand))
        }
        Node::Isnull(of) => Expr::IsNull(boxed(&of.operand)),
        Node::Fillnull(of) => {
            let Expr::Literal(fill) = *boxed(&of.fill) else {
                panic!("nulls are filled with literals");
            };
            Expr::FillNull(boxed(&of.operand), fill)
        }
        Node::StringFn(of) => match of.r#fn.as_ref().and_then(|of| of.fn_type.as_ref()) {
            Some(expression::string_op::FnType::Len(_)) => Expr::Len(boxed(&of.string)),
            _ => panic!("graphs don't have this function of texts"),
        },
        Node::Binary(binary) => {
            let op = match binary.op() {
                expression::BinOp::Add => Op::Add,
                expression::BinOp::Sub => Op::Sub,
                expression::BinOp::Mul => Op::Mul,
                expression::BinOp::Div => Op::Div,
                expression::BinOp::Eq => Op::Eq,
                expression::BinOp::Ne => Op::Ne,
                expression::BinOp::Gt => Op::Gt,
                expression::BinOp::Gte => Op::Ge,
                expression::BinOp::Lt => Op::Lt,
                expression::BinOp::Lte => Op::Le,
                expression::BinOp::And => Op::And,
                expression::BinOp::Or => Op::Or,
                _ => panic!("graphs don't have this operator of expressions"),
            };
            Expr::Binary(op, boxed(&binary.left), boxed(&binary.right))
        }
        Node::Case(case) => {
            let [branch] = case.when_then.as_slice() else {
                panic!("choices have one condition");
            };
            let condition = read_expr(branch.when.as_ref().unwrap());
            let then = read_expr(branch.then.as_ref().unwrap());
            Expr::If(Box::new((condition, then, *boxed(&case.otherwise))))
        }
        _ => panic!("graphs don't have this expression"),
    }
}

fn read_literal(message: &expression::JsonLiteral) -> V {
    let json: Json = serde_json::from_str(&message.literal).unwrap();
    V::read(&json, &read_type(message.dtype.as_ref().unwrap()))
}

fn read_duration(message: &prost_types::Duration) -> Micros {
    message.seconds * 1_000_000 + Micros::from(message.nanos / 1_000)
}
