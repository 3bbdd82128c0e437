//! The sections of a plan that are about more than the definition: what was
//! selected, what stands there, the rules, the daily.

use super::Shared;
use super::look::Looked;
use crate::deploy::check::{Findings, Where};
use crate::deploy::{Finding, FoundBy, PlannedSchedule, Remark, Selected, Severity, Stands};
use crate::repository::records::{Action, Record};
use crate::repository::servers::ServerClass;
use crate::rules::Warning;

/// So many instances of the daily are named.
const INSTANCES: usize = 3;

/// What is worth knowing of what was selected.
pub(super) fn selection(remarks: &[Remark], selected: &[Selected]) -> Vec<Finding> {
    let mut findings = Findings::default();
    let concerns = |remark: &&Remark| {
        remark.schedule.as_ref().is_none_or(|name| selected.iter().any(|item| item.name == *name))
    };
    for remark in remarks.iter().filter(concerns) {
        let severity = if remark.refused { Severity::Warning } else { Severity::Note };
        let at = Where { schedule: remark.schedule.as_deref(), job: None };
        findings.add(severity, at, remark.text.as_str());
    }
    findings.finish()
}

/// What stands there, against what the records say.
pub(super) fn comparison(shared: &Shared, looked: &[Looked]) -> Vec<Finding> {
    let server = &shared.server.name;
    let production = shared.server.server.kind.class() == ServerClass::Production;
    let mut findings = Findings::default();
    for seen in looked {
        let at = Where::schedule(&seen.name);
        let mut tell = |severity, message: String| findings.add(severity, at, message);
        if shared.order.options.no_overwrite && !matches!(seen.stands, Stands::Nothing) {
            tell(Severity::Error, format!("stands on `{server}` already, and is not to be overwritten"));
        }
        match &seen.stands {
            Stands::Nothing => {}
            Stands::Unknown => {
                tell(
                    Severity::Warning,
                    format!("stands on `{server}` without deployment information and without a record"),
                );
            }
            Stands::Known { record, by, drift, local_changes } => {
                let counting = local_changes.iter().filter(|change| !change.accepted).count();
                let since = told(record);
                match (drift, production) {
                    (true, true) => tell(
                        Severity::Warning,
                        format!("was changed on `{server}` since it was {since}: {}", differences(counting)),
                    ),
                    (true, false) => tell(
                        Severity::Note,
                        format!("stands there, {since}, and was changed since: {}", differences(counting)),
                    ),
                    (false, true) => {}
                    (false, false) => tell(Severity::Note, format!("stands there, {since}")),
                }
                let others = local_changes.len() - counting;
                if others > 0 {
                    tell(Severity::Note, format!("{} on `{server}` do not count", differences(others)));
                }
                match (&seen.names_other, by) {
                    (Some(other), _) => tell(
                        Severity::Note,
                        format!(
                            "its deployment information names record {other}, which is not the one that is active"
                        ),
                    ),
                    (None, FoundBy::ServerAndName) if record.action != Action::Adopt => tell(
                        Severity::Note,
                        "has no deployment information; its record was found by server and name".to_owned(),
                    ),
                    _ => {}
                }
            }
        }
        if seen.unchanged {
            let words = match shared.package.is_some() && !shared.settings.deploy.update_unchanged {
                true => "stands there unchanged: only its deployment information is written",
                false => "stands there unchanged",
            };
            tell(Severity::Note, words.to_owned());
        }
        if let Some(pin) = &seen.pin {
            let version =
                pin.version.map_or_else(|| "this content".to_owned(), |number| format!("version {number}"));
            let (who, day) = (&pin.user.name, pin.since.format("%Y-%m-%d"));
            tell(Severity::Warning, format!("{version} was rolled back on `{server}` by {who} on {day}"));
        }
    }
    findings.finish()
}

/// How a record came to be, in words: `deployed by Ann (version 3) on 2026-11-20`.
pub(in crate::deploy) fn told(record: &Record) -> String {
    let verb = match record.action {
        Action::Deploy => "deployed",
        Action::Rollback => "put back",
        Action::Delete => "removed",
        Action::Adopt => "adopted",
        Action::Simulate => "simulated",
        Action::Import => "imported",
    };
    let version = record.source.version.map_or_else(String::new, |version| format!(" (version {version})"));
    let day = record.ended.unwrap_or(record.begun).format("%Y-%m-%d");
    format!("{verb} by {}{version} on {day}", record.user.name)
}

fn differences(count: usize) -> String {
    if count == 1 { "1 difference".to_owned() } else { format!("{count} differences") }
}

/// What the rules warn of, and whether they were left out.
pub(super) fn rules(shared: &Shared, warnings: &[Warning], left_out: bool) -> Vec<Finding> {
    let mut findings = Findings::default();
    if left_out {
        let (severity, what) = match shared.settings.deploy.fail_if_rules_not_allowed {
            true => (Severity::Error, "nothing is deployed without them"),
            false => (Severity::Warning, "it is deployed without them"),
        };
        let message = format!("rules are chosen and `{}` does not allow any: {what}", shared.server.name);
        findings.add(severity, Where::default(), message);
    }
    for warning in warnings {
        let line = if warning.line > 0 { format!(", line {}", warning.line) } else { String::new() };
        let message = format!("rule `{}`{line}: {}", warning.rule, warning.text);
        findings.add(Severity::Warning, Where::default(), message);
    }
    findings.finish()
}

/// What in the daily keeps the old definition.
pub(super) fn daily(schedules: &[PlannedSchedule]) -> Vec<Finding> {
    let mut findings = Findings::default();
    for schedule in schedules.iter().filter(|schedule| !schedule.in_daily.is_empty()) {
        let named = schedule.in_daily.iter().take(INSTANCES).map(|instance| match instance.date {
            Some(date) => format!("{date} ({})", instance.status),
            None => format!("{} ({})", instance.id, instance.status),
        });
        let mut named: Vec<String> = named.collect();
        if schedule.in_daily.len() > INSTANCES {
            named.push(format!("{} more", schedule.in_daily.len() - INSTANCES));
        }
        let message = format!("keeps the old definition in the daily: {}", named.join(", "));
        findings.add(Severity::Note, Where::schedule(&schedule.name), message);
    }
    findings.finish()
}
