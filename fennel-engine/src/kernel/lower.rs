//! From the kernels of a program to those that run.
//!
//! A program names columns; what runs has their positions. The order of columns here is the engine's own: a table's
//! are its keys and then its values by name, and each kernel keeps the order that it is given where it can.

use std::sync::Arc;

use fennel_core::agg::{Accumulator, Aggregation, Function as Aggregate};
use fennel_core::expr::eval::Compiled;
use fennel_core::kernel::{self as plan, Among, Node, Row as Doing};
use fennel_core::op::{Does, RowFunction};
use fennel_core::registry;
use fennel_core::ty::{Computed as Type, Type as Written};
use fennel_core::value::Shape;
use fennel_core::window::Window;

use super::fold::{Fold, Function, Tiles};
use super::join::{Field, Join};
use super::pick::Pick;
use super::python::PythonStep;
use super::rows::{Plain, RowStep, RowSteps, Slot, Step, Transform};
use super::{Kernel, Layout};
use crate::native::unlinked;
use crate::python::RunBy;
use crate::table::Table;

/// What is wrong with a definition, which the checks rule out.
pub(super) type Lowered<T> = Result<T, String>;

/// The kernel of a node, and the columns of what it makes. `inputs` are the columns that it takes, and `right` is the
/// table that a join adds columns of.
pub(crate) fn lower(
    node: &Node<'_>,
    inputs: &[&Layout],
    right: Option<&Table>,
    (prefix, python): ([u8; 6], RunBy<'_>),
) -> Lowered<(Kernel, Layout)> {
    let [first, ..] = inputs else {
        return Err("has a step without an input".into());
    };
    match &node.kernel {
        plan::Kernel::Rows(steps) => rows(steps, first, &node.output, (prefix, python)),
        plan::Kernel::Pick(kernel) => pick(kernel, first, &node.output, prefix),
        plan::Kernel::Fold(kernel) => fold(kernel, first, &node.output, prefix),
        plan::Kernel::Join(kernel) => {
            let right = right.ok_or("joins what is no table")?;
            join(kernel, first, right, &node.output, prefix)
        }
        plan::Kernel::Merge => {
            let second = inputs.get(1).ok_or("has a union without a second input")?;
            let arrange = first.columns.iter().map(|(name, _)| position(second, name));
            let arrange = arrange.collect::<Lowered<_>>()?;
            Ok((Kernel::Merge(arrange), (*first).clone()))
        }
        plan::Kernel::Source(_) | plan::Kernel::Table(_) => {
            Err("has a table where a step is expected".into())
        }
    }
}

pub(super) fn position(layout: &Layout, name: &str) -> Lowered<usize> {
    let found = layout.position(name);
    found.ok_or_else(|| format!("reads column `{name}`, which isn't there"))
}

fn positions<'n>(
    layout: &Layout,
    names: impl IntoIterator<Item = &'n &'n str>,
) -> Lowered<Vec<usize>> {
    names
        .into_iter()
        .map(|name| position(layout, name))
        .collect()
}

fn shape(ty: Type<'_>) -> Lowered<Shape> {
    Shape::of(ty).map_err(|error| format!("has a type that can't be run: {error}"))
}

/// The columns as the program has them.
fn layout(of: &plan::Layout<'_>) -> Lowered<Layout> {
    let columns = of
        .columns
        .iter()
        .map(|(name, ty)| Ok(((*name).into(), shape(*ty)?)));
    Ok(Layout {
        columns: columns.collect::<Lowered<_>>()?,
        keys: of.keys,
        timestamp: of.timestamp.into(),
    })
}

/// The columns of `order`, in that order, with the types of `of`.
fn retyped(order: &Layout, of: &plan::Layout<'_>) -> Lowered<Layout> {
    let columns = order.columns.iter().map(|(name, _)| {
        let column = of.columns.iter().find(|(column, _)| column == name);
        let (_, ty) = column.ok_or_else(|| format!("loses column `{name}`"))?;
        Ok((name.clone(), shape(*ty)?))
    });
    Ok(Layout {
        columns: columns.collect::<Lowered<_>>()?,
        keys: of.keys,
        timestamp: of.timestamp.into(),
    })
}

