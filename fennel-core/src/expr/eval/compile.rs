//! From expressions to nodes.

use arrow_array::{ArrayRef, new_null_array};
use arrow_schema::DataType;

use super::convert::convert;
use super::frame::{Failures, Frame};
use super::node::{Kernel, ListKernel};
use super::record::field;
use super::{Inputs, Node};
use crate::column::{array, data_type};
use crate::expr::{Branch, Expr, Scope, function};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Computed;
use crate::value::{Shape, Value};

/// Makes nodes of an expression's parts, and remembers the columns that they read.
pub(crate) struct Compiler<'s, 'a> {
    columns: &'s [(&'a str, Computed<'a>)],
    read: Vec<usize>,
}

/// A part of an expression, with its type.
pub(crate) struct Operand<'a> {
    pub(crate) node: Node,
    pub(crate) ty: Computed<'a>,
}

impl<'s, 'a> Compiler<'s, 'a> {
    pub(super) fn new(columns: &'s [(&'a str, Computed<'a>)]) -> Self {
        Compiler {
            columns,
            read: Vec::new(),
        }
    }

    /// Which columns are read.
    pub(super) fn into_columns(self) -> Vec<usize> {
        self.read
    }

    /// The node of an expression that is typed in `scope`.
    pub(crate) fn compile(
        &mut self,
        expr: &Expr<'a>,
        scope: &Scope<'_, 'a>,
    ) -> Result<Operand<'a>, Message> {
        let ty = expr.typed(scope).map_err(|fault| fault.message)?;
        let node = match expr {
            Expr::Name(name) => self.column(name)?,
            Expr::Variable(_) => Node::Variable,
            Expr::Literal(literal) | Expr::Cast(Expr::Literal(literal), _) => {
                constant(literal, ty)?
            }
            Expr::Shared(inner) => self.compile(inner, scope)?.node,
            Expr::Unary(op, operand) => {
                let operand = self.compile(operand, scope)?;
                op.compile(operand, ty)?
            }
            Expr::Binary(op, left, right) => {
                let left = self.compile(left, scope)?;
                let right = self.compile(right, scope)?;
                op.compile(left, right, ty)?
            }
            Expr::If(branches, otherwise) => self.choice(branches, *otherwise, ty, scope)?,
            Expr::Call(name, args) => function::compile(name, args, ty, scope, self)?,
            Expr::Field(operand, name) => {
                let operand = self.compile(operand, scope)?;
                field(operand, name)?
            }
            Expr::Record(record, fields) => self.record(record, fields, scope)?,
            Expr::Zip(record, fields) => self.zip(record, fields, scope)?,
            Expr::Cast(..) | Expr::Named(..) | Expr::Closure(..) | Expr::Type(_) => {
                return Err(Message::new("this is no part of an expression"));
            }
        };
        Ok(Operand { node, ty })
    }

    fn column(&mut self, name: &str) -> Result<Node, Message> {
        let at = self.columns.iter().position(|(known, _)| *known == name);
        let at = at.ok_or_else(|| Message::new("there is no column ").name(name))?;
        let known = self.read.iter().position(|read| *read == at);
        Ok(Node::Column(known.unwrap_or_else(|| {
            self.read.push(at);
            self.read.len() - 1
        })))
    }

    /// `if`: values of one type, chosen by conditions.
    fn choice(
        &mut self,
        branches: &[Branch<'a>],
        otherwise: Option<&Expr<'a>>,
        ty: Computed<'a>,
        scope: &Scope<'_, 'a>,
    ) -> Result<Node, Message> {
        let branches = branches.iter().map(|branch| {
            let condition = self.compile(&branch.condition, scope)?;
            let condition = coerced(condition, Computed::BOOL)?;
            let value = self.compile(&branch.value, scope)?;
            Ok((condition, coerced(value, ty)?))
        });
        let branches = branches.collect::<Result<Vec<_>, Message>>()?;
        let otherwise = match otherwise {
            Some(otherwise) => self.compile(otherwise, scope)?,
            None => null(),
        };
        let otherwise = coerced(otherwise, ty)?;
        Ok(Node::If(branches, Box::new(otherwise)).folded())
    }
}

/// Null as a part of an expression.
pub(crate) fn null<'a>() -> Operand<'a> {
    Operand {
        node: Node::Constant(new_null_array(&data_type(&Shape::Bool), 1)),
        ty: Computed::NULL,
    }
}

/// A node brought to a type that its own can become.
pub(crate) fn coerced(operand: Operand<'_>, to: Computed<'_>) -> Result<Node, Message> {
    let to = shape(to)?;
    if operand.ty.is_null() {
        return Ok(Node::Constant(new_null_array(&data_type(&to), 1)));
    }
    let from = shape(operand.ty)?;
    if data_type(&from) == data_type(&to) {
        return Ok(operand.node);
    }
    Ok(call([operand.node], move |inputs, _| {
        convert(&inputs.column(0).array, &from, &to)
    }))
}

/// A kernel over the nodes, of which there is at least one.
pub(crate) fn call(
    nodes: impl IntoIterator<Item = Node>,
    kernel: impl Fn(&Inputs<'_>, &mut Failures) -> ArrayRef + Send + Sync + 'static,
) -> Node {
    let kernel: Kernel = Box::new(kernel);
    Node::Call(kernel, nodes.into_iter().collect()).folded()
}

/// A kernel that makes lists, over the nodes, of which there is at least one.
pub(crate) fn lists(
    nodes: impl IntoIterator<Item = Node>,
    kernel: impl Fn(&Inputs<'_>, &Frame<'_>, &mut Failures) -> ArrayRef + Send + Sync + 'static,
) -> Node {
    let kernel: ListKernel = Box::new(kernel);
    Node::Lists(kernel, nodes.into_iter().collect()).folded()
}

/// The elements that a closure makes of a list's, or those that it keeps.
pub(crate) fn closure(list: Node, body: Node, element: DataType, filter: bool) -> Node {
    Node::Closure {
        list: Box::new(list),
        body: Box::new(body),
        element,
        filter,
    }
    .folded()
}

fn constant(literal: &Literal<'_>, ty: Computed<'_>) -> Result<Node, Message> {
    let shape = shape(ty)?;
    let value = if let Literal::Null = literal {
        Value::Null
    } else {
        let value = shape.accept(literal.to_value());
        value.map_err(|mismatch| Message::new(&mismatch.to_string()))?
    };
    Ok(Node::Constant(array(&shape, std::iter::once(&value))))
}

/// The run-time form of a type.
pub(crate) fn shape(ty: Computed<'_>) -> Result<Shape, Message> {
    Shape::of(ty).map_err(|error| Message::new(&error.to_string()))
}
