//! `diff-driver`: what `git diff` and `git log -p` call to make a definition readable.

use std::path::PathBuf;

use clap::Args;
use deploy_core::definition::{Definition, to_lines};

use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::{CommandResult, Exit};

/// Print a definition as lines that compare well (called by git)
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  git config diff.opcon-deploy.textconv 'opcon-deploy diff-driver'\n      what `opcon-deploy init` does; `git diff` then calls it\n  opcon-deploy diff-driver schedules/Payroll.json"
)]
pub struct DiffDriverArgs {
    /// The file
    file: PathBuf,
}

pub(super) fn run(args: DiffDriverArgs, global: &Global, ui: &Ui) -> CommandResult {
    let path = global.at(&args.file);
    let bytes = std::fs::read(&path).map_err(|error| CommandError::io("read", &path, &error))?;
    match Definition::read(&bytes) {
        Ok(definition) if ui.is_json() => {
            ui.json("lines", &to_lines(&definition).lines().collect::<Vec<_>>())?
        }
        Ok(definition) => ui.print(&to_lines(&definition)),
        // With conflict markers in it, or broken: the text itself is what there is to see.
        Err(_) => ui.bytes(&bytes),
    }
    Ok(Exit::Done)
}
