//! What systems start with.

mod retail;

use std::sync::Arc;

use deploy_core::definition::Definition;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::{Seed, SystemType, USER};
use crate::daily::{UNIX_AGENT, WINDOWS_AGENT};
use crate::impex::{ImportRules, MACHINES, Master, USER as LOAD_USER, apply, settled};
use crate::state::{SharedObject, State, fold};

/// Why a seed cannot be planted.
#[derive(Debug, thiserror::Error)]
#[error("the seed file `{file}` cannot be read: {why}")]
pub struct SeedError {
    pub(crate) file: String,
    pub(crate) why: String,
}

/// Where a system's own ids begin, and how far those of definitions are moved:
/// different for every name.
pub(crate) fn distance(name: &str) -> u32 {
    // FNV-1a: the same in every release, unlike the standard library's hash.
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % 900_000 + 1_000
}

/// The first state of a system.
pub(crate) fn plant(seed: Seed, name: &str, kind: SystemType, now: &str) -> Result<State, SeedError> {
    let distance = distance(name);
    let mut state = State { last_id: distance % 5_000 + 100, ..State::default() };
    basics(&mut state);
    match seed {
        Seed::Empty => {}
        Seed::Retail => retail::plant(&mut state, kind, distance, now)?,
        Seed::Large(count) => large(&mut state, count, kind),
    }
    Ok(state)
}

/// What every system has: the administrator, and the sandbox's own agents.
fn basics(state: &mut State) {
    shared(state, "roleList", json!({"name": USER, "description": "Administrators"}));
    add_user(
        state,
        &UserSeed {
            login_name: USER.into(),
            name: "OpCon Administrator".into(),
            roles: vec![USER.into()],
            is_disabled: false,
        },
    );
    for (name, of_type) in [(WINDOWS_AGENT, "Windows"), (UNIX_AGENT, "UNIX")] {
        let features = retail::ALL_FEATURES.iter().map(|feature| (*feature).to_owned()).collect();
        let machine = MachineSeed {
            name: name.to_owned(),
            of_type: of_type.to_owned(),
            version: "23.0.0".to_owned(),
            features,
            state: None,
        };
        add_machine(state, &machine);
    }
}

fn large(state: &mut State, count: u32, kind: SystemType) {
    for name in MACHINES {
        let machine = MachineSeed {
            name: name.to_owned(),
            of_type: "Windows".to_owned(),
            version: "21.0.4".to_owned(),
            features: Vec::new(),
            state: None,
        };
        add_machine(state, &machine);
    }
    add_batch_user(state, &BatchUserSeed { platform: "Windows".into(), login_name: LOAD_USER.into() });
    if kind.is_production_class() {
        return;
    }
    for number in 0..count {
        let master = Master::generated(state.next_id(), number);
        state.masters.insert(fold(&master.name), Arc::new(master));
    }
}

#[derive(Debug, Deserialize)]
struct MachineSeed {
    name: String,
    #[serde(rename = "type")]
    of_type: String,
    version: String,
    features: Vec<String>,
    state: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchUserSeed {
    platform: String,
    login_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserSeed {
    login_name: String,
    name: String,
    roles: Vec<String>,
    #[serde(default)]
    is_disabled: bool,
}

fn platform_id(name: &str) -> u32 {
    match name {
        "File Transfer" => 1,
        "Windows" => 3,
        "IBM i" => 5,
        "UNIX" => 6,
        "SQL" => 21,
        _ => 0,
    }
}

fn add_machine(state: &mut State, seed: &MachineSeed) {
    let id = state.next_id();
    let up = seed.state.as_deref().unwrap_or("U");
    let machine = json!({
        "id": id, "name": seed.name,
        "type": {"id": platform_id(&seed.of_type), "description": seed.of_type},
        "status": {"state": up, "networkStatus": up, "operationStatus": up},
        "version": seed.version, "agentVersion": seed.version, "socket": 3100, "maximumJobs": 100,
        "opConMaximumJobs": 100, "currentJobs": 0, "tcpIpAddress": "127.0.0.1",
        "fullyQualifiedDomainName": seed.name.to_lowercase(), "timeZoneName": "UTC",
        "supportedAgentCapability": seed.features, "documentation": "",
    });
    state.inventory.machines.insert(id, machine);
}

fn add_batch_user(state: &mut State, seed: &BatchUserSeed) {
    let id = state.next_id();
    let user = json!({
        "id": id, "loginName": seed.login_name, "roles": [],
        "platform": {"id": platform_id(&seed.platform), "name": seed.platform},
    });
    state.inventory.batch_users.insert(id, user);
}

fn add_user(state: &mut State, seed: &UserSeed) {
    let id = state.next_id();
    let role = |name: &String| {
        let id = state.shared.get("roleList", name).map_or(0, |role| role.id);
        json!({"id": id, "name": name})
    };
    let roles: Vec<Value> = seed.roles.iter().map(role).collect();
    let user = json!({
        "id": id, "loginName": seed.login_name, "name": seed.name, "roles": roles, "language": "en",
        "isDisabled": seed.is_disabled, "forcePasswordChange": false, "isSelfServiceUser": false,
        "email": format!("{}@harbourpine.example", seed.login_name), "passwordNeverExpires": true,
    });
    state.inventory.users.insert(id, user);
}

/// Adds a shared object in the form definitions have it.
fn shared(state: &mut State, list: &str, entry: Value) {
    if let Some(key) = crate::state::Shared::key(list, &entry) {
        let id = state.next_id();
        state.shared.put(list, &key, SharedObject { id, entry });
    }
}

fn insert(state: &mut State, file: &str, text: &str, distance: u32, now: &str) -> Result<(), SeedError> {
    let wrong = |why: String| SeedError { file: file.to_owned(), why };
    let definition = Definition::read(text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    let definition =
        settled(definition, distance, now).map_err(|_| wrong("its ids cannot be moved".to_owned()))?;
    apply(state, definition, &ImportRules::read(&Value::Null));
    Ok(())
}
