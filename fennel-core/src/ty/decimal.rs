//! Decimal numbers with a fixed number of digits behind the point.

use core::fmt;
use core::str::FromStr;

/// A decimal number with `SCALE` digits behind the point, 1 to 28, and at most 28 digits in all.
///
/// ```
/// use fennel_core::ty::Decimal;
///
/// let price: Decimal<2> = "12.5".parse()?;
/// assert_eq!(price.to_string(), "12.50");
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal<const SCALE: u32>(rust_decimal::Decimal);

impl<const SCALE: u32> Decimal<SCALE> {
    /// The number rounded to the scale, half to even.
    #[must_use]
    pub fn new(number: rust_decimal::Decimal) -> Self {
        let mut number = number.round_dp(SCALE);
        number.rescale(SCALE);
        Decimal(number)
    }

    /// The number as `rust_decimal` has it.
    #[must_use]
    pub const fn get(self) -> rust_decimal::Decimal {
        self.0
    }
}

impl<const SCALE: u32> From<rust_decimal::Decimal> for Decimal<SCALE> {
    fn from(number: rust_decimal::Decimal) -> Self {
        Decimal::new(number)
    }
}

impl<const SCALE: u32> FromStr for Decimal<SCALE> {
    type Err = rust_decimal::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Decimal::new)
    }
}

impl<const SCALE: u32> fmt::Display for Decimal<SCALE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
