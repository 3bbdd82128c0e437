use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::time_zone::LocalTimeError;

fn frames(frames: &[&str]) -> Frames {
    Frames::parse(frames).unwrap()
}

fn at(zone: Zone, text: &str) -> DateTime<Utc> {
    let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    match zone.moment(wall) {
        Err(LocalTimeError::Ambiguous { earlier, .. }) => earlier.to_utc(),
        moment => moment.unwrap().to_utc(),
    }
}

fn shown(zone: Zone, moment: Option<DateTime<Utc>>) -> String {
    moment.map_or("never".to_owned(), |at| zone.shows(&at).format("%a %d %H:%M %z").to_string())
}

#[test]
fn frames_are_read_as_people_write_them() {
    let read = |text: &str| Frame::parse(text).map(|frame| frame.to_string());
    for (text, expected) in [
        ("18:00-24:00", "18:00-24:00"),
        ("6:00-7:00", "06:00-07:00"),
        ("  !  sat 11:00 - 13:00 ", "!SAT 11:00-13:00"),
        ("Friday 18:00-06:00", "FRI 18:00-06:00"),
        ("SAT 0:00-23:59", "SAT 00:00-23:59"),
        ("0:00-0:00", "00:00-00:00"),
    ] {
        assert_eq!(read(text).unwrap(), expected);
    }
    for text in ["", "!", "SAT", "18-24", "18:00", "18:0-19:00", "123:00-124:00", "1:00-2:00-3:00"] {
        assert_eq!(read(text), Err(FrameError::Form(text.to_owned())), "{text}");
    }
    for (text, expected) in [
        ("6:00-7:00, FRI 18:00-23:00", "several time frames in one string"),
        ("SAMSTAG 1:00-2:00", "`SAMSTAG` is not a day of the week"),
        ("24:00-25:00", "`24:00` is not a time of the day: it begins at 00:00 and before 24:00"),
        ("23:00-24:01", "`24:01` is not a time of the day: it ends at 24:00 at the latest"),
        ("12:60-13:00", "`12:60` is not a time"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_first_match_decides() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    // 2026-12-04 is a Friday.
    let open = |list: &[&str], when: &str| frames(list).is_open(at(zone, when), zone);
    assert!(open(&[], "2026-12-04 03:00"));
    let night = ["18:00-24:00", "!SAT 11:00-13:00"];
    assert!(!open(&night, "2026-12-04 17:59") && open(&night, "2026-12-04 18:00"));
    assert!(open(&night, "2026-12-04 23:59") && !open(&night, "2026-12-05 00:00"));
    let never_at_noon = ["!12:00-13:00", "FRI 10:00-14:00"];
    assert!(open(&never_at_noon, "2026-12-04 11:59") && !open(&never_at_noon, "2026-12-04 12:00"));
    let noon_after_all = ["FRI 12:30-13:00", "!12:00-13:00"];
    assert!(open(&noon_after_all, "2026-12-04 12:30") && !open(&noon_after_all, "2026-12-04 12:29"));
    // Only what is forbidden is named: the rest is open.
    assert!(
        open(&["!SAT 11:00-13:00"], "2026-12-05 13:00") && !open(&["!SAT 11:00-13:00"], "2026-12-05 12:59")
    );
    // Over midnight it belongs to the day it began.
    let over = ["FRI 22:00-06:00"];
    assert!(open(&over, "2026-12-05 05:59") && !open(&over, "2026-12-05 06:00"));
    assert!(!open(&over, "2026-12-04 05:59") && !open(&over, "2026-12-05 22:00"));
    assert!(
        open(&["FRI 10:00-10:00"], "2026-12-05 09:59") && !open(&["FRI 10:00-10:00"], "2026-12-05 10:00")
    );
}

#[test]
fn frames_that_never_open_are_known() {
    assert!(frames(&[]).ever_open() && frames(&["!SAT 00:00-24:00"]).ever_open());
    assert!(!frames(&["!00:00-24:00"]).ever_open());
    assert!(!frames(&["!12:00-12:00", "MON 01:00-02:00"]).ever_open());
    assert!(!frames(&["!SAT 10:00-14:00", "SAT 11:00-13:00"]).ever_open());
    assert!(frames(&["!SAT 10:00-14:00", "SAT 11:00-14:01"]).ever_open());
    let all = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"].map(|day| format!("!{day} 00:00-24:00"));
    assert!(!Frames::parse(&all).unwrap().ever_open());
}

#[test]
fn the_next_opening_follows_the_clock_on_the_wall() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let next = |list: &[&str], from: &str| shown(zone, frames(list).next_opening(at(zone, from), None, zone));
    assert_eq!(next(&["18:00-24:00"], "2026-12-04 12:00"), "Fri 04 18:00 +0100");
    assert_eq!(next(&["18:00-24:00"], "2026-12-04 19:17"), "Fri 04 19:17 +0100");
    assert_eq!(next(&["MON 00:00-01:00"], "2026-12-04 12:00"), "Mon 07 00:00 +0100");
    assert_eq!(next(&["!MON 00:00-24:00"], "2026-12-07 12:00"), "Tue 08 00:00 +0100");
    // On 2027-03-28 the clock goes from 02:00 to 03:00: that hour does not come.
    assert_eq!(next(&["02:15-02:45"], "2027-03-28 01:00"), "Mon 29 02:15 +0200");
    assert_eq!(next(&["02:15-03:30"], "2027-03-28 01:00"), "Sun 28 03:00 +0200");
    // On 2027-10-31 it goes from 03:00 back to 02:00: that hour comes twice.
    let second = at(zone, "2027-10-31 02:30") + Duration::minutes(30);
    let found = frames(&["02:15-02:45"]).next_opening(second, None, zone);
    assert_eq!(shown(zone, found), "Sun 31 02:15 +0100");
    // Nothing before the end counts.
    let (from, until) = (at(zone, "2026-12-04 12:00"), at(zone, "2026-12-04 18:00"));
    assert_eq!(frames(&["18:00-24:00"]).next_opening(from, Some(until), zone), None);
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let day = prop_oneof![Just(None), (0u8..7).prop_map(|day| Weekday::try_from(day).ok()),];
    // Often on the hour, so that ends meet and hours that are changed are hit.
    let minute = || prop_oneof![(0u16..24).prop_map(|hour| hour * 60), 0..DAY, 60u16..240];
    (any::<bool>(), day, minute(), prop_oneof![minute(), Just(DAY)])
        .prop_map(|(negated, day, start, end)| Frame { negated, day, start, end })
}

/// Whether a frame holds a minute, by laying out the spans of yesterday and today.
fn slowly_holds(frame: &Frame, wall: NaiveDateTime) -> bool {
    [1, 0].into_iter().any(|before| {
        let day = wall.date() - Duration::days(before);
        let minutes = |minutes: u16| day.and_time(NaiveTime::MIN) + Duration::minutes(i64::from(minutes));
        let start = minutes(frame.start);
        let mut end = minutes(frame.end);
        if end <= start {
            end += Duration::days(1);
        }
        frame.day.is_none_or(|own| own == day.weekday()) && start <= wall && wall < end
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Every minute of a year in which the clock is changed, one after the other.
    #[test]
    fn a_year_minute_by_minute(
        list in proptest::collection::vec(any_frame(), 0..5),
        zone in prop::sample::select(vec![
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "UTC",
        ]),
        stride in 300usize..900,
    ) {
        let frames = Frames(list);
        let zone = Zone::parse(zone).unwrap();
        let start = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_time(NaiveTime::MIN).and_utc();
        let minutes: Vec<DateTime<Utc>> =
            (0..525_600).map(|minute| start + Duration::minutes(minute)).collect();
        let slowly: Vec<bool> = minutes
            .iter()
            .map(|minute| {
                let wall = zone.shows(minute).naive_local();
                match frames.0.iter().find(|frame| slowly_holds(frame, wall)) {
                    Some(frame) => !frame.negated,
                    None => !frames.0.iter().any(|frame| !frame.negated),
                }
            })
            .collect();
        let wrong = minutes.iter().zip(&slowly).find(|(minute, open)| frames.is_open(**minute, zone) != **open);
        prop_assert_eq!(wrong, None);
        prop_assert_eq!(frames.ever_open(), slowly[..2 * 7 * 1440].contains(&true));
        // The next opening from here and there, and from around each change of the clock.
        let changed = (1..minutes.len()).filter(|at| offset(minutes[at - 1], zone) != offset(minutes[*at], zone));
        let near: Vec<usize> = changed.flat_map(|at| (at - 180..at + 180).step_by(7)).collect();
        for at in (0..minutes.len() - 20 * 1440).step_by(stride * 7).chain(near) {
            let opens = slowly[at..at + 15 * 1440].iter().position(|open| *open);
            let opens = opens.map(|more| minutes[at + more]);
            prop_assert_eq!(frames.next_opening(minutes[at], None, zone), opens);
        }
    }
}
