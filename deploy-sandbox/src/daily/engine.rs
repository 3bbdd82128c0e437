//! What happens by itself: schedules begin, jobs start when their time,
//! their predecessors, thresholds and machines allow it, and end.
//!
//! A job that is not really run takes its estimated run time and finishes OK.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;

use super::run::{self, Ended, Started};
use super::{Build, DailyJob, DailySchedule, JobState, ScheduleState, build};
use crate::state::{State, fold};
use crate::text::{boolean, filled, integer, items};

/// Whether [`advance`] would do something now.
pub(crate) fn is_due(state: &State, now: DateTime<Utc>, run_jobs: bool) -> bool {
    moments(state, run_jobs).any(|moment| moment <= now.naive_utc())
}

/// The moments at which something may happen by itself.
fn moments(state: &State, run_jobs: bool) -> impl Iterator<Item = NaiveDateTime> {
    state.daily.schedules.iter().flat_map(move |schedule| {
        let begins = (schedule.state == ScheduleState::WaitToStart).then_some(schedule.start);
        let active = schedule.state == ScheduleState::InProcess;
        let of_jobs = schedule.jobs.iter().filter(move |_| active).filter_map(move |job| match job.state {
            JobState::Running if run_jobs && really_runs(state, job) => None,
            JobState::Running => job.estimated_end(),
            waiting => waiting.is_waiting().then(|| job.start(schedule)),
        });
        begins.into_iter().chain(of_jobs)
    })
}

/// Lets everything happen that is due, each at its time; answers the command lines that are
/// to be run.
pub(crate) fn advance(state: &mut State, now: DateTime<Utc>, run_jobs: bool) -> Vec<Started> {
    let mut started = Vec::new();
    let mut at = state.daily.advanced_to.map_or(now, |before| before.min(now));
    loop {
        while step(state, at, run_jobs, &mut started) {
            state.touch();
        }
        let later = moments(state, run_jobs).map(|moment| moment.and_utc());
        match later.filter(|moment| *moment > at && *moment <= now).min() {
            Some(next) => at = next,
            None if at < now => at = now,
            None => break,
        }
    }
    state.daily.advanced_to = Some(now);
    started
}

/// One round over all schedules; whether anything changed.
fn step(state: &mut State, now: DateTime<Utc>, run_jobs: bool, started: &mut Vec<Started>) -> bool {
    let mut changed = false;
    for at in 0..state.daily.schedules.len() {
        let schedule = &mut state.daily.schedules[at];
        if schedule.state == ScheduleState::WaitToStart && schedule.start <= now.naive_utc() {
            schedule.state = ScheduleState::InProcess;
            changed = true;
        }
        if schedule.state != ScheduleState::InProcess {
            continue;
        }
        for job in 0..state.daily.schedules[at].jobs.len() {
            changed |= step_job(state, at, job, now, run_jobs, started);
        }
        let schedule = &mut state.daily.schedules[at];
        if schedule.jobs.iter().all(|job| job.state.is_over()) {
            schedule.state = ScheduleState::Completed;
            schedule.ended = Some(now.naive_utc());
            changed = true;
        }
    }
    changed
}

fn step_job(
    state: &mut State,
    at: usize,
    job: usize,
    now: DateTime<Utc>,
    run_jobs: bool,
    started: &mut Vec<Started>,
) -> bool {
    let schedule = &state.daily.schedules[at];
    let current = &schedule.jobs[job];
    let next = match current.state {
        JobState::Running => after_running(state, current, now.naive_utc(), run_jobs),
        waiting if waiting.is_waiting() => Some(waiting_for(state, schedule, current, now.naive_utc())),
        _ => None,
    };
    match next {
        Some(JobState::Running) if current.state != JobState::Running => {
            start(state, at, job, now, run_jobs, started);
            true
        }
        Some(next) if next != current.state => {
            let job = &mut state.daily.schedules[at].jobs[job];
            job.change(next, now);
            job.termination = if next.is_good() { "0".to_owned() } else { String::new() };
            true
        }
        _ => false,
    }
}

/// What becomes of a running job.
fn after_running(state: &State, job: &DailyJob, now: NaiveDateTime, run_jobs: bool) -> Option<JobState> {
    if filled(&job.definition, "type") == Some("Container") {
        let inner = state.daily.schedules.iter().find(|schedule| schedule.container == Some(job.uid))?;
        return (inner.state == ScheduleState::Completed).then_some(match inner.has_failed_jobs() {
            true => JobState::Failed,
            false => JobState::FinishedOk,
        });
    }
    let simulated = !(run_jobs && really_runs(state, job));
    (simulated && job.estimated_end().is_some_and(|end| end <= now)).then_some(JobState::FinishedOk)
}