fn rows(
    steps: &[plan::RowStep<'_>],
    input: &Layout,
    output: &plan::Layout<'_>,
    (prefix, python): ([u8; 6], RunBy<'_>),
) -> Lowered<(Kernel, Layout)> {
    let mut lowered = Vec::with_capacity(steps.len());
    let mut at = input.clone();
    for (i, step) in steps.iter().enumerate() {
        let after = steps.get(i + 1).map_or(output, |next| &next.input);
        let number = u8::try_from(i).map_err(|_| "has too many steps")?;
        let [a, b, c, d, e, f] = prefix;
        let prefix = [a, b, c, d, e, f, number];
        let (doing, next) = row_step(&step.row, &step.input, (&at, after), (prefix, python))?;
        lowered.push(RowStep {
            step: doing,
            input: std::mem::replace(&mut at, next),
        });
    }
    Ok((Kernel::Rows(RowSteps(lowered)), at))
}

fn row_step(
    doing: &Doing<'_>,
    before: &plan::Layout<'_>,
    (at, after): (&Layout, &plan::Layout<'_>),
    (prefix, python): ([u8; 7], RunBy<'_>),
) -> Lowered<(Step, Layout)> {
    let (step, next) = match doing {
        Doing::Filter(condition) => {
            let condition = compile(condition, before, at, None)?;
            (Step::Plain(Plain::Filter(condition)), at.clone())
        }
        Doing::Assign(assigned) => {
            let next = layout(after)?;
            let mut exprs = Vec::with_capacity(assigned.len());
            for column in assigned {
                exprs.push(compile(&column.value, before, at, Some(column.ty))?);
            }
            let slots = next.columns.iter().map(|(name, _)| {
                let assigned = assigned.iter().rposition(|column| column.name == name);
                Ok(match assigned {
                    Some(i) => Slot::Expr(i),
                    None => Slot::Column(position(at, name)?),
                })
            });
            let slots = slots.collect::<Lowered<_>>()?;
            (Step::Plain(Plain::Assign(slots, exprs)), next)
        }
        Doing::Drop(_) => {
            let next = layout(after)?;
            let kept = next.columns.iter().map(|(name, _)| position(at, name));
            let kept = kept.collect::<Lowered<_>>()?;
            (Step::Plain(Plain::Arrange(kept)), next)
        }
        Doing::Rename(pairs) => {
            let renamed = at.columns.iter().map(|(name, _)| {
                pairs.iter().fold(
                    name.as_str(),
                    |name, (old, new)| if name == *old { new } else { name },
                )
            });
            let renamed: Vec<_> = renamed.collect();
            let next = layout(after)?;
            let from = next.columns.iter().map(|(name, _)| {
                let found = renamed.iter().position(|column| column == name);
                found.ok_or_else(|| format!("loses column `{name}`"))
            });
            let from = from.collect::<Lowered<_>>()?;
            (Step::Plain(Plain::Arrange(from)), next)
        }
        Doing::Dropnull(columns) => {
            let columns = positions(at, columns)?;
            (Step::Plain(Plain::Dropnull(columns)), retyped(at, after)?)
        }
        Doing::Explode(columns) => {
            let columns = positions(at, columns)?;
            (Step::Explode(columns), retyped(at, after)?)
        }
        Doing::Changelog { column, deletes } => {
            let mut next = at.clone();
            next.keys = 0;
            next.columns.push(((*column).into(), Shape::Bool));
            (Step::Changelog { deletes: *deletes }, next)
        }
        Doing::Transform(function) => {
            let next = layout(after)?;
            let transform = transform(function, at, &next)?;
            (Step::Plain(Plain::Transform(transform)), next)
        }
        Doing::Python(step) => {
            let next = match step.does {
                // What is kept is as it was.
                Does::Filter => at.clone(),
                Does::Assign(..) | Does::Transform(_) => layout(after)?,
            };
            let step = PythonStep::new(step, (at, &next), prefix, python)?;
            (Step::Python(step), next)
        }
    };
    Ok((step, next))
}

/// An expression over rows of these columns, behind which their event time stands.
fn compile<'a>(
    expr: &fennel_core::expr::Expr<'a>,
    before: &plan::Layout<'a>,
    at: &Layout,
    ty: Option<Type<'a>>,
) -> Lowered<Compiled> {
    let columns = at.columns.iter().map(|(name, _)| {
        let column = before.columns.iter().find(|(column, _)| column == name);
        column
            .copied()
            .ok_or_else(|| format!("loses column `{name}`"))
    });
    let mut columns = columns.collect::<Lowered<Vec<_>>>()?;
    columns.push((before.timestamp, Type::TIMESTAMP));
    Compiled::new(expr, &columns, ty).map_err(|message| message.as_str().to_owned())
}

fn transform(function: &RowFunction<'_>, at: &Layout, next: &Layout) -> Lowered<Transform> {
    let name = function.native.symbol;
    let registered =
        registry::transform(&function.native).ok_or_else(|| unlinked(&function.native))?;
    let registered_function = &registered.function;
    let (Some(Written::Record(takes)), Written::Record(makes)) =
        (registered_function.takes, registered_function.makes)
    else {
        return Err(format!("calls `{name}`, which isn't from rows to rows"));
    };
    let takes = takes.fields.iter().map(|field| {
        if field.name == at.timestamp {
            return Ok(None);
        }
        position(at, field.name).map(Some)
    });
    let made = |name: &str| {
        let found = makes.fields.iter().position(|field| field.name == name);
        found.ok_or_else(|| format!("expects `{name}` of a function that doesn't make it"))
    };
    Ok(Transform {
        call: registered.call,
        name: name.into(),
        takes: takes.collect::<Lowered<_>>()?,
        makes: next
            .columns
            .iter()
            .map(|(name, _)| made(name))
            .collect::<Lowered<_>>()?,
        keys: next.keys,
        timestamp: made(&next.timestamp)?,
    })
}

fn pick(
    kernel: &plan::Pick<'_>,
    input: &Layout,
    output: &plan::Layout<'_>,
    prefix: [u8; 6],
) -> Lowered<(Kernel, Layout)> {
    let next = match kernel.among {
        Among::All => layout(output)?,
        Among::Instant | Among::Window(_) => input.clone(),
    };
    let from = next.columns.iter().map(|(name, _)| position(input, name));
    let pick = Pick {
        prefix,
        by: positions(input, &kernel.by)?,
        among: kernel.among,
        which: kernel.which,
        columns: input.columns.len(),
        output: from.collect::<Lowered<_>>()?,
    };
    Ok((Kernel::Pick(pick), next))
}

fn fold(
    kernel: &plan::Fold<'_>,
    input: &Layout,
    output: &plan::Layout<'_>,
    prefix: [u8; 6],
) -> Lowered<(Kernel, Layout)> {
    let mut by: Vec<&str> = Vec::new();
    for name in &kernel.by {
        if !by.contains(name) {
            by.push(name);
        }
    }
    let mut sums = Sums::default();
    let functions = kernel.aggregations.iter();
    let functions = functions.map(|aggregation| sums.function(aggregation, kernel.window, input));
    let functions = functions.collect::<Lowered<_>>()?;
    // The event time itself is no column of its own.
    let along = kernel.along.filter(|along| *along != input.timestamp);
    let along = along.map(|along| position(input, along)).transpose()?;
    let aggregates = kernel
        .aggregations
        .iter()
        .map(|aggregation| aggregation.output);
    let window = kernel.window.map(|_| "window");
    let names = by
        .iter()
        .copied()
        .chain(window)
        .chain(aggregates)
        .map(str::to_owned);
    let order = Layout {
        columns: names.map(|name| (name, Shape::Bool)).collect(),
        keys: output.keys,
        timestamp: output.timestamp.into(),
    };
    let next = retyped(&order, output)?;
    let fold = Fold {
        prefix,
        by: positions(input, &by)?,
        window: kernel.window,
        reads: sums.reads,
        empty: sums.empty,
        of: sums.of,
        functions,
        along,
        keys: input.keys,
        names: next.columns.iter().map(|(name, _)| name.clone()).collect(),
        tiles: Tiles::new(),
    };
    Ok((Kernel::Fold(Arc::new(fold)), next))
}

/// What is aggregated, each once: the same over another window is another question to it.
#[derive(Default)]
struct Sums<'a> {
    /// What they are, and of which column.
    known: Vec<(Aggregate<'a>, Option<usize>)>,
    reads: Vec<usize>,
    empty: Vec<Accumulator>,
    of: Vec<Option<usize>>,
}

impl<'a> Sums<'a> {
    fn function(
        &mut self,
        aggregation: &Aggregation<'a>,
        group: Option<Window>,
        input: &Layout,
    ) -> Lowered<Function> {
        let window = aggregation
            .window
            .or(group)
            .ok_or("aggregates over no window")?;
        let column = aggregation.of.map(|of| position(input, of)).transpose()?;
        let has_default = aggregation.function.has_default();
        let what = (aggregation.function, column);
        if let Some(slot) = self.known.iter().position(|known| *known == what) {
            return Ok(Function {
                slot,
                window,
                has_default,
            });
        }
        let of = column.map(|column| {
            self.reads
                .iter()
                .position(|read| *read == column)
                .unwrap_or_else(|| {
                    self.reads.push(column);
                    self.reads.len() - 1
                })
        });
        let shape = column
            .and_then(|column| input.columns.get(column))
            .map(|(_, shape)| shape);
        let empty = aggregation
            .accumulator(shape)
            .map_err(|mismatch| mismatch.to_string())?;
        self.known.push(what);
        self.empty.push(empty);
        self.of.push(of);
        Ok(Function {
            slot: self.known.len() - 1,
            window,
            has_default,
        })
    }
}

fn join(
    kernel: &plan::Join<'_>,
    left: &Layout,
    right: &Table,
    output: &plan::Layout<'_>,
    prefix: [u8; 6],
) -> Lowered<(Kernel, Layout)> {
    let name_of = |i: &usize| right.columns.get(*i).map_or("", |column| &column.name);
    let on = right.keys.iter().map(name_of).map(|key| {
        let pair = kernel.on.iter().find(|(_, of)| *of == key);
        let (column, _) = pair.ok_or_else(|| format!("joins without the key `{key}`"))?;
        position(left, column)
    });
    let fields = kernel.fields.iter().map(|field| {
        if right
            .columns
            .get(right.timestamp)
            .is_some_and(|column| column.name == *field)
        {
            return Ok(Field::Time);
        }
        let found = right
            .values
            .iter()
            .map(name_of)
            .position(|value| value == *field);
        found
            .map(Field::Value)
            .ok_or_else(|| format!("joins the unknown column `{field}`"))
    });
    let join = Join {
        prefix,
        how: kernel.how,
        on: on.collect::<Lowered<_>>()?,
        since: kernel.since.map(|since| since.micros()),
        until: kernel.until.micros(),
        keys: left.keys,
        columns: left.columns.len(),
        fields: fields.collect::<Lowered<_>>()?,
    };
    let added = kernel
        .fields
        .iter()
        .map(|field| ((*field).to_owned(), Shape::Bool));
    let order = Layout {
        columns: left.columns.iter().cloned().chain(added).collect(),
        keys: left.keys,
        timestamp: left.timestamp.clone(),
    };
    let next = retyped(&order, output)?;
    Ok((Kernel::Join(join), next))
}
