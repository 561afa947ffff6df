//! The operators of pipelines.
//!
//! A file holds one operator: the method that users chain, with its docs, what it does to the
//! columns, its wire form and its tests. Adding one is a file and a line in the table below.

mod aggregate;
mod args;
mod assign;
mod changelog;
mod dedup;
mod drop;
mod dropnull;
mod explode;
mod filter;
mod first;
mod group_by;
mod join;
mod latest;
mod python;
mod rename;
mod select;
mod transform;
mod union;

pub use aggregate::{Aggregate, Emit};
pub(crate) use args::no_name;
pub use args::{Args, Columns};
pub use assign::Assign;
pub use changelog::Changelog;
pub use dedup::Dedup;
pub use drop::Drop;
pub use dropnull::Dropnull;
pub use explode::Explode;
pub use filter::Filter;
pub use first::First;
pub use group_by::Grouped;
pub use join::{How, Join};
pub use latest::Latest;
pub use python::{Does, Python};
pub use rename::Rename;
pub use select::Select;
pub use transform::{RowFunction, Transform, Transforms};
pub use union::Union;

use crate::expr::wire::Reader;
use crate::flow::Mistakes;
use crate::kernel::Kernel;
use crate::message::Message;
use crate::schema::Schema;
use crate::wire::proto::dataset::{self as proto, operator::Kind};
use crate::wire::proto::pycode::PyCode;
use crate::wire::{Arena, Part};

/// The rows of an operator's second input, and the dataset they are where nothing was done to them.
pub(crate) type Other<'s, 'a> = (&'s Schema<'a>, Option<&'a str>);

/// The table of operators: variant, and the name of its method.
macro_rules! operators {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// What a step of a pipeline does.
        #[derive(Clone, Copy, Debug)]
        pub enum Operator<'a> {
            /// Takes the rows of a dataset.
            Input(&'a str),
            $($(#[$doc])* $variant($variant<'a>),)*
        }

        impl<'a> Operator<'a> {
            /// The name of its method; an input's is its dataset's.
            #[must_use]
            pub const fn name(&self) -> &'a str {
                match self {
                    Operator::Input(dataset) => dataset,
                    $(Operator::$variant(_) => $name,)*
                }
            }

            /// What it makes of the columns; what is wrong is noted.
            pub(crate) const fn apply(
                &self,
                schema: &mut Schema<'a>,
                other: Option<Other<'_, 'a>>,
                site: u32,
                mistakes: &mut Mistakes,
            ) {
                if schema.is_terminal() && !matches!(self, Operator::Input(_)) {
                    mistakes.push(site, after_terminal(schema));
                    schema.reopen();
                }
                match self {
                    Operator::Input(_) => {}
                    $(Operator::$variant(operator) => operator.apply(schema, other, site, mistakes),)*
                }
                schema.settle();
            }

            /// The call that writes it, where `right` are the rows of its second input.
            #[must_use]
            pub fn call(&self, right: &str) -> String {
                match self {
                    Operator::Input(dataset) => (*dataset).into(),
                    $(Operator::$variant(operator) => operator.call(right),)*
                }
            }

            /// The kernel that it comes to, on rows of these columns and of those of its second
            /// input.
            pub(crate) fn lower(&self, before: &Schema<'a>, right: &Schema<'a>) -> Kernel<'a> {
                match self {
                    Operator::Input(dataset) => Kernel::Table(dataset),
                    $(Operator::$variant(operator) => operator.lower(before, right),)*
                }
            }

            /// Its wire form, on rows of these columns; `None` where it does nothing.
            pub(crate) fn encode(&self, schema: &Schema<'a>, operands: [&str; 2]) -> Option<Kind> {
                match self {
                    Operator::Input(_) => None,
                    $(Operator::$variant(operator) => operator.encode(schema, operands),)*
                }
            }
        }
    };
}

