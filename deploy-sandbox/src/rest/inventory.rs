//! Machines, machine groups, batch users and users.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::lists::{id, page, selected};
use super::{not_allowed, nothing_here};
use crate::answer::{Answer, Outcome, Refusal};
use crate::request::Request;
use crate::state::{Inventory, State, fold};
use crate::system::System;
use crate::text::{integer, text};

/// One of the tables of the inventory.
struct Table {
    resource: &'static str,
    /// The field that names an item.
    name: &'static str,
    /// The fields that are kept; others are ignored.
    fields: &'static [&'static str],
    rows: fn(&Inventory) -> &BTreeMap<u32, Value>,
    rows_mut: fn(&mut Inventory) -> &mut BTreeMap<u32, Value>,
    view: fn(&State, &Value) -> Value,
    created: StatusCode,
    updated: StatusCode,
}

const MACHINE: [&str; 21] = [
    "id",
    "name",
    "type",
    "status",
    "version",
    "agentVersion",
    "osType",
    "osVersion",
    "socket",
    "maximumJobs",
    "opConMaximumJobs",
    "currentJobs",
    "tcpIpAddress",
    "fullyQualifiedDomainName",
    "timeZoneName",
    "gatewayName",
    "jorsPortNumber",
    "fileTransferRole",
    "allowKillJob",
    "supportedAgentCapability",
    "documentation",
];
const GROUP: [&str; 5] = ["id", "name", "documentation", "type", "machines"];
const BATCH_USER: [&str; 4] = ["id", "loginName", "platform", "roles"];
const USER: [&str; 12] = [
    "id",
    "loginName",
    "name",
    "roles",
    "language",
    "email",
    "isDisabled",
    "isSelfServiceUser",
    "forcePasswordChange",
    "passwordNeverExpires",
    "details",
    "moreDetails",
];

fn table(name: &str) -> Table {
    match name {
        "machines" => Table {
            resource: "machine",
            name: "name",
            fields: &MACHINE,
            rows: |inventory| &inventory.machines,
            rows_mut: |inventory| &mut inventory.machines,
            view: machine,
            created: StatusCode::CREATED,
            updated: StatusCode::OK,
        },
        "machinegroups" => Table {
            resource: "machine group",
            name: "name",
            fields: &GROUP,
            rows: |inventory| &inventory.machine_groups,
            rows_mut: |inventory| &mut inventory.machine_groups,
            view: machine_group,
            created: StatusCode::CREATED,
            updated: StatusCode::CREATED,
        },
        "batchusers" => Table {
            resource: "batch user",
            name: "loginName",
            fields: &BATCH_USER,
            rows: |inventory| &inventory.batch_users,
            rows_mut: |inventory| &mut inventory.batch_users,
            view: user,
            created: StatusCode::CREATED,
            updated: StatusCode::OK,
        },
        _ => Table {
            resource: "user",
            name: "loginName",
            fields: &USER,
            rows: |inventory| &inventory.users,
            rows_mut: |inventory| &mut inventory.users,
            view: user,
            created: StatusCode::CREATED,
            updated: StatusCode::OK,
        },
    }
}

pub(super) fn handle(system: &System, request: &Request, name: &str, rest: &[&str]) -> Outcome {
    let table = table(name);
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let extended = request.query.flag("extendedproperties")?.unwrap_or(false);
            let found = system.read(|state| found(&table, state, request, extended));
            page(request, found)
        }
        ("GET", ["count_by_status"]) if name == "machines" => Ok(Answer::ok(&count_by_status(system))),
        ("GET", [one]) => {
            let item = id(one).and_then(|id| {
                system.read(|state| {
                    (table.rows)(&state.inventory).get(&id).map(|item| (table.view)(state, item))
                })
            });
            item.map(|item| Answer::ok(&item)).ok_or_else(|| Refusal::missing(table.resource, one))
        }
        ("POST", []) => create(system, request, &table),
        ("PUT", [one]) => update(system, request, &table, one),
        (_, [] | [_]) => Err(not_allowed(request)),
        _ => Err(nothing_here(request)),
    }
}

fn found(table: &Table, state: &State, request: &Request, extended: bool) -> Vec<Value> {
    let query = &request.query;
    let rows = (table.rows)(&state.inventory).values().map(|item| (table.view)(state, item));
    let in_group = |item: &Value, parameter: &[&str], key: &str| {
        let groups = item["groups"].as_array().map_or(&[][..], Vec::as_slice);
        query.list(parameter).is_empty() || groups.iter().any(|group| selected(query, parameter, group, key))
    };
    let of_role = |item: &Value| {
        let roles = item["roles"].as_array().map_or(&[][..], Vec::as_slice);
        query.list(&["rolename"]).is_empty()
            || roles.iter().any(|role| selected(query, &["rolename"], role, "name"))
    };
    let rows = rows.filter(|item| {
        selected(query, &["ids"], item, "id")
            && selected(query, &["name"], item, "name")
            && selected(query, &["loginname"], item, "loginName")
            && selected(query, &["username"], item, "name")
            && selected(query, &["type"], item, "type/description")
            && selected(query, &["typeids"], item, "type/id")
            && selected(query, &["platform"], item, "platform/name")
            && selected(query, &["platformid"], item, "platform/id")
            && selected(query, &["states"], item, "status/state")
            && in_group(item, &["groupname"], "name")
            && in_group(item, &["groupids"], "id")
            && of_role(item)
    });
    let mut rows: Vec<Value> = rows.collect();
    if !extended && table.resource == "machine" {
        for row in rows.iter_mut().filter_map(Value::as_object_mut) {
            row.remove("supportedAgentCapability");
        }
    }
    rows
}

