//! Whether texts are dates or instants: in a format, or in any that Python's dateutil reads.

use chrono::format::{Item, Numeric, Pad, Parsed, StrftimeItems};

use super::given::Given;
use super::{Field, Rule, Value, wrong_type};
use crate::time::Timestamp;
use crate::ty::Type;

mod clock;
mod day;
mod read;
mod words;

pub(super) use read::parse;

/// `expect_column_values_to_match_strftime_format`.
pub(super) fn format(given: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    check(columns)?;
    let format = given.text("strftime_format").unwrap_or_default();
    let items: Vec<_> = StrftimeItems::new(format).map(Item::to_owned).collect();
    if items.contains(&Item::Error) {
        return Err(format!(
            "{format:?} is no format of dates: it is written as \"%Y-%m-%d\" is"
        ));
    }
    Ok(Rule::Value(Box::new(move |value| match value {
        Value::String(text) => is_formatted(text, &items),
        _ => false,
    })))
}

/// `expect_column_values_to_be_dateutil_parseable`.
pub(super) fn any(_: &Given<'_>, columns: &[&Field<'_>]) -> Result<Rule, String> {
    check(columns)?;
    Ok(Rule::Value(Box::new(|value| match value {
        Value::String(text) => parse(text).is_some(),
        _ => false,
    })))
}

fn check(columns: &[&Field<'_>]) -> Result<(), String> {
    for column in columns {
        if !matches!(column.ty.required().unrestricted(), Type::String) {
            return Err(wrong_type(column, "is no text that could say a date"));
        }
    }
    Ok(())
}

/// Whether a text is of this format, and the date and time that it says are possible ones. What it doesn't say is
/// taken from midnight on the first day of 1900, as Python does.
fn is_formatted(text: &str, items: &[Item<'_>]) -> bool {
    let mut parsed = Parsed::new();
    if chrono::format::parse(&mut parsed, text, items.iter()).is_err() {
        return false;
    }
    // As Python has it, a year is written with four digits.
    if let Some(year) = parsed.year()
        && !text.contains(&format!("{year:04}"))
        && items.contains(&Item::Numeric(Numeric::Year, Pad::Zero))
    {
        return false;
    }
    if parsed.timestamp().is_some() {
        return parsed.to_naive_datetime_with_offset(0).is_ok();
    }
    let has_year = parsed.year().is_some()
        || parsed.year_mod_100().is_some()
        || parsed.isoyear().is_some()
        || parsed.isoyear_mod_100().is_some();
    let has_day = parsed.ordinal().is_some()
        || parsed.isoweek().is_some()
        || parsed.week_from_sun().is_some()
        || parsed.week_from_mon().is_some();
    if !has_year && parsed.set_year(1900).is_err() {
        return false;
    }
    if !has_day {
        let is_filled = (parsed.month().is_some() || parsed.set_month(1).is_ok())
            && (parsed.day().is_some() || parsed.set_day(1).is_ok());
        // A weekday beside no date goes with any.
        if !is_filled {
            return false;
        }
        if parsed.year().is_some() && !has_year {
            return parsed_date_without_weekday(&parsed) && is_time(&mut parsed);
        }
    }
    parsed.to_naive_date().is_ok() && is_time(&mut parsed)
}

/// Whether year, month and day are a date, whatever the weekday.
fn parsed_date_without_weekday(parsed: &Parsed) -> bool {
    let (year, month, day) = (parsed.year(), parsed.month(), parsed.day());
    let date = year
        .zip(month)
        .zip(day)
        .and_then(|((year, month), day)| chrono::NaiveDate::from_ymd_opt(year, month, day));
    date.is_some()
}

/// Whether the time of the day, as far as there is one, is one.
fn is_time(parsed: &mut Parsed) -> bool {
    let has_hour = parsed.hour_div_12().is_some() || parsed.hour_mod_12().is_some();
    if !has_hour && parsed.minute().is_none() && parsed.second().is_none() {
        return true;
    }
    let is_filled = (parsed.hour_div_12().is_some() || parsed.set_ampm(false).is_ok())
        && (parsed.hour_mod_12().is_some() || parsed.set_hour12(12).is_ok())
        && (parsed.minute().is_some() || parsed.set_minute(0).is_ok())
        && (parsed.second().is_some() || parsed.set_second(0).is_ok());
    is_filled && parsed.to_naive_time().is_ok()
}

/// An instant of a date and the microseconds since its midnight, beside an offset in seconds.
fn instant(date: chrono::NaiveDate, micros: i64, offset: i64) -> Option<Timestamp> {
    let midnight = Timestamp::from_date(date)?.micros();
    let at = midnight.checked_add(micros)?;
    Timestamp::from_micros(at.checked_sub(offset.checked_mul(1_000_000)?)?)
}
