//! Times as people write them, in the time zone they mean.
//!
//! A server's `timezone` and a rollout's frames name a zone of the IANA
//! database. A local time without an offset is read there; one that the clocks
//! show twice or never is refused with what it could have meant, so that
//! nothing ever starts an hour early or late by a guess.

use std::fmt;

use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, TimeZone};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};

use crate::repository::toml_file::nearest;

/// How a local time is written.
const LOCAL: [&str; 4] = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
/// How a time with an offset may be written besides RFC 3339: without seconds.
const WITH_OFFSET: [&str; 3] = ["%Y-%m-%d %H:%M%:z", "%Y-%m-%d %H:%M %:z", "%Y-%m-%dT%H:%M%:z"];
/// How an unambiguous time is shown and can be written again.
const SHOWN: &str = "%Y-%m-%d %H:%M%:z";

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// No zone has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no time zone is called `{}`{}", name.escape_debug(), match near {
    Some(near) => format!("; did you mean `{near}`?"),
    None => "; zones are called like `Europe/Berlin`, `America/New_York` or `UTC`".to_owned(),
})]
pub struct UnknownZone {
    /// As it was written.
    pub name: String,
    /// The nearest name.
    pub near: Option<String>,
}

/// A text that is no one moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// Not written as a time.
    #[error("`{}` is not a time; write it like `2026-12-01 18:30`, or with an offset like `2026-12-01 18:30+01:00`", text.escape_debug())]
    Unreadable {
        /// As it was written.
        text: String,
    },
    /// The clocks are put back, and show it twice.
    #[error("{} happens twice in {zone}, as the clocks are put back; write `{}` or `{}`", minute(time), earlier.format(SHOWN), later.format(SHOWN))]
    Ambiguous {
        /// The local time.
        time: NaiveDateTime,
        /// Where.
        zone: Zone,
        /// The first of the two moments.
        earlier: DateTime<FixedOffset>,
        /// The second.
        later: DateTime<FixedOffset>,
    },
    /// The clocks are put forward past it.
    #[error("{} does not happen in {zone}: the clocks are put forward from {} to {}", minute(time), from.format("%H:%M"), to.format(SHOWN))]
    Skipped {
        /// The local time.
        time: NaiveDateTime,
        /// Where.
        zone: Zone,
        /// What the clocks would have shown when they are put forward.
        from: NaiveDateTime,
        /// What they show then: the first moment after the gap.
        to: DateTime<FixedOffset>,
    },
}

impl Zone {
    /// The zone without a zone.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this name; the case of letters is free.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let wanted = name.trim();
        let found = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(wanted));
        found.map(|zone| Self(*zone)).ok_or_else(|| UnknownZone { name: name.to_owned(), near: near(wanted) })
    }

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// A moment as the clocks there show it.
    pub fn shows<Z: TimeZone>(self, moment: &DateTime<Z>) -> DateTime<FixedOffset> {
        moment.with_timezone(&self.0).fixed_offset()
    }

    /// The one moment at which the clocks there show this.
    pub fn moment(self, time: NaiveDateTime) -> Result<DateTime<FixedOffset>, LocalTimeError> {
        match self.0.from_local_datetime(&time) {
            MappedLocalTime::Single(moment) => Ok(moment.fixed_offset()),
            MappedLocalTime::Ambiguous(earlier, later) => Err(LocalTimeError::Ambiguous {
                time,
                zone: self,
                earlier: earlier.fixed_offset(),
                later: later.fixed_offset(),
            }),
            MappedLocalTime::None => Err(self.skipped(time)),
        }
    }

    fn skipped(self, time: NaiveDateTime) -> LocalTimeError {
        let gap = GapInfo::new(&time, &self.0);
        let from = gap.as_ref().and_then(|gap| gap.begin).map_or(time, |(from, _)| from);
        let to = gap.and_then(|gap| gap.end).unwrap_or_else(|| self.0.from_utc_datetime(&time));
        LocalTimeError::Skipped { time, zone: self, from, to: to.fixed_offset() }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads a time: `2026-12-01 18:30` as the clocks of the zone show it, or with an offset of its
/// own, which RFC 3339 has. The moment is given as the clocks of the zone show it.
pub fn local(text: &str, zone: Zone) -> Result<DateTime<FixedOffset>, LocalTimeError> {
    let text = text.trim();
    let with_offset = DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(|| WITH_OFFSET.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()));
    if let Some(moment) = with_offset {
        return Ok(zone.shows(&moment));
    }
    let time = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    zone.moment(time.ok_or_else(|| LocalTimeError::Unreadable { text: text.to_owned() })?)
}

/// The zone that was probably meant: spelt alike, or only its city was written.
fn near(name: &str) -> Option<String> {
    let spelt = name.replace(' ', "_");
    let city =
        |zone: &&Tz| zone.name().rsplit_once('/').is_some_and(|(_, city)| city.eq_ignore_ascii_case(&spelt));
    if let Some(zone) = TZ_VARIANTS.iter().find(city) {
        return Some(zone.name().to_owned());
    }
    let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    nearest(&spelt, &names).map(str::to_owned)
}

