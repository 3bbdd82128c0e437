//! A job into the daily of the batch server.

use std::fmt;

use chrono::NaiveDate;

use super::slot::Slot;
use super::take_out::{TakeOutError, is_held, look, take_out};
use crate::opcon::{Build, Cause, DailySchedule, JobAction, NewJob, OpConError, OpConSystem, Progress, Wait};
use crate::repository::records::RecordId;

/// The instance property of the job that names the record; its command line hands it to the program.
pub const RECORD_PROPERTY: &str = "DEPLOY_RECORD";

/// The jobs of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchJob {
    /// Deploys schedules.
    DeploySchedule,
    /// Deploys a package.
    DeployPackage,
    /// Imports schedules.
    Import,
    /// Simulates a deployment.
    Simulate,
}

impl BatchJob {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DeploySchedule, Self::DeployPackage, Self::Import, Self::Simulate];

    /// Its name in the schedule.
    pub fn name(self) -> &'static str {
        match self {
            Self::DeploySchedule => "DEPLOY_SCHEDULE",
            Self::DeployPackage => "DEPLOY_PACKAGE",
            Self::Import => "IMPORT",
            Self::Simulate => "SIMULATE",
        }
    }
}

/// What is to be done when.
#[derive(Debug, Clone)]
pub struct Appointment {
    /// The schedule on the batch server; rules may have renamed it.
    pub schedule: String,
    /// The job to add.
    pub job: BatchJob,
    /// When.
    pub slot: Slot,
    /// The record that says what is to be done.
    pub record: RecordId,
    /// Further instance properties, for those who look at the job in OpCon.
    pub told: Vec<(String, String)>,
    /// Why, for OpCon's audit.
    pub reason: String,
}

/// A job that stands in the daily.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub job: String,
    /// Whether its schedule was built for it.
    pub built: bool,
    /// Whether its schedule is on hold: nothing starts before somebody releases it.
    pub on_hold: bool,
}

/// Why a job is not in the daily.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlaceError {
    /// The system did not do it.
    #[error(transparent)]
    OpCon(#[from] OpConError),
    /// A build that brought nothing.
    #[error("`{schedule}` was built for {date}, and is not in the daily of that day")]
    NotInDaily {
        /// The schedule.
        schedule: String,
        /// The day.
        date: NaiveDate,
    },
    /// Another start than that of the frequency was not to be had.
    #[error("OpCon does not set the start of the job to {time}")]
    Offset {
        /// The time of the day.
        time: Minute,
        /// What the system said; none where it said yes, and did not do it.
        #[source]
        source: Option<OpConError>,
    },
    /// It failed, and the job is there nevertheless.
    #[error("{cause}; the job `{job}` is still in the daily: {why}")]
    LeftBehind {
        /// The id of the daily job.
        job: String,
        /// What had failed.
        cause: Box<PlaceError>,
        /// Why it could not be taken out again.
        why: Box<TakeOutError>,
    },
    /// It failed, and nobody knows whether the job is there.
    #[error("{cause}; whether the job got into the daily could not be seen: {why}")]
    Unseen {
        /// What had failed.
        cause: Box<OpConError>,
        /// Why it could not be seen.
        why: Box<OpConError>,
    },
}

impl PlaceError {
    /// Whether a job may be in the daily that nobody wants there.
    pub fn may_be_left(&self) -> bool {
        matches!(self, Self::LeftBehind { .. } | Self::Unseen { .. })
    }
}

/// A time of the day, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute(pub u32);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Puts a job into the daily, for whose day the schedule is built if it is not there.
pub async fn place(
    system: &dyn OpConSystem,
    appointment: &Appointment,
    wait: Wait,
) -> Result<Placed, PlaceError> {
    let (instance, built) = in_daily(system, appointment, wait).await?;
    let job = add(system, appointment, &instance.id, wait).await?;
    if appointment.slot.behind > 0
        && let Err(cause) = start_later(system, appointment, &job, wait).await
    {
        return match take_out(system, &job, "could not be scheduled", wait).await {
            Ok(_) => Err(cause),
            Err(why) => Err(PlaceError::LeftBehind { job, cause: Box::new(cause), why: Box::new(why) }),
        };
    }
    Ok(Placed { job, built, on_hold: is_on_hold(&instance) })
}

