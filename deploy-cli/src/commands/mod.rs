//! The commands: one file each.

mod check;
mod completions;
mod fmt;
mod import;
mod init;
mod man;
mod package;
mod schema;
mod versions;

use clap::Subcommand;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::init::is_unwired;

use crate::CommandResult;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::Ui;

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::InitArgs),
    Import(import::ImportArgs),
    Versions(versions::VersionsArgs),
    Fmt(fmt::FmtArgs),
    Check(check::CheckArgs),
    Package(package::PackageArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs one command.
pub(crate) fn run(command: Command, global: &Global, ui: &Ui) -> CommandResult {
    match command {
        Command::Init(args) => init::run(args, global, ui),
        Command::Import(args) => import::run(args, global, ui),
        Command::Versions(args) => versions::run(args, global, ui),
        Command::Fmt(args) => fmt::run(args, global, ui),
        Command::Check(args) => check::run(args, global, ui),
        Command::Package(args) => package::run(args, global, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
        Command::Man(args) => man::run(args, global, ui),
    }
}

/// Opens the repository, and says what the user should know about this clone.
fn open(global: &Global, ui: &Ui) -> Result<Repository, CommandError> {
    let repository = Repository::open(&global.dir)?;
    if is_unwired(&repository) {
        ui.hint("`opcon-deploy init` wires git's diff and merge of definitions into this clone");
    }
    if let Some(left) = deploy_core::repository::change::interrupted(&repository) {
        ui.warning(format!(
            "a command was killed after its commit {} on `{}`: the work tree has not followed; the next command that commits finishes it",
            &left.commit.to_string()[..8],
            left.branch
        ));
    }
    Ok(repository)
}

/// The versions, with what the user should know about how they were counted.
fn history(repository: &Repository, ui: &Ui) -> Result<History, CommandError> {
    let history = History::load(repository)?;
    if let Some(rewritten) = history.rewritten() {
        ui.warning(format!(
            "the history of `{}` was rewritten: its former tip {} is gone, versions are counted anew",
            history.tip().branch,
            &rewritten.former_tip.to_string()[..8]
        ));
    }
    Ok(history)
}
