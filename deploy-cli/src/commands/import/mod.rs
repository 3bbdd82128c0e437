//! `import`: definitions become new versions.

mod at;
mod clean;
mod report;
pub(super) mod server;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::batch;
use deploy_core::repository::Repository;
use deploy_core::repository::import::{
    ImportOptions, Imported, Outcome, Progress, Source, find_sources, import,
};

use super::open;
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::names::ListArg;
use crate::ui::Ui;
use crate::{CommandResult, Exit, interrupt};
pub(super) use report::{show, tell};

/// Store definitions as new versions
///
/// From an OpCon system, by name or pattern (`*`, `?`), or from files. One
/// commit for the request. A definition that equals its stored version makes
/// no new one; one that cannot be read does not stop the others.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy import DEV 'FIN_*' Payroll\n  opcon-deploy import DEV 'Month End' --sub-schedules --package FINANCE --push\n  opcon-deploy import DEV --list schedules.txt --branch=quarter-end\n  opcon-deploy import --file export.json\n  opcon-deploy import --file exports/ --app Finance\n  opcon-deploy import --file 'exports/FIN_*.json' -m 'Quarter-end fixes' --branch=quarter-end\n  curl … | opcon-deploy import --file -"
)]
pub struct ImportArgs {
    /// The OpCon system to import from
    #[arg(value_name = "SERVER", required_unless_present_any = ["file", "template", "record"], conflicts_with_all = ["file", "template"], add = ArgValueCandidates::new(super::completions::servers))]
    server: Option<String>,
    /// Schedules, or patterns for them
    #[arg(value_name = "PATTERN", required_unless_present_any = ["file", "list", "template", "record"])]
    patterns: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// Import the schedules that container jobs run, too
    #[arg(long, requires = "server")]
    sub_schedules: bool,
    /// Put what was imported into this package, new or there already
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(super::completions::packages))]
    package: Option<String>,
    /// Files, folders, patterns; `-` reads standard input
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "list")]
    file: Vec<PathBuf>,
    /// A schedule that comes with the program: BATCH_DEPLOY or DEPLOY_UTILITIES
    #[arg(long, value_name = "NAME", value_parser = ["BATCH_DEPLOY", "DEPLOY_UTILITIES"], conflicts_with_all = ["file", "list"])]
    template: Option<String>,
    /// Put new schedules into this folder under schedules/
    #[arg(long, value_name = "FOLDER")]
    app: Option<String>,
    /// Let OpCon start it then: `2026-12-01 18:30` by the batch server's clock, or with an offset
    #[arg(long, value_name = "TIME", requires = "server")]
    at: Option<String>,
    /// Carry out what this record waited for: the command line of the job that OpCon starts
    #[arg(long, value_name = "ID", conflicts_with_all = ["server", "patterns", "list", "file", "template", "at"])]
    record: Option<String>,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: ImportArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    match (&args.record, &args.server, &args.at) {
        (Some(id), _, _) => return at::take(&repository, id, ui),
        (None, Some(server), Some(at)) => return at::schedule(&repository, server, at, &args, global, ui),
        (None, Some(server), None) => return server::run(&repository, server, &args, global, ui),
        (None, None, _) => {}
    }
    let sources = match &args.template {
        Some(name) => vec![template(name)],
        None => sources(&args.file, global)?,
    };
    let options = options(&args, Vec::new());
    let (progress, total) = (Arc::new(Progress::default()), sources.len());
    progress.total.store(total, Ordering::Relaxed);
    let waiting = waiting(&progress, ui);
    let imported = follow(&repository, &progress, ui, |repository| {
        Ok(import(repository, &sources, &options, &progress, &waiting)?)
    })?;
    let exit = show(&imported, ui)?;
    let package = args.package.as_deref();
    pack(&repository, &imported, package, &options, ui).map(|packed| worse(exit, packed))
}

/// A schedule that comes with the program.
fn template(name: &str) -> Source {
    let text = if name == batch::SCHEDULE { batch::TEMPLATE } else { batch::UTILITIES };
    Source::Bytes { label: format!("the template {name}"), bytes: text.as_bytes().to_vec() }
}

/// What to do while another command holds the clone.
pub(super) fn waiting<'p>(progress: &'p Progress, ui: &'p Ui) -> impl Fn() + use<'p> {
    || {
        progress.waiting.store(true, Ordering::Relaxed);
        ui.waiting();
    }
}

fn options(args: &ImportArgs, trailers: Vec<(String, String)>) -> ImportOptions {
    ImportOptions {
        app: args.app.clone(),
        destination: args.commit.destination("import"),
        message: args.commit.message.clone(),
        trailers,
        push: args.commit.push,
    }
}

/// Does the work on a thread of its own, and shows how far it is.
pub(super) fn follow<T: Send>(
    repository: &Repository,
    progress: &Arc<Progress>,
    ui: &Ui,
    work: impl FnOnce(&Repository) -> Result<T, CommandError> + Send,
) -> Result<T, CommandError> {
    interrupt::stop_on_ctrl_c(progress);
    let bar = ui.progress(progress.total.load(Ordering::Relaxed), "Importing");
    let root = repository.root().to_path_buf();
    let done = std::thread::scope(|scope| {
        // A handle of its own: objects are read on that thread.
        let work = scope.spawn(|| work(&Repository::open(&root)?));
        while !work.is_finished() {
            bar.set_total(progress.total.load(Ordering::Relaxed));
            bar.set(progress.done.load(Ordering::Relaxed));
            std::thread::park_timeout(Duration::from_millis(15));
        }
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    done.map_err(|mut error: CommandError| {
        // On a terminal Ctrl-C ends the git that is running, too.
        if progress.cancelled.load(Ordering::Relaxed) {
            error.code = Exit::Interrupted;
        }
        error
    })
}

/// Puts what was imported, or is the same as what is stored, into a package.
fn pack(
    repository: &Repository,
    imported: &Imported,
    package: Option<&str>,
    options: &ImportOptions,
    ui: &Ui,
) -> CommandResult {
    let Some(package) = package else { return Ok(Exit::Done) };
    let taken = imported.items.iter().filter(|item| !matches!(item.outcome, Outcome::Failed(_)));
    let schedules: Vec<String> = taken.map(|item| item.name.clone()).collect();
    if schedules.is_empty() {
        ui.note(format!("Package `{package}` stays as it is: nothing was imported"));
        return Ok(Exit::Done);
    }
    super::package::put(repository, package, schedules, options, ui)
}

/// Of two exits the one that says more.
fn worse(a: Exit, b: Exit) -> Exit {
    if a == Exit::Done { b } else { a }
}

pub(super) fn sources(paths: &[PathBuf], global: &Global) -> Result<Vec<Source>, CommandError> {
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
