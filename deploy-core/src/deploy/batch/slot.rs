//! When OpCon starts a job: a day, a frequency of that day, and minutes behind it.

use chrono::{DateTime, FixedOffset, NaiveDate, Timelike};

/// The place of a moment in the daily, by the clock of the batch server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The day of the schedule.
    pub date: NaiveDate,
    /// The frequency to add the job with.
    pub frequency: String,
    /// From midnight to the start, in minutes.
    pub minutes: u32,
    /// Minutes from the start of the frequency; another start has to be set.
    pub behind: u32,
}

impl Slot {
    /// With the frequency of the hour, which the template has for every hour.
    pub fn of_hour(time: &DateTime<FixedOffset>) -> Self {
        Self {
            date: time.date_naive(),
            frequency: format!("DEP-FRQ-{:02}:00", time.hour()),
            minutes: time.hour() * 60 + time.minute(),
            behind: time.minute(),
        }
    }

    /// The same minute with a frequency of its own, where the schedule has one.
    pub fn exactly(&self) -> Self {
        let frequency = format!("DEP-FRQ-{:02}:{:02}", self.minutes / 60, self.minutes % 60);
        Self { frequency, behind: 0, ..self.clone() }
    }

    /// The start as OpCon has it: a part of a day.
    pub(super) fn offset(&self) -> f64 {
        f64::from(self.minutes) / MINUTES_OF_A_DAY
    }

    /// Whether an offset that OpCon shows is this minute.
    pub(super) fn is_at(&self, offset: f64) -> bool {
        ((offset - self.offset()) * MINUTES_OF_A_DAY).abs() < 0.5
    }
}

const MINUTES_OF_A_DAY: f64 = 24.0 * 60.0;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn slot(time: &str) -> Slot {
        Slot::of_hour(&DateTime::parse_from_rfc3339(time).unwrap())
    }

    #[test]
    fn a_moment_is_an_hour_of_its_local_day_and_minutes_behind_it() {
        let full = slot("2026-12-01T18:00:00+01:00");
        assert_eq!(
            (full.date.to_string().as_str(), full.frequency.as_str()),
            ("2026-12-01", "DEP-FRQ-18:00")
        );
        assert_eq!((full.minutes, full.behind), (18 * 60, 0));
        // The day of the batch server's clock, whatever it is elsewhere.
        let early = slot("2026-12-02T00:07:00+13:00");
        assert_eq!(
            (early.date.to_string().as_str(), early.frequency.as_str()),
            ("2026-12-02", "DEP-FRQ-00:00")
        );
        assert_eq!((early.minutes, early.behind), (7, 7));
        let exact = slot("2026-12-01T18:30:00+01:00").exactly();
        assert_eq!((exact.frequency.as_str(), exact.behind), ("DEP-FRQ-18:30", 0));
    }

    #[test]
    fn offsets_are_compared_by_the_minute() {
        for minute in 0..24 * 60 {
            let time = format!("2026-12-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
            let slot = slot(&time);
            // As somebody may write it with six digits.
            let shown: f64 = format!("{:.6}", slot.offset()).parse().unwrap();
            assert!(slot.is_at(shown), "{time}");
            assert!(!slot.is_at(shown + 1.0 / MINUTES_OF_A_DAY), "{time}");
        }
    }
}
