//! Inserting and deleting: all of a definition or nothing of it.

use std::sync::Arc;

use axum::http::StatusCode;
use deploy_core::definition::form::{self, Part, SHARED_LISTS};
use deploy_core::definition::{Definition, split};
use serde_json::{Map, Value, json};

use super::scripts::{insert_scripts, is_scripts_alone};
use super::{Master, Stored, check, renumber};
use crate::answer::{ApiError, Refusal};
use crate::daily;
use crate::state::{Shared, SharedObject, State, fold};
use crate::system::System;
use crate::text::{boolean, field, filled, integer, items, whole};

/// What an insert may change besides the schedule; the defaults are those of
/// the global rules.
#[derive(Debug, Clone)]
pub(crate) struct ImportRules {
    update_properties: bool,
    update_variables: bool,
    update_schedule_instance_properties: bool,
    merge_schedule_instance_properties: bool,
    pub(super) exclude_scripts: bool,
    exclude_calendars: bool,
    auto_build: Option<(i64, i64)>,
    auto_delete_days: Option<i64>,
    do_not_overwrite: bool,
    rebuild_daily: bool,
    pub(super) reset_scripts: bool,
}

impl ImportRules {
    pub(crate) fn read(rules: &Value) -> Self {
        let flag = |key: &str, default: bool| boolean(rules, key).unwrap_or(default);
        let auto_build = field(rules, "autoBuild").filter(|value| value.is_object());
        Self {
            update_properties: flag("updateProperties", true),
            update_variables: flag("updateVariables", true),
            update_schedule_instance_properties: flag("updateScheduleInstanceProperties", true),
            merge_schedule_instance_properties: flag("mergeScheduleInstanceProperties", false),
            exclude_scripts: flag("excludeScripts", false),
            exclude_calendars: flag("excludeCalendars", false),
            auto_build: auto_build
                .map(|auto| (integer(auto, "days").unwrap_or(-1), integer(auto, "advance").unwrap_or(-1))),
            auto_delete_days: integer(rules, "autoDeleteDays"),
            do_not_overwrite: flag("doNotOverwrite", false),
            rebuild_daily: flag("rebuildDaily", false),
            reset_scripts: flag("resetScripts", false),
        }
    }
}

/// Inserts a definition; answers the names of its schedules.
pub(crate) fn insert(system: &System, mut body: Value) -> Result<Vec<String>, Refusal> {
    let rules = ImportRules::read(field(&body, "importRules").unwrap_or(&Value::Null));
    let Some(definition) = body.get_mut("opConExtract").map(Value::take) else {
        return Err(Refusal::malformed("The request has no opConExtract"));
    };
    let now = system.clock.now();
    let stamp = now.format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    if is_scripts_alone(&definition) && !rules.exclude_scripts {
        insert_scripts(system, definition, &rules, &stamp)?;
        return Ok(Vec::new());
    }
    let definition = settled(definition_of(definition)?, system.id_distance, &stamp)?;
    let names: Vec<String> = definition.names().into_iter().map(str::to_owned).collect();
    system.write(|state| {
        check::references(&definition, state, &rules)?;
        refuse_overwriting(&names, state, &rules)?;
        refuse_other_scripts(definition.value(), state, &rules)?;
        apply(state, definition, &rules);
        if rules.rebuild_daily {
            for name in &names {
                daily::rebuild(state, name, now);
            }
        }
        state.touch_shared();
        Ok(())
    })?;
    Ok(names)
}

fn definition_of(value: Value) -> Result<Definition, Refusal> {
    let unknown = |list: &str| {
        Refusal::malformed(format!("The list {list} of the definition is not a list of objects"))
    };
    for (list, _) in SHARED_LISTS {
        let entries = value.get(list).filter(|value| !value.is_null());
        if entries.is_some_and(|value| value.as_array().is_none_or(|list| !list.iter().all(Value::is_object)))
        {
            return Err(unknown(list));
        }
    }
    let definition = Definition::from_value(value)
        .map_err(|error| Refusal::malformed(format!("The opConExtract is not a definition: {error}")))?;
    for schedule in definition.schedules() {
        for list in ["jobList", "frequencyList"] {
            let entries = schedule.get(list).filter(|value| !value.is_null());
            if entries
                .is_some_and(|value| value.as_array().is_none_or(|list| !list.iter().all(Value::is_object)))
            {
                return Err(unknown(list));
            }
        }
    }
    check::limits(&definition)?;
    Ok(definition)
}

