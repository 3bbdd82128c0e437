//! Findings as they come up: what is the same of many jobs is one finding.

use std::collections::HashMap;

use crate::deploy::{Finding, Severity};

/// Gathers findings; the first place of each stands in it, the others are counted.
#[derive(Default)]
pub(in crate::deploy) struct Findings {
    list: Vec<Gathered>,
    known: HashMap<(Severity, String), usize>,
}

struct Gathered {
    finding: Finding,
    /// The other schedules; each once, as they come one after the other.
    others: Vec<String>,
    jobs: usize,
}

/// So many other schedules are named.
const NAMED: usize = 3;

/// Where something was found.
#[derive(Clone, Copy, Default)]
pub(in crate::deploy) struct Where<'w> {
    pub(in crate::deploy) schedule: Option<&'w str>,
    pub(in crate::deploy) job: Option<&'w str>,
}

impl<'w> Where<'w> {
    pub(in crate::deploy) fn job(schedule: &'w str, job: &'w str) -> Self {
        Self { schedule: Some(schedule), job: Some(job) }
    }

    pub(in crate::deploy) fn schedule(schedule: &'w str) -> Self {
        Self { schedule: Some(schedule), job: None }
    }
}

impl Findings {
    pub(in crate::deploy) fn add(&mut self, severity: Severity, at: Where<'_>, message: impl Into<String>) {
        let message = message.into();
        let key = (severity, message);
        if let Some(known) = self.known.get(&key) {
            let gathered = &mut self.list[*known];
            let last = gathered.others.last().or(gathered.finding.schedule.as_ref());
            if at.schedule.is_some() && last.map(String::as_str) != at.schedule {
                gathered.others.extend(at.schedule.map(str::to_owned));
            }
            gathered.jobs += usize::from(at.job.is_some());
            return;
        }
        self.known.insert(key.clone(), self.list.len());
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let (schedule, job) = (text(at.schedule), text(at.job));
        self.list.push(Gathered {
            finding: Finding { severity, schedule, job, message: key.1 },
            others: Vec::new(),
            jobs: usize::from(at.job.is_some()),
        });
    }

    /// The worst first, otherwise in the order in which they came up.
    pub(in crate::deploy) fn finish(self) -> Vec<Finding> {
        let mut list: Vec<Finding> = self.list.into_iter().map(Gathered::finish).collect();
        list.sort_by_key(|finding| finding.severity);
        list
    }
}

impl Gathered {
    fn finish(self) -> Finding {
        let mut finding = self.finding;
        let more = match (self.jobs.saturating_sub(1), self.others.len()) {
            (0, 0) => return finding,
            (1, _) => "one more job".to_owned(),
            (0, others) => {
                let named = self.others.iter().take(NAMED).map(|name| format!("`{name}`"));
                let mut named: Vec<String> = named.collect();
                if others > NAMED {
                    named.push(format!("{} more schedules", others - NAMED));
                }
                named.join(", ")
            }
            (jobs, _) => format!("{jobs} more jobs"),
        };
        finding.message.push_str(&format!(" (and {more})"));
        finding
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_same_of_many_jobs_is_one_finding() {
        let mut findings = Findings::default();
        for schedule in ["A", "B", "C", "D", "E"] {
            findings.add(Severity::Note, Where::schedule(schedule), "n");
        }
        for job in ["1", "2", "3"] {
            findings.add(Severity::Error, Where::job("A", job), "gone");
        }
        findings.add(Severity::Error, Where::default(), "top");
        let told: Vec<String> = findings
            .finish()
            .into_iter()
            .map(|f| format!("{} {:?} {:?} {}", f.severity, f.schedule, f.job, f.message))
            .collect();
        assert_eq!(
            told,
            [
                "error Some(\"A\") Some(\"1\") gone (and 2 more jobs)",
                "error None None top",
                "note Some(\"A\") None n (and `B`, `C`, `D`, 1 more schedules)",
            ]
        );
    }
}
