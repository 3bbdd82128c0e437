//! Dependencies on jobs of schedules that are not part of the deployment.

use std::collections::HashSet;

use super::findings::Where;
use super::{Findings, Subject, fold, is_token};
use crate::definition::{Definition, items, text_in};
use crate::deploy::Severity;

/// The schedules that others are depended on, and that are not in the definition.
pub(in crate::deploy) fn predecessors(definition: &Definition) -> Vec<&str> {
    let sent: HashSet<String> = definition.names().into_iter().map(fold).collect();
    let all = items(definition.value(), "externalDependencyList");
    let mut names: Vec<&str> = all.filter_map(|item| text_in(item, "predecessorScheduleName")).collect();
    names.retain(|name| !is_token(name) && !sent.contains(&fold(name)));
    names.sort_unstable();
    names.dedup();
    names
}

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let severity = match subject.settings.fail_if_external_dependency_missing {
        true => Severity::Error,
        false => Severity::Warning,
    };
    let sent: HashSet<(String, String)> =
        subject.jobs().map(|job| (fold(job.schedule), fold(job.name))).collect();
    let sent_schedules: HashSet<String> = subject.definition.names().into_iter().map(fold).collect();
    let asked: HashSet<&str> = subject.jobs.iter().map(|(schedule, _)| schedule.as_str()).collect();
    for dependency in items(subject.definition.value(), "externalDependencyList") {
        let text = |key| text_in(dependency, key);
        let Some(schedule) = text("predecessorScheduleName").filter(|name| !is_token(name)) else { continue };
        let at = Where { schedule: text("scheduleName"), job: text("jobName") };
        let job = text("predecessorJobName").filter(|name| !is_token(name));
        let is_sent = sent_schedules.contains(&fold(schedule));
        if !is_sent && !subject.masters.contains(&fold(schedule)) {
            let message = format!(
                "depends on schedule `{schedule}`, which is neither on `{}` nor part of the deployment",
                subject.server
            );
            findings.add(severity, at, message);
            continue;
        }
        let Some(job) = job else { continue };
        let key = (fold(schedule), fold(job));
        let message = match is_sent {
            true if !sent.contains(&key) => {
                format!("depends on job `{job}`, which schedule `{schedule}` of the deployment does not have")
            }
            // Of schedules that were not asked for nothing is known.
            false if !subject.jobs.contains(&key) && asked.contains(key.0.as_str()) => {
                format!(
                    "depends on job `{job}`, which schedule `{schedule}` on `{}` does not have",
                    subject.server
                )
            }
            _ => continue,
        };
        findings.add(severity, at, message);
    }
}
