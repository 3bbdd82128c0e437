//! `deployments cancel`: what waits is called off.

use clap::Args;
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Action, OpenOperation, Record, Status};
use deploy_core::repository::servers;
use deploy_core::repository::users::Identity;

use super::super::batch::{clear, end, waiting, what};
use super::super::changing::ChangeArgs;
use super::super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::who;
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
    clear(&repository, &all, &who, ui)?;
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
