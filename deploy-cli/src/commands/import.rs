//! `import`: definitions become new versions.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use deploy_core::repository::change::Push;
use deploy_core::repository::import::{
    ImportOptions, Imported, Outcome, Progress, Source, find_sources, import,
};
use serde_json::json;

use super::open;
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit, interrupt};

/// Store definitions as new versions
///
/// One commit for the request. A definition that equals its stored version
/// makes no new one; one that cannot be read does not stop the others.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy import --file export.json\n  opcon-deploy import --file exports/ --app Finance\n  opcon-deploy import --file 'exports/FIN_*.json' -m 'Quarter-end fixes' --branch=quarter-end\n  curl … | opcon-deploy import --file -"
)]
pub struct ImportArgs {
    /// Files, folders, patterns; `-` reads standard input
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    file: Vec<PathBuf>,
    /// Put new schedules into this folder under schedules/
    #[arg(long, value_name = "FOLDER")]
    app: Option<String>,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: ImportArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let sources = sources(&args.file, global)?;
    let options = ImportOptions {
        app: args.app,
        destination: args.commit.destination("import"),
        message: args.commit.message,
        trailers: Vec::new(),
        push: args.commit.push,
    };
    let progress = Arc::new(Progress::default());
    interrupt::stop_on_ctrl_c(&progress);
    let bar = ui.progress(sources.len(), "Importing");
    let waiting = || {
        progress.waiting.store(true, Ordering::Relaxed);
        ui.note("Waiting for another command in this clone to finish");
    };
    let root = repository.root().to_path_buf();
    let imported = std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            // A handle of its own: objects are read on that thread.
            let repository = deploy_core::repository::Repository::open(&root)?;
            Ok::<_, CommandError>(import(&repository, &sources, &options, &progress, &waiting)?)
        });
        while !work.is_finished() {
            bar.set(progress.done.load(Ordering::Relaxed));
            std::thread::park_timeout(Duration::from_millis(15));
        }
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let imported = imported.map_err(|mut error: CommandError| {
        // On a terminal Ctrl-C ends the git that is running, too.
        if progress.cancelled.load(Ordering::Relaxed) {
            error.code = Exit::Interrupted;
        }
        error
    })?;
    drop(bar);
    show(&imported, ui)
}

fn sources(paths: &[PathBuf], global: &Global) -> Result<Vec<Source>, CommandError> {
    let mut sources = Vec::new();
    let (stdin, mut files): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.iter().cloned().partition(|path| path.as_os_str() == "-");
    files.iter_mut().for_each(|path| *path = global.at(&*path));
    if !stdin.is_empty() {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|error| CommandError::failed(format!("cannot read standard input: {error}")))?;
        sources.push(Source::Bytes { label: "standard input".into(), bytes });
    }
    sources.extend(find_sources(&files)?);
    Ok(sources)
}

fn show(imported: &Imported, ui: &Ui) -> CommandResult {
    let failed = imported.items.iter().filter(|item| matches!(item.outcome, Outcome::Failed(_))).count();
    let exit = if failed > 0 { Exit::Failed } else { Exit::Done };
    if let Some(recovered) = &imported.recovered {
        ui.note(format!(
            "Brought the work tree to the commit {} on `{}`, which an earlier command had left to do",
            &recovered.commit.to_string()[..8],
            recovered.branch
        ));
    }
    if imported.rewritten {
        ui.warning(
            "the history of main was rewritten since this clone last looked: versions are counted anew",
        );
    }
    if ui.is_json() {
        ui.json("schedules", &imported.items.iter().map(|item| as_json(item, imported)).collect::<Vec<_>>())?;
        return Ok(exit);
    }
    let width = imported.items.iter().map(|item| item.name.chars().count()).max().unwrap_or(0).min(40);
    for item in &imported.items {
        let text = match &item.outcome {
            Outcome::Imported { number, what, stays_in } => {
                let version = match imported.on_main {
                    true => format!("version {number}"),
                    false => format!("will be version {number} when merged"),
                };
                let stays = stays_in.as_ref().map(|app| match app.as_str() {
                    "" => "; stays directly under schedules/".to_owned(),
                    app => format!("; stays in `{app}`"),
                });
                format!("{}  {}{}", styled(style::ADDED, version), one_line(what), stays.unwrap_or_default())
            }
            Outcome::Equal { number: Some(number) } => styled(style::DIM, format!("equals version {number}")),
            Outcome::Equal { number: None } => styled(style::DIM, "equals what is stored on the branch"),
            Outcome::Failed(error) => {
                let from =
                    if item.source == item.name { String::new() } else { format!(" (`{}`)", item.source) };
                let error = one_line(&error.to_string());
                format!("{} {error}{from}", styled(style::REMOVED, "not imported:"))
            }
        };
        let name = one_line(&item.name);
        ui.line(format!("{name:width$}  {text}"));
    }
    summary(imported, failed, ui);
    Ok(exit)
}

fn summary(imported: &Imported, failed: usize, ui: &Ui) {
    let new = imported.items.iter().filter(|item| matches!(item.outcome, Outcome::Imported { .. })).count();
    let equal = imported.items.len() - new - failed;
    let mut parts = vec![format!("{new} imported")];
    if equal > 0 {
        parts.push(format!("{equal} unchanged"));
    }
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    let text = format!("{}: {}", count(imported.items.len(), "schedule"), parts.join(", "));
    match &imported.committed {
        Some(committed) => {
            let pushed = match committed.push {
                Push::Done => ", pushed",
                Push::NoRemote => ", not pushed: the clone has no such remote",
                Push::NotAsked => "",
            };
            ui.note(format!(
                "{text}; commit {} on `{}`{pushed}",
                &committed.commit.to_string()[..8],
                committed.branch
            ));
        }
        None => ui.note(format!("{text}; nothing to commit")),
    }
}

fn as_json(item: &deploy_core::repository::import::Item, imported: &Imported) -> serde_json::Value {
    let mut value = json!({ "name": item.name, "source": item.source });
    let (outcome, more) = match &item.outcome {
        Outcome::Imported { number, what, .. } => (
            "imported",
            json!({
                "version": number, "onMain": imported.on_main, "what": what,
                "commit": imported.committed.as_ref().map(|committed| committed.commit.to_string()),
                "branch": imported.committed.as_ref().map(|committed| committed.branch.clone()),
            }),
        ),
        Outcome::Equal { number } => ("equal", json!({ "version": number })),
        Outcome::Failed(error) => ("failed", json!({ "error": error.to_string() })),
    };
    value["outcome"] = outcome.into();
    if let (Some(value), serde_json::Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}
