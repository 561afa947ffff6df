use fennel_core::entity::{Dataset, Env, Field, Location, Meta, Native, Pipeline};
use fennel_core::expr::{Binary, Expr};
use fennel_core::flow::Flow;
use fennel_core::literal::Literal;
use fennel_core::op::{Args, RowFunction};
use fennel_core::schema::Schema;
use fennel_core::ty::{Record, RecordField, Type};

use super::Generator;

/// How many kinds of steps there are.
const STEPS: usize = 16;

impl<'a> Generator<'a> {
    /// A pipeline over some of these datasets, and the dataset that it fills; `None` where what it
    /// makes can't be one.
    pub(super) fn pipeline(
        &mut self,
        datasets: &[Dataset<'a>],
    ) -> Option<(Dataset<'a>, Pipeline<'a>)> {
        let mut inputs = Vec::new();
        let mut tables = Vec::new();
        let mut flows = Vec::new();
        for _ in 0..self.between(1, 3) {
            let dataset = self.pick(datasets);
            let flow = Flow::input(&dataset, self.args(&[]).site);
            inputs.push(dataset.name);
            flows.push(flow);
            if dataset.is_keyed() {
                tables.push(flow);
            }
        }
        for _ in 0..self.between(1, 16) {
            // The last one goes on, mostly; the others are shared.
            let at = if self.rarely(4) {
                self.below(flows.len())
            } else {
                flows.len() - 1
            };
            let flow = self.step(flows[at], &tables);
            if !flow.mistakes().is_empty() {
                continue;
            }
            if flows.len() < 5 && self.rarely(3) {
                flows.push(flow);
            } else {
                *flows.last_mut().expect("there is an input") = flow;
            }
        }
        let flow = flows.last()?;
        let name = self.name("Made");
        let dataset = self.output(name, flow.schema())?;
        let flow = flow.returned("p", &dataset, 0);
        assert!(flow.mistakes().is_empty(), "{:?}", flow.mistakes());
        let pipeline = Pipeline {
            name: self.name("p"),
            dataset: name,
            inputs: self.slice(&inputs),
            steps: self.slice(flow.steps()),
            env: Env::ANY,
            meta: self.meta(),
            location: Location::UNKNOWN,
        };
        Some((dataset, pipeline))
    }

    /// The dataset that rows of these columns fill.
    fn output(&mut self, name: &'a str, schema: &Schema<'a>) -> Option<Dataset<'a>> {
        let mut fields = Vec::new();
        for i in 0..schema.columns() {
            let column = schema.get(i);
            fields.push(Field {
                name: column.name,
                ty: self.declared(column.ty)?,
                key: i < schema.keys(),
                erase_key: false,
                timestamp: false,
                meta: Meta::EMPTY,
            });
        }
        let dataset = self.filled(name, fields, schema.timestamp());
        let all = 0..dataset.fields.len();
        all.into_iter()
            .all(|i| dataset.check_field(i).is_ok() && dataset.check_type(i).is_ok())
            .then_some(dataset)
    }

