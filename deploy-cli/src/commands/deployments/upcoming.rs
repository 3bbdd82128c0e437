//! `deployments upcoming`: what waits for its time.

use clap::Args;
use deploy_core::repository::records::{Phase, Record, Records};

use super::super::batch::{is_waiting, told};
use super::super::deploy::scheduled_as_json;
use super::super::records::{action_word, kind_word, name_of};
use super::super::{note_age, open};
use crate::cli::Global;
use crate::ui::{Table, Ui, count};
use crate::{CommandResult, Exit};

/// List what waits for its time, the next first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy deployments upcoming --fetch\n  opcon-deploy deployments upcoming --json"
)]
pub(super) struct UpcomingArgs {}

pub(super) fn run(UpcomingArgs {}: UpcomingArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let records = match global.fetch {
        true => Records::fetch(&repository)?,
        false => Records::open(&repository)?,
    };
    note_age(&repository, &[&repository.settings().git.records], ui);
    let open = records.open_operations()?.into_iter().map(|operation| operation.record);
    let mut waiting: Vec<Record> = open.filter(is_waiting).collect();
    waiting.sort_by_key(|record| (record.scheduled.as_ref().map(|scheduled| scheduled.at), record.id));
    if ui.is_json() {
        ui.json("deployments", &waiting.iter().map(scheduled_as_json).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if waiting.is_empty() {
        ui.note("nothing waits");
        return Ok(Exit::Done);
    }
    let mut table =
        Table::new(["ID", "AT", "ACTION", "NAME", "VERSION", "TYPE", "SERVER", "USER", "STARTED BY"])
            .right(4);
    for record in &waiting {
        let Some(scheduled) = &record.scheduled else { continue };
        let version = match (scheduled.as_then, record.source.version) {
            (true, _) => "latest".to_owned(),
            (false, version) => version.map(|version| version.to_string()).unwrap_or_default(),
        };
        let by = match record.phase {
            Phase::Scheduling if record.reason.is_some() => format!("{} (left open)", scheduled.server),
            Phase::Scheduling => format!("{} (being added)", scheduled.server),
            _ => scheduled.server.clone(),
        };
        table.row([
            record.id.to_string(),
            told(&scheduled.at, &scheduled.zone),
            action_word(Some(record.action)).to_owned(),
            record.name.clone(),
            version,
            kind_word(Some(record.kind)).to_owned(),
            record.server.clone(),
            name_of(&record.user.to_string()).to_owned(),
            by,
        ]);
    }
    ui.print(&table.to_string());
    ui.note(format!("{} waiting", count(waiting.len(), "record")));
    Ok(Exit::Done)
}
