//! Jobs that one side renamed: the other side's definition and the base follow,
//! so that edits meet under the new name.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::pairing::{Pairing, follow_renames, renamed_jobs};
use super::super::{Definition, sort_sets};

/// (schedule, old job name) to new job name.
type Names = HashMap<(String, String), String>;

/// The renames of both sides that are beyond doubt.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// What our side renamed, for the base and their side.
    ours: Names,
    /// What their side renamed, for the base and our side.
    theirs: Names,
    /// What both renamed alike, for the base alone.
    alike: Names,
    /// Jobs by their new name that one side renamed and the other deleted.
    deleted: HashSet<(String, String)>,
    /// Jobs that both renamed: by our name, with theirs.
    both: HashMap<(String, String), String>,
}

impl Renames {
    pub(super) fn of(base: Option<&Definition>, ours: &Definition, theirs: &Definition) -> Self {
        let mut renames = Self::default();
        let Some(base) = base else { return renames };
        let (by_us, by_them) = (renamed(base, ours), renamed(base, theirs));
        for ((schedule, old), new) in &by_us {
            match by_them.get(&(schedule.clone(), old.clone())) {
                Some(other) if other == new => {
                    renames.alike.insert((schedule.clone(), old.clone()), new.clone());
                }
                Some(other) => {
                    renames.both.insert((schedule.clone(), new.clone()), other.clone());
                }
                None if has_job(theirs, schedule, new) => {}
                None if !has_job(theirs, schedule, old) => {
                    renames.deleted.insert((schedule.clone(), new.clone()));
                }
                None => {
                    renames.ours.insert((schedule.clone(), old.clone()), new.clone());
                }
            }
        }
        for (from, new) in by_them {
            let (schedule, old) = &from;
            if by_us.contains_key(&from) || has_job(ours, schedule, &new) {
                continue;
            }
            if has_job(ours, schedule, old) {
                renames.theirs.insert(from, new);
            } else {
                renames.deleted.insert((schedule.clone(), new));
            }
        }
        renames
    }

    /// The three definitions with every job under the name it will have.
    pub(super) fn followed<'d>(
        &self,
        base: Option<&'d Definition>,
        ours: &'d Definition,
        theirs: &'d Definition,
    ) -> (Option<Cow<'d, Value>>, Cow<'d, Value>, Cow<'d, Value>) {
        let all = self.ours.iter().chain(&self.theirs).chain(&self.alike);
        let all: Names = all.map(|(old, new)| (old.clone(), new.clone())).collect();
        (
            base.map(|base| follow(base.value(), &all)),
            follow(ours.value(), &self.theirs),
            follow(theirs.value(), &self.ours),
        )
    }

    /// Whether one side renamed the job to this name and the other deleted it.
    pub(super) fn is_deleted(&self, schedule: &str, job: &str) -> bool {
        self.deleted.contains(&(schedule.to_owned(), job.to_owned()))
    }

    /// The name their side gave the job that our side renamed to this one.
    pub(super) fn their_name(&self, schedule: &str, job: &str) -> Option<&str> {
        self.both.get(&(schedule.to_owned(), job.to_owned())).map(String::as_str)
    }
}

fn jobs<'v>(definition: &'v Definition, schedule: &str) -> Vec<&'v Value> {
    let schedule = definition.schedules().iter().find(|other| other["name"] == schedule);
    schedule.and_then(|schedule| schedule["jobList"].as_array()).into_iter().flatten().collect()
}

fn has_job(definition: &Definition, schedule: &str, job: &str) -> bool {
    jobs(definition, schedule).iter().any(|other| other["name"] == job)
}

fn renamed(base: &Definition, side: &Definition) -> Names {
    let mut names = Names::new();
    for schedule in base.names() {
        let (before, after) = (jobs(base, schedule), jobs(side, schedule));
        let pairing = Pairing::of(&["name"], &before, &after);
        for renamed in renamed_jobs(&pairing, &before, &after).iter().filter(|renamed| renamed.is_certain) {
            if let (Some(old), Some(new)) =
                (before[renamed.from]["name"].as_str(), after[renamed.to]["name"].as_str())
            {
                names.insert((schedule.to_owned(), old.to_owned()), new.to_owned());
            }
        }
    }
    names
}

fn follow<'v>(value: &'v Value, names: &Names) -> Cow<'v, Value> {
    if names.is_empty() {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    for schedule in value["scheduleList"].as_array_mut().into_iter().flatten() {
        let Some(name) = schedule["name"].as_str().map(str::to_owned) else { continue };
        for job in schedule.get_mut("jobList").and_then(Value::as_array_mut).into_iter().flatten() {
            let new = job["name"].as_str().and_then(|old| names.get(&(name.clone(), old.to_owned())));
            if let Some(new) = new {
                job["name"] = Value::from(new.as_str());
            }
        }
        follow_list(schedule, "internalDependencyList", Some(&name), names);
    }
    for list in ["externalDependencyList", "externalDependencyOnList"] {
        follow_list(&mut value, list, None, names);
    }
    sort_sets(&mut value);
    Cow::Owned(value)
}

fn follow_list(owner: &mut Value, list: &str, schedule: Option<&str>, names: &Names) {
    for dependency in owner.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(followed) = follow_renames(dependency, schedule, names) {
            *dependency = followed;
        }
    }
}
