//! `server`: the OpCon systems that the repository knows.

mod add;
mod check;
mod list;
mod show;

use clap::{Args, Subcommand};

use crate::CommandResult;
use crate::cli::Global;
use crate::ui::Ui;
pub(super) use list::servers as list_servers;

/// Add, show and check OpCon systems
///
/// A server is a file, `servers/NAME.toml`. It names a credential; what that
/// stands for, each user's own git configuration says.
#[derive(Debug, Args)]
pub struct ServerArgs {
    #[command(subcommand)]
    command: ServerCommand,
}

#[derive(Debug, Subcommand)]
enum ServerCommand {
    Add(Box<add::AddArgs>),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Check(check::CheckArgs),
}

pub(super) fn run(args: ServerArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        ServerCommand::Add(args) => add::run(*args, global, ui),
        ServerCommand::List(args) => list::run(args, global, ui),
        ServerCommand::Show(args) => show::run(args, global, ui),
        ServerCommand::Check(args) => check::run(args, global, ui),
    }
}
