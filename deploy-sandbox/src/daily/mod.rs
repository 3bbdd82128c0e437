//! The daily: dated instances of schedules, and what becomes of them.

mod act;
mod build;
mod engine;
mod run;
mod status;
mod tokens;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use act::{act_on_job, act_on_schedule};
pub(crate) use build::{AddJob, Build, add_job, build, instance_pairs, rebuild};
pub(crate) use engine::{advance, ended, is_due, recover, running};
pub(crate) use run::{Started, run};
pub use run::{UNIX_AGENT, WINDOWS_AGENT};
pub(crate) use status::{JobState, ScheduleState};

/// All instances.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Daily {
    pub(crate) schedules: Vec<DailySchedule>,
    pub(crate) last_uid: u64,
    /// Up to when everything has happened.
    #[serde(skip)]
    pub(crate) advanced_to: Option<DateTime<Utc>>,
}

/// One schedule on one day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DailySchedule {
    pub(crate) uid: u64,
    pub(crate) master_id: u32,
    pub(crate) date: NaiveDate,
    pub(crate) instance: u32,
    pub(crate) name: String,
    /// The container job that runs it.
    pub(crate) container: Option<u64>,
    pub(crate) state: ScheduleState,
    pub(crate) start: NaiveDateTime,
    pub(crate) ended: Option<NaiveDateTime>,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) named_instance: Option<String>,
    pub(crate) documentation: String,
    pub(crate) jobs: Vec<DailyJob>,
}

/// One job of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DailyJob {
    pub(crate) uid: u64,
    pub(crate) name: String,
    /// Its name in the master.
    pub(crate) master_name: String,
    pub(crate) frequency: String,
    pub(crate) state: JobState,
    pub(crate) reason: Option<String>,
    /// From the start of its schedule, in minutes.
    pub(crate) start_offset: i64,
    pub(crate) estimated_minutes: i64,
    /// Started by a user: neither time nor dependencies hold it back.
    pub(crate) forced: bool,
    pub(crate) started: Option<NaiveDateTime>,
    pub(crate) ended: Option<NaiveDateTime>,
    pub(crate) termination: String,
    pub(crate) messages: Vec<String>,
    pub(crate) output: String,
    pub(crate) properties: Vec<(String, String)>,
    /// The job as its master had it when it was built.
    pub(crate) definition: Value,
}

impl Daily {
    pub(crate) fn next_uid(&mut self) -> u64 {
        self.last_uid += 1;
        self.last_uid
    }

    pub(crate) fn schedule(&self, id: &str) -> Option<&DailySchedule> {
        self.schedules.iter().find(|schedule| schedule.id() == id || schedule.uid.to_string() == id)
    }

    pub(crate) fn schedule_mut(&mut self, id: &str) -> Option<&mut DailySchedule> {
        self.schedules.iter_mut().find(|schedule| schedule.id() == id || schedule.uid.to_string() == id)
    }

    /// A job by its id `46346|1|1|JOB` or its uid.
    pub(crate) fn job(&self, id: &str) -> Option<(&DailySchedule, &DailyJob)> {
        let mut jobs =
            self.schedules.iter().flat_map(|schedule| schedule.jobs.iter().map(move |job| (schedule, job)));
        jobs.find(|(schedule, job)| job.is(schedule, id))
    }

    /// Where a job stands: its schedule and its place in it.
    pub(crate) fn place(&self, id: &str) -> Option<(usize, usize)> {
        self.schedules.iter().enumerate().find_map(|(at, schedule)| {
            let job = schedule.jobs.iter().position(|job| job.is(schedule, id))?;
            Some((at, job))
        })
    }
}

impl DailySchedule {
    /// The vendor's form: days since 1899-12-30, master id, instance.
    pub(crate) fn id(&self) -> String {
        format!("{}|{}|{}", day_number(self.date), self.master_id, self.instance)
    }

    pub(crate) fn has_failed_jobs(&self) -> bool {
        self.jobs.iter().any(|job| job.state.is_failed())
    }
}

impl DailyJob {
    pub(crate) fn id(&self, schedule: &DailySchedule) -> String {
        format!("{}|{}", schedule.id(), self.name)
    }

    fn is(&self, schedule: &DailySchedule, id: &str) -> bool {
        match id.rsplitn(2, '|').collect::<Vec<_>>().as_slice() {
            [_, _] => self.id(schedule).eq_ignore_ascii_case(id),
            _ => self.uid.to_string() == id,
        }
    }

    /// When it may start.
    pub(crate) fn start(&self, schedule: &DailySchedule) -> NaiveDateTime {
        schedule.start + TimeDelta::minutes(self.start_offset)
    }

    /// When it ends if it takes as long as it usually does.
    pub(crate) fn estimated_end(&self) -> Option<NaiveDateTime> {
        self.started.map(|started| started + TimeDelta::minutes(self.estimated_minutes))
    }

    pub(crate) fn change(&mut self, state: JobState, now: DateTime<Utc>) {
        self.state = state;
        if state.is_over() {
            self.ended = Some(now.naive_utc());
        } else if state != JobState::Running {
            (self.started, self.ended) = (None, None);
        }
    }
}

/// Days since 1899-12-30, as OpCon counts them.
pub(crate) fn day_number(date: NaiveDate) -> i64 {
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
    (date - zero).num_days()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_opcon_does() {
        assert_eq!(day_number(NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()), 46346);
    }
}
