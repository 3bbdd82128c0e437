//! `audit`: who did what, and when.

mod list;
mod verify;

use clap::{Args, Subcommand};

use crate::CommandResult;
use crate::cli::Global;
use crate::ui::Ui;

/// List who did what and when, newest first
///
/// Read from both branches: what was changed on main by what the commits
/// touched, what was done on targets by the records. A merge is what its
/// author brought to main. Who may read it, `view_audit` in users.toml says.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  opcon-deploy audit --category Deployment --from 2026-11-01\n  opcon-deploy audit --user ann@corp.example --text Payroll\n  opcon-deploy audit --all --json\n  opcon-deploy audit verify --fetch"
)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    list: list::ListArgs,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    Verify(verify::VerifyArgs),
}

pub(super) fn run(args: AuditArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        Some(AuditCommand::Verify(args)) => verify::run(args, global, ui),
        None => list::run(args.list, global, ui),
    }
}
