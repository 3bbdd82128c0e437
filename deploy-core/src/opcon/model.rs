//! What an OpCon system tells of itself, as small values.

use serde::{Deserialize, Serialize};

use super::wire::{FromWire, Wire};

/// The versions of both services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemVersion {
    /// Of the OpCon REST API, which is that of OpCon.
    pub opcon: String,
    /// Of ImpEx2.
    pub impex: String,
}

/// A feature that a system is licensed for, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Licence {
    /// OpCon's number or name for the feature.
    pub feature: String,
    /// Whether it may be used.
    pub valid: bool,
    /// How many licences there are, if that is said.
    pub licences: Option<i64>,
}

/// One feature of `GET /api/features`.
#[derive(Debug)]
pub(crate) struct Feature {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) valid: bool,
    pub(crate) licences: Option<i64>,
}

impl FromWire for Feature {
    const WHAT: &'static str = "a feature";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        Some(Self {
            id: wire.text(&["id"])?,
            name: wire.text(&["name", "description"]),
            valid: wire.boolean(&["valid"]).unwrap_or(false),
            licences: wire.integer(&["licenses", "licences"]),
        })
    }
}

/// A schedule that stands on a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MasterSchedule {
    /// OpCon's number for it, another one on every system.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is a sub-schedule.
    pub sub_schedule: bool,
}

impl FromWire for MasterSchedule {
    const WHAT: &'static str = "a schedule";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        Some(Self {
            id: wire.integer(&["id"])?,
            name: wire.text(&["name"])?,
            sub_schedule: wire.boolean(&["subSchedule"]).unwrap_or(false),
        })
    }
}

/// A job of a schedule that stands on a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MasterJob {
    /// The name of its schedule.
    pub schedule: String,
    /// Its name.
    pub name: String,
}

impl FromWire for MasterJob {
    const WHAT: &'static str = "a job";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let schedule = wire.object(&["schedule"]).and_then(|schedule| schedule.text(&["name"]));
        Some(Self {
            schedule: schedule.or_else(|| wire.text(&["scheduleName"]))?,
            name: wire.text(&["name", "jobName"])?,
        })
    }
}

/// A machine: where jobs run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// OpCon's number for what it is: 3 Windows, 5 IBM i, 6 UNIX, 21 SQL …
    pub kind: Option<i64>,
    /// W waiting, U up, D down, E error, L limited.
    pub state: Option<String>,
    /// The groups it is in.
    pub groups: Vec<String>,
    /// What its agent can do: `fileWatcher.v1`, `centralizedScripts.v1` …
    pub features: Vec<String>,
    /// The version of its agent.
    pub agent_version: Option<String>,
}

impl FromWire for Machine {
    const WHAT: &'static str = "a machine";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let status = wire.object(&["status"]).or_else(|| wire.object(&["state"]));
        Some(Self {
            name: wire.text(&["name"])?,
            kind: wire.object(&["type"]).and_then(|kind| kind.integer(&["id"])).or(wire.integer(&["type"])),
            state: status.and_then(|status| status.text(&["state"])).or(wire.text(&["state", "status"])),
            groups: wire.texts(&["groups"], &["name"]),
            features: wire
                .texts(&["supportedAgentCapability", "supportedAgentCapabilities"], &["name", "id"]),
            agent_version: wire.text(&["agentVersion"]),
        })
    }
}

/// A group of machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineGroup {
    /// Its name.
    pub name: String,
    /// The number of the kind of its machines.
    pub kind: Option<i64>,
}

impl FromWire for MachineGroup {
    const WHAT: &'static str = "a machine group";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let kind = wire.object(&["type"]).and_then(|kind| kind.integer(&["id"])).or(wire.integer(&["type"]));
        Some(Self { name: wire.text(&["name"])?, kind })
    }
}

/// A user of an operating system or a database, under which jobs run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchUser {
    /// Its login name.
    pub login: String,
    /// The number of the platform it is for.
    pub platform: Option<i64>,
    /// The name of that platform.
    pub platform_name: Option<String>,
}

impl FromWire for BatchUser {
    const WHAT: &'static str = "a batch user";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let platform = wire.object(&["platform"]);
        Some(Self {
            login: wire.text(&["loginName", "name"])?,
            platform: platform.and_then(|p| p.integer(&["id"])).or(wire.integer(&["platformId", "platform"])),
            platform_name: platform.and_then(|p| p.text(&["name", "description"])),
        })
    }
}

