//! `package`: schedules with pinned versions, deployed as one unit.

mod change;
mod delete;
mod list;
mod show;

use clap::{Args, Subcommand};

use crate::CommandResult;
use crate::cli::Global;
use crate::ui::Ui;
pub(super) use change::put;
pub(super) use list::packages;

/// Make, change and show packages
///
/// A package is a set of schedules, each pinned to a version, that is deployed
/// as one unit. A schedule belongs to at most one package.
#[derive(Debug, Args)]
pub struct PackageArgs {
    #[command(subcommand)]
    command: PackageCommand,
}

#[derive(Debug, Subcommand)]
enum PackageCommand {
    Create(change::CreateArgs),
    Add(change::AddArgs),
    Remove(change::RemoveArgs),
    Update(change::UpdateArgs),
    Rename(change::RenameArgs),
    Delete(delete::DeleteArgs),
    Show(show::ShowArgs),
    List(list::ListArgs),
}

pub(super) fn run(args: PackageArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        PackageCommand::Create(args) => change::create(args, global, ui),
        PackageCommand::Add(args) => change::add(args, global, ui),
        PackageCommand::Remove(args) => change::remove(args, global, ui),
        PackageCommand::Update(args) => change::update(args, global, ui),
        PackageCommand::Rename(args) => change::rename(args, global, ui),
        PackageCommand::Delete(args) => delete::run(args, global, ui),
        PackageCommand::Show(args) => show::run(args, global, ui),
        PackageCommand::List(args) => list::run(args, global, ui),
    }
}
