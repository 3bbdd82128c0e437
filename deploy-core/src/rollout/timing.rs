//! When a rollout's jobs may begin: start, end and frames in one zone.

use chrono::{DateTime, Utc};

use super::{Frames, RolloutFile};
use crate::time_zone::{Zone, local};

/// When jobs may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// The zone of the frames, in which times are shown.
    pub zone: Zone,
    /// Not before.
    pub start: Option<DateTime<Utc>>,
    /// No more from then on.
    pub end: Option<DateTime<Utc>>,
    /// The spans of the day and the week.
    pub frames: Frames,
}

/// What keeps a job from beginning now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// It opens at this moment.
    Until(DateTime<Utc>),
    /// It does not open any more before its end.
    ForGood,
}

impl Timing {
    /// As the file says; else each key with what is wrong.
    pub fn of(file: &RolloutFile) -> Result<Self, Vec<(&'static str, String)>> {
        let mut problems = Vec::new();
        let named = file.timezone.as_deref();
        let zone = match named.map(Zone::parse) {
            Some(Ok(zone)) => zone,
            Some(Err(unknown)) => return Err(vec![("timezone", unknown.to_string())]),
            None => Zone::UTC,
        };
        if named.is_none() {
            let offset = |time: &str| DateTime::parse_from_rfc3339(time.trim()).is_ok();
            let local = [&file.start, &file.end].into_iter().flatten().any(|time| !offset(time));
            if local || !file.frames.is_empty() {
                let problem = "is missing, and `start`, `end` and `frames` are local times";
                return Err(vec![("timezone", problem.to_owned())]);
            }
        }
        let mut read = |key, time: &Option<String>| match time.as_deref().map(|time| local(time, zone)) {
            Some(Ok(time)) => Some(time.to_utc()),
            Some(Err(error)) => {
                problems.push((key, error.to_string()));
                None
            }
            None => None,
        };
        let (start, end) = (read("start", &file.start), read("end", &file.end));
        let timing = Self { zone, start, end, frames: file.frames.clone() };
        let shown = |time: &Option<String>| time.as_deref().unwrap_or_default().escape_debug().to_string();
        match (start, end) {
            (Some(start), Some(end)) if end <= start => {
                let problem =
                    format!("`{}` is not after the start `{}`", shown(&file.end), shown(&file.start));
                problems.push(("end", problem));
            }
            _ if !timing.frames.ever_open() => {
                problems.push(("frames", format!("`{}` never open", timing.frames)));
            }
            (Some(start), Some(end)) if timing.frames.next_opening(start, Some(end), zone).is_none() => {
                problems.push(("frames", format!("`{}` never open between start and end", timing.frames)));
            }
            _ => {}
        }
        if problems.is_empty() { Ok(timing) } else { Err(problems) }
    }

    /// Whether a job may begin at a moment; if not, when.
    pub fn shut(&self, at: DateTime<Utc>) -> Option<Shut> {
        let from = self.start.map_or(at, |start| start.max(at));
        match self.frames.next_opening(from, self.end, self.zone) {
            Some(opening) if opening <= at => None,
            Some(opening) => Some(Shut::Until(opening)),
            None => Some(Shut::ForGood),
        }
    }

    /// Whether jobs that have not begun have expired.
    pub fn is_over(&self, at: DateTime<Utc>) -> bool {
        self.end.is_some_and(|end| end <= at)
    }
}
