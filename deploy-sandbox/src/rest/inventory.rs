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
    rows: fn(&Inventory) -> &BTreeMap<u32, Value>,
    rows_mut: fn(&mut Inventory) -> &mut BTreeMap<u32, Value>,
    view: fn(&State, &Value) -> Value,
    created: StatusCode,
    updated: StatusCode,
}

fn table(name: &str) -> Table {
    match name {
        "machines" => Table {
            resource: "machine",
            name: "name",
            rows: |inventory| &inventory.machines,
            rows_mut: |inventory| &mut inventory.machines,
            view: machine,
            created: StatusCode::CREATED,
            updated: StatusCode::OK,
        },
        "machinegroups" => Table {
            resource: "machine group",
            name: "name",
            rows: |inventory| &inventory.machine_groups,
            rows_mut: |inventory| &mut inventory.machine_groups,
            view: machine_group,
            created: StatusCode::CREATED,
            updated: StatusCode::CREATED,
        },
        "batchusers" => Table {
            resource: "batch user",
            name: "loginName",
            rows: |inventory| &inventory.batch_users,
            rows_mut: |inventory| &mut inventory.batch_users,
            view: user,
            created: StatusCode::CREATED,
            updated: StatusCode::OK,
        },
        _ => Table {
            resource: "user",
            name: "loginName",
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
    let name = text(&item, table.name)
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| Refusal::malformed(format!("The {} has no {}", table.resource, table.name)))?;
    if item["machines"].as_array().is_some_and(|list| !list.iter().all(Value::is_object)) {
        return Err(Refusal::malformed("The machines of a group are objects"));
    }
    complete(table, &mut item)?;
    let view = system.write(|state| {
        let platform = &item["platform"]["id"];
        let same = |other: &Value| {
            text(other, table.name).is_some_and(|other| fold(&other) == fold(&name))
                && &other["platform"]["id"] == platform
        };
        if (table.rows)(&state.inventory).values().any(same) {
            return Err(Refusal::conflict(table.resource, &name));
        }
        let id = state.next_id();
        item["id"] = json!(id);
        (table.rows_mut)(&mut state.inventory).insert(id, item.clone());
        state.touch();
        Ok((table.view)(state, &item))
    })?;
    Ok(Answer::json(table.created, &view))
}

/// What a new item must have, and never keeps.
fn complete(table: &Table, item: &mut Value) -> Result<(), Refusal> {
    let Some(map) = item.as_object_mut() else { return Err(Refusal::malformed("Not an object")) };
    map.remove("password");
    for computed in ["groups", "state"] {
        map.remove(computed);
    }
    match table.resource {
        "machine" => {
            let up = json!({"state": "U", "networkStatus": "U", "operationStatus": "U"});
            map.entry("status").or_insert(up);
            number(map.get_mut("type"), "The machine has no type")?;
        }
        "machine group" => {
            map.entry("machines").or_insert_with(|| json!([]));
        }
        "batch user" => number(map.get_mut("platform"), "The batch user has no platform")?,
        _ => {}
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

fn update(system: &System, request: &Request, table: &Table, one: &str) -> Outcome {
    let mut changes = request.json()?;
    let missing = || Refusal::missing(table.resource, one);
    let number = id(one).ok_or_else(missing)?;
    if let Some(map) = changes.as_object_mut() {
        for fixed in ["id", "password", "groups", "state"] {
            map.remove(fixed);
        }
    }
    let view = system.write(|state| {
        let item = (table.rows_mut)(&mut state.inventory).get_mut(&number).ok_or_else(missing)?;
        if let (Some(item), Value::Object(changes)) = (item.as_object_mut(), changes) {
            item.extend(changes);
        }
        let item = item.clone();
        state.touch();
        Ok((table.view)(state, &item))
    })?;
    Ok(Answer::json(table.updated, &view))
}
