use fennel_core::expr::Expr;
use fennel_core::literal::Literal;
use fennel_core::schema::Schema;
use fennel_core::ty::Type;

use super::Generator;
use super::window::Windows;

impl<'a> Generator<'a> {
    /// `output = aggregate(..)`; not each of them checks. Without `windows` the group has one.
    pub(super) fn aggregation(
        &mut self,
        schema: &Schema<'a>,
        windows: Option<Windows>,
    ) -> Expr<'a> {
        let columns: Vec<_> = (0..schema.columns()).map(|i| schema.get(i)).collect();
        let column = self.pick(&columns);
        let mut args = vec![Expr::Name(column.name)];
        let float = |float| Expr::Literal(Literal::Float(float));
        let limit = Expr::Literal(Literal::Int(3));
        let yes = Expr::Literal(Literal::Bool(true));
        let dropnull = column.ty.is_optional() && self.rarely(2);
        let mut flags = Vec::new();
        let name = match self.below(13) {
            0 | 1 => {
                args.clear();
                "count"
            }
            2 => "sum",
            3 => "average",
            4 => "stddev",
            5 => "min",
            6 => "max",
            7 => {
                args.push(float(self.pick(&[0.0, 0.5, 1.0])));
                flags.push(self.named("approx", yes));
                "quantile"
            }
            8 => {
                flags.push(self.named("unordered", yes));
                "distinct"
            }
            name @ (9 | 10) => {
                args.push(limit);
                if self.rarely(2) {
                    flags.push(self.named("dedup", yes));
                }
                if name == 9 { "last_k" } else { "first_k" }
            }
            11 => {
                args.push(Expr::Literal(Literal::Str("1h 30m")));
                "exp_decay_sum"
            }
            _ => {
                flags.push(self.named("unique", yes));
                flags.push(self.named("approx", yes));
                "count"
            }
        };
        if let Some(windows) = windows {
            args.push(self.window(windows));
        }
        let takes_dropnull = ["count", "distinct", "last_k", "first_k"].contains(&name);
        if dropnull && takes_dropnull && args.first().is_some_and(|of| matches!(of, Expr::Name(_)))
        {
            flags.push(self.named("dropnull", yes));
        }
        if ["average", "stddev", "quantile"].contains(&name) && self.rarely(2) {
            let default = self.pick(&[Literal::Null, Literal::Float(-7.25)]);
            flags.push(self.named("default", Expr::Literal(default)));
        }
        if ["min", "max"].contains(&name) && self.rarely(2) {
            let default = match column.ty.required().base() {
                Some(Type::Int) => Literal::Int(-3),
                Some(Type::Date) => Literal::Str("1969-12-31"),
                Some(Type::Timestamp) => Literal::Str("2020-02-29T01:02:03.000004Z"),
                Some(Type::Decimal { .. }) => Literal::Str("-0.5"),
                _ => Literal::Float(0.25),
            };
            flags.push(self.named("default", Expr::Literal(default)));
        }
        args.extend(flags);
        let output = self.name("a");
        self.named(output, Expr::Call(name, self.slice(&args)))
    }
}
