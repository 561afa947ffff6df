//! Definitions as the request that commits them.

use fennel_core::wire::proto::dataset::operator::Kind;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_core::wire::proto::{connector, dataset as proto, index, metadata, pycode, schema};

use super::message::{duration, field};
use super::{Aggregate, Chain, Column, Dataset, Fill, Graph, Join, Micros, Spec, Step};
use crate::logged::changes_of;

/// The webhook of all sources.
pub(crate) const WEBHOOK: &str = "hook";

/// Later than the rows of any history.
pub(crate) const DISORDER: Micros = 14 * 24 * 3600 * 1_000_000;
/// How long rows are kept where nothing else is said.
pub(crate) const HISTORY: Micros = 730 * 24 * 3600 * 1_000_000;
/// How long the webhook keeps them: longer than rows are late whose history is short.
const RETENTION: Micros = 50 * 60 * 1_000_000;

impl Graph {
    pub(crate) fn request(&self) -> SyncRequest {
        let mut request = SyncRequest {
            extdbs: vec![database()],
            message: "a graph".into(),
            ..SyncRequest::default()
        };
        for dataset in &self.datasets {
            request.datasets.push(dataset.message());
            match &dataset.fill {
                Fill::Source => request.sources.append(&mut dataset.sources(self.disorder)),
                Fill::Pipeline(chain) => {
                    let mut inputs = Vec::new();
                    chain.inputs(&mut inputs);
                    request.pipelines.push(proto::Pipeline {
                        name: "p".into(),
                        dataset_name: dataset.name.clone(),
                        signature: "p".into(),
                        metadata: Some(metadata::Metadata::default()),
                        input_dataset_names: inputs,
                        ds_version: 1,
                        pycode: Some(pycode::PyCode::default()),
                    });
                    let mut operators = Operators {
                        dataset: &dataset.name,
                        list: Vec::new(),
                    };
                    let root = operators.chain(chain);
                    for operator in &mut operators.list {
                        operator.is_root = operator.id == root;
                    }
                    request.operators.append(&mut operators.list);
                }
            }
            if dataset.is_keyed() {
                let (ds_name, ds_version) = (dataset.name.clone(), 1);
                let forever = index::index_duration::Variant::Forever("forever".into());
                request.offline_indices.push(index::OfflineIndex {
                    ds_name: ds_name.clone(),
                    ds_version,
                    index_type: index::IndexType::Primary.into(),
                    duration: Some(index::IndexDuration {
                        variant: Some(forever),
                    }),
                });
                request.online_indices.push(index::OnlineIndex {
                    ds_name,
                    ds_version,
                    index_type: index::IndexType::Primary.into(),
                    duration: request.offline_indices[0].duration.clone(),
                });
            }
        }
        request
    }
}

impl Dataset {
    fn message(&self) -> proto::CoreDataset {
        let fields = |columns: &[Column]| schema::Schema {
            fields: columns.iter().map(field).collect(),
        };
        let names = self.columns.all().map(|column| &column.name);
        let names = names.chain([&self.columns.at]).cloned();
        proto::CoreDataset {
            name: self.name.clone(),
            metadata: Some(metadata::Metadata {
                owner: "team@example.com".into(),
                ..metadata::Metadata::default()
            }),
            dsschema: Some(schema::DsSchema {
                keys: Some(fields(&self.columns.keys)),
                values: Some(fields(&self.columns.values)),
                timestamp: self.columns.at.clone(),
                erase_keys: self.erase_key().into_iter().cloned().collect(),
            }),
            history: Some(duration(self.history)),
            retention: Some(duration(self.history)),
            field_metadata: names
                .map(|name| (name, metadata::Metadata::default()))
                .collect(),
            pycode: Some(pycode::PyCode::default()),
            is_source_dataset: self.fill == Fill::Source,
            version: 1,
            tags: Vec::new(),
        }
    }

    /// The key by which rows of a source can be erased.
    pub(crate) fn erase_key(&self) -> Option<&String> {
        let key = self.columns.keys.first();
        key.filter(|_| self.fill == Fill::Source)
            .map(|key| &key.name)
    }

    /// Rows as they are, and for a dataset with keys also changes of a database.
    fn sources(&self, disorder: Micros) -> Vec<connector::Source> {
        let source = |endpoint, cdc| self.source(endpoint, cdc, disorder);
        if !self.is_keyed() {
            return vec![source(self.name.clone(), connector::CdcStrategy::Append)];
        }
        vec![
            source(self.name.clone(), connector::CdcStrategy::Upsert),
            source(changes_of(&self.name), connector::CdcStrategy::Debezium),
        ]
    }

    fn source(
        &self,
        endpoint: String,
        cdc: connector::CdcStrategy,
        disorder: Micros,
    ) -> connector::Source {
        connector::Source {
            table: Some(connector::ExtTable {
                variant: Some(connector::ext_table::Variant::Endpoint(
                    connector::WebhookEndpoint {
                        db: Some(database()),
                        endpoint,
                        duration: Some(duration(RETENTION)),
                    },
                )),
            }),
            dataset: self.name.clone(),
            ds_version: 1,
            disorder: Some(duration(disorder)),
            cdc: cdc.into(),
            ..connector::Source::default()
        }
    }
}

fn database() -> connector::ExtDatabase {
    connector::ExtDatabase {
        name: WEBHOOK.into(),
        variant: Some(connector::ext_database::Variant::Webhook(
            connector::Webhook {
                name: WEBHOOK.into(),
                retention: Some(duration(RETENTION)),
            },
        )),
    }
}

