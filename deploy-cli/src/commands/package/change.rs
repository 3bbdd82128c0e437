//! `package create|add|remove|update|rename|delete`: one commit each.

use clap::Args;
use clap_complete::ArgValueCandidates;
use deploy_core::repository::Repository;
use deploy_core::repository::import::ImportOptions;
use deploy_core::repository::package::{Action, Changed, CommitOptions, PackageError, change};
use serde_json::json;

use super::super::completions::{packages, schedules};
use super::super::{commit_words, open};
use crate::cli::{CommitArgs, Global};
use crate::names::ListArg;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Make a package of schedules
///
/// Each schedule is pinned to its latest version, or to the one given. On
/// another branch than main, where nothing has a number, a pin holds the
/// content alone.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy package create FINANCE Payroll 'General Ledger@3'\n  opcon-deploy package create FINANCE Payroll --rule to-qa --description 'Month end'"
)]
pub(super) struct CreateArgs {
    /// The name of the package
    #[arg(value_name = "PACKAGE")]
    name: String,
    /// Schedules to put in: NAME, NAME@3 or NAME@REF
    #[arg(value_name = "SCHEDULE", add = ArgValueCandidates::new(schedules))]
    schedules: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// Transformation rules for every deployment of it, in order
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    #[command(flatten)]
    commit: CommitArgs,
}

/// Put schedules into a package, or pin them to another version
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy package add FINANCE Invoices\n  opcon-deploy package add FINANCE Payroll@2      back to version 2\n  opcon-deploy package add FINANCE --rule to-qa"
)]
pub(super) struct AddArgs {
    /// The package
    #[arg(value_name = "PACKAGE", add = ArgValueCandidates::new(packages))]
    name: String,
    /// Schedules to put in: NAME, NAME@3 or NAME@REF
    #[arg(value_name = "SCHEDULE", required_unless_present_any = ["rules", "list"], add = ArgValueCandidates::new(schedules))]
    schedules: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// Rules to run after those it has
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    #[command(flatten)]
    commit: CommitArgs,
}

/// Take schedules out of a package
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy package remove FINANCE Invoices\n  opcon-deploy package remove FINANCE --rule to-qa"
)]
pub(super) struct RemoveArgs {
    /// The package
    #[arg(value_name = "PACKAGE", add = ArgValueCandidates::new(packages))]
    name: String,
    /// Schedules to take out
    #[arg(value_name = "SCHEDULE", required_unless_present_any = ["rules", "list"], add = ArgValueCandidates::new(schedules))]
    schedules: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// Rules to take out
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<String>,
    #[command(flatten)]
    commit: CommitArgs,
}

/// Move the pins of a package to the latest versions
///
/// Commits only if something moved.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy package update FINANCE\n  opcon-deploy package update FINANCE --schedule Payroll --push"
)]
pub(super) struct UpdateArgs {
    /// The package
    #[arg(value_name = "PACKAGE", add = ArgValueCandidates::new(packages))]
    name: String,
    /// Move the pin of this schedule only; may be given several times
    #[arg(long = "schedule", value_name = "NAME", add = ArgValueCandidates::new(schedules))]
    schedules: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    #[command(flatten)]
    commit: CommitArgs,
}

