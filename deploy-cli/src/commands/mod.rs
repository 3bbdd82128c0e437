//! The commands: one file each.

mod completions;
mod demo;
mod diff;
mod diff_driver;
mod export;
mod import;
mod init;
mod list;
mod merge_driver;
mod show;
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
    Demo(demo::DemoArgs),
    Init(init::InitArgs),
    Import(import::ImportArgs),
    List(list::ListArgs),
    Versions(versions::VersionsArgs),
    Show(show::ShowArgs),
    Diff(diff::DiffArgs),
    Export(export::ExportArgs),
    MergeDriver(merge_driver::MergeDriverArgs),
    DiffDriver(diff_driver::DiffDriverArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs one command.
pub(crate) fn run(command: Command, global: &Global, ui: &Ui) -> CommandResult {
    match command {
        Command::Demo(args) => demo::run(args, global, ui),
        Command::Init(args) => init::run(args, global, ui),
        Command::Import(args) => import::run(args, global, ui),
        Command::List(args) => list::run(args, global, ui),
        Command::Versions(args) => versions::run(args, global, ui),
        Command::Show(args) => show::run(args, global, ui),
        Command::Diff(args) => diff::run(args, global, ui),
        Command::Export(args) => export::run(args, global, ui),
        Command::MergeDriver(args) => merge_driver::run(args, global, ui),
        Command::DiffDriver(args) => diff_driver::run(args, global, ui),
        Command::Completions(args) => completions::run(args, ui),
    }
}

/// Opens the repository, and says what the user should know about this clone.
fn open(global: &Global, ui: &Ui) -> Result<Repository, CommandError> {
    if !global.dir.is_dir() {
        return Err(CommandError::failed(format!("there is no folder `{}`", global.dir.display())));
    }
    let repository = Repository::open(&global.dir)?;
    if is_unwired(&repository) {
        ui.hint("`opcon-deploy init` wires git's diff and merge of definitions into this clone");
    }
    if let Some(left) = deploy_core::repository::change::interrupted(&repository) {
        ui.warning(format!(
            "a command ended after its commit {} on `{}` and before the work tree had followed; the next command that commits finishes it",
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
