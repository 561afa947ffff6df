//! Graphs of pipelines.

use super::{Random, STEP, fresh};
use crate::graph::{
    Aggregate, Chain, Column, Columns, DISORDER, Dataset, Expr, Facts, Fill, Graph, HISTORY, Join,
    Op, Step, Ty, Window,
};
use crate::value::V;

/// The names under which columns of sources are grouped and joined.
const GROUPS: [Ty; 3] = [Ty::Int, Ty::Str, Ty::Bool];

impl Graph {
    /// Sources, and a few pipelines over them and each other.
    pub(crate) fn random(random: &mut Random) -> Graph {
        // Of rows that are soon old, some go as others come.
        let is_brief = random.once_in(2);
        let mut graph = Graph {
            datasets: sources(),
            disorder: match is_brief || random.once_in(3) {
                true => random.below(5) as i64 * STEP,
                false => DISORDER,
            },
        };
        let mut counter = 0;
        let count = 1 + random.below(4);
        while graph.datasets.len() < sources().len() + count {
            let mut made = graph.clone();
            let name = fresh(&mut counter, "D");
            let Some(chain) = chain(&graph, &mut counter, random) else {
                continue;
            };
            let Some(columns) = graph.columns_of(&chain.input, &chain.steps) else {
                continue;
            };
            made.datasets.push(Dataset {
                name,
                columns,
                fill: Fill::Pipeline(chain),
                history: HISTORY,
            });
            if made.facts().is_some() {
                graph = made;
            }
        }
        while graph.trim() {}
        if is_brief {
            for dataset in &mut graph.datasets {
                dataset.history = (1 + random.below(8) as i64) * STEP;
            }
        }
        graph
    }

    /// Whether rows are soon older than they are kept.
    pub(crate) fn is_brief(&self) -> bool {
        let longest = self.datasets.iter().map(|dataset| dataset.history).max();
        self.disorder < DISORDER && longest < Some(HISTORY)
    }

    /// Removes a source that nothing is made of.
    fn trim(&mut self) -> bool {
        let unused = self
            .datasets
            .iter()
            .position(|dataset| dataset.fill == Fill::Source && !self.is_used(&dataset.name));
        if let Some(unused) = unused {
            self.datasets.remove(unused);
        }
        unused.is_some()
    }

    /// Whether a dataset is made of that one.
    pub(crate) fn is_used(&self, name: &str) -> bool {
        self.datasets.iter().any(|dataset| {
            let mut inputs = Vec::new();
            if let Fill::Pipeline(chain) = &dataset.fill {
                chain.inputs(&mut inputs);
            }
            inputs.iter().any(|input| input == name)
        })
    }
}

fn sources() -> Vec<Dataset> {
    let source = |name: &str, keys: &[(&str, Ty)], values: &[(&str, Ty)]| {
        let columns = |columns: &[(&str, Ty)]| {
            let columns = columns.iter();
            columns
                .map(|(name, ty)| Column::new(name, ty.clone()))
                .collect()
        };
        Dataset {
            name: name.into(),
            columns: Columns {
                keys: columns(keys),
                values: columns(values),
                at: "ts".into(),
            },
            fill: Fill::Source,
            history: HISTORY,
        }
    };
    let events = [
        ("uid", Ty::Int),
        ("kind", Ty::Str),
        ("amount", Ty::Float),
        ("qty", Ty::Int.optional()),
        ("paid", Ty::Bool),
        ("done", Ty::Time),
        ("tags", Ty::List(Box::new(Ty::Str))),
    ];
    vec![
        source("Tx", &[], &events),
        source("Refund", &[], &events),
        source(
            "User",
            &[("uid", Ty::Int)],
            &[
                ("city", Ty::Str),
                ("age", Ty::Int.optional()),
                ("score", Ty::Float),
                ("due", Ty::Time),
            ],
        ),
        source(
            "Account",
            &[("uid", Ty::Int), ("kind", Ty::Str)],
            &[
                ("owner", Ty::Int),
                ("balance", Ty::Float.optional()),
                ("until", Ty::Time),
            ],
        ),
    ]
}

