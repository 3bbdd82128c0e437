//! The vendor's own document, where `OPCON_OPENAPI` names it: every answer of
//! the REST API that any test gets is checked against it too.
//!
//! The document is not the whole truth. A field that it does not name must
//! stand in [`WIRE`], a field it names must have its type, and an operation it
//! does not have must stand in [`MORE`].

use std::sync::LazyLock;

use reqwest::{Method, StatusCode};
use serde_json::Value;

static DOCUMENT: LazyLock<Option<Value>> = LazyLock::new(|| {
    let path = std::env::var_os("OPCON_OPENAPI")?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
});

/// What an answer is, where the document has no word about it or the wrong one.
const SCHEMAS: [(&str, &str); 26] = [
    ("machines", "Machine"),
    ("machinegroups", "MachineGroup"),
    ("batchusers", "BatchUser"),
    ("users", "User"),
    ("roles", "Role"),
    ("departments", "Department"),
    ("accesscodes", "AccessCode"),
    ("calendars", "Calendar"),
    ("resources", "Resource"),
    ("thresholds", "Threshold"),
    ("globalproperties", "GlobalProperty"),
    ("masterschedules", "MasterSchedule"),
    ("masterjobs", "MasterJob"),
    ("frequencies", "Frequency"),
    ("jobtags", "Tag"),
    ("namedinstances", "NamedInstance"),
    ("impex", "ImpExSchedule"),
    ("dailyschedules", "DailySchedule"),
    ("dailyjobs", "DailyJob"),
    ("schedulebuilds", "ScheduleBuildAction"),
    ("scheduleactions", "ScheduleAction"),
    ("jobactions", "JobAction"),
    ("machineactions", "MachineAction"),
    ("jobinstanceactions", "JobInstanceAction"),
    ("deleteactions", "QueuedDeleteRequest"),
    ("tokens", "Token"),
];

/// Fields that the vendor's clients read and the document does not name.
const WIRE: &[&str] = &[
    "BaseMultiInstanceDetails.propertiesList",
    "DailyJob.jobType",
    "DailyJob.name",
    "DailyJob.primaryMachine",
    "DailyJob.properties",
    "DailyJob.status",
    "DailyJobDetails.batchUser",
    "DailyJobDetails.commandLine",
    "DailyJobDetails.coreDump",
    "DailyJobDetails.dailySubSchedule",
    "DailyJobDetails.masterSubSchedule",
    "DailyJobDetails.parameters",
    "DailyJobDetails.prerunCommandLine",
    "DailyJobDetails.runinCommandShell",
    "DailyJobDetails.startImage",
    "DailyJobDetails.workingDirectory",
    "GlobalProperty.description",
    "JobAction.message",
    "Machine.status",
    "Machine.version",
    "MasterJob.jobType",
    "MasterJob.name",
    "MasterJob.primaryMachine",
    "MasterJob.tags",
    "MasterSchedule.properties",
    "QueuedDeleteRequest.action",
    "QueuedDeleteRequest.id",
    "QueuedDeleteRequest.message",
    "QueuedDeleteRequest.result",
    "QueuedDeleteRequestItem.message",
    "QueuedDeleteRequestItem.result",
];

/// Operations that clients use and the document does not have.
const MORE: &[&str] = &["GET /api/masterjobs/v2"];

pub(crate) fn check(method: &Method, path: &str, status: StatusCode, body: &Value) {
    let Some(document) = DOCUMENT.as_ref() else { return };
    if !path.to_lowercase().starts_with("/api/") || !status.is_success() {
        return;
    }
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/').to_lowercase();
    let parts: Vec<&str> = path.split('/').skip(2).collect();
    assert!(has_operation(document, method, &path), "the document has no {method} {path}");
    let Some((_, schema)) = SCHEMAS.iter().find(|(name, _)| *name == parts[0]) else {
        return;
    };
    let is_item = !matches!(
        parts[1..],
        ["count" | "count_by_status" | "dates"] | [_, "properties" | "status" | "details"]
    );
    if is_item && (body.is_object() || body.is_array()) {
        let items = body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice);
        items.iter().for_each(|item| fits(document, schema, item));
    }
}

fn has_operation(document: &Value, method: &Method, path: &str) -> bool {
    let wanted: Vec<&str> = path.split('/').collect();
    let same = |template: &String| {
        let template = template.to_lowercase();
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == wanted.len()
            && parts.iter().zip(&wanted).all(|(part, word)| part.starts_with('{') || part == word)
    };
    let key = method.as_str().to_lowercase();
    let paths = document["paths"].as_object().unwrap();
    paths.iter().any(|(template, operations)| same(template) && operations.get(&key).is_some())
        || MORE.contains(&format!("{method} {path}").as_str())
}

/// Checks an object against a schema of the document, and what is in it.
fn fits(document: &Value, name: &str, value: &Value) {
    let schema = &document["components"]["schemas"][name];
    for (key, value) in value.as_object().into_iter().flatten() {
        let place = format!("{name}.{key}");
        match schema["properties"].get(key) {
            None => assert!(WIRE.contains(&place.as_str()), "the document has no {place} (it is {value})"),
            Some(_) if value.is_null() => {}
            Some(property) => is_of(document, property, value, &place),
        }
    }
}

fn is_of(document: &Value, property: &Value, value: &Value, place: &str) {
    if let Some(reference) = property["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        if document["components"]["schemas"][name]["properties"].is_object() {
            assert!(value.is_object(), "{place} is {value}");
            fits(document, name, value);
        }
        return;
    }
    let right = match property["type"].as_str() {
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("object") => value.is_object(),
        Some("array") => {
            let items = value.as_array().unwrap_or_else(|| panic!("{place} is {value}"));
            items
                .iter()
                .filter(|item| !item.is_null())
                .for_each(|item| is_of(document, &property["items"], item, place));
            true
        }
        _ => true,
    };
    assert!(right, "{place} is {value}, the document says {property}");
}
