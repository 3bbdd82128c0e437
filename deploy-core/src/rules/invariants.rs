//! What must hold after rules that held before: names stay unique and within
//! OpCon's limits, dependencies point at something, schedules keep jobs.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde_json::Value;

use super::document::{items, name_of};
use super::trace::{Call, Hit, RuleTrace, Trace};
use crate::definition::FORBIDDEN;

const SCHEDULE_NAME: usize = 40;
const JOB_NAME: usize = 64;
const DOCUMENTATION: usize = 4_000;
const PROPERTY_NAME: usize = 64;
const PROPERTY_VALUE: usize = 4_000;

/// What rules broke, and which of them did it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BrokenInvariant {
    /// The rule that did it.
    pub rule: String,
    /// Line in the rule; 0 where there is none.
    pub line: usize,
    /// What is wrong with the result, without a full stop.
    pub message: String,
}

impl fmt::Display for BrokenInvariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}`", self.rule)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What was already so before the rules.
pub(crate) struct Before {
    /// Dependencies that pointed at nothing, by list and place.
    dangling: HashSet<(usize, usize)>,
    /// Schedules without jobs.
    empty: HashSet<usize>,
    /// Names of jobs that stood more than once in a schedule.
    twice: HashSet<(usize, String)>,
    /// Whether a job had a frequency twice.
    doubled_frequency: bool,
}

/// The place of external dependencies among the lists.
const EXTERNAL: usize = usize::MAX;
const EXTERNAL_ON: usize = usize::MAX - 1;

impl Before {
    pub(crate) fn of(document: &Value) -> Self {
        let mut before = Self {
            dangling: HashSet::new(),
            empty: HashSet::new(),
            twice: HashSet::new(),
            doubled_frequency: doubled_frequency(document).is_some(),
        };
        let jobs = Jobs::of(document);
        jobs.dangling(document, &mut |list, at, _, _| {
            before.dangling.insert((list, at));
        });
        for (at, schedule) in items(document, "scheduleList").iter().enumerate() {
            if items(schedule, "jobList").iter().all(Value::is_null) {
                before.empty.insert(at);
            }
        }
        jobs.twice(document, &mut |at, name| {
            before.twice.insert((at, name.to_lowercase()));
        });
        before
    }

    /// Finds the first thing that the rules broke.
    pub(crate) fn check(&self, document: &Value, trace: &Trace) -> Result<(), BrokenInvariant> {
        limits(trace)?;
        let mut names: HashMap<String, &str> = HashMap::new();
        for (at, schedule) in items(document, "scheduleList").iter().enumerate() {
            let name = name_of(schedule).unwrap_or_default();
            if let Some(other) = names.insert(name.to_lowercase(), name) {
                let message = match other == name {
                    true => format!("two schedules would be named `{name}`"),
                    false => format!(
                        "two schedules would be named `{other}` and `{name}`, which differ only in case"
                    ),
                };
                return Err(blame(trace, message, |hit| is(&hit.new, name) || is(&hit.new, other)));
            }
            if !self.empty.contains(&at) && items(schedule, "jobList").iter().all(Value::is_null) {
                let message = format!("the schedule `{name}` would have no job left");
                return Err(blame(trace, message, |hit| {
                    hit.new.is_none() && hit.spot.pointer.starts_with("/jobList/")
                }));
            }
        }
        let jobs = Jobs::of(document);
        let mut broken = None;
        jobs.twice(document, &mut |at, name| {
            if !self.twice.contains(&(at, name.to_lowercase())) && broken.is_none() {
                let schedule = items(document, "scheduleList").get(at).and_then(name_of).unwrap_or_default();
                let message = format!("two jobs of the schedule `{schedule}` would be named `{name}`");
                broken = Some(blame(trace, message, |hit| {
                    hit.spot.pointer == "/name" && hit.spot.job.is_some() && is_folded(&hit.new, name)
                }));
            }
        });
        if let Some(message) = doubled_frequency(document).filter(|_| !self.doubled_frequency) {
            broken = broken
                .or_else(|| Some(blame(trace, message, |hit| hit.spot.pointer.contains("frequencyList"))));
        }
        jobs.dangling(document, &mut |list, at, schedule, job| {
            if !self.dangling.contains(&(list, at)) && broken.is_none() {
                let message = format!("a dependency would point at the job `{job}`, which the schedule `{schedule}` does not have");
                broken = Some(blame(trace, message, |hit| {
                    is(&hit.new, job)
                        || is(&hit.old, job)
                        || hit.old.as_ref().and_then(name_of) == Some(job)
                }));
            }
        });
        broken.map_or(Ok(()), Err)
    }
}

/// A job or schedule that has two frequencies of one name.
fn doubled_frequency(document: &Value) -> Option<String> {
    let double = |owner: &Value| -> Option<String> {
        let names: Vec<&str> = items(owner, "frequencyList").iter().filter_map(name_of).collect();
        let found = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name))?.1;
        let owner = name_of(owner).unwrap_or_default();
        Some(format!("`{owner}` would have two frequencies named `{found}`"))
    };
    items(document, "scheduleList")
        .iter()
        .find_map(|schedule| double(schedule).or_else(|| items(schedule, "jobList").iter().find_map(double)))
}

/// Limits of OpCon, for what rules wrote.
fn limits(trace: &Trace) -> Result<(), BrokenInvariant> {
    for (rule, call, hit) in trace.hits() {
        let Some(new) = hit.new.as_ref().and_then(Value::as_str) else {
            continue;
        };
        // What a later call changed again is that call's to answer for.
        if hit.relayed.is_some() {
            continue;
        }
        let (what, longest, is_name) = match (&hit.spot.schedule, &hit.spot.job, hit.spot.pointer.as_str()) {
            (Some(_), Some(_), "/name") => ("job name", JOB_NAME, true),
            (Some(_), None, "/name") => ("schedule name", SCHEDULE_NAME, true),
            (_, _, "/documentation") => ("documentation", DOCUMENTATION, false),
            (None, None, pointer) if pointer.starts_with("/propertyList/") && pointer.ends_with("/name") => {
                ("property name", PROPERTY_NAME, false)
            }
            (None, None, pointer) if pointer.starts_with("/propertyList/") && pointer.ends_with("/value") => {
                ("property value", PROPERTY_VALUE, false)
            }
            _ => continue,
        };
        let length = new.chars().count();
        let shown: String = new.chars().take(80).collect();
        let wrong = if length > longest {
            format!("the {what} `{shown}` has {length} characters; OpCon takes {longest}")
        } else if let Some(character) = new.chars().find(|c| is_name && FORBIDDEN.contains(*c)) {
            format!("the {what} `{shown}` holds `{character}`, which OpCon does not allow")
        } else if is_name && new.is_empty() {
            format!("the {what} would be empty")
        } else {
            continue;
        };
        return Err(broken(rule, call, wrong));
    }
    Ok(())
}

fn broken(rule: &RuleTrace, call: &Call, message: String) -> BrokenInvariant {
    BrokenInvariant { rule: rule.name.clone(), line: call.line, message }
}

/// Names the last call that fits, or the last one at all.
fn blame(trace: &Trace, message: String, fits: impl Fn(&Hit) -> bool) -> BrokenInvariant {
    let found = trace.hits().rev().find(|(_, _, hit)| fits(hit)).or_else(|| trace.hits().next_back());
    match found {
        Some((rule, call, _)) => broken(rule, call, message),
        None => BrokenInvariant { rule: String::new(), line: 0, message },
    }
}

fn is(value: &Option<Value>, text: &str) -> bool {
    value.as_ref().and_then(Value::as_str) == Some(text)
}

fn is_folded(value: &Option<Value>, text: &str) -> bool {
    value.as_ref().and_then(Value::as_str).is_some_and(|value| value.to_lowercase() == text.to_lowercase())
}

/// The jobs of each schedule, by name.
struct Jobs<'d> {
    of: Vec<(&'d str, HashSet<&'d str>)>,
}

impl<'d> Jobs<'d> {
    fn of(document: &'d Value) -> Self {
        let schedules = items(document, "scheduleList").iter();
        let of = schedules.map(|schedule| {
            let jobs = items(schedule, "jobList").iter().filter_map(name_of).collect();
            (name_of(schedule).unwrap_or_default(), jobs)
        });
        Self { of: of.collect() }
    }

    /// Gives the names that stand more than once, with their schedule.
    fn twice(&self, document: &Value, found: &mut dyn FnMut(usize, &str)) {
        for (at, schedule) in items(document, "scheduleList").iter().enumerate() {
            let mut seen = HashSet::new();
            for name in items(schedule, "jobList").iter().filter_map(name_of) {
                if !seen.insert(name.to_lowercase()) {
                    found(at, name);
                }
            }
        }
    }

    /// Gives the dependencies on jobs of this definition that are not there.
    fn dangling(&self, document: &Value, found: &mut dyn FnMut(usize, usize, &str, &str)) {
        for (at, schedule) in items(document, "scheduleList").iter().enumerate() {
            let Some((name, jobs)) = self.of.get(at) else {
                continue;
            };
            for (number, dependency) in items(schedule, "internalDependencyList").iter().enumerate() {
                for key in ["jobName", "predecessorJobName"] {
                    if let Some(job) =
                        dependency.get(key).and_then(Value::as_str).filter(|job| !jobs.contains(job))
                    {
                        found(at, number, name, job);
                    }
                }
            }
        }
        for (list, key) in [(EXTERNAL, "externalDependencyList"), (EXTERNAL_ON, "externalDependencyOnList")] {
            for (number, dependency) in items(document, key).iter().enumerate() {
                for (schedule, job) in
                    [("scheduleName", "jobName"), ("predecessorScheduleName", "predecessorJobName")]
                {
                    let text = |key: &str| dependency.get(key).and_then(Value::as_str);
                    let (Some(schedule), Some(job)) = (text(schedule), text(job)) else {
                        continue;
                    };
                    let known = self.of.iter().find(|(name, _)| *name == schedule);
                    if known.is_some_and(|(_, jobs)| !jobs.contains(job)) {
                        found(list, number, schedule, job);
                    }
                }
            }
        }
    }
}
