//! `aggregate`: computes aggregates of each group.

use super::group_by::{check_window, group_call, regroup};
use super::{Args, Columns, Grouped, Operands, Operator, Other, Received, no_name};
use crate::agg::{Aggregation, argument_site};
use crate::expr::wire::Reader;
use crate::expr::{Expr, Fault, Name};
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Fold, Kernel};
use crate::literal::Literal;
use crate::message::Message;
use crate::schema::{Column, Role, Schema};
use crate::text::eq;
use crate::time::Duration;
use crate::ty::{Computed, Type};
use crate::window::Window;
use crate::wire::proto::dataset as proto;
use crate::wire::{Arena, Decoded};

/// Computes aggregates of each group.
#[derive(Clone, Copy, Debug)]
pub struct Aggregate<'a> {
    /// The columns of the group.
    pub by: Columns<'a>,
    /// The window that is part of the group.
    pub window: Option<Window>,
    /// `output = aggregate(..)` each, and `along` and `emit`.
    args: Args<'a>,
}

/// When an aggregate tells its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// With every row.
    Eager,
    /// When its window has ended.
    Final,
}

impl<'a> Grouped<'a> {
    /// Computes aggregates of each group:
    /// `.group_by(uid).aggregate(spend_1d = sum(amount, "1d"), orders = count("forever"))`.
    ///
    /// The columns of the group become the key, the aggregates the values; see
    /// [`agg`](crate::agg) for what there is. Each has a window: a duration or `"forever"` for the
    /// time up to each instant, `tumbling("1d")` or `hopping("7d", "1d")` for stretches that end;
    /// none where the group has one. `along = column` places rows in time by another column than
    /// the event time: a version of a key counts from that column's value on, wherever it begins,
    /// until it ends, and never if it has ended by then. `emit = "final"` tells values when their
    /// window has ended.
    #[must_use]
    pub const fn aggregate(self, args: Args<'a>) -> Flow<'a> {
        let (by, window) = (self.by, self.window);
        let operator = Operator::Aggregate(Aggregate { by, window, args });
        self.flow.then(operator, &args)
    }
}

impl<'a> Aggregate<'a> {
    pub(super) const TAKES_TWO: bool = false;

    /// The aggregates, in the order they were written.
    pub fn aggregations(&self) -> impl Iterator<Item = Aggregation<'a>> {
        let list = self.args.list.iter().filter(|arg| !is_option(arg));
        list.filter_map(|arg| Aggregation::read(arg).ok())
    }

