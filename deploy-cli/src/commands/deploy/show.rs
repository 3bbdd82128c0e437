//! What `deploy` shows: refusals with their differences, and what was done.

use deploy_core::deploy::execute::Done;
use deploy_core::deploy::{Plan, Refusal, RefusalKind};
use deploy_core::repository::records::{Record, Status};
use serde_json::{Value, json};

use super::super::simulate::text::report;
use crate::error::CommandError;
use crate::ui::{Ui, count, one_line, style, styled};
use crate::{CommandResult, Exit};

/// The whole report of a simulation, for whoever is about to be asked.
pub(super) fn plan(plan: &Plan, ui: &Ui) {
    report(plan).iter().for_each(|line| ui.note(line));
}

/// A refusal with its differences.
pub(super) fn refusal(refusal: &Refusal, ui: &Ui) {
    ui.note(styled(style::CHANGED, one_line(&refusal.message)));
    for change in refusal.local_changes.iter().filter(|change| !change.accepted) {
        ui.note(format!("  {} {}  {}", change.op, one_line(&change.pointer), one_line(&change.words)));
    }
}

/// All refusals, as the error that ends the command.
pub(super) fn refused(plan: &Plan, refusals: &[Refusal], ui: &Ui) -> CommandError {
    refusals.iter().for_each(|one| refusal(one, ui));
    let message = format!("nothing was deployed to `{}`", plan.server);
    let mut kinds: Vec<RefusalKind> = refusals.iter().map(|refusal| refusal.kind).collect();
    kinds.sort();
    kinds.dedup();
    let reasons = refusals.iter().map(|refusal| refusal.message.clone());
    if kinds.contains(&RefusalKind::Errors) {
        return CommandError::failed(message)
            .because(reasons)
            .hint("`opcon-deploy simulate` shows every check; errors cannot be accepted");
    }
    let options: Vec<&str> = kinds.iter().filter_map(|kind| kind.option()).collect();
    CommandError::refused(message)
        .because(reasons)
        .hint(format!("`{}` goes on nevertheless", options.join(" ")))
}

/// What a digest that moved stands for.
pub(super) fn moved_words(part: &str) -> &'static str {
    match part {
        "source" => "the schedules are others",
        "rules" => "the rules are others",
        "target" => "something else stands on the target",
        _ => "something else would be sent",
    }
}

/// What one transaction did.
pub(in super::super) fn done(done: &Done, ui: &Ui) -> CommandResult {
    if ui.is_json() {
        ui.json("deployments", &rows(done))?;
    } else {
        let width = done.records.iter().map(|record| record.name.chars().count()).max().unwrap_or(0).min(40);
        for record in &done.records {
            ui.line(line(record, width));
        }
        summary(done, ui);
    }
    warn(done, ui);
    Ok(exit(done))
}

/// A line for one schedule.
pub(super) fn line(record: &Record, width: usize) -> String {
    let name = one_line(&record.name);
    let version = match (record.source.version, &record.source.blob) {
        (Some(version), _) => format!("version {version}"),
        (None, Some(blob)) => format!("content {blob:.8}"),
        (None, None) => "no version".to_owned(),
    };
    if record.status == Status::Deleted {
        return format!(
            "{name:width$}  {}",
            styled(style::REMOVED, format!("removed from {}", record.server))
        );
    }
    let from = record.original_name.as_ref().map(|name| format!("  from `{}`", one_line(name)));
    let text = format!("{version} on {}", record.server);
    format!("{name:width$}  {}{}", styled(style::ADDED, text), from.unwrap_or_default())
}

fn summary(done: &Done, ui: &Ui) {
    let Some(first) = done.records.first() else { return };
    let words = match &done.package {
        Some(package) => {
            let version = package.source.version.map(|version| format!("@{version}")).unwrap_or_default();
            format!("Package {}{version}: record {}", one_line(&package.name), package.id)
        }
        None if done.records.len() > 1 => {
            let transaction = first.transaction.map(|id| id.to_string()).unwrap_or_default();
            format!("{} in one transaction {transaction}", count(done.records.len(), "schedule"))
        }
        None => format!("Record {}", first.id),
    };
    ui.note(words);
}

/// What is not as it was sent, and what was not said but seen.
pub(super) fn warn(done: &Done, ui: &Ui) {
    if done.read_back_decided {
        ui.warning("the target's answer was lost; what stands there was read back and is as planned");
    }
    for (name, lines) in &done.mismatch {
        ui.warning(format!("`{}` does not stand there as it was sent:", one_line(name)));
        for line in lines {
            ui.note(format!("  {}", one_line(line)));
        }
    }
}

/// The exit code: what stands there otherwise than planned is a failure.
pub(super) fn exit(done: &Done) -> Exit {
    if done.mismatch.is_empty() { Exit::Done } else { Exit::Failed }
}

fn rows(done: &Done) -> Vec<Value> {
    done.records.iter().map(|record| row(record, done)).collect()
}

/// One schedule for JSON.
pub(super) fn row(record: &Record, done: &Done) -> Value {
    let mismatch = done.mismatch.iter().find(|(name, _)| *name == record.name).map(|(_, lines)| lines);
    json!({
        "name": record.name,
        "originalName": record.original_name,
        "server": record.server,
        "record": record.id,
        "status": record.status,
        "version": record.source.version,
        "package": done.package.as_ref().map(|package| &package.name),
        "transaction": record.transaction,
        "mismatch": mismatch,
        "outcome": if record.status == Status::Active { "deployed" } else { "failed" },
    })
}
