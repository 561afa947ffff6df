//! Durations and instants, to the microsecond.

use core::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::message::{Check, Message};
use crate::text::{eq, is_blank};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A span of time in whole microseconds, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration {
    micros: i64,
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration { micros: 0 };

    /// A duration of so many microseconds; a negative count is zero.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Duration {
            micros: if micros < 0 { 0 } else { micros },
        }
    }

    /// A duration of so many days of 24 hours.
    #[must_use]
    pub const fn from_days(days: u32) -> Self {
        Duration {
            micros: days as i64 * DAY,
        }
    }

    /// The length in microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Reads a duration such as `"14d"`, `"1h 30m"` or `"1.5d"`.
    ///
    /// Units are `y` (365 days), `w`, `d`, `h`, `m` (minutes) and `s`; blanks between the parts are
    /// allowed. What is finer than a microsecond is cut.
    ///
    /// # Errors
    ///
    /// A message that says how to write one, if the text is empty, lacks a number or a unit, or is
    /// longer than 292,000 years.
    pub const fn parse(text: &str) -> Result<Duration, Message> {
        let bytes = text.as_bytes();
        let mut total: i128 = 0;
        let mut parts = 0;
        let mut i = 0;
        while i < bytes.len() {
            if is_blank(bytes[i]) {
                i += 1;
                continue;
            }
            let (mut number, mut scale, mut digits, mut fraction) = (0_i128, 1_i128, 0, false);
            while i < bytes.len() && (bytes[i].is_ascii_digit() || (bytes[i] == b'.' && !fraction))
            {
                if bytes[i] == b'.' {
                    fraction = true;
                } else {
                    if digits == 18 {
                        return Err(not_a_duration(text));
                    }
                    number = number * 10 + (bytes[i] - b'0') as i128;
                    digits += 1;
                    if fraction {
                        scale *= 10;
                    }
                }
                i += 1;
            }
            while i < bytes.len() && is_blank(bytes[i]) {
                i += 1;
            }
            if digits == 0 || i == bytes.len() {
                return Err(not_a_duration(text));
            }
            let seconds: i128 = match bytes[i] {
                b'y' => 365 * 86_400,
                b'w' => 7 * 86_400,
                b'd' => 86_400,
                b'h' => 3_600,
                b'm' => 60,
                b's' => 1,
                _ => return Err(not_a_duration(text)),
            };
            total += number * seconds * SECOND as i128 / scale;
            if total > i64::MAX as i128 {
                return Err(not_a_duration(text));
            }
            parts += 1;
            i += 1;
        }
        if parts == 0 {
            return Err(not_a_duration(text));
        }
        Ok(Duration {
            micros: total as i64,
        })
    }

    /// Reads a duration, or zero where the text is none: [`check_duration`] reports that, at the text.
    #[must_use]
    pub const fn parse_or_zero(text: &str) -> Duration {
        match Duration::parse(text) {
            Ok(duration) => duration,
            Err(_) => Duration::ZERO,
        }
    }
}

/// Checks that a text is a duration that may be zero.
///
/// # Errors
///
/// As [`Duration::parse`].
pub const fn check_duration(text: &str) -> Check {
    match Duration::parse(text) {
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

const fn not_a_duration(text: &str) -> Message {
    if eq(text, "forever") {
        return Message::new(
            "`forever` can't stand here: write a number and a unit, such as \"14d\", \"2h\", \"30m\"",
        );
    }
    Message::new("not a duration: write a number and a unit, such as \"14d\", \"2h\", \"30m\"")
}

/// The shortest text that [`Duration::parse`] reads back, such as `14d` or `2h 30m`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.micros == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.micros;
        let mut separator = "";
        for (unit, name) in [(DAY, "d"), (3_600 * SECOND, "h"), (60 * SECOND, "m")] {
            if rest >= unit {
                write!(f, "{separator}{}{name}", rest / unit)?;
                rest %= unit;
                separator = " ";
            }
        }
        match (rest / SECOND, rest % SECOND) {
            (0, 0) => Ok(()),
            (seconds, 0) => write!(f, "{separator}{seconds}s"),
            (seconds, micros) => {
                let fraction = format!("{micros:06}");
                write!(
                    f,
                    "{separator}{seconds}.{}s",
                    fraction.trim_end_matches('0')
                )
            }
        }
    }
}

