//! Whether an insert can be done: names and limits, and everything the
//! definition names but does not bring along.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use deploy_core::definition::{Definition, FORBIDDEN};
use serde_json::Value;

use super::ImportRules;
use crate::answer::{ApiError, Refusal};
use crate::state::{Inventory, State, fold};
use crate::text::{filled, items, text};

/// Refuses a definition that breaks OpCon's limits.
pub(super) fn limits(definition: &Definition) -> Result<(), Refusal> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for schedule in definition.schedules() {
        let folded = filled(schedule, "name").map(fold).unwrap_or_default();
        if seen.contains(&folded) {
            let message = format!("Two schedules have the name '{folded}'; case makes no difference");
            errors.push(ApiError::new("schedule", &folded, 400, message));
        }
        seen.insert(folded);
        name(&mut errors, "schedule", schedule, 40);
        length(&mut errors, "schedule", schedule, "documentation", 4000);
        for job in items(schedule, "jobList") {
            name(&mut errors, "job", job, 64);
            length(&mut errors, "job", job, "documentation", 4000);
        }
    }
    for property in items(definition.value(), "propertyList") {
        length(&mut errors, "property", property, "name", 64);
        length(&mut errors, "property", property, "value", 4000);
    }
    refuse(StatusCode::BAD_REQUEST, errors)
}

fn name(errors: &mut Vec<ApiError>, kind: &str, item: &Value, longest: usize) {
    let Some(name) = filled(item, "name") else {
        errors.push(ApiError::new(kind, "", 400, format!("A {kind} has no name")));
        return;
    };
    if let Some(wrong) = name.chars().find(|c| FORBIDDEN.contains(*c) || c.is_control()) {
        let message =
            format!("The name '{name}' of a {kind} holds the character '{wrong}', which is not allowed");
        errors.push(ApiError::new(kind, name, 400, message));
    }
    length(errors, kind, item, "name", longest);
}

fn length(errors: &mut Vec<ApiError>, kind: &str, item: &Value, key: &str, longest: usize) {
    let count = filled(item, key).map_or(0, |text| text.chars().count());
    if count > longest {
        let name = text(item, "name").unwrap_or_default();
        let message =
            format!("The {key} of the {kind} '{name}' has {count} characters; {longest} are allowed");
        errors.push(ApiError::new(kind, &name, 400, message));
    }
}

/// Refuses a definition that names what is neither on the system nor in the insert.
pub(super) fn references(definition: &Definition, state: &State, rules: &ImportRules) -> Result<(), Refusal> {
    let mut missing = BTreeSet::new();
    let inserted: BTreeSet<String> = definition.names().into_iter().map(fold).collect();
    for role in items(definition.value(), "roleList") {
        if let Some(name) = filled(role, "name").filter(|name| state.shared.get("roleList", name).is_none()) {
            missing.insert(("role", name.to_owned()));
        }
    }
    let brought: BTreeSet<String> = match rules.exclude_scripts {
        true => BTreeSet::new(),
        false => items(definition.value(), "scriptList")
            .iter()
            .filter_map(|script| filled(&script["data"], "name").map(fold))
            .collect(),
    };
    for schedule in definition.schedules() {
        for job in items(schedule, "jobList") {
            for machine in machines(job) {
                if !is_token(machine) && state.inventory.machine(machine).is_none() {
                    missing.insert(("machine", machine.to_owned()));
                }
            }
            if let Some(group) = filled(job, "machineGroup")
                && !is_token(group)
                && state.inventory.machine_group(group).is_none()
            {
                missing.insert(("machine group", group.to_owned()));
            }
            for user in batch_users(job) {
                if !is_token(&user.login) && !user.exists(&state.inventory) {
                    missing.insert(("batch user", user.shown()));
                }
            }
            let sub_schedule = job.get("containerData").and_then(|data| filled(data, "subScheduleName"));
            if let Some(name) = sub_schedule
                && !inserted.contains(&fold(name))
                && state.master(name).is_none()
            {
                missing.insert(("sub-schedule", name.to_owned()));
            }
            for data in ["windowsData", "unixData"] {
                if let Some(script) = job.get(data).and_then(|data| filled(data, "scriptName"))
                    && !brought.contains(&fold(script))
                    && state.shared.get("scriptList", script).is_none()
                {
                    missing.insert(("script", script.to_owned()));
                }
            }
        }
    }
    let errors = missing
        .into_iter()
        .map(|(kind, name)| ApiError::new(kind, &name, 404, format!("The {kind} '{name}' does not exist")))
        .collect();
    refuse(StatusCode::UNPROCESSABLE_ENTITY, errors)
}

pub(super) fn refuse(status: StatusCode, errors: Vec<ApiError>) -> Result<(), Refusal> {
    if errors.is_empty() { Ok(()) } else { Err(Refusal { status, errors }) }
}

/// A name that is only known when the job runs.
fn is_token(name: &str) -> bool {
    name.contains("[[") || name.contains("{{")
}

/// The machines a job names.
fn machines(job: &Value) -> impl Iterator<Item = &str> {
    const OWN: [&str; 5] =
        ["primaryMachine", "alternateMachine", "alternateMachine1", "alternateMachine2", "alternateMachine3"];
    let own = OWN.into_iter().filter_map(|key| filled(job, key));
    let transfer = job.get("fileTransferData").into_iter();
    own.chain(transfer.flat_map(|data| {
        ["sourceMachine", "destinationMachine"].into_iter().filter_map(|key| filled(data, key))
    }))
}

/// A batch user that a job runs as.
struct BatchUser<'j> {
    platform: i64,
    group: Option<&'j str>,
    login: String,
}

impl BatchUser<'_> {
    fn shown(&self) -> String {
        match self.group {
            Some(group) => format!("{group}/{}", self.login),
            None => self.login.clone(),
        }
    }

    fn exists(&self, inventory: &Inventory) -> bool {
        inventory.batch_users.values().any(|user| {
            let login = user["loginName"].as_str().map(fold).unwrap_or_default();
            user["platform"]["id"].as_i64() == Some(self.platform)
                && (login == fold(&self.login) || login == fold(&self.shown()))
        })
    }
}

/// Where a platform's data names a batch user: the platform, its data, the fields.
const USERS: [(i64, &str, &[&str]); 6] = [
    (3, "windowsData", &["userId"]),
    (6, "unixData", &["userId"]),
    (5, "ibmiData", &["userId"]),
    (9, "mcpData", &["userCode", "user"]),
    (4, "openVmsData", &["userId"]),
    (21, "sqlData", &["userId", "scriptUser", "jobUser", "dtExecUser"]),
];

fn batch_users(job: &Value) -> impl Iterator<Item = BatchUser<'_>> {
    USERS.into_iter().flat_map(move |(platform, data, keys)| {
        let data = job.get(data).unwrap_or(&Value::Null);
        keys.iter().filter_map(move |key| {
            let login = filled(data, key)?.to_owned();
            let group = if platform == 6 { filled(data, "groupId") } else { None };
            Some(BatchUser { platform, group, login })
        })
    })
}