    /// The column that places rows in time, where it is not the event time.
    #[must_use]
    pub const fn along(&self) -> Option<&'a str> {
        match self.args.named("along") {
            Some((_, Expr::Name(column))) => Some(column),
            _ => None,
        }
    }

    /// When values are told.
    #[must_use]
    pub const fn emit(&self) -> Emit {
        match self.args.named("emit") {
            Some((_, Expr::Literal(Literal::Str(emit)))) if eq(emit, "final") => Emit::Final,
            _ => Emit::Eager,
        }
    }

    /// Whether any of its sums decays.
    const fn decays(&self) -> bool {
        let mut i = 0;
        while i < self.args.list.len() {
            if let Ok(aggregation) = Aggregation::read(&self.args.list[i])
                && aggregation.function.decays()
            {
                return true;
            }
            i += 1;
        }
        false
    }

    /// Whether any value changes by the mere passing of time, whenever it is told.
    #[must_use]
    pub fn is_continuous(&self) -> bool {
        self.aggregations().any(|aggregation| {
            aggregation.function.decays()
                || matches!(
                    aggregation.window,
                    Some(Window::Continuous(_) | Window::Forever)
                )
        })
    }

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        let before = *schema;
        self.check_options(&before, mistakes);
        if let Some(window) = self.window
            && let Err(message) = check_window(&window)
        {
            mistakes.push(site, message);
        }
        regroup(schema, &self.by, self.window.is_some(), site, mistakes);
        let (mut count, mut windows) = (0, Windows::NONE);
        // Where all windows are continuous or a sum decays, values are computed when they are read.
        let mut discrete = self.window.is_some() || matches!(self.emit(), Emit::Final);
        let mut decays = false;
        let mut i = 0;
        while i < self.args.list.len() {
            if !is_option(&self.args.list[i]) {
                count += 1;
                let at = self.args.site_of(i);
                let aggregation = Aggregation::read(&self.args.list[i]);
                if let Ok(aggregation) = &aggregation {
                    decays |= aggregation.function.decays();
                    if let Some(window) = aggregation.window {
                        discrete |= window.is_discrete();
                    }
                }
                match self.output(i, aggregation, &before, &mut windows) {
                    Ok(ty) => self.add(i, ty, schema, mistakes),
                    Err(fault) => {
                        mistakes.push(at + fault.at as u32, fault.message);
                        self.add(i, Computed::UNKNOWN, schema, mistakes);
                    }
                }
            }
            i += 1;
        }
        if count == 0 && self.window.is_none() {
            mistakes.push(
                site,
                Message::new("`aggregate` needs at least one aggregate, as in `aggregate(total = sum(amount, \"1d\"))`"),
            );
            schema.spoil();
        }
        if count > 0 && (decays || !discrete) {
            schema.close(decays);
        }
    }

    /// The type of the `i`th aggregate.
    const fn output(
        &self,
        i: usize,
        aggregation: Result<Aggregation<'a>, Fault>,
        before: &Schema<'a>,
        windows: &mut Windows,
    ) -> Result<Computed<'a>, Fault> {
        let aggregation = match aggregation {
            Ok(aggregation) => aggregation,
            Err(fault) => return Err(fault),
        };
        let ty = match aggregation.result(before, &self.args.list[i]) {
            Ok(ty) => ty,
            Err(fault) => return Err(fault),
        };
        if let Err(message) = self.check_window(&aggregation, before, windows) {
            let at = argument_site(&self.args.list[i], "window");
            return Err(Fault::new(message).within(at));
        }
        Ok(ty)
    }

    /// Adds the `i`th aggregate's column.
    const fn add(
        &self,
        i: usize,
        ty: Computed<'a>,
        schema: &mut Schema<'a>,
        mistakes: &mut Mistakes,
    ) {
        let site = self.args.site_of(i);
        let Expr::Named(name, _) = self.args.list[i] else {
            schema.spoil();
            return;
        };
        match schema.role(name) {
            None => {
                if !schema.push_column(Column { name, ty, site }) {
                    mistakes.push(site, super::assign::too_many());
                }
            }
            Some(Role::Value) => {
                mistakes.push(site, Message::new("").name(name).text(" is computed twice"))
            }
            Some(_) => mistakes.push(
                site,
                Message::new("")
                    .name(name)
                    .text(" is a key or the event time: give the aggregate another name"),
            ),
        }
    }

    const fn check_options(&self, schema: &Schema<'_>, mistakes: &mut Mistakes) {
        self.check_repeated(mistakes);
        if let Some((site, value)) = self.args.named("emit") {
            match value {
                Expr::Literal(Literal::Str(emit)) if eq(emit, "eager") => {}
                Expr::Literal(Literal::Str(emit)) if eq(emit, "final") => {
                    if self.decays() {
                        mistakes.push(
                            site,
                            Message::new("a decaying sum is computed when it is read, not when a window has ended: remove `emit = \"final\"`"),
                        );
                    }
                }
                Expr::Call(..) => mistakes.push(site - 1, reserved("emit")),
                _ => mistakes.push(site, Message::new("`emit` is \"eager\" or \"final\"")),
            }
        }
        let Some((site, value)) = self.args.named("along") else {
            return;
        };
        let Expr::Name(column) = value else {
            match value {
                Expr::Call(..) => mistakes.push(site - 1, reserved("along")),
                _ => mistakes.push(site, no_name(&value)),
            }
            return;
        };
        let message = match (schema.role(column), schema.column(column)) {
            (None, _) | (_, None) if schema.is_open() => return,
            (None, _) | (_, None) => schema.no_column(column),
            (Some(Role::Value), Some(found))
                if found.ty.is_unknown()
                    || matches!(found.ty.as_scalar(), Some(Type::Timestamp)) =>
            {
                if self.window.is_some() {
                    Message::new("`along` and a window of the group exclude each other: remove one")
                } else if matches!(self.emit(), Emit::Final) {
                    Message::new("`along` and `emit = \"final\"` exclude each other: remove one")
                } else {
                    return;
                }
            }
            (Some(Role::Value), Some(found)) => {
                Message::new("`along` needs a `DateTime<Utc>`, and ")
                    .name(column)
                    .text(" is ")
                    .computed(&found.ty)
            }
            (Some(Role::Timestamp), _) => Message::new("")
                .name(column)
                .text(" is the event time: rows are placed by it without `along`"),
            (Some(Role::Key), _) => Message::new("")
                .name(column)
                .text(" is a key: `along` needs a value that is a `DateTime<Utc>`"),
        };
        mistakes.push(site, message);
    }

    /// Notes options that are given twice.
    const fn check_repeated(&self, mistakes: &mut Mistakes) {
        let mut i = 0;
        while i < self.args.list.len() {
            if let Expr::Named(name, _) = self.args.list[i]
                && is_option(&self.args.list[i])
            {
                let mut j = 0;
                while j < i {
                    if matches!(self.args.list[j], Expr::Named(other, _) if eq(other, name)) {
                        let message = Message::new("").name(name).text(" is given twice");
                        mistakes.push(self.args.site_of(i), message);
                    }
                    j += 1;
                }
            }
            i += 1;
        }
    }

    const fn check_window(
        &self,
        aggregation: &Aggregation<'_>,
        before: &Schema<'_>,
        windows: &mut Windows,
    ) -> crate::message::Check {
        let Some(window) = aggregation.window else {
            if self.window.is_none() {
                return Err(Message::new(
                    "this needs a window, such as \"7d\", \"forever\" or `tumbling(\"1h\")`",
                ));
            }
            return Ok(());
        };
        if let Some(group) = self.window {
            if !window.is(&group) {
                return Err(Message::new(
                    "the group has a window: leave this one out, or give the same",
                ));
            }
            return Ok(());
        }
        if let Window::Session { .. } = window {
            return Err(Message::new(
                "a session is a window of the group: write `group_by(.., window = session(\"15m\"))`",
            ));
        }
        let discrete = window.is_discrete();
        if let Some(before) = windows.discrete
            && before != discrete
        {
            return Err(Message::new(
                "windows that end and windows that go along with time don't mix: fill two datasets",
            ));
        }
        windows.discrete = Some(discrete);
        if let (Some(before), Some(lookback)) = (windows.lookback, window.lookback())
            && before.micros() != lookback.micros()
        {
            return Err(Message::new(
                "all windows of one `aggregate` have the same `lookback`",
            ));
        }
        if let Some(lookback) = window.lookback() {
            windows.lookback = Some(lookback);
        }
        let ends = matches!(
            window,
            Window::Tumbling { .. }
                | Window::Hopping {
                    duration: Some(_),
                    ..
                }
        );
        if before.keys() > 0 && ends && self.along().is_none() {
            return Err(Message::new(
                "rows of a table have no place in windows that end: name one with `along = column`, or use `hopping(\"forever\", ..)`",
            ));
        }
        Ok(())
    }

    pub(super) fn lower(&self, _: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        let aggregations = self.aggregations().map(|aggregation| Aggregation {
            window: aggregation.window.or(self.window),
            ..aggregation
        });
        Kernel::Fold(Fold {
            by: self.by.iter().collect(),
            window: self.window,
            aggregations: aggregations.collect(),
            along: self.along(),
            emit: self.emit(),
            continuous: self.is_continuous(),
        })
    }

    pub(super) fn call(&self, _: &str) -> String {
        let aggregations = self.aggregations().map(|aggregation| {
            // A group's window is that of its aggregates.
            let window = aggregation.window.filter(|_| self.window.is_none());
            Aggregation {
                window,
                ..aggregation
            }
            .to_string()
        });
        let along = self.along().map(|along| format!("along = {}", Name(along)));
        let emit = (self.emit() == Emit::Final).then(|| "emit = \"final\"".to_owned());
        let args: Vec<_> = aggregations.chain(along).chain(emit).collect();
        let group = group_call(&self.by, self.window);
        format!("{group}.aggregate({})", args.join(", "))
    }

    /// A group with a window is sent as an operator of its own; see [`Aggregate::encode_rest`].
    pub(super) fn encode(
        &self,
        schema: &Schema<'a>,
        [operand, _]: [&str; 2],
    ) -> Option<super::Kind> {
        if let Some(window) = self.window {
            return Some(super::Kind::Window(proto::WindowOperatorKind {
                operand_id: operand.into(),
                window_type: Some(window.encode()),
                by: self.by.iter().map(Into::into).collect(),
                field: "window".into(),
                ..Default::default()
            }));
        }
        Some(self.encode_specs(schema, operand))
    }

    /// The aggregates of a group with a window, as a second operator on top of the window's; also
    /// where there are none and it matters when the group is told. The public client leaves them
    /// out.
    pub(crate) fn encode_rest(&self, schema: &Schema<'a>, window: &str) -> Option<super::Kind> {
        let says = self.aggregations().next().is_some() || matches!(self.emit(), Emit::Final);
        let any = self.window.is_some() && says;
        any.then(|| self.encode_specs(schema, window))
    }

    fn encode_specs(&self, schema: &Schema<'a>, operand: &str) -> super::Kind {
        let emit = match self.emit() {
            Emit::Eager => proto::EmitStrategy::Eager,
            Emit::Final => proto::EmitStrategy::Final,
        };
        let window = self.window.iter().map(|_| "window");
        super::Kind::Aggregate(proto::Aggregate {
            operand_id: operand.into(),
            keys: self.by.iter().chain(window).map(Into::into).collect(),
            specs: self
                .aggregations()
                .map(|aggregation| aggregation.encode(schema, self.window))
                .collect(),
            along: self.along().map(Into::into),
            emit_strategy: emit.into(),
            ..Default::default()
        })
    }

    /// The operator of a message, or of the two that a group with a window makes.
    pub(crate) fn decode(
        message: Option<&proto::Aggregate>,
        window: Option<&proto::WindowOperatorKind>,
        arena: Arena<'a>,
    ) -> Decoded<Operator<'a>> {
        let mut list = Vec::new();
        let mut by: &[String] = &[];
        if let Some(message) = message {
            by = &message.keys;
            for spec in &message.specs {
                list.push(Aggregation::decode(spec, arena)?);
            }
            if let Some(along) = &message.along {
                list.push(Expr::Named(
                    "along",
                    arena.value(Expr::Name(arena.text(along))),
                ));
            }
            match proto::EmitStrategy::try_from(message.emit_strategy) {
                Ok(proto::EmitStrategy::Eager) => {}
                Ok(proto::EmitStrategy::Final) => {
                    list.push(Expr::Named("emit", &Expr::Literal(Literal::Str("final"))));
                }
                Err(_) => return Err("an aggregate is told neither eagerly nor at the end".into()),
            }
        }
        let mut group = None;
        if let Some(window) = window {
            if window.summary.is_some() {
                return Err("a window is summarised by Python code".into());
            }
            by = &window.by;
            if window.field != "window" {
                return Err(format!(
                    "the key of a group's window is called `window`, not `{}`; rename it behind the group",
                    window.field
                ));
            }
            group = Window::decode(window.window_type.as_ref())?;
            if group.is_none() {
                return Err("a group's window is missing".into());
            }
        }
        Ok(Operator::Aggregate(Aggregate {
            by: Columns::decode_some(arena, by, "group_by")?,
            window: group,
            args: Args::new(0, arena.slice(&list)),
        }))
    }
}

