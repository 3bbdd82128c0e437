//! Building: from masters to dated instances, and adding jobs to them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use serde_json::Value;

use super::{DailyJob, DailySchedule, JobState, ScheduleState};
use crate::impex::Master;
use crate::state::{State, fold};
use crate::text::{boolean, filled, integer, items, minutes, text};

/// What is to be built.
#[derive(Debug, Clone)]
pub(crate) struct Build<'b> {
    pub(crate) name: &'b str,
    pub(crate) date: NaiveDate,
    pub(crate) overwrite: bool,
    pub(crate) hold: bool,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) named_instance: Option<String>,
    /// The container job that builds it; a sub-schedule has no other way.
    pub(crate) container: Option<u64>,
}

/// Builds an instance; answers its id, or why it cannot be built.
pub(crate) fn build(state: &mut State, build: &Build<'_>) -> Result<String, String> {
    let name = build.name;
    let master =
        state.master(name).cloned().ok_or_else(|| format!("The schedule '{name}' does not exist"))?;
    let (is_sub, is_multi) = master.with(|stored| {
        let flag = |key| boolean(&stored.schedule, key).unwrap_or(false);
        (flag("subSchedule"), flag("multiInstance"))
    });
    if is_sub && build.container.is_none() {
        return Err(format!("The schedule '{name}' is a sub-schedule; only a container job builds it"));
    }
    let of_day = |schedule: &DailySchedule| schedule.master_id == master.id && schedule.date == build.date;
    let standing: Vec<u32> = state.daily.schedules.iter().filter(|s| of_day(s)).map(|s| s.instance).collect();
    let mut instance = 1;
    if !standing.is_empty() {
        if build.overwrite && build.container.is_none() {
            let is_replaced = |schedule: &DailySchedule| of_day(schedule) && schedule.container.is_none();
            state.daily.schedules.retain(|schedule| !is_replaced(schedule));
        } else if is_multi || build.container.is_some() {
            instance = standing.iter().max().copied().unwrap_or(0) + 1;
        } else {
            return Err(format!("The schedule '{name}' is built for {} already", build.date));
        }
    }
    let schedule = instance_of(state, &master, build, instance);
    let id = schedule.id();
    state.daily.schedules.push(schedule);
    state.touch();
    Ok(id)
}

fn instance_of(state: &mut State, master: &Master, build: &Build<'_>, instance: u32) -> DailySchedule {
    let uid = state.daily.next_uid();
    let definition = master.with(|stored| stored.schedule.clone());
    let is_holiday = boolean(&definition, "useMasterHolidayCalendar") == Some(true)
        && state.shared.get("calendarList", "Master Holiday").is_some_and(|calendar| {
            let day = build.date.format("%Y-%m-%d").to_string();
            items(&calendar.entry, "dateList").iter().any(|date| date.as_str() == Some(&day))
        });
    let start = text(&definition, "startTime").and_then(|time| minutes(&time)).unwrap_or(0);
    let mut properties = pairs_of(&definition, "instancePropertiesList");
    if let Some(named) = &build.named_instance {
        let of_name = items(&definition, "namedInstancesList")
            .iter()
            .filter(|item| filled(item, "name") == Some(named));
        let of_name: Vec<_> = of_name.flat_map(|item| pairs_of(item, "propertyList")).collect();
        set_all(&mut properties, of_name);
    }
    set_all(&mut properties, build.properties.clone());
    let mut jobs = Vec::new();
    for job in items(&definition, "jobList") {
        let fits = |frequency: &&Value| frequency_fits(frequency, &definition, build.date, is_holiday);
        if boolean(job, "disableBuild") != Some(true)
            && let Some(frequency) = items(job, "frequencyList").iter().find(fits)
        {
            let hold = filled(frequency, "startStatus") == Some("On Hold");
            jobs.push(job_of(state, job, frequency, Vec::new(), hold));
        }
    }
    let hold = build.hold || boolean(&definition, "buildOnHold") == Some(true);
    DailySchedule {
        uid,
        master_id: master.id,
        date: build.date,
        instance,
        name: master.name.clone(),
        container: build.container,
        state: match (hold, build.container) {
            (true, _) => ScheduleState::OnHold,
            (false, Some(_)) => ScheduleState::InProcess,
            (false, None) => ScheduleState::WaitToStart,
        },
        start: build.date.and_time(NaiveTime::MIN) + TimeDelta::minutes(start),
        ended: None,
        properties,
        named_instance: build.named_instance.clone(),
        documentation: text(&definition, "documentation").unwrap_or_default(),
        jobs,
    }
}

fn job_of(
    state: &mut State,
    job: &Value,
    frequency: &Value,
    properties: Vec<(String, String)>,
    hold: bool,
) -> DailyJob {
    let name = filled(job, "name").unwrap_or_default().to_owned();
    let mut own = pairs_of(job, "instancePropertyList");
    set_all(&mut own, properties);
    DailyJob {
        uid: state.daily.next_uid(),
        master_name: name.clone(),
        name,
        frequency: filled(frequency, "name").unwrap_or_default().to_owned(),
        state: if hold { JobState::OnHold } else { JobState::Released },
        reason: None,
        start_offset: text(frequency, "startOffset").and_then(|time| minutes(&time)).unwrap_or(0),
        estimated_minutes: match filled(job, "type") {
            Some("Null Job") => 0,
            _ => integer(frequency, "estimatedRunTime").unwrap_or(0).max(0),
        },
        forced: false,
        started: None,
        ended: None,
        termination: String::new(),
        messages: Vec::new(),
        output: String::new(),
        properties: own,
        definition: job.clone(),
    }
}