fn minute(time: &NaiveDateTime) -> impl fmt::Display {
    time.format("%Y-%m-%d %H:%M")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str, zone: &str) -> Result<String, String> {
        let moment = local(text, Zone::parse(zone).unwrap());
        moment.map(|moment| moment.to_rfc3339()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_local_time_has_the_offset_of_its_day() {
        assert_eq!(read("2026-12-01 18:30", "Europe/Berlin").unwrap(), "2026-12-01T18:30:00+01:00");
        assert_eq!(read("2026-06-01T18:30", "Europe/Berlin").unwrap(), "2026-06-01T18:30:00+02:00");
        assert_eq!(read(" 2026-06-01 18:30:05 ", "UTC").unwrap(), "2026-06-01T18:30:05+00:00");
        assert_eq!(read("2026-06-01 18:30", "Asia/Kolkata").unwrap(), "2026-06-01T18:30:00+05:30");
    }

    #[test]
    fn an_offset_decides_and_the_zone_only_shows() {
        for text in [
            "2026-12-01T17:30:00Z",
            "2026-12-01T18:30:00+01:00",
            "2026-12-01 18:30+01:00",
            "2026-12-01 12:30 -05:00",
            "2026-12-01T12:30-05:00",
        ] {
            assert_eq!(read(text, "Europe/Berlin").unwrap(), "2026-12-01T18:30:00+01:00", "{text}");
        }
        // Even in the hour that happens twice, or never.
        assert_eq!(read("2026-10-25 02:30+01:00", "Europe/Berlin").unwrap(), "2026-10-25T02:30:00+01:00");
        assert_eq!(read("2026-03-29 02:30+01:00", "Europe/Berlin").unwrap(), "2026-03-29T03:30:00+02:00");
    }

    #[test]
    fn what_happens_twice_is_refused_with_both_readings() {
        let said = read("2026-10-25 02:30", "Europe/Berlin").unwrap_err();
        assert_eq!(
            said,
            "2026-10-25 02:30 happens twice in Europe/Berlin, as the clocks are put back; write \
             `2026-10-25 02:30+02:00` or `2026-10-25 02:30+01:00`"
        );
        for reading in ["2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00"] {
            assert!(read(reading, "Europe/Berlin").unwrap().starts_with("2026-10-25T02:30:00"), "{reading}");
        }
        // The edges: 02:00 is in it, 01:59 and 03:00 are not.
        assert!(read("2026-10-25 02:00", "Europe/Berlin").is_err());
        assert!(read("2026-10-25 02:59", "Europe/Berlin").is_err());
        assert_eq!(read("2026-10-25 01:59", "Europe/Berlin").unwrap(), "2026-10-25T01:59:00+02:00");
        assert_eq!(read("2026-10-25 03:00", "Europe/Berlin").unwrap(), "2026-10-25T03:00:00+01:00");
        assert!(read("2026-11-01 01:30", "America/New_York").unwrap_err().contains("01:30-04:00"));
    }

    #[test]
    fn what_never_happens_is_refused_with_what_is_around_it() {
        assert_eq!(
            read("2026-03-29 02:30", "Europe/Berlin").unwrap_err(),
            "2026-03-29 02:30 does not happen in Europe/Berlin: the clocks are put forward from 02:00 to \
             2026-03-29 03:00+02:00"
        );
        assert_eq!(read("2026-03-29 01:59", "Europe/Berlin").unwrap(), "2026-03-29T01:59:00+01:00");
        assert_eq!(read("2026-03-29 03:00", "Europe/Berlin").unwrap(), "2026-03-29T03:00:00+02:00");
        // Half an hour only.
        let lord_howe = read("2026-10-04 02:15", "Australia/Lord_Howe").unwrap_err();
        assert!(lord_howe.contains("from 02:00 to 2026-10-04 02:30+11:00"), "{lord_howe}");
    }

    #[test]
    fn what_is_no_time_is_named() {
        for text in ["", "tomorrow", "2026-12-01", "18:30", "2026-13-01 18:30", "2026-12-01 24:00"] {
            let said = read(text, "UTC").unwrap_err();
            assert!(said.starts_with(&format!("`{text}` is not a time; write it like")), "{said}");
        }
        assert!(read("\u{1b}[2J", "UTC").unwrap_err().starts_with("`\\u{1b}[2J`"));
    }

    #[test]
    fn zones_are_found_whatever_their_case_and_others_name_the_nearest() {
        assert_eq!(Zone::parse("europe/berlin").unwrap().name(), "Europe/Berlin");
        let said = |name: &str| Zone::parse(name).unwrap_err().to_string();
        assert_eq!(
            said("Europe/Belin"),
            "no time zone is called `Europe/Belin`; did you mean `Europe/Berlin`?"
        );
        assert_eq!(said("New York"), "no time zone is called `New York`; did you mean `America/New_York`?");
        assert_eq!(
            said("zzz"),
            "no time zone is called `zzz`; zones are called like `Europe/Berlin`, `America/New_York` or `UTC`"
        );
    }
}
