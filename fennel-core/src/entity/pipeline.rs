//! Pipelines: what fills a dataset from others.

use core::fmt;

use super::{Dataset, Env, Location, Meta};
use crate::flow::{Flow, Mistakes, Step};
use crate::message::Message;
use crate::op::Operator;
use crate::schema::{Column, MAX_COLUMNS, Schema};
use crate::text::eq;

/// What `#[pipeline]` says.
#[derive(Clone, Copy, Debug)]
pub struct Pipeline<'a> {
    /// The function's name.
    pub name: &'a str,
    /// The dataset that it fills.
    pub dataset: &'a str,
    /// The datasets that it takes, in the order of its parameters.
    pub inputs: &'a [&'a str],
    /// Its operators; each works on steps before it, and the last makes the rows.
    pub steps: &'a [Step<'a>],
    /// Which commits it takes part in.
    pub env: Env<'a>,
    /// Metaflags.
    pub meta: Meta<'a>,
    /// Where it was declared.
    pub location: Location<'a>,
}

impl<'a> Pipeline<'a> {
    /// Whether its rows are computed when they are read, so that nothing can be made of them: its
    /// last step is an aggregate over continuous windows.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match self.steps.last() {
            Some(Step {
                operator: Operator::Aggregate(aggregate),
                ..
            }) => aggregate.is_continuous(),
            _ => false,
        }
    }

    /// The columns after each step, where `input` finds the datasets it takes.
    ///
    /// # Errors
    ///
    /// Each step that is wrong, by its position, and what is wrong with it.
    pub fn schemas<'d>(
        &self,
        input: impl Fn(&str) -> Option<&'d Dataset<'a>>,
    ) -> Result<Vec<Schema<'a>>, Vec<(usize, Message)>>
    where
        'a: 'd,
    {
        let mut schemas: Vec<Schema<'a>> = Vec::with_capacity(self.steps.len());
        let mut wrong = Vec::new();
        for (i, step) in self.steps.iter().enumerate() {
            if let Operator::Input(name) = step.operator {
                match input(name) {
                    Some(dataset) if is_too_wide(dataset) => {
                        wrong.push((i, too_many_columns(dataset.name)));
                        return Err(wrong);
                    }
                    Some(dataset) => schemas.push(Schema::of(dataset)),
                    None => {
                        wrong.push((
                            i,
                            Message::new("dataset ")
                                .name(name)
                                .text(" is not in the commit"),
                        ));
                        return Err(wrong);
                    }
                }
                continue;
            }
            let [left, right] = step.inputs;
            let (Some(mut schema), Some(other)) = (schemas.get(left).copied(), schemas.get(right))
            else {
                wrong.push((i, Message::new("it works on a step that is not before it")));
                return Err(wrong);
            };
            let source = match self.steps.get(right).map(|step| step.operator) {
                Some(Operator::Input(name)) => Some(name),
                _ => None,
            };
            let mut mistakes = Mistakes::none();
            step.operator
                .apply(&mut schema, Some((other, source)), 0, &mut mistakes);
            wrong.extend(mistakes.all().map(|mistake| (i, mistake.message)));
            schemas.push(schema);
        }
        if wrong.is_empty() {
            Ok(schemas)
        } else {
            Err(wrong)
        }
    }
}

impl<'a> Pipeline<'a> {
    /// What differs between the rows it makes and the dataset it fills.
    #[must_use]
    pub fn check_output(&self, made: &Schema<'a>, dataset: &Dataset<'a>) -> Vec<Message> {
        if is_too_wide(dataset) {
            return vec![too_many_columns(dataset.name)];
        }
        let mut mistakes = Mistakes::none();
        // Each column has a site of its own here, so that each is told.
        let mut made = *made;
        for i in 0..made.columns() {
            let site = u32::try_from(i + 2).unwrap_or(u32::MAX);
            made.set(
                i,
                Column {
                    site,
                    ..made.get(i)
                },
            );
        }
        let declared = Schema::of(dataset);
        check_output(self.name, &made, &declared, dataset.name, 1, &mut mistakes);
        mistakes.all().map(|mistake| mistake.message).collect()
    }
}

/// A stretch of a pipeline: calls on the rows of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The name by which later ones take its rows; none for the last.
    pub name: Option<String>,
    /// What it begins with: a dataset, or an earlier one's name.
    pub from: String,
    /// The steps, by position, and how each is written.
    pub calls: Vec<(usize, String)>,
}

