//! `left_join` and `inner_join`: add the columns of a keyed dataset.

use super::{Args, Columns, Operands, Operator, Other, Received, no_name};
use crate::expr::wire::Reader;
use crate::expr::{Binary, Expr, Fault};
use crate::flow::{Flow, Mistakes};
use crate::kernel::{self, Kernel};
use crate::literal::Literal;
use crate::message::Message;
use crate::schema::{Column, Schema};
use crate::text::eq;
use crate::time::Duration;
use crate::ty::Computed;
use crate::wire::proto::dataset as proto;
use crate::wire::{Decoded, decode_duration, encode_duration};

/// Adds the columns of a keyed dataset, as they were at each row's event time.
#[derive(Clone, Copy, Debug)]
pub struct Join<'a> {
    /// What happens to rows that find nothing.
    pub how: How,
    /// `column`, or `left == right`, for each key of the dataset.
    on: Args<'a>,
    /// How much older than the row the dataset's row may be; `None` for forever.
    pub since: Option<Duration>,
    /// How much younger it may be.
    pub until: Duration,
    /// The columns to add; `None` for all values.
    pub fields: Option<Columns<'a>>,
}

/// What happens to rows that find nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// They stay, with nulls.
    Left,
    /// They are removed.
    Inner,
}

impl<'a> Flow<'a> {
    /// Adds the columns of a keyed dataset: `orders.left_join(users, on(uid))`. Rows that find
    /// nothing stay, so the columns become optional.
    ///
    /// `right` is an input of the pipeline. `on(uid)` names each of its keys, `on(buyer == uid)`
    /// where the column has another name on the left. What is found is the dataset's row as of the
    /// event time; `within("30d")` takes none that is older, `within("30d", "2h")` also ones up to
    /// two hours younger. `fields(city, updated_at)` adds these columns only.
    #[must_use]
    pub const fn left_join(self, right: Flow<'a>, args: Args<'a>) -> Self {
        self.join(&right, How::Left, args)
    }

    /// Adds the columns of a keyed dataset, and removes rows that find nothing. Its arguments are
    /// those of [`Flow::left_join`].
    #[must_use]
    pub const fn inner_join(self, right: Flow<'a>, args: Args<'a>) -> Self {
        self.join(&right, How::Inner, args)
    }

    const fn join(mut self, right: &Flow<'a>, how: How, args: Args<'a>) -> Self {
        let before = self.mistakes.len();
        refuse_habits(&args, &mut self.mistakes);
        args.refuse_others(0, &["on", "within", "fields"], &[], &mut self.mistakes);
        if self.mistakes.len() > before {
            self.schema.spoil();
            self.schema.settle();
            return self;
        }
        let Some(on) = args.clause("on") else {
            return self.wrong(
                args.site,
                Message::new(
                    "a join needs the columns to join on, such as `on(uid)` or `on(buyer == uid)`",
                ),
            );
        };
        let mut join = Join {
            how,
            on,
            since: None,
            until: Duration::ZERO,
            fields: match args.clause("fields") {
                Some(fields) => Some(Columns(fields)),
                None => None,
            },
        };
        if let Some(within) = args.clause("within") {
            join.read_within(&within, &mut self.mistakes);
        }
        self.with(right, Operator::Join(join), &args)
    }
}

impl<'a> Join<'a> {
    pub(super) const TAKES_TWO: bool = true;

    /// `within("30d")`, `within("forever", "2h")`.
    const fn read_within(&mut self, within: &Args<'_>, mistakes: &mut Mistakes) {
        const FORM: &str = "`within` takes how much older and how much younger, such as `within(\"30d\")` or `within(\"forever\", \"2h\")`";
        if within.list.is_empty() || within.list.len() > 2 {
            mistakes.push(within.site, Message::new(FORM));
            return;
        }
        let mut i = 0;
        while i < within.list.len() {
            match within.list[i] {
                Expr::Literal(Literal::Str(text)) if eq(text, "forever") => {
                    if i == 1 {
                        mistakes.push(
                            within.site_of(i),
                            Message::new(
                                "how much younger can't be forever: rows would wait without end",
                            ),
                        );
                    }
                }
                Expr::Literal(Literal::Str(text)) => match Duration::parse(text) {
                    Ok(duration) if i == 0 => self.since = Some(duration),
                    Ok(duration) => self.until = duration,
                    Err(message) => mistakes.push(within.site_of(i), message),
                },
                _ => mistakes.push(within.site_of(i), Message::new(FORM)),
            }
            i += 1;
        }
    }

