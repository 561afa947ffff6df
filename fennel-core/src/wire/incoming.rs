//! Expressions of sources on the wire.
//!
//! Each travels with the columns that it uses and the dataset has not; a source has them all in one
//! list.

use crate::entity::{Dataset, PreprocValue, Python, Source};
use crate::expr::{Expr, wire};
use crate::ty::RecordField;
use crate::wire::proto::connector::{self, Eval, eval::EvalType};
use crate::wire::proto::{expression, schema};
use crate::wire::{Arena, Decoded, python, types};

pub(super) fn expr(
    dataset: &Dataset<'_>,
    source: &Source<'_>,
    expr: &Expr<'_>,
) -> expression::Expr {
    wire::encode(expr, &source.scope(dataset))
}

/// The added columns that an expression uses, if it uses any.
pub(super) fn schema(source: &Source<'_>, expr: &Expr<'_>) -> Option<schema::Schema> {
    let names = expr.names();
    let used = source.columns.iter();
    let used = used.filter(|column| names.contains(column.name));
    let fields: Vec<_> = used
        .map(|column| types::encode_field(column.name, &column.ty))
        .collect();
    (!fields.is_empty()).then_some(schema::Schema { fields })
}

pub(super) fn eval(dataset: &Dataset<'_>, source: &Source<'_>, computed: &Expr<'_>) -> Eval {
    Eval {
        schema: schema(source, computed),
        eval_type: Some(EvalType::Expr(expr(dataset, source, computed))),
    }
}

/// All the added columns, which a Python function sees, if there are any.
pub(super) fn added(source: &Source<'_>) -> Option<schema::Schema> {
    let fields = source.columns.iter();
    let fields: Vec<_> = fields
        .map(|column| types::encode_field(column.name, &column.ty))
        .collect();
    (!fields.is_empty()).then_some(schema::Schema { fields })
}

pub(super) fn python(source: &Source<'_>, function: &Python<'_>) -> Eval {
    Eval {
        schema: added(source),
        eval_type: Some(EvalType::Pycode(python::encode(function))),
    }
}

/// What a preproc value is computed by.
pub(super) fn decode_eval<'a>(arena: Arena<'a>, eval: &Eval) -> Decoded<PreprocValue<'a>> {
    match &eval.eval_type {
        Some(EvalType::Expr(expr)) => {
            let expr = wire::Reader::new(arena).expr(Some(expr));
            expr.map(PreprocValue::Expr)
        }
        Some(EvalType::Pycode(code)) => python::decode(arena, code).map(PreprocValue::Python),
        None => Err("a preproc value is empty".into()),
    }
}

/// All the columns that a source's expressions add.
pub(super) fn columns<'a>(
    arena: Arena<'a>,
    source: &connector::Source,
) -> Decoded<&'a [RecordField<'a>]> {
    use connector::pre_proc_value::Variant;

    let evals = source.pre_proc.values();
    let evals = evals.filter_map(|value| match &value.variant {
        Some(Variant::Eval(eval)) => eval.schema.as_ref(),
        _ => None,
    });
    let mut columns: Vec<RecordField<'a>> = Vec::new();
    for field in evals
        .chain(&source.filter_schema)
        .flat_map(|schema| &schema.fields)
    {
        let ty = types::decode(arena, field.dtype.as_ref())?;
        let known = columns.iter().find(|column| column.name == field.name);
        match known {
            Some(known) if known.ty.is(&ty) => {}
            Some(known) => {
                return Err(format!(
                    "its expressions have `{}` as {} and as {ty}",
                    field.name, known.ty
                ));
            }
            None => columns.push(RecordField {
                name: arena.text(&field.name),
                ty,
            }),
        }
    }
    Ok(arena.slice(&columns))
}
