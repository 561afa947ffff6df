//! What steps do to columns.

use super::{Aggregate, Column, Fill, Function, Graph, Join, Spec, Step, Ty};

/// The columns of rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Columns {
    pub(crate) keys: Vec<Column>,
    pub(crate) values: Vec<Column>,
    /// The name of the event time.
    pub(crate) at: String,
}

impl Columns {
    /// Keys and values.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Column> {
        self.keys.iter().chain(&self.values)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Column> {
        self.all().find(|column| column.name == name)
    }

    /// The column of that name.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn get(&self, name: &str) -> &Column {
        let found = self.find(name);
        found.unwrap_or_else(|| panic!("there is no column `{name}`"))
    }

    fn value(&mut self, name: &str) -> Option<&mut Column> {
        self.values.iter_mut().find(|column| column.name == name)
    }

    /// The columns behind a step; `None` if it names others than there are.
    pub(crate) fn after(mut self, step: &Step, graph: &Graph) -> Option<Columns> {
        match step {
            Step::Filter(_) | Step::Dedup { .. } | Step::Union(_) => {}
            Step::Assign(assigned) => {
                for (column, _) in assigned {
                    match self.value(&column.name) {
                        Some(found) => found.ty = column.ty.clone(),
                        None => self.values.push(column.clone()),
                    }
                }
            }
            Step::Drop(names) => self.values.retain(|column| !names.contains(&column.name)),
            Step::Rename(pairs) => {
                for (old, new) in pairs {
                    if self.at == *old {
                        self.at.clone_from(new);
                    }
                    for column in self.keys.iter_mut().chain(&mut self.values) {
                        if column.name == *old {
                            column.name.clone_from(new);
                        }
                    }
                }
            }
            Step::Dropnull(names) => {
                for name in names {
                    if let Some(column) = self.value(name) {
                        column.ty = column.ty.required().clone();
                    }
                }
            }
            Step::Explode(names) => {
                for name in names {
                    if let Some(column) = self.value(name)
                        && let Ty::List(element) = column.ty.clone()
                    {
                        column.ty = element.optional();
                    }
                }
            }
            Step::Join(join) => self.values.extend(joined(join, graph)),
            Step::First(by) | Step::Latest(by) => {
                let keys = by.iter().map(|name| self.find(name).cloned());
                self.keys = keys.collect::<Option<_>>()?;
                self.values.retain(|column| !by.contains(&column.name));
            }
            Step::Changelog { column, .. } => {
                let keys = std::mem::take(&mut self.keys);
                self.values.splice(0..0, keys);
                self.values.push(Column::new(column, Ty::Bool));
            }
            Step::Aggregate(aggregate) => return self.aggregated(aggregate),
        }
        Some(self)
    }

    fn aggregated(self, aggregate: &Aggregate) -> Option<Columns> {
        let by = aggregate.by.iter().map(|name| self.find(name).cloned());
        let window = aggregate.window.iter();
        let window = window.map(|_| Some(Column::new("window", Ty::Window)));
        let values = aggregate.specs.iter();
        let values = values.map(|spec| Some(Column::new(&spec.name, self.result(spec)?)));
        Some(Columns {
            keys: by.chain(window).collect::<Option<_>>()?,
            values: values.collect::<Option<_>>()?,
            at: self.at.clone(),
        })
    }

    fn result(&self, spec: &Spec) -> Option<Ty> {
        let of = || Some(self.find(&spec.of)?.ty.clone());
        let or_null = |ty: Ty, default: Option<f64>| match default {
            Some(_) => ty,
            None => ty.optional(),
        };
        let list = |dropnull: bool| {
            Some(Ty::List(Box::new(match dropnull {
                true => of()?.required().clone(),
                false => of()?,
            })))
        };
        Some(match spec.function {
            Function::Count { .. } => Ty::Int,
            Function::Sum => of()?.required().clone(),
            Function::Min(default) | Function::Max(default) => {
                or_null(of()?.required().clone(), default)
            }
            Function::Average(default)
            | Function::Stddev(default)
            | Function::Quantile { default, .. } => or_null(Ty::Float, default),
            Function::Distinct { dropnull }
            | Function::LastK { dropnull, .. }
            | Function::FirstK { dropnull, .. } => list(dropnull)?,
            Function::DecaySum(_) => Ty::Float,
        })
    }
}

/// The columns that a join adds, in the order of the dataset.
fn joined(join: &Join, graph: &Graph) -> Vec<Column> {
    let right = &graph.dataset(&join.right).columns;
    let at = Column::new(&right.at, Ty::Time);
    let taken = |column: &&Column| match join.fields.as_slice() {
        [] => column.name != right.at,
        fields => fields.contains(&column.name),
    };
    let columns = right.values.iter().chain([&at]).filter(taken).cloned();
    let columns = columns.map(|column| match join.inner {
        true => column,
        false => Column {
            ty: column.ty.optional(),
            ..column
        },
    });
    columns.collect()
}

impl Graph {
    /// The columns behind some steps; `None` if one names others than there are.
    pub(crate) fn columns_of(&self, input: &str, steps: &[Step]) -> Option<Columns> {
        let columns = self.dataset(input).columns.clone();
        let mut steps = steps.iter();
        steps.try_fold(columns, |columns, step| columns.after(step, self))
    }

    /// Gives each dataset with a pipeline the columns that it makes; `None` if a step names others than there are.
    pub(crate) fn settle(&mut self) -> Option<()> {
        for i in 0..self.datasets.len() {
            if let Fill::Pipeline(chain) = &self.datasets[i].fill {
                self.datasets[i].columns = self.columns_of(&chain.input, &chain.steps)?;
            }
        }
        Some(())
    }
}
