//! `rollout list`: the rollouts of main, and how far they are.

use clap::Args;
use deploy_core::rollout::Tally;
use serde_json::json;

use super::super::list::{Filter, finish};
use super::super::open;
use super::{survey, words};
use crate::cli::Global;
use crate::ui::{Table, Ui};
use crate::{CommandResult, Exit};

/// List the rollouts, and how far they are
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout list\n  opcon-deploy rollout list finance --json\n  opcon-deploy rollout list --fetch      as the remote has them now"
)]
pub(super) struct ListArgs {
    /// Part of the id, or a pattern
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

pub(super) fn run(args: ListArgs, global: &Global, ui: &Ui) -> CommandResult {
    let filter = Filter::new(args.filter.as_deref())?;
    let repository = open(global, ui)?;
    let (survey, outlook) = survey(&repository, global, ui)?;
    let heads = ["ID", "STATE", "DONE", "FAILED", "PRIORITY", "WHAT", "TO", "WINDOW", "NAME"];
    let mut table = Table::new(heads).right(2).right(3).right(4);
    let mut list = Vec::new();
    for (one, stands) in survey.rollouts.iter().zip(&outlook.stands) {
        if !filter.takes(&one.rollout.id) {
            continue;
        }
        let (rollout, tally) = (&one.rollout, Tally::of(stands));
        let state = if one.problem.is_some() { "stopped" } else { tally.word() };
        let file = &rollout.file;
        table.row([
            rollout.id.as_str(),
            state,
            &words::done(&tally),
            &if tally.failed > 0 { tally.failed.to_string() } else { String::new() },
            &file.priority.to_string(),
            &ui.short(&words::carried(rollout), 50),
            &ui.short(&file.to.join(", "), 40),
            &words::window(&rollout.timing),
            &file.name,
        ]);
        list.push(json!({
            "id": rollout.id, "name": file.name, "description": file.description, "state": state,
            "what": file.what, "uninstall": file.uninstall, "to": file.to, "priority": file.priority,
            "start": rollout.timing.start, "end": rollout.timing.end, "timezone": file.timezone,
            "begun": one.kept.begun.as_ref().map(|begun| begun.time),
            "over": one.kept.over.as_ref().map(|over| over.time), "problem": one.problem,
            "jobs": {
                "all": tally.jobs, "waiting": tally.waiting, "ready": tally.ready, "running": tally.running,
                "succeeded": tally.good, "failed": tally.failed, "expired": tally.expired,
                "cancelled": tally.cancelled,
            },
        }));
    }
    finish("rollouts", &list, &table, ui)?;
    for (id, error) in survey.broken.iter().filter(|(id, _)| filter.takes(id)) {
        ui.warning(format!("rollout `{id}`: {error}"));
    }
    for one in survey.rollouts.iter().filter(|one| filter.takes(&one.rollout.id)) {
        if let Some(problem) = &one.problem {
            ui.warning(format!("nothing of rollout `{}` is begun: {problem}", one.rollout.id));
        }
    }
    Ok(Exit::Done)
}