impl Received for proto::Aggregate {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.specs.len().max(self.keys.len())
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        Aggregate::decode(Some(self), None, reader.arena())
    }
}

impl Received for proto::WindowOperatorKind {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.by.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        Aggregate::decode(None, Some(self), reader.arena())
    }
}

/// `along = column` and `emit = ".."`, which are no aggregates.
const fn is_option(arg: &Expr<'_>) -> bool {
    matches!(arg, Expr::Named(name, _) if eq(name, "along") || eq(name, "emit"))
}

const fn reserved(name: &str) -> Message {
    Message::new("")
        .name(name)
        .text(" is an option of `aggregate`: give the aggregate another name")
}

/// What the windows of one `aggregate` have in common.
struct Windows {
    discrete: Option<bool>,
    lookback: Option<Duration>,
}

impl Windows {
    const NONE: Windows = Windows {
        discrete: None,
        lookback: None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::{rows, shown};
    use crate::op::Args;
    use crate::ty::Type;

    const ORDERS: Flow<'static> = rows(
        "Order",
        &[],
        &[
            ("uid", Type::Int),
            ("amount", Type::Float),
            ("paid", Type::Timestamp),
        ],
    );
    const UID: &[Expr<'static>] = &[Expr::Name("uid")];

    /// `total = sum(amount, window)`, and other arguments.
    fn summed(window: &'static [Expr<'static>], others: &[Expr<'static>]) -> Flow<'static> {
        let mut args = vec![Expr::Name("amount")];
        args.extend(window);
        let call: &'static Expr<'static> = Box::leak(Box::new(Expr::Call("sum", Vec::leak(args))));
        let mut list = vec![Expr::Named("total", call)];
        list.extend(others);
        ORDERS
            .group_by(Args::new(3, UID))
            .aggregate(Args::new(5, Vec::leak(list)))
    }

    const WEEK: &[Expr<'static>] = &[Expr::Literal(Literal::Str("7d"))];
    const DAILY: &[Expr<'static>] = &[Expr::Call("tumbling", &[Expr::Literal(Literal::Str("1d"))])];
    const FINAL: Expr<'static> = Expr::Named("emit", &Expr::Literal(Literal::Str("final")));

    #[test]
    fn groups_become_keys_and_aggregates_values() {
        assert_eq!(shown(&summed(WEEK, &[])), "uid i64 | total f64 @ at");
    }

    #[test]
    fn nothing_follows_what_is_computed_when_it_is_read() {
        assert!(summed(WEEK, &[]).schema().is_terminal());
        assert!(!summed(DAILY, &[]).schema().is_terminal());
        assert!(!summed(WEEK, &[FINAL]).schema().is_terminal());
        let refused = summed(WEEK, &[]).drop(Args::new(20, const { &[Expr::Name("total")] }));
        assert!(
            shown(&refused).starts_with("20: nothing can follow"),
            "{}",
            shown(&refused)
        );
    }

    #[test]
    fn options_fit_each_other() {
        const ALONG: Expr<'static> = Expr::Named("along", &Expr::Name("paid"));
        assert_eq!(shown(&summed(WEEK, &[ALONG])), "uid i64 | total f64 @ at");
        assert_eq!(
            shown(&summed(WEEK, &[ALONG, FINAL])),
            "11: `along` and `emit = \"final\"` exclude each other: remove one"
        );
        assert_eq!(
            shown(&summed(WEEK, &[FINAL, FINAL])),
            "12: `emit` is given twice"
        );
        assert_eq!(
            shown(&summed(&[], &[])),
            "7: this needs a window, such as \"7d\", \"forever\" or `tumbling(\"1h\")`"
        );
    }

    #[test]
    fn a_window_of_the_group_is_a_key() {
        const SESSION: Expr<'static> = Expr::Named(
            "window",
            &Expr::Call("session", &[Expr::Literal(Literal::Str("15m"))]),
        );
        let grouped = ORDERS.group_by(Args::new(3, const { &[Expr::Name("uid"), SESSION] }));
        let windows = grouped.aggregate(Args::new(9, &[]));
        let (keys, window) = (windows.schema().keys(), windows.schema().get(1));
        assert_eq!((keys, window.name), (2, "window"));
        assert!(window.ty.same(&Computed::WINDOW), "{}", window.ty);
        let continuous = Expr::Named("window", &WEEK[0]);
        let grouped = ORDERS.group_by(Args::new(3, Vec::leak(vec![UID[0], continuous])));
        let windows = shown(&grouped.aggregate(Args::new(9, &[])));
        assert!(
            windows.starts_with("6: the window of a group ends"),
            "{windows}"
        );
    }
}
