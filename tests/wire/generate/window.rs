use fennel_core::expr::Expr;
use fennel_core::literal::Literal;

use super::Generator;

/// What windows of one `aggregate` have in common.
#[derive(Clone, Copy)]
pub(super) enum Windows {
    Continuous,
    Ending { lookback: Option<&'static str> },
}

impl<'a> Generator<'a> {
    pub(super) fn windows(&mut self) -> Windows {
        if self.rarely(2) {
            let lookback = self.rarely(3).then_some("30m");
            return Windows::Ending { lookback };
        }
        Windows::Continuous
    }

    /// A window of an aggregate.
    pub(super) fn window(&mut self, windows: Windows) -> Expr<'a> {
        let text = |text| Expr::Literal(Literal::Str(text));
        let Windows::Ending { lookback } = windows else {
            return text(self.pick(&["forever", "1d", "2h 30m", "90s", "1y", "1w"]));
        };
        match self.below(3) {
            0 => self.call_window("tumbling", &[text("1d")], lookback),
            1 => self.call_window("hopping", &[text("1d"), text("7m")], lookback),
            _ => self.call_window("hopping", &[text("forever"), text("1h")], lookback),
        }
    }

    /// A window of a group.
    pub(super) fn group_window(&mut self) -> Expr<'a> {
        if self.rarely(3) {
            return self.session();
        }
        let lookback = self.rarely(3).then_some("1d");
        let text = |text| Expr::Literal(Literal::Str(text));
        if self.rarely(2) {
            return self.call_window("hopping", &[text("1h"), text("5m")], lookback);
        }
        self.call_window("tumbling", &[text("1h")], lookback)
    }

    /// A window of `dedup`.
    pub(super) fn dedup_window(&mut self) -> Expr<'a> {
        if self.rarely(2) {
            return self.session();
        }
        self.call_window("tumbling", &[Expr::Literal(Literal::Str("1h"))], None)
    }

    fn session(&mut self) -> Expr<'a> {
        let gap = self.pick(&["15m", "1s"]);
        self.call_window("session", &[Expr::Literal(Literal::Str(gap))], None)
    }

    fn call_window(
        &self,
        name: &'static str,
        args: &[Expr<'a>],
        lookback: Option<&'static str>,
    ) -> Expr<'a> {
        let mut args = args.to_vec();
        if let Some(lookback) = lookback {
            args.push(self.named("lookback", Expr::Literal(Literal::Str(lookback))));
        }
        Expr::Call(name, self.slice(&args))
    }
}
