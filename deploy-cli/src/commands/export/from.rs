//! `export --from SERVER`: what stands on a system now.

use std::sync::Arc;

use deploy_core::definition::Definition;
use deploy_core::opcon::OpConSystem;
use deploy_core::repository::Repository;
use deploy_core::repository::import::{
    Arrived, FetchOptions, ImportOptions, Progress, Source, fetch, import,
};

use super::super::import::server::prepare;
use super::super::import::{follow, show};
use super::{ExportArgs, Exported, write_all};
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::{Target, runtime};
use crate::ui::{Ui, one_line};
use crate::{CommandResult, Exit};

pub(super) fn run(
    repository: &Repository,
    server: &str,
    args: &ExportArgs,
    global: &Global,
    ui: &Ui,
) -> CommandResult {
    let target = Target::to_import_from(repository, server, ui)?;
    let runtime = runtime()?;
    let prepared = runtime.block_on(prepare(&target, &args.names))?;
    let trailers = prepared.trailers();
    let progress = Arc::new(Progress::default());
    let arrived = follow(repository, &progress, ui, |_| {
        let how = FetchOptions { concurrency: target.concurrency, sub_schedules: args.sub_schedules };
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let system: Arc<dyn OpConSystem> = target.system.clone();
        let fetching = fetch(system, target.name(), prepared.wanted, how, &progress, sender);
        let mut arrived: Vec<Arrived> = Vec::new();
        runtime.block_on(async {
            tokio::join!(fetching, async {
                while let Some(one) = receiver.recv().await {
                    progress.done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    arrived.push(one);
                }
            });
            target.sign_off().await;
        });
        arrived.sort_by_key(|one| one.order);
        Ok(arrived)
    })?;
    if progress.cancelled.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(CommandError::interrupted("stopped; nothing was written"));
    }
    let all = complete(arrived, ui)?;
    if args.store {
        let exit = store(repository, &target, &all, trailers, args, &progress, ui)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    write_all(all, &args.output, global, ui)
}

/// All of them, or the reasons why a file would be incomplete.
fn complete(arrived: Vec<Arrived>, ui: &Ui) -> Result<Vec<Exported>, CommandError> {
    let (mut all, mut failed) = (Vec::new(), 0);
    for Arrived { label, definition, .. } in arrived {
        match definition {
            Ok(definition) => {
                all.push(Exported { name: label.clone(), label, newest: 0, definition });
            }
            Err(error) => {
                failed += 1;
                ui.error(&format!("{}: {error}", one_line(&label)));
            }
        }
    }
    match failed {
        0 => Ok(all),
        _ => Err(CommandError::failed("nothing was written: it would not be complete")),
    }
}

/// Stores what was fetched, just these bytes, as versions.
fn store(
    repository: &Repository,
    target: &Target,
    all: &[Exported],
    trailers: Vec<(String, String)>,
    args: &ExportArgs,
    progress: &Arc<Progress>,
    ui: &Ui,
) -> CommandResult {
    let bytes = |definition: &Definition| definition.to_bytes();
    let sources: Vec<Source> = all
        .iter()
        .map(|one| Source::Bytes { label: one.label.clone(), bytes: bytes(&one.definition) })
        .collect();
    let options = ImportOptions {
        app: None,
        destination: args.commit.destination("export"),
        message: args.commit.message.clone(),
        trailers,
        push: args.commit.push,
    };
    ui.detail(format!("Storing what came from `{}`", target.name()));
    let waiting = || ui.waiting();
    let imported = import(repository, &sources, &options, progress, &waiting)?;
    // The one object of `--json` is that of the files.
    if ui.is_json() { Ok(Exit::Done) } else { show(&imported, ui) }
}