fn refuse_overwriting(names: &[String], state: &State, rules: &ImportRules) -> Result<(), Refusal> {
    let standing = names.iter().filter(|name| rules.do_not_overwrite && state.master(name).is_some());
    let errors: Vec<ApiError> = standing
        .map(|name| {
            ApiError::new(
                "schedule",
                name,
                409,
                format!("The schedule '{name}' exists and is not to be overwritten"),
            )
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Refusal { status: StatusCode::CONFLICT, errors }) }
}

/// One number of a script has the same content everywhere.
pub(super) fn refuse_other_scripts(
    definition: &Value,
    state: &State,
    rules: &ImportRules,
) -> Result<(), Refusal> {
    if rules.exclude_scripts || rules.reset_scripts {
        return Ok(());
    }
    let mut errors = Vec::new();
    for script in items(definition, "scriptList") {
        let name = filled(&script["data"], "name").unwrap_or_default();
        let Some(standing) = state.shared.get("scriptList", name) else { continue };
        for version in items(script, "versionList") {
            let number = version.get("version").and_then(whole);
            let same = |other: &&Value| other.get("version").and_then(whole) == number;
            if let Some(other) = items(&standing.entry, "versionList").iter().find(same)
                && other.get("content") != version.get("content")
            {
                let number = number.unwrap_or_default();
                let message =
                    format!("Version {number} of the script '{name}' has another content on this system");
                errors.push(ApiError::new("script", name, 409, message));
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal { status: StatusCode::CONFLICT, errors }) }
}

/// The definition with ids and stamps of this system.
pub(crate) fn settled(definition: Definition, distance: u32, now: &str) -> Result<Definition, Refusal> {
    let mut value = definition.into_value();
    renumber::renumber(&mut value, distance, now);
    Definition::from_value(value).map_err(|error| Refusal::malformed(error.to_string()))
}

/// Puts a settled definition in, without a question.
pub(crate) fn apply(state: &mut State, definition: Definition, rules: &ImportRules) {
    for part in split(definition) {
        apply_one(state, part, rules);
    }
}

fn apply_one(state: &mut State, mut part: Definition, rules: &ImportRules) {
    let name = part.names().first().copied().unwrap_or_default().to_owned();
    let standing = state.master(&name).cloned();
    if let Some(before) = standing.as_ref().and_then(|master| as_definition(master)) {
        part.keep_noise_of(&before);
    }
    let mut shared = Vec::new();
    for (list, _) in SHARED_LISTS {
        for entry in items(part.value(), list) {
            let Some(key) = Shared::key(list, entry) else { continue };
            put_shared(state, list, &key, entry.clone(), rules);
            if state.shared.get(list, &key).is_some() {
                shared.push(((*list).to_owned(), key));
            }
        }
    }
    let mut schedule = part.schedules().first().cloned().unwrap_or_default();
    settle(&mut schedule, standing.as_deref(), rules);
    let rest = rest_of(part.value());
    let external = items(part.value(), "externalDependencyList").to_vec();
    let id = standing.map_or_else(|| state.next_id(), |master| master.id);
    let master = Master::stored(id, Stored { schedule, external, shared, rest });
    state.masters.insert(fold(&name), Arc::new(master));
}

/// The schedule as it stands, as far as ids are taken from it.
fn as_definition(master: &Master) -> Option<Definition> {
    master.with(|stored| {
        let value = json!({
            "scheduleList": [stored.schedule.clone()],
            "externalDependencyList": stored.external.clone(),
        });
        Definition::from_value(value).ok()
    })
}

/// Top-level keys of the schedule's own that this program does not know.
fn rest_of(definition: &Value) -> Map<String, Value> {
    let known = |key: &str| key == "scheduleList" || key == "externalDependencyList";
    let map = definition.as_object().into_iter().flatten();
    map.filter(|(key, _)| form::part(key) == Part::Own && !known(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Applies the rules that concern the schedule itself.
fn settle(schedule: &mut Value, standing: Option<&Master>, rules: &ImportRules) {
    if let Some((days, advance)) = rules.auto_build {
        schedule["autoBuildDays"] = json!(days.to_string());
        schedule["autoBuildDaysInAdvance"] = json!(advance.to_string());
    }
    if let Some(days) = rules.auto_delete_days {
        schedule["autoDeleteDays"] = json!(days.to_string());
    }
    if rules.update_schedule_instance_properties {
        return;
    }
    let Some(standing) = standing else { return };
    let before = standing.with(|stored| stored.schedule.get("instancePropertiesList").cloned());
    let before = before.unwrap_or_else(|| json!([]));
    schedule["instancePropertiesList"] = match rules.merge_schedule_instance_properties {
        true => merged(&before, &schedule["instancePropertiesList"]),
        false => before,
    };
}

/// The properties `A=b;C=d` of both; where both name one, the standing value stays.
fn merged(standing: &Value, new: &Value) -> Value {
    let lines = standing.as_array().into_iter().chain(new.as_array()).flatten();
    let mut pairs: Vec<&str> = Vec::new();
    for pair in lines.filter_map(Value::as_str).flat_map(|line| line.split(';')) {
        let name = |pair: &str| fold(pair.split('=').next().unwrap_or_default().trim());
        if !pair.is_empty() && !pairs.iter().any(|other| name(other) == name(pair)) {
            pairs.push(pair);
        }
    }
    if pairs.is_empty() { json!([]) } else { json!([pairs.join(";")]) }
}

pub(super) fn put_shared(state: &mut State, list: &str, key: &str, mut entry: Value, rules: &ImportRules) {
    let standing = state.shared.get(list, key).cloned();
    let replace = match list {
        "scriptList" if rules.exclude_scripts => return,
        "calendarList" if rules.exclude_calendars => return,
        "propertyList" => rules.update_properties,
        "variableList" => rules.update_variables,
        "roleList" => false,
        _ => true,
    };
    let Some(standing) = standing else {
        let id = state.next_id();
        state.shared.put(list, key, SharedObject { id, entry });
        return;
    };
    if !replace {
        return;
    }
    match list {
        "scriptList" if !rules.reset_scripts => join_versions(&mut entry, &standing.entry),
        "calendarList" => join_dates(&mut entry, &standing.entry),
        _ => {}
    }
    keep_ids(list, &mut entry, &standing.entry);
    state.shared.put(list, key, SharedObject { id: standing.id, entry });
}

fn keep_ids(list: &str, entry: &mut Value, standing: &Value) {
    let wrap = |entry: &Value| json!({"scheduleList": [{"name": "-"}], list: [entry.clone()]});
    let (Ok(mut new), Ok(before)) =
        (Definition::from_value(wrap(entry)), Definition::from_value(wrap(standing)))
    else {
        return;
    };
    new.keep_noise_of(&before);
    if let Some(kept) = items(new.value(), list).first() {
        entry.clone_from(kept);
    }
}

/// Versions the system has beside those that come stay.
fn join_versions(entry: &mut Value, standing: &Value) {
    let numbers: Vec<Option<i64>> =
        items(entry, "versionList").iter().map(|v| v.get("version").and_then(whole)).collect();
    let kept = items(standing, "versionList")
        .iter()
        .filter(|v| !numbers.contains(&v.get("version").and_then(whole)));
    let kept: Vec<Value> = kept.cloned().collect();
    if let Some(versions) = entry.get_mut("versionList").and_then(Value::as_array_mut) {
        versions.extend(kept);
        versions.sort_by_key(|version| version.get("version").and_then(whole));
    }
}

/// An export holds future dates only: past dates of the system stay.
fn join_dates(entry: &mut Value, standing: &Value) {
    let Some(dates) = entry.get_mut("dateList").and_then(Value::as_array_mut) else { return };
    let first = dates.iter().filter_map(Value::as_str).min().map(str::to_owned);
    let before =
        |date: &&Value| date.as_str().is_some_and(|date| first.as_deref().is_none_or(|first| date < first));
    dates.extend(items(standing, "dateList").iter().filter(before).cloned());
    dates.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
}

/// Removes a schedule and its daily instances.
pub(super) fn delete(system: &System, name: &str) -> bool {
    system.write(|state| {
        let Some(master) = state.masters.remove(&fold(name)) else { return false };
        state.daily.schedules.retain(|schedule| schedule.master_id != master.id);
        state.touch_shared();
        true
    })
}
