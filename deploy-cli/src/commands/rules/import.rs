//! `rules import`: rule files become versions.

use std::path::PathBuf;

use clap::Args;
use deploy_core::repository::change::Push;
use deploy_core::repository::package::CommitOptions;
use deploy_core::repository::rule_files::{NewRule, Outcome, RuleFile, StoreError, StoredRules, store};
use serde_json::json;

use super::super::open;
use super::told::Places;
use super::tried::file;
use crate::cli::{CommitArgs, Global};
use crate::error::CommandError;
use crate::names::read_list;
use crate::ui::{Ui, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Store rule files as new versions
///
/// Scripts and files of the vendor's JSON form, stored as they are under the
/// name of the file; all in one commit, or none where one does not compile.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules import to-qa.json\n  opcon-deploy rules import exported/*.json drafts/users.rhai -m 'Rules of the old system'\n  opcon-deploy rules import --list rule-files.txt --branch=rules"
)]
pub(super) struct ImportArgs {
    /// Files that end in .rhai or .json
    #[arg(value_name = "FILE", required_unless_present = "list")]
    files: Vec<PathBuf>,
    /// A file that names more of them, one on each line
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    #[command(flatten)]
    commit: CommitArgs,
}

pub(super) fn run(args: ImportArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let mut paths: Vec<PathBuf> = args.files.iter().map(|path| global.at(path)).collect();
    if let Some(list) = &args.list {
        paths.extend(listed(&global.at(list))?);
    }
    let files =
        paths.iter().map(|path| file(&path.to_string_lossy(), path)).collect::<Result<Vec<_>, _>>()?;
    let rules: Vec<NewRule> = files.iter().map(as_new).collect();
    let options = CommitOptions {
        destination: args.commit.destination("rules"),
        message: args.commit.message,
        push: args.commit.push,
    };
    let waiting = || ui.note("Waiting for another command in this clone to finish");
    let stored = store(&repository, &rules, &options, &waiting).map_err(|error| told(error, &files))?;
    show(&stored, ui)?;
    Ok(Exit::Done)
}

/// The files that a list names, as seen from the list's own folder.
fn listed(list: &std::path::Path) -> Result<Vec<PathBuf>, CommandError> {
    let folder = list.parent().unwrap_or(list);
    Ok(read_list(list, false)?.iter().map(|line| folder.join(line)).collect())
}

fn as_new(file: &RuleFile) -> NewRule {
    NewRule { name: file.name.clone(), language: file.language, text: file.text.clone() }
}

fn told(error: StoreError, files: &[RuleFile]) -> CommandError {
    match error {
        StoreError::Compile(errors) => Places::of(files)
            .compile(&errors)
            .hint("nothing was stored; correct the files and import them again"),
        StoreError::OtherLanguage { ref path, .. } => {
            let hint = format!("`git rm \"{path}\" && git commit` makes room for it");
            CommandError::failed(error.to_string()).hint(hint)
        }
        StoreError::Commit(error) => error.into(),
        StoreError::History(error) => error.into(),
        StoreError::Files(error) => error.into(),
        other => CommandError::failed(other.to_string()),
    }
}

fn show(stored: &StoredRules, ui: &Ui) -> Result<(), CommandError> {
    let committed = stored.committed.as_ref();
    let commit = committed.map(|committed| committed.commit.to_string());
    if ui.is_json() {
        let outcome = |outcome| match outcome {
            Outcome::New | Outcome::Changed => "imported",
            Outcome::Equal => "equal",
        };
        let rows: Vec<_> = stored
            .rules
            .iter()
            .map(|rule| {
                json!({ "name": rule.name, "path": rule.path, "outcome": outcome(rule.outcome),
                    "version": rule.number, "on_main": stored.on_main, "commit": commit,
                    "branch": committed.map(|committed| committed.branch.clone()) })
            })
            .collect();
        return ui.json("rules", &rows);
    }
    for rule in &stored.rules {
        let number = rule.number;
        let text = match rule.outcome {
            Outcome::Equal => styled(style::DIM, format!("equals version {number}")),
            _ if stored.on_main => styled(style::ADDED, format!("version {number}")),
            _ => styled(style::ADDED, format!("will be version {number} when merged")),
        };
        ui.line(format!("{}  {text}", one_line(&rule.name)));
    }
    match committed {
        Some(committed) => {
            let pushed = match committed.push {
                Push::Done => ", pushed",
                Push::NoRemote => ", not pushed: the clone has no such remote",
                Push::NotAsked => "",
            };
            ui.note(format!(
                "Commit {} on `{}`{pushed}",
                &committed.commit.to_string()[..8],
                committed.branch
            ));
        }
        None => ui.note("nothing to commit"),
    }
    Ok(())
}
