//! `fmt`: put hand-edited definitions into canonical form.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use clap::Args;
use deploy_core::repository::Repository;
use deploy_core::repository::format::{FormatError, Formatted, format_files};
use deploy_core::repository::import::{Source, find_sources};
use deploy_core::repository::layout::{Kind, SCHEDULES};
use serde_json::json;

use super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Put definitions into canonical form
///
/// In that form an edit is a few lines of difference. Nothing but form changes:
/// order of keys and of sets, blanks, line ends. A file that is not a
/// definition is left as it is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy fmt                        everything under schedules/\n  opcon-deploy fmt schedules/Payroll.json\n  opcon-deploy fmt --check                in a pipeline: exit code 3 where something differs"
)]
pub struct FmtArgs {
    /// Files, folders, patterns; everything under schedules/ if absent
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing; list the files that are not in canonical form
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: FmtArgs, global: &Global, ui: &Ui) -> CommandResult {
    let (root, files) = files(&args, global, ui)?;
    let done = AtomicUsize::new(0);
    let bar = ui.progress(files.len(), if args.check { "Checking" } else { "Formatting" });
    let results = bar.follow(&done, || format_files(&files, !args.check, &done));
    drop(bar);
    let label = |file: &Path| file.strip_prefix(&root).unwrap_or(file).display().to_string();
    let (mut changed, mut failed) = (0, 0);
    for result in &results {
        match result {
            Formatted::Differs | Formatted::Written => changed += 1,
            Formatted::Failed(_) => failed += 1,
            Formatted::Canonical => {}
        }
    }
    let exit = match (failed, args.check && changed > 0) {
        (0, false) => Exit::Done,
        (0, true) => Exit::Findings,
        _ => Exit::Failed,
    };
    if ui.is_json() {
        let rows: Vec<_> =
            files.iter().zip(&results).filter_map(|(file, result)| as_json(&label(file), result)).collect();
        ui.json("files", &rows)?;
        return Ok(exit);
    }
    for (file, result) in files.iter().zip(&results) {
        let file = one_line(&label(file));
        match result {
            Formatted::Canonical => {}
            Formatted::Differs => ui.line(&file),
            Formatted::Written => ui.line(format!("{file}  {}", styled(style::CHANGED, "formatted"))),
            Formatted::Failed(error) => ui.error(&failure(&file, error)),
        }
    }
    ui.note(summary(files.len(), changed, failed, args.check));
    Ok(exit)
}

/// `file:line:column: what is wrong`; the error itself may tell the place in its own words.
fn failure(file: &str, error: &FormatError) -> String {
    let text = error.to_string();
    match error.place() {
        Some((line, column)) => {
            let bare =
                text.split_once(": ").filter(|_| text.starts_with("line ")).map_or(&*text, |(_, bare)| bare);
            format!("{file}:{line}:{column}: {bare}")
        }
        None => format!("{file}: {text}"),
    }
}

/// The files, and the folder their names are shown from.
fn files(args: &FmtArgs, global: &Global, ui: &Ui) -> Result<(PathBuf, Vec<PathBuf>), CommandError> {
    if !args.paths.is_empty() {
        let given = args.paths.iter().map(|path| global.at(path));
        let files = find_sources(&given.collect::<Vec<_>>())?.into_iter().filter_map(|source| match source {
            Source::File(path) => Some(path),
            Source::Bytes { .. } => None,
        });
        return Ok((PathBuf::new(), files.collect()));
    }
    let repository = open(global, ui)?;
    if !repository.has_work_tree() {
        return Err(CommandError::usage("a bare repository has no files to format")
            .hint("run `opcon-deploy fmt` in a clone of it"));
    }
    Ok((repository.root().to_path_buf(), schedules(&repository)?))
}

fn schedules(repository: &Repository) -> Result<Vec<PathBuf>, CommandError> {
    let enter =
        |folder: &str| folder.strip_suffix('/').unwrap_or(folder).split('/').next() == Some(SCHEDULES);
    let all = deploy_core::repository::files::all(repository, &enter)?;
    let ours = all.into_iter().filter(|file| matches!(Kind::of(&file.path), Some((Kind::Schedule, _))));
    Ok(ours.map(|file| repository.root().join(file.path)).collect())
}

fn summary(all: usize, changed: usize, failed: usize, check: bool) -> String {
    let files = count(all, "definition");
    let mut parts = Vec::new();
    if changed > 0 {
        parts.push(format!("{changed} {}", if check { "not in canonical form" } else { "formatted" }));
    }
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    match parts.is_empty() {
        true => format!("{files}: all in canonical form"),
        false => format!("{files}: {}", parts.join(", ")),
    }
}

fn as_json(path: &str, result: &Formatted) -> Option<serde_json::Value> {
    Some(match result {
        Formatted::Canonical => return None,
        Formatted::Differs => json!({"path": path, "outcome": "differs"}),
        Formatted::Written => json!({"path": path, "outcome": "formatted"}),
        Formatted::Failed(error) => {
            let mut row = json!({"path": path, "outcome": "failed", "error": error.to_string()});
            if let Some((line, column)) = error.place() {
                row["line"] = line.into();
                row["column"] = column.into();
            }
            row
        }
    })
}
