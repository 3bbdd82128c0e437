//! `rules explain`: what rules do to a definition, step by step.

use clap::Args;
use deploy_core::repository::rule_files::RuleFiles;
use deploy_core::rules::{LineKind, Outcome};
use serde_json::json;

use super::super::{history, open};
use super::told::Places;
use super::tried::{Tried, warn};
use crate::cli::Global;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Show what rules do to a definition
///
/// A tree of levels (server, package, deployment, environment), rules, calls
/// and the values they change: where, what stood there, what stands there then,
/// which later call changed it again, which came too late, what matched nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy rules explain Payroll --to QA\n  opcon-deploy rules explain Payroll@3 --rule machines --rule users\n  opcon-deploy rules explain package:FINANCE --to PROD --markdown\n  opcon-deploy rules explain export.json --rule draft.rhai --environment TST"
)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    tried: Tried,
    /// Print Markdown for a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

pub(super) fn run(mut args: ExplainArgs, global: &Global, ui: &Ui) -> CommandResult {
    args.tried.check(global)?;
    let repository = open(global, ui)?;
    let history = history(&repository, ui)?;
    let rules = RuleFiles::of_work_tree(&repository, Some(&history))?;
    let subject = args.tried.subject(&repository, &history, global, ui)?;
    let prepared = args.tried.prepare(&rules, subject.package, global, ui)?;
    let done = prepared
        .rules
        .apply(subject.definition, &prepared.context)
        .map_err(|error| Places::of(&prepared.files).run(&error))?;
    if ui.is_json() {
        let explanation = json!({
            "schedules": subject.labels, "to": args.tried.to,
            "rules": done.trace.rules, "warnings": done.warnings,
        });
        ui.json("explanation", &explanation)?;
        return Ok(Exit::Done);
    }
    let to = args.tried.to.as_ref().map(|to| format!(" → {to}")).unwrap_or_default();
    let title = one_line(&format!("{}{to}", subject.labels.join(", ")));
    if args.markdown {
        ui.print(&format!("### {title}\n\n{}\n{}\n", done.trace.to_markdown(), summary(&done)));
        warn(&done.warnings, ui);
        return Ok(Exit::Done);
    }
    ui.line(styled(style::HEADING, title));
    for line in done.trace.lines() {
        let style = match line.kind {
            LineKind::Level => style::HEADING,
            LineKind::Rule => style::COMMAND,
            LineKind::Call => anstyle::Style::new(),
            LineKind::Hit => style::ADDED,
            LineKind::Nothing => style::CHANGED,
            LineKind::Ignored | LineKind::Note => style::DIM,
        };
        ui.line(format!("{}{}", "  ".repeat(line.depth), styled(style, one_line(&line.text))));
    }
    warn(&done.warnings, ui);
    ui.note(summary(&done));
    Ok(Exit::Done)
}

fn summary(done: &Outcome) -> String {
    let rules = &done.trace.rules;
    if rules.is_empty() {
        return "No rule applies".to_owned();
    }
    let changes = done.trace.hits().count();
    format!("{}: {} changed", count(rules.len(), "rule"), count(changes, "value"))
}
