//! `script`: OpCon scripts, with OpCon's own version numbers.

mod deploy;
mod import;
mod read;

use clap::{Args, Subcommand};

use crate::CommandResult;
use crate::cli::Global;
use crate::ui::Ui;

/// Import, deploy, show and export OpCon scripts
///
/// A script is a folder, `scripts/NAME/`, with a file for each version. The
/// numbers are OpCon's own: the same number is the same text on every system.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    #[command(subcommand)]
    command: ScriptCommand,
}

#[derive(Debug, Subcommand)]
enum ScriptCommand {
    Import(import::ImportArgs),
    Deploy(deploy::DeployArgs),
    List(read::ListArgs),
    Show(read::ShowArgs),
    Export(read::ExportArgs),
}

pub(super) fn run(args: ScriptArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        ScriptCommand::Import(args) => import::run(args, global, ui),
        ScriptCommand::Deploy(args) => deploy::run(args, global, ui),
        ScriptCommand::List(args) => read::list(args, global, ui),
        ScriptCommand::Show(args) => read::show(args, global, ui),
        ScriptCommand::Export(args) => read::export(args, global, ui),
    }
}
