//! Transform: from what was selected to what the target is to have.
//!
//! The definitions are joined, the one with the newest commit first, and the
//! rules run once over the whole. Then come the settings that act on what is
//! sent. Nothing here asks anybody.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::Shared;
use super::error::PlanError;
use crate::definition::{
    Definition, Disagreement, export_date, information, items, join, sort_sets, text_in,
};
use crate::deploy::Selected;
use crate::repository::Repository;
use crate::rules::features::is_something;
use crate::rules::{Line, LineKind, TargetFrequencies, Trace, Warning, What, add_to_list};

/// What the rules did with one call is shown so many times, then counted.
const SHOWN: usize = 3;

/// The tag by which frequencies of the target are used.
const EXISTING_FREQUENCIES: &str = "Frequency_Use_Existing_Definitions";

/// What the target is to have.
pub(super) struct Transformed {
    pub(super) definition: Definition,
    /// For each schedule, by its name on the target: its name in the repository.
    pub(super) originals: BTreeMap<String, String>,
    /// From which release of OpCon each schedule was exported, by its name in the repository.
    pub(super) releases: HashMap<String, String>,
    /// Shared objects on which the joined do not agree.
    pub(super) disagreements: Vec<Disagreement>,
    /// The latest day on which one of the joined was exported.
    pub(super) exported: Option<String>,
    pub(super) explained: Vec<Line>,
    pub(super) warnings: Vec<Warning>,
    /// Whether a rule takes frequencies from the target.
    pub(super) wants_frequencies: bool,
}

/// Reads, joins and transforms.
pub(super) fn transform(
    shared: &Shared,
    selected: &[Selected],
    frequencies: Option<TargetFrequencies>,
) -> Result<Transformed, PlanError> {
    let mut order: Vec<&Selected> = selected.iter().collect();
    order.sort_by_key(|item| std::cmp::Reverse(item.time));
    let parts = read_all(shared, &order)?;
    let releases = order.iter().zip(&parts).filter_map(|(item, part)| {
        Some((item.name.clone(), text_in(part.value(), "opConVersion")?.to_owned()))
    });
    let releases = releases.collect();
    let exported = parts.iter().filter_map(|part| export_date(part.value())).max().map(str::to_owned);
    let (joined, disagreements) = join(parts);
    let mut context = Arc::clone(&shared.prepared.context);
    if frequencies.is_some() {
        Arc::make_mut(&mut context).frequencies = frequencies;
    }
    let outcome = shared
        .prepared
        .rules
        .apply(joined, &context)
        .map_err(|error| PlanError::Rule { error: Box::new(error), files: shared.prepared.files.clone() })?;
    let originals = originals(selected, &outcome.trace);
    let explained = short(outcome.trace.lines());
    let uses = |what: &What| matches!(what, What::Tag { tag, .. } if tag == EXISTING_FREQUENCIES);
    let mut calls = outcome.trace.rules.iter().flat_map(|rule| &rule.calls);
    let wants_frequencies = calls.any(|call| uses(&call.what));
    Ok(Transformed {
        definition: settle(shared, outcome.definition),
        originals,
        releases,
        disagreements,
        exported,
        explained,
        warnings: outcome.warnings,
        wants_frequencies,
    })
}

fn read_all(shared: &Shared, order: &[&Selected]) -> Result<Vec<Definition>, PlanError> {
    match order {
        [only] => Ok(vec![shared.handles.with(|repository| read(repository, only))?]),
        many => {
            many.par_iter().map(|item| shared.handles.with(|repository| read(repository, item))).collect()
        }
    }
}

/// The content of one schedule, and of no other.
fn read(repository: &Repository, item: &Selected) -> Result<Definition, PlanError> {
    let blob = repository.git2().find_blob(item.blob)?;
    let definition = Definition::read(blob.content()).map_err(|source| PlanError::Unreadable {
        schedule: item.name.clone(),
        path: item.path.clone(),
        source,
    })?;
    if definition.names() == [item.name.as_str()] {
        return Ok(definition);
    }
    Err(PlanError::OtherContent {
        schedule: item.name.clone(),
        path: item.path.clone(),
        holds: definition.names().into_iter().map(str::to_owned).collect(),
    })
}

/// Follows the names of the schedules through all changes.
fn originals(selected: &[Selected], trace: &Trace) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> =
        selected.iter().map(|item| (item.name.clone(), item.name.clone())).collect();
    for (_, _, hit) in trace.hits() {
        if hit.spot.pointer != "/name" || hit.spot.job.is_some() || hit.spot.schedule.is_none() {
            continue;
        }
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        if let (Some(old), Some(new)) = (text(&hit.old), text(&hit.new))
            && let Some(original) = names.remove(&old)
        {
            names.insert(new, original);
        }
    }
    names
}

