//! Work whose time has passed and that never began: what OpCon says of its job.

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::Appointment;
use super::take_out::{TakeOutError, look, take_out_all};
use crate::opcon::{OpConError, OpConSystem, Progress, Wait};
use crate::repository::records::{Phase, Record};

/// How long after its time work may still begin: it may wait for a machine, or for a lease.
const GRACE: TimeDelta = TimeDelta::hours(1);
/// How long adding a job may take.
const ADDING: TimeDelta = TimeDelta::minutes(15);

/// Whether it is worth asking what became of work that waits.
pub fn is_overdue(record: &Record, now: DateTime<FixedOffset>) -> bool {
    match (&record.scheduled, record.phase) {
        // Whoever could not end it says so.
        (Some(_), Phase::Scheduling) => record.reason.is_some() || record.begun + ADDING < now,
        (Some(scheduled), Phase::Scheduled) => scheduled.at + GRACE < now,
        _ => false,
    }
}

/// What became of the job of work that never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It will not begin any more, and why not.
    Over(String),
    /// It may still begin; what OpCon says of its job.
    Waiting(String),
}

/// Asks what became of it. A job of work that was never quite scheduled is taken out.
pub async fn fate(
    system: &dyn OpConSystem,
    record: &Record,
    wanted: &[Appointment],
    wait: Wait,
) -> Result<Fate, TakeOutError> {
    if record.phase == Phase::Scheduling {
        let why =
            record.reason.clone().unwrap_or_else(|| "could not be scheduled: it was cut off".to_owned());
        return match take_out_all(system, record, wanted, &why, wait).await {
            // A job that has begun finds that nothing waits for it.
            Ok(()) | Err(TakeOutError::Begun { .. }) => Ok(Fate::Over(why)),
            Err(error) => Err(error),
        };
    }
    Ok(of_job(system, record).await?)
}

async fn of_job(system: &dyn OpConSystem, record: &Record) -> Result<Fate, OpConError> {
    let job = record.scheduled.as_ref().and_then(|scheduled| scheduled.job.as_deref()).unwrap_or_default();
    let Some(found) = look(system, job).await? else {
        return Ok(Fate::Over(format!("the job `{job}` is not in the daily any more")));
    };
    let state = found.status.description.clone().unwrap_or_else(|| "unknown".to_owned());
    Ok(match found.status.progress() {
        Progress::Open => Fate::Waiting(format!("the job `{job}` has not ended: OpCon says `{state}`")),
        _ => {
            let code = found.termination.map(|code| format!(", {code}")).unwrap_or_default();
            Fate::Over(format!("the job `{job}` ended without it: OpCon says `{state}`{code}"))
        }
    })
}
