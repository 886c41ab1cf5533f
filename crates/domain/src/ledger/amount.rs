//! Amounts of money, and the currencies that they are of.

use std::fmt;
use std::str::FromStr;

/// An amount of money in millionths of its currency's unit: never negative, and never a rounded number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(u64);

/// A text that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(r#"an amount is a text such as "0.0015": less than 1000000000, with at most 6 decimals"#)]
pub struct AmountError;

const MICROS: u64 = 1_000_000;
const DECIMALS: usize = 6;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that is written: a millionth less than a thousand million units.
    pub const MAX: Self = Self(1_000_000_000 * MICROS - 1);

    /// The amount of this many millionths.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// How many millionths it is.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Both together; the largest number there is when that would overflow, which is more than any budget.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of it; nothing where the other is more.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many times as much; the largest number there is when that would overflow.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// The units as a floating-point number, for clients that know no other: the nearest to the amount.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // The text is exact, and reading it rounds once.
        self.to_string().parse().unwrap_or(f64::MAX)
    }
}

impl fmt::Display for Amount {
    /// As a decimal number without zeros at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, micros) = (self.0 / MICROS, self.0 % MICROS);
        if micros == 0 {
            return write!(f, "{units}");
        }
        let decimals = format!("{micros:06}");
        write!(f, "{units}.{}", decimals.trim_end_matches('0'))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (units, decimals) =
            text.split_once('.').map_or((text, None), |(units, rest)| (units, Some(rest)));
        let decimals = decimals.unwrap_or("0");
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = units == "0" || !units.starts_with('0');
        if !is_plain || !is_number(units) || !is_number(decimals) || decimals.len() > DECIMALS {
            return Err(AmountError);
        }
        let micros = format!("{units}{decimals:0<DECIMALS$}").parse().map_err(|_| AmountError)?;
        Some(Self(micros)).filter(|amount| *amount <= Self::MAX).ok_or(AmountError)
    }
}

/// A currency: a code of ISO 4217, or another word of 3 to 8 capitals, for what is counted in points or credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    /// The letters, and zeros behind them.
    letters: [u8; Self::MAX_LETTERS],
}

/// A text that is no currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(r#"a currency is 3 to 8 capitals, such as "EUR""#)]
pub struct CurrencyError;

impl Currency {
    const MIN_LETTERS: usize = 3;
    const MAX_LETTERS: usize = 8;

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.letters).unwrap_or_default().trim_end_matches('\0')
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let mut letters = [0; Self::MAX_LETTERS];
        let written = letters.get_mut(..text.len()).filter(|written| written.len() >= Self::MIN_LETTERS);
        written.ok_or(CurrencyError)?.copy_from_slice(text.as_bytes());
        let is_code = text.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_code { Ok(Self { letters }) } else { Err(CurrencyError) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn z2_an_amount_is_read_to_the_last_millionth_and_nothing_else_is() {
        for (text, micros) in [
            ("0", 0),
            ("0.0", 0),
            ("1", 1_000_000),
            ("0.000001", 1),
            ("0.0015", 1_500),
            ("12.50", 12_500_000),
            ("999999999.999999", 999_999_999_999_999),
        ] {
            assert_eq!(text.parse(), Ok(Amount(micros)), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "01",
            "1e3",
            "1,5",
            "0.0000001",
            "1000000000",
            "١",
            " 1",
            "1.5.2",
        ] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError), "{text}");
        }
    }

    #[test]
    fn z2_a_currency_is_a_few_capitals() {
        for code in ["EUR", "USD", "CREDITS"] {
            assert_eq!(code.parse::<Currency>().unwrap().to_string(), code);
        }
        for text in ["", "EU", "eur", "E1R", "ÄÖÜ", "CURRENCYX"] {
            assert_eq!(text.parse::<Currency>(), Err(CurrencyError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn z2_an_amount_is_shown_as_it_is_read(micros in 0..=Amount::MAX.micros()) {
            let amount = Amount(micros);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            let nearest = format!("{}.{:06}", micros / MICROS, micros % MICROS).parse::<f64>().unwrap();
            prop_assert_eq!(amount.to_f64().to_bits(), nearest.to_bits());
        }
    }
}
