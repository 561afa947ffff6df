//! Expressions as Rust writes them, with the fewest brackets that keep the meaning.

use core::fmt::{self, Display, Formatter, Write as _};

use super::{Binary, Expr, FieldExpr, function};
use crate::literal::Literal;
use crate::message::Message;
use crate::ty::Type;

/// How tightly an expression holds together, the loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Loose,
    Or,
    And,
    Compare,
    Sum,
    Product,
    Cast,
    Unary,
    Postfix,
}

impl Binary {
    const fn level(self) -> Level {
        match self {
            Binary::Or => Level::Or,
            Binary::And => Level::And,
            Binary::Eq | Binary::Ne | Binary::Gt | Binary::Ge | Binary::Lt | Binary::Le => {
                Level::Compare
            }
            Binary::Add | Binary::Sub => Level::Sum,
            Binary::Mul | Binary::Div | Binary::Rem => Level::Product,
            Binary::FloorDiv => Level::Postfix,
        }
    }

    /// How tight the operands on both sides must be to stand without brackets.
    const fn sides(self) -> (Level, Level) {
        match self.level() {
            // In which order these are grouped makes no difference.
            Level::Or => (Level::Or, Level::Or),
            Level::And => (Level::And, Level::And),
            Level::Compare => (Level::Sum, Level::Sum),
            Level::Sum => (Level::Sum, Level::Product),
            Level::Product => (Level::Product, Level::Cast),
            _ => (Level::Postfix, Level::Loose),
        }
    }
}

impl Expr<'_> {
    fn level(&self) -> Level {
        match self {
            Expr::If(..) | Expr::Closure(..) | Expr::Named(..) => Level::Loose,
            Expr::Binary(op, ..) => op.level(),
            Expr::Shared(inner) => inner.level(),
            Expr::Cast(..) => Level::Cast,
            Expr::Unary(..) => Level::Unary,
            Expr::Literal(Literal::Int(int)) if *int < 0 => Level::Unary,
            Expr::Literal(Literal::Float(float)) if float.is_sign_negative() => Level::Unary,
            _ => Level::Postfix,
        }
    }

    /// Whether its last token is a type, which `<` would go on with.
    fn ends_with_type(&self) -> bool {
        match self {
            Expr::Shared(inner) => inner.ends_with_type(),
            Expr::Cast(..) => true,
            Expr::Binary(Binary::FloorDiv, ..) => false,
            Expr::Binary(op, _, right) => right.level() >= op.sides().1 && right.ends_with_type(),
            Expr::Unary(_, operand) => operand.level() >= Level::Unary && operand.ends_with_type(),
            _ => false,
        }
    }
}

impl Display for Expr<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

impl Expr<'_> {
    /// Writes it, in brackets if it is looser than its place allows.
    fn write_at(&self, f: &mut Formatter<'_>, least: Level, condition: bool) -> fmt::Result {
        if self.level() < least {
            return self.write_in_brackets(f);
        }
        self.write(f, condition)
    }

    fn write_in_brackets(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('(')?;
        self.write(f, false)?;
        f.write_char(')')
    }

    /// Writes it. In a `condition`, braces would begin the branch, so a record stands in brackets.
    fn write(&self, f: &mut Formatter<'_>, condition: bool) -> fmt::Result {
        match self {
            Expr::Name(name) | Expr::Variable(name) => write!(f, "{}", Name(name)),
            Expr::Shared(inner) => inner.write(f, condition),
            Expr::Literal(literal) => write_literal(f, literal, None),
            Expr::Type(ty) => write_type(f, ty),
            Expr::Unary(op, operand) => {
                f.write_str(op.text())?;
                operand.write_at(f, Level::Unary, condition)
            }
            Expr::Binary(Binary::FloorDiv, left, right) => {
                left.write_at(f, Level::Postfix, condition)?;
                f.write_str(".floor_div(")?;
                right.write(f, false)?;
                f.write_char(')')
            }
            Expr::Binary(op, left, right) => {
                let (least_left, least_right) = op.sides();
                if matches!(op, Binary::Lt) && left.ends_with_type() {
                    left.write_in_brackets(f)?;
                } else {
                    left.write_at(f, least_left, condition)?;
                }
                write!(f, " {} ", op.text())?;
                right.write_at(f, least_right, condition)
            }
            Expr::If(branches, otherwise) => {
                for (i, branch) in branches.iter().enumerate() {
                    f.write_str(if i == 0 { "if " } else { " else if " })?;
                    branch.condition.write_at(f, Level::Or, true)?;
                    write!(f, " {{ {} }}", branch.value)?;
                }
                match otherwise {
                    Some(otherwise) => write!(f, " else {{ {otherwise} }}"),
                    None => Ok(()),
                }
            }
            Expr::Call(name, args) => write_call(f, name, args, condition),
            Expr::Named(name, value) => write!(f, "{} = {value}", Name(name)),
            Expr::Closure(variable, body) => write!(f, "|{}| {body}", Name(variable)),
            Expr::Field(operand, name) => {
                operand.write_at(f, Level::Postfix, condition)?;
                write!(f, ".{}", Name(name))
            }
            Expr::Record(..) if condition => self.write_in_brackets(f),
            Expr::Record(ty, fields) => {
                write_type(f, ty)?;
                f.write_str(" { ")?;
                write_fields(f, fields, ": ")?;
                f.write_str(" }")
            }
            Expr::Zip(ty, fields) => {
                write_type(f, ty)?;
                f.write_str("::zip(")?;
                write_fields(f, fields, " = ")?;
                f.write_char(')')
            }
            Expr::Cast(Expr::Literal(literal), ty) => {
                if condition && matches!(literal, Literal::Object(_)) {
                    return self.write_in_brackets(f);
                }
                write_literal(f, literal, Some(ty))?;
                f.write_str(" as ")?;
                write_type(f, ty)
            }
            Expr::Cast(inner, ty) => {
                inner.write_at(f, Level::Cast, condition)?;
                f.write_str(" as ")?;
                write_type(f, ty)
            }
        }
    }
}

