//! A pipeline under construction.
//!
//! A [`Flow`] is the value that the operators' methods chain on: the columns that there are at this
//! point, the steps that made them, and what is wrong so far. It is evaluated inside rustc, so it
//! has room for a fixed number of each. A step that is wrong is noted and the rest goes on, so that
//! one build shows every mistake; what depends on a mistake has an unknown type and is not judged.

use crate::entity::Dataset;
use crate::message::Message;
use crate::op::{Args, Operator, Union};
use crate::schema::Schema;

/// The most steps of a pipeline.
pub const MAX_STEPS: usize = 64;

/// The most mistakes that are told at once.
const MAX_MISTAKES: usize = 16;

/// One step of a pipeline: an operator and the steps it works on.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What it does.
    pub operator: Operator<'a>,
    /// The steps whose rows it takes, by their position; an operator of one input repeats it.
    pub inputs: [usize; 2],
    /// Where the call is, among the pipeline's tokens.
    site: u32,
}

/// Rows on their way through a pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    pub(crate) schema: Schema<'a>,
    steps: [Step<'a>; MAX_STEPS],
    len: usize,
    pub(crate) mistakes: Mistakes,
}

/// Something wrong at a pipeline's token.
#[derive(Clone, Copy, Debug)]
pub struct Mistake {
    /// The token, as the macro numbers them.
    pub site: u32,
    /// What is wrong and what to do.
    pub message: Message,
}

/// What is wrong with a pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Mistakes {
    list: [Option<Mistake>; MAX_MISTAKES],
    len: usize,
}

impl Mistakes {
    /// Nothing is wrong.
    #[must_use]
    pub const fn none() -> Self {
        Mistakes {
            list: [None; MAX_MISTAKES],
            len: 0,
        }
    }

