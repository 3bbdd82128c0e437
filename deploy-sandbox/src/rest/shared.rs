//! Objects that definitions share, as the REST API shows them.

use axum::http::StatusCode;
use chrono::NaiveDateTime;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::lists::{id, page, selected, stamp};
use super::{not_allowed, nothing_here};
use crate::answer::{Answer, Outcome, Refusal};
use crate::request::Request;
use crate::seal;
use crate::state::{Shared, SharedObject, State};
use crate::system::System;
use crate::text::{boolean, integer, items, text, whole};

/// A kind of shared object: the list of the definition it stands in, and both its forms.
struct Kind {
    resource: &'static str,
    list: &'static str,
    /// The `type` of its entry, where a list holds two kinds.
    entry_type: Option<&'static str>,
    view: fn(&SharedObject) -> Value,
    /// Puts what a client sent into an entry.
    write: fn(&mut Value, &Value),
    updated: StatusCode,
    read_only: bool,
}

fn kind(name: &str) -> Kind {
    let kind = |resource, list, view, write| Kind {
        resource,
        list,
        entry_type: None,
        view,
        write,
        updated: StatusCode::CREATED,
        read_only: false,
    };
    match name {
        "roles" => Kind { updated: StatusCode::OK, ..kind("role", "roleList", role, describe) },
        "departments" => {
            Kind { read_only: true, ..kind("department", "departmentList", department, describe) }
        }
        "accesscodes" => kind("access code", "accessCodeList", access_code, describe),
        "calendars" => kind("calendar", "calendarList", calendar, write_calendar),
        "resources" => Kind {
            entry_type: Some("Resource"),
            updated: StatusCode::OK,
            ..kind("resource", "variableList", variable, write_variable)
        },
        "thresholds" => Kind {
            entry_type: Some("Threshold"),
            updated: StatusCode::OK,
            ..kind("threshold", "variableList", variable, write_variable)
        },
        _ => kind("global property", "propertyList", property, write_property),
    }
}

impl Kind {
    fn all<'s>(&'s self, state: &'s State) -> impl Iterator<Item = &'s SharedObject> {
        let of_type = |object: &&SharedObject| {
            self.entry_type.is_none() || object.entry["type"].as_str() == self.entry_type
        };
        state.shared.list(self.list).filter(of_type)
    }

    fn by_id(&self, state: &State, one: &str) -> Option<SharedObject> {
        let number = id(one)?;
        self.all(state).find(|object| object.id == number).cloned()
    }
}

pub(super) fn handle(system: &System, request: &Request, name: &str, rest: &[&str]) -> Outcome {
    let kind = kind(name);
    let query = &request.query;
    let missing = |one: &str| Refusal::missing(kind.resource, one);
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let found = system.read(|state| {
                let views = kind.all(state).map(kind.view);
                let asked = views.filter(|item| {
                    selected(query, &["ids"], item, "id")
                        && selected(query, &["name"], item, "name")
                        && selected(query, &["type"], item, "type")
                        && selected(query, &["value"], item, "value")
                        && selected(query, &["description"], item, "description")
                        && selected(query, &["encrypted"], item, "encrypted")
                });
                asked.collect()
            });
            page(request, found)
        }
        ("GET", ["count"]) if name == "calendars" => {
            Ok(Answer::ok(&json!(system.read(|state| kind.all(state).count()))))
        }
        ("GET", [one]) => {
            let found = system.read(|state| kind.by_id(state, one)).ok_or_else(|| missing(one))?;
            Ok(Answer::ok(&(kind.view)(&found)))
        }
        (_, [] | [_]) if kind.read_only => Err(not_allowed(request)),
        ("POST", []) => create(system, request, &kind),
        ("PUT", [one]) => {
            let body = request.json()?;
            let view = system.write(|state| {
                let mut object = kind.by_id(state, one).ok_or_else(|| missing(one))?;
                let before = Shared::key(kind.list, &object.entry).unwrap_or_default();
                (kind.write)(&mut object.entry, &body);
                let key = Shared::key(kind.list, &object.entry).unwrap_or_default();
                if key != before && state.shared.get(kind.list, &key).is_some() {
                    return Err(Refusal::conflict(kind.resource, &key));
                }
                state.shared.remove(kind.list, &before);
                state.shared.put(kind.list, &key, object.clone());
                state.touch_shared();
                Ok((kind.view)(&object))
            })?;
            Ok(Answer::json(kind.updated, &view))
        }
        ("DELETE", [one]) => {
            system.write(|state| {
                let object = kind.by_id(state, one).ok_or_else(|| missing(one))?;
                let key = Shared::key(kind.list, &object.entry).unwrap_or_default();
                state.shared.remove(kind.list, &key);
                state.touch_shared();
                Ok(())
            })?;
            Ok(Answer::nothing())
        }
        (_, [] | [_]) => Err(not_allowed(request)),
        _ => Err(nothing_here(request)),
    }
}