/// What a waiting job waits for; `Running` when for nothing.
fn waiting_for(state: &State, schedule: &DailySchedule, job: &DailyJob, now: NaiveDateTime) -> JobState {
    if job.forced {
        return JobState::Running;
    }
    if job.start(schedule) > now {
        return JobState::WaitStartTime;
    }
    if !predecessors_allow(state, schedule, job) {
        return JobState::WaitJobDependency;
    }
    if !variables_allow(state, job) {
        return JobState::WaitThresholdResource;
    }
    let is_up = |machine: &Value| matches!(machine["status"]["state"].as_str(), Some("U" | "L"));
    match filled(&job.definition, "primaryMachine").and_then(|name| state.inventory.machine(name)) {
        Some(machine) if !is_up(machine) => JobState::WaitMachine,
        _ => JobState::Running,
    }
}

fn predecessors_allow(state: &State, schedule: &DailySchedule, job: &DailyJob) -> bool {
    let Some(master) = state.master_by_id(schedule.master_id) else { return true };
    master.with(|stored| {
        let concerns = |item: &&Value| {
            filled(item, "jobName") == Some(&job.master_name)
                && filled(item, "frequencyName").is_none_or(|frequency| frequency == job.frequency)
        };
        let inner = items(&stored.schedule, "internalDependencyList").iter().filter(concerns);
        let outer = stored.external.iter().filter(concerns);
        inner.chain(outer).all(|item| {
            let name = filled(item, "predecessorScheduleName").unwrap_or(&schedule.name);
            let date = schedule.date + TimeDelta::days(integer(item, "dateOffset").unwrap_or(0));
            let mut found = state
                .daily
                .schedules
                .iter()
                .filter(|other| other.date == date && fold(&other.name) == fold(name))
                .flat_map(|other| &other.jobs)
                .filter(|other| filled(item, "predecessorJobName") == Some(&other.master_name))
                .peekable();
            let kind = filled(item, "dependencyType").unwrap_or("After");
            if found.peek().is_none() {
                return kind != "Requires";
            }
            found.all(|other| match (kind, filled(item, "dependencyOption")) {
                ("Excludes", _) => false,
                (_, Some("Ignore Exit Code")) => other.state.is_over(),
                (_, Some("Failed")) => other.state.is_failed(),
                _ => other.state.is_good(),
            })
        })
    })
}

fn variables_allow(state: &State, job: &DailyJob) -> bool {
    let value = |kind: &str, name: &str| {
        state
            .shared
            .get("variableList", &format!("{kind} {name}"))
            .and_then(|object| integer(&object.entry, "value"))
    };
    let thresholds = items(&job.definition, "thresholdDependencyList").iter().all(|item| {
        let Some(value) = filled(item, "thresholdName").and_then(|name| value("Threshold", name)) else {
            return true;
        };
        let wanted = integer(item, "value").unwrap_or(0);
        match filled(item, "operator").unwrap_or("EQ") {
            "NE" => value != wanted,
            "GT" => value > wanted,
            "GE" => value >= wanted,
            "LT" => value < wanted,
            "LE" => value <= wanted,
            _ => value == wanted,
        }
    });
    let needs = |job: &Value, name: &str| -> i64 {
        let of_name = items(job, "resourceDependencyList")
            .iter()
            .filter(|item| filled(item, "resourceName") == Some(name));
        of_name.map(|item| integer(item, "requires").unwrap_or(0)).sum()
    };
    thresholds
        && items(&job.definition, "resourceDependencyList").iter().all(|item| {
            let Some(name) = filled(item, "resourceName") else { return true };
            let running = state.daily.schedules.iter().flat_map(|schedule| &schedule.jobs);
            let used: i64 = running
                .filter(|job| job.state == JobState::Running)
                .map(|job| needs(&job.definition, name))
                .sum();
            value("Resource", name).is_none_or(|all| match boolean(item, "requiresAll") {
                Some(true) => used == 0,
                _ => used + needs(&job.definition, name) <= all,
            })
        })
}

