//! The jobs of a schedule and what refers to them.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::Definition;
use super::super::summary::{items, sub_schedule, text};
use super::{
    CONTAINER_WITHOUT_SCHEDULE, DEPENDENCY_FREQUENCY, DEPENDENCY_JOB, DUPLICATE_JOB, EMPTY_EXPRESSION,
    EXTERNAL_DEPENDENCY_JOB, Findings, JOB_TYPE_MISSING, NAME_MISSING, RESOURCE_NOT_INCLUDED, documentation,
};

/// The jobs of a schedule by name, each with the names of its frequencies.
type Jobs<'v> = HashMap<&'v str, HashSet<&'v str>>;

pub(super) fn check(definition: &Value, schedule: &Value, pointer: &str, findings: &mut Findings) {
    let included: HashSet<&str> =
        items(definition, "variableList").filter_map(|item| text(item, "name")).collect();
    let mut folded: HashMap<String, &str> = HashMap::new();
    for (at, job) in items(schedule, "jobList").enumerate().filter(|(_, job)| job.is_object()) {
        let pointer = format!("{pointer}/jobList/{at}");
        let name = job["name"].as_str().unwrap_or_default();
        findings.name("job", name, 64, &pointer);
        findings.characters("job", name, &pointer);
        if let Some(other) = folded.insert(name.to_lowercase(), name).filter(|_| !name.is_empty()) {
            let message = if other == name {
                format!("job `{name}` stands twice in schedule `{}`", name_of(schedule))
            } else {
                format!("the names of jobs `{other}` and `{name}` differ in case only")
            };
            findings.add(DUPLICATE_JOB, format!("{pointer}/name"), message);
        }
        documentation(job, &format!("job `{name}`"), &pointer, findings);
        check_job(job, name, &pointer, &included, findings);
    }
    check_frequencies(schedule, &format!("schedule `{}`", name_of(schedule)), pointer, findings);
    check_dependencies(schedule, pointer, findings);
}

fn check_job(job: &Value, name: &str, pointer: &str, included: &HashSet<&str>, findings: &mut Findings) {
    match text(job, "type") {
        None => {
            findings.add(JOB_TYPE_MISSING, pointer.to_owned(), format!("job `{name}` has no `type`"));
        }
        Some(kind) if kind.eq_ignore_ascii_case("container") && sub_schedule(job).is_none() => {
            let message =
                format!("container job `{name}` names no schedule to run in `containerData.subScheduleName`");
            findings.add(CONTAINER_WITHOUT_SCHEDULE, format!("{pointer}/containerData"), message);
        }
        Some(_) => {}
    }
    check_frequencies(job, &format!("job `{name}`"), pointer, findings);
    for (at, dependency) in items(job, "expressionDependencyList").enumerate() {
        if text(dependency, "expression").is_none_or(|expression| expression.trim().is_empty()) {
            let message = format!("an expression dependency of job `{name}` has no expression");
            findings.add(EMPTY_EXPRESSION, format!("{pointer}/expressionDependencyList/{at}"), message);
        }
    }
    for (list, key, thing) in [
        ("resourceDependencyList", "resourceName", "resource"),
        ("thresholdDependencyList", "thresholdName", "threshold"),
    ] {
        for (at, dependency) in items(job, list).enumerate() {
            if let Some(other) = text(dependency, key).filter(|other| !included.contains(other)) {
                let message =
                    format!("job `{name}` depends on {thing} `{other}`, which `variableList` does not hold");
                findings.add(RESOURCE_NOT_INCLUDED, format!("{pointer}/{list}/{at}"), message);
            }
        }
    }
}

fn check_frequencies(owner: &Value, words: &str, pointer: &str, findings: &mut Findings) {
    for (at, frequency) in items(owner, "frequencyList").enumerate() {
        if frequency.is_object() && text(frequency, "name").is_none() {
            let message = format!("a frequency of {words} has no name");
            findings.add(NAME_MISSING, format!("{pointer}/frequencyList/{at}"), message);
        }
    }
}

fn check_dependencies(schedule: &Value, pointer: &str, findings: &mut Findings) {
    let jobs = jobs_of(schedule);
    for (at, dependency) in items(schedule, "internalDependencyList").enumerate() {
        for (job, frequency) in
            [("jobName", "frequencyName"), ("predecessorJobName", "predecessorFrequencyName")]
        {
            let pointer = format!("{pointer}/internalDependencyList/{at}/{job}");
            check_reference(dependency, (job, frequency), &jobs, name_of(schedule), pointer, findings);
        }
    }
}

fn check_reference(
    dependency: &Value,
    (job, frequency): (&str, &str),
    jobs: &Jobs<'_>,
    schedule: &str,
    pointer: String,
    findings: &mut Findings,
) {
    let Some(name) = text(dependency, job) else {
        findings.add(
            DEPENDENCY_JOB,
            pointer,
            format!("a dependency of schedule `{schedule}` has no `{job}`"),
        );
        return;
    };
    let Some(frequencies) = jobs.get(name) else {
        let message = format!("a dependency names job `{name}`, which schedule `{schedule}` does not have");
        findings.add(DEPENDENCY_JOB, pointer, message);
        return;
    };
    if let Some(other) = text(dependency, frequency).filter(|other| !frequencies.contains(other)) {
        let message = format!("a dependency names frequency `{other}`, which job `{name}` does not have");
        findings.add(DEPENDENCY_FREQUENCY, pointer, message);
    }
}

/// Dependencies across schedules, at the end that is in the definition.
pub(super) fn check_external(definition: &Definition, findings: &mut Findings) {
    let schedules: HashMap<&str, Jobs<'_>> =
        definition.schedules().iter().map(|schedule| (name_of(schedule), jobs_of(schedule))).collect();
    for (at, dependency) in items(definition.value(), "externalDependencyList").enumerate() {
        let pointer = format!("/externalDependencyList/{at}");
        let (schedule, job) =
            (text(dependency, "scheduleName"), text(dependency, "jobName").unwrap_or_default());
        let jobs = schedule.and_then(|schedule| schedules.get(schedule));
        if jobs.is_none_or(|jobs| !jobs.contains_key(job)) {
            let message = format!(
                "an external dependency belongs to job `{job}` of schedule `{}`, which is not in the definition",
                schedule.unwrap_or_default()
            );
            findings.add(EXTERNAL_DEPENDENCY_JOB, pointer, message);
            continue;
        }
        let other =
            text(dependency, "predecessorScheduleName").and_then(|name| Some((name, schedules.get(name)?)));
        if let Some((name, jobs)) = other {
            let fields = ("predecessorJobName", "predecessorFrequencyName");
            check_reference(
                dependency,
                fields,
                jobs,
                name,
                format!("{pointer}/predecessorJobName"),
                findings,
            );
        }
    }
}

fn name_of(schedule: &Value) -> &str {
    schedule["name"].as_str().unwrap_or_default()
}

fn jobs_of(schedule: &Value) -> Jobs<'_> {
    items(schedule, "jobList")
        .filter_map(|job| {
            let frequencies = items(job, "frequencyList").filter_map(|frequency| text(frequency, "name"));
            Some((text(job, "name")?, frequencies.collect()))
        })
        .collect()
}
