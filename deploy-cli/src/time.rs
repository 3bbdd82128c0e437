//! Times as users write them: RFC 3339, or a local time, or a date.

use chrono::{DateTime, Local, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

/// How a local time is written.
const LOCAL: [&str; 4] = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];

/// A moment in seconds since 1970; a date is its beginning.
pub(crate) fn since(text: &str) -> Result<i64, String> {
    moment(text, NaiveTime::MIN)
}

/// A moment in seconds since 1970; a date is its end.
pub(crate) fn until(text: &str) -> Result<i64, String> {
    moment(text, NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default())
}

fn moment(text: &str, of_day: NaiveTime) -> Result<i64, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|date| date.and_time(of_day));
    let time = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let Some(time) = date.ok().or(time) else {
        return Err(
            "write it like `2026-11-20`, `2026-11-20 04:00` or `2026-11-20T04:00:00+01:00`".to_owned()
        );
    };
    match Local.from_local_datetime(&time) {
        MappedLocalTime::Single(time) => Ok(time.timestamp()),
        MappedLocalTime::Ambiguous(one, other) => {
            Err(format!("the clocks show it twice: write `{}` or `{}`", one.to_rfc3339(), other.to_rfc3339()))
        }
        MappedLocalTime::None => Err("the clocks are put forward past it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_an_offset_need_no_zone() {
        assert_eq!(since("2026-11-20T04:00:00+01:00"), Ok(1_795_143_600));
        assert_eq!(until("2026-11-20T03:00:00Z"), Ok(1_795_143_600));
    }

    #[test]
    fn a_date_is_the_whole_day() {
        let (begin, end) = (since("2026-06-20"), until("2026-06-20"));
        assert_eq!(end.unwrap_or_default() - begin.unwrap_or_default(), 24 * 3600 - 1);
        assert_eq!(since("2026-06-20"), since("2026-06-20 00:00"));
        assert_eq!(since("2026-06-20T04:05"), since("2026-06-20 04:05:00"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "20.11.2026", "2026-11-20 25:00"] {
            assert!(since(text).is_err(), "{text}");
        }
    }
}
