//! `import SERVER PATTERN…`: from an OpCon system.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use deploy_core::opcon::{OpConError, OpConSystem};
use deploy_core::repository::Repository;
use deploy_core::repository::import::{
    Arrived, FetchError, FetchOptions, ImportOptions, Imported, ItemError, Outcome, Progress, Wanted, fetch,
    import_arriving, select,
};
use tokio::runtime::Runtime;

use super::{ImportArgs, follow, options, pack, show, worse};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{Target, runtime};
use crate::ui::Ui;
use crate::{CommandResult, Exit};

/// How many definitions may wait to be stored.
const WAITING: usize = 16;

/// What a system says of itself, and what is to be fetched from it.
pub(in super::super) struct Prepared {
    pub(in super::super) wanted: Vec<Wanted>,
    trailers: Vec<(String, String)>,
}

pub(super) fn run(
    repository: &Repository,
    server: &str,
    args: &ImportArgs,
    global: &Global,
    ui: &Ui,
) -> CommandResult {
    let patterns = args.list.and(args.patterns.clone(), global)?;
    let target = Target::to_import_from(repository, server, ui)?;
    let package = args.package.as_deref();
    let options = |trailers| options(args, trailers);
    bring_all(repository, &target, &patterns, args.sub_schedules, package, options, ui).map(|(_, exit)| exit)
}

/// Imports from a server, with all that belongs to it; what came of it.
pub(super) fn bring_all(
    repository: &Repository,
    target: &Target,
    patterns: &[String],
    sub_schedules: bool,
    package: Option<&str>,
    options: impl FnOnce(Vec<(String, String)>) -> ImportOptions,
    ui: &Ui,
) -> Result<(Imported, Exit), CommandError> {
    let runtime = runtime()?;
    let Prepared { wanted, trailers } = runtime.block_on(prepare(target, patterns))?;
    let options = options(trailers);
    let brought = bring(repository, target, &runtime, wanted, sub_schedules, &options, ui);
    let imported = brought.inspect_err(|_| {
        runtime.block_on(target.sign_off());
    })?;
    let exit = show(&imported, ui)?;
    say_what_was_lost(&imported, target, ui);
    let packed = pack(repository, &imported, package, &options, ui);
    let deleted =
        runtime.block_on(super::clean::delete_imported(repository, target, &imported, &options, ui));
    runtime.block_on(target.sign_off());
    Ok((imported, worse(worse(exit, packed?), deleted?)))
}

/// Fetches definitions and stores them while they come.
pub(in super::super) fn bring(
    repository: &Repository,
    target: &Target,
    runtime: &Runtime,
    wanted: Vec<Wanted>,
    sub_schedules: bool,
    options: &ImportOptions,
    ui: &Ui,
) -> Result<Imported, CommandError> {
    let progress = Arc::new(Progress::default());
    let expected = wanted.len();
    progress.total.store(expected, Ordering::Relaxed);
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Arrived>(WAITING);
    let fetching = {
        let how = FetchOptions { concurrency: target.concurrency, sub_schedules };
        let system: Arc<dyn OpConSystem> = target.system.clone();
        let (name, progress) = (target.name().to_owned(), Arc::clone(&progress));
        runtime.spawn(async move { fetch(system, &name, wanted, how, &progress, sender).await })
    };
    let waiting = super::waiting(&progress, ui);
    let imported = follow(repository, &progress, ui, |repository| {
        let mut arriving = std::iter::from_fn(|| receiver.blocking_recv());
        Ok(import_arriving(repository, &mut arriving, expected, options, &progress, &waiting)?)
    });
    fetching.abort();
    imported
}

/// Asks what is needed before anything is fetched: licence, who and what it is, which schedules.
pub(in super::super) async fn prepare(target: &Target, patterns: &[String]) -> Result<Prepared, OpConError> {
    let prepared = ask(target, patterns).await;
    if prepared.is_err() {
        target.sign_off().await;
    }
    prepared
}

async fn ask(target: &Target, patterns: &[String]) -> Result<Prepared, OpConError> {
    let system = &target.system;
    system.sign_on().await?;
    let ((), version, user, wanted) = tokio::try_join!(
        system.require_licence(),
        system.version(),
        system.user(),
        select(&**system, target.name(), patterns),
    )?;
    let mut trailers = vec![("Source-Server".to_owned(), target.name().to_owned())];
    trailers.push(("OpCon-Version".to_owned(), version.opcon));
    trailers.extend(user.map(|user| ("OpCon-User".to_owned(), user)));
    for (_, value) in &mut trailers {
        // A trailer is one line, whatever the system says.
        *value = value.escape_debug().to_string();
    }
    Ok(Prepared { wanted, trailers })
}

impl Prepared {
    pub(in super::super) fn trailers(&self) -> Vec<(String, String)> {
        self.trailers.clone()
    }
}

/// What helps with those that did not come, each hint once.
pub(in super::super) fn say_what_was_lost(imported: &Imported, target: &Target, ui: &Ui) {
    let errors = imported.items.iter().filter_map(|item| match &item.outcome {
        Outcome::Failed(ItemError::Fetch(error)) => Some(error),
        _ => None,
    });
    let mut hints: Vec<String> = Vec::new();
    let mut not_tried = 0;
    for error in errors {
        match error {
            FetchError::NotTried { .. } => not_tried += 1,
            FetchError::System(error) => hints.extend(error.hint().filter(|hint| !hints.contains(hint))),
            _ => {}
        }
    }
    if not_tried > 0 {
        let kept = if imported.committed.is_some() {
            "what had arrived is committed"
        } else {
            "nothing new had arrived"
        };
        ui.warning(format!("the connection to `{}` was lost: {kept}", target.name()));
        ui.hint("run the command again: what is stored already makes no new version");
    }
    hints.iter().for_each(|hint| ui.hint(hint));
}

/// The exit code where only part of what was asked for came.
pub(in super::super) fn exit_of(all_came: bool) -> Exit {
    if all_came { Exit::Done } else { Exit::Failed }
}
