//! Lengths of time as people write them in files: `30s`, `10m`, `1h30m`, `2d`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The units, longest first, in seconds.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A length of time in whole seconds; it may be negative where that means something.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Span(i64);

/// Text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a length of time; write it like `45s`, `10m`, `1h30m` or `2d`", .0.escape_debug())]
pub struct NotASpan(String);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// In seconds.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }

    /// Whether it is below nothing.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl From<Span> for chrono::Duration {
    fn from(span: Span) -> Self {
        // No longer than text of a few digits can say.
        Self::try_seconds(span.0).unwrap_or_default()
    }
}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let wrong = || NotASpan(text.to_owned());
        let trimmed = text.trim();
        let (negative, mut rest) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let (mut total, mut longest) = (0_i64, i64::MAX);
        while !rest.is_empty() {
            let digits = rest.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, after) = rest.split_at(digits);
            let mut characters = after.chars();
            let unit = characters.next().ok_or_else(wrong)?.to_ascii_lowercase();
            let (_, seconds) = *UNITS.iter().find(|(letter, _)| *letter == unit).ok_or_else(wrong)?;
            // Six digits of days are more than two thousand years.
            if seconds >= longest || !(1..=6).contains(&number.len()) {
                return Err(wrong());
            }
            total += number.parse::<i64>().map_err(|_| wrong())? * seconds;
            (longest, rest) = (seconds, characters.as_str());
        }
        match longest == i64::MAX {
            true => Err(wrong()),
            false => Ok(Self(if negative { -total } else { total })),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = NotASpan;

    fn try_from(text: String) -> Result<Self, NotASpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        f.write_str(if self.0 < 0 { "-" } else { "" })?;
        let mut rest = self.0.abs();
        for (unit, seconds) in UNITS.iter().filter(|(_, seconds)| *seconds <= self.0.abs()) {
            if rest / seconds > 0 {
                write!(f, "{}{unit}", rest / seconds)?;
            }
            rest %= seconds;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("45s", 45, "45s"),
            ("10m", 600, "10m"),
            ("1h30m", 5_400, "1h30m"),
            ("90m", 5_400, "1h30m"),
            ("2d", 172_800, "2d"),
            ("1d1s", 86_401, "1d1s"),
            ("-1m", -60, "-1m"),
            ("0m", 0, "0s"),
            (" 5M ", 300, "5m"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.as_seconds(), span.to_string().as_str()), (seconds, shown), "{text}");
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "-", "10", "m", "10 m", "5m1h", "1m1m", "1.5h", "1w", "9999999d", "--1m", "1h-1m"] {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not a length of time")), "{error}");
        }
    }
}
