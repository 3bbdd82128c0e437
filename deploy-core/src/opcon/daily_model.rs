//! The daily: dated instances of schedules and jobs, as small values.

use std::time::Duration;

use chrono::NaiveDate;
use serde::Serialize;

use super::wire::{FromWire, Wire};

/// Which deployment brought a schedule, as OpCon shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeployInformation {
    /// What the deployment said of itself.
    pub description: Option<String>,
    /// The version deployed.
    pub version: Option<String>,
    /// When.
    pub date: Option<String>,
    /// By whom.
    pub user: Option<String>,
}

/// A dated instance of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DailySchedule {
    /// `<days since 1899-12-30>|<schedule>|<instance>`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its date.
    pub date: Option<NaiveDate>,
    /// Its state.
    pub status: Status,
    /// Which deployment brought it.
    pub deploy_information: Option<DeployInformation>,
}

/// A dated instance of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DailyJob {
    /// The id of its schedule instance, `|`, its name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: Status,
    /// When it starts after the start of its schedule, in days.
    pub start_offset: Option<f64>,
    /// How it ended, in words.
    pub termination: Option<String>,
    /// Its instance properties, names and values; a list of jobs may leave them out.
    pub properties: Vec<(String, String)>,
}

/// The state of something in the daily.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// OpCon's number for it: 900 finished, 910 failed …
    pub id: Option<i64>,
    /// In words.
    pub description: Option<String>,
    /// "Held", "Waiting", "Running", "Finished Ok", "Failed" …
    pub category: Option<String>,
}

/// How far a daily job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// Held, waiting or running.
    Open,
    /// Finished, or marked so.
    Finished,
    /// Failed, marked so, or never started for an error.
    Failed,
    /// Left out.
    Skipped,
    /// Cancelled.
    Cancelled,
}

impl Status {
    /// How far a job with this state has come.
    pub fn progress(&self) -> Progress {
        match self.id {
            Some(900 | 920) => Progress::Finished,
            Some(210 | 910 | 921) => Progress::Failed,
            Some(940) => Progress::Skipped,
            Some(950) => Progress::Cancelled,
            _ => Progress::Open,
        }
    }

    fn read(wire: Option<Wire<'_>>) -> Self {
        let Some(wire) = wire else { return Self::default() };
        Self {
            id: wire.integer(&["id"]),
            description: wire.text(&["description"]),
            category: wire.text(&["category"]),
        }
    }
}

impl FromWire for DailySchedule {
    const WHAT: &'static str = "a daily schedule";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let date = wire.text(&["date"]);
        let deployed = wire.object(&["details"]).and_then(|details| details.object(&["deployInformation"]));
        Some(Self {
            id: wire.text(&["id"])?,
            name: wire.text(&["name"])?,
            date: date.and_then(|date| date.get(..10)?.replace('/', "-").parse().ok()),
            status: Status::read(wire.object(&["status"])),
            deploy_information: deployed.map(|wire| DeployInformation {
                description: wire.text(&["description"]),
                version: wire.text(&["version"]),
                date: wire.text(&["date"]),
                user: wire.text(&["user"]),
            }),
        })
    }
}

impl FromWire for DailyJob {
    const WHAT: &'static str = "a daily job";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        Some(Self {
            id: wire.text(&["id"])?,
            name: wire.text(&["name", "jobName"])?,
            status: Status::read(wire.object(&["status", "jobStatus"])),
            start_offset: wire.text(&["startOffset"]).and_then(|offset| offset.parse().ok()),
            termination: wire.text(&["terminationDescription"]).filter(|text| !text.is_empty()),
            properties: wire
                .items(&["instanceProperties", "properties"])
                .filter_map(|pair| Some((pair.text(&["name", "key"])?, pair.text(&["value"])?)))
                .collect(),
        })
    }
}

/// A schedule to be put into the daily.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Build {
    /// Its name.
    pub schedule: String,
    /// For these dates.
    pub dates: Vec<NaiveDate>,
    /// Whether an instance that is already there is built again.
    pub overwrite: bool,
    /// Whether it is built on hold.
    pub on_hold: bool,
    /// Instance properties, names and values.
    pub properties: Vec<(String, String)>,
    /// A named instance.
    pub named_instance: Option<String>,
    /// The machine of a multi-instance schedule.
    pub machine: Option<String>,
}

/// A job to be added to a schedule in the daily.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewJob {
    /// The id of the schedule's instance.
    pub instance: String,
    /// The name of the master job.
    pub job: String,
    /// The name of its frequency.
    pub frequency: String,
    /// Instance properties, names and values.
    pub properties: Vec<(String, String)>,
    /// Whether it is added on hold.
    pub on_hold: bool,
    /// Why, for OpCon's audit.
    pub reason: String,
}

/// What can be done to a schedule in the daily.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ScheduleAction {
    Hold,
    Release,
    Start,
    Close,
}

impl ScheduleAction {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Start => "start",
            Self::Close => "close",
        }
    }
}

/// What can be done to a job in the daily.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum JobAction {
    Hold,
    Release,
    Start,
    Cancel,
    Kill,
}

impl JobAction {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Start => "start",
            Self::Cancel => "cancel",
            Self::Kill => "kill",
        }
    }
}

/// Something in the daily, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DailyItem {
    /// A job.
    Job(String),
    /// A schedule with all its jobs.
    Schedule(String),
}

/// How long the end of an action is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Pause between two questions, reached gradually.
    pub every: Duration,
    /// After this it counts as unfinished.
    pub at_most: Duration,
}

impl Default for Wait {
    fn default() -> Self {
        Self { every: Duration::from_secs(1), at_most: Duration::from_secs(600) }
    }
}
