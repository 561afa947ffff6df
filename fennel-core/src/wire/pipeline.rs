//! Pipelines on the wire: a graph of operators that name each other.

use std::collections::HashMap;

use prost::Message as _;

use super::proto::dataset as proto;
use super::{Arena, Decoded, lambda};
use crate::entity::{Dataset, Env, Location, Meta, Pipeline};
use crate::expr::wire::Reader;
use crate::flow::{MAX_STEPS, Step};
use crate::op::{Aggregate, Operator, Received, received};
use crate::schema::{MAX_COLUMNS, Schema};
use crate::wire::proto::dataset::operator::Kind;

/// The operators of a pipeline: each behind those it works on, a join behind its right side first.
pub(super) fn encode(
    pipeline: &Pipeline<'_>,
    dataset: &Dataset<'_>,
    schemas: &[Schema<'_>],
) -> Vec<proto::Operator> {
    let mut encoder = Encoder {
        pipeline,
        dataset,
        schemas,
        ids: vec![None; pipeline.steps.len()],
        operators: Vec::new(),
    };
    if let Some(last) = pipeline.steps.len().checked_sub(1) {
        let root = encoder.step(last);
        if let Some(operator) = encoder.operators.iter_mut().rev().find(|op| op.id == root) {
            operator.is_root = true;
        }
    }
    encoder.operators
}

struct Encoder<'p, 'a> {
    pipeline: &'p Pipeline<'a>,
    dataset: &'p Dataset<'a>,
    schemas: &'p [Schema<'a>],
    /// The id of each step that was sent.
    ids: Vec<Option<String>>,
    operators: Vec<proto::Operator>,
}

impl Encoder<'_, '_> {
    /// Sends a step and all that it works on; its id.
    fn step(&mut self, i: usize) -> String {
        let (Some(step), None) = (
            self.pipeline.steps.get(i),
            self.ids.get(i).cloned().flatten(),
        ) else {
            return self.ids.get(i).cloned().flatten().unwrap_or_default();
        };
        let [left, right] = step.inputs;
        let id = match step.operator {
            Operator::Input(name) => {
                let kind = Kind::DatasetRef(proto::DatasetRef {
                    referring_dataset_name: name.into(),
                });
                // Two inputs of one dataset are one operator.
                if !self.operators.iter().any(|operator| operator.id == name) {
                    self.push(name.into(), kind);
                }
                name.into()
            }
            operator => {
                let (left, right) = if matches!(operator, Operator::Join(_)) {
                    let right = self.step(right);
                    (self.step(left), right)
                } else {
                    let left = self.step(left);
                    (left, self.step(right))
                };
                self.operator(operator, step.inputs[0], &left, &right)
            }
        };
        if let Some(slot) = self.ids.get_mut(i) {
            *slot = Some(id.clone());
        }
        id
    }

    fn operator(
        &mut self,
        operator: Operator<'_>,
        input: usize,
        left: &str,
        right: &str,
    ) -> String {
        let Some(schema) = self.schemas.get(input).copied() else {
            return left.into();
        };
        // A step that changes nothing is not sent.
        let Some(kind) = operator.encode(&schema, [left, right]) else {
            return left.into();
        };
        let id = self.content(kind);
        let Operator::Aggregate(aggregate) = operator else {
            return id;
        };
        match aggregate.encode_rest(&schema, &id) {
            Some(rest) => self.content(rest),
            None => id,
        }
    }

    /// Adds an operator under the hash of its content, which names those it works on.
    fn content(&mut self, kind: Kind) -> String {
        let operator = proto::Operator {
            kind: Some(kind),
            ..Default::default()
        };
        let id = format!("{:032x}", fnv(&operator.encode_to_vec()));
        if let (Some(kind), false) = (operator.kind, self.operators.iter().any(|op| op.id == id)) {
            self.push(id.clone(), kind);
        }
        id
    }

    fn push(&mut self, id: String, kind: Kind) {
        self.operators.push(proto::Operator {
            id,
            is_root: false,
            pipeline_name: self.pipeline.name.into(),
            dataset_name: self.dataset.name.into(),
            ds_version: self.dataset.version,
            kind: Some(kind),
            ..Default::default()
        });
    }
}

/// The 128-bit FNV-1a hash.
fn fnv(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    })
}

