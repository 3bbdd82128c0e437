//! `check`: is everything in the repository sound?

use std::sync::atomic::AtomicUsize;

use clap::Args;
use deploy_core::definition::validate::Severity;
use deploy_core::repository::check::{CheckOptions, Report, check, unreadable_settings};
use deploy_core::repository::{OpenError, Repository};

use super::open;
use crate::cli::Global;
use crate::ui::{Ui, count, style, styled};
use crate::{CommandResult, Exit};

/// Check the whole repository
///
/// Looks at every file as the work tree has it: JSON, canonical form, names and
/// limits, references between schedules, package pins, shared objects, TOML.
/// Every finding has a stable code. Exit code 3 where there are errors or
/// warnings; notes alone are no reason to stop.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  opcon-deploy check\n  opcon-deploy check --markdown > findings.md    for a pull request\n  opcon-deploy check --since \"$BEFORE\"           in a pipeline: refuse what renumbers versions"
)]
pub struct CheckArgs {
    /// Refuse a history in which this former tip has left the first-parent line
    #[arg(long, value_name = "OLD_TIP")]
    since: Option<String>,
    /// Print the findings as a Markdown table
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

pub(super) fn run(args: CheckArgs, global: &Global, ui: &Ui) -> CommandResult {
    let report = match Repository::open(&global.dir) {
        Err(OpenError::Settings(error)) => unreadable_settings(error),
        _ => {
            let repository = open(global, ui)?;
            let options = CheckOptions { since: args.since };
            let done = AtomicUsize::new(0);
            let bar = ui.progress(schedules(&repository), "Checking");
            bar.follow(&done, || check(&repository, &options, &done))?
        }
    };
    let exit = if report.is_clean() { Exit::Done } else { Exit::Findings };
    if ui.is_json() {
        ui.json("findings", &report.findings)?;
        return Ok(exit);
    }
    if args.markdown {
        ui.print(&report.to_markdown());
        return Ok(exit);
    }
    show_findings(&report, ui);
    ui.note(summary(&report));
    Ok(exit)
}

/// Each finding on a line.
pub(super) fn show_findings(report: &Report, ui: &Ui) {
    for finding in &report.findings {
        let style = match finding.severity {
            Severity::Error => style::REMOVED,
            Severity::Warning => style::CHANGED,
            Severity::Note => style::DIM,
        };
        let text = finding.to_string();
        let label = format!("{}[{}]", finding.severity, finding.code);
        ui.line(text.replacen(&label, &styled(style, &label), 1));
    }
}

fn summary(report: &Report) -> String {
    let looked_at = format!("{}, {}", count(report.schedules, "schedule"), count(report.packages, "package"));
    format!("Checked {looked_at}: {}", report.in_words())
}

/// About how many definitions there are, for the progress bar.
fn schedules(repository: &Repository) -> usize {
    let index = repository.git2().index().ok();
    let is_schedule = |path: &[u8]| path.starts_with(b"schedules/") && path.ends_with(b".json");
    index.map_or(0, |index| index.iter().filter(|entry| is_schedule(&entry.path)).count())
}
