//! Aggregates.

use super::fresh;
use super::graph::{Maker, some};
use crate::graph::{Aggregate, Function, Spec, Step, Ty, Window};

impl Maker<'_> {
    pub(super) fn aggregate(&mut self) -> Option<Step> {
        let keys = self.keys();
        let mut by = self.random.some(some(&keys)?);
        by.truncate(2);
        let mut times = self.names(|ty| *ty == Ty::Time);
        times.retain(|name| self.columns.keys.iter().all(|key| key.name != *name));
        let mut along = None;
        if let Some(times) = some(&times).filter(|_| self.random.once_in(4)) {
            along = Some(self.random.pick(times).clone());
        }
        let continuous = self.random.once_in(2);
        let count = 1 + self.random.below(4);
        let ends = !self.facts.keyed || along.is_some();
        let window = self.window(continuous, ends);
        let mut specs = Vec::new();
        for _ in 0..count {
            let window = match self.random.once_in(3) {
                true => self.window(continuous, ends),
                false => window,
            };
            specs.extend(self.spec(window));
        }
        some(&specs)?;
        if !continuous && self.random.once_in(3) {
            let lookback = self.duration() + self.random.below(2) as i64;
            specs.iter_mut().for_each(|spec| spec.lookback = lookback);
        }
        let decays = specs.iter().any(|spec| spec.function.decays());
        let may_be_final = continuous && along.is_none() && !decays;
        let is_final = may_be_final && self.random.once_in(4);
        Some(Step::Aggregate(Aggregate {
            by,
            window: None,
            specs,
            along,
            is_final,
        }))
    }

    /// A window. Rows that hold for a stretch of time have no place in windows that end, but where a column gives them one.
    fn window(&mut self, continuous: bool, ends: bool) -> Window {
        let duration = self.duration();
        match (continuous, self.random.below(3)) {
            (true, 0) => Window::Forever,
            (true, _) => Window::Continuous(duration),
            (false, 0) => Window::ForeverHopping(duration),
            (false, _) if !ends => Window::ForeverHopping(duration),
            (false, 1) => Window::Tumbling(duration),
            (false, _) => self.hopping(),
        }
    }

    /// An aggregate over a column that it can be over.
    pub(super) fn spec(&mut self, window: Window) -> Option<Spec> {
        let columns: Vec<_> = self.columns.all().cloned().collect();
        let of = self.random.pick(&columns).clone();
        let number = matches!(of.ty.required(), Ty::Int | Ty::Float);
        let time = *of.ty.required() == Ty::Time;
        let hashable = match of.ty.required() {
            Ty::Int | Ty::Str | Ty::Bool | Ty::Time => true,
            Ty::List(of) => **of == Ty::Str,
            _ => false,
        };
        let plain = number || hashable;
        let dropnull = of.ty.is_optional() && self.random.once_in(2);
        let limit = 1 + self.random.below(3) as u32;
        let dedup = self.random.once_in(2);
        // Whole, so that it is one for ints too.
        let default = [None, Some(0.0), Some(-1.0)][self.random.below(3)];
        let function = match self.random.below(13) {
            0 => Function::Count {
                unique: false,
                dropnull: false,
            },
            1 if dropnull => Function::Count {
                unique: false,
                dropnull,
            },
            1 | 2 if hashable => Function::Count {
                unique: true,
                dropnull,
            },
            3 if number => Function::Sum,
            4 if number => Function::Average(default),
            5 if time => Function::Min(None),
            6 if time => Function::Max(None),
            5 if number => Function::Min(default),
            6 if number => Function::Max(default),
            7 if number => Function::Stddev(default),
            8 if number => Function::Quantile {
                p: *self.random.pick(&[0.0, 0.25, 0.5, 0.9, 1.0]),
                default,
            },
            9 if hashable => Function::Distinct { dropnull },
            10 if plain => Function::LastK {
                limit,
                dedup,
                dropnull,
            },
            11 if plain => Function::FirstK {
                limit,
                dedup,
                dropnull,
            },
            12 if number => Function::DecaySum(600 * limit),
            _ => return None,
        };
        let plain_count = Function::Count {
            unique: false,
            dropnull: false,
        };
        let of = if function == plain_count {
            String::new()
        } else {
            of.name
        };
        Some(Spec {
            name: fresh(self.counter, "a"),
            of,
            window,
            lookback: 0,
            function,
        })
    }
}