    /// Notes a mistake, the first at each token.
    pub(crate) const fn push(&mut self, site: u32, message: Message) {
        if self.at(site).is_none() && self.len < MAX_MISTAKES {
            self.list[self.len] = Some(Mistake { site, message });
            self.len += 1;
        }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Mistake> {
        self.list.iter().flatten()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    const fn at(&self, site: u32) -> Option<&Mistake> {
        let mut i = 0;
        while i < self.len {
            if let Some(mistake) = &self.list[i]
                && mistake.site == site
            {
                return Some(mistake);
            }
            i += 1;
        }
        None
    }
}

/// What is wrong with a pipeline, as its checks hold it: small and without lifetimes, since rustc
/// examines its type anew at each token.
#[derive(Clone, Copy, Debug)]
pub struct Verdict(&'static Mistakes);

impl Verdict {
    /// Whether nothing is wrong, so that no token has to be looked at.
    #[must_use]
    pub const fn is_right(self) -> bool {
        self.0.is_empty()
    }
}

/// Turns a mistake at one of a pipeline's tokens into a compile error at the caller's.
///
/// # Panics
///
/// When there is a mistake. It is called in `const _: () = ..` only, where a panic is a compile error.
#[track_caller]
pub const fn raise(verdict: Verdict, site: u32) {
    if let Some(mistake) = verdict.0.at(site) {
        panic!("{}", mistake.message.as_str());
    }
}

impl Flow<'static> {
    /// What is wrong, for the checks at its tokens.
    #[must_use]
    pub const fn verdict(&'static self) -> Verdict {
        Verdict(&self.mistakes)
    }
}

impl<'a> Step<'a> {
    /// A step that was read from a message, where there are no tokens.
    pub(crate) const fn new(operator: Operator<'a>, inputs: [usize; 2]) -> Self {
        Step {
            operator,
            inputs,
            site: 0,
        }
    }
}

impl<'a> Flow<'a> {
    /// The rows of a pipeline's input. `site` is the token of its type.
    #[must_use]
    pub const fn input(dataset: &Dataset<'a>, site: u32) -> Self {
        let operator = Operator::Input(dataset.name);
        let step = Step {
            operator,
            inputs: [0, 0],
            site,
        };
        // Free places hold an operator without references: const evaluation copies those one by one.
        let mut steps = [Step::new(Union::operator(), [0, 0]); MAX_STEPS];
        steps[0] = step;
        let mut mistakes = Mistakes::none();
        if crate::entity::is_too_wide(dataset) {
            mistakes.push(site, crate::entity::too_many_columns(dataset.name));
        }
        Flow {
            schema: Schema::of(dataset),
            steps,
            len: 1,
            mistakes,
        }
    }

    /// The columns at this point.
    #[must_use]
    pub const fn schema(&self) -> &Schema<'a> {
        &self.schema
    }

    /// The steps so far; the last one makes these rows.
    #[must_use]
    pub const fn steps(&self) -> &[Step<'a>] {
        self.steps.split_at(self.len).0
    }

    /// What is wrong so far.
    #[must_use]
    pub const fn mistakes(&self) -> &Mistakes {
        &self.mistakes
    }

    /// Forgets what is wrong where one of the datasets is not `well` defined: its own mistake is told,
    /// and what follows from it is not.
    #[must_use]
    pub const fn judged(mut self, well: bool) -> Self {
        if !well {
            self.mistakes = Mistakes::none();
        }
        self
    }

    /// Notes a call that is no operator; it is left out, and what its columns are is open.
    pub(crate) const fn wrong(mut self, site: u32, message: Message) -> Self {
        self.mistakes.push(site, message);
        self.schema.spoil();
        self.schema.settle();
        self
    }

    /// These rows after one more operator.
    pub(crate) const fn then(mut self, operator: Operator<'a>, args: &Args<'a>) -> Self {
        let last = self.len - 1;
        operator.apply(&mut self.schema, None, args.site, &mut self.mistakes);
        self.push(Step {
            operator,
            inputs: [last, last],
            site: args.site,
        });
        self
    }

    /// These rows and the `other` ones after an operator of both.
    pub(crate) const fn with(
        mut self,
        other: &Flow<'a>,
        operator: Operator<'a>,
        args: &Args<'a>,
    ) -> Self {
        let left = self.len - 1;
        let right = self.merge(other);
        let source = match other.steps[other.len - 1].operator {
            Operator::Input(name) => Some(name),
            _ => None,
        };
        operator.apply(
            &mut self.schema,
            Some((&other.schema, source)),
            args.site,
            &mut self.mistakes,
        );
        self.push(Step {
            operator,
            inputs: [left, right],
            site: args.site,
        });
        self
    }

    const fn push(&mut self, step: Step<'a>) {
        if self.len < MAX_STEPS {
            self.steps[self.len] = step;
            self.len += 1;
        } else {
            self.mistakes.push(
                step.site,
                Message::new("a pipeline has at most ")
                    .int(MAX_STEPS as i64)
                    .text(" steps: split it in two, with a dataset between"),
            );
        }
    }

    /// Takes over another flow's steps, those that both share once; the position of its last.
    const fn merge(&mut self, other: &Flow<'a>) -> usize {
        let mut moved = [0; MAX_STEPS];
        let mut i = 0;
        while i < other.len {
            let step = other.steps[i];
            let inputs = [moved[step.inputs[0]], moved[step.inputs[1]]];
            let is_input = matches!(step.operator, Operator::Input(_));
            let mut found = None;
            let mut j = 0;
            while j < self.len {
                let mine = &self.steps[j];
                let same_inputs = mine.inputs[0] == inputs[0] && mine.inputs[1] == inputs[1];
                if mine.site == step.site && (is_input || same_inputs) {
                    found = Some(j);
                }
                j += 1;
            }
            moved[i] = match found {
                Some(j) => j,
                None => {
                    let at = self.len;
                    let inputs = if is_input { [at, at] } else { inputs };
                    self.push(Step { inputs, ..step });
                    self.len - 1
                }
            };
            i += 1;
        }
        let mut i = 0;
        while i < other.mistakes.len {
            if let Some(mistake) = &other.mistakes.list[i] {
                self.mistakes.push(mistake.site, mistake.message);
            }
            i += 1;
        }
        moved[other.len - 1]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::expr::{Binary, Expr};
    use crate::literal::Literal;
    use crate::op::Args;
    use crate::ty::{Computed, Type};

    /// A column of a test's dataset.
    pub(crate) type Named = (&'static str, Type<'static>);

    /// Rows of a dataset: `keys`, `values`, and the event time `at`.
    pub(crate) const fn rows(
        dataset: &'static str,
        keys: &[Named],
        values: &[Named],
    ) -> Flow<'static> {
        let mut schema = Schema::new("at").originating(dataset);
        let mut i = 0;
        while i < keys.len() {
            schema.push_key(keys[i].0, Computed::of(&keys[i].1));
            i += 1;
        }
        let mut i = 0;
        while i < values.len() {
            schema.push(values[i].0, Computed::of(&values[i].1));
            i += 1;
        }
        Flow {
            schema,
            steps: [Step::new(Operator::Input(dataset), [0, 0]); MAX_STEPS],
            len: 1,
            mistakes: Mistakes::none(),
        }
    }

    /// The columns as text, keys before the bar; what is wrong instead, where something is.
    pub(crate) fn shown(flow: &Flow<'_>) -> String {
        let mut mistakes = Vec::new();
        for Mistake { site, message } in flow.mistakes.all() {
            mistakes.push(format!("{site}: {message}"));
        }
        if !mistakes.is_empty() {
            return mistakes.join("\n");
        }
        let schema = flow.schema();
        let list = |columns: std::ops::Range<usize>| {
            let columns = columns.map(|i| schema.get(i));
            let shown = columns.map(|column| format!("{} {}", column.name, column.ty));
            shown.collect::<Vec<_>>().join(", ")
        };
        let (keys, values) = (
            list(0..schema.keys()),
            list(schema.keys()..schema.columns()),
        );
        format!("{keys} | {values} @ {}", schema.timestamp())
            .trim()
            .to_owned()
    }

    const AMOUNT: Expr<'static> = Expr::Name("amount");
    const ZERO: Expr<'static> = Expr::Literal(Literal::Float(0.0));
    const POSITIVE: &[Expr<'static>] = &[Expr::Binary(Binary::Gt, &AMOUNT, &ZERO)];
    const UNKNOWN: &[Expr<'static>] = &[Expr::Binary(Binary::Gt, &Expr::Name("amuont"), &ZERO)];
    const ORDERS: Flow<'static> = rows("Order", &[], &[("amount", Type::Float)]);

    #[test]
    fn rustc_and_the_server_see_the_same() {
        const CHECKED: Flow<'static> = ORDERS.filter(Args::new(3, UNKNOWN));
        let checked = ORDERS.filter(Args::new(3, UNKNOWN));
        assert_eq!(
            shown(&CHECKED),
            "5: there is no column `amuont`; did you mean `amount`?"
        );
        assert_eq!(shown(&CHECKED), shown(&checked));
    }

    #[test]
    fn steps_that_two_flows_share_are_made_once() {
        let paid = ORDERS.filter(Args::new(2, POSITIVE));
        let twice = paid.union(paid.filter(Args::new(3, POSITIVE)), Args::new(4, &[]));
        let steps: Vec<_> = twice
            .steps()
            .iter()
            .map(|step| (step.operator.name(), step.inputs))
            .collect();
        assert_eq!(
            steps,
            [
                ("Order", [0, 0]),
                ("filter", [0, 0]),
                ("filter", [1, 1]),
                ("union", [1, 2])
            ]
        );
    }

    #[test]
    fn one_mistake_is_one_error() {
        let flow = ORDERS
            .select(Args::new(2, &[Expr::Name("amuont")]))
            .filter(Args::new(4, POSITIVE))
            .drop(Args::new(8, &[Expr::Name("gone")]));
        assert_eq!(
            shown(&flow),
            "3: there is no column `amuont`; did you mean `amount`?"
        );
    }

    #[test]
    fn a_pipeline_has_room_for_so_many_steps() {
        let mut flow = ORDERS;
        for site in 2..=64 {
            flow = flow.filter(Args::new(site * 10, POSITIVE));
        }
        assert_eq!(shown(&flow), "| amount f64 @ at");
        let flow = flow.filter(Args::new(700, POSITIVE));
        assert_eq!(
            shown(&flow),
            "700: a pipeline has at most 64 steps: split it in two, with a dataset between"
        );
    }
}
