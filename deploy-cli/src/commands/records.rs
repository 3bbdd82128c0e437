//! What the commands that read records have in common.

use deploy_core::repository::Repository;
use deploy_core::repository::records::log::{Change, RecordLog, Row};
use deploy_core::repository::records::{Action, Kind, Phase, Records};

use super::note_age;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, utc_time};

/// The records as this clone knows them, or fetched.
pub(super) fn records<'r>(repository: &'r Repository, global: &Global) -> Result<Records<'r>, CommandError> {
    Ok(match global.fetch {
        true => Records::fetch(repository),
        false => Records::open(repository),
    }?)
}

/// Says where operations are open: only the holder of a lease knows whether somebody is at work.
pub(super) fn note_open(records: &Records<'_>, ui: &Ui) -> Result<(), CommandError> {
    let open = records.open_operations()?.into_iter().map(|open| open.record);
    let begun = open.filter(|record| !matches!(record.phase, Phase::Scheduling | Phase::Scheduled));
    let mut servers: Vec<String> = begun.map(|record| record.server).collect();
    servers.sort();
    let open = count(servers.len(), "operation");
    servers.dedup();
    if let Some(server) = servers.first() {
        let where_ = match servers.len() {
            1 => format!("`{}`", one_line(server)),
            more => count(more, "server"),
        };
        ui.note(format!("{open} open on {where_}: under way, or cut off; `opcon-deploy doctor` tells which"));
    }
    Ok(())
}

/// All records, with what the user should know about how current they are.
pub(super) fn record_log(
    repository: &Repository,
    global: &Global,
    ui: &Ui,
) -> Result<RecordLog, CommandError> {
    let records = records(repository, global)?;
    note_open(&records, ui)?;
    note_age(repository, &[&repository.settings().git.records], ui);
    Ok(RecordLog::load(repository, records.tip())?)
}

/// The vendor's word for what a record is about.
pub(super) fn kind_word(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Schedule) => "Schedule",
        Some(Kind::Package) => "Package",
        Some(Kind::Script) => "Script",
        None => "",
    }
}

/// The word for what was done.
pub(super) fn action_word(action: Option<Action>) -> &'static str {
    match action {
        Some(Action::Deploy) => "deploy",
        Some(Action::Rollback) => "rollback",
        Some(Action::Delete) => "delete",
        Some(Action::Adopt) => "adopt",
        Some(Action::Simulate) => "simulate",
        Some(Action::Import) => "import",
        None => "",
    }
}

/// The name of `Name <email>`.
pub(super) fn name_of(person: &str) -> &str {
    person.rsplit_once(" <").map_or(person, |(name, _)| name)
}

/// The time of a commit for `--json`.
pub(super) fn utc(change: Option<Change<'_>>) -> Option<String> {
    change.map(|change| utc_time(change.time))
}

/// When a record began.
pub(super) fn begun(row: &Row<'_>) -> i64 {
    row.begun().map_or(0, |begun| begun.time)
}