    /// These rows after one more operator; what doesn't suit them leaves a mistake.
    fn step(&mut self, flow: Flow<'a>, tables: &[Flow<'a>]) -> Flow<'a> {
        let schema = *flow.schema();
        match self.below(STEPS) {
            0 => {
                let condition = self.condition(&schema, 3);
                flow.filter(self.args(&[condition]))
            }
            1 => {
                let args = self.assigned(&schema);
                flow.assign(args)
            }
            2 => {
                let keys = (0..schema.keys()).map(|i| schema.get(i).name);
                let mut names: Vec<_> = keys.collect();
                let values = self.columns(&schema, |i| i >= schema.keys());
                names.extend(values);
                flow.select(self.names(&names))
            }
            3 => {
                let values = self.columns(&schema, |i| i >= schema.keys());
                flow.drop(self.names(&values))
            }
            4 => {
                let optional = self.columns(&schema, |i| schema.get(i).ty.is_optional());
                let optional = if self.rarely(2) { optional } else { Vec::new() };
                flow.dropnull(self.names(&optional))
            }
            5 => {
                let args = self.renamed(&schema);
                flow.rename(args)
            }
            6 => {
                let lists = self.columns(&schema, |i| schema.get(i).ty.is_list());
                flow.explode(self.names(&lists))
            }
            7 => {
                let mut args: Vec<_> = Vec::new();
                if self.rarely(2) {
                    args.extend(self.columns(&schema, |_| true).into_iter().map(Expr::Name));
                }
                if self.rarely(2) {
                    let window = self.dedup_window();
                    args.push(self.named("window", window));
                }
                flow.dedup(self.args(&args))
            }
            8 | 15 => self.joined(flow, tables),
            9 => {
                let other = if self.rarely(4) {
                    flow
                } else {
                    let condition = self.condition(&schema, 1);
                    flow.filter(self.args(&[condition]))
                };
                flow.union(other, self.args(&[]))
            }
            10 => {
                let by = self.group(&schema);
                flow.group_by(by).first(self.args(&[]))
            }
            11 => {
                let by = self.group(&schema);
                flow.group_by(by).latest(self.args(&[]))
            }
            12 => self.aggregated(flow),
            13 => self.transformed(flow),
            _ => {
                let kind = self.pick(&["delete", "insert"]);
                let column = Expr::Name(self.name("gone"));
                let args = [self.named(kind, column)];
                flow.changelog(self.args(&args))
            }
        }
    }

    /// A function that gives each row with a column more.
    fn transformed(&mut self, flow: Flow<'a>) -> Flow<'a> {
        let schema = *flow.schema();
        let mut fields = Vec::new();
        for i in 0..schema.columns() {
            let column = schema.get(i);
            let Some(ty) = self.declared(column.ty) else {
                return flow;
            };
            fields.push((column.name, ty));
        }
        fields.push((schema.timestamp(), Type::Timestamp));
        let ty = self.ty(2);
        fields.push((self.name("c"), ty));
        fields.sort_unstable_by_key(|(name, _)| *name);
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(name, ty)| RecordField { name, ty })
            .collect();
        let makes = Record {
            name: "Row",
            fields: self.slice(&fields),
        };
        let function = RowFunction {
            native: Native {
                symbol: self.name("a::function"),
                signature: "fn(row: Taken) -> Row",
                hash: 7,
            },
            takes: None,
            makes: Type::Record(&*self.arena.alloc(makes)),
        };
        let argument = Expr::Name("function");
        flow.transform(function, self.args(&[argument]))
    }

    /// Some of the columns that suit, none where none does.
    fn columns(&mut self, schema: &Schema<'a>, suits: impl Fn(usize) -> bool) -> Vec<&'a str> {
        let columns = (0..schema.columns()).filter(|i| suits(*i));
        let columns: Vec<_> = columns.map(|i| schema.get(i).name).collect();
        if columns.is_empty() {
            return columns;
        }
        self.some(&columns)
    }

    fn names(&mut self, names: &[&'a str]) -> Args<'a> {
        let names: Vec<_> = names.iter().map(|name| Expr::Name(name)).collect();
        self.args(&names)
    }

    fn assigned(&mut self, schema: &Schema<'a>) -> Args<'a> {
        let mut args = Vec::new();
        for _ in 0..self.between(1, 3) {
            let replaced = self.columns(schema, |i| i >= schema.keys());
            let name = match replaced.first() {
                Some(name) if self.rarely(3) => name,
                _ => self.name("c"),
            };
            let value = self.expr(schema, 3);
            // What doesn't check is left out here, so that the others stay.
            let arg = self.named(name, value);
            let checks = Flow::input(&self.probe(schema), 0).assign(self.args(&[arg]));
            if checks.mistakes().is_empty() {
                args.push(arg);
            }
        }
        self.args(&args)
    }

    /// A dataset of the same columns, to try expressions on.
    fn probe(&mut self, schema: &Schema<'a>) -> Dataset<'a> {
        let mut fields = Vec::new();
        for i in 0..schema.columns() {
            let column = schema.get(i);
            if let Some(ty) = self.declared(column.ty) {
                fields.push(Field {
                    name: column.name,
                    ty,
                    key: i < schema.keys(),
                    erase_key: false,
                    timestamp: false,
                    meta: Meta::EMPTY,
                });
            }
        }
        self.filled("Probe", fields, schema.timestamp())
    }

    /// One column, or a chain of them that give their names on, in any order that can be.
    fn renamed(&mut self, schema: &Schema<'a>) -> Args<'a> {
        let mut names = self.columns(schema, |_| true);
        if self.rarely(4) {
            names.push(schema.timestamp());
        }
        let mut args = Vec::new();
        let mut free = self.name("c");
        for old in names {
            args.push(self.named(free, Expr::Name(old)));
            free = if self.rarely(2) { old } else { self.name("c") };
        }
        self.args(&args)
    }

    /// A join with one of the tables, on columns of its keys' types.
    fn joined(&mut self, flow: Flow<'a>, tables: &[Flow<'a>]) -> Flow<'a> {
        if tables.is_empty() {
            return flow;
        }
        let schema = *flow.schema();
        let table = self.pick(tables);
        let right = *table.schema();
        let mut on = Vec::new();
        for k in 0..right.keys() {
            let key = right.get(k);
            let left = self.columns(&schema, |i| schema.get(i).ty.same(&key.ty));
            let Some(left) = left.first() else {
                return flow;
            };
            on.push(if *left == key.name {
                Expr::Name(left)
            } else {
                let (left, right) = (
                    self.value(Expr::Name(left)),
                    self.value(Expr::Name(key.name)),
                );
                Expr::Binary(Binary::Eq, left, right)
            });
        }
        let mut args = vec![Expr::Call("on", self.slice(&on))];
        if self.rarely(2) {
            let text = |text| Expr::Literal(Literal::Str(text));
            let older = self.pick(&["30d", "forever", "0s"]);
            let within = [text(older), text(self.pick(&["2h", "0s"]))];
            let count = self.between(1, 2);
            args.push(Expr::Call("within", self.slice(&within[..count])));
        }
        if self.rarely(2) {
            let mut fields = self.columns(&right, |i| i >= right.keys());
            if self.rarely(3) && schema.role(right.timestamp()).is_none() {
                fields.push(right.timestamp());
            }
            let fields: Vec<_> = fields.into_iter().map(Expr::Name).collect();
            args.push(Expr::Call("fields", self.slice(&fields)));
        }
        let args = self.args(&args);
        if self.rarely(2) {
            flow.inner_join(table, args)
        } else {
            flow.left_join(table, args)
        }
    }

    fn group(&mut self, schema: &Schema<'a>) -> Args<'a> {
        let by = self.columns(schema, |i| schema.get(i).ty.is_hashable());
        self.names(&by[..by.len().min(3)])
    }

    fn aggregated(&mut self, flow: Flow<'a>) -> Flow<'a> {
        let schema = *flow.schema();
        if schema.columns() == 0 {
            return flow;
        }
        let group_window = self.rarely(3);
        let by = self.columns(&schema, |i| {
            let ty = schema.get(i).ty;
            ty.is_hashable() && !ty.is_optional()
        });
        let mut by: Vec<_> = by.into_iter().take(3).map(Expr::Name).collect();
        if group_window {
            let window = self.group_window();
            by.push(self.named("window", window));
        }
        let grouped = flow.group_by(self.args(&by));
        let windows = (!group_window).then(|| self.windows());
        let mut args = Vec::new();
        for _ in 0..self.between(usize::from(!group_window), 4) {
            let aggregation = self.aggregation(&schema, windows);
            // As in `assigned`.
            let checks = grouped.aggregate(self.args(&[aggregation]));
            if checks.mistakes().is_empty() {
                args.push(aggregation);
            }
        }
        if self.rarely(3) {
            let emit = Literal::Str("final");
            args.push(self.named("emit", Expr::Literal(emit)));
        } else if self.rarely(3) {
            let instants = self.columns(&schema, |i| {
                let instant = fennel_core::ty::Type::Timestamp;
                i >= schema.keys() && schema.get(i).ty.is(&instant)
            });
            if let Some(instant) = instants.first() {
                args.push(self.named("along", Expr::Name(instant)));
            }
        }
        grouped.aggregate(self.args(&args))
    }
}
