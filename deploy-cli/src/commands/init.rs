//! `init`: lay out a central repository, or wire a clone.

use std::path::PathBuf;

use clap::Args;
use deploy_core::repository::init::init;

use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Make a central repository, or prepare a clone of one
///
/// In an existing git repository it adds what is missing and overwrites
/// nothing. In a clone of a central repository it tells git how to compare and
/// merge definitions.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy init central      a new repository in ./central\n  opcon-deploy init              in a fresh clone: wire `git diff` and `git merge`"
)]
pub struct InitArgs {
    /// The folder; the current one if absent
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(super) fn run(args: InitArgs, global: &Global, ui: &Ui) -> CommandResult {
    let dir = args.folder.map_or_else(|| global.dir.clone(), |dir| global.at(dir));
    let program = std::env::current_exe()
        .map_err(|error| CommandError::failed(format!("cannot tell where this program lies: {error}")))?;
    let done = init(&dir, &program.to_string_lossy())?;
    if ui.is_json() {
        let value = serde_json::json!({
            "root": done.root, "existed": done.existed, "added": done.added, "kept": done.kept,
            "commit": done.committed.as_ref().map(|committed| committed.commit.to_string()),
        });
        ui.json("repository", &value)?;
        return Ok(Exit::Done);
    }
    let root = done.root.display().to_string();
    let root = root.strip_suffix(['/', '\\']).unwrap_or(&root);
    match &done.committed {
        Some(committed) => {
            ui.line(format!(
                "Laid out the central repository `{root}`: {} on `{}`",
                count(done.added.len(), "file"),
                committed.branch
            ));
            for path in done.kept.iter().filter(|path| !path.ends_with(".gitkeep")) {
                ui.line(format!("  kept `{path}` as it is"));
            }
        }
        None => ui.line(format!("`{root}` is a central repository already")),
    }
    ui.line("Wired git's diff and merge of definitions into this clone");
    if done.committed.is_some() {
        ui.hint("`opcon-deploy import --file EXPORT.json` makes a first version");
    }
    Ok(Exit::Done)
}
