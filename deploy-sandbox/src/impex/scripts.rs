//! An insert that carries scripts and no schedule.

use axum::http::StatusCode;
use deploy_core::definition::form::SHARED_LISTS;
use serde_json::Value;

use super::check::refuse;
use super::insert::{ImportRules, put_shared, refuse_other_scripts};
use super::renumber;
use crate::answer::{ApiError, Refusal};
use crate::state::{Shared, State};
use crate::system::System;
use crate::text::{filled, items, whole};

/// Whether a body has scripts and nothing else that would be written.
pub(super) fn is_scripts_alone(extract: &Value) -> bool {
    let holds = |list: &str| !items(extract, list).is_empty();
    let others = SHARED_LISTS.iter().filter(|(list, _)| *list != "scriptList");
    holds("scriptList") && !holds("scheduleList") && !others.into_iter().any(|(list, _)| holds(list))
}

/// Writes the scripts, all of them or nothing.
pub(super) fn insert_scripts(
    system: &System,
    mut extract: Value,
    rules: &ImportRules,
    stamp: &str,
) -> Result<(), Refusal> {
    refuse_malformed(&extract)?;
    renumber::renumber(&mut extract, system.id_distance, stamp);
    system.write(|state| {
        refuse_other_scripts(&extract, state, rules)?;
        refuse_other_types(&extract, state, rules)?;
        for script in items(&extract, "scriptList") {
            let Some(key) = Shared::key("scriptList", script) else { continue };
            let mut script = script.clone();
            // What runs a script belongs to the system; who sends only texts does not know it.
            if let Some(standing) = state.shared.get("scriptList", &key)
                && items(&script, "runnerList").is_empty()
                && type_of(&script) == type_of(&standing.entry)
            {
                for part in ["type", "runnerList"] {
                    script[part] = standing.entry.get(part).cloned().unwrap_or_default();
                }
            }
            put_shared(state, "scriptList", &key, script, rules);
        }
        state.touch_shared();
        Ok(())
    })
}

/// A script stays what it is written in, unless it is replaced.
fn refuse_other_types(extract: &Value, state: &State, rules: &ImportRules) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    for script in items(extract, "scriptList") {
        let name = filled(&script["data"], "name").unwrap_or_default();
        let Some(standing) = state.shared.get("scriptList", name) else { continue };
        if type_of(script) != type_of(&standing.entry) && !rules.reset_scripts {
            let kind = type_of(&standing.entry);
            let message = format!("The script '{name}' is of the type '{kind}' on this system");
            errors.push(ApiError::new("script", name, 409, message));
        }
    }
    refuse(StatusCode::CONFLICT, errors)
}

fn type_of(script: &Value) -> &str {
    script.get("type").and_then(|kind| filled(kind, "name")).unwrap_or_default()
}

fn refuse_malformed(extract: &Value) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    for script in items(extract, "scriptList") {
        let Some(name) = script.get("data").and_then(|data| filled(data, "name")) else {
            errors.push(ApiError::new("script", "", 400, "A script has no name".to_owned()));
            continue;
        };
        for version in items(script, "versionList") {
            let number = version.get("version").and_then(whole).filter(|number| *number > 0);
            if number.is_none() || !version.get("content").is_some_and(Value::is_string) {
                let message = format!("A version of the script '{name}' has no number or no content");
                errors.push(ApiError::new("script", name, 400, message));
            }
        }
    }
    refuse(StatusCode::BAD_REQUEST, errors)
}