/// Give a package another name
///
/// Its file moves, which is a version; earlier versions answer to both names.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy package rename FIN FINANCE")]
pub(super) struct RenameArgs {
    /// The package
    #[arg(value_name = "PACKAGE", add = ArgValueCandidates::new(packages))]
    name: String,
    /// Its new name
    #[arg(value_name = "NEW_NAME")]
    to: String,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn create(args: CreateArgs, global: &Global, ui: &Ui) -> CommandResult {
    let CreateArgs { name, schedules, list, rules, description, commit } = args;
    let schedules = list.and(schedules, global)?;
    run(&name, &Action::Create { description, schedules, rules }, commit, global, ui)
}

pub(super) fn add(args: AddArgs, global: &Global, ui: &Ui) -> CommandResult {
    let AddArgs { name, schedules, list, rules, commit } = args;
    let schedules = list.and(schedules, global)?;
    run(&name, &Action::Add { schedules, rules }, commit, global, ui)
}

pub(super) fn remove(args: RemoveArgs, global: &Global, ui: &Ui) -> CommandResult {
    let RemoveArgs { name, schedules, list, rules, commit } = args;
    let schedules = list.and(schedules, global)?;
    run(&name, &Action::Remove { schedules, rules }, commit, global, ui)
}

pub(super) fn update(args: UpdateArgs, global: &Global, ui: &Ui) -> CommandResult {
    let UpdateArgs { name, schedules, list, commit } = args;
    let schedules = list.and(schedules, global)?;
    run(&name, &Action::Update { schedules }, commit, global, ui)
}

pub(super) fn rename(args: RenameArgs, global: &Global, ui: &Ui) -> CommandResult {
    let RenameArgs { name, to, commit } = args;
    run(&name, &Action::Rename { to }, commit, global, ui)
}

/// Makes a package of schedules, or pins them anew in the one that is there.
pub(in super::super) fn put(
    repository: &Repository,
    name: &str,
    schedules: Vec<String>,
    import: &ImportOptions,
    ui: &Ui,
) -> CommandResult {
    let options = CommitOptions { destination: import.destination.clone(), message: None, push: import.push };
    let waiting = || ui.waiting();
    let add = Action::Add { schedules: schedules.clone(), rules: Vec::new() };
    let changed = match change(repository, name, &add, &options, &waiting) {
        Err(PackageError::Unknown { .. }) => {
            let create = Action::Create { description: String::new(), schedules, rules: Vec::new() };
            change(repository, name, &create, &options, &waiting)?
        }
        changed => changed?,
    };
    // With `--json` the one object is that of the import.
    if !ui.is_json() {
        show(&changed, ui);
    }
    Ok(Exit::Done)
}

pub(super) fn run(
    name: &str,
    action: &Action,
    commit: CommitArgs,
    global: &Global,
    ui: &Ui,
) -> CommandResult {
    let repository = open(global, ui)?;
    let options = CommitOptions {
        destination: commit.destination("package"),
        message: commit.message,
        push: commit.push,
    };
    let waiting = || ui.waiting();
    let changed = change(&repository, name, action, &options, &waiting)?;
    let exit = if changed.gone.is_empty() { Exit::Done } else { Exit::Failed };
    if let Some(left) = &changed.recovered {
        let commit = &left.commit.to_string()[..8];
        ui.note(format!("Finished the commit {commit} on `{}` that a killed command had left", left.branch));
    }
    if ui.is_json() {
        ui.json("package", &as_json(&changed))?;
        return Ok(exit);
    }
    show(&changed, ui);
    for schedule in &changed.gone {
        ui.error(&format!(
            "schedule `{}` has no content any more; its pin stays as it is",
            one_line(schedule)
        ));
        ui.hint(format!("`opcon-deploy package remove \"{}\" \"{schedule}\"` takes it out", changed.name));
    }
    Ok(exit)
}

fn show(changed: &Changed, ui: &Ui) {
    let name = one_line(changed.name.as_str());
    let Some(committed) = &changed.committed else {
        return ui.line(format!("{name}  {}", styled(style::DIM, "nothing to change")));
    };
    let version = match changed.on_main {
        true => format!("version {}", changed.number),
        false => format!("will be version {} when merged", changed.number),
    };
    ui.line(format!("{name}  {}  {}", styled(style::ADDED, version), one_line(&changed.what)));
    for moved in &changed.moved {
        let schedule = one_line(&moved.schedule);
        ui.line(match (&moved.from, &moved.to) {
            (None, Some(to)) => format!("  {} {schedule}@{to}", styled(style::ADDED, "+")),
            (Some(from), None) => format!("  {} {schedule}@{from}", styled(style::REMOVED, "-")),
            (from, to) => {
                let at = |side: &Option<String>| side.clone().unwrap_or_default();
                format!("  {} {schedule} {} → {}", styled(style::CHANGED, "~"), at(from), at(to))
            }
        });
    }
    ui.note(format!("Commit {}", commit_words(committed)));
}

fn as_json(changed: &Changed) -> serde_json::Value {
    let moved: Vec<_> = changed
        .moved
        .iter()
        .map(|moved| json!({"schedule": moved.schedule, "from": moved.from, "to": moved.to}))
        .collect();
    let committed = changed.committed.as_ref();
    json!({
        "name": changed.name.as_str(),
        "outcome": if committed.is_some() { "changed" } else { "unchanged" },
        "version": committed.map(|_| changed.number), "onMain": changed.on_main, "what": changed.what,
        "moved": moved, "gone": changed.gone,
        "commit": committed.map(|committed| committed.commit.to_string()),
        "branch": committed.map(|committed| committed.branch.clone()),
    })
}
