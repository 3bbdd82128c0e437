//! `deployments cancel`: what waits is called off.

use clap::Args;
use deploy_core::deploy::batch::{Slot, find, take_out};
use deploy_core::opcon::Wait;
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Action, OpenOperation, Record, Status};
use deploy_core::repository::servers;
use deploy_core::repository::users::Identity;

use super::super::batch::{appointment, end, names, waiting, what};
use super::super::changing::ChangeArgs;
use super::super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{Target, block_on, who};
use crate::ui::{Ui, one_line};
use crate::{CommandResult, Exit};

/// Call off what waits for its time
///
/// Takes the job out of the daily of the batch server, unless it has begun, and
/// ends the record as cancelled; all that would go in one transaction with it, too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy deployments cancel 0198d3a0-53c1")]
pub(super) struct CancelArgs {
    /// The id of the record, or the beginning of it
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(args: CancelArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let records = ChangeArgs::default().records(&repository)?;
    let operations = waiting(&records, &args.id)?;
    let who = who(&repository)?;
    may_change(&repository, &operations, &who)?;
    let all: Vec<Record> = operations.iter().map(|operation| operation.record.clone()).collect();
    take_out_job(&repository, &all, &who, ui)?;
    let reason = format!("cancelled by {}", who.person);
    end(&repository, &operations, Status::Cancelled, &reason)?;
    if ui.is_json() {
        let rows: Vec<serde_json::Value> = all
            .iter()
            .map(|record| {
                serde_json::json!({
                    "record": record.id, "name": record.name, "server": record.server, "outcome": "cancelled",
                })
            })
            .collect();
        ui.json("deployments", &rows)?;
        return Ok(Exit::Done);
    }
    let server = all.first().map(|record| one_line(&record.server)).unwrap_or_default();
    ui.line(format!("{} on {server}: cancelled", what(&all)));
    Ok(Exit::Done)
}

/// Whoever asked may, and whoever may do it themselves.
pub(super) fn may_change(
    repository: &Repository,
    operations: &[OpenOperation],
    who: &Identity,
) -> Result<(), CommandError> {
    for record in operations.iter().map(|operation| &operation.record) {
        let server = servers::find(repository, &record.server)?;
        match record.action {
            _ if record.user.email.eq_ignore_ascii_case(&who.person.email) => {}
            Action::Import => who.may_import_from(server.server.kind.class())?,
            _ => who.may_deploy_to(server.server.kind.class())?,
        }
    }
    Ok(())
}

fn take_out_job(
    repository: &Repository,
    records: &[Record],
    who: &Identity,
    ui: &Ui,
) -> Result<(), CommandError> {
    let Some((first, scheduled)) = records.first().and_then(|first| Some((first, first.scheduled.as_ref()?)))
    else {
        return Ok(());
    };
    let batch = servers::find(repository, &scheduled.server)?;
    let schedules = names(&batch);
    let target = Target::connect(repository, batch, who.person.opcon_user.as_deref(), ui)?;
    let reason = format!("called off by {}", who.person.name);
    block_on(async {
        target.system.sign_on().await?;
        let job = match &scheduled.job {
            Some(job) => Some(job.clone()),
            None => {
                let mut found = None;
                for schedule in schedules {
                    let slot = Slot::of_hour(&scheduled.at);
                    let wanted = appointment(first, scheduled, schedule, slot);
                    found = found.or(find(&*target.system, &wanted).await?);
                }
                found
            }
        };
        if let Some(job) = job {
            take_out(&*target.system, &job, &reason, Wait::default()).await?;
        }
        target.sign_off().await;
        Ok::<(), CommandError>(())
    })?
}