/// Whether a frequency puts a job on a day: its period, the occurrence in it, and the
/// schedule's working days and holidays.
fn frequency_fits(frequency: &Value, schedule: &Value, date: NaiveDate, is_holiday: bool) -> bool {
    const WORK_DAYS: [(Weekday, &str); 7] = [
        (Weekday::Sun, "workDaySunday"),
        (Weekday::Mon, "workDayMonday"),
        (Weekday::Tue, "workDayTuesday"),
        (Weekday::Wed, "workDayWednesday"),
        (Weekday::Thu, "workDayThursday"),
        (Weekday::Fri, "workDayFriday"),
        (Weekday::Sat, "workDaySaturday"),
    ];
    if filled(frequency, "dayType") == Some("WorkDay") {
        let key = WORK_DAYS.iter().find(|(day, _)| *day == date.weekday()).map_or("", |(_, key)| *key);
        if is_holiday || boolean(schedule, key) == Some(false) {
            return false;
        }
    }
    match filled(frequency, "period") {
        Some("On Request") => false,
        Some("Monthly") => match integer(frequency, "occurrence").unwrap_or(1) {
            day @ 1.. => i64::from(date.day()) == day,
            _ => date.succ_opt().is_some_and(|next| next.day() == 1),
        },
        _ => true,
    }
}

/// A job to add to an instance.
#[derive(Debug)]
pub(crate) struct AddJob<'a> {
    pub(crate) schedule_id: &'a str,
    pub(crate) job: &'a str,
    pub(crate) frequency: &'a str,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) hold: bool,
}

/// Adds a job; answers its id and uid. Its name stays unique in the instance.
pub(crate) fn add_job(state: &mut State, add: AddJob<'_>) -> Result<(String, u64), String> {
    let schedule = state
        .daily
        .schedule(add.schedule_id)
        .ok_or_else(|| format!("The daily schedule '{}' does not exist", add.schedule_id))?;
    let id = schedule.id();
    let master = state
        .master_by_id(schedule.master_id)
        .cloned()
        .ok_or_else(|| format!("The master of the schedule '{}' does not exist any more", schedule.name))?;
    let definition = master.with(|stored| stored.schedule.clone());
    let same =
        |item: &&Value, name: &str| filled(item, "name").is_some_and(|other| fold(other) == fold(name));
    let job = items(&definition, "jobList")
        .iter()
        .find(|job| same(job, add.job))
        .ok_or_else(|| format!("The job '{}' does not exist in the schedule '{}'", add.job, master.name))?;
    let frequency = items(job, "frequencyList")
        .iter()
        .chain(items(&definition, "frequencyList"))
        .find(|frequency| same(frequency, add.frequency))
        .ok_or_else(|| format!("The job '{}' has no frequency '{}'", add.job, add.frequency))?;
    let mut new = job_of(state, job, frequency, add.properties, add.hold);
    let Some(schedule) = state.daily.schedule_mut(&id) else { return Err("The schedule is gone".to_owned()) };
    let taken = |name: &str| schedule.jobs.iter().any(|job| fold(&job.name) == fold(name));
    let mut number = 1;
    while taken(&new.name) {
        number += 1;
        new.name = format!("{}_{number}", new.master_name);
    }
    let answer = (new.id(schedule), new.uid);
    schedule.jobs.push(new);
    if schedule.state == ScheduleState::Completed {
        schedule.state = ScheduleState::InProcess;
        schedule.ended = None;
    }
    state.touch();
    Ok(answer)
}

/// Builds a schedule anew wherever it stands from today on. On hold it stays on hold,
/// its properties it keeps, and one that is active is left alone.
pub(crate) fn rebuild(state: &mut State, name: &str, now: DateTime<Utc>) {
    let Some(master) = state.master(name).cloned() else { return };
    let today = now.date_naive();
    let standing: Vec<DailySchedule> = state
        .daily
        .schedules
        .iter()
        .filter(|schedule| schedule.master_id == master.id && schedule.date >= today)
        .filter(|schedule| {
            schedule.container.is_none()
                && matches!(schedule.state, ScheduleState::WaitToStart | ScheduleState::OnHold)
        })
        .cloned()
        .collect();
    for old in standing {
        state.daily.schedules.retain(|schedule| schedule.uid != old.uid);
        let build = Build {
            name,
            date: old.date,
            overwrite: false,
            hold: old.state == ScheduleState::OnHold,
            properties: old.properties,
            named_instance: old.named_instance,
            container: None,
        };
        let new = instance_of(state, &master, &build, old.instance);
        state.daily.schedules.push(new);
    }
}

/// Properties given as `A=b;C=d` lines.
fn pairs_of(value: &Value, key: &str) -> Vec<(String, String)> {
    let lines = items(value, key).iter().filter_map(Value::as_str);
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect()
}

/// Properties given as objects; the name is `name` or `key`.
pub(crate) fn instance_pairs(value: &Value, key: &str) -> Vec<(String, String)> {
    let pairs = items(value, key).iter().filter_map(|item| {
        let name = text(item, "key").or_else(|| text(item, "name"))?;
        Some((name, text(item, "value").unwrap_or_default()))
    });
    pairs.collect()
}

fn set_all(properties: &mut Vec<(String, String)>, new: Vec<(String, String)>) {
    for (name, value) in new {
        match properties.iter_mut().find(|(other, _)| fold(other) == fold(&name)) {
            Some(standing) => standing.1 = value,
            None => properties.push((name, value)),
        }
    }
}
