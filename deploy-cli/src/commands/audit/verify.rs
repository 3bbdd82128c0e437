//! `audit verify`: whether the records are what was done, by who was allowed to.

use clap::Args;
use deploy_core::repository::records::verify::{Report, VerifyError, verify};
use serde_json::json;

use super::super::{note_age, open};
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// Prove that nobody rewrote the records, and that roles were obeyed
///
/// The records are replayed from the first one: each commit must do what it
/// says, by somebody whose role in users.toml allowed it at the time, with the
/// content that its hash names; signatures are checked with the keys of
/// users.toml. What cannot be proved is said. Exit code 3 with findings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  opcon-deploy audit verify --fetch\n  opcon-deploy audit verify --json")]
pub(super) struct VerifyArgs {}

pub(super) fn run(_: VerifyArgs, global: &Global, ui: &Ui) -> CommandResult {
    let repository = open(global, ui)?;
    let git = &repository.settings().git;
    if !global.fetch {
        note_age(&repository, &[&git.main, &git.records], ui);
    }
    let bar = ui.progress(0, "Verifying");
    let progress = |now: usize, all: usize| {
        bar.set_total(all);
        bar.set(now);
    };
    let report = verify(&repository, global.fetch, &progress)?;
    drop(bar);
    let exit = if report.findings.is_empty() { Exit::Done } else { Exit::Findings };
    match ui.is_json() {
        true => print_json(&report, ui)?,
        false => print(&report, ui),
    }
    Ok(exit)
}

fn print(report: &Report, ui: &Ui) {
    for finding in &report.findings {
        let place =
            finding.commit.map(|commit| format!("[{}]", &commit.to_string()[..8])).unwrap_or_default();
        let label = styled(style::REMOVED, format!("{}{place}", finding.kind.as_str()));
        let record = finding.record.map(|record| format!(" record {record}:")).unwrap_or_default();
        ui.line(format!("{label}{record} {}", one_line(&finding.message)));
    }
    let looked_at = format!(
        "{} of `{}` with {}, {}",
        count(report.commits, "commit"),
        one_line(&report.branch),
        count(report.records, "record"),
        count(report.signed, "signature")
    );
    let verdict = match report.findings.len() {
        0 => styled(style::ADDED, "nothing is wrong"),
        findings => styled(style::REMOVED, count(findings, "finding")),
    };
    ui.line(format!("Verified {looked_at}: {verdict}"));
    ui.line("Not proved:");
    report.unproven.sentences().iter().for_each(|sentence| ui.line(format!("  {sentence}")));
}

fn print_json(report: &Report, ui: &Ui) -> Result<(), CommandError> {
    let besides = json!({
        "branch": report.branch, "tip": report.tip.map(|tip| tip.to_string()),
        "commits": report.commits, "records": report.records, "signed": report.signed,
        "unproven": report.unproven, "notProved": report.unproven.sentences(),
    });
    ui.json_with("findings", &report.findings, besides.as_object().unwrap_or(&serde_json::Map::new()))
}

impl From<VerifyError> for CommandError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Records(error) => error.into(),
            VerifyError::Tip(error) => error.into(),
            VerifyError::Settings(error) => error.into(),
            VerifyError::Git(error) => error.into(),
            VerifyError::Object(error) => error.into(),
        }
    }
}
