//! Functions of instants over columns.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Int64Array, StringArray};
use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

use super::Function;
use crate::column;
use crate::expr::eval::{Compiler, Node, binary, call, coerced};
use crate::expr::function::Call;
use crate::expr::function::unit::TimeUnit;
use crate::expr::function::zone;
use crate::message::Message;
use crate::ty::Computed;

impl Function {
    /// The node of a call.
    pub(in crate::expr::function) fn compile<'a>(
        self,
        written: &Call<'_, 'a>,
        _: Computed<'a>,
        compiler: &mut Compiler<'_, 'a>,
    ) -> Result<Node, Message> {
        let signature = self.signature();
        let operand = written.compile_operand(compiler)?;
        let operand = coerced(operand, Computed::TIMESTAMP)?;
        let zone = |i| zone::find(written.text(&signature, i).unwrap_or(zone::UTC));
        let unit = |i| {
            let unit = written.text(&signature, i).and_then(TimeUnit::find);
            unit.unwrap_or(TimeUnit::Second)
        };
        Ok(match self {
            Function::Since => {
                let other = written.compile_required(&signature, 0, compiler)?;
                since([operand, coerced(other, Computed::TIMESTAMP)?], unit(1))
            }
            Function::SinceEpoch => {
                let epoch = column::instants(std::iter::once(Some(0)));
                since([operand, Node::Constant(epoch)], unit(0))
            }
            Function::Strftime => {
                let format = written.text(&signature, 0).unwrap_or_default();
                let items: Vec<_> = StrftimeItems::new(format).map(Item::to_owned).collect();
                let zone = zone(1)?;
                call([operand], move |inputs, failures| {
                    let instants = inputs.instants(0);
                    let texts = (0..inputs.rows).map(|row| {
                        let local = local(instants.get(row)?, zone)?;
                        let mut text = String::new();
                        if write!(text, "{}", local.format_with_items(items.iter())).is_err() {
                            failures.add(row, "the format does not print");
                            return None;
                        }
                        Some(text)
                    });
                    Arc::new(texts.collect::<StringArray>())
                })
            }
            part => {
                let zone = zone(0)?;
                let unit = part.part().unwrap_or(TimeUnit::Second);
                call([operand], move |inputs, _| {
                    let instants = inputs.instants(0);
                    let parts = (0..inputs.rows)
                        .map(|row| Some(part_of(&local(instants.get(row)?, zone)?, unit)));
                    Arc::new(parts.collect::<Int64Array>())
                })
            }
        })
    }
}

/// What clocks in a zone show.
fn local(micros: i64, zone: Tz) -> Option<DateTime<Tz>> {
    DateTime::from_timestamp_micros(micros).map(|instant| instant.with_timezone(&zone))
}

fn part_of(local: &DateTime<Tz>, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Year => local.year().into(),
        TimeUnit::Month => local.month().into(),
        TimeUnit::Week => local.iso_week().week().into(),
        TimeUnit::Day => local.day().into(),
        TimeUnit::Hour => local.hour().into(),
        TimeUnit::Minute => local.minute().into(),
        TimeUnit::Second => local.second().into(),
        TimeUnit::Millisecond => local.timestamp_subsec_millis().into(),
        TimeUnit::Microsecond => local.timestamp_subsec_micros().into(),
    }
}

/// The time between two instants in whole units: weeks and years are rounded down from whole days,
/// the others toward zero.
fn since(instants: [Node; 2], unit: TimeUnit) -> Node {
    let days = match unit {
        TimeUnit::Week => Some(7),
        TimeUnit::Year => Some(365),
        _ => None,
    };
    let micros = match days {
        Some(_) => TimeUnit::Day.micros(),
        None => unit.micros(),
    };
    let micros = micros.unwrap_or(1);
    call(instants, move |inputs, _| {
        binary::<TimestampMicrosecondType, Int64Type>(inputs, |a, b| {
            // What stands in place of a null may be any number.
            let whole = a.wrapping_sub(b) / micros;
            days.map_or(whole, |days| whole.div_euclid(days))
        })
    })
}