/// Steps over a dataset that may be followed, at least one.
fn chain(graph: &Graph, counter: &mut u32, random: &mut Random) -> Option<Chain> {
    let known = graph.facts()?;
    let open = |dataset: &&Dataset| {
        let facts = &known[&dataset.name];
        !facts.terminal && facts.sets.is_empty()
    };
    let inputs: Vec<_> = graph.datasets.iter().filter(open).collect();
    let input = *random.pick(&inputs);
    let mut maker = Maker {
        graph,
        columns: input.columns.clone(),
        facts: known[&input.name].clone(),
        so_far: Chain {
            input: input.name.clone(),
            steps: Vec::new(),
        },
        counter,
        random,
    };
    let count = 1 + maker.random.below(5);
    for _ in 0..20 {
        if maker.so_far.steps.len() == count {
            break;
        }
        let Some(step) = maker.step() else { continue };
        let facts = maker.facts.clone().after(&step, &known);
        let columns = maker.columns.clone().after(&step, graph);
        if let (Some(facts), Some(columns)) = (facts, columns) {
            (maker.facts, maker.columns) = (facts, columns);
            maker.so_far.steps.push(step);
            if maker.facts.terminal {
                break;
            }
        }
    }
    Some(maker.so_far).filter(|chain| !chain.steps.is_empty())
}

/// Makes steps that fit rows.
pub(super) struct Maker<'a> {
    pub(super) graph: &'a Graph,
    pub(super) columns: Columns,
    pub(super) facts: Facts,
    /// The steps that there are.
    so_far: Chain,
    pub(super) counter: &'a mut u32,
    pub(super) random: &'a mut Random,
}

