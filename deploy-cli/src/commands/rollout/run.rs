//! `rollout run`: do what is due, once.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Reach, Records};
use deploy_core::repository::users::identify;
use deploy_core::rollout::{Begun, Job, JobState, Problem, RolloutError, RunReport, Runner, State, find};
use serde_json::{Value, json};

use super::super::changing::now;
use super::super::completions::rollouts;
use super::super::open;
use super::surroundings::Surroundings;
use super::{fetch, words};
use crate::cli::Global;
use crate::error::CommandError;
use crate::interrupt::Stop;
use crate::system::{host, runtime};
use crate::ui::{Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Do all that is due, once
///
/// Made to be started again and again: by OpCon's own schedule, by CI, by cron.
/// What is not due yet (a window, a wave, a soak) is found by a later run; nothing
/// stays running to wait for it. Several runners at once never do one job twice.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout run --due\n  opcon-deploy rollout run --due finance-14 --json"
)]
pub(super) struct RunArgs {
    /// Only these rollouts
    #[arg(value_name = "ID", add = ArgValueCandidates::new(rollouts))]
    ids: Vec<String>,
    /// Do what is due
    #[arg(long, required = true)]
    due: bool,
    /// Wait so long for another command that is at work on a server
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    /// Leave the remote out; the records say so
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(args: RunArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let reach = Reach::of(&repository, args.offline);
    fetch(&repository, reach)?;
    let settings = repository.settings_of_main()?;
    let identity = identify(&repository, &settings)?;
    args.ids.iter().try_for_each(|id| known(&repository, id))?;
    let stop = Arc::new(Stop::default());
    stop.listen();
    stop.be_careful(true);
    let opcon_user = identity.person.opcon_user.clone();
    let surroundings = Surroundings::new(&repository, opcon_user, ui);
    let report = RefCell::new(RunReport::default());
    {
        let runner = Runner {
            repository: &repository,
            reach,
            settings,
            identity,
            host: host(),
            wait: Duration::from_secs(args.wait),
            only: args.ids,
            clock: &now,
            stop: &stop.asked,
            around: &surroundings,
        };
        *report.borrow_mut() = runtime()?.block_on(runner.run())?;
    }
    let report = report.into_inner();
    ui.detail(format!(
        "{} of records, {}, {:.1} s",
        count(report.stats.commits, "commit"),
        count(report.stats.pushes, "push").replace("pushs", "pushes"),
        report.stats.pushing.as_secs_f32()
    ));
    let exit = exit(&report, stop.asked.load(Ordering::Relaxed));
    if ui.is_json() {
        let jobs: Vec<Value> = report.ended.iter().map(|(id, job, state)| as_json(id, job, state)).collect();
        ui.json("jobs", &jobs)?;
        return Ok(exit);
    }
    ui.note(summary(&report, exit));
    if exit == Exit::Interrupted {
        ui.hint("`opcon-deploy rollout run --due` goes on where it was stopped");
    }
    Ok(exit)
}

/// Whether there is such a rollout: on main, or begun before its file was taken away.
fn known(repository: &Repository, id: &str) -> Result<(), CommandError> {
    let (commit, branch) = (repository.shared_main()?.0, repository.settings().git.main.clone());
    match find(repository, commit, &branch, id) {
        Err(error @ RolloutError::Unknown { .. })
            if Begun::read(&Records::open(repository)?, id)?.is_none() =>
        {
            Err(error.into())
        }
        // What cannot be read is told with all that keeps rollouts from being begun.
        _ => Ok(()),
    }
}

/// One job that ended, on one line.
pub(super) fn line(rollout: &str, job: &Job, state: &JobState) -> String {
    let code = state.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let why = state.message.as_deref().map(|why| format!(": {}", one_line(why))).unwrap_or_default();
    format!(
        "{}  {}  {} {}  {}{code}{why}",
        one_line(rollout),
        one_line(&job.server),
        job.deed.word(),
        one_line(&job.what.to_string()),
        words::coloured(state.state.words()),
    )
}

fn summary(report: &RunReport, exit: Exit) -> String {
    let of =
        |wanted: fn(State) -> bool| report.ended.iter().filter(|(.., state)| wanted(state.state)).count();
    let counts = [
        (of(State::is_good), "succeeded"),
        (of(State::is_failure), "failed"),
        (of(|state| state == State::Expired), "expired"),
        (of(|state| state == State::Cancelled), "cancelled"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    match counts.is_empty() {
        true if report.broken || exit == Exit::Interrupted => "Stopped before a job ended".to_owned(),
        true => "Nothing was due".to_owned(),
        false => format!("{}: {}", count(report.ended.len(), "job"), counts.join(", ")),
    }
}

fn exit(report: &RunReport, stopped: bool) -> Exit {
    let failed = report.ended.iter().any(|(.., state)| state.state.is_failure());
    let refused = |problem: &Problem| problem.refused;
    if stopped {
        Exit::Interrupted
    } else if failed || report.problems.iter().any(|problem| !problem.refused) {
        Exit::Failed
    } else if report.problems.iter().any(refused) {
        Exit::Refused
    } else {
        Exit::Done
    }
}

fn as_json(rollout: &str, job: &Job, state: &JobState) -> Value {
    json!({
        "rollout": rollout, "job": job.id, "server": job.server, "does": job.deed,
        "what": job.what.to_string(), "wave": job.wave + 1, "state": state.state.words(),
        "code": state.code, "message": state.message, "attempts": state.attempts, "record": state.record,
        "taken": state.taken, "begun": state.begun, "ended": state.ended,
    })
}
