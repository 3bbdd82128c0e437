//! `rollout cancel|retry`: what people do to a rollout that is under way.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::records::Reach;
use deploy_core::repository::users::identify;
use deploy_core::rollout::{Chosen, Deal, Dealer, Dealt};
use serde_json::json;

use super::super::changing::now;
use super::super::completions::{rollouts, servers};
use super::super::open;
use super::fetch;
use crate::cli::Global;
use crate::error::CommandError;
use crate::system::block_on;
use crate::ui::{Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Take jobs out that have not begun
///
/// A job that a runner has is not stopped. Of a rollout that has not begun only all
/// can be taken out.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout cancel finance-14 -m 'wrong package'\n  opcon-deploy rollout cancel finance-14 --server PROD-B"
)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Why
    #[arg(short, long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    message: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Have failed jobs done again
///
/// Those that were aborted for them too. The next `rollout run --due` does them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout retry finance-14\n  opcon-deploy rollout retry finance-14 --all --server PROD-B"
)]
pub(super) struct RetryArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Also those that expired or were cancelled
    #[arg(long)]
    all: bool,
}

/// Which jobs.
#[derive(Debug, Args)]
struct WhichArgs {
    /// The rollout
    #[arg(value_name = "ID", add = ArgValueCandidates::new(rollouts))]
    id: String,
    /// Only on this server; may be given several times
    #[arg(long = "server", value_name = "SERVER", add = ArgValueCandidates::new(servers))]
    servers: Vec<String>,
    /// Only this package, schedule or job; may be given several times
    #[arg(long = "what", value_name = "WHAT")]
    what: Vec<String>,
    /// Leave the remote out
    #[arg(long)]
    offline: bool,
}

pub(super) fn cancel(args: CancelArgs, global: &Global, ui: &Ui) -> CommandResult {
    let question = format!("Cancel what has not begun of rollout `{}`?", one_line(&args.which.id));
    if !args.yes && ui.ask(&question) != Some(true) {
        let message = format!("rollout `{}` is not cancelled without being asked", one_line(&args.which.id));
        return Err(CommandError::refused(message).hint("`--yes` answers where nobody can be asked"));
    }
    let dealt = deal(&args.which, &Deal::Cancel { reason: args.message }, global, ui)?;
    if ui.is_json() {
        return json(&dealt, ui);
    }
    ui.line(format!("{} cancelled", count(dealt.jobs.len(), "job")));
    if dealt.running > 0 {
        let verb = if dealt.running == 1 { "is" } else { "are" };
        ui.note(format!("{} {verb} under way and not stopped", count(dealt.running, "job")));
    }
    Ok(Exit::Done)
}

pub(super) fn retry(args: RetryArgs, global: &Global, ui: &Ui) -> CommandResult {
    let dealt = deal(&args.which, &Deal::Retry { all: args.all }, global, ui)?;
    if ui.is_json() {
        return json(&dealt, ui);
    }
    ui.line(format!("{} to be done again", count(dealt.jobs.len(), "job")));
    ui.hint("`opcon-deploy rollout run --due` does what is due");
    Ok(Exit::Done)
}

fn deal(which: &WhichArgs, deal: &Deal, global: &Global, ui: &Ui) -> Result<Dealt, CommandError> {
    let repository = open(global, ui)?;
    let reach = Reach::of(&repository, which.offline);
    fetch(&repository, reach)?;
    let identity = identify(&repository, &repository.settings_of_main()?)?;
    let dealer = Dealer { repository: &repository, reach, identity, now: now() };
    let chosen = Chosen { servers: which.servers.clone(), what: which.what.clone() };
    Ok(block_on(dealer.deal(&which.id, &chosen, deal))??)
}

fn json(dealt: &Dealt, ui: &Ui) -> CommandResult {
    let jobs: Vec<_> = dealt
        .jobs
        .iter()
        .map(|job| json!({ "id": job.id, "server": job.server, "does": job.deed, "what": job.what.to_string() }))
        .collect();
    ui.json("jobs", &jobs)?;
    Ok(Exit::Done)
}
