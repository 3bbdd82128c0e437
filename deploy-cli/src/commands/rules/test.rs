//! `rules test`: the tests under `rules/tests/`, and what must hold for everything ever stored.

use std::sync::atomic::AtomicUsize;

use clap::Args;
use deploy_core::repository::Repository;
use deploy_core::repository::history::History;
use deploy_core::repository::rule_files::{RuleFiles, Survey, TestFile, TestResult, survey};
use deploy_core::rules::test::check_invariants;
use serde_json::{Value, json};

use super::super::{history, open};
use super::tried::clock;
use crate::cli::Global;
use crate::error::CommandError;
use crate::names::ListArg;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Run the tests of rules
///
/// A test (`rules/tests/NAME.toml`) applies rules to a definition and says what
/// must come out. With --history its rules and its target are tried on every
/// stored version of every schedule: the result must be a valid definition
/// without dangling references, and the same when applied twice where the rules
/// say `@idempotent`. Exit code 1 where a test fails.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules test\n  opcon-deploy rules test machines\n  opcon-deploy rules test machines --update     write its golden file anew\n  opcon-deploy rules test --history"
)]
pub(super) struct TestArgs {
    /// These tests, or the tests of these rules; all if absent
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    list: ListArg,
    /// Write golden files as the results are now
    #[arg(long)]
    update: bool,
    /// Try the rules on every stored version too
    #[arg(long)]
    history: bool,
}

pub(super) fn run(args: TestArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let rules = RuleFiles::of_work_tree(&repository, Some(&history))?;
    let settings = rules.settings(Some(clock()))?;
    let tests = chosen(&rules, &args.list.and(args.names, global)?)?;
    let mut rows = Vec::new();
    let mut failed = 0;
    for test in &tests {
        let mut result = rules.run(test.clone(), &settings);
        let updated = match args.update {
            true => update(&repository, &mut result)?,
            false => None,
        };
        let mut row = json!({
            "name": result.name, "path": result.path, "description": result.description,
            "outcome": if result.outcome.passed() { "passed" } else { "failed" },
            "failures": result.outcome.failures, "updated": updated,
        });
        if !ui.is_json() {
            show(&result, updated.as_deref(), ui);
        }
        let mut passed = result.outcome.passed();
        if args.history && test.case.expect.failure.is_none() {
            let (told, holds) = over_history(&repository, &history, &rules, test, &settings, ui)?;
            passed &= holds;
            row["history"] = told;
        }
        failed += usize::from(!passed);
        rows.push(row);
    }
    if ui.is_json() {
        ui.json("tests", &rows)?;
    } else if rows.is_empty() {
        ui.note("no tests");
        ui.hint("`opcon-deploy rules new NAME` begins a rule and its test");
    } else {
        ui.note(format!("{}: {} passed, {failed} failed", count(rows.len(), "test"), rows.len() - failed));
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

/// The tests of these names, and those of the rules of these names.
fn chosen(rules: &RuleFiles<'_>, names: &[String]) -> Result<Vec<TestFile>, CommandError> {
    let all = rules.tests();
    let mut chosen = Vec::new();
    for name in names.iter().filter(|name| !all.contains(name)) {
        // Neither a test nor a rule: the error names the nearest test.
        if rules.get(name).is_err() {
            rules.test(name)?;
        }
    }
    for test in all {
        let test = rules.test(&test)?;
        let of_rule = |name: &String| {
            test.case
                .rules
                .iter()
                .any(|rule| rule.rsplit_once('@').map_or(rule.as_str(), |(bare, _)| bare) == name)
        };
        if names.is_empty() || names.iter().any(|name| *name == test.name || of_rule(name)) {
            chosen.push(test);
        }
    }
    Ok(chosen)
}

/// Writes the golden file; what else failed still fails.
fn update(repository: &Repository, result: &mut TestResult) -> Result<Option<String>, CommandError> {
    let Some((name, bytes)) = result.outcome.golden.take() else { return Ok(None) };
    let path = RuleFiles::beside_tests(&name)
        .ok_or_else(|| CommandError::failed(format!("`{name}` is no file below rules/tests/")))?;
    let file = repository.root().join(&path);
    if file.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(CommandError::failed(format!("`{path}` is not a plain file")));
    }
    if std::fs::read(&file).is_ok_and(|there| there == bytes) {
        return Ok(None);
    }
    std::fs::write(&file, bytes).map_err(|error| CommandError::io("write", &file, &error))?;
    result.outcome.failures.clone_from(&result.outcome.failures_beside_golden);
    Ok(Some(path))
}

fn show(result: &TestResult, updated: Option<&str>, ui: &Ui) {
    let name = one_line(&result.name);
    match result.outcome.passed() {
        true => ui.line(format!("{name}  {}", styled(style::ADDED, "passed"))),
        false => ui.line(format!(
            "{name}  {}  {}",
            styled(style::REMOVED, "failed"),
            styled(style::DIM, &result.path)
        )),
    }
    for failure in &result.outcome.failures {
        failure.lines().for_each(|line| ui.line(format!("    {}", one_line(line))));
    }
    if let Some(path) = updated {
        ui.line(format!("    wrote `{path}`"));
    }
}

/// The rules of a test over every stored version; gives what to tell as JSON, and whether all holds.
fn over_history(
    repository: &Repository,
    history: &History,
    rules: &RuleFiles<'_>,
    test: &TestFile,
    settings: &std::sync::Arc<deploy_core::rules::Settings>,
    ui: &Ui,
) -> Result<(Value, bool), CommandError> {
    let Ok((compiled, context)) = rules.of_test(test, settings) else {
        // Told already, by the test itself.
        return Ok((Value::Null, false));
    };
    let done = AtomicUsize::new(0);
    let bar = ui.progress(0, &test.name);
    let found: Survey = bar.follow(&done, || {
        survey(repository, history, &done, &|definition| check_invariants(&compiled, definition, &context))
    });
    if !ui.is_json() {
        for broken in &found.broken {
            let version = styled(style::REMOVED, one_line(&broken.version));
            ui.line(format!("    {version}: {}", one_line(&broken.reason)));
        }
        if found.more > 0 {
            ui.line(format!("    and {} more", found.more));
        }
        let (looked_at, broken) = (count(found.definitions, "definition"), found.broken.len() + found.more);
        let told = if broken == 0 { "all hold".to_owned() } else { format!("{broken} do not hold") };
        ui.line(styled(style::DIM, format!("    history: {looked_at}, {told}")));
    }
    let broken: Vec<Value> = found
        .broken
        .iter()
        .map(|broken| json!({ "version": broken.version, "reason": broken.reason }))
        .collect();
    let told = json!({
        "definitions": found.definitions, "unreadable": found.unreadable, "broken": broken, "more": found.more,
    });
    Ok((told, found.broken.is_empty()))
}
