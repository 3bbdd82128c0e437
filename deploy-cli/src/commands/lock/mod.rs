//! `lock`: who may change a server at the moment.

mod r#break;
mod list;

use clap::{Args, Subcommand};
use deploy_core::repository::records::Holder;
use serde_json::json;

use crate::CommandResult;
use crate::cli::Global;
use crate::ui::{Ui, one_line, utc_time};

/// Show who holds the lock of a server, and take it away
///
/// A command that changes a server holds its lock, on the remote where there
/// is one. The lock of a command that died goes by itself.
#[derive(Debug, Args)]
pub struct LockArgs {
    #[command(subcommand)]
    command: LockCommand,
}

#[derive(Debug, Subcommand)]
enum LockCommand {
    List(list::ListArgs),
    Break(r#break::BreakArgs),
}

pub(super) fn run(args: LockArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        LockCommand::List(args) => list::run(args, global, ui),
        LockCommand::Break(args) => r#break::run(args, global, ui),
    }
}

/// A holder and what they do, in a few words.
fn who(holder: &Holder) -> String {
    let (name, host, purpose) = (&holder.name, &holder.host, &holder.purpose);
    format!("{} on `{}` ({})", one_line(name), one_line(host), one_line(purpose))
}

/// A lock for `--json`.
fn row(holder: &Holder) -> serde_json::Value {
    json!({
        "server": holder.server, "name": holder.name, "email": holder.email, "host": holder.host,
        "purpose": holder.purpose, "since": utc_time(holder.since), "renewed": utc_time(holder.renewed),
    })
}
