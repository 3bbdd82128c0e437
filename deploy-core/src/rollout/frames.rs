//! Time frames: when the jobs of a rollout may begin.
//!
//! `18:00-24:00`, `FRI 22:00-06:00`, `!SAT 11:00-13:00`: half-open spans of the
//! clock on the wall in the rollout's zone. An end at or before the start runs
//! into the next day and belongs to the day it began. The first frame that
//! matches decides; what none matches is closed, or open if all are negated.
//!
//! The clock on the wall is what counts when it is changed, too: an hour that is
//! skipped never comes, one that happens twice is open (or closed) twice.

use std::fmt;

use chrono::{DateTime, Datelike, Duration, NaiveDateTime, NaiveTime, Timelike, Utc, Weekday};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time_zone::Zone;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// What comes in a week comes in two weeks of which one lost an hour.
const HORIZON: Duration = Duration::days(15);

/// One span of the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    negated: bool,
    /// The day it begins on; every day if absent.
    day: Option<Weekday>,
    /// Minute of the day, below [`DAY`].
    start: u16,
    /// Minute of the day, up to [`DAY`]; at or before the start it is of the next day.
    end: u16,
}

/// A list of frames; an empty one is always open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[schemars(with = "Vec<String>")]
pub struct Frames(Vec<Frame>);

/// Why text is not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not of the form.
    #[error(
        "`{0}` is not a time frame; one is written `18:00-24:00`, `FRI 22:00-06:00` or `!SAT 11:00-13:00`"
    )]
    Form(String),
    /// Several in one text.
    #[error("`{0}` is several time frames in one string; each is a string of its own")]
    Several(String),
    /// Not a day of the week.
    #[error("`{0}` is not a day of the week; they are MON, TUE, WED, THU, FRI, SAT and SUN")]
    Day(String),
    /// Not a time of the day.
    #[error("`{time}` is not a time of the day{}", if *.end { ": it ends at 24:00 at the latest" } else { ": it begins at 00:00 and before 24:00" })]
    Time {
        /// As it was written.
        time: String,
        /// Whether it is the end.
        end: bool,
    },
}