operators! {
    /// Keeps rows for which an expression holds.
    Filter "filter",
    /// Adds and replaces columns.
    Assign "assign",
    /// Makes each row another one.
    Transform "transform",
    /// Does something to each row by a Python function.
    Python "python",
    /// Keeps some columns.
    Select "select",
    /// Removes columns.
    Drop "drop",
    /// Removes rows with nulls.
    Dropnull "dropnull",
    /// Renames columns.
    Rename "rename",
    /// Makes a row of each element of a list.
    Explode "explode",
    /// Removes rows that are there already.
    Dedup "dedup",
    /// Adds the columns of a keyed dataset.
    Join "join",
    /// Takes the rows of both inputs.
    Union "union",
    /// Keeps the first row of each group.
    First "first",
    /// Keeps the latest row of each group.
    Latest "latest",
    /// Computes aggregates of each group.
    Aggregate "aggregate",
    /// Makes a stream of the changes of a table.
    Changelog "changelog",
}

const fn after_terminal(schema: &Schema<'_>) -> Message {
    Message::new(if schema.decays() {
        "nothing can follow a decaying sum: it is computed when it is read"
    } else {
        "nothing can follow an aggregate over continuous windows: it is computed when it is read; write `emit = \"final\"`, or use windows that end"
    })
}

/// Notes that the rows have keys, where `what` needs that they have none.
pub(crate) const fn keyless(
    what: &str,
    schema: &mut Schema<'_>,
    site: u32,
    mistakes: &mut Mistakes,
) {
    if schema.keys() > 0 {
        if !schema.is_open() {
            let message =
                Message::new(what).text(" needs rows without a key, and these have the key ");
            mistakes.push(site, schema.list(0, schema.keys(), message));
        }
        schema.spoil();
    }
}

impl<'a> Operator<'a> {
    /// Whether it works on the rows of two steps.
    #[must_use]
    pub const fn takes_two(&self) -> bool {
        matches!(self, Operator::Join(_) | Operator::Union(_))
    }

    /// The operator of a message.
    pub(crate) fn decode(kind: &Kind, reader: &mut Reader<'a>) -> Part<Self> {
        let arena = reader.arena();
        match kind {
            Kind::FilterExpr(message) => Filter::decode(message, reader),
            Kind::AssignExpr(message) => Assign::decode(message, reader),
            Kind::Drop(message) => Drop::decode(message, arena),
            Kind::Dropnull(message) => Dropnull::decode(message, arena),
            Kind::Rename(message) => Rename::decode(message, arena),
            Kind::Explode(message) => Explode::decode(message, arena),
            Kind::Dedup(message) => Dedup::decode(message, arena),
            Kind::Join(message) => Join::decode(message, arena),
            Kind::Union(_) => Ok(Union::operator()),
            Kind::First(message) => First::decode(message, arena),
            Kind::Latest(message) => Latest::decode(message, arena),
            Kind::Aggregate(message) => Aggregate::decode(Some(message), None, arena),
            Kind::Window(message) => Aggregate::decode(None, Some(message), arena),
            Kind::Changelog(message) => Changelog::decode(message, arena),
            Kind::DatasetRef(message) => {
                Ok(Operator::Input(arena.text(&message.referring_dataset_name)))
            }
            Kind::Filter(message) => Python::decode_filter(message, arena),
            Kind::Assign(message) => Python::decode_assign(message, arena),
            Kind::Transform(message) if is_native(message.pycode.as_ref()) => {
                Transform::decode(message, arena)
            }
            Kind::Transform(message) => Python::decode_transform(message, arena),
        }
    }

    /// The aggregates of a group with a window, from the two operators that they make.
    pub(crate) fn decode_window(
        aggregate: Option<&proto::Aggregate>,
        window: &proto::WindowOperatorKind,
        arena: Arena<'a>,
    ) -> Part<Self> {
        Aggregate::decode(aggregate, Some(window), arena)
    }
}

/// Whether a step calls a Rust function.
fn is_native(code: Option<&PyCode>) -> bool {
    code.is_some_and(crate::wire::is_native)
}
