//! `rollout purge`: rollouts that are over leave the list.

use clap::Args;
use deploy_core::repository::package::CommitOptions;
use deploy_core::repository::records::{Reach, Records};
use deploy_core::rollout::{Purged, purge, purgeable};
use serde_json::json;

use super::super::changing::now;
use super::super::{commit_words, open};
use super::fetch;
use crate::cli::{CommitArgs, Global};
use crate::system::block_on;
use crate::ui::{Table, Ui, count, local_time};
use crate::{CommandResult, Exit};

/// Take rollouts out of the list that are over for long enough
///
/// Their files go from main in one commit; history keeps them. `[rollouts]
/// purge_succeeded` (30d) and `purge_failed` (90d) in deploy.toml say how long
/// they stay. What the records keep of them goes when main is without the files.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout purge --dry-run\n  opcon-deploy rollout purge --push"
)]
pub(super) struct PurgeArgs {
    /// Only show what would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: PurgeArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let reach = Reach::of(&repository, false);
    fetch(&repository, reach)?;
    let settings = repository.settings_of_main()?.rollouts;
    let rollouts = purgeable(&repository, &Records::open(&repository)?, &settings, now())?;
    let mut committed = None;
    let rollouts = match rollouts.is_empty() || args.dry_run {
        true => rollouts,
        false => {
            let options = CommitOptions {
                destination: args.commit.destination("purge"),
                message: args.commit.message,
                push: args.commit.push,
            };
            let waiting = || ui.waiting();
            let report = block_on(purge(&repository, reach, rollouts, &options, &waiting))??;
            committed = report.committed;
            report.rollouts
        }
    };
    if ui.is_json() {
        let list: Vec<_> = rollouts
            .iter()
            .map(|one| json!({ "id": one.id, "over": one.over, "succeeded": one.good, "gone": one.is_gone }))
            .collect();
        ui.json("rollouts", &list)?;
        return Ok(Exit::Done);
    }
    if rollouts.is_empty() {
        ui.note("No rollout is over for long enough");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["ID", "OVER SINCE", "HOW"]);
    for Purged { id, over, good, .. } in &rollouts {
        table.row([
            id.as_str(),
            &local_time(over.timestamp()),
            if *good { "succeeded" } else { "not all succeeded" },
        ]);
    }
    ui.print(&table.to_string());
    if let Some(committed) = &committed {
        ui.note(format!("Commit {}", commit_words(committed)));
    }
    let left = rollouts.iter().filter(|one| !one.is_gone).count();
    if left > 0 && !args.dry_run {
        ui.note(format!(
            "The records of {} go with the next purge, when main is without the files everywhere",
            count(left, "rollout")
        ));
    }
    Ok(Exit::Done)
}
