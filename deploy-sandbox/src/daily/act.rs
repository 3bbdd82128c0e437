//! What users do to daily jobs and schedules: hold, release, start, cancel …

use chrono::{DateTime, Utc};

use super::{DailyJob, DailySchedule, JobState, ScheduleState};

/// Does something to a job; refused with a reason where its state forbids it.
pub(crate) fn act_on_job(
    job: &mut DailyJob,
    action: &str,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), String> {
    let state = job.state;
    let may_wait = state == JobState::OnHold || state.is_waiting();
    let (allowed, next) = match action.to_lowercase().as_str() {
        "hold" => (state.is_waiting(), JobState::OnHold),
        "release" => (state == JobState::OnHold, JobState::Released),
        "cancel" => (may_wait || state.is_failed(), JobState::Cancelled),
        "skip" => (may_wait || state.is_failed(), JobState::Skipped),
        "kill" => (state == JobState::Running, JobState::Failed),
        "start" => (may_wait, JobState::Released),
        "restart" => (state.is_over(), JobState::Released),
        "forcerestart" => (state.is_over(), JobState::Released),
        "restartonhold" => (state.is_over(), JobState::OnHold),
        "markfinishedok" => (!state.is_good() && state != JobState::Cancelled, JobState::MarkedFinishedOk),
        "markfailed" => (!state.is_failed() && state != JobState::Cancelled, JobState::MarkedFailed),
        "markunderreview" => (state.is_failed(), JobState::UnderReview),
        "markfixed" => (state.is_failed(), JobState::Fixed),
        _ => return Err(format!("The action '{action}' does not exist")),
    };
    if !allowed {
        return Err(format!(
            "The job '{}' is '{}'; it cannot be changed by '{action}'",
            job.name,
            state.description()
        ));
    }
    job.forced = matches!(action.to_lowercase().as_str(), "start" | "forcerestart");
    job.reason = reason.map(str::to_owned);
    job.change(next, now);
    Ok(())
}

/// Does something to a schedule, or to all its jobs (`holdJobs` …) in one of the categories.
pub(crate) fn act_on_schedule(
    schedule: &mut DailySchedule,
    action: &str,
    categories: &[String],
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), String> {
    use ScheduleState::{Completed, InProcess, OnHold, WaitToStart};
    let state = schedule.state;
    let (allowed, next) = match action.to_lowercase().as_str() {
        "hold" => (matches!(state, WaitToStart | InProcess), OnHold),
        "release" => {
            (state == OnHold, if schedule.start <= now.naive_utc() { InProcess } else { WaitToStart })
        }
        "start" => (matches!(state, WaitToStart | OnHold), InProcess),
        "close" => (state != Completed, Completed),
        other => {
            let single = on_jobs(other).ok_or_else(|| format!("The action '{action}' does not exist"))?;
            let is_meant = |job: &DailyJob| {
                categories.is_empty()
                    || categories.iter().any(|name| name.eq_ignore_ascii_case(job.state.category()))
            };
            for job in schedule.jobs.iter_mut().filter(|job| is_meant(job)) {
                // Jobs whose state does not allow the change are left as they are.
                let _ = act_on_job(job, single, reason, now);
            }
            if schedule.state == Completed && schedule.jobs.iter().any(|job| !job.state.is_over()) {
                schedule.state = InProcess;
                schedule.ended = None;
            }
            return Ok(());
        }
    };
    if !allowed {
        let (name, state) = (&schedule.name, state.description());
        return Err(format!("The schedule '{name}' is '{state}'; it cannot be changed by '{action}'"));
    }
    schedule.state = next;
    schedule.ended = (next == Completed).then(|| now.naive_utc());
    Ok(())
}

/// `holdJobs` does to all jobs what `hold` does to one.
fn on_jobs(action: &str) -> Option<&'static str> {
    match action {
        "canceljobs" => Some("cancel"),
        "forcerestartjobs" => Some("forceRestart"),
        "holdjobs" => Some("hold"),
        "killjobs" => Some("kill"),
        "markjobsfailed" => Some("markFailed"),
        "markjobsfinishedok" => Some("markFinishedOk"),
        "markjobsunderreview" => Some("markUnderReview"),
        "markjobsfixed" => Some("markFixed"),
        "releasejobs" => Some("release"),
        "restartjobs" => Some("restart"),
        "restartjobsonhold" => Some("restartOnHold"),
        "startjobs" => Some("start"),
        "skipjobs" => Some("skip"),
        _ => None,
    }
}
