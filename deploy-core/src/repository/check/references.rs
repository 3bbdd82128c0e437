//! Sub-schedules and external dependencies that resolve nowhere in the repository.

use std::collections::HashMap;

use super::code;
use super::definitions::{Facts, job_id};
use super::finding::Finding;

/// Findings on what the definitions need of each other; facts come with the paths of their files.
pub(super) fn check(facts: &[(&str, Facts)], findings: &mut Vec<Finding>) {
    let mut by_name: HashMap<&str, &Facts> = HashMap::new();
    let mut by_folded: HashMap<String, &str> = HashMap::new();
    for (_, facts) in facts {
        if let Some(name) = &facts.name {
            by_name.insert(name, facts);
            by_folded.insert(name.to_lowercase(), name);
        }
    }
    let near = |name: &str| match by_folded.get(&name.to_lowercase()) {
        Some(other) => format!("; there is `{other}`"),
        None => String::new(),
    };
    for (path, facts) in facts {
        for need in &facts.needs {
            let (by, schedule) = (&need.by, &need.schedule);
            let finding = match (by_name.get(schedule.as_str()), &need.job) {
                (None, None) => {
                    let message = format!(
                        "container job `{by}` runs schedule `{schedule}`, which is not in the repository{}",
                        near(schedule)
                    );
                    Finding::new(code::SUB_SCHEDULE, path, message)
                }
                (None, Some(job)) => {
                    let message = format!(
                        "job `{by}` depends on job `{job}` of schedule `{schedule}`, which is not in the repository{}",
                        near(schedule)
                    );
                    Finding::new(code::EXTERNAL_SCHEDULE, path, message)
                }
                (Some(other), Some(job)) if other.jobs.binary_search(&job_id(job)).is_err() => {
                    let message = format!(
                        "job `{by}` depends on job `{job}`, which schedule `{schedule}` does not have"
                    );
                    Finding::new(code::EXTERNAL_JOB, path, message)
                }
                _ => continue,
            };
            findings.push(finding.pointer(need.pointer.clone()));
        }
    }
}
