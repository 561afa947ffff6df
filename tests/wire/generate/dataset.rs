use fennel_core::connector::{Connector, Webhook};
use fennel_core::entity::{
    Cdc, Dataset, Env, Field, Index, Location, Meta, Order, Preproc, PreprocValue, Sample, Source,
};
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::time::{Duration, Timestamp};
use fennel_core::ty::Type;

use super::Generator;

static HOOKS: [Webhook<'static>; 2] = [
    Webhook::new("hooks"),
    Webhook::new("more hooks").retention("30d"),
];

impl<'a> Generator<'a> {
    /// A dataset that a source may fill: a table or a stream.
    pub(super) fn dataset(&mut self) -> Dataset<'a> {
        let mut fields = Vec::new();
        let keys = if self.rarely(2) {
            self.between(1, 2)
        } else {
            0
        };
        for _ in 0..keys {
            let ty = self.key_type();
            fields.push(self.field(ty, true));
        }
        for _ in 0..self.between(1, 6) {
            let ty = self.ty(2);
            fields.push(self.field(ty, false));
        }
        let name = self.name("Data");
        let mut dataset = self.filled(name, fields, "at");
        if self.rarely(8) {
            return dataset;
        }
        let source = self.source(&dataset);
        dataset.sources = self.slice(&[source]);
        dataset
    }

    fn field(&mut self, ty: Type<'a>, key: bool) -> Field<'a> {
        Field {
            name: self.name("c"),
            ty,
            key,
            erase_key: key && self.rarely(4),
            timestamp: false,
            meta: Meta {
                deprecated: false,
                ..self.meta()
            },
        }
    }

    /// A dataset of these columns and an event time, without a source.
    pub(super) fn filled(
        &mut self,
        name: &'a str,
        mut fields: Vec<Field<'a>>,
        timestamp: &'a str,
    ) -> Dataset<'a> {
        let keyed = fields.iter().any(|field| field.key);
        fields.push(Field {
            name: timestamp,
            ty: Type::Timestamp,
            key: false,
            erase_key: false,
            timestamp: true,
            meta: Meta::EMPTY,
        });
        Dataset {
            order: Order::NONE,
            sinks: &[],
            expectations: None,
            name,
            version: self.pick(&[1, 2, u32::MAX]),
            history: self.pick(&[Dataset::DEFAULT_HISTORY, Duration::from_micros(1)]),
            index: Index {
                online: keyed && self.rarely(2),
                offline: keyed && self.rarely(2),
            },
            fields: self.slice(&fields),
            sources: &[],
            meta: self.meta(),
            location: Location::UNKNOWN,
        }
    }

    fn source(&mut self, dataset: &Dataset<'a>) -> Source<'a> {
        let instant = Timestamp::from_micros(1_700_000_000_000_001);
        let bounded = self.rarely(4);
        let made = dataset.values().filter_map(|field| {
            let value = match field.ty.required() {
                _ if !self.rarely(5) => return None,
                Type::Int => PreprocValue::Constant(Literal::Int(-3)),
                Type::Float => PreprocValue::Constant(Literal::Float(0.5)),
                Type::Bool => PreprocValue::Constant(Literal::Bool(true)),
                Type::String => PreprocValue::Constant(Literal::Str("x")),
                _ => PreprocValue::Ref("outer[inner]"),
            };
            let column = field.name;
            Some(Preproc { column, value })
        });
        let mut preproc: Vec<_> = made.collect();
        // A message has them in no order of their own.
        preproc.sort_by_key(|preproc| preproc.column);
        let preproc = self.slice(&preproc);
        let mut source = Source {
            connector: Connector::Webhook(HOOKS[self.below(2)].endpoint("rows")),
            disorder: Duration::from_days(u32::from(self.rarely(2))),
            cdc: if dataset.is_keyed() {
                Cdc::Upsert
            } else {
                Cdc::Append
            },
            every: None,
            since: instant.filter(|_| self.rarely(3)),
            until: None,
            env: Env::ANY,
            bounded,
            idleness: bounded.then(|| Duration::from_days(1)),
            sample: None,
            preproc,
            filter: None,
            filter_by: None,
            columns: &[],
        };
        if self.rarely(3) {
            let condition = self.condition(Flow::input(dataset, 0).schema(), 2);
            source.filter = Some(condition);
            // Not each of them checks.
            source.filter = source
                .filter
                .filter(|_| source.check_filter(dataset).is_ok());
        }
        let mut deciding: Vec<_> = (0..dataset.fields.len())
            .filter(|i| source.decides(dataset, *i))
            .map(|i| dataset.fields[i].name)
            .collect();
        deciding.sort_unstable();
        if self.rarely(3) && !deciding.is_empty() {
            source.sample = Some(Sample {
                rate: self.pick(&[0.0, 0.1, 1.0]),
                using: self.slice(&deciding),
            });
        }
        source
    }
}
