//! `rules check`: do the rules compile?

use clap::Args;
use deploy_core::repository::Repository;
use deploy_core::repository::history::{History, HistoryError};
use deploy_core::repository::rule_files::{RuleFileError, RuleFiles, TAGS};
use deploy_core::rules::Diagnostic;
use serde_json::json;

use super::super::open;
use super::told::Places;
use crate::cli::Global;
use crate::error::CommandError;
use crate::names::ListArg;
use crate::ui::{Ui, count, style, styled};
use crate::{CommandResult, Exit};

/// Compile all rules and tests, without running them
///
/// Finds errors of syntax, unknown functions, tags, properties and options,
/// with the line and what may have been meant. Exit code 3 where there are any.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules check\n  opcon-deploy rules check machines users\n  opcon-deploy rules check --json"
)]
pub(super) struct CheckArgs {
    /// These rules only
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    list: ListArg,
}

/// Something wrong with a rule or a test.
struct Wrong {
    path: String,
    line: usize,
    column: usize,
    severity: &'static str,
    message: String,
    told: String,
}

pub(super) fn run(mut args: CheckArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    args.names = args.list.and(args.names, global)?;
    let history = known_history(&repository)?;
    let rules = RuleFiles::of_work_tree(&repository, history.as_ref())?;
    let places = Places::of_all(&rules);
    let mut wrong = Vec::new();
    let settings = match rules.settings(None) {
        Err(error @ RuleFileError::Tags { .. }) => {
            // Without its tags nothing else can be said of a rule.
            wrong.push(unreadable(TAGS, &error));
            return finish(&wrong, 0, 0, ui);
        }
        settings => settings?,
    };
    let names = if args.names.is_empty() { rules.names() } else { args.names.clone() };
    let mut files = Vec::new();
    for name in &names {
        match rules.get(name) {
            Err(error) if args.names.is_empty() => {
                wrong.push(unreadable(name, &error));
                continue;
            }
            file => files.push(file?),
        }
    }
    let diagnosis = rules.diagnose(&files, &settings)?;
    wrong.extend(diagnosis.errors.iter().map(|error| of(&places, error, "error")));
    wrong.extend(diagnosis.remarks.iter().map(|remark| of(&places, remark, "warning")));
    let tests = if args.names.is_empty() { rules.tests() } else { Vec::new() };
    for name in &tests {
        if let Err(error) = rules.test(name) {
            wrong.push(unreadable(name, &error));
        }
    }
    wrong.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    finish(&wrong, names.len(), tests.len(), ui)
}

fn finish(wrong: &[Wrong], rules: usize, tests: usize, ui: &Ui) -> CommandResult {
    let exit = if wrong.is_empty() { Exit::Done } else { Exit::Findings };
    if ui.is_json() {
        let rows: Vec<_> = wrong
            .iter()
            .map(|w| {
                json!({ "path": w.path, "line": w.line, "column": w.column, "severity": w.severity,
                    "message": w.message })
            })
            .collect();
        ui.json("findings", &rows)?;
        return Ok(exit);
    }
    for wrong in wrong {
        let style = if wrong.severity == "error" { style::REMOVED } else { style::CHANGED };
        ui.line(format!("{}: {}", styled(style, wrong.severity), wrong.told));
    }
    let found = if wrong.is_empty() { "nothing found".to_owned() } else { count(wrong.len(), "finding") };
    ui.note(format!("Checked {}, {}: {found}", count(rules, "rule"), count(tests, "test")));
    Ok(exit)
}

fn of(places: &Places, diagnostic: &Diagnostic, severity: &'static str) -> Wrong {
    Wrong {
        path: places.path(&diagnostic.rule),
        line: diagnostic.line,
        column: diagnostic.column,
        severity,
        message: diagnostic.said(),
        told: places.told(diagnostic),
    }
}

/// A rule, a test or the table of tags that cannot be read.
fn unreadable(name: &str, error: &RuleFileError) -> Wrong {
    let (path, line, column) = match error {
        RuleFileError::NotAFile { path } | RuleFileError::Io { path, .. } => (path.clone(), 0, 0),
        RuleFileError::NotText { path, line } => (path.clone(), *line, 1),
        RuleFileError::Toml(error) => (error.path.display().to_string(), error.line, error.column),
        RuleFileError::Tags { path, source } => ((*path).to_owned(), source.line, source.column),
        _ => (name.to_owned(), 0, 0),
    };
    let message = error.to_string();
    Wrong { path, line, column, severity: "error", told: message.clone(), message }
}

/// The versions, where they can be counted: a check of texts needs none.
fn known_history(repository: &Repository) -> Result<Option<History>, CommandError> {
    match History::load(repository) {
        Ok(history) => Ok(Some(history)),
        Err(HistoryError::Shallow | HistoryError::Tip(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
