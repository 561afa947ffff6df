//! Graphs for people: close to what one would write.

use std::fmt;

use super::{Aggregate, Chain, Columns, Dataset, Expr, Fill, Graph, Join, Op, Step, Ty, Window};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.disorder as f64 / 3.6e9;
        writeln!(f, "rows up to {hours} hours late")?;
        self.datasets.iter().try_for_each(|dataset| dataset.fmt(f))
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.history as f64 / 3.6e9;
        let (name, columns) = (&self.name, &self.columns);
        writeln!(f, "dataset {name} {{ {columns} }} of {hours} hours")?;
        match &self.fill {
            Fill::Source => Ok(()),
            Fill::Pipeline(chain) => writeln!(f, "    = {chain}"),
        }
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for column in &self.keys {
            write!(f, "key {}: {}, ", column.name, column.ty)?;
        }
        for column in &self.values {
            write!(f, "{}: {}, ", column.name, column.ty)?;
        }
        write!(f, "time {}", self.at)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.input)?;
        self.steps
            .iter()
            .try_for_each(|step| write!(f, "\n        .{step}"))
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Int => f.write_str("i64"),
            Ty::Float => f.write_str("f64"),
            Ty::Str => f.write_str("String"),
            Ty::Bool => f.write_str("bool"),
            Ty::Time => f.write_str("DateTime<Utc>"),
            Ty::Window => f.write_str("Window"),
            Ty::List(of) => write!(f, "Vec<{of}>"),
            Ty::Optional(of) => write!(f, "Option<{of}>"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Filter(condition) => write!(f, "filter({condition})"),
            Step::Assign(assigned) => {
                let columns = assigned.iter();
                let columns =
                    columns.map(|(to, value)| format!("{}: {} = {value}", to.name, to.ty));
                write!(f, "assign({})", columns.collect::<Vec<_>>().join(", "))
            }
            Step::Drop(names) => write!(f, "drop({})", names.join(", ")),
            Step::Rename(pairs) => {
                let pairs = pairs.iter().map(|(old, new)| format!("{old} to {new}"));
                write!(f, "rename({})", pairs.collect::<Vec<_>>().join(", "))
            }
            Step::Dropnull(names) => write!(f, "dropnull({})", names.join(", ")),
            Step::Explode(names) => write!(f, "explode({})", names.join(", ")),
            Step::Dedup { by, window: None } => write!(f, "dedup({})", by.join(", ")),
            Step::Dedup {
                by,
                window: Some(window),
            } => write!(f, "dedup({}, window = {window})", by.join(", ")),
            Step::Union(other) => write!(f, "union({other})"),
            Step::Join(join) => join.fmt(f),
            Step::First(by) => write!(f, "group_by({}).first()", by.join(", ")),
            Step::Latest(by) => write!(f, "group_by({}).latest()", by.join(", ")),
            Step::Changelog { column, deletes } => {
                let kind = if *deletes { "delete" } else { "insert" };
                write!(f, "changelog({kind} = {column})")
            }
            Step::Aggregate(aggregate) => aggregate.fmt(f),
        }
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.inner { "inner" } else { "left" };
        let on = self
            .on
            .iter()
            .map(|(left, right)| format!("{left} = {right}"));
        let on = on.collect::<Vec<_>>().join(", ");
        write!(f, "join_{how}({}, on {on}", self.right)?;
        match self.since {
            None if self.until == 0 => {}
            None => write!(f, ", within forever and {}", Span(self.until))?,
            Some(since) => write!(f, ", within {} and {}", Span(since), Span(self.until))?,
        }
        if !self.fields.is_empty() {
            write!(f, ", fields {}", self.fields.join(", "))?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group_by({}", self.by.join(", "))?;
        if let Some(window) = self.window {
            write!(f, ", window = {window}")?;
        }
        f.write_str(").aggregate(")?;
        for spec in &self.specs {
            write!(f, "{} = {:?} of `{}`", spec.name, spec.function, spec.of)?;
            write!(f, " over {}, ", spec.window)?;
            if spec.lookback > 0 {
                write!(f, "lookback {}, ", Span(spec.lookback))?;
            }
        }
        if let Some(along) = &self.along {
            write!(f, "along = {along}")?;
        }
        f.write_str(if self.is_final { "emit = final)" } else { ")" })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Continuous(length) => write!(f, "{}", Span(*length)),
            Window::Forever => f.write_str("forever"),
            Window::Tumbling(length) => write!(f, "tumbling({})", Span(*length)),
            Window::Hopping(length, stride) => {
                write!(f, "hopping({}, {})", Span(*length), Span(*stride))
            }
            Window::ForeverHopping(stride) => write!(f, "hopping(forever, {})", Span(*stride)),
            Window::Session(gap) => write!(f, "session({})", Span(*gap)),
        }
    }
}

/// A duration: minutes where it is of whole ones.
struct Span(i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros if micros % 60_000_000 == 0 => write!(f, "{}m", micros / 60_000_000),
            micros => write!(f, "{micros}us"),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Column(name) => f.write_str(name),
            Expr::Literal(value) => value.fmt(f),
            Expr::Not(operand) => write!(f, "!{operand}"),
            Expr::IsNull(operand) => write!(f, "{operand}.is_null()"),
            Expr::FillNull(operand, fill) => write!(f, "{operand}.fill_null({fill})"),
            Expr::Len(text) => write!(f, "{text}.len()"),
            Expr::Binary(op, left, right) => write!(f, "({left} {op} {right})"),
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                write!(f, "if {condition} {{ {then} }} else {{ {otherwise} }}")
            }
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Op::Add => "+",
            Op::Sub => "-",
            Op::Mul => "*",
            Op::Div => "/",
            Op::Eq => "==",
            Op::Ne => "!=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::And => "&&",
            Op::Or => "||",
        })
    }
}