fn create(system: &System, request: &Request, kind: &Kind) -> Outcome {
    let body = request.json()?;
    let name = text(&body, "name")
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| Refusal::malformed(format!("The {} has no name", kind.resource)))?;
    let mut entry = json!({"name": name});
    if let Some(of_type) = kind.entry_type {
        entry["type"] = json!(of_type);
    }
    (kind.write)(&mut entry, &body);
    let key = Shared::key(kind.list, &entry).unwrap_or_default();
    let view = system.write(|state| {
        if state.shared.get(kind.list, &key).is_some() {
            return Err(Refusal::conflict(kind.resource, &name));
        }
        let object = SharedObject { id: state.next_id(), entry };
        state.shared.put(kind.list, &key, object.clone());
        state.touch_shared();
        Ok((kind.view)(&object))
    })?;
    Ok(Answer::json(StatusCode::CREATED, &view))
}

fn department(object: &SharedObject) -> Value {
    json!({"id": object.id, "name": object.entry["name"]})
}

fn access_code(object: &SharedObject) -> Value {
    json!({"id": object.id, "name": object.entry["name"], "description": object.entry["description"]})
}

fn role(object: &SharedObject) -> Value {
    let inherits = |key: &str| boolean(&object.entry, key).unwrap_or(true);
    json!({
        "id": object.id, "name": object.entry["name"], "users": [],
        "inheritAllSchedulePrivileges": inherits("inheritAllSchedulePrivileges"),
        "inheritAllMachinePrivileges": inherits("inheritAllMachinePrivileges"),
        "inheritAllMachineGroupPrivileges": inherits("inheritAllMachineGroupPrivileges"),
        "inheritAllEmbeddedScriptPrivileges": inherits("inheritAllEmbeddedScriptPrivileges"),
        "permissions": null,
    })
}

fn describe(entry: &mut Value, body: &Value) {
    for key in ["name", "description"] {
        if let Some(value) = text(body, key) {
            entry[key] = json!(value);
        }
    }
}

fn calendar(object: &SharedObject) -> Value {
    let entry = &object.entry;
    let is_holiday = entry["type"].as_str().is_some_and(|name| name.to_lowercase().contains("holiday"));
    json!({
        "id": object.id, "name": entry["name"], "type": if is_holiday { 0 } else { 1 },
        "description": entry["description"], "schedule": null,
        "dates": items(entry, "dateList"),
    })
}

fn write_calendar(entry: &mut Value, body: &Value) {
    describe(entry, body);
    if let Some(number) = integer(body, "type") {
        entry["type"] = json!(if number == 0 { "Holiday" } else { "User" });
    }
    if body.get("dates").is_some() {
        let dates = items(body, "dates").iter().filter_map(Value::as_str).filter_map(crate::text::date);
        let mut dates: Vec<String> = dates.map(|date| date.format("%Y-%m-%d").to_string()).collect();
        dates.sort();
        dates.dedup();
        entry["dateList"] = json!(dates);
    }
}

fn variable(object: &SharedObject) -> Value {
    let entry = &object.entry;
    let mut view = json!({
        "id": object.id, "name": entry["name"], "description": entry["description"],
        "value": integer(entry, "value").unwrap_or(0),
    });
    if entry["type"].as_str() == Some("Resource") {
        view["used"] = json!(0);
        view["locked"] = json!(false);
    }
    view
}

fn write_variable(entry: &mut Value, body: &Value) {
    describe(entry, body);
    if let Some(value) = integer(body, "value") {
        entry["value"] = json!(value.to_string());
    }
}

fn property(object: &SharedObject) -> Value {
    let entry = &object.entry;
    json!({
        "id": object.id, "name": entry["name"], "fullName": entry["name"],
        "value": entry["value"], "encrypted": boolean(entry, "encrypted").unwrap_or(false),
        "documentation": entry["description"], "description": entry["description"],
        "category": "Global", "type": "Text", "isPatternValue": false,
    })
}

