//! `rollout watch`: how far rollouts are, as it happens.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::Duration;

use chrono::{Local, TimeDelta, Utc};
use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::Repository;
use deploy_core::repository::records::{Reach, Records};
use deploy_core::rollout::{Ground, Job, Stand, Survey, Surveyed, Tally};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::completions::rollouts;
use super::super::open;
use super::{fetch, words};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, one_line};
use crate::{CommandResult, Exit};

/// So many jobs of a rollout are shown at once.
const SHOWN: usize = 15;

/// Watch rollouts: their jobs, states and runtimes
///
/// On a terminal a table that follows; elsewhere a line for each job whose state
/// changes. Ends when nothing of them is left to be done.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout watch\n  opcon-deploy rollout watch finance-14 --every 10"
)]
pub(super) struct WatchArgs {
    /// Only these rollouts
    #[arg(value_name = "ID", add = ArgValueCandidates::new(rollouts))]
    ids: Vec<String>,
    /// Look so often
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
}

pub(super) fn run(args: WatchArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let mut screen = Screen::new(std::io::stderr().is_terminal() && !ui.is_json());
    loop {
        let survey = look(&repository, &args.ids)?;
        let outlook = survey.outlook(Utc::now());
        screen.show(&survey, &outlook.stands, ui);
        if outlook.stands.iter().all(|stands| Tally::of(stands).is_over()) {
            screen.end();
            if let Some(id) =
                args.ids.iter().find(|id| !survey.rollouts.iter().any(|one| one.rollout.id == **id))
            {
                return Err(CommandError::failed(format!("no rollout `{}`", one_line(id)))
                    .hint("`opcon-deploy rollout list` shows what there is"));
            }
            if survey.rollouts.is_empty() {
                ui.note("No rollout has anything left to be done");
                ui.hint("`opcon-deploy rollout list` shows those that are over too");
            }
            let failed = outlook.stands.iter().any(|stands| Tally::of(stands).failed > 0);
            return Ok(if failed { Exit::Failed } else { Exit::Done });
        }
        std::thread::sleep(Duration::from_secs(args.every));
    }
}

/// Everything as it is now; with the remote, as that has it. Without names those that are not over.
fn look(repository: &Repository, ids: &[String]) -> Result<Survey, CommandError> {
    fetch(repository, Reach::of(repository, false))?;
    let ground = Ground::read(repository)?;
    let records = Records::open(repository)?;
    let mut survey = Survey::read(&ground, &records, ground.history.tip().commit, !ids.is_empty())?;
    if !ids.is_empty() {
        survey.rollouts.retain(|one| ids.contains(&one.rollout.id));
    }
    Ok(survey)
}

/// What is on the screen, or was said.
struct Screen {
    live: Option<(MultiProgress, Vec<ProgressBar>)>,
    said: HashMap<String, String>,
}

impl Screen {
    fn new(is_terminal: bool) -> Self {
        let live = is_terminal
            .then(|| (MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)), Vec::new()));
        Self { live, said: HashMap::new() }
    }

    fn show(&mut self, survey: &Survey, stands: &[Vec<Stand>], ui: &Ui) {
        let each = survey.rollouts.iter().zip(stands);
        match &mut self.live {
            Some((all, lines)) => {
                let text: Vec<String> = each.flat_map(|(one, stands)| table(one, stands)).collect();
                while lines.len() < text.len() {
                    let line = all.add(ProgressBar::no_length());
                    if let Ok(style) = ProgressStyle::with_template("{msg}") {
                        line.set_style(style);
                    }
                    lines.push(line);
                }
                for (at, line) in lines.iter().enumerate() {
                    line.set_message(text.get(at).cloned().unwrap_or_default());
                }
            }
            None => {
                for (one, stands) in each {
                    for (job, stand) in one.jobs.iter().zip(stands) {
                        self.say(one, job, stand, ui);
                    }
                }
            }
        }
    }

    /// A line for a job that is not as it was when it was last told.
    fn say(&mut self, one: &Surveyed, job: &Job, stand: &Stand, ui: &Ui) {
        let state = one.kept.states.get(&job.id);
        let (word, why) = words::stand(stand, state, &one.rollout.timing);
        let key = format!("{}/{}", one.rollout.id, job.id);
        let text = format!("{word} {why}");
        if self.said.insert(key, text.clone()).as_ref() == Some(&text) {
            return;
        }
        let code = words::code(stand, state).map(|code| format!(" ({code})")).unwrap_or_default();
        let why = if why.is_empty() { why } else { format!(": {}", one_line(&why)) };
        let what = one_line(&job.what.to_string());
        ui.line(format!(
            "{}  {}  {} {what}  {word}{code}{why}",
            one_line(&one.rollout.id),
            one_line(&job.server),
            job.deed.word()
        ));
    }

    /// What is on the screen stays there.
    fn end(&self) {
        for line in self.live.iter().flat_map(|(_, lines)| lines) {
            line.abandon();
        }
    }
}

/// The lines of one rollout: what matters most first.
fn table(one: &Surveyed, stands: &[Stand]) -> Vec<String> {
    let now = Local::now().fixed_offset();
    let tally = Tally::of(stands);
    let runtimes: Vec<_> = one.kept.states.values().map(|state| state.runtimes(now)).collect();
    let effective =
        runtimes.iter().filter_map(|(_, effective)| *effective).fold(TimeDelta::zero(), |a, b| a + b);
    let first = one.kept.states.values().filter_map(|state| state.taken).min();
    let last = one.kept.states.values().filter_map(|state| state.ended).max();
    let until = if tally.running > 0 { Some(now) } else { last };
    let total = first.zip(until).map(|(first, until)| until - first).unwrap_or_default();
    let failed = if tally.failed > 0 { format!(", {} failed", tally.failed) } else { String::new() };
    let mut lines = vec![format!(
        "{}  {}  {} done{failed}  total {}, effective {}",
        one_line(&one.rollout.id),
        words::coloured(tally.word()),
        words::done(&tally),
        words::length(total),
        words::length(effective)
    )];
    let mut jobs: Vec<(&Job, &Stand)> = one.jobs.iter().zip(stands).collect();
    jobs.sort_by_key(|(job, stand)| {
        let rank = match stand {
            Stand::Running => 0,
            Stand::Ended(state, _) if state.is_failure() => 1,
            Stand::Ready => 2,
            Stand::Waits(_) => 3,
            Stand::Ended(..) => 4,
        };
        (rank, job.wave)
    });
    let width = jobs.iter().map(|(job, _)| job.server.chars().count()).max().unwrap_or_default().min(30);
    for (job, stand) in jobs.iter().take(SHOWN) {
        let state = one.kept.states.get(&job.id);
        let (word, why) = words::stand(stand, state, &one.rollout.timing);
        let (total, effective) = state.map(|state| state.runtimes(now)).unwrap_or_default();
        let shown = |time: Option<TimeDelta>| time.map(words::length).unwrap_or_default();
        let (server, what) = (one_line(&job.server), one_line(&job.what.to_string()));
        lines.push(format!(
            "  {server:width$}  {:9} {what}  {}  {} {}  {}",
            job.deed.word(),
            words::coloured(word),
            shown(total),
            shown(effective),
            one_line(&why)
        ));
    }
    if jobs.len() > SHOWN {
        lines.push(format!("  … and {} more", jobs.len() - SHOWN));
    }
    lines
}
