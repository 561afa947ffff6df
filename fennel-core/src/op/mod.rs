//! The operators of pipelines.
//!
//! A file holds one operator: the method that users chain, with its docs, what it does to the
//! columns, its wire form, what it lowers to and its tests. Adding one is a file and a line in the table below, as long as
//! it comes to a kernel that there is.

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
use crate::wire::Decoded;
use crate::wire::proto::dataset::{self as proto, operator::Kind};

/// The rows of an operator's second input, and the dataset they are where nothing was done to them.
pub(crate) type Other<'s, 'a> = (&'s Schema<'a>, Option<&'a str>);

/// The operators that another one works on, by the ids of messages: none, its one input, or both.
pub(crate) type Operands<'m> = [Option<&'m str>; 2];

/// The message of an operator, as its file reads it.
pub(crate) trait Received {
    /// What it works on.
    fn operands(&self) -> Decoded<Operands<'_>>;

    /// How many columns or aggregates it lists.
    fn size(&self) -> usize {
        0
    }

    /// The operator.
    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>>;
}

/// The table of operators: variant, the name of its method, and the messages that its file reads.
macro_rules! operators {
    ($($(#[$doc:meta])* $variant:ident $name:literal [$($message:ident),*],)*) => {
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

            /// Whether it works on the rows of two steps.
            #[must_use]
            pub const fn takes_two(&self) -> bool {
                match self {
                    Operator::Input(_) => false,
                    $(Operator::$variant(_) => $variant::TAKES_TWO,)*
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

        /// The message of an operator.
        pub(crate) fn received(kind: &Kind) -> &dyn Received {
            match kind {
                Kind::DatasetRef(message) => message,
                $($(Kind::$message(message) => message,)*)*
            }
        }
    };
}

operators! {
    /// Keeps rows for which an expression holds.
    Filter "filter" [FilterExpr],
    /// Adds and replaces columns.
    Assign "assign" [AssignExpr],
    /// Makes each row another one.
    Transform "transform" [Transform],
    /// Does something to each row by a Python function.
    Python "python" [Filter, Assign],
    /// Keeps some columns.
    Select "select" [],
    /// Removes columns.
    Drop "drop" [Drop],
    /// Removes rows with nulls.
    Dropnull "dropnull" [Dropnull],
    /// Renames columns.
    Rename "rename" [Rename],
    /// Makes a row of each element of a list.
    Explode "explode" [Explode],
    /// Removes rows that are there already.
    Dedup "dedup" [Dedup],
    /// Adds the columns of a keyed dataset.
    Join "join" [Join],
    /// Takes the rows of both inputs.
    Union "union" [Union],
    /// Keeps the first row of each group.
    First "first" [First],
    /// Keeps the latest row of each group.
    Latest "latest" [Latest],
    /// Computes aggregates of each group.
    Aggregate "aggregate" [Aggregate, Window],
    /// Makes a stream of the changes of a table.
    Changelog "changelog" [Changelog],
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

impl Received for proto::DatasetRef {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([None, None])
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let dataset = &self.referring_dataset_name;
        Ok(Operator::Input(reader.arena().text(dataset)))
    }
}