impl Maker<'_> {
    /// A step, if the one that was thought of fits.
    fn step(&mut self) -> Option<Step> {
        let keyless = !self.facts.keyed;
        match self.random.below(20) {
            0 | 1 => Some(Step::Filter(self.condition()?)),
            2 | 3 => self.assign(),
            4 => self.drop(),
            5 => self.rename(),
            6 => {
                let optional = self.names(|ty| ty.is_optional());
                self.values(&optional).map(Step::Dropnull)
            }
            7 if keyless => {
                let lists = self.names(|ty| matches!(ty, Ty::List(_)));
                Some(Step::Explode(vec![self.random.pick(some(&lists)?).clone()]))
            }
            8 if keyless => self.dedup(),
            9 if keyless => self.union(),
            10 if keyless => self.group().map(Step::First),
            11 | 12 if keyless => self.group().map(Step::Latest),
            13 if !keyless => Some(Step::Changelog {
                column: fresh(self.counter, "gone"),
                deletes: self.random.once_in(2),
            }),
            14 | 15 => self.join(),
            16 if keyless => self.windows(),
            17..=19 => self.aggregate(),
            _ => None,
        }
    }

    /// The names of the columns of such types.
    pub(super) fn names(&self, fits: impl Fn(&Ty) -> bool) -> Vec<String> {
        let columns = self.columns.all().filter(|column| fits(&column.ty));
        columns.map(|column| column.name.clone()).collect()
    }

    /// Some of these that are no keys.
    fn values(&mut self, names: &[String]) -> Option<Vec<String>> {
        let mut names = names.to_vec();
        names.retain(|name| self.columns.keys.iter().all(|key| key.name != *name));
        Some(self.random.some(some(&names)?))
    }

    /// The columns that rows can be grouped by; such that rarely have the same value now and then.
    pub(super) fn keys(&mut self) -> Vec<String> {
        let rare = self.random.once_in(4);
        // A request has no form for windows without aggregates that are grouped once more.
        let bare = matches!(
            self.so_far.steps.last(),
            Some(Step::Aggregate(aggregate)) if aggregate.specs.is_empty()
        );
        self.names(|ty| match ty {
            Ty::Window => rare && !bare,
            Ty::Time => rare,
            Ty::List(of) => rare && GROUPS.contains(of),
            ty => GROUPS.contains(ty),
        })
    }

    /// Some columns that can be keys.
    fn group(&mut self) -> Option<Vec<String>> {
        let keys = self.keys();
        let mut group = self.random.some(some(&keys)?);
        group.truncate(2);
        self.random.shuffle(&mut group);
        Some(group)
    }

    fn drop(&mut self) -> Option<Step> {
        let values = self.columns.values.clone();
        let dropped = self.random.pick(some(&values)?).name.clone();
        (values.len() > 1).then(|| Step::Drop(vec![dropped]))
    }

    fn rename(&mut self) -> Option<Step> {
        let mut names = self.names(|ty| *ty != Ty::Window);
        if self.random.once_in(3) {
            names = vec![self.columns.at.clone()];
        }
        let old = self.random.pick(some(&names)?).clone();
        Some(Step::Rename(vec![(old, fresh(self.counter, "r"))]))
    }

    fn dedup(&mut self) -> Option<Step> {
        let names = self.names(|ty| !matches!(ty, Ty::List(_)));
        let by = match self.random.below(6) {
            0 => self.names(|_| true),
            1 => self.random.some(some(&names)?),
            // Few, so that rows are equal.
            _ => self.group()?,
        };
        let window = match self.random.below(3) {
            0 => None,
            1 => Some(Window::Tumbling(self.duration())),
            _ => Some(Window::Session(self.duration())),
        };
        Some(Step::Dedup { by, window })
    }

    fn union(&mut self) -> Option<Step> {
        let same = |dataset: &&Dataset| dataset.columns == self.columns;
        let others: Vec<_> = self.graph.datasets.iter().filter(same).collect();
        let mut other = match some(&others).filter(|_| self.random.once_in(2)) {
            Some(others) => Chain {
                input: self.random.pick(others).name.clone(),
                steps: Vec::new(),
            },
            // The same rows once more.
            None => self.so_far.clone(),
        };
        if self.random.once_in(2) {
            other.steps.push(Step::Filter(self.condition()?));
        }
        Some(Step::Union(other))
    }

    fn join(&mut self) -> Option<Step> {
        let keyed = self
            .graph
            .datasets
            .iter()
            .filter(|dataset| dataset.is_keyed());
        let right = *self.random.pick(some(&keyed.collect::<Vec<_>>())?);
        let mut on = Vec::new();
        for key in &right.columns.keys {
            let same = self.names(|ty| *ty == key.ty);
            let named = same.iter().find(|name| **name == key.name);
            let column = match named.filter(|_| !self.random.once_in(4)) {
                Some(named) => named.clone(),
                None => self.random.pick(some(&same)?).clone(),
            };
            on.push((column, key.name.clone()));
        }
        // In the order in which requests have them.
        on.sort();
        on.dedup_by(|a, b| a.0 == b.0);
        if on.len() < right.columns.keys.len() {
            return None;
        }
        let taken = |name: &str| self.columns.find(name).is_some() || self.columns.at == name;
        let all: Vec<_> = right
            .columns
            .values
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let mut free = all.clone();
        free.retain(|name| !taken(name));
        let right_at = &right.columns.at;
        if !taken(right_at) && self.random.once_in(2) {
            free.push(right_at.clone());
        }
        let mut fields = Vec::new();
        if free != all || self.random.once_in(3) {
            fields = self.random.some(some(&free)?);
        }
        let mut bound = |often| match self.random.once_in(often) {
            true => Some(self.random.below(4) as i64 * STEP),
            false => None,
        };
        let (since, until) = (bound(2), bound(3).unwrap_or_default());
        Some(Step::Join(Join {
            right: right.name.clone(),
            inner: self.random.once_in(2),
            on,
            // Two tables are joined as they are at each instant.
            since: since.filter(|_| !self.facts.keyed),
            until: if self.facts.keyed { 0 } else { until },
            fields,
        }))
    }

    /// A duration that rows of the grid meet the bounds of.
    pub(super) fn duration(&mut self) -> i64 {
        STEP * *self.random.pick(&[1, 2, 3, 6])
    }

    fn windows(&mut self) -> Option<Step> {
        let window = match self.random.below(3) {
            0 => Window::Tumbling(self.duration()),
            1 => self.hopping(),
            _ => Window::Session(self.duration()),
        };
        let mut by = self.group()?;
        by.retain(|name| self.columns.get(name).ty != Ty::Window);
        some(&by)?;
        let count = self.random.below(4);
        let specs = (0..count).filter_map(|_| self.spec(window)).collect();
        Some(Step::Aggregate(Aggregate {
            by,
            window: Some(window),
            specs,
            along: None,
            is_final: false,
        }))
    }

    pub(super) fn hopping(&mut self) -> Window {
        let stride = self.duration();
        Window::Hopping(stride + STEP * self.random.below(4) as i64, stride)
    }

    fn assign(&mut self) -> Option<Step> {
        let (value, ty) = self.value()?;
        // The name of a window's column is no other's.
        let values = self.names(|ty| *ty != Ty::Window);
        let replaced = self.values(&values).filter(|_| self.random.once_in(3));
        let name = match replaced.and_then(|mut names| names.pop()) {
            Some(name) => name,
            None => fresh(self.counter, "x"),
        };
        Some(Step::Assign(vec![(Column::new(&name, ty), value)]))
    }

    /// An expression with a type that it can have.
    fn value(&mut self) -> Option<(Expr, Ty)> {
        let columns: Vec<_> = self.columns.all().cloned().collect();
        let column = self.random.pick(&columns);
        let this = || Box::new(Expr::Column(column.name.clone()));
        let binary = |op, other| Expr::Binary(op, this(), Box::new(Expr::Literal(other)));
        Some(match &column.ty {
            Ty::Int => match self.random.below(3) {
                0 => (binary(Op::Sub, V::Int(1)), Ty::Int),
                1 => (binary(Op::Mul, V::Float(0.5)), Ty::Float),
                _ => (*this(), Ty::Float),
            },
            Ty::Float => match self.random.below(2) {
                0 => (binary(Op::Add, V::Int(2)), Ty::Float),
                _ => (binary(Op::Div, V::Int(4)), Ty::Float.optional()),
            },
            Ty::Str => match self.random.below(2) {
                0 => (Expr::Len(this()), Ty::Int),
                _ => {
                    let condition = binary(Op::Eq, V::str("a"));
                    let choice = (condition, *this(), Expr::Literal(V::str("other")));
                    (Expr::If(Box::new(choice)), Ty::Str)
                }
            },
            Ty::Bool => (Expr::Not(this()), Ty::Bool),
            Ty::Optional(of) => match **of {
                Ty::Int => (Expr::FillNull(this(), V::Int(-1)), Ty::Int),
                _ => (Expr::IsNull(this()), Ty::Bool),
            },
            Ty::Time | Ty::Window | Ty::List(_) => return None,
        })
    }

    fn condition(&mut self) -> Option<Expr> {
        let columns: Vec<_> = self.columns.all().cloned().collect();
        let column = self.random.pick(&columns);
        let op = *self.random.pick(&[Op::Gt, Op::Le, Op::Ne]);
        let this = Box::new(Expr::Column(column.name.clone()));
        let limit = match column.ty.required() {
            Ty::Int => V::Int(self.random.below(3) as i64),
            Ty::Float => V::Float(1.0),
            Ty::Str => {
                let other = Box::new(Expr::Literal(V::str("a")));
                return Some(self.decided(Expr::Binary(Op::Ne, this, other), &column.ty));
            }
            Ty::Bool => return Some(self.decided(*this, &column.ty)),
            _ => return None,
        };
        let compared = Expr::Binary(op, this, Box::new(Expr::Literal(limit)));
        Some(self.decided(compared, &column.ty))
    }

    /// A condition that is never null.
    fn decided(&mut self, condition: Expr, ty: &Ty) -> Expr {
        match ty.is_optional() {
            true => {
                let fill = V::Bool(self.random.once_in(2));
                Expr::FillNull(Box::new(condition), fill)
            }
            false => condition,
        }
    }
}

/// The list, unless it is empty.
pub(super) fn some<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}
