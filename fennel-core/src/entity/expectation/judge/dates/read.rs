//! Reading dates and times in the many forms that Python's dateutil takes, and in no other.

use super::clock::{Clock, split};
use super::day::Day;
use super::instant;
use super::words::{
    cut, is_afternoon, is_digits, is_jump, is_utc, is_weekday, is_zone, month, unit,
};
use crate::time::Timestamp;

/// The longest text that is looked at, in bytes: no date is longer.
const LONGEST: usize = 200;

/// The instant that a text says, in UTC where it says no offset; `None` where it says none.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if text.len() > LONGEST {
        return None;
    }
    let mut reader = Reader {
        tokens: cut(text),
        day: Day::default(),
        clock: Clock::default(),
        has_weekday: false,
    };
    let mut at = 0;
    while at < reader.tokens.len() {
        at = reader.step(at)?;
    }
    if reader.day.len() == 0 && reader.clock.is_empty() && !reader.has_weekday {
        return None;
    }
    let offset = reader.clock.offset.unwrap_or(0);
    instant(reader.day.date()?, reader.clock.micros()?, offset)
}

struct Reader {
    tokens: Vec<String>,
    day: Day,
    clock: Clock,
    has_weekday: bool,
}

impl Reader {
    fn token(&self, at: usize) -> Option<&str> {
        self.tokens.get(at).map(String::as_str)
    }

    fn is(&self, at: usize, what: &str) -> bool {
        self.token(at) == Some(what)
    }

