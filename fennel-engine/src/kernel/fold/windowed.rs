//! Windows that are part of the group: each makes a row of its own.

use std::collections::BTreeSet;

use fennel_core::value::Value;
use fennel_core::window::Window;

use super::group::Group;
use crate::error::Result;
use crate::kernel::session::windows_around;
use crate::kernel::window::Span;
use crate::kernel::{Changes, Failure, OPEN, Points, Row};
use crate::state::Side;
use crate::store::Bytes;

/// A window's row, or why its aggregates can't be computed.
type Outcome = std::result::Result<Row, Failure>;

impl Group<'_> {
    /// What changes of the windows that are part of the group, where its rows change.
    pub(super) fn windowed(
        &self,
        window: Window,
        group: &[Value],
        output: &mut Changes,
        failures: &mut Vec<Failure>,
    ) -> Result<()> {
        let times = self.changed.iter().copied().collect();
        let old = windows_around(self, Side::Before, window, &times)?;
        let new = windows_around(self, Side::After, window, &times)?;
        self.untold(group, &times, &new, failures)?;
        let all: BTreeSet<_> = old.union(&new).copied().collect();
        let rows = |side, windows: &BTreeSet<_>| {
            let rows = all.iter().map(|span| match windows.contains(span) {
                true => self.window_row(side, group, *span),
                false => Ok(None),
            });
            rows.collect::<Result<Vec<_>>>()
        };
        let before = rows(Side::Before, &old)?;
        self.turn();
        let after = rows(Side::After, &new)?;
        for (before, after) in before.into_iter().zip(after) {
            if let (Some(Ok(before)), Some(Ok(after))) = (&before, &after)
                && before == after
            {
                continue;
            }
            output.removed.extend(before.and_then(Outcome::ok));
            match after {
                Some(Ok(row)) => output.added.push(row),
                Some(Err(failure)) => failures.push(failure),
                None => {}
            }
        }
        Ok(())
    }

    /// Notes rows of these times that are in windows which can't be told. One of those windows stands for all that a row is
    /// in.
    fn untold(
        &self,
        group: &[Value],
        times: &BTreeSet<i64>,
        windows: &BTreeSet<Span>,
        failures: &mut Vec<Failure>,
    ) -> Result<()> {
        let untold = windows.iter();
        let untold = untold.filter_map(|span| Some((*span, span.told().err()?)));
        let untold: Vec<_> = untold.collect();
        for time in times {
            let mut around = untold.iter();
            let around = around.find(|(span, _)| (span.lo..span.hi).contains(time));
            let Some((_, reason)) = around else {
                continue;
            };
            let next = time.saturating_add(1);
            if self
                .rows(Side::After, *time, next)
                .next()
                .transpose()?
                .is_some()
            {
                let names = self.fold.names.iter().cloned();
                failures.push(Failure {
                    reason: reason.clone(),
                    row: names.zip(group.iter().cloned()).collect(),
                });
            }
        }
        Ok(())
    }

    /// The row of a window, if it has any rows of the input and can be told.
    fn window_row(&self, side: Side, group: &[Value], span: Span) -> Result<Option<Outcome>> {
        let Span { lo, hi } = span;
        let Ok(ends) = span.told() else {
            return Ok(None);
        };
        if self.rows(side, lo, hi).next().transpose()?.is_none() {
            return Ok(None);
        }
        let spans = vec![span; self.fold.functions.len()];
        let window = Value::Record(ends.map(Value::Timestamp).into());
        let group = group.iter().cloned().chain([window]);
        let answers = self.fold_rows(side, &spans, hi)?.into_iter();
        let values: std::result::Result<Vec<Value>, String> = answers.collect();
        Ok(Some(match values {
            Ok(values) => Ok(Row {
                time: hi,
                end: OPEN,
                id: Bytes::new(&[]),
                values: group.chain(values).collect(),
            }),
            Err(reason) => Err(Failure {
                reason,
                row: self.fold.names.iter().cloned().zip(group).collect(),
            }),
        }))
    }
}