fn write_call(
    f: &mut Formatter<'_>,
    name: &str,
    args: &[Expr<'_>],
    condition: bool,
) -> fmt::Result {
    let rest = match args {
        [list, index] if name == "at" && !matches!(index, Expr::Named(..)) => {
            list.write_at(f, Level::Postfix, condition)?;
            return write!(f, "[{index}]");
        }
        [operand, rest @ ..] if function::is_method(name) => {
            operand.write_at(f, Level::Postfix, condition)?;
            write!(f, ".{name}")?;
            rest
        }
        _ => {
            f.write_str(name)?;
            args
        }
    };
    if let [ty @ Expr::Type(_)] = rest {
        return write!(f, "::<{ty}>()");
    }
    f.write_char('(')?;
    for (i, argument) in rest.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        argument.write(f, false)?;
    }
    f.write_char(')')
}

fn write_fields(f: &mut Formatter<'_>, fields: &[FieldExpr<'_>], is: &str) -> fmt::Result {
    for (i, field) in fields.iter().enumerate() {
        let separator = if i == 0 { "" } else { ", " };
        write!(f, "{separator}{}{is}{}", Name(field.name), field.value)?;
    }
    Ok(())
}

/// A constant, which a type may say more about.
fn write_literal(
    f: &mut Formatter<'_>,
    literal: &Literal<'_>,
    ty: Option<&Type<'_>>,
) -> fmt::Result {
    let ty = ty.map(Type::required);
    let element = match &ty {
        Some(Type::List(element) | Type::Map(element)) => Some(*element),
        _ => None,
    };
    match literal {
        Literal::Null => f.write_str("None"),
        Literal::Bool(bool) => write!(f, "{bool}"),
        Literal::Int(int) => write!(f, "{int}"),
        Literal::Float(float) if float.is_nan() => f.write_str("f64::NAN"),
        Literal::Float(float) if float.is_infinite() => {
            let sign = if *float < 0.0 { "-" } else { "" };
            write!(f, "{sign}f64::INFINITY")
        }
        Literal::Float(float) => write!(f, "{float:?}"),
        Literal::Str(text) => write!(f, "{text:?}"),
        Literal::List(elements) => {
            f.write_char('[')?;
            for (i, literal) in elements.iter().enumerate() {
                f.write_str(if i == 0 { "" } else { ", " })?;
                write_literal(f, literal, element)?;
            }
            f.write_char(']')
        }
        Literal::Object(entries) => {
            if let Some(Type::Record(record)) = ty {
                write!(f, "{} {{ ", record.name)?;
                for (i, (name, literal)) in entries.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    write!(f, "{separator}{}: ", Name(name))?;
                    write_literal(f, literal, record.field(name).as_ref())?;
                }
                return f.write_str(" }");
            }
            f.write_char('[')?;
            for (i, (name, literal)) in entries.iter().enumerate() {
                let separator = if i == 0 { "" } else { ", " };
                write!(f, "{separator}({name:?}, ")?;
                write_literal(f, literal, element)?;
                f.write_char(')')?;
            }
            f.write_char(']')
        }
    }
}

/// A type as a path; of a restricted one the base with the restriction's name.
fn write_type(f: &mut Formatter<'_>, ty: &Type<'_>) -> fmt::Result {
    let (before, inner) = match ty {
        Type::Optional(inner) => ("Option<", inner),
        Type::List(inner) => ("Vec<", inner),
        Type::Map(inner) => ("BTreeMap<String, ", inner),
        Type::Record(record) => return f.write_str(record.name),
        plain => return f.write_str(plain.write(Message::new("")).as_str()),
    };
    f.write_str(before)?;
    write_type(f, inner)?;
    f.write_char('>')
}

/// A name, raw where it is a word of the language.
pub(crate) struct Name<'n>(pub(crate) &'n str);

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if KEYWORDS.contains(&self.0) {
            f.write_str("r#")?;
        }
        f.write_str(self.0)
    }
}