/// The pipeline of a message and its operators.
pub(super) fn decode<'a>(
    arena: Arena<'a>,
    message: &proto::Pipeline,
    operators: &[&proto::Operator],
    meta: Meta<'a>,
) -> Decoded<Pipeline<'a>> {
    let mut by_id = HashMap::new();
    let mut root = None;
    for operator in operators {
        by_id.entry(operator.id.as_str()).or_insert(*operator);
        if operator.is_root {
            if root.is_some_and(|root| root != operator.id) {
                return Err(
                    "two of its operators are marked as its result; mark the last one alone".into(),
                );
            }
            root = Some(operator.id.as_str());
        }
    }
    let mut decoder = Decoder {
        reader: Reader::new(arena),
        by_id,
        steps: Vec::new(),
        positions: HashMap::new(),
        open: Vec::new(),
    };
    decoder.step(root.ok_or(
        "none of its operators is marked as its result; send its operators and mark the last one",
    )?)?;
    let inputs = &message.input_dataset_names;
    if inputs.is_empty() {
        return Err("it takes no dataset; name its inputs".into());
    }
    if inputs.len() > MAX_STEPS {
        return Err(format!(
            "it takes more than {MAX_STEPS} datasets, the most; leave out those that it makes nothing of"
        ));
    }
    let inputs: Vec<_> = inputs.iter().map(|name| arena.text(name)).collect();
    for step in &decoder.steps {
        if let Operator::Input(name) = step.operator
            && !inputs.contains(&name)
        {
            return Err(format!(
                "it takes `{name}`, which is none of its inputs; name it among them"
            ));
        }
    }
    if let Some(code) = &message.pycode {
        lambda::check(&code.source_code, &decoder.steps)?;
    }
    Ok(Pipeline {
        name: arena.text(&message.name),
        dataset: arena.text(&message.dataset_name),
        inputs: arena.slice(&inputs),
        steps: arena.slice(&decoder.steps),
        env: Env::ANY,
        meta,
        location: Location::UNKNOWN,
    })
}

struct Decoder<'r, 'a> {
    reader: Reader<'a>,
    by_id: HashMap<&'r str, &'r proto::Operator>,
    steps: Vec<Step<'a>>,
    /// The step of each operator that was read.
    positions: HashMap<&'r str, usize>,
    /// The operators that are being read, which must not be met again.
    open: Vec<&'r str>,
}

impl<'r, 'a> Decoder<'r, 'a> {
    /// Reads an operator and all that it works on; the position of its step.
    fn step(&mut self, id: &'r str) -> Decoded<usize> {
        if let Some(position) = self.positions.get(id) {
            return Ok(*position);
        }
        if self.open.contains(&id) {
            return Err(format!(
                "its operator `{id}` works on its own result; let it work on others"
            ));
        }
        if self.open.len() >= MAX_STEPS || self.steps.len() >= MAX_STEPS {
            return Err(format!(
                "it has more than {MAX_STEPS} operators; split it in two, with a dataset between"
            ));
        }
        let operator = self
            .by_id
            .get(id)
            .ok_or_else(|| format!("its operator `{id}` is missing; send it along"))?;
        let kind = operator.kind.as_ref().ok_or_else(|| {
            format!(
                "its operator `{id}` is none that this server knows; write the step with others"
            )
        })?;
        self.open.push(id);
        let step = self.kind(kind)?;
        self.open.pop();
        let position = self.steps.len();
        self.steps.push(step);
        self.positions.insert(id, position);
        Ok(position)
    }

    fn kind(&mut self, kind: &'r Kind) -> Decoded<Step<'a>> {
        let message = received(kind);
        check_size(message)?;
        // A group with a window is two operators.
        if let Kind::Aggregate(aggregate) = kind
            && let Some(Kind::Window(window)) = self.kind_of(&aggregate.operand_id)
            && aggregate
                .keys
                .last()
                .is_some_and(|key| key == &window.field)
        {
            let by = aggregate.keys.split_last().map_or(&[][..], |(_, by)| by);
            if by != window.by {
                return Err(format!(
                    "its aggregate groups by {by:?} and its window by {:?}; group both by the same columns",
                    window.by
                ));
            }
            let input = self.step(&window.operand_id)?;
            let arena = self.reader.arena();
            let operator = Aggregate::decode(Some(aggregate), Some(window), arena)?;
            return Ok(Step::new(operator, [input, input]));
        }
        let [left, right] = message.operands()?;
        let left = match left {
            Some(left) => self.step(left)?,
            None => self.steps.len(),
        };
        let right = match right {
            Some(right) => self.step(right)?,
            None => left,
        };
        let operator = message.read(&mut self.reader)?;
        Ok(Step::new(operator, [left, right]))
    }

    fn kind_of(&self, id: &str) -> Option<&'r Kind> {
        self.by_id.get(id)?.kind.as_ref()
    }
}

/// Checks that an operator has no more arguments than a pipeline has columns: they are compared
/// pairwise.
fn check_size(message: &dyn Received) -> Decoded<()> {
    if message.size() > MAX_COLUMNS {
        return Err(format!(
            "one of its operators names more than {MAX_COLUMNS} columns, the most in a pipeline; split it"
        ));
    }
    Ok(())
}