impl Chain {
    /// The datasets that it takes rows from, each once.
    pub(crate) fn inputs(&self, inputs: &mut Vec<String>) {
        let mut add = |name: &String| {
            if !inputs.contains(name) {
                inputs.push(name.clone());
            }
        };
        add(&self.input);
        for step in &self.steps {
            if let Step::Join(join) = step {
                add(&join.right);
            }
        }
        for step in &self.steps {
            if let Step::Union(other) = step {
                other.inputs(inputs);
            }
        }
    }
}

/// The operators of a pipeline, numbered.
struct Operators<'a> {
    dataset: &'a str,
    list: Vec<proto::Operator>,
}

impl Operators<'_> {
    fn push(&mut self, id: String, kind: Kind) -> String {
        self.list.push(proto::Operator {
            id: id.clone(),
            pipeline_name: "p".into(),
            dataset_name: self.dataset.into(),
            ds_version: 1,
            kind: Some(kind),
            ..proto::Operator::default()
        });
        id
    }

    fn input(&mut self, name: &str) -> String {
        if self.list.iter().any(|operator| operator.id == name) {
            return name.into();
        }
        let kind = Kind::DatasetRef(proto::DatasetRef {
            referring_dataset_name: name.into(),
        });
        self.push(name.into(), kind)
    }

    fn step(&mut self, kind: Kind) -> String {
        let id = format!("#{}", self.list.len());
        self.push(id, kind)
    }

    /// The id of the last step.
    fn chain(&mut self, chain: &Chain) -> String {
        let mut operand_id = self.input(&chain.input);
        for step in &chain.steps {
            let kind = match step {
                Step::Union(other) => {
                    let other = self.chain(other);
                    Kind::Union(proto::Union {
                        operand_ids: vec![operand_id, other],
                        ..proto::Union::default()
                    })
                }
                Step::Join(join) => {
                    let right = self.input(&join.right);
                    Kind::Join(join.message(operand_id, right))
                }
                Step::Aggregate(aggregate) => {
                    operand_id = self.aggregate(aggregate, operand_id);
                    continue;
                }
                step => step.message(operand_id),
            };
            operand_id = self.step(kind);
        }
        operand_id
    }

    /// A group with a window is an operator of its own.
    fn aggregate(&mut self, aggregate: &Aggregate, mut operand_id: String) -> String {
        let mut keys = aggregate.by.clone();
        if let Some(window) = aggregate.window {
            operand_id = self.step(Kind::Window(proto::WindowOperatorKind {
                operand_id,
                window_type: Some(window.message(0)),
                by: keys.clone(),
                field: "window".into(),
                ..proto::WindowOperatorKind::default()
            }));
            if aggregate.specs.is_empty() {
                return operand_id;
            }
            keys.push("window".into());
        }
        let emit = match aggregate.is_final {
            true => proto::EmitStrategy::Final,
            false => proto::EmitStrategy::Eager,
        };
        self.step(Kind::Aggregate(proto::Aggregate {
            operand_id,
            keys,
            specs: aggregate.specs.iter().map(Spec::message).collect(),
            along: aggregate.along.clone(),
            emit_strategy: emit.into(),
            ..proto::Aggregate::default()
        }))
    }
}

impl Step {
    /// The operator of a step of one input.
    fn message(&self, operand_id: String) -> Kind {
        match self {
            Step::Filter(expr) => Kind::FilterExpr(proto::FilterExpr {
                operand_id,
                expr: Some(expr.message()),
                ..Default::default()
            }),
            Step::Assign(assigned) => {
                let columns = assigned.iter();
                let exprs = columns.map(|(column, expr)| (column.name.clone(), expr.message()));
                let columns = assigned.iter();
                let types = columns.map(|(column, _)| (column.name.clone(), column.ty.message()));
                Kind::AssignExpr(proto::AssignExpr {
                    operand_id,
                    exprs: exprs.collect(),
                    output_types: types.collect(),
                    ..Default::default()
                })
            }
            Step::Drop(names) => Kind::Drop(proto::Drop {
                operand_id,
                dropcols: names.clone(),
                ..Default::default()
            }),
            Step::Rename(pairs) => Kind::Rename(proto::Rename {
                operand_id,
                column_map: pairs.iter().cloned().collect(),
                ..Default::default()
            }),
            Step::Dropnull(names) => Kind::Dropnull(proto::Dropnull {
                operand_id,
                columns: names.clone(),
                ..Default::default()
            }),
            Step::Explode(names) => Kind::Explode(proto::Explode {
                operand_id,
                columns: names.clone(),
                ..Default::default()
            }),
            Step::Dedup { by, window } => Kind::Dedup(proto::Dedup {
                operand_id,
                columns: by.clone(),
                window_type: window.map(|window| window.message(0)),
                ..Default::default()
            }),
            Step::First(by) => Kind::First(proto::First {
                operand_id,
                by: by.clone(),
                ..Default::default()
            }),
            Step::Latest(by) => Kind::Latest(proto::Latest {
                operand_id,
                by: by.clone(),
                ..Default::default()
            }),
            Step::Changelog { column, deletes } => Kind::Changelog(proto::Changelog {
                operand_id,
                kind_column: column.clone(),
                deletes: *deletes,
                ..Default::default()
            }),
            Step::Union(_) | Step::Join(_) | Step::Aggregate(_) => {
                unreachable!("these are made where their inputs are")
            }
        }
    }
}

impl Join {
    fn message(&self, left: String, right: String) -> proto::Join {
        let how = match self.inner {
            true => proto::join::How::Inner,
            false => proto::join::How::Left,
        };
        proto::Join {
            lhs_operand_id: left,
            rhs_dsref_operand_id: right,
            on: self.on.iter().cloned().collect(),
            within_low: self.since.map(duration),
            within_high: (self.until != 0).then(|| duration(self.until)),
            how: how.into(),
            rhs_fields: self.fields.clone(),
            ..proto::Join::default()
        }
    }
}
