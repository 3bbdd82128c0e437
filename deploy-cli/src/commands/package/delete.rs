//! `package delete`: the package goes, after a look at where it stands.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::layout::Kind;
use deploy_core::repository::package::{Action, Package};
use deploy_core::repository::records::{Kind as RecordKind, Phase, Record, Records, Status};
use deploy_core::repository::resolve::resolve;

use super::super::completions::packages;
use super::super::{note_age, open};
use super::change;
use crate::CommandResult;
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::ui::{Ui, one_line, style, styled};

/// Delete a package; its schedules stay
///
/// Where a version of it stands on a server, or is on its way there, that is shown
/// and asked again: what stands there can still be rolled back and deleted there,
/// and nothing can be deployed as this package any more; a scheduled deployment of
/// it will fail.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy package delete FINANCE\n  opcon-deploy package delete FINANCE --yes"
)]
pub(super) struct DeleteArgs {
    /// The package
    #[arg(value_name = "PACKAGE", add = ArgValueCandidates::new(packages))]
    name: String,
    /// Delete it without asking, even where it stands on a server
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: DeleteArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let name = one_line(&args.name);
    let active = active(&repository, &args.name, ui)?;
    for record in &active {
        ui.note(format!("  {}", line(record)));
    }
    if !args.yes {
        let stands = if active.is_empty() { "" } else { " stands on a server and" };
        let confirmed = |question: &str| match ui.ask(question) {
            Some(true) => Ok(()),
            Some(false) => Err(CommandError::refused("not deleted")),
            None => {
                let message = format!("package `{name}`{stands} is not deleted without being asked");
                Err(CommandError::refused(message).hint("`--yes` answers where nobody can be asked"))
            }
        };
        confirmed(&format!("Delete package `{name}`? Its schedules stay"))?;
        if !active.is_empty() {
            confirmed("It stands there: delete it nevertheless?")?;
        }
    }
    change::run(&args.name, &Action::Delete, args.commit, global, ui)
}

/// Where it stands or is on its way to, as this clone knows it.
fn active(repository: &Repository, name: &str, ui: &Ui) -> Result<Vec<Record>, CommandError> {
    let history = History::load(repository)?;
    // Elsewhere than on main nothing is deployed from.
    let Ok(found) = resolve(repository, &history, Kind::Package, name) else { return Ok(Vec::new()) };
    // What is wrong with one that cannot be read is said when it is to be deleted.
    let package = Package::of_blob(repository.git2(), &found.path, found.blob).unwrap_or_default();
    let formerly = package.formerly.iter().map(String::as_str);
    let names: Vec<&str> = [found.name.as_str()].into_iter().chain(formerly).collect();
    let records = Records::open(repository)?;
    if records.tip().is_some() {
        note_age(repository, &[&repository.settings().git.records], ui);
    }
    let mut active = records.package_anywhere(&names)?;
    let open = records.open_operations()?.into_iter().map(|operation| operation.record);
    active.extend(
        open.filter(|record| record.kind == RecordKind::Package && names.contains(&record.name.as_str())),
    );
    Ok(active)
}

fn line(record: &Record) -> String {
    let version = match record.source.version {
        Some(version) => format!("version {version}"),
        None => "no version".to_owned(),
    };
    let how = match (record.phase, record.status) {
        (Phase::Scheduling | Phase::Scheduled, _) => "is scheduled",
        (_, Status::Deploying) => "is on its way there",
        _ => "stands there",
    };
    let (user, day) = (one_line(&record.user.name), record.begun.format("%Y-%m-%d"));
    let how = styled(style::CHANGED, format!("{version} {how}"));
    format!("{}  {how}, by {user} on {day}", one_line(&record.server))
}
