//! `deployments`: what was done to which target, by whom and when.

mod cancel;
mod facts;
mod list;
mod reschedule;
mod show;
mod unpin;
mod upcoming;

use clap::{Args, Subcommand};

use crate::CommandResult;
use crate::cli::Global;
use crate::ui::Ui;

/// List the records of deployments, newest first
///
/// A record tells of one operation on one schedule, package or script of one
/// server: a deployment, a rollback, a deletion, or what was found there.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  opcon-deploy deployments --server PROD --status active\n  opcon-deploy deployments --name 'FIN_*' --from 2026-11-01\n  opcon-deploy deployments show 0198d3a0-53c1"
)]
pub struct DeploymentsArgs {
    #[command(flatten)]
    list: list::ListArgs,
    #[command(subcommand)]
    command: Option<DeploymentsCommand>,
}

#[derive(Debug, Subcommand)]
enum DeploymentsCommand {
    Show(show::ShowArgs),
    Unpin(unpin::UnpinArgs),
    Upcoming(upcoming::UpcomingArgs),
    Cancel(cancel::CancelArgs),
    Reschedule(reschedule::RescheduleArgs),
}

pub(super) fn run(args: DeploymentsArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        None => list::run(args.list, global, ui),
        Some(DeploymentsCommand::Show(args)) => show::run(args, global, ui),
        Some(DeploymentsCommand::Unpin(args)) => unpin::run(args, global, ui),
        Some(DeploymentsCommand::Upcoming(args)) => upcoming::run(args, global, ui),
        Some(DeploymentsCommand::Cancel(args)) => cancel::run(args, global, ui),
        Some(DeploymentsCommand::Reschedule(args)) => reschedule::run(args, global, ui),
    }
}