    /// The `i`th pair of columns, left and right.
    const fn pair(&self, i: usize) -> Option<(&'a str, &'a str)> {
        match self.on.list[i] {
            Expr::Name(name) => Some((name, name)),
            Expr::Binary(Binary::Eq, Expr::Name(left), Expr::Name(right)) => Some((left, right)),
            _ => None,
        }
    }

    /// The pairs of columns, left and right.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let join = *self;
        (0..self.on.list.len()).filter_map(move |i| join.pair(i))
    }

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        other: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        let Some((right, dataset)) = other else {
            return;
        };
        let Some(dataset) = dataset else {
            mistakes.push(
                site,
                Message::new("a join looks up an input of the pipeline as it is: make these rows a keyed dataset of their own and join that"),
            );
            schema.spoil();
            return;
        };
        if right.keys() == 0 {
            mistakes.push(
                site,
                Message::new("")
                    .name(dataset)
                    .text(" has no key to join on: mark one `#[field(key)]`"),
            );
            schema.spoil();
            return;
        }
        self.check_on(schema, right, dataset, mistakes);
        self.add_columns(schema, right, dataset, site, mistakes);
    }

    const fn check_on(
        &self,
        schema: &Schema<'a>,
        right: &Schema<'a>,
        dataset: &str,
        mistakes: &mut Mistakes,
    ) {
        let (mut wrong, mut i) = (false, 0);
        while i < self.on.list.len() {
            let site = self.on.site_of(i);
            if let Some((left, key)) = self.pair(i) {
                if let Err(fault) = check_pair(schema, right, dataset, left, key) {
                    // `left == right` is three tokens, one name is one.
                    let at = match self.on.list[i] {
                        Expr::Name(_) => 0,
                        _ => fault.at as u32,
                    };
                    mistakes.push(site + at, fault.message);
                    wrong = true;
                }
                let mut j = 0;
                while j < i {
                    if let Some((other_left, other_key)) = self.pair(j) {
                        let twice = if eq(other_key, key) { key } else { left };
                        if eq(other_key, key) || eq(other_left, left) {
                            let message = Message::new("").name(twice).text(" is listed twice");
                            mistakes.push(site, message);
                        }
                    }
                    j += 1;
                }
            } else {
                mistakes.push(
                    site,
                    match self.on.list[i] {
                        literal @ Expr::Literal(_) => no_name(&literal),
                        _ => Message::new("write `on(column)` or `on(left == right)`"),
                    },
                );
            }
            i += 1;
        }
        let mut k = 0;
        while k < right.keys() {
            let key = right.get(k).name;
            let (mut found, mut i) = (false, 0);
            while i < self.on.list.len() {
                found |= match self.pair(i) {
                    Some((_, right)) => eq(right, key),
                    None => true,
                };
                i += 1;
            }
            if !found && !wrong {
                mistakes.push(
                    self.on.site,
                    right.list(
                        0,
                        right.keys(),
                        Message::new("the join must name every key of ")
                            .name(dataset)
                            .text(": "),
                    ),
                );
            }
            k += 1;
        }
    }

    const fn add_columns(
        &self,
        schema: &mut Schema<'a>,
        right: &Schema<'a>,
        dataset: &str,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        if let Some(fields) = self.fields {
            fields.check(mistakes);
            if fields.is_empty() {
                mistakes.push(
                    fields.0.site,
                    Message::new("`fields` needs at least one column"),
                );
            }
            let mut i = 0;
            while i < fields.len() {
                let (name, at) = (fields.get(i), fields.site_of(i));
                let is_key = matches!(right.position(name), Some(k) if k < right.keys());
                match right.column(name) {
                    _ if name.is_empty() => {}
                    Some(column) if !is_key => self.add(schema, column, at, mistakes),
                    _ => {
                        let message = Message::new("")
                            .name(name)
                            .text(if is_key {
                                " is a key of "
                            } else {
                                " is no column of "
                            })
                            .name(dataset)
                            .text(": choose from ");
                        mistakes.push(at, right.list(right.keys(), right.len(), message));
                        schema.spoil();
                    }
                }
                i += 1;
            }
            return;
        }
        let mut i = right.keys();
        while i < right.columns() {
            self.add(schema, right.get(i), site, mistakes);
            i += 1;
        }
    }

    const fn add(
        &self,
        schema: &mut Schema<'a>,
        column: Column<'a>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        if schema.role(column.name).is_some() {
            mistakes.push(
                site,
                Message::new("both sides have a column ")
                    .name(column.name)
                    .text(": rename or drop it before, or leave it out of `fields`"),
            );
            return;
        }
        let ty = match self.how {
            How::Inner => column.ty,
            How::Left if column.ty.is_optional() => column.ty,
            How::Left => column.ty.unrestricted().optional(),
        };
        if !schema.push_column(Column { ty, site, ..column }) {
            mistakes.push(site, super::assign::too_many());
        }
    }

    pub(super) fn lower(&self, _: &Schema<'a>, right: &Schema<'a>) -> Kernel<'a> {
        let all = || (right.keys()..right.columns()).map(|i| right.get(i).name);
        Kernel::Join(kernel::Join {
            how: self.how,
            on: self.pairs().collect(),
            since: self.since,
            until: self.until,
            fields: self
                .fields
                .map_or_else(|| all().collect(), |fields| fields.iter().collect()),
        })
    }

    pub(super) fn call(&self, right: &str) -> String {
        let how = match self.how {
            How::Left => "left",
            How::Inner => "inner",
        };
        let mut call = format!(".{how}_join({right}, on({})", self.on);
        let since = self
            .since
            .map_or_else(|| "forever".into(), |since| since.to_string());
        match (self.since, self.until.micros()) {
            (None, 0) => {}
            (Some(_), 0) => call += &format!(", within(\"{since}\")"),
            _ => call += &format!(", within(\"{since}\", \"{}\")", self.until),
        }
        if let Some(fields) = self.fields {
            call += &format!(", fields({fields})");
        }
        call + ")"
    }

    pub(super) fn encode(&self, _: &Schema<'a>, [left, right]: [&str; 2]) -> Option<super::Kind> {
        let on = self
            .pairs()
            .map(|(left, right)| (left.into(), right.into()));
        let how = match self.how {
            How::Left => proto::join::How::Left,
            How::Inner => proto::join::How::Inner,
        };
        Some(super::Kind::Join(proto::Join {
            lhs_operand_id: left.into(),
            rhs_dsref_operand_id: right.into(),
            on: on.collect(),
            within_low: self.since.map(encode_duration),
            within_high: (self.until.micros() > 0).then(|| encode_duration(self.until)),
            how: how.into(),
            rhs_fields: self
                .fields
                .iter()
                .flat_map(Columns::iter)
                .map(Into::into)
                .collect(),
            ..Default::default()
        }))
    }
}

