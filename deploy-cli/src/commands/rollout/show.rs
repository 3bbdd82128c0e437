//! `rollout show`: one rollout with its jobs.

use chrono::Local;
use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::rollout::{JobState, Stand, Surveyed, Tally, find};
use serde_json::{Value, json};

use super::super::completions::rollouts;
use super::super::open;
use super::{survey, words};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Table, Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show a rollout: what it carries where, and how far each job is
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout show finance-14\n  opcon-deploy rollout show finance-14 --json"
)]
pub(super) struct ShowArgs {
    /// The rollout
    #[arg(value_name = "ID", add = ArgValueCandidates::new(rollouts))]
    id: String,
}

pub(super) fn run(args: ShowArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let (survey, outlook) = survey(&repository, global, ui)?;
    let found = survey.rollouts.iter().zip(&outlook.stands).find(|(one, _)| one.rollout.id == args.id);
    let Some((one, stands)) = found else {
        let tip = repository.tip()?;
        find(&repository, tip.commit, &tip.branch, &args.id)?;
        return Err(CommandError::failed(format!("rollout `{}` cannot be looked at", one_line(&args.id))));
    };
    if ui.is_json() {
        ui.json("rollout", &as_json(one, stands)?)?;
        return Ok(Exit::Done);
    }
    header(one, stands, ui);
    ui.line("");
    ui.print(&jobs(one, stands).to_string());
    if let Some(problem) = &one.problem {
        ui.warning(format!("nothing of it is begun: {problem}"));
    }
    Ok(Exit::Done)
}

fn header(one: &Surveyed, stands: &[Stand], ui: &Ui) {
    let (rollout, tally) = (&one.rollout, Tally::of(stands));
    let state = format!("{}, {} jobs ended", words::coloured(tally.word()), words::done(&tally));
    ui.line(format!("{}  {state}", styled(style::HEADING, one_line(&rollout.id))));
    let file = &rollout.file;
    let timing = &rollout.timing;
    let zone = timing.zone.to_string();
    let kept = |time: &chrono::DateTime<chrono::FixedOffset>| words::moment(&time.to_utc(), timing);
    let begun = one
        .kept
        .begun
        .as_ref()
        .map(|begun| format!("{} ({zone}) for {}", kept(&begun.time), begun.asker.name));
    let over = one.kept.over.as_ref().map(|over| format!("{} ({zone})", kept(&over.time)));
    let window = words::window(timing);
    let sequence =
        if stands.len() > 1 { format!("{:?}", file.sequence).to_lowercase() } else { String::new() };
    let said = [
        ("Name", file.name.clone()),
        ("Description", file.description.clone()),
        ("Carries", words::carried(rollout)),
        ("To", file.to.join(", ")),
        ("Window", if window.is_empty() { window } else { format!("{window} ({zone})") }),
        ("Frames", file.frames.to_string()),
        ("Priority", if file.priority == 0 { String::new() } else { file.priority.to_string() }),
        ("On failure", sequence),
        ("Waves", file.order.join(", ")),
        ("Soak", if file.soak.as_seconds() == 0 { String::new() } else { file.soak.to_string() }),
        ("Rules", file.rules.join(", ")),
        ("Begun", begun.unwrap_or_default()),
        ("Over", over.unwrap_or_default()),
        ("Withdrawn", one.withdrawn.clone().unwrap_or_default()),
    ];
    for (label, text) in said.iter().filter(|(_, text)| !text.is_empty()) {
        ui.line(format!("{label}: {}", one_line(text)));
    }
}

fn jobs(one: &Surveyed, stands: &[Stand]) -> Table {
    let heads = ["WAVE", "SERVER", "DOES", "WHAT", "STATE", "CODE", "TIME", "JOB", "WHY"];
    let mut table = Table::new(heads).right(0).right(5).right(6);
    let now = Local::now().fixed_offset();
    for (job, stand) in one.jobs.iter().zip(stands) {
        let state = one.kept.states.get(&job.id);
        let (word, why) = words::stand(stand, state, &one.rollout.timing);
        let code = words::code(stand, state).map(|code| code.to_string()).unwrap_or_default();
        let total = state.and_then(|state| state.runtimes(now).0).map(words::length);
        table.row([
            &(job.wave + 1).to_string(),
            &job.server,
            job.deed.word(),
            &job.what.to_string(),
            word,
            &code,
            &total.unwrap_or_default(),
            job.id.as_str(),
            &why,
        ]);
    }
    table
}

/// The rollout with its jobs for `--json`.
fn as_json(one: &Surveyed, stands: &[Stand]) -> Result<Value, CommandError> {
    let now = Local::now().fixed_offset();
    let jobs: Vec<Value> = one
        .jobs
        .iter()
        .zip(stands)
        .map(|(job, stand)| {
            let state: Option<&JobState> = one.kept.states.get(&job.id);
            let (word, why) = words::stand(stand, state, &one.rollout.timing);
            let (total, effective) = state.map(|state| state.runtimes(now)).unwrap_or_default();
            json!({
                "id": job.id, "wave": job.wave + 1, "server": job.server, "does": job.deed,
                "what": job.what.to_string(), "state": word, "why": why, "code": words::code(stand, state),
                "attempts": state.map_or(0, |state| state.attempts),
                "taken": state.and_then(|state| state.taken), "begun": state.and_then(|state| state.begun),
                "ended": state.and_then(|state| state.ended),
                "totalSeconds": total.map(|time| time.num_seconds()),
                "effectiveSeconds": effective.map(|time| time.num_seconds()),
                "record": state.and_then(|state| state.record),
                "by": state.and_then(|state| state.by.as_ref()).map(ToString::to_string),
            })
        })
        .collect();
    let rollout = &one.rollout;
    Ok(json!({
        "id": rollout.id, "name": rollout.name(), "file": serde_json::to_value(&rollout.file)?,
        "state": Tally::of(stands).word(), "problem": one.problem, "withdrawn": one.withdrawn,
        "asker": one.kept.begun.as_ref().map(|begun| begun.asker.to_string()),
        "begun": one.kept.begun.as_ref().map(|begun| begun.time),
        "over": one.kept.over.as_ref().map(|over| over.time), "jobs": jobs,
    }))
}