/// The settings and options that act on the definition itself.
fn settle(shared: &Shared, definition: Definition) -> Definition {
    let (settings, options) = (&shared.settings.deploy, &shared.order.options);
    let tag =
        shared.package.as_ref().filter(|_| settings.package_name_as_job_tag).map(|package| &package.name);
    let excluded = [("scriptList", settings.exclude_scripts), ("calendarList", settings.exclude_calendars)];
    let mut value = definition.into_value();
    for (list, _) in excluded.iter().filter(|(_, excluded)| *excluded) {
        if let Some(list) = value.get_mut(list) {
            *list = json!([]);
        }
    }
    for schedule in value["scheduleList"].as_array_mut().into_iter().flatten() {
        information::remove(schedule);
        // A sub-schedule is built by the job that runs it.
        if let Some(auto) = options.auto_build.filter(|_| !is_something(&schedule["subSchedule"])) {
            schedule["autoBuildDays"] = json!(auto.days.to_string());
            schedule["autoBuildDaysInAdvance"] = json!(auto.advance.to_string());
        }
        if let Some(days) = options.auto_delete_days {
            schedule["autoDeleteDays"] = json!(days.to_string());
        }
        for job in schedule["jobList"].as_array_mut().into_iter().flatten() {
            if let (Some(tag), Some(job)) = (tag, job.as_object_mut()) {
                add_to_list(job, "tagList", tag, &mut Vec::new());
            }
        }
    }
    if tag.is_some() {
        sort_sets(&mut value);
    }
    Definition::from_sorted(value)
}

/// What stands there takes part in what will: instance properties that the settings keep.
pub(super) fn keep_instance_properties(
    shared: &Shared,
    planned: Definition,
    found: &Definition,
) -> Definition {
    const LIST: &str = "instancePropertiesList";
    let settings = &shared.settings.deploy;
    if settings.update_schedule_instance_properties {
        return planned;
    }
    let mut value = planned.into_value();
    for schedule in value["scheduleList"].as_array_mut().into_iter().flatten() {
        let Some(standing) = found.schedules().first().map(|standing| &standing[LIST]) else { continue };
        let kept = match settings.merge_schedule_instance_properties {
            true => merged(standing, &schedule[LIST]),
            false => standing.clone(),
        };
        if !(kept.is_null() && schedule[LIST].is_null()) {
            schedule[LIST] = kept;
        }
    }
    Definition::from_sorted(value)
}

/// The properties `A=b;C=d` of both; where both name one, that on the target stays.
fn merged(standing: &Value, new: &Value) -> Value {
    let lines = standing.as_array().into_iter().chain(new.as_array()).flatten();
    let mut pairs: Vec<&str> = Vec::new();
    for pair in lines.filter_map(Value::as_str).flat_map(|line| line.split(';')) {
        let name = |pair: &str| pair.split('=').next().unwrap_or_default().trim().to_lowercase();
        if !pair.is_empty() && !pairs.iter().any(|other| name(other) == name(pair)) {
            pairs.push(pair);
        }
    }
    if pairs.is_empty() { json!([]) } else { json!([pairs.join(";")]) }
}

/// The tree with the first of what each call changed, and how many more there are. Calls that
/// matched nothing are left out: where that matters, it is a warning.
fn short(lines: Vec<Line>) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let (mut run, mut left_out) = (0, 0);
    for line in lines {
        if line.kind == LineKind::Nothing {
            out.pop_if(|call| call.kind == LineKind::Call);
            continue;
        }
        let is_detail = matches!(line.kind, LineKind::Hit | LineKind::Ignored);
        if !is_detail {
            close(&mut out, left_out);
            (run, left_out) = (0, 0);
            out.push(line);
            continue;
        }
        run += 1;
        if run <= SHOWN { out.push(line) } else { left_out += 1 }
    }
    close(&mut out, left_out);
    out
}

fn close(out: &mut Vec<Line>, left_out: usize) {
    if left_out > 0 {
        let text = format!("and {left_out} more");
        out.push(Line { depth: 3, kind: LineKind::Note, text });
    }
}

/// The scripts that jobs name.
pub(super) fn names_scripts(definition: &Definition) -> bool {
    let jobs = definition.schedules().iter().flat_map(|schedule| items(schedule, "jobList"));
    let mut data = jobs.flat_map(|job| ["windowsData", "unixData"].map(|data| &job[data]));
    data.any(|data| text_in(data, "scriptName").is_some())
        || items(definition.value(), "scriptList").next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_properties_of_the_target_stay() {
        let cases = [
            (json!(["A=1;B=2"]), json!(["b=3;C=4"]), json!(["A=1;B=2;C=4"])),
            (Value::Null, json!(["C=4"]), json!(["C=4"])),
            (json!([]), Value::Null, json!([])),
        ];
        for (standing, new, expected) in cases {
            assert_eq!(merged(&standing, &new), expected);
        }
    }

    #[test]
    fn the_tree_is_shortened() {
        let line = |depth, kind, text: &str| Line { depth, kind, text: text.to_owned() };
        let mut lines = vec![
            line(1, LineKind::Rule, "r"),
            line(2, LineKind::Call, "idle"),
            line(3, LineKind::Nothing, "matched nothing"),
            line(2, LineKind::Call, "busy"),
        ];
        lines.extend((0..5).map(|number| line(3, LineKind::Hit, &number.to_string())));
        lines.push(line(2, LineKind::Call, "last"));
        lines.push(line(3, LineKind::Hit, "x"));
        let texts: Vec<String> = short(lines).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["r", "busy", "0", "1", "2", "and 2 more", "last", "x"]);
    }
}