impl Frames {
    /// Reads a list, one frame in each text.
    pub fn parse<S: AsRef<str>>(frames: &[S]) -> Result<Self, FrameError> {
        frames.iter().map(|frame| Frame::parse(frame.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none: it is always open.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is open when the clock on the wall says this.
    pub fn admits(&self, wall: NaiveDateTime) -> bool {
        match self.0.iter().find(|frame| frame.holds(wall)) {
            Some(frame) => !frame.negated,
            None => self.0.iter().all(|frame| frame.negated),
        }
    }

    /// Whether it is open at a moment.
    pub fn is_open(&self, at: DateTime<Utc>, zone: Zone) -> bool {
        self.admits(zone.shows(&at).naive_local())
    }

    /// Whether there is any moment of the week at which it is open.
    pub fn ever_open(&self) -> bool {
        let monday = NaiveDateTime::default();
        let days = (0..7).map(|day| monday + Duration::days(day));
        days.flat_map(|day| self.marks().into_iter().map(move |mark| at_minute(day, mark)))
            .any(|wall| self.admits(wall))
    }

    /// The first moment from `from` on, and before `until`, at which it is open.
    pub fn next_opening(
        &self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
        zone: Zone,
    ) -> Option<DateTime<Utc>> {
        let horizon = from.checked_add_signed(HORIZON).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let until = until.map_or(horizon, |until| until.min(horizon));
        let marks = self.marks();
        let mut begin = from;
        // Between two changes of the clock it runs evenly: only the frames' own ends matter.
        while begin < until {
            let end = next_change(begin, zone).min(until);
            let offset = Duration::seconds(offset(begin, zone));
            let wall = begin.naive_utc() + offset;
            let length = end - begin;
            let midnight = wall.date().and_time(NaiveTime::MIN);
            let days = (0..=length.num_days() + 1).map(|day| midnight + Duration::days(day));
            let found = days
                .flat_map(|day| marks.iter().map(move |mark| at_minute(day, *mark)))
                .filter(|mark| (wall..wall + length).contains(mark))
                .chain([wall])
                .filter(|wall| self.admits(*wall))
                .min();
            if let Some(wall) = found {
                return Some((wall - offset).and_utc());
            }
            begin = end;
        }
        None
    }

    /// Minutes of the day at which something may change.
    fn marks(&self) -> Vec<u16> {
        let mut marks: Vec<u16> = self.0.iter().flat_map(|frame| [frame.start, frame.end % DAY]).collect();
        marks.push(0);
        marks.sort_unstable();
        marks.dedup();
        marks
    }
}

impl TryFrom<Vec<String>> for Frames {
    type Error = FrameError;

    fn try_from(frames: Vec<String>) -> Result<Self, FrameError> {
        Self::parse(&frames)
    }
}

impl From<Frames> for Vec<String> {
    fn from(frames: Frames) -> Self {
        frames.0.iter().map(ToString::to_string).collect()
    }
}

impl Frame {
    fn parse(text: &str) -> Result<Self, FrameError> {
        let form = || FrameError::Form(text.to_owned());
        if text.contains([',', ';']) {
            return Err(FrameError::Several(text.to_owned()));
        }
        let trimmed = text.trim();
        let (negated, rest) = match trimmed.strip_prefix('!') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, trimmed),
        };
        let digits = rest.find(|character: char| character.is_ascii_digit()).ok_or_else(form)?;
        let (day, span) = rest.split_at(digits);
        let day = match day.trim() {
            "" => None,
            day => Some(parse_day(day).ok_or_else(|| FrameError::Day(day.to_owned()))?),
        };
        let (start, end) = span.split_once('-').ok_or_else(form)?;
        let minute = |time: &str, end: bool| -> Result<u16, FrameError> {
            let time = time.trim();
            let minute = parse_time(time).ok_or_else(form)?;
            let latest = if end { DAY } else { DAY - 1 };
            minute.filter(|minute| *minute <= latest).ok_or(FrameError::Time { time: time.to_owned(), end })
        };
        Ok(Self { negated, day, start: minute(start, false)?, end: minute(end, true)? })
    }

    /// Whether it holds what the clock on the wall says.
    fn holds(&self, wall: NaiveDateTime) -> bool {
        let minute = wall.hour() * 60 + wall.minute();
        let (start, end) = (u32::from(self.start), u32::from(self.end));
        let on = |day: Weekday| self.day.is_none_or(|own| own == day);
        let today = wall.weekday();
        if start < end {
            return on(today) && (start..end).contains(&minute);
        }
        (on(today) && minute >= start) || (on(today.pred()) && minute < end)
    }
}

fn parse_day(text: &str) -> Option<Weekday> {
    // chrono reads the short names and the long ones, in any case.
    text.parse().ok()
}

/// `None` where it is no time at all, `Some(None)` where no day has it.
fn parse_time(text: &str) -> Option<Option<u16>> {
    let (hour, minute) = text.split_once(':')?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok())?;
    let shaped = (1..=2).contains(&hour.len()) && minute.len() == 2;
    let (hour, minute) = (number(hour).filter(|_| shaped)?, number(minute)?);
    let total = hour * 60 + minute;
    Some((minute < 60 && total <= DAY).then_some(total))
}

/// How far the clock on the wall is ahead of UTC, in seconds.
fn offset(at: DateTime<Utc>, zone: Zone) -> i64 {
    i64::from(zone.shows(&at).offset().local_minus_utc())
}

/// When the clock is next changed, or a day later where it is not.
fn next_change(from: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
    let (mut low, mut high) = (0, Duration::days(1).num_seconds());
    let later = |seconds: i64| from + Duration::seconds(seconds);
    let own = offset(from, zone);
    if offset(later(high), zone) == own {
        return later(high);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset(later(middle), zone) == own { low = middle } else { high = middle }
    }
    later(high)
}

fn at_minute(midnight: NaiveDateTime, minute: u16) -> NaiveDateTime {
    midnight + Duration::minutes(i64::from(minute))
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negated { "!" } else { "" })?;
        if let Some(day) = self.day {
            write!(f, "{} ", day.to_string().to_uppercase())?;
        }
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{}-{}", clock(self.start), clock(self.end))
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
