//! The numbers of a date, and which of them is the year, the month and the day.

use chrono::NaiveDate;

use super::words::is_digits;

/// Year, month and day in the order in which a text has them.
#[derive(Default)]
pub(super) struct Day {
    numbers: Vec<i64>,
    year: Option<usize>,
    month: Option<usize>,
    has_century: bool,
}

/// The years that two digits stand for: 1970 to 2069.
const PIVOT: i64 = 70;
/// What a text that lacks them has: a leap year that begins with a long month.
const DEFAULT: (i64, i64, i64) = (2000, 1, 1);

impl Day {
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn push(&mut self, number: i64) -> Option<()> {
        if number > 100 {
            self.has_century = true;
            return self.push_year(number);
        }
        self.numbers.push(number);
        Some(())
    }

    /// Adds digits, which are a year if there are more than two.
    pub(super) fn push_digits(&mut self, digits: &str) -> Option<()> {
        if !is_digits(digits) {
            return None;
        }
        let number = digits.parse().ok()?;
        if digits.len() > 2 {
            self.has_century = true;
            return self.push_year(number);
        }
        self.push(number)
    }

    fn push_year(&mut self, number: i64) -> Option<()> {
        if self.year.replace(self.numbers.len()).is_some() {
            return None;
        }
        self.numbers.push(number);
        Some(())
    }

    pub(super) fn push_month(&mut self, number: i64) -> Option<()> {
        if self.month.replace(self.numbers.len()).is_some() {
            return None;
        }
        self.numbers.push(number);
        Some(())
    }

    pub(super) fn could_be_day(&self, number: i64) -> bool {
        let at = |i: Option<usize>| i.and_then(|i| self.numbers.get(i)).copied();
        let Some(month) = at(self.month) else {
            return (1..=31).contains(&number);
        };
        let year = at(self.year).unwrap_or(DEFAULT.0);
        date(year, month, number).is_some()
    }

    /// The date; what the text lacks is that of the first day of 2000. `None` where it is no date.
    pub(super) fn date(&self) -> Option<NaiveDate> {
        let (year, month, day) = self.resolve()?;
        let year = match year {
            Some(year) if year < 100 && !self.has_century => {
                year + if year < PIVOT { 2000 } else { 1900 }
            }
            Some(year) => year,
            None => DEFAULT.0,
        };
        date(year, month.unwrap_or(DEFAULT.1), day.unwrap_or(DEFAULT.2))
    }

    /// Which number is what: month before day before year, unless a name or a number that is too large says otherwise.
    fn resolve(&self) -> Option<(Option<i64>, Option<i64>, Option<i64>)> {
        let (year, month) = (self.year, self.month);
        if let (Some(year), Some(month), [_, _, _]) = (year, month, &self.numbers[..]) {
            let day = 3_usize.checked_sub(year + month)?;
            let at = |i: usize| self.numbers.get(i).copied();
            return Some((at(year), at(month), at(day)));
        }
        Some(match (&self.numbers[..], month) {
            ([], _) => (None, None, None),
            (&[one], Some(_)) => (None, Some(one), None),
            (&[one], None) if one > 31 || year.is_some() => (Some(one), None, None),
            (&[one], None) => (None, None, Some(one)),
            (&[one, other], Some(i)) => {
                let (month, other) = if i == 0 { (one, other) } else { (other, one) };
                match other > 31 || year.is_some() {
                    true => (Some(other), Some(month), None),
                    false => (None, Some(month), Some(other)),
                }
            }
            (&[one, other], None) if one > 31 || year == Some(0) => (Some(one), Some(other), None),
            (&[one, other], None) if other > 31 || year == Some(1) => {
                (Some(other), Some(one), None)
            }
            (&[one, other], None) => (None, Some(one), Some(other)),
            (&[a, b, c], Some(0)) if b > 31 => (Some(b), Some(a), Some(c)),
            (&[a, b, c], Some(0)) => (Some(c), Some(a), Some(b)),
            (&[a, b, c], Some(1)) if a > 31 => (Some(a), Some(b), Some(c)),
            (&[a, b, c], Some(1)) => (Some(c), Some(b), Some(a)),
            (&[a, b, c], Some(_)) if b > 31 => (Some(b), Some(c), Some(a)),
            (&[a, b, c], Some(_)) => (Some(a), Some(c), Some(b)),
            (&[a, b, c], None) if a > 31 || year == Some(0) => (Some(a), Some(b), Some(c)),
            (&[a, b, c], None) if a > 12 => (Some(c), Some(b), Some(a)),
            (&[a, b, c], None) => (Some(c), Some(a), Some(b)),
            _ => return None,
        })
    }
}

fn date(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    let year = i32::try_from(year)
        .ok()
        .filter(|year| (1..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}
