//! `changed`: what a pipeline has to try, or to deploy.

use clap::Args;
use deploy_core::repository::changed::{ChangedError, changed};

use super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, one_line};
use crate::{CommandResult, Exit};

/// List what HEAD changed since a commit, as it is deployed
///
/// One on each line, ready for `--list`: packages (`package:NAME`), and
/// schedules that no package holds. What was deleted is not among them. The
/// commit may be a branch: counted from where HEAD went apart from it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy changed origin/main > changed.txt    what a pull request brings\n  opcon-deploy changed \"$BEFORE\" --json              what a push brought"
)]
pub struct ChangedArgs {
    /// A branch, tag or commit; a commit of zeros stands for nothing at all
    #[arg(value_name = "SINCE")]
    since: String,
}

pub(super) fn run(args: ChangedArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let found = changed(&repository, &args.since).map_err(told)?;
    if ui.is_json() {
        ui.json("changed", &found)?;
        return Ok(Exit::Done);
    }
    found.iter().for_each(|what| ui.line(one_line(what)));
    if found.is_empty() {
        ui.note(format!("nothing to deploy changed since `{}`", one_line(&args.since)));
    }
    Ok(Exit::Done)
}

fn told(error: ChangedError) -> CommandError {
    let failed = CommandError::failed(error.to_string());
    match error {
        ChangedError::NoCommit { .. } | ChangedError::Unrelated { .. } => {
            failed.hint("`git fetch --unshallow` brings the whole history, `git fetch origin` its branches")
        }
        _ => failed,
    }
}
