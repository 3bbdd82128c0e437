//! `rollout plan`: what the rules of environments ask for and does not stand there.

use chrono::Utc;
use clap::Args;
use deploy_core::repository::package::CommitOptions;
use deploy_core::repository::records::Records;
use deploy_core::rollout::{Difference, Ground, as_rollouts, create, differences, environments};
use serde_json::json;

use super::super::{commit_words, note_age, open};
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::ui::{Table, Ui, count, one_line};
use crate::{CommandResult, Exit};

/// Show what the rules of environments ask for and does not stand there
///
/// `[[rule]]` in `environments/NAME.toml` says which packages and schedules must be
/// (or must not be) on which targets; only rules with `enabled = true` count. What
/// stands where the records tell. `--new` makes a rollout for each rule that
/// something differs from; what a rollout of main has yet to see to is left to it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rollout plan\n  opcon-deploy rollout plan retail --new --branch=retail-as-it-should-be"
)]
pub(super) struct PlanArgs {
    /// Only these environments
    #[arg(value_name = "ENVIRONMENT")]
    environments: Vec<String>,
    /// Make a rollout for each rule
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: PlanArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let records = match global.fetch {
        true => Records::fetch(&repository)?,
        false => Records::open(&repository)?,
    };
    if repository.remote().is_some() {
        note_age(&repository, &[&repository.settings().git.main, &repository.settings().git.records], ui);
    }
    let ground = Ground::read(&repository)?;
    let all = environments(&repository, ground.history.tip().commit)?;
    if let Some(unknown) = args.environments.iter().find(|name| !all.iter().any(|(other, _)| other == *name))
    {
        return Err(CommandError::failed(format!("no environment `{}`", one_line(unknown)))
            .hint("`opcon-deploy schema environment` describes the files of environments/"));
    }
    // All rules are looked at together: they may contradict each other across files.
    let mut found = differences(&all, &ground, &records, Utc::now())?;
    let is_wanted = |rule: &str| {
        args.environments.is_empty()
            || args
                .environments
                .iter()
                .any(|name| rule.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/')))
    };
    found.retain(|one| is_wanted(&one.rule));
    if ui.is_json() && !args.new {
        let list: Vec<_> = found.iter().map(as_json).collect();
        ui.json("differences", &list)?;
        return Ok(Exit::Done);
    }
    if !ui.is_json() && !found.is_empty() {
        ui.print(&table(&found).to_string());
    }
    if found.iter().all(|one| one.on_its_way.is_some()) {
        if ui.is_json() {
            ui.json("rollouts", &json!([]))?;
        }
        ui.note(match found.is_empty() {
            true => "Everything stands where the rules in force want it",
            false => "Rollouts have yet to see to all of it",
        });
        return Ok(Exit::Done);
    }
    if !args.new {
        ui.hint("`opcon-deploy rollout plan --new` makes a rollout for each rule");
        return Ok(Exit::Done);
    }
    let options = CommitOptions {
        destination: args.commit.destination("rollout"),
        message: args.commit.message,
        push: args.commit.push,
    };
    let waiting = || ui.waiting();
    let mut made = Vec::new();
    for (rule, file) in as_rollouts(&found) {
        let id = free_id(&repository, &rule.replace('/', "-"))?;
        let created = create(&repository, Some(&id), &file, &options, Utc::now(), &waiting)?;
        if let Some(committed) = &created.committed {
            ui.note(format!("Commit {}", commit_words(committed)));
        }
        made.push(created);
    }
    if ui.is_json() {
        let list: Vec<_> = made.iter().map(|one| json!({ "id": one.id, "path": one.path })).collect();
        ui.json("rollouts", &list)?;
        return Ok(Exit::Done);
    }
    for one in &made {
        let jobs = one.scope.jobs(&one.id).len();
        ui.line(format!(
            "{}  {} on {}",
            one_line(&one.id),
            count(jobs, "job"),
            count(one.scope.targets(), "server")
        ));
    }
    Ok(Exit::Done)
}

/// A name that no rollout of main has.
fn free_id(repository: &deploy_core::repository::Repository, wanted: &str) -> Result<String, CommandError> {
    let taken = deploy_core::rollout::all(repository, repository.tip()?.commit)?;
    let is_free = |id: &String| !taken.iter().any(|(other, _)| other.eq_ignore_ascii_case(id));
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    Ok(std::iter::once(wanted.to_owned()).chain(numbered).find(is_free).unwrap_or_default())
}

fn table(found: &[Difference]) -> Table {
    let mut table = Table::new(["RULE", "SERVER", "WHAT", "STANDS", "WANTED", "ROLLOUT"]);
    let version = |version: Option<usize>| version.map_or_else(|| "other".to_owned(), |one| one.to_string());
    for one in found {
        table.row([
            one.rule.as_str(),
            &one.server,
            &one.thing.replace('`', ""),
            &one.stands.as_ref().map_or_else(|| "-".to_owned(), |stands| version(stands.version)),
            &one.wanted.as_ref().map_or_else(|| "nothing".to_owned(), |wanted| version(wanted.version)),
            one.on_its_way.as_deref().unwrap_or_default(),
        ]);
    }
    table
}

fn as_json(one: &Difference) -> serde_json::Value {
    json!({
        "rule": one.rule, "server": one.server, "what": one.thing.replace('`', ""),
        "stands": one.stands.as_ref().map(|stands| json!({ "version": stands.version, "blob": stands.blob })),
        "wanted": one.wanted.as_ref().map(|wanted| json!({ "what": wanted.what, "version": wanted.version })),
        "rollout": one.on_its_way,
    })
}
