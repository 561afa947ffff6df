//! Floats with few digits, which const code can write.

use crate::message::Message;

/// A float as the shortest decimal that reads back as it: `mantissa` over ten to the power of `places`.
#[derive(Clone, Copy)]
pub(super) struct Short {
    negative: bool,
    mantissa: i64,
    places: u32,
}

/// The most digits behind the point.
const PLACES: u32 = 6;
/// Beyond this a quotient of whole floats is not exact any more, and `Display` writes an exponent.
const LARGEST: f64 = 1e15;
/// Below this `Display` writes an exponent.
const SMALLEST: f64 = 1e-4;

impl Short {
    /// `None` for a float that needs more digits than are shown, and for what is no number.
    pub(super) const fn of(float: f64) -> Option<Short> {
        let (negative, size) = if float < 0.0 {
            (true, -float)
        } else {
            (false, float)
        };
        let mut places = 0;
        let mut power = 1.0;
        while places <= PLACES && size * power < LARGEST && (size == 0.0 || size >= SMALLEST) {
            let mantissa = (size * power + 0.5) as i64;
            // Both are exact and division rounds correctly, as reading a text does: so the text of
            // this quotient reads back as this float.
            if mantissa as f64 / power == size {
                return Some(Short {
                    negative,
                    mantissa,
                    places,
                });
            }
            places += 1;
            power *= 10.0;
        }
        None
    }

    /// Appends the decimal, with at least one digit behind the point.
    pub(super) const fn write(self, to: Message) -> Message {
        let to = if self.negative { to.text("-") } else { to };
        let mut power = 10_i64.pow(self.places);
        let mut to = to.int(self.mantissa / power).text(".");
        if self.places == 0 {
            return to.text("0");
        }
        while power > 1 {
            power /= 10;
            to = to.int(self.mantissa / power % 10);
        }
        to
    }
}
