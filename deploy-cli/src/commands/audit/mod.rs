//! `audit`: who did what, and when.

mod list;

use clap::Args;

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
    after_help = "Examples:\n  opcon-deploy audit --category Deployment --from 2026-11-01\n  opcon-deploy audit --user ann@corp.example --text Payroll\n  opcon-deploy audit --all --json"
)]
pub struct AuditArgs {
    #[command(flatten)]
    list: list::ListArgs,
}

pub(super) fn run(args: AuditArgs, global: &Global, ui: &Ui) -> CommandResult {
    list::run(args.list, global, ui)
}
