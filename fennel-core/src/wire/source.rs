//! Sources as messages, and back; and what sinks share with them.

use super::decode::Decoder;
use super::time::{read_duration, read_timestamp, write_duration, write_timestamp};
use super::{Decoded, incoming, python, types};
use crate::connector::{Connector, Reader as Settings, Variables};
use crate::entity::{Cdc, Dataset, Env, Kind, Preproc, PreprocValue, Sample, Source};
use crate::expr::wire::Reader;
use crate::literal::Literal;
use crate::time::Timestamp;
use crate::ty::Type;
use crate::wire::proto::connector::{
    self as proto, CdcStrategy, ExtTable, PreProcValue, SamplingStrategy,
};
use crate::wire::proto::schema;

/// The source as a message.
pub(super) fn write(
    dataset: &Dataset<'_>,
    source: &Source<'_>,
    variables: &Variables,
) -> proto::Source {
    let timestamp_field = dataset
        .timestamp()
        .filter(|_| source.connector.is_polled())
        .map(|i| dataset.fields[i].name.into());
    proto::Source {
        table: Some(source.connector.table(variables)),
        dataset: dataset.name.into(),
        ds_version: dataset.version,
        every: source.poll_interval().map(write_duration),
        cursor: source.connector.cursor().map(Into::into),
        disorder: Some(write_duration(source.disorder)),
        timestamp_field: timestamp_field.unwrap_or_default(),
        cdc: cdc(source.cdc).into(),
        starting_from: source.since.map(write_timestamp),
        until: source.until.map(write_timestamp),
        pre_proc: source
            .preproc
            .iter()
            .map(|preproc| {
                (
                    preproc.column.into(),
                    preproc_value(dataset, source, preproc),
                )
            })
            .collect(),
        bounded: source.bounded,
        idleness: source.idleness.map(write_duration),
        sampling_strategy: source.sample.map(|sample| SamplingStrategy {
            sampling_rate: sample.rate,
            columns_used: sampled_by(dataset, source, sample.using),
        }),
        filter_expr: source
            .filter
            .map(|filter| incoming::expr(dataset, source, &filter)),
        filter_schema: match &source.filter_by {
            Some(_) => incoming::added(source),
            None => source
                .filter
                .and_then(|filter| incoming::schema(source, &filter)),
        },
        filter: source.filter_by.as_ref().map(python::encode),
        ..Default::default()
    }
}

/// The columns that decide a sample, sorted: those named, else those that decide by default.
fn sampled_by(dataset: &Dataset<'_>, source: &Source<'_>, using: &[&str]) -> Vec<String> {
    let mut columns: Vec<String> = if using.is_empty() {
        let fields = dataset.fields.iter().enumerate();
        let deciding = fields.filter(|(i, _)| source.decides(dataset, *i));
        deciding.map(|(_, field)| field.name.into()).collect()
    } else {
        using.iter().map(|column| (*column).into()).collect()
    };
    columns.sort_unstable();
    columns
}

fn preproc_value(
    dataset: &Dataset<'_>,
    source: &Source<'_>,
    preproc: &Preproc<'_>,
) -> PreProcValue {
    use proto::pre_proc_value::Variant;

    let variant = match preproc.value {
        PreprocValue::Ref(path) => Variant::Ref(path.into()),
        PreprocValue::Expr(expr) => Variant::Eval(incoming::eval(dataset, source, &expr)),
        PreprocValue::Python(python) => Variant::Eval(incoming::python(source, &python)),
        PreprocValue::Constant(literal) => {
            let ty = dataset
                .field(preproc.column)
                .map(|field| field.ty.required());
            Variant::Value(constant(&literal, ty))
        }
    };
    PreProcValue {
        variant: Some(variant),
    }
}

fn constant(literal: &Literal<'_>, ty: Option<Type<'_>>) -> schema::Value {
    use schema::value::Variant;

    types::value(match (literal, ty) {
        (Literal::Bool(bool), _) => Variant::Bool(*bool),
        (Literal::Int(int), _) => Variant::Int(*int),
        (Literal::Float(float), _) => Variant::Float(*float),
        (Literal::Str(text), Some(Type::Timestamp)) => {
            Variant::Timestamp(write_timestamp(Timestamp::parse_or_epoch(text)))
        }
        (Literal::Str(text), _) => Variant::String((*text).into()),
        (Literal::Null | Literal::List(_) | Literal::Object(_), _) => {
            Variant::None(schema::None {})
        }
    })
}

