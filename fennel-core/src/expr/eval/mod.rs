//! Expressions evaluated over columns.
//!
//! [`Compiled`] is made once: it is typed, its constants are folded, and each of its nodes is one
//! kernel that works on whole columns. A row that fails (a text that can't be read, a null where the
//! type has none) is null in the result and listed beside it; no other row notices. The branches of
//! an `if` see the rows that take them alone.

mod compile;
mod convert;
mod finish;
mod frame;
mod inputs;
mod node;
mod record;
mod room;

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_select::concat::concat;

pub(crate) use compile::{Compiler, Operand, call, closure, coerced, lists, null, shape};
pub(crate) use frame::{Column, Failures, Frame, position, taken};
pub(crate) use inputs::{Inputs, binary, order};
pub(crate) use node::Node;
pub(crate) use room::bytes;

use super::{Expr, Names, Scope};
use crate::message::Message;
use crate::time::Timestamp;
use crate::ty::Computed;
use crate::value::Shape;

/// About the bytes of values that are evaluated at once where the caller wants all.
const WHOLE_BYTES: usize = 1 << 30;

/// An expression made ready to run over batches of rows.
///
/// ```
/// use fennel_core::column;
/// use fennel_core::expr::eval::{Batch, Compiled, Now};
/// use fennel_core::expr::{Binary, Expr};
/// use fennel_core::literal::Literal;
/// use fennel_core::time::Timestamp;
/// use fennel_core::ty::Computed;
/// use fennel_core::value::{Shape, Value};
///
/// // 60 for each of so many.
/// let expr = Expr::Binary(
///     Binary::FloorDiv,
///     &Expr::Literal(Literal::Int(60)),
///     &Expr::Name("count"),
/// );
/// let share = Compiled::new(&expr, &[("count", Computed::INT)], None).unwrap();
///
/// let counts = column::array(&Shape::Int, [Value::Int(7), Value::Int(0)].iter());
/// let shares = share.evaluate(&Batch {
///     rows: 2,
///     columns: &[counts],
///     now: Now::Instant(Timestamp::parse("2024-02-03").unwrap()),
/// });
/// assert_eq!(column::value(share.shape(), &shares.values, 0), Value::Int(8));
/// assert_eq!(shares.failures[0].row, 1);
/// assert_eq!(shares.failures[0].reason, "expected a whole number, found null");
/// ```
#[derive(Debug)]
pub struct Compiled {
    node: Node,
    finish: finish::Finish,
    columns: Vec<usize>,
}

/// The rows that an expression is evaluated over.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'b> {
    /// How many rows there are.
    pub rows: usize,
    /// The columns that are read, as [`Compiled::columns`] lists them, each as
    /// [`column::array`](crate::column::array) makes it.
    pub columns: &'b [ArrayRef],
    /// What `now()` is.
    pub now: Now<'b>,
}

/// What `now()` is in a batch.
#[derive(Clone, Copy, Debug)]
pub enum Now<'b> {
    /// One instant in all rows.
    Instant(Timestamp),
    /// An instant for each row, as a column of `DateTime<Utc>`.
    Column(&'b ArrayRef),
}

/// What an expression came to.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// A value for each row, of the type [`Compiled::shape`]; null in rows that failed.
    pub values: ArrayRef,
    /// The rows that failed, in their order, each once.
    pub failures: Vec<Failure>,
}

/// A row for which there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The row's position in the batch.
    pub row: usize,
    /// Why, as a clause.
    pub reason: String,
}