/// Whether a job runs on an agent of the sandbox's own.
fn really_runs(state: &State, job: &DailyJob) -> bool {
    filled(&job.definition, "primaryMachine")
        .and_then(|name| state.inventory.machine(name))
        .is_some_and(run::is_own_agent)
}

fn start(
    state: &mut State,
    at: usize,
    job: usize,
    now: DateTime<Utc>,
    run_jobs: bool,
    started: &mut Vec<Started>,
) {
    let schedule = &mut state.daily.schedules[at];
    let date = schedule.date;
    let current = &mut schedule.jobs[job];
    current.state = JobState::Running;
    current.started = Some(now.naive_utc());
    (current.ended, current.forced) = (None, false);
    let uid = current.uid;
    let container = current.definition.get("containerData").and_then(|data| filled(data, "subScheduleName"));
    if let Some(name) = container.map(str::to_owned) {
        let properties = current.properties.clone();
        if is_within(state, at, &name) {
            fail(state, uid, format!("The schedule '{name}' would contain itself"), now);
            return;
        }
        for before in state.daily.schedules.iter_mut().filter(|schedule| schedule.container == Some(uid)) {
            (before.container, before.state) = (None, ScheduleState::Completed);
        }
        let inner = Build {
            name: &name,
            date,
            overwrite: false,
            hold: false,
            properties,
            named_instance: None,
            container: Some(uid),
        };
        match build(state, &inner) {
            // A sub-schedule starts with its container job.
            Ok(id) => {
                if let Some(inner) = state.daily.schedule_mut(&id) {
                    inner.start = inner.start.max(now.naive_utc());
                }
            }
            Err(reason) => fail(state, uid, reason, now),
        }
        return;
    }
    let schedule = &state.daily.schedules[at];
    if run_jobs && really_runs(state, &schedule.jobs[job]) {
        match run::command(state, schedule, &schedule.jobs[job], now) {
            Ok(command) => started.push(Started { uid, command }),
            Err(reason) => fail(state, uid, reason, now),
        }
    }
}

/// Whether a schedule is this one, or one that contains it.
fn is_within(state: &State, at: usize, name: &str) -> bool {
    let mut current = state.daily.schedules.get(at);
    while let Some(schedule) = current {
        if fold(&schedule.name) == fold(name) {
            return true;
        }
        let holds = |other: &&DailySchedule| other.jobs.iter().any(|job| Some(job.uid) == schedule.container);
        current = schedule.container.and_then(|_| state.daily.schedules.iter().find(holds));
    }
    false
}

fn fail(state: &mut State, uid: u64, reason: String, now: DateTime<Utc>) {
    let mut jobs = state.daily.schedules.iter_mut().flat_map(|schedule| &mut schedule.jobs);
    if let Some(job) = jobs.find(|job| job.uid == uid) {
        job.change(JobState::InitializationError, now);
        job.messages.push(reason);
    }
}

/// Notes how a command line ended.
pub(crate) fn ended(state: &mut State, uid: u64, ended: &Ended, now: DateTime<Utc>) {
    let mut jobs = state.daily.schedules.iter_mut().flat_map(|schedule| &mut schedule.jobs);
    let Some(job) = jobs.find(|job| job.uid == uid && job.state == JobState::Running) else { return };
    let next = match ended.code {
        Some(0) => JobState::FinishedOk,
        Some(_) => JobState::Failed,
        None => JobState::InitializationError,
    };
    job.change(next, now);
    job.termination = ended.code.map(|code| code.to_string()).unwrap_or_default();
    job.output.clone_from(&ended.output);
    job.messages.extend(ended.message.clone());
    state.touch();
}

/// The jobs that run now.
pub(crate) fn running(state: &State) -> HashSet<u64> {
    let jobs = state.daily.schedules.iter().flat_map(|schedule| &schedule.jobs);
    jobs.filter(|job| job.state == JobState::Running).map(|job| job.uid).collect()
}

/// After a restart: what really ran is not running any more.
pub(crate) fn recover(state: &mut State, now: DateTime<Utc>) {
    let running = running(state);
    let lost: Vec<u64> = state
        .daily
        .schedules
        .iter()
        .flat_map(|schedule| &schedule.jobs)
        .filter(|job| running.contains(&job.uid) && really_runs(state, job))
        .map(|job| job.uid)
        .collect();
    for uid in lost {
        fail(state, uid, "The agent was stopped while the job ran".to_owned(), now);
        state.touch();
    }
}