/// How rows are taken, as the protocol writes it.
pub(super) fn cdc(cdc: Cdc) -> CdcStrategy {
    match cdc {
        Cdc::Append => CdcStrategy::Append,
        Cdc::Upsert => CdcStrategy::Upsert,
        Cdc::Debezium => CdcStrategy::Debezium,
        Cdc::Native => CdcStrategy::Native,
    }
}

/// How rows are taken, from the protocol's number.
pub(super) fn read_cdc(cdc: i32) -> Decoded<Cdc> {
    match CdcStrategy::try_from(cdc) {
        Ok(CdcStrategy::Append) => Ok(Cdc::Append),
        Ok(CdcStrategy::Upsert) => Ok(Cdc::Upsert),
        Ok(CdcStrategy::Debezium) => Ok(Cdc::Debezium),
        Ok(CdcStrategy::Native) => Ok(Cdc::Native),
        Ok(CdcStrategy::Delete) | Err(_) => {
            Err("the cdc is neither append, upsert, debezium nor native".into())
        }
    }
}

impl<'a> Decoder<'a, '_> {
    /// A source of a dataset, or its problem on the list.
    pub(super) fn source(&mut self, source: &proto::Source) -> Option<Source<'a>> {
        let decoded = self.try_source(source);
        self.or_problem(decoded, Kind::Dataset, &source.dataset, "source")
    }

    fn try_source(&self, source: &proto::Source) -> Decoded<Source<'a>> {
        let filter_by = source.filter.as_ref();
        let filter_by = filter_by.map(|code| python::decode(self.arena, code));
        let filter = source.filter_expr.as_ref();
        let filter = filter.map(|filter| Reader::new(self.arena).expr(Some(filter)));
        let cdc = read_cdc(source.cdc)?;
        let preproc = source.pre_proc.iter().map(|(column, value)| {
            Ok(Preproc {
                column: self.arena.text(column),
                value: self.preproc(value)?,
            })
        });
        let preproc: Vec<_> = preproc.collect::<Decoded<_>>()?;
        Ok(Source {
            connector: self.connector(source.table.as_ref(), source.cursor.as_deref())?,
            disorder: read_duration(source.disorder.as_ref())?.ok_or("it has no disorder")?,
            cdc,
            every: read_duration(source.every.as_ref())?,
            since: source
                .starting_from
                .as_ref()
                .map(read_timestamp)
                .transpose()?,
            until: source.until.as_ref().map(read_timestamp).transpose()?,
            env: Env::ANY,
            bounded: source.bounded,
            idleness: read_duration(source.idleness.as_ref())?,
            sample: source.sampling_strategy.as_ref().map(|sampling| Sample {
                rate: sampling.sampling_rate,
                using: self.arena.texts(&sampling.columns_used),
            }),
            preproc: self.arena.slice(&preproc),
            filter: filter.transpose()?,
            filter_by: filter_by.transpose()?,
            columns: incoming::columns(self.arena, source)?,
        })
    }

    fn preproc(&self, value: &PreProcValue) -> Decoded<PreprocValue<'a>> {
        use proto::pre_proc_value::Variant;
        use schema::value::Variant as Constant;

        let constant = match value.variant.as_ref().ok_or("a preproc value is empty")? {
            Variant::Ref(path) => return Ok(PreprocValue::Ref(self.arena.text(path))),
            Variant::Eval(eval) => {
                return incoming::decode_eval(self.arena, eval);
            }
            Variant::Value(constant) => constant,
        };
        Ok(PreprocValue::Constant(match &constant.variant {
            Some(Constant::Bool(bool)) => Literal::Bool(*bool),
            Some(Constant::Int(int)) => Literal::Int(*int),
            Some(Constant::Float(float)) => Literal::Float(*float),
            Some(Constant::String(text)) => Literal::Str(self.arena.text(text)),
            Some(Constant::Timestamp(instant)) => {
                Literal::Str(self.arena.text(&read_timestamp(instant)?.to_string()))
            }
            _ => return Err("a preproc constant is a text, bool, number or instant".into()),
        }))
    }

    /// What a source or a sink names.
    pub(super) fn connector(
        &self,
        table: Option<&ExtTable>,
        cursor: Option<&str>,
    ) -> Decoded<Connector<'a>> {
        let reader = Settings {
            arena: self.arena.bump(),
            cursor: cursor.map(|cursor| self.arena.text(cursor)),
        };
        Connector::read(reader, table)
    }
}