impl Received for proto::Join {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.lhs_operand_id), Some(&self.rhs_dsref_operand_id)])
    }

    fn size(&self) -> usize {
        self.on.len().max(self.rhs_fields.len())
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let arena = reader.arena();
        let how = match proto::join::How::try_from(self.how) {
            Ok(proto::join::How::Left) => How::Left,
            Ok(proto::join::How::Inner) => How::Inner,
            Err(_) => return Err("a join is neither left nor inner".into()),
        };
        let on = self.on.iter().map(|(left, right)| {
            let (left, right) = (arena.text(left), arena.text(right));
            if left == right {
                Expr::Name(left)
            } else {
                let (left, right) = (
                    arena.value(Expr::Name(left)),
                    arena.value(Expr::Name(right)),
                );
                Expr::Binary(Binary::Eq, left, right)
            }
        });
        let on: Vec<_> = on.collect();
        Ok(Operator::Join(Join {
            how,
            on: Args::new(0, arena.slice(&on)),
            since: decode_duration(self.within_low.as_ref())?,
            until: decode_duration(self.within_high.as_ref())?.unwrap_or(Duration::ZERO),
            fields: (!self.rhs_fields.is_empty()).then(|| Columns::decode(arena, &self.rhs_fields)),
        }))
    }
}

