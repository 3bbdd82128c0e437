//! `rollout`: deployment jobs in containers.

mod check;
mod deal;
mod list;
mod new;
mod plan;
mod purge;
mod run;
mod show;
mod surroundings;
mod watch;
mod words;

use chrono::Utc;
use clap::{Args, Subcommand};
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Reach, Records};
use deploy_core::rollout::{Ground, Outlook, Survey};

use super::note_age;
use crate::CommandResult;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::Ui;

/// Bring packages and schedules to many systems, in a controlled way
///
/// A rollout is a file, `rollouts/ID.toml`: what is brought to which servers, in
/// which windows of time, waves and order. It is proposed and reviewed as
/// everything else; each of its jobs is an ordinary deployment or deletion with
/// all its checks and records.
#[derive(Debug, Args)]
pub struct RolloutArgs {
    #[command(subcommand)]
    command: RolloutCommand,
}

#[derive(Debug, Subcommand)]
enum RolloutCommand {
    New(Box<new::NewArgs>),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Check(check::CheckArgs),
    Run(run::RunArgs),
    Watch(watch::WatchArgs),
    Cancel(deal::CancelArgs),
    Retry(deal::RetryArgs),
    Purge(purge::PurgeArgs),
    Plan(plan::PlanArgs),
}

pub(super) fn run(args: RolloutArgs, global: &Global, ui: &Ui) -> CommandResult {
    match args.command {
        RolloutCommand::New(args) => new::run(*args, global, ui),
        RolloutCommand::List(args) => list::run(args, global, ui),
        RolloutCommand::Show(args) => show::run(args, global, ui),
        RolloutCommand::Check(args) => check::run(args, global, ui),
        RolloutCommand::Run(args) => run::run(args, global, ui),
        RolloutCommand::Watch(args) => watch::run(args, global, ui),
        RolloutCommand::Cancel(args) => deal::cancel(args, global, ui),
        RolloutCommand::Retry(args) => deal::retry(args, global, ui),
        RolloutCommand::Purge(args) => purge::run(args, global, ui),
        RolloutCommand::Plan(args) => plan::run(args, global, ui),
    }
}

/// Brings main and the records up to date where they count.
fn fetch(repository: &Repository, reach: Reach) -> Result<(), CommandError> {
    if reach == Reach::Remote {
        Records::fetch_with_main(repository)?;
    }
    Ok(())
}

/// All rollouts of main as this clone knows them, over or not, and where they stand now.
fn survey(repository: &Repository, global: &Global, ui: &Ui) -> Result<(Survey, Outlook), CommandError> {
    let ground = Ground::read(repository)?;
    let records = match global.fetch {
        true => Records::fetch(repository)?,
        false => Records::open(repository)?,
    };
    if repository.remote().is_some() {
        let git = &repository.settings().git;
        note_age(repository, &[&git.main, &git.records], ui);
    }
    let survey = Survey::read(&ground, &records, ground.history.tip().commit, true)?;
    let outlook = survey.outlook(Utc::now());
    Ok((survey, outlook))
}