/// A thing of which only the name matters: a role, a department, an access code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Named(pub String);

impl FromWire for Named {
    const WHAT: &'static str = "an entry";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        wire.text(&["name", "loginName"]).map(Self)
    }
}

/// A resource or a threshold, with its value at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Option<i64>,
}

impl FromWire for Counter {
    const WHAT: &'static str = "a resource or threshold";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        Some(Self { name: wire.text(&["name"])?, value: wire.integer(&["value"]) })
    }
}

/// A global property. The value of an encrypted one is never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GlobalProperty {
    /// Its name.
    pub name: String,
    /// Its value, unless it is encrypted.
    pub value: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

impl FromWire for GlobalProperty {
    const WHAT: &'static str = "a global property";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let encrypted = wire.boolean(&["encrypted", "isEncrypted"]).unwrap_or(false);
        let value = wire.text(&["value"]).filter(|_| !encrypted);
        Some(Self { name: wire.text(&["name", "fullName"])?, value, encrypted })
    }
}

/// A calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calendar {
    /// Its name.
    pub name: String,
    /// Whether it is a holiday calendar (of the whole system, or of a schedule).
    pub holiday: bool,
}

impl FromWire for Calendar {
    const WHAT: &'static str = "a calendar";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        Some(Self { name: wire.text(&["name"])?, holiday: wire.integer(&["type"]) == Some(0) })
    }
}

/// What a definition may refer to on a system: fetched once, used by all checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// The machines, with the features of their agents.
    pub machines: Vec<Machine>,
    /// The machine groups.
    pub machine_groups: Vec<MachineGroup>,
    /// The batch users.
    pub batch_users: Vec<BatchUser>,
    /// The roles.
    pub roles: Vec<Named>,
    /// The departments.
    pub departments: Vec<Named>,
    /// The access codes.
    pub access_codes: Vec<Named>,
    /// The resources.
    pub resources: Vec<Counter>,
    /// The thresholds.
    pub thresholds: Vec<Counter>,
    /// The global properties.
    pub properties: Vec<GlobalProperty>,
    /// The calendars.
    pub calendars: Vec<Calendar>,
    /// How many users there are.
    pub users: usize,
    /// How many schedules there are.
    pub schedules: usize,
}

/// How much there is on a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Machines.
    pub machines: usize,
    /// Machine groups.
    pub machine_groups: usize,
    /// OpCon users.
    pub users: usize,
    /// Schedules.
    pub schedules: usize,
}

/// A script, with its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Script {
    /// OpCon's number for it, another one on every system.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it is written in, which says what runs it.
    pub kind: Option<String>,
    /// Its versions, oldest first.
    pub versions: Vec<ScriptVersion>,
}

/// One version of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptVersion {
    /// OpCon's number for this version on this system.
    pub id: i64,
    /// Its version number, the same on every system.
    pub number: i64,
    /// Whether it is the latest.
    pub latest: bool,
    /// What its author said of it.
    pub message: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// OpCon's hash of the content.
    pub hash: Option<String>,
    /// The text, where the system gave it.
    pub content: Option<String>,
    /// When it was made, as OpCon writes it.
    pub created: Option<String>,
}

impl FromWire for Script {
    const WHAT: &'static str = "a script";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let kind = wire.object(&["type"]).and_then(|kind| kind.text(&["name", "description", "id"]));
        let mut versions: Vec<_> = wire.items(&["versions"]).filter_map(ScriptVersion::from_wire).collect();
        versions.sort_by_key(|version| version.number);
        Some(Self {
            id: wire.integer(&["id"])?,
            name: wire.text(&["name"])?,
            description: wire.text(&["description"]),
            kind: kind.or_else(|| wire.text(&["type"])),
            versions,
        })
    }
}

impl FromWire for ScriptVersion {
    const WHAT: &'static str = "a version of a script";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let author = wire.object(&["author"]).and_then(|author| author.text(&["loginName", "name"]));
        Some(Self {
            id: wire.integer(&["id"])?,
            number: wire.integer(&["version"])?,
            latest: wire.boolean(&["latest"]).unwrap_or(false),
            message: wire.text(&["message"]),
            author: author.or_else(|| wire.text(&["author"])),
            hash: wire.text(&["hash"]),
            content: wire.text(&["content"]),
            created: wire.text(&["created"]),
        })
    }
}