/// Notes what joins look like elsewhere.
const fn refuse_habits(args: &Args<'_>, mistakes: &mut Mistakes) {
    let mut i = 0;
    while i < args.list.len() {
        let message = match args.list[i] {
            Expr::Name(_) | Expr::Binary(Binary::Eq, Expr::Name(_), Expr::Name(_)) => {
                "the columns to join on stand in `on(..)`, such as `on(uid)` or `on(buyer == uid)`"
            }
            Expr::Named(name, _) if eq(name, "left_on") || eq(name, "right_on") => {
                "columns of two names are joined by `on(left == right)`"
            }
            Expr::Named(name, _) if eq(name, "how") => {
                "a join is a `left_join` or an `inner_join`: remove `how`"
            }
            _ => "",
        };
        if !message.is_empty() {
            mistakes.push(args.site_of(i), Message::new(message));
        }
        i += 1;
    }
}

/// Checks that the column `left` can be looked up as `key`. The fault's place is the one in
/// `left == key`.
const fn check_pair(
    schema: &Schema<'_>,
    right: &Schema<'_>,
    dataset: &str,
    left: &str,
    key: &str,
) -> Result<(), Fault> {
    let k = match right.position(key) {
        Some(k) if k < right.keys() => k,
        _ => {
            let message = Message::new("")
                .name(key)
                .text(" is no key of ")
                .name(dataset)
                .text("; it has ");
            return Err(Fault::new(right.list(0, right.keys(), message)).within(2));
        }
    };
    let Some(column) = schema.column(left) else {
        if schema.is_open() {
            return Ok(());
        }
        return Err(Fault::new(schema.no_column(left)).within(1));
    };
    let key_type: Computed<'_> = right.get(k).ty;
    if column.ty.is_unknown() || column.ty.same(&key_type) {
        return Ok(());
    }
    let message = Message::new("cannot join on ").name(left);
    if column.ty.is_optional() {
        return Err(Fault::new(
            message
                .text(": it is ")
                .computed(&column.ty)
                .text(", and a key is never null; drop these rows before, with `dropnull(")
                .text(left)
                .text(")`"),
        )
        .within(1));
    }
    let message = message
        .text(": ")
        .name(schema.origin())
        .text(" has it as ")
        .computed(&column.ty)
        .text(", ");
    let message = if eq(left, key) {
        message.name(dataset).text(" as ")
    } else {
        message.member(dataset, key).text(" is ")
    };
    Err(Fault::new(message.computed(&key_type)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::{rows, shown};
    use crate::ty::Type;

    const OPTIONAL: Type<'static> = Type::Optional(&Type::Int);
    const USERS: Flow<'static> = rows(
        "User",
        &[("uid", Type::Int)],
        &[
            ("city", Type::String),
            ("age", OPTIONAL),
            ("code", Type::Regex("[A-Z]")),
        ],
    );
    const ORDERS: Flow<'static> = rows(
        "Order",
        &[],
        &[
            ("uid", Type::Int),
            ("buyer", Type::String),
            ("friend", OPTIONAL),
        ],
    );
    const UID: Expr<'static> = Expr::Name("uid");
    const ON: Expr<'static> = Expr::Call("on", &[UID]);
    const FORTNIGHT: Expr<'static> = Expr::Literal(Literal::Str("14d"));
    const FOREVER: Expr<'static> = Expr::Literal(Literal::Str("forever"));

    #[test]
    fn a_left_join_makes_what_it_adds_optional() {
        const JOINED: Flow<'static> = ORDERS.left_join(USERS, Args::new(9, &[ON]));
        assert_eq!(
            shown(&JOINED),
            "| uid i64, buyer String, friend Option<i64>, city Option<String>, age Option<i64>, code Option<String> @ at"
        );
        assert_eq!(
            shown(&ORDERS.left_join(USERS, Args::new(9, &[ON]))),
            shown(&JOINED)
        );
    }

    #[test]
    fn an_inner_join_keeps_types_and_takes_the_other_event_time() {
        const FIELDS: Expr<'static> = Expr::Call("fields", &[Expr::Name("code"), Expr::Name("at")]);
        let orders = ORDERS.rename(Args::new(2, &[Expr::Named("on_day", &Expr::Name("at"))]));
        let joined = orders.inner_join(USERS, Args::new(9, &[ON, FIELDS]));
        let code = joined.schema().get(3).ty;
        assert!(code.is(&Type::Regex("[A-Z]")), "{code}");
        assert!(joined.schema().get(4).ty.is(&Type::Timestamp));
        assert_eq!(joined.schema().timestamp(), "on_day");
    }

    #[test]
    fn the_columns_joined_on_are_of_one_type_and_never_null() {
        let on = |left: &'static Expr<'static>| {
            let pair = [Expr::Binary(Binary::Eq, left, &UID)];
            let on: &'static [Expr<'static>] = Vec::leak(pair.into());
            let args: &'static [Expr<'static>] = Vec::leak(vec![Expr::Call("on", on)]);
            shown(&ORDERS.left_join(USERS, Args::new(9, args)))
        };
        assert_eq!(
            on(&Expr::Name("buyer")),
            "11: cannot join on `buyer`: `Order` has it as `String`, `User::uid` is `i64`"
        );
        assert_eq!(
            on(&Expr::Name("friend")),
            "12: cannot join on `friend`: it is `Option<i64>`, and a key is never null; drop these rows before, with `dropnull(friend)`"
        );
        assert_eq!(
            on(&Expr::Name("other")),
            "12: there is no column `other`; there is `uid`, `buyer`, `friend`, `at`"
        );
    }

    #[test]
    fn within_says_how_old_and_how_young() {
        let within = |bounds: &'static [Expr<'static>]| {
            let args: &'static [Expr<'static>] = Vec::leak(vec![ON, Expr::Call("within", bounds)]);
            let flow = ORDERS.left_join(USERS, Args::new(9, args));
            match flow.steps().last().map(|step| step.operator) {
                Some(Operator::Join(join)) if shown(&flow).starts_with('|') => {
                    Ok((join.since.map(Duration::micros), join.until.micros()))
                }
                _ => Err(shown(&flow)),
            }
        };
        const DAY: i64 = 86_400_000_000;
        assert_eq!(within(&[FORTNIGHT]), Ok((Some(14 * DAY), 0)));
        assert_eq!(within(&[FOREVER, FORTNIGHT]), Ok((None, 14 * DAY)));
        assert!(within(&[]).is_err());
        assert!(within(&[FORTNIGHT, FOREVER]).is_err());
        assert!(within(&[Expr::Literal(Literal::Int(3))]).is_err());
    }

    #[test]
    fn only_an_input_with_a_key_can_be_joined() {
        let derived = USERS.drop(Args::new(2, &[Expr::Name("city")]));
        let joined = shown(&ORDERS.left_join(derived, Args::new(9, &[ON])));
        assert!(
            joined.starts_with("9: a join looks up an input"),
            "{joined}"
        );
        let joined = shown(&USERS.left_join(ORDERS, Args::new(9, &[ON])));
        assert_eq!(
            joined,
            "9: `Order` has no key to join on: mark one `#[field(key)]`"
        );
    }
}
