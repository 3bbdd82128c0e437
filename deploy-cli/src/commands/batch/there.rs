//! The schedule BATCH_DEPLOY on the batch server: it is there, or it is deployed first.

use deploy_core::definition::Definition;
use deploy_core::deploy::Accept;
use deploy_core::deploy::batch::{SCHEDULE, Slot, TEMPLATE, has_frequency, with_frequency};
use deploy_core::opcon::OpConSystem as _;
use deploy_core::repository::Repository;
use deploy_core::repository::change::Destination;
use deploy_core::repository::history::History;
use deploy_core::repository::import::{ImportOptions, Outcome, Progress, Source, import};
use deploy_core::repository::layout::Kind;
use deploy_core::repository::records::{Reach, Records};
use deploy_core::repository::resolve::resolve;
use deploy_core::repository::servers::Named;

use super::super::{deploy, import as importing};
use super::Appointing;
use crate::error::CommandError;
use crate::system::Target;
use crate::ui::one_line;

/// How the schedule may be called on the batch server: as rules renamed it, or as it is.
pub(super) fn names(repository: &Repository, server: &Named) -> Result<Vec<String>, CommandError> {
    let standing =
        Records::open(repository)?.active(&server.name)?.into_iter().map(|standing| standing.record);
    let renamed = standing.filter(|record| record.original_name.as_deref() == Some(SCHEDULE));
    Ok(renamed.map(|record| record.name).chain([SCHEDULE.to_owned()]).collect())
}

/// The name of the schedule on the batch server.
pub(super) fn ensure(appointing: &Appointing<'_>, target: &Target) -> Result<String, CommandError> {
    let names = names(appointing.repository, &target.named)?;
    let patterns: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = appointing.runtime.block_on(target.system.schedules(&patterns))?;
    let is_there = |name: &&String| found.iter().any(|found| found.name.eq_ignore_ascii_case(name));
    if let Some(name) = names.iter().find(is_there) {
        return Ok(name.clone());
    }
    let server = target.name();
    appointing.ui.note(format!(
        "`{SCHEDULE}` is not on `{server}`: it is deployed first, by the rules of that server"
    ));
    let history = History::load(appointing.repository)?;
    if history.versions(Kind::Schedule, SCHEDULE).last().and_then(|latest| latest.blob).is_none() {
        store(appointing, TEMPLATE.as_bytes().to_vec())?;
    }
    deploy(appointing, server, Accept::default())
}

/// With the frequency of the very minute, where what was deployed there has it.
pub(super) fn slot(
    appointing: &Appointing<'_>,
    server: &str,
    name: &str,
    slot: Slot,
) -> Result<Slot, CommandError> {
    let records = Records::open(appointing.repository)?;
    let deployed = records.active_of(server, name)?.and_then(|standing| standing.deployed);
    let Some(deployed) = deployed.filter(|_| slot.behind > 0) else { return Ok(slot) };
    let exact = slot.exactly();
    let definition = Definition::read(&records.content(deployed)?)?;
    Ok(if has_frequency(&definition, &exact.frequency) { exact } else { slot })
}

/// Gives the schedule a frequency for the very minute, as a new version, and deploys that.
pub(super) fn add_frequency(
    appointing: &Appointing<'_>,
    server: &str,
    slot: &Slot,
) -> Result<Slot, CommandError> {
    let exact = slot.exactly();
    let repository = appointing.repository;
    appointing.ui.note(format!("`{SCHEDULE}` gets the frequency `{}`", exact.frequency));
    let history = History::load(repository)?;
    let latest = repository.definition(&resolve(repository, &history, Kind::Schedule, SCHEDULE)?)?;
    let more = with_frequency(&latest, slot)?.ok_or_else(|| {
        CommandError::failed(format!("`{SCHEDULE}` has no frequency `{}` to make it after", slot.frequency))
            .hint(format!("`opcon-deploy import --template {SCHEDULE}` brings the schedule as it should be"))
    })?;
    store(appointing, more.to_bytes())?;
    // What stands there is what was deployed before, by this very way.
    deploy(appointing, server, Accept { existing: true, ..Accept::default() })?;
    Ok(exact)
}

/// Stores the schedule as a version on main, pushed where there is a remote.
fn store(appointing: &Appointing<'_>, bytes: Vec<u8>) -> Result<(), CommandError> {
    let repository = appointing.repository;
    let options = ImportOptions {
        app: None,
        destination: Destination::Branch(repository.settings().git.main.clone()),
        message: None,
        trailers: Vec::new(),
        push: appointing.reach == Reach::Remote,
    };
    let source = Source::Bytes { label: format!("the template {SCHEDULE}"), bytes };
    let waiting = || appointing.ui.waiting();
    let imported = import(repository, &[source], &options, &Progress::default(), &waiting).map_err(|error| {
        CommandError::from(error).hint(format!(
            "`opcon-deploy import --template {SCHEDULE} --branch --push` proposes it where main takes no pushes"
        ))
    })?;
    importing::tell(&imported, appointing.ui);
    match imported.items.into_iter().find_map(|item| match item.outcome {
        Outcome::Failed(error) => Some(error),
        _ => None,
    }) {
        Some(error) => Err(CommandError::failed(format!("`{SCHEDULE}` could not be stored: {error}"))),
        None => Ok(()),
    }
}

/// Deploys it as anything else is deployed; its name there.
fn deploy(appointing: &Appointing<'_>, server: &str, accept: Accept) -> Result<String, CommandError> {
    let Appointing { repository, stop, ui, .. } = appointing;
    let done = deploy::first(repository, server, SCHEDULE, accept, stop, ui).map_err(|error| {
        error.hint(format!(
            "`opcon-deploy simulate {SCHEDULE} --to \"{server}\"` shows it; the rule `batch-site` fits it to a site (docs/batch.md)"
        ))
    })?;
    let Some(record) = done.records.into_iter().next() else { return Ok(SCHEDULE.to_owned()) };
    appointing.ui.note(format!("Deployed `{}` to `{server}`: record {}", one_line(&record.name), record.id));
    Ok(record.name)
}
