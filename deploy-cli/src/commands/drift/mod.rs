//! `drift`: what stands on servers against what was deployed to them.

mod accept;
mod json;
mod look;
mod markdown;
mod text;

use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;
use deploy_core::deploy::drift::{Drift, Drifted};
use deploy_core::repository::records::Record;

use super::completions;
use crate::cli::Global;
use crate::error::CommandError;
use crate::ui::{Ui, count};
use crate::{CommandResult, Exit};

/// Compare what stands on servers with what was deployed to them
///
/// Asks the servers, of whatever type, and changes nothing. What differs from
/// what was deployed is shown by JSON pointer; what stands there no more is
/// drift too, what was never deployed is not. Differences that somebody answers
/// for (`drift accept`) and values that move at run time are shown and do not
/// count. Exit code 3 where a difference counts.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "Examples:\n  opcon-deploy drift                          every server with deployments\n  opcon-deploy drift PROD QA --only 'FIN_*' --only package:STORES\n  opcon-deploy drift PROD --unmanaged --fetch --markdown\n  opcon-deploy drift accept PROD Payroll --pointer /scheduleList/0/startTime --reason 'until the new year' --until 2027-01-08"
)]
pub struct DriftArgs {
    #[command(subcommand)]
    command: Option<DriftCommand>,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Subcommand)]
enum DriftCommand {
    Accept(accept::AcceptArgs),
}

#[derive(Debug, Args)]
struct LookArgs {
    /// The servers, or patterns of their names; all to which something was deployed if absent
    #[arg(value_name = "SERVER", add = ArgValueCandidates::new(completions::servers))]
    servers: Vec<String>,
    /// Compare these only: names, patterns, or `package:NAME`; may be given several times
    #[arg(long, value_name = "WHAT", add = ArgValueCandidates::new(completions::schedules))]
    only: Vec<String>,
    /// List what stands there and was never deployed, too
    #[arg(long)]
    unmanaged: bool,
    /// Print Markdown for a pull request or a chat
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// One server, and what came of looking at it.
struct Looked {
    server: String,
    outcome: Result<Drift, CommandError>,
}

pub(super) fn run(args: DriftArgs, global: &Global, ui: &Ui) -> CommandResult {
    let args = match args.command {
        Some(DriftCommand::Accept(args)) => return accept::run(args, global, ui),
        None => args.look,
    };
    let all = look::look(&args, global, ui)?;
    if ui.is_json() {
        ui.json("servers", &all.iter().map(json::server).collect::<Vec<_>>())?;
    } else if args.markdown {
        all.iter().for_each(|looked| ui.print(&markdown::report(looked)));
    } else {
        all.iter().flat_map(text::report).for_each(|line| ui.line(line));
    }
    finish(&all, ui)
}

/// What is to be done about it, and the exit code.
fn finish(all: &[Looked], ui: &Ui) -> CommandResult {
    let mut failed = false;
    for looked in all {
        match &looked.outcome {
            Ok(drift) => {
                failed |= !drift.failed.is_empty();
                let hints = drift.failed.iter().filter_map(|(_, error)| error.hint());
                hints.take(1).for_each(|hint| ui.hint(hint));
            }
            Err(error) => {
                failed = true;
                error.hints(ui);
            }
        }
    }
    let drifts = all.iter().filter_map(|looked| looked.outcome.as_ref().ok());
    let counting = drifts.flat_map(|drift| drift.drifted.iter().map(move |one| (&drift.server, one)));
    let counting: Vec<(&String, &Drifted)> = counting.filter(|(_, one)| one.counting() > 0).collect();
    if let Some((server, first)) = counting.first() {
        ui.note(format!("{} drifted", count(counting.len(), "schedule")));
        ui.hint(what_helps(server, &first.record));
    } else if !failed && !all.is_empty() {
        ui.note("no drift");
    }
    Ok(match (failed, counting.is_empty()) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Done,
        (false, false) => Exit::Findings,
    })
}

/// What can be done about a difference.
fn what_helps(server: &str, record: &Record) -> String {
    let name = record.original_name.as_ref().unwrap_or(&record.name);
    let version = record.source.version.map(|version| format!("@{version}")).unwrap_or_default();
    let back = format!("`opcon-deploy deploy \"{name}{version}\" --to {server} --accept-drift`");
    let accept = format!("`opcon-deploy drift accept {server} \"{}\"`", record.name);
    format!("{back} puts back what was deployed, {accept} answers for the difference")
}

/// What a schedule is against what was deployed, in a word.
fn word(drifted: &Drifted) -> &'static str {
    match drifted {
        drifted if drifted.counting() > 0 && drifted.gone => "gone",
        drifted if drifted.counting() > 0 => "drifted",
        drifted if drifted.accepted_by.is_empty() => "values",
        _ => "accepted",
    }
}

/// What was compared and what came of it: `12 schedules compared: 2 drifted, 1 accepted`.
fn summary(drift: &Drift) -> String {
    let number = |words: &[&str]| drift.drifted.iter().filter(|one| words.contains(&word(one))).count();
    let counts = [
        (number(&["drifted", "gone"]), "drifted"),
        (number(&["accepted"]), "accepted"),
        (number(&["values"]), "with other values"),
        (drift.failed.len(), "not compared"),
    ];
    let counts = counts.iter().filter(|(number, _)| *number > 0);
    let mut counts: Vec<String> = counts.map(|(number, word)| format!("{number} {word}")).collect();
    if drift.drifted.is_empty() {
        counts.insert(0, "no drift".to_owned());
    }
    format!("{} compared: {}", count(drift.compared.len(), "schedule"), counts.join(", "))
}