impl Compiled {
    /// Makes an expression ready to run over batches with these columns. Its result is brought to
    /// `ty` as an assignment does it; without one, to the type that the expression declares or has.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression, or why it can't be a `ty`.
    pub fn new<'a>(
        expr: &Expr<'a>,
        columns: &[(&'a str, Computed<'a>)],
        ty: Option<Computed<'a>>,
    ) -> Result<Compiled, Message> {
        let scope = Scope::new(Names::Columns(columns));
        let declared = expr.declared_in(&scope).map_err(|fault| fault.message)?;
        let to = ty.unwrap_or(declared);
        if !declared.can_be(&to) {
            let message = Message::new("this is ").computed(&declared);
            return Err(message.text(", which can't become ").computed(&to));
        }
        let mut compiler = Compiler::new(columns);
        let operand = compiler.compile(&expr.undeclared(), &scope)?;
        let node = coerced(operand, to)?;
        Ok(Compiled {
            node,
            finish: finish::Finish::new(compile::shape(to)?),
            columns: compiler.into_columns(),
        })
    }

    /// The type of the result.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        self.finish.shape()
    }

    /// Which of the columns are read, each once: what a [`Batch`] has.
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Evaluates the expression for each row. Rows behind those whose values come to 1 GiB fail.
    ///
    /// # Panics
    ///
    /// If a column that is read is missing, of another type, or not as long as the batch, or if texts that are made of the
    /// batch take more than 2 GiB.
    #[must_use]
    pub fn evaluate(&self, batch: &Batch<'_>) -> Evaluated {
        let first = self.evaluate_from(batch, 0);
        if first.values.len() == batch.rows {
            return first;
        }
        let (mut failures, mut parts) = (first.failures, vec![first.values]);
        let (mut done, mut all) = (0, 0);
        while let Some(last) = parts.last() {
            done += last.len();
            all += bytes(last, 0, last.len());
            if done == batch.rows {
                break;
            }
            if all > WHOLE_BYTES {
                failures.extend((done..batch.rows).map(|row| Failure {
                    row,
                    reason: "the rows before it come to all that memory should hold at once: ask for fewer".into(),
                }));
                parts.push(new_null_array(last.data_type(), batch.rows - done));
                break;
            }
            let part = self.evaluate_from(batch, done);
            failures.extend(part.failures.into_iter().map(|failure| Failure {
                row: failure.row + done,
                ..failure
            }));
            parts.push(part.values);
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Evaluated {
            values: concat(&parts).expect("parts are of one type, and bounded together"),
            failures,
        }
    }

    /// Evaluates the expression for the rows from `from` on, as far as they come to no more than memory should hold at
    /// once: for one at least, if there is any. There is a value for each row that it did, and the positions of those that
    /// failed are counted from `from`.
    ///
    /// # Panics
    ///
    /// As [`evaluate`](Self::evaluate).
    #[must_use]
    pub fn evaluate_from(&self, batch: &Batch<'_>, from: usize) -> Evaluated {
        let mut rows = batch.rows.saturating_sub(from);
        loop {
            match self.evaluate_some(batch, from, rows) {
                Some(evaluated) => return evaluated,
                None => rows = rows.div_ceil(2),
            }
        }
    }

    /// Evaluates it for so many rows from `from` on, unless they come to too much; one never does.
    fn evaluate_some(&self, batch: &Batch<'_>, from: usize, rows: usize) -> Option<Evaluated> {
        let failed = frame::Failed::of(rows);
        let all = Frame::new(batch, &failed);
        let some =
            (rows < batch.rows).then(|| all.pick((from..from + rows).map(position).collect()));
        let frame = some.as_ref().unwrap_or(&all);
        let values = self.node.run(frame);
        let copied = match values.constant {
            true => bytes(&values.array, 0, 1).saturating_mul(rows),
            false => 0,
        };
        if failed.room.is_full_with(copied) {
            return None;
        }
        let values = values.expand(rows);
        self.finish.check(&values, |row| from + row, &failed);
        let failures = failed.into_list().into_iter().map(|failure| Failure {
            row: failure.row - from,
            ..failure
        });
        let failures: Vec<Failure> = failures.collect();
        Some(Evaluated {
            values: finish::without(values, &failures),
            failures,
        })
    }
}