/// The job that stands in the daily for a record and has not ended, if one does.
pub async fn find(system: &dyn OpConSystem, appointment: &Appointment) -> Result<Option<String>, OpConError> {
    for instance in instances(system, appointment).await? {
        if let Some(job) = find_in(system, appointment, &instance.id).await? {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

async fn find_in(
    system: &dyn OpConSystem,
    appointment: &Appointment,
    instance: &str,
) -> Result<Option<String>, OpConError> {
    let record = appointment.record.to_string();
    let is_named = |properties: &[(String, String)]| {
        properties.iter().any(|(name, value)| name.eq_ignore_ascii_case(RECORD_PROPERTY) && *value == record)
    };
    for job in system.daily_jobs(instance).await? {
        // One that has ended is of a time before this one.
        if !job.name.starts_with(appointment.job.name()) || job.status.progress() != Progress::Open {
            continue;
        }
        // A list need not have the properties.
        let properties = match job.properties.is_empty() {
            true => look(system, &job.id).await?.map(|job| job.properties).unwrap_or_default(),
            false => job.properties,
        };
        if is_named(&properties) {
            return Ok(Some(job.id));
        }
    }
    Ok(None)
}

async fn instances(
    system: &dyn OpConSystem,
    appointment: &Appointment,
) -> Result<Vec<DailySchedule>, OpConError> {
    let mut found = system.daily_schedules(&appointment.schedule, &[appointment.slot.date]).await?;
    found.retain(|schedule| schedule.name.eq_ignore_ascii_case(&appointment.schedule));
    Ok(found)
}

/// The instance of the day, and whether it had to be built.
async fn in_daily(
    system: &dyn OpConSystem,
    appointment: &Appointment,
    wait: Wait,
) -> Result<(DailySchedule, bool), PlaceError> {
    let standing = instances(system, appointment).await?;
    if let Some(instance) = standing.into_iter().next() {
        return Ok((instance, false));
    }
    let date = appointment.slot.date;
    let build = Build { schedule: appointment.schedule.clone(), dates: vec![date], ..Build::default() };
    // Somebody else may have built it at the same moment, and then this one fails.
    let built = system.build(&build, wait).await;
    match (instances(system, appointment).await?.into_iter().next(), built) {
        (Some(instance), built) => Ok((instance, built.is_ok())),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(())) => Err(PlaceError::NotInDaily { schedule: appointment.schedule.clone(), date }),
    }
}

/// Adds the job, on hold where its start is still to be changed. An answer that was lost is
/// settled by looking.
async fn add(
    system: &dyn OpConSystem,
    appointment: &Appointment,
    instance: &str,
    wait: Wait,
) -> Result<String, PlaceError> {
    let mut properties = vec![(RECORD_PROPERTY.to_owned(), appointment.record.to_string())];
    properties.extend(appointment.told.iter().cloned());
    let job = NewJob {
        instance: instance.to_owned(),
        job: appointment.job.name().to_owned(),
        frequency: appointment.slot.frequency.clone(),
        properties,
        on_hold: appointment.slot.behind > 0,
        reason: appointment.reason.clone(),
    };
    match system.add_job(&job, wait).await {
        Ok(id) => Ok(id),
        Err(error) => match find_in(system, appointment, instance).await {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(error.into()),
            Err(why) => Err(PlaceError::Unseen { cause: Box::new(error), why: Box::new(why) }),
        },
    }
}

/// Changes the start of a job on hold, reads it back, and releases the job.
async fn start_later(
    system: &dyn OpConSystem,
    appointment: &Appointment,
    job: &str,
    wait: Wait,
) -> Result<(), PlaceError> {
    let slot = &appointment.slot;
    let said = system.set_start_offset(job, slot.offset()).await;
    let stands = system.daily_job(job).await?.start_offset;
    if !stands.is_some_and(|offset| slot.is_at(offset)) {
        return match said {
            Err(error) if !is_refusal(&error) => Err(error.into()),
            said => Err(PlaceError::Offset { time: Minute(slot.minutes), source: said.err() }),
        };
    }
    if let Err(error) = system.act_on_job(job, JobAction::Release, &appointment.reason, wait).await
        && is_held(&system.daily_job(job).await?)
    {
        return Err(error.into());
    }
    Ok(())
}

/// Whether the system understood and said no, rather than was not there.
fn is_refusal(error: &OpConError) -> bool {
    matches!(
        *error.cause,
        Cause::Rejected { .. }
            | Cause::NotFound { .. }
            | Cause::Forbidden { .. }
            | Cause::ActionFailed { .. }
    )
}

fn is_on_hold(schedule: &DailySchedule) -> bool {
    schedule.status.category.as_deref().is_some_and(|category| category.eq_ignore_ascii_case("Held"))
}
