//! `deploy --file`: the definitions become versions first.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use deploy_core::repository::Repository;
use deploy_core::repository::change::Destination;
use deploy_core::repository::import::{ImportOptions, Outcome, Progress, import};

use super::super::import as importing;
use super::DeployArgs;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::Ui;

/// Stores the definitions on main, pushed where there is a remote; the names of the schedules.
pub(super) fn store(
    repository: &Repository,
    args: &DeployArgs,
    server: &str,
    global: &Global,
    ui: &Ui,
) -> Result<Vec<String>, CommandError> {
    if args.file.is_empty() {
        return Ok(Vec::new());
    }
    let sources = importing::sources(&args.file, global)?;
    let options = ImportOptions {
        app: None,
        destination: Destination::Branch(repository.settings().git.main.clone()),
        message: args.order.message().map(str::to_owned),
        trailers: Vec::new(),
        push: !args.change.is_offline(),
    };
    let progress = Arc::new(Progress::default());
    progress.total.store(sources.len(), Ordering::Relaxed);
    let waiting = importing::waiting(&progress, ui);
    let imported = import(repository, &sources, &options, &progress, &waiting)?;
    let failed = imported.items.iter().any(|item| matches!(item.outcome, Outcome::Failed(_)));
    // On standard output stands what was deployed.
    importing::tell(&imported, ui);
    if failed {
        let why = format!("not everything could be stored; nothing was deployed to `{server}`");
        return Err(CommandError::failed(why));
    }
    Ok(imported.items.into_iter().map(|item| item.name).collect())
}