impl Pipeline<'_> {
    /// Its steps as a user would write them. What several steps take, and what another one is
    /// united with, has a name.
    #[must_use]
    pub fn chains(&self) -> Vec<Chain> {
        let Some(last) = self.steps.len().checked_sub(1) else {
            return Vec::new();
        };
        let mut uses = vec![0; self.steps.len()];
        for step in self.steps {
            let [left, right] = step.inputs;
            // The right side is no part of the chain, so it needs a name whoever else takes it.
            let taken = [
                (left, 1),
                (right, if step.operator.takes_two() { 2 } else { 0 }),
            ];
            for (at, weight) in taken {
                if let Some(uses) = uses.get_mut(at) {
                    *uses += weight;
                }
            }
        }
        let is_input = |at: usize| matches!(self.steps[at].operator, Operator::Input(_));
        let mut names: Vec<Option<String>> = vec![None; self.steps.len()];
        let mut chains = Vec::new();
        let ends = (0..=last).filter(|at| *at == last || (!is_input(*at) && uses[*at] > 1));
        for end in ends {
            let mut path = Vec::new();
            let mut at = end;
            while !is_input(at) && names[at].is_none() {
                path.push(at);
                match self.steps[at].inputs[0] {
                    left if left < at => at = left,
                    _ => break,
                }
            }
            let written = |at: usize| match (names.get(at), self.steps.get(at)) {
                (Some(Some(name)), _) => name.clone(),
                (_, Some(step)) => step.operator.call(""),
                _ => String::new(),
            };
            let calls = path.iter().rev().map(|at| {
                let step = &self.steps[*at];
                (*at, step.operator.call(&written(step.inputs[1])))
            });
            let (from, calls) = (written(at), calls.collect());
            let name = (end != last).then(|| format!("s{}", chains.len() + 1));
            names[end].clone_from(&name);
            chains.push(Chain { name, from, calls });
        }
        chains
    }
}

/// Its steps as a user would write them: in one line, or with `#` in a line for each.
impl fmt::Display for Pipeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = f.alternate();
        for chain in self.chains() {
            if let Some(name) = &chain.name {
                write!(f, "let {name} = ")?;
            }
            f.write_str(&chain.from)?;
            for (_, call) in &chain.calls {
                f.write_str(if lines { "\n    " } else { "" })?;
                f.write_str(call)?;
            }
            if chain.name.is_some() {
                f.write_str(if lines { ";\n" } else { "; " })?;
            }
        }
        Ok(())
    }
}

impl<'a> Flow<'a> {
    /// Ends the pipeline `name`, which fills `dataset`: notes each column that one of both lacks or
    /// has with another type. `site` is the token of the dataset.
    #[must_use]
    pub const fn returned(mut self, name: &str, dataset: &Dataset<'a>, site: u32) -> Self {
        if is_too_wide(dataset) {
            self.mistakes.push(site, too_many_columns(dataset.name));
        }
        if self.schema.is_terminal() && dataset.expectations.is_some() {
            self.mistakes.push(site, unexpectable(dataset.name));
        }
        let declared = Schema::of(dataset);
        let made = self.schema;
        check_output(
            name,
            &made,
            &declared,
            dataset.name,
            site,
            &mut self.mistakes,
        );
        self
    }
}

/// What is said of expectations on rows that are computed when they are read.
pub(crate) const fn unexpectable(dataset: &str) -> Message {
    Message::new("")
        .name(dataset)
        .text(" has expectations, and its rows are aggregates over continuous windows, computed when they are read: remove the expectations, or put them on what it is made of")
}

/// Notes each column of `made` and `declared` that differs: at the token that made it, else at
/// `site`, where one sentence tells all.
pub(crate) const fn check_output(
    pipeline: &str,
    made: &Schema<'_>,
    declared: &Schema<'_>,
    dataset: &str,
    site: u32,
    mistakes: &mut Mistakes,
) {
    let output = Output {
        pipeline,
        made,
        declared,
        dataset,
    };
    let mut message = output.list(
        "",
        " makes ",
        made,
        declared,
        ", which ",
        " does not declare",
    );
    let mut i = 0;
    while i < made.columns() {
        let column = made.get(i);
        if column.site == 0 {
            message = output.difference(i, message);
        } else {
            let difference = output.difference(i, output.undeclared(&column));
            if !difference.as_str().is_empty() {
                mistakes.push(column.site, difference);
            }
        }
        i += 1;
    }
    if !made.is_open() {
        message = output.list(
            message.as_str(),
            " does not make ",
            declared,
            made,
            ", which ",
            " declares",
        );
        // A dataset without an event time is refused itself.
        if !declared.timestamp().is_empty() && !eq(made.timestamp(), declared.timestamp()) {
            message = message
                .also("the event time of ")
                .name(dataset)
                .text(" is ")
                .name(declared.timestamp())
                .text(", and pipeline ")
                .name(pipeline)
                .text(" has it as ")
                .name(made.timestamp())
                .text(": rename one of them");
        }
    }
    if !message.as_str().is_empty() {
        mistakes.push(site, message);
    }
}

