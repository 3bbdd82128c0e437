//! When a request is sent again, and after how long: a pure rule.

use std::time::Duration;

/// What may be repeated without doing a thing twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It only reads.
    Reading,
    /// It changes something: repeated only if the system certainly did nothing.
    Unsent,
    /// Never repeated: an insert, whose second arrival could undo what others did meanwhile.
    Never,
}

/// How an attempt went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status.
    Status(u16),
    /// No connection came about, and nothing was sent.
    NotConnected,
    /// The connection broke after something was sent.
    Broken,
    /// Trying again gives the same: a refused certificate, a time-out that was long enough.
    Final,
}

/// How often and how patiently.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The pause after the first failure; doubled after each further one.
    pub first_pause: Duration,
    /// No pause of our own is longer.
    pub longest_pause: Duration,
    /// `Retry-After` is obeyed up to this.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(5),
            longest_retry_after: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The pause before the next attempt, or `None` if there is none. `attempt`
    /// counts from 1; `unit` is a random number in 0..1.
    pub fn pause(
        &self,
        repeat: Repeat,
        outcome: Outcome,
        attempt: u32,
        retry_after: Option<Duration>,
        unit: f64,
    ) -> Option<Duration> {
        if attempt >= self.attempts || !may_repeat(repeat, outcome) {
            return None;
        }
        if let Some(asked) = retry_after {
            return Some(asked.min(self.longest_retry_after));
        }
        let doubled = self.first_pause.saturating_mul(1 << (attempt - 1).min(16));
        Some(doubled.min(self.longest_pause).mul_f64(0.5 + unit.clamp(0.0, 1.0) / 2.0))
    }
}

fn may_repeat(repeat: Repeat, outcome: Outcome) -> bool {
    match (repeat, outcome) {
        (Repeat::Never, _) | (_, Outcome::Final) => false,
        (_, Outcome::NotConnected | Outcome::Status(429)) => true,
        (Repeat::Reading, Outcome::Broken | Outcome::Status(408 | 500..=599)) => true,
        (Repeat::Reading | Repeat::Unsent, _) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn every_status() {
        let policy = RetryPolicy::default();
        let repeated = |repeat, status| policy.pause(repeat, Outcome::Status(status), 1, None, 0.0).is_some();
        for status in 100..=999 {
            let reading = status == 408 || status == 429 || (500..600).contains(&status);
            assert_eq!(repeated(Repeat::Reading, status), reading, "reading, {status}");
            assert_eq!(repeated(Repeat::Unsent, status), status == 429, "changing, {status}");
            assert!(!repeated(Repeat::Never, status), "inserting, {status}");
        }
    }

    #[test]
    fn what_broke_without_a_status() {
        let policy = RetryPolicy::default();
        let cases = [
            (Outcome::NotConnected, [true, true, false]),
            (Outcome::Broken, [true, false, false]),
            (Outcome::Final, [false, false, false]),
        ];
        for (outcome, expected) in cases {
            for (repeat, expected) in
                [Repeat::Reading, Repeat::Unsent, Repeat::Never].into_iter().zip(expected)
            {
                assert_eq!(
                    policy.pause(repeat, outcome, 1, None, 0.5).is_some(),
                    expected,
                    "{repeat:?} {outcome:?}"
                );
            }
        }
    }

    #[test]
    fn pauses_grow_within_bounds() {
        let policy = RetryPolicy { attempts: 9, ..RetryPolicy::default() };
        let pause = |attempt, unit| policy.pause(Repeat::Reading, Outcome::Status(503), attempt, None, unit);
        let longest: Vec<_> = (1..9).map(|attempt| pause(attempt, 1.0).unwrap().as_millis()).collect();
        assert_eq!(longest, [250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
        assert_eq!(pause(1, 0.0), Some(Duration::from_millis(125)));
        assert_eq!(pause(9, 0.0), None);
    }

    #[test]
    fn retry_after_is_obeyed_within_its_bound() {
        let policy = RetryPolicy::default();
        for (asked, waited) in [(0, 0), (7, 7), (3600, 60)] {
            let pause = policy.pause(Repeat::Reading, Outcome::Status(429), 1, Some(asked * SECOND), 0.3);
            assert_eq!(pause, Some(waited * SECOND));
        }
    }
}