/// A machine with the groups it is in, and its status under both names.
fn machine(state: &State, item: &Value) -> Value {
    let mut view = item.clone();
    let name = item["name"].as_str().unwrap_or_default();
    let is_in = |group: &&Value| {
        group["machines"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|member| member["name"].as_str().is_some_and(|other| fold(other) == fold(name)))
    };
    let groups = state.inventory.machine_groups.values().filter(is_in);
    view["groups"] = groups.map(|group| json!({"id": group["id"], "name": group["name"]})).collect();
    view["state"] = item["status"].clone();
    view
}

/// A machine group with the ids of its machines.
fn machine_group(state: &State, item: &Value) -> Value {
    let mut view = item.clone();
    for member in view["machines"].as_array_mut().into_iter().flatten() {
        let found = member["name"].as_str().and_then(|name| state.inventory.machine(name));
        member["id"] = found.map_or(Value::Null, |machine| machine["id"].clone());
    }
    view
}

fn user(_: &State, item: &Value) -> Value {
    item.clone()
}

fn count_by_status(system: &System) -> Value {
    let count = |state: &str| {
        system.read(|all| {
            all.inventory
                .machines
                .values()
                .filter(|machine| machine["status"]["state"].as_str() == Some(state))
                .count()
        })
    };
    json!({
        "waiting": count("W"), "up": count("U"), "down": count("D"),
        "error": count("E"), "limited": count("L"),
    })
}

fn create(system: &System, request: &Request, table: &Table) -> Outcome {
    let mut item = request.json()?;
    complete(table, &mut item)?;
    let view = system.write(|state| {
        refuse_taken(table, state, &item)?;
        let id = state.next_id();
        item["id"] = json!(id);
        Ok(put(table, state, id, item))
    })?;
    Ok(Answer::json(table.created, &view))
}

fn update(system: &System, request: &Request, table: &Table, one: &str) -> Outcome {
    let changes = request.json()?;
    let missing = || Refusal::missing(table.resource, one);
    let number = id(one).ok_or_else(missing)?;
    let view = system.write(|state| {
        let mut item = (table.rows)(&state.inventory).get(&number).cloned().ok_or_else(missing)?;
        if let (Some(item), Value::Object(changes)) = (item.as_object_mut(), changes) {
            item.extend(changes);
        }
        item["id"] = json!(number);
        complete(table, &mut item)?;
        refuse_taken(table, state, &item)?;
        Ok(put(table, state, number, item))
    })?;
    Ok(Answer::json(table.updated, &view))
}

fn put(table: &Table, state: &mut State, id: u32, item: Value) -> Value {
    let view = (table.view)(state, &item);
    (table.rows_mut)(&mut state.inventory).insert(id, item);
    state.touch();
    view
}

/// Another item has the name; batch users share names between platforms.
fn refuse_taken(table: &Table, state: &State, item: &Value) -> Result<(), Refusal> {
    let name = item[table.name].as_str().unwrap_or_default();
    let same = |other: &Value| {
        other["id"] != item["id"]
            && other["platform"]["id"] == item["platform"]["id"]
            && other[table.name].as_str().is_some_and(|other| fold(other) == fold(name))
    };
    match (table.rows)(&state.inventory).values().any(same) {
        true => Err(Refusal::conflict(table.resource, name)),
        false => Ok(()),
    }
}

/// What an item must have, and never keeps.
fn complete(table: &Table, item: &mut Value) -> Result<(), Refusal> {
    let name = text(item, table.name).filter(|name| !name.trim().is_empty());
    let missing = || Refusal::malformed(format!("The {} has no {}", table.resource, table.name));
    item[table.name] = json!(name.ok_or_else(missing)?);
    let Some(map) = item.as_object_mut() else { return Err(missing()) };
    map.retain(|key, _| table.fields.contains(&key.as_str()));
    match table.resource {
        "machine" => {
            if !map.get("status").is_some_and(Value::is_object) {
                let up = json!({"state": "U", "networkStatus": "U", "operationStatus": "U"});
                map.insert("status".into(), up);
            }
            number(map.get_mut("type"), "The machine has no type")?;
        }
        "machine group" => {
            let machines = map.entry("machines").or_insert_with(|| json!([]));
            if machines.as_array().is_none_or(|list| !list.iter().all(Value::is_object)) {
                return Err(Refusal::malformed("The machines of a group are objects"));
            }
        }
        _ => {
            if !map.get("roles").is_some_and(Value::is_array) {
                map.insert("roles".into(), json!([]));
            }
            if table.resource == "batch user" {
                number(map.get_mut("platform"), "The batch user has no platform")?;
            } else {
                map.entry("name").or_insert(Value::from(""));
                map.entry("isDisabled").or_insert(Value::from(false));
            }
        }
    }
    Ok(())
}

/// A type or a platform: an object with a number, which may come as a string.
fn number(value: Option<&mut Value>, otherwise: &str) -> Result<(), Refusal> {
    let value = value.filter(|value| value.is_object()).ok_or_else(|| Refusal::malformed(otherwise))?;
    if let Some(id) = integer(value, "id") {
        value["id"] = json!(id);
    }
    Ok(())
}