/// What a pipeline makes, and what its dataset declares.
struct Output<'s, 'a> {
    pipeline: &'s str,
    made: &'s Schema<'a>,
    declared: &'s Schema<'a>,
    dataset: &'s str,
}

impl<'a> Output<'_, 'a> {
    /// "pipeline `p` makes `a`, `b`, which `D` does not declare", of the columns of `some` that have
    /// no token of their own and that `others` lack.
    const fn list(
        &self,
        before: &str,
        verb: &str,
        some: &Schema<'a>,
        others: &Schema<'a>,
        which: &str,
        end: &str,
    ) -> Message {
        let mut message = Message::new(before);
        let (mut total, mut i) = (0, 0);
        while i < some.columns() {
            total += self.is_lacking(some, i, others) as usize;
            i += 1;
        }
        if total == 0 {
            return message;
        }
        message = message.also("pipeline ").name(self.pipeline).text(verb);
        let (mut listed, mut i) = (0, 0);
        while i < some.columns() {
            if self.is_lacking(some, i, others) {
                message = message.listed(listed, total, some.get(i).name);
                listed += 1;
            }
            i += 1;
        }
        message.text(which).name(self.dataset).text(end)
    }

    const fn is_lacking(&self, some: &Schema<'a>, i: usize, others: &Schema<'a>) -> bool {
        let column = some.get(i);
        column.site == 0
            && !self.made.is_open()
            && others.position_near(column.name, i).is_none()
            && !eq(others.timestamp(), column.name)
    }

    /// What is said of a column that a token of the pipeline makes and the dataset lacks. Where its
    /// own step is wrong, that is enough.
    const fn undeclared(&self, column: &Column<'a>) -> Message {
        let message = Message::new("");
        if column.ty.is_unknown() || self.declared.column(column.name).is_some() {
            return message;
        }
        message
            .text("pipeline ")
            .name(self.pipeline)
            .text(" makes ")
            .name(column.name)
            .text(", which ")
            .name(self.dataset)
            .text(" does not declare")
    }

    /// Appends in what the `i`th column is not as the dataset declares it.
    const fn difference(&self, i: usize, message: Message) -> Message {
        let column = self.made.get(i);
        let position = self.declared.position_near(column.name, i);
        let declared = match position {
            Some(at) => self.declared.get(at),
            None => match self.declared.column(column.name) {
                Some(timestamp) => timestamp,
                None => return message,
            },
        };
        if !column.ty.is_unknown() && !declared.ty.same(&column.ty) {
            return message
                .also("")
                .member(self.dataset, column.name)
                .text(" is ")
                .computed(&declared.ty)
                .text(", but pipeline ")
                .name(self.pipeline)
                .text(" makes it ")
                .computed(&column.ty);
        }
        let key = matches!(position, Some(k) if k < self.declared.keys());
        if key == (i < self.made.keys()) || self.made.is_open() {
            return message;
        }
        let message = message.also("").member(self.dataset, column.name);
        if key {
            message
                .text(" is a key, and pipeline ")
                .name(self.pipeline)
                .text(" makes it a value: group the rows by it, as in `group_by(..).latest()`")
        } else {
            message
                .text(" is no key, and pipeline ")
                .name(self.pipeline)
                .text(" makes it one: mark it `#[field(key)]`")
        }
    }
}

/// Whether a dataset has more columns beside its event time than pipelines can hold.
pub(crate) const fn is_too_wide(dataset: &Dataset<'_>) -> bool {
    dataset.fields.len() > MAX_COLUMNS + 1
}

pub(crate) const fn too_many_columns(dataset: &str) -> Message {
    Message::new("")
        .name(dataset)
        .text(" has more than ")
        .int(MAX_COLUMNS as i64)
        .text(" columns, the most in a pipeline: split it")
}
