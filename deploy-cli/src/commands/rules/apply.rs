//! `rules apply`: the transformed definition.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use clap::Args;
use deploy_core::definition::Definition;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::import::{Source, find_sources};
use deploy_core::repository::rule_files::{BatchFile, RuleFiles, apply_files};
use serde_json::json;

use super::super::diff::{Side, show};
use super::super::{export, history, open};
use super::told::Places;
use super::tried::{Tried, warn};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Write the definition as rules make it
///
/// From stored versions, a package or files, without any server. A folder gives
/// each of its `*.json` files by itself, on all cores, into the folder behind `-o`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules apply Payroll --to QA -o payroll-qa.json\n  opcon-deploy rules apply Payroll --rule machines --diff\n  opcon-deploy rules apply exports/ --to QA -o transformed/"
)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    tried: Tried,
    /// The file to write, or the folder for the files of a folder; standard output if absent
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Show what changes instead of the definition
    #[arg(long, conflicts_with = "output")]
    diff: bool,
}

pub(super) fn run(mut args: ApplyArgs, global: &Global, ui: &Ui) -> CommandResult {
    args.tried.check(global)?;
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    match args.tried.what.as_slice() {
        [one] if global.at(one).is_dir() => folder(&global.at(one), &args, &repository, &history, global, ui),
        _ => joined(args, &repository, &history, global, ui),
    }
}

fn joined(
    args: ApplyArgs,
    repository: &Repository,
    history: &History,
    global: &Global,
    ui: &Ui,
) -> CommandResult {
    let rules = RuleFiles::of_work_tree(repository, Some(history))?;
    let subject = args.tried.subject(repository, history, global, ui)?;
    let prepared = args.tried.prepare(&rules, subject.package, global, ui)?;
    let before: Option<Definition> = args.diff.then(|| subject.definition.clone());
    let done = prepared
        .rules
        .apply(subject.definition, &prepared.context)
        .map_err(|error| Places::of(&prepared.files).run(&error))?;
    warn(&done.warnings, ui);
    let label = subject.labels.join(", ");
    if let Some(before) = before {
        let to = args.tried.to.as_deref().unwrap_or("after the rules").to_owned();
        let sides = (Side { label, definition: before }, Side { label: to, definition: done.definition });
        show(&sides.0, &sides.1, false, ui)?;
        return Ok(Exit::Done);
    }
    let bytes = done.definition.to_bytes();
    match args.output.filter(|path| path.as_os_str() != "-") {
        None => ui.bytes(&bytes),
        Some(output) => {
            let path = global.at(&output);
            export::write(&path, &bytes)?;
            if ui.is_json() {
                ui.json("files", &[json!({ "path": path, "schedules": subject.labels })])?;
            } else {
                let changes = count(done.trace.hits().count(), "value");
                ui.line(format!("Wrote {} to `{}`: {changes} changed", one_line(&label), output.display()));
            }
        }
    }
    Ok(Exit::Done)
}

fn folder(
    from: &Path,
    args: &ApplyArgs,
    repository: &Repository,
    history: &History,
    global: &Global,
    ui: &Ui,
) -> CommandResult {
    let Some(output) = args.output.as_ref().filter(|path| path.as_os_str() != "-") else {
        return Err(CommandError::usage("a folder needs `-o FOLDER` for the files it gives"));
    };
    let to = global.at(output);
    std::fs::create_dir_all(&to).map_err(|error| CommandError::io("create", &to, &error))?;
    let inside = |a: &Path, b: &Path| Some(a.canonicalize().ok()?.starts_with(b.canonicalize().ok()?));
    if inside(&to, from) == Some(true) || inside(from, &to) == Some(true) {
        let message = format!("`{}` and `{}` lie one in the other", from.display(), output.display());
        return Err(CommandError::refused(message).hint("write to a folder elsewhere"));
    }
    let rules = RuleFiles::of_work_tree(repository, Some(history))?;
    let prepared = args.tried.prepare(&rules, None, global, ui)?;
    let files = files(from, &to)?;
    let done = AtomicUsize::new(0);
    let report =
        ui.progress(files.len(), "Transforming").follow(&done, || apply_files(&prepared, &files, &done));
    for (warning, number) in &report.warnings {
        let text = format!("{} ({})", warning.text, count(*number, "file"));
        warn(&[deploy_core::rules::Warning { text, ..warning.clone() }], ui);
    }
    for (file, reason) in &report.failed {
        ui.error(&format!("`{}`: {reason}", file.display()));
    }
    if ui.is_json() {
        let failed: Vec<_> =
            report.failed.iter().map(|(path, error)| json!({ "path": path, "error": error })).collect();
        let summary = json!({
            "folder": to, "written": report.written, "changes": report.changes, "failed": failed,
        });
        ui.json("files", &summary)?;
    } else {
        let (written, changes) = (count(report.written, "file"), count(report.changes, "value"));
        ui.line(format!("Wrote {written} to `{}`: {changes} changed", output.display()));
    }
    Ok(if report.failed.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Each file of a folder with the place of the same name below another.
fn files(from: &Path, to: &Path) -> Result<Vec<BatchFile>, CommandError> {
    let mut files = Vec::new();
    let mut made = None;
    for source in find_sources(&[from.to_path_buf()])? {
        let Source::File(path) = source else { continue };
        let target = to.join(path.strip_prefix(from).unwrap_or(&path));
        let folder = target.parent().map(Path::to_path_buf);
        if let Some(folder) = folder.as_ref().filter(|folder| made.as_ref() != Some(*folder)) {
            std::fs::create_dir_all(folder).map_err(|error| CommandError::io("create", folder, &error))?;
        }
        made = folder;
        files.push(BatchFile { from: path, to: target });
    }
    Ok(files)
}
