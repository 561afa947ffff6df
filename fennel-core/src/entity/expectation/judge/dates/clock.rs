//! The time of the day that a text says, and its offset from UTC.

/// What of a time is said.
#[derive(Default)]
pub(super) struct Clock {
    pub(super) hour: Option<i64>,
    pub(super) minute: Option<i64>,
    pub(super) second: Option<i64>,
    pub(super) micro: i64,
    pub(super) has_half: bool,
    pub(super) zone: bool,
    /// Seconds east of UTC.
    pub(super) offset: Option<i64>,
}

impl Clock {
    pub(super) fn is_empty(&self) -> bool {
        self.hour.is_none() && self.minute.is_none() && self.second.is_none()
    }

    /// Sets the hour that `am` or `pm` stands behind.
    pub(super) fn set_half(&mut self, hour: i64, is_afternoon: bool) {
        self.has_half = true;
        self.hour = Some(match (hour, is_afternoon) {
            (12, false) => 0,
            (..12, true) => hour + 12,
            _ => hour,
        });
    }

    /// Sets hour, minute or second, counted from 0, to a number of which the part behind the point goes to the next.
    pub(super) fn set(&mut self, unit: usize, number: &str) -> Option<()> {
        let (whole, fraction) = split(number)?;
        match unit {
            0 => {
                self.hour = Some(whole);
                if fraction > 0 {
                    self.minute = Some(fraction * 60 / 1_000_000);
                }
            }
            1 => {
                self.minute = Some(whole);
                if fraction > 0 {
                    self.second = Some(fraction * 60 / 1_000_000);
                }
            }
            2 => self.set_seconds(number)?,
            // A number behind seconds says nothing.
            _ => {}
        }
        Some(())
    }

    pub(super) fn set_seconds(&mut self, number: &str) -> Option<()> {
        let (whole, fraction) = split(number)?;
        (self.second, self.micro) = (Some(whole), fraction);
        Some(())
    }

    /// Microseconds since midnight; `None` where it is no time.
    pub(super) fn micros(&self) -> Option<i64> {
        let hour = self.hour.unwrap_or(0);
        let (minute, second) = (self.minute.unwrap_or(0), self.second.unwrap_or(0));
        let is_time =
            (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        is_time.then(|| ((hour * 60 + minute) * 60 + second) * 1_000_000 + self.micro)
    }
}

/// The whole part of a number and its millionths.
pub(super) fn split(number: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    Some((whole.parse().ok()?, digits.parse().ok()?))
}
