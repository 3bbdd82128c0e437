//! A job out of the daily, unless it has begun.

use super::{Appointment, find};
use crate::opcon::{Cause, DailyItem, DailyJob, JobAction, OpConError, OpConSystem, Progress, Wait};
use crate::repository::records::{Phase, Record};

/// What became of a job that was to be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenOut {
    /// It is not in the daily any more.
    Removed,
    /// It was not there before.
    NotThere,
    /// It has ended, and stays in the daily as what it was.
    Ended,
}

/// Why a job is still in the daily.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TakeOutError {
    /// OpCon has started it, and it has not ended.
    #[error("the daily job `{job}` has begun: OpCon says `{state}`")]
    Begun {
        /// Its id.
        job: String,
        /// Its state, in OpCon's words.
        state: String,
    },
    /// The system did not delete it; it does not start either.
    #[error("the daily job `{job}` is on hold, but still in the daily")]
    Held {
        /// Its id.
        job: String,
        /// Why it is still there.
        source: OpConError,
    },
    /// The system did not do it.
    #[error(transparent)]
    OpCon(#[from] OpConError),
}

/// Takes a job out of the daily. It is held first, so that it cannot begin meanwhile.
pub async fn take_out(
    system: &dyn OpConSystem,
    id: &str,
    reason: &str,
    wait: Wait,
) -> Result<TakenOut, TakeOutError> {
    let Some(job) = look(system, id).await? else { return Ok(TakenOut::NotThere) };
    if has_ended(&job)? {
        return Ok(TakenOut::Ended);
    }
    if !is_held(&job)
        && let Err(error) = system.act_on_job(id, JobAction::Hold, reason, wait).await
    {
        let Some(job) = look(system, id).await? else { return Ok(TakenOut::Removed) };
        if has_ended(&job)? {
            return Ok(TakenOut::Ended);
        }
        if !is_held(&job) {
            return Err(error.into());
        }
    }
    if let Err(error) = system.delete_daily(&[DailyItem::Job(id.to_owned())]).await
        && look(system, id).await?.is_some()
    {
        return Err(TakeOutError::Held { job: job.id, source: error });
    }
    Ok(TakenOut::Removed)
}

/// Takes out whatever stands in the daily for a record that waits: the job that it names, and one
/// that nobody could note any more.
pub async fn take_out_all(
    system: &dyn OpConSystem,
    record: &Record,
    wanted: &[Appointment],
    reason: &str,
    wait: Wait,
) -> Result<(), TakeOutError> {
    if let Some(job) = record.scheduled.as_ref().and_then(|scheduled| scheduled.job.as_deref()) {
        take_out(system, job, reason, wait).await?;
    }
    if record.phase == Phase::Scheduling {
        for appointment in wanted {
            if let Some(job) = find(system, appointment).await? {
                take_out(system, &job, reason, wait).await?;
            }
        }
    }
    Ok(())
}

/// The job as it stands now, if it is there.
pub(super) async fn look(system: &dyn OpConSystem, id: &str) -> Result<Option<DailyJob>, OpConError> {
    match system.daily_job(id).await {
        Ok(job) => Ok(Some(job)),
        Err(error) if matches!(*error.cause, Cause::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn is_held(job: &DailyJob) -> bool {
    is_of(job, "Held")
}

/// Whether it has ended; one that runs is refused.
fn has_ended(job: &DailyJob) -> Result<bool, TakeOutError> {
    if !is_of(job, "Running") {
        return Ok(job.status.progress() != Progress::Open);
    }
    let state = job.status.description.clone().unwrap_or_else(|| "unknown".to_owned());
    Err(TakeOutError::Begun { job: job.id.clone(), state })
}

fn is_of(job: &DailyJob, category: &str) -> bool {
    job.status.category.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(category))
}