/// An instant in UTC: microseconds since 1970-01-01, from year 1 to year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Timestamp {
    micros: i64,
}

impl Timestamp {
    /// The first instant of year 1.
    pub const MIN: Timestamp = Timestamp {
        micros: -62_135_596_800 * SECOND,
    };
    /// The last microsecond of year 9999.
    pub const MAX: Timestamp = Timestamp {
        micros: 253_402_300_800 * SECOND - 1,
    };

    /// The instant so many microseconds after 1970-01-01, or `None` outside years 1 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Timestamp> {
        if micros < Timestamp::MIN.micros || micros > Timestamp::MAX.micros {
            return None;
        }
        Some(Timestamp { micros })
    }

    /// Microseconds since 1970-01-01.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Reads `2024-02-03`, `2024-02-03T04:05`, `2024-02-03 04:05:06.123456` and the like, with `Z`,
    /// an offset such as `+05:30`, or nothing for UTC.
    ///
    /// # Errors
    ///
    /// A message that says how to write one.
    pub const fn parse(text: &str) -> Result<Timestamp, Message> {
        match parse_instant(text.as_bytes()) {
            Some(timestamp) => Ok(timestamp),
            None => Err(Message::new(
                "not an instant: write it as \"2024-02-03T04:05:06Z\" or \"2024-02-03\"",
            )),
        }
    }

    /// Reads an instant, or 1970-01-01 where the text is none: [`check_timestamp`] reports that.
    #[must_use]
    pub const fn parse_or_epoch(text: &str) -> Timestamp {
        match Timestamp::parse(text) {
            Ok(timestamp) => timestamp,
            Err(_) => Timestamp { micros: 0 },
        }
    }

    /// The instant as chrono has it.
    #[must_use]
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros)
            .expect("years 1 to 9999 are within chrono's range")
    }

    /// The instant of a chrono time, cut to the microsecond, or `None` outside years 1 to 9999.
    #[must_use]
    pub fn from_datetime(datetime: &DateTime<Utc>) -> Option<Timestamp> {
        Timestamp::from_micros(datetime.timestamp_micros())
    }

    /// Midnight UTC of a day, or `None` outside years 1 to 9999.
    #[must_use]
    pub fn from_date(date: NaiveDate) -> Option<Timestamp> {
        Timestamp::from_datetime(&NaiveDateTime::from(date).and_utc())
    }
}

impl TryFrom<i64> for Timestamp {
    type Error = &'static str;

    /// The instant so many microseconds after 1970-01-01.
    fn try_from(micros: i64) -> Result<Self, Self::Error> {
        Timestamp::from_micros(micros).ok_or("an instant outside years 1 to 9999")
    }
}

impl From<Timestamp> for i64 {
    /// Microseconds since 1970-01-01.
    fn from(timestamp: Timestamp) -> Self {
        timestamp.micros
    }
}

/// Checks that a text is an instant.
///
/// # Errors
///
/// As [`Timestamp::parse`].
pub const fn check_timestamp(text: &str) -> Check {
    match Timestamp::parse(text) {
        Ok(_) => Ok(()),
        Err(message) => Err(message),
    }
}

/// RFC 3339 with six digits of fraction, always, and `Z`: columns of equal width, as clients of the
/// protocol need.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_datetime().format("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

/// `count` digits at `*at`, as a number.
const fn digits(bytes: &[u8], at: &mut usize, count: usize) -> Option<i64> {
    let mut value = 0;
    let mut i = 0;
    while i < count {
        if *at >= bytes.len() || !bytes[*at].is_ascii_digit() {
            return None;
        }
        value = value * 10 + (bytes[*at] - b'0') as i64;
        *at += 1;
        i += 1;
    }
    Some(value)
}

const fn eat(bytes: &[u8], at: &mut usize, byte: u8) -> bool {
    if *at < bytes.len() && bytes[*at] == byte {
        *at += 1;
        return true;
    }
    false
}

