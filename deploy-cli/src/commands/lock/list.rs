//! `lock list`: the servers that somebody is changing.

use clap::Args;
use deploy_core::repository::records::{Holder, Lease, Reach};

use super::super::open;
use crate::cli::Global;
use crate::ui::{Table, Ui, local_time};
use crate::{CommandResult, Exit};

/// List the servers that somebody is changing
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy lock list\n  opcon-deploy lock list --json")]
pub(super) struct ListArgs {
    /// Leave the remote out: the locks of this clone alone
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let held = Lease::list(&repository, Reach::of(&repository, args.offline))?;
    if ui.is_json() {
        ui.json("locks", &held.iter().map(super::row).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if held.is_empty() {
        ui.note("Nobody is changing a server");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["SERVER", "USER", "MACHINE", "PURPOSE", "SINCE", "LAST SIGN OF LIFE"]);
    for Holder { server, name, host, purpose, since, renewed, .. } in &held {
        table.row([server, name, host, purpose, &local_time(*since), &local_time(*renewed)]);
    }
    ui.print(&table.to_string());
    Ok(Exit::Done)
}
