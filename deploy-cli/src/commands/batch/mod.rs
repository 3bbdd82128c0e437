//! Work at a set time: OpCon starts it, and a record waits with it.
//!
//! [`Appointing`] brings a job into the daily of the batch server and the
//! records to `scheduled`, or neither; [`Taken`] is what waited and whose time
//! has come.

mod appoint;
mod called_off;
mod overdue;
mod taken;
mod there;

use chrono::{DateTime, FixedOffset};
use clap::Args;
use deploy_core::deploy::batch::{BatchJob, PlaceError, SCHEDULE, TakeOutError};
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Action, Kind, OpenOperation, Phase, Record, Records, Scheduled};
use deploy_core::repository::servers::{self, Named};
use deploy_core::repository::settings::Settings;
use deploy_core::time_zone::{Zone, local};

use crate::error::CommandError;
use crate::ui::one_line;
pub(super) use appoint::Appointing;
pub(super) use called_off::clear;
pub(super) use overdue::overdue;
pub(super) use taken::{Taken, end, finish};

/// Options of commands that can wait for their time.
#[derive(Debug, Args)]
pub(super) struct AtArgs {
    /// Let OpCon start it then: `2026-12-01 18:30` by the batch server's clock, or with an offset
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<String>,
    /// With `--at`: take the latest at that time, not what is the latest now
    #[arg(long, requires = "at")]
    pub(super) as_then: bool,
}

/// The batch server, whose clock starts what waits.
pub(super) struct Clock {
    pub(super) server: Named,
    pub(super) zone: Zone,
}

impl Clock {
    /// The server that the settings of main name.
    pub(super) fn find(repository: &Repository, settings: &Settings) -> Result<Self, CommandError> {
        let name = settings.batch.server.as_deref().ok_or_else(|| {
            CommandError::failed("deploy.toml names no batch server: nobody would start it then").hint(
                "`server = \"NAME\"` under `[batch]` names the system whose OpCon does, once it is on main",
            )
        })?;
        Self::of(servers::find(repository, name)?)
    }

    /// A server by its file.
    pub(super) fn of(server: Named) -> Result<Self, CommandError> {
        let zone = server.server.timezone.as_deref().ok_or_else(|| {
            let name = &server.name;
            CommandError::failed(format!(
                "server `{name}` has no `timezone`: what its clock shows is not known"
            ))
            .hint(format!("`timezone = \"Europe/Berlin\"` in servers/{name}.toml says it"))
        })?;
        let zone = Zone::parse(zone).map_err(|unknown| CommandError::failed(unknown.to_string()))?;
        Ok(Self { server, zone })
    }

    /// Work that it starts then; nothing else is said of it yet.
    pub(super) fn scheduled(&self, at: DateTime<FixedOffset>, as_then: bool, what: Vec<String>) -> Scheduled {
        Scheduled {
            at,
            zone: self.zone.name().to_owned(),
            server: self.server.name.clone(),
            schedule: SCHEDULE.to_owned(),
            job: None,
            as_then,
            what,
            rules: Vec::new(),
            reference: None,
            plan: None,
            import: None,
        }
    }

    /// The moment that is meant; it must be to come.
    pub(super) fn moment(
        &self,
        text: &str,
        now: DateTime<FixedOffset>,
    ) -> Result<DateTime<FixedOffset>, CommandError> {
        let at = local(text, self.zone).map_err(|error| CommandError::usage(error.to_string()))?;
        if at.timestamp() % 60 != 0 {
            let text = one_line(text);
            return Err(CommandError::usage(format!(
                "`{text}` has seconds: OpCon starts jobs by the minute"
            )));
        }
        if at <= now {
            return Err(CommandError::usage(format!("{} is past", told(&at, self.zone.name()))));
        }
        Ok(at)
    }
}

/// A moment, as it is told.
pub(super) fn told(at: &DateTime<FixedOffset>, zone: &str) -> String {
    format!("{} ({})", at.format("%Y-%m-%d %H:%M"), one_line(zone))
}

/// The job of the template that carries out a record.
pub(super) fn job_of(record: &Record) -> BatchJob {
    match (record.action, record.kind) {
        (Action::Import, _) => BatchJob::Import,
        (Action::Simulate, _) => BatchJob::Simulate,
        (_, Kind::Package) => BatchJob::DeployPackage,
        _ => BatchJob::DeploySchedule,
    }
}

/// What waits under a record's id, or the beginning of one: all that goes with it, the one that
/// the job names first.
pub(super) fn waiting(records: &Records<'_>, id: &str) -> Result<Vec<OpenOperation>, CommandError> {
    let mut open = records.open_operations()?;
    let named: Vec<&OpenOperation> =
        open.iter().filter(|one| one.record.id.to_string().starts_with(id)).collect();
    let (id, together) = match named.as_slice() {
        [one] if is_waiting(&one.record) => (one.record.id, one.record.transaction),
        [one] => {
            return Err(CommandError::failed(format!(
                "what the record `{}` waited for has begun",
                one.record.id
            )));
        }
        [] => {
            return Err(CommandError::failed(format!("nothing waits under the record `{}`", one_line(id)))
                .hint("`opcon-deploy deployments upcoming` shows what waits"));
        }
        _ => return Err(CommandError::usage(format!("several records begin with `{}`", one_line(id)))),
    };
    open.retain(|other| {
        is_waiting(&other.record)
            && (other.record.id == id || together.is_some() && other.record.transaction == together)
    });
    open.sort_by_key(|operation| operation.record.id);
    Ok(open)
}

/// Whether a record waits for its time, or for its job.
pub(super) fn is_waiting(record: &Record) -> bool {
    record.scheduled.is_some() && matches!(record.phase, Phase::Scheduling | Phase::Scheduled)
}

/// What waits, in words: `` `Payroll` ``, `` `Payroll` and 2 more ``, `` package `FIN` ``.
pub(super) fn what(records: &[Record]) -> String {
    match records {
        [] => "nothing".to_owned(),
        [one] if one.kind == Kind::Package => format!("package `{}`", one_line(&one.name)),
        [one] => format!("`{}`", one_line(&one.name)),
        [first, more @ ..] => format!("`{}` and {} more", one_line(&first.name), more.len()),
    }
}

impl From<PlaceError> for CommandError {
    fn from(error: PlaceError) -> Self {
        let hint = match &error {
            PlaceError::OpCon(error) => error.hint(),
            _ => None,
        };
        hint.into_iter().fold(Self::with_causes(&error), Self::hint)
    }
}

impl From<TakeOutError> for CommandError {
    fn from(error: TakeOutError) -> Self {
        Self::with_causes(&error)
    }
}
