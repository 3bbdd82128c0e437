//! `merge-driver`: what `git merge` calls for a definition.

use std::path::{Path, PathBuf};

use clap::Args;
use deploy_core::definition::{Definition, merge};

use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::{CommandResult, Exit};

/// Merge two changes of a definition by job and key (called by git)
///
/// Writes the result into OURS. Conflicts are told in words, marked in the
/// file as git marks them, and end with exit code 1, as git expects.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  git config merge.opcon-deploy.driver 'opcon-deploy merge-driver %O %A %B --path %P'\n      what `opcon-deploy init` does; `git merge` then calls it\n  opcon-deploy merge-driver base.json ours.json theirs.json"
)]
pub struct MergeDriverArgs {
    /// The common ancestor
    base: PathBuf,
    /// Our version; receives the result
    ours: PathBuf,
    /// Their version
    theirs: PathBuf,
    /// The path of the file in the repository, for messages
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
}

pub(super) fn run(args: MergeDriverArgs, global: &Global, ui: &Ui) -> CommandResult {
    let shown = args.path.clone().unwrap_or_else(|| args.ours.display().to_string());
    let base = read(&global.at(&args.base), &shown, "the common ancestor")?;
    let ours_path = global.at(&args.ours);
    let (Some(ours), Some(theirs)) =
        (read(&ours_path, &shown, "ours")?, read(&global.at(&args.theirs), &shown, "theirs")?)
    else {
        return Err(CommandError::failed(format!("`{shown}`: one side of the merge is empty")));
    };
    let merged = merge(base.as_ref(), &ours, &theirs);
    std::fs::write(&ours_path, merged.to_bytes())
        .map_err(|error| CommandError::io("write", &ours_path, &error))?;
    if ui.is_json() {
        ui.json("conflicts", &merged.conflicts)?;
    } else {
        for conflict in &merged.conflicts {
            ui.error(&format!("conflict in `{shown}`: {conflict}"));
        }
    }
    if merged.conflicts.is_empty() {
        return Ok(Exit::Done);
    }
    ui.hint(format!(
        "choose between the marked lines, then `opcon-deploy fmt \"{shown}\" && git add \"{shown}\"`"
    ));
    Ok(Exit::Failed)
}

/// A side of the merge; git gives an empty file where there is no common ancestor.
fn read(path: &Path, shown: &str, side: &str) -> Result<Option<Definition>, CommandError> {
    let bytes = std::fs::read(path).map_err(|error| CommandError::io("read", path, &error))?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let definition = Definition::read(&bytes);
    definition.map(Some).map_err(|error| CommandError::failed(format!("`{shown}` ({side}): {error}")))
}
