//! A retailer: stores that close, prices that change, cards that settle. The
//! development system has the schedules, production has other machines,
//! users and paths, and only a few schedules yet.

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    BatchUserSeed, MachineSeed, SeedError, UserSeed, add_batch_user, add_machine, add_user, insert,
    platform_id, shared,
};
use crate::config::SystemType;
use crate::state::State;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/seeds/retail");

/// Everything an agent of today can do.
pub(super) const ALL_FEATURES: [&str; 8] = [
    "fileWatcher.v1",
    "fileWatcher.v2",
    "centralizedScripts.v1",
    "shellExecution.v1",
    "jobOutputParsing.v1",
    "jobOutputParsing.v2",
    "encryptedTokens.v1",
    "environmentVariables.v1",
];

/// `development.json` and `production.json`: what definitions only name, and what they share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Estate {
    machines: Vec<MachineSeed>,
    machine_groups: Vec<GroupSeed>,
    batch_users: Vec<BatchUserSeed>,
    users: Vec<UserSeed>,
    roles: Vec<String>,
    departments: Vec<String>,
    access_codes: Vec<String>,
    properties: Vec<Value>,
    variables: Vec<Value>,
    calendars: Vec<Value>,
    scripts: Vec<Value>,
}

#[derive(Deserialize)]
struct GroupSeed {
    name: String,
    #[serde(rename = "type")]
    of_type: String,
    machines: Vec<String>,
}

pub(super) fn plant(state: &mut State, kind: SystemType, distance: u32, now: &str) -> Result<(), SeedError> {
    let production = kind.is_production_class();
    let mut estate = text(if production { "production.json" } else { "development.json" })?.to_owned();
    if !production && kind != SystemType::Development {
        // Systems of the test class have machines and users of their own.
        estate = estate.replace("DEV", "TST").replace("/dev", "/test").replace("\\\\Dev", "\\\\Test");
    }
    let estate: Estate = serde_json::from_str(&estate)
        .map_err(|error| SeedError { file: "the estate of the retailer".into(), why: error.to_string() })?;
    plant_estate(state, &estate);
    let folder = match kind {
        SystemType::Development => "schedules",
        _ if production => "production",
        _ => return Ok(()),
    };
    for file in FILES.get_dir(folder).into_iter().flat_map(Dir::files) {
        let name = file.path().to_string_lossy();
        insert(state, &name, file.contents_utf8().unwrap_or_default(), distance, now)?;
    }
    Ok(())
}

fn text(name: &str) -> Result<&'static str, SeedError> {
    FILES
        .get_file(name)
        .and_then(|file| file.contents_utf8())
        .ok_or_else(|| SeedError { file: name.to_owned(), why: "it is not there".to_owned() })
}

fn plant_estate(state: &mut State, estate: &Estate) {
    let names = |list: &'static str, names: &[String]| {
        names.iter().map(|name| (list, json!({"name": name, "description": ""}))).collect::<Vec<_>>()
    };
    let entries = |list: &'static str, entries: &[Value]| {
        entries.iter().map(|entry| (list, entry.clone())).collect::<Vec<_>>()
    };
    let all = [
        names("roleList", &estate.roles),
        names("departmentList", &estate.departments),
        names("accessCodeList", &estate.access_codes),
        entries("propertyList", &estate.properties),
        entries("variableList", &estate.variables),
        entries("calendarList", &estate.calendars),
        entries("scriptList", &estate.scripts),
    ];
    for (list, entry) in all.into_iter().flatten() {
        shared(state, list, entry);
    }
    estate.machines.iter().for_each(|machine| add_machine(state, machine));
    estate.batch_users.iter().for_each(|user| add_batch_user(state, user));
    estate.users.iter().for_each(|user| add_user(state, user));
    for group in &estate.machine_groups {
        let id = state.next_id();
        let machines: Vec<Value> = group.machines.iter().map(|name| json!({"name": name})).collect();
        let view = json!({
            "id": id, "name": group.name, "documentation": "", "machines": machines,
            "type": {"id": platform_id(&group.of_type), "description": group.of_type},
        });
        state.inventory.machine_groups.insert(id, view);
    }
}