macro_rules! some {
    ($option:expr) => {
        match $option {
            Some(value) => value,
            None => return None,
        }
    };
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, if there is such a date.
pub(crate) const fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if year < 1 || year > 9999 || day < 1 || day > length {
        return None;
    }
    // Counts years from March, so that the leap day is a year's last.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y / 400;
    let year_of_era = y - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Reads `YYYY-MM-DD` from `*at` on, as days since 1970-01-01.
const fn parse_days(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let year = some!(digits(bytes, at, 4));
    if !eat(bytes, at, b'-') {
        return None;
    }
    let month = some!(digits(bytes, at, 2));
    if !eat(bytes, at, b'-') {
        return None;
    }
    let day = some!(digits(bytes, at, 2));
    days_from_civil(year, month, day)
}

/// Reads a whole text of the form `YYYY-MM-DD`, as days since 1970-01-01.
pub(crate) const fn parse_date(text: &str) -> Option<i64> {
    let mut at = 0;
    let days = some!(parse_days(text.as_bytes(), &mut at));
    if at == text.len() { Some(days) } else { None }
}

const fn parse_instant(bytes: &[u8]) -> Option<Timestamp> {
    let mut at = 0;
    let mut micros = some!(parse_days(bytes, &mut at)) * DAY;
    if eat(bytes, &mut at, b'T') || eat(bytes, &mut at, b't') || eat(bytes, &mut at, b' ') {
        let hour = some!(digits(bytes, &mut at, 2));
        if !eat(bytes, &mut at, b':') {
            return None;
        }
        let minute = some!(digits(bytes, &mut at, 2));
        let second = if eat(bytes, &mut at, b':') {
            some!(digits(bytes, &mut at, 2))
        } else {
            0
        };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        micros += ((hour * 60 + minute) * 60 + second) * SECOND;
        if eat(bytes, &mut at, b'.') {
            let mut unit = SECOND;
            let mut count = 0;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                unit /= 10;
                micros += (bytes[at] - b'0') as i64 * unit;
                at += 1;
                count += 1;
            }
            if count == 0 || count > 9 {
                return None;
            }
        }
    }
    if at < bytes.len() && !eat(bytes, &mut at, b'Z') && !eat(bytes, &mut at, b'z') {
        let sign = if eat(bytes, &mut at, b'+') {
            1
        } else if eat(bytes, &mut at, b'-') {
            -1
        } else {
            return None;
        };
        let hours = some!(digits(bytes, &mut at, 2));
        let _ = eat(bytes, &mut at, b':');
        let minutes = some!(digits(bytes, &mut at, 2));
        if hours > 23 || minutes > 59 {
            return None;
        }
        micros -= sign * (hours * 60 + minutes) * 60 * SECOND;
    }
    if at < bytes.len() {
        return None;
    }
    Timestamp::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        Duration::parse(text).ok().map(Duration::micros)
    }

    #[test]
    fn durations_are_numbers_with_units() {
        assert_eq!(micros("14d"), Some(14 * DAY));
        assert_eq!(micros("1y 6w"), Some((365 + 42) * DAY));
        assert_eq!(micros("1.5d"), Some(36 * 3_600 * SECOND));
        assert_eq!(micros("1m 0.25s"), Some(60_250_000));
        assert_eq!(micros(" 2h30m "), Some(9_000 * SECOND));
        assert_eq!(micros("0s"), Some(0));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "", " ", "3", "14x", "d7", "10m 5yy", "forever", "-1d", "1.2.3d", "999999y", "é",
        ] {
            assert_eq!(micros(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_printed_duration_reads_back() {
        for text in ["14d", "2h 30m", "1d 1h 1m 1.000001s", "0.5s", "0s"] {
            assert_eq!(Duration::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn instants_are_read_as_chrono_reads_them() {
        for text in [
            "2024-02-29T23:59:59.123456Z",
            "1969-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "2000-03-01T00:00:00+05:30",
        ] {
            let chrono = DateTime::parse_from_rfc3339(text)
                .unwrap()
                .timestamp_micros();
            assert_eq!(Timestamp::parse(text).unwrap().micros(), chrono, "{text}");
        }
        assert_eq!(
            Timestamp::parse("2024-01-02 03:04").unwrap().to_string(),
            "2024-01-02T03:04:00.000000Z"
        );
        assert_eq!(
            Timestamp::parse("2024-01-02").unwrap().to_string(),
            "2024-01-02T00:00:00.000000Z"
        );
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2023-02-29",
            "2024-01-02T25:00",
            "2024-01-02T00:00:00 UTC",
            "10000-01-01",
            "2024-01-02T00:00:00.Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text:?}");
        }
    }
}
