//! `dedup`: removes rows that are there already.

use super::group_by::group_args;
use super::{Args, Columns, Operands, Operator, Other, Received, keyless};
use crate::expr::wire::Reader;
use crate::flow::{Flow, Mistakes};
use crate::kernel::{Among, Kernel, Pick, Which};
use crate::message::Message;
use crate::schema::{Role, Schema};
use crate::window::Window;
use crate::wire::Decoded;
use crate::wire::proto::dataset as proto;

/// Removes rows that are there already.
#[derive(Clone, Copy, Debug)]
pub struct Dedup<'a> {
    /// What makes two rows the same; none for all values.
    pub by: Columns<'a>,
    /// Where two rows are compared: in one window, else at one event time.
    pub window: Option<Window>,
}

impl<'a> Flow<'a> {
    /// Removes rows that are there already: `.dedup(order_id)` keeps one of those with the same
    /// `order_id` at the same event time, `.dedup(order_id, window = session("10m"))` one in each
    /// window, which may be tumbling too. Without columns all values are compared.
    #[must_use]
    pub const fn dedup(mut self, args: Args<'a>) -> Self {
        args.refuse_others(args.positional(), &[], &["window"], &mut self.mistakes);
        let mut window = None;
        if let Some((site, value)) = args.named("window") {
            match Window::read(&value) {
                Ok(read) => {
                    if let Err(message) = check_window(&read) {
                        self.mistakes.push(site, message);
                    } else {
                        window = Some(read);
                    }
                }
                Err(fault) => self.mistakes.push(site + fault.at as u32, fault.message),
            }
        }
        let by = args.columns();
        self.then(Operator::Dedup(Dedup { by, window }), &args)
    }
}

const fn check_window(window: &Window) -> crate::message::Check {
    match window {
        Window::Session { .. } => Ok(()),
        Window::Tumbling { lookback, .. } if lookback.micros() == 0 => Ok(()),
        Window::Tumbling { .. } => Err(Message::new(
            "rows are compared in their own window: remove `lookback`",
        )),
        _ => Err(Message::new(
            "the window of `dedup` is `tumbling(\"1h\")` or `session(\"10m\")`",
        )),
    }
}

impl<'a> Dedup<'a> {
    pub(super) const TAKES_TWO: bool = false;

    pub(super) const fn apply(
        &self,
        schema: &mut Schema<'a>,
        _: Option<Other<'_, 'a>>,
        site: u32,
        mistakes: &mut Mistakes,
    ) {
        keyless("`dedup`", schema, site, mistakes);
        self.by.check(mistakes);
        let mut i = 0;
        while i < self.by.len() {
            let name = self.by.get(i);
            match schema.role(name) {
                None if !name.is_empty() => schema.missing(name, self.by.site_of(i), mistakes),
                Some(Role::Timestamp) => mistakes.push(
                    self.by.site_of(i),
                    Message::new("")
                        .name(name)
                        .text(" is the event time, which is compared anyway"),
                ),
                _ => {}
            }
            i += 1;
        }
        if let Some(window) = self.window
            && let Err(message) = check_window(&window)
        {
            mistakes.push(site, message);
        }
    }

    /// What makes two rows the same, of these columns.
    fn columns(&self, schema: &Schema<'a>) -> Vec<&'a str> {
        if !self.by.is_empty() {
            return self.by.iter().collect();
        }
        (0..schema.columns()).map(|i| schema.get(i).name).collect()
    }

    pub(super) fn lower(&self, before: &Schema<'a>, _: &Schema<'a>) -> Kernel<'a> {
        Kernel::Pick(Pick {
            by: self.columns(before),
            among: self.window.map_or(Among::Instant, Among::Window),
            which: Which::First,
        })
    }

    pub(super) fn call(&self, _: &str) -> String {
        format!(".dedup({})", group_args(&self.by, self.window))
    }

    /// Without columns all values are sent.
    pub(super) fn encode(
        &self,
        schema: &Schema<'a>,
        [operand, _]: [&str; 2],
    ) -> Option<super::Kind> {
        let columns = self.columns(schema).into_iter();
        Some(super::Kind::Dedup(proto::Dedup {
            operand_id: operand.into(),
            columns: columns.map(Into::into).collect(),
            window_type: self.window.map(|window| window.encode()),
            ..Default::default()
        }))
    }
}

impl Received for proto::Dedup {
    fn operands(&self) -> Decoded<Operands<'_>> {
        Ok([Some(&self.operand_id), None])
    }

    fn size(&self) -> usize {
        self.columns.len()
    }

    fn read<'a>(&self, reader: &mut Reader<'a>) -> Decoded<Operator<'a>> {
        let by = Columns::decode(reader.arena(), &self.columns);
        let window = Window::decode(self.window_type.as_ref())?;
        Ok(Operator::Dedup(Dedup { by, window }))
    }
}
