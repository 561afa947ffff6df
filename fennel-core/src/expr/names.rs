//! The names that an expression reads.

use std::collections::BTreeSet;

use super::Expr;

impl<'a> Expr<'a> {
    /// The columns or features that it reads, by name and each once.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&'a str> {
        let mut names = BTreeSet::new();
        self.visit(&mut names);
        names
    }

    fn visit(&self, names: &mut BTreeSet<&'a str>) {
        match self {
            Expr::Name(name) => {
                names.insert(name);
            }
            Expr::Variable(_) | Expr::Literal(_) | Expr::Type(_) => {}
            Expr::Unary(_, inner)
            | Expr::Named(_, inner)
            | Expr::Closure(_, inner)
            | Expr::Field(inner, _)
            | Expr::Cast(inner, _)
            | Expr::Shared(inner) => inner.visit(names),
            Expr::Binary(_, left, right) => {
                left.visit(names);
                right.visit(names);
            }
            Expr::If(branches, otherwise) => {
                for branch in *branches {
                    branch.condition.visit(names);
                    branch.value.visit(names);
                }
                if let Some(otherwise) = otherwise {
                    otherwise.visit(names);
                }
            }
            Expr::Call(_, args) => args.iter().for_each(|arg| arg.visit(names)),
            Expr::Record(_, fields) | Expr::Zip(_, fields) => {
                fields.iter().for_each(|field| field.value.visit(names));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Binary, Branch};

    #[test]
    fn every_part_is_read_and_each_name_is_told_once() {
        let (a, b, x) = (Expr::Name("a"), Expr::Name("b"), Expr::Variable("x"));
        let sum = Expr::Binary(Binary::Add, &x, &b);
        let closure = Expr::Closure("x", &sum);
        let mapped = [a, closure];
        let branches = [Branch {
            condition: Expr::Name("c"),
            value: Expr::Call("map", &mapped),
        }];
        let choice = Expr::If(&branches, Some(&a));
        assert_eq!(
            choice.names().into_iter().collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
    }
}
