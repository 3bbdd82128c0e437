//! `rollout check`: whether rollouts can work.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::check::check_rollouts;
use deploy_core::rollout::path;

use super::super::check::show_findings;
use super::super::completions::rollouts;
use super::super::open;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Check rollouts and environments, as the work tree has them
///
/// Times, frames, servers, groups, versions, and whether two rollouts get in each
/// other's way. `opcon-deploy check` looks at them too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout check\n  opcon-deploy rollout check finance-14 --json"
)]
pub(super) struct CheckArgs {
    /// Only these
    #[arg(value_name = "ID", add = ArgValueCandidates::new(rollouts))]
    ids: Vec<String>,
}

pub(super) fn run(args: CheckArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let mut report = check_rollouts(&repository)?;
    if !args.ids.is_empty() {
        let paths: Vec<String> = args.ids.iter().map(|id| path(id)).collect();
        if let Some(missing) = paths.iter().find(|path| !repository.root().join(path).is_file()) {
            return Err(CommandError::failed(format!("`{missing}` is not in the work tree"))
                .hint("`opcon-deploy rollout list` shows what there is"));
        }
        report.rollouts = paths.len();
        report.findings.retain(|finding| finding.path.as_ref().is_some_and(|path| paths.contains(path)));
    }
    let exit = if report.is_clean() { Exit::Done } else { Exit::Findings };
    if ui.is_json() {
        ui.json("findings", &report.findings)?;
        return Ok(exit);
    }
    show_findings(&report, ui);
    ui.note(format!("Checked {}: {}", count(report.rollouts, "rollout"), report.in_words()));
    Ok(exit)
}