    /// Reads what begins at a token, and answers with where the next begins; `None` where it is no part of a date.
    fn step(&mut self, at: usize) -> Option<usize> {
        let word = self.token(at)?.to_owned();
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return self.number(at, &word);
        }
        if is_weekday(&word) {
            self.has_weekday = true;
            return Some(at + 1);
        }
        if let Some(number) = month(&word) {
            self.day.push_month(number)?;
            return self.behind_month(at);
        }
        if let Some(is_afternoon) = is_afternoon(&word) {
            let hour = self.clock.hour.filter(|hour| (0..=12).contains(hour))?;
            self.clock.set_half(hour, is_afternoon);
            return Some(at + 1);
        }
        let has_time = self.clock.hour.is_some();
        if has_time && !self.clock.zone && self.clock.offset.is_none() && is_zone(&word) {
            return Some(self.zone(at, &word));
        }
        if has_time && matches!(&*word, "+" | "-") {
            return self.offset(at, &word);
        }
        is_jump(&word).then_some(at + 1)
    }

    /// `Jan-02-2024`, `Jan of 2024`.
    fn behind_month(&mut self, at: usize) -> Option<usize> {
        if let Some(separator @ ("-" | "/")) = self.token(at + 1) {
            let separator = separator.to_owned();
            self.push_digits(at + 2)?;
            if self.is(at + 3, &separator) {
                self.push_digits(at + 4)?;
                return Some(at + 5);
            }
            return Some(at + 3);
        }
        let is_of = self.is(at + 1, " ") && self.is(at + 2, "of") && self.is(at + 3, " ");
        if is_of && self.token(at + 4).is_some_and(is_digits) {
            self.push_digits(at + 4)?;
            return Some(at + 5);
        }
        Some(at + 1)
    }

    fn push_digits(&mut self, at: usize) -> Option<()> {
        let digits = self.tokens.get(at)?;
        self.day.push_digits(digits)
    }

    /// `UTC`, `EST`, `GMT+3`, which means three hours west of it as POSIX has it, but where it says `UTC`.
    fn zone(&mut self, at: usize, word: &str) -> usize {
        self.clock.zone = !is_utc(word);
        if let Some(sign @ ("+" | "-")) = self.token(at + 1) {
            let turned = if sign == "+" { "-" } else { "+" };
            if let Some(slot) = self.tokens.get_mut(at + 1) {
                *slot = turned.into();
            }
            self.clock.zone = false;
        } else if is_utc(word) {
            self.clock.offset = Some(0);
        }
        at + 1
    }

    /// `+0530`, `+05:30`, `+5`, and perhaps a name in brackets behind it.
    fn offset(&mut self, at: usize, sign: &str) -> Option<usize> {
        let digits = self.token(at + 1)?;
        if !is_digits(digits) {
            return None;
        }
        let (hours, minutes, mut end): (i64, i64, _) = match digits.len() {
            4 => {
                let (hours, minutes) = digits.split_at(2);
                (hours.parse().ok()?, minutes.parse().ok()?, at + 2)
            }
            _ if self.is(at + 2, ":") => {
                let minutes = self.token(at + 3)?;
                (digits.parse().ok()?, minutes.parse().ok()?, at + 4)
            }
            1 | 2 => (digits.parse().ok()?, 0, at + 2),
            _ => return None,
        };
        let seconds = hours
            .checked_mul(3_600)?
            .checked_add(minutes.checked_mul(60)?)?;
        self.clock.offset = Some(if sign == "-" { -seconds } else { seconds });
        let is_named = self.token(end).is_some_and(is_jump)
            && self.is(end + 1, "(")
            && self
                .token(end + 2)
                .is_some_and(|name| name.len() >= 3 && is_zone(name))
            && self.is(end + 3, ")");
        if is_named {
            end += 4;
        }
        Some(end)
    }

    /// Reads what begins with a number.
    fn number(&mut self, at: usize, word: &str) -> Option<usize> {
        let (whole, _) = split(word)?;
        let len = word.len();
        let next = self.token(at + 1).map(str::to_owned);
        let next = next.as_deref();
        let is_alone = next.is_none_or(|next| next != ":" && unit(next).is_none());
        if self.day.len() == 3 && matches!(len, 2 | 4) && self.clock.hour.is_none() && is_alone {
            return self.packed_time(word).map(|()| at + 1);
        }
        if len == 6 || (len > 6 && word.find('.') == Some(6)) {
            match self.day.len() == 0 && !word.contains('.') {
                true => self.packed_day(word, 2)?,
                false => self.packed_time(word)?,
            }
            return Some(at + 1);
        }
        if matches!(len, 8 | 12 | 14) && is_digits(word) {
            let (day, time) = word.split_at(8);
            self.packed_day(day, 4)?;
            if !time.is_empty() {
                self.packed_time(time)?;
            }
            return Some(at + 1);
        }
        if let Some((unit, end)) = self.unit_of(at) {
            self.clock.set(unit, word)?;
            return Some(end);
        }
        match next {
            Some(":") if self.token(at + 2).is_some() => self.time(at, whole),
            Some(separator @ ("-" | "/" | ".")) => self.date(at, word, separator),
            Some(next) if !is_jump(next) => match is_afternoon(next) {
                Some(is_afternoon) if (0..24).contains(&whole) => {
                    self.clock.set_half(whole, is_afternoon);
                    Some(at + 2)
                }
                _ if self.day.could_be_day(whole) => self.day.push(whole).map(|()| at + 1),
                _ => None,
            },
            _ => {
                let half = self.token(at + 2).and_then(is_afternoon);
                match half {
                    Some(is_afternoon) => {
                        self.clock.set_half(whole, is_afternoon);
                        Some(at + 3)
                    }
                    None => self.day.push(whole).map(|()| at + 2),
                }
            }
        }
    }

    /// `10:30:15.5`.
    fn time(&mut self, at: usize, hour: i64) -> Option<usize> {
        self.clock.hour = Some(hour);
        let minute = self.token(at + 2)?.to_owned();
        self.clock.set(1, &minute)?;
        if !self.is(at + 3, ":") {
            return Some(at + 3);
        }
        let Some(second) = self.token(at + 4).map(str::to_owned) else {
            return Some(at + 3);
        };
        self.clock.set_seconds(&second)?;
        Some(at + 5)
    }

    /// `2024-01-02`, `2/Jan/2024`, `2024-01`.
    fn date(&mut self, at: usize, word: &str, separator: &str) -> Option<usize> {
        self.day.push_digits(word)?;
        match self.token(at + 2) {
            Some(second) if !is_jump(second) => {
                match is_digits(second) {
                    true => self.push_digits(at + 2)?,
                    false => self.day.push_month(month(second)?)?,
                }
                if !self.is(at + 3, separator) {
                    return Some(at + 3);
                }
                match month(self.token(at + 4)?) {
                    Some(number) => self.day.push_month(number)?,
                    None => self.push_digits(at + 4)?,
                }
                Some(at + 5)
            }
            _ => Some(at + 2),
        }
    }

    /// `hhmmss`, as far as there are digits.
    fn packed_time(&mut self, digits: &str) -> Option<()> {
        self.clock.hour = digits.get(..2)?.parse().ok();
        if digits.len() > 2 {
            self.clock.minute = digits.get(2..4)?.parse().ok();
        }
        match digits.get(4..).filter(|seconds| !seconds.is_empty()) {
            Some(seconds) => self.clock.set_seconds(seconds),
            None => Some(()),
        }
    }

    /// Year, month and day, the year of so many digits.
    fn packed_day(&mut self, digits: &str, year: usize) -> Option<()> {
        for range in [0..year, year..year + 2, year + 2..year + 4] {
            let part = digits.get(range)?;
            self.day.push_digits(part)?;
        }
        Some(())
    }

    /// Which of hour, minute and second a number is by a word beside it, and where the next token begins.
    fn unit_of(&self, at: usize) -> Option<(usize, usize)> {
        let unit_at = |at: usize| self.token(at).and_then(unit);
        if let Some(unit) = unit_at(at + 1) {
            return Some((unit, at + 2));
        }
        if let Some(unit) = unit_at(at + 2).filter(|_| self.is(at + 1, " ")) {
            return Some((unit, at + 3));
        }
        // `10h36` goes on with minutes.
        let before = at.checked_sub(1).and_then(unit_at);
        if let Some(unit) = before {
            return Some((unit + 1, at + 1));
        }
        let is_last = at > 1 && at + 1 == self.tokens.len();
        let before = at
            .checked_sub(2)
            .filter(|_| is_last && self.is(at - 1, " "));
        let unit = before.and_then(unit_at)?;
        Some((unit + 1, at + 1))
    }
}