fn write_property(entry: &mut Value, body: &Value) {
    describe(entry, body);
    if let Some(words) = text(body, "documentation") {
        entry["description"] = json!(words);
    }
    if let Some(encrypted) = boolean(body, "encrypted") {
        entry["encrypted"] = json!(encrypted);
    }
    if let Some(value) = text(body, "value") {
        entry["value"] = json!(value);
    }
    if boolean(entry, "encrypted") == Some(true) {
        let value = text(entry, "value").unwrap_or_default();
        entry["value"] = json!(seal::close(&value));
    }
}

pub(super) fn scripts(system: &System, request: &Request, name: &str, rest: &[&str]) -> Outcome {
    if request.method != "GET" {
        return Err(not_allowed(request));
    }
    let query = &request.query;
    let all: Vec<SharedObject> = system.read(|state| state.shared.list("scriptList").cloned().collect());
    let by_id = |one: &str| all.iter().find(|script| Some(script.id) == id(one));
    match (name, rest) {
        ("scripts", []) => {
            let with_versions = query.flag("includeversions")?.unwrap_or(true);
            let views = all.iter().map(|object| script(object, with_versions));
            let asked = views.filter(|item| {
                selected(query, &["ids", "scriptids"], item, "id")
                    && selected(query, &["name", "scriptname"], item, "name")
                    && selected(query, &["scripttypename"], item, "type/name")
            });
            page(request, asked.collect())
        }
        ("scripts", [one]) => by_id(one)
            .map(|object| Answer::ok(&script(object, true)))
            .ok_or_else(|| Refusal::missing("script", one)),
        ("scripts", [one, "versions", number]) => {
            let object = by_id(one).ok_or_else(|| Refusal::missing("script", one))?;
            let found = versions(object, true).into_iter().find(|version| is_number(version, number));
            found
                .map(|version| Answer::ok(&version))
                .ok_or_else(|| Refusal::missing("script version", number))
        }
        ("scriptversions", [number]) => {
            let mut found = all.iter().flat_map(|object| versions(object, true));
            let found = found.find(|version| is_number(version, number));
            found
                .map(|version| Answer::ok(&version))
                .ok_or_else(|| Refusal::missing("script version", number))
        }
        ("scriptrunners", []) => page(request, runners(&all)),
        _ => Err(nothing_here(request)),
    }
}

fn is_number(version: &Value, number: &str) -> bool {
    version["id"].as_i64().is_some_and(|id| number.parse() == Ok(id))
}

fn script(object: &SharedObject, with_versions: bool) -> Value {
    let (data, of_type) = (&object.entry["data"], &object.entry["type"]);
    let mut view = json!({
        "id": object.id, "name": data["name"], "description": data["description"],
        "type": {
            "id": integer(of_type, "id"), "name": of_type["name"], "description": of_type["description"],
            "extension": of_type["fileExtension"],
        },
    });
    if with_versions {
        view["versions"] = Value::Array(versions(object, false));
    }
    view
}

/// The versions of a script; their ids are those of the script's entry, made unique by its own.
fn versions(object: &SharedObject, with_content: bool) -> Vec<Value> {
    let list = items(&object.entry, "versionList");
    let number = |version: &Value| version.get("version").and_then(whole).unwrap_or(0);
    let latest = list.iter().map(number).max();
    let view = |version: &Value| {
        let content = text(version, "content").unwrap_or_default();
        let author = text(version, "author").unwrap_or_default();
        let hash: String =
            Sha1::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let created = stamped(version, "createdDate").or_else(|| stamped(version, "date"));
        let mut view = json!({
            "id": i64::from(object.id) * 1000 + number(version), "version": number(version),
            "latest": Some(number(version)) == latest, "message": version["message"],
            "author": {"loginName": author, "name": author}, "hash": hash,
            "created": created, "updated": stamped(version, "lastUpdated").or(created.clone()),
        });
        if with_content {
            view["content"] = json!(content);
            view["script"] = json!({"id": object.id, "name": object.entry["data"]["name"]});
        }
        view
    };
    list.iter().map(view).collect()
}

/// A stamp of an entry, with the offset that the REST API writes and definitions do not.
fn stamped(value: &Value, key: &str) -> Option<String> {
    let time = NaiveDateTime::parse_from_str(&text(value, key)?, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(stamp(time.and_utc()))
}

fn runners(all: &[SharedObject]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for script in all {
        for runner in items(&script.entry, "runnerList") {
            if !found.iter().any(|other| other["name"] == runner["name"]) {
                let of_type = &script.entry["type"];
                found.push(json!({
                    "id": integer(runner, "id"), "name": runner["name"],
                    "command": runner["commandFormat"],
                    "scriptType": {"id": integer(of_type, "id"), "name": of_type["name"]},
                }));
            }
        }
    }
    found
}
