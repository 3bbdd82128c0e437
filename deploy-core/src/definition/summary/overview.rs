//! The readable view of a whole definition.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{items, sub_schedule, text};
use crate::definition::{Definition, Thing, export_date, form, hide_encrypted, information};

const DAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What `show` says of a definition.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The release of OpCon it was exported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opcon_version: Option<String>,
    /// The day it was exported, as `yyyy-mm-dd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_date: Option<String>,
    /// What its exporter said of it; empty if nothing.
    pub description: String,
    /// Its schedules, sorted by name.
    pub schedules: Vec<ScheduleView>,
    /// Dependencies on jobs of other schedules.
    pub external_dependencies: Vec<DependencyView>,
    /// Dependencies of other schedules' jobs on jobs of this one.
    pub dependencies_on_it: Vec<DependencyView>,
    /// Global properties; the values of encrypted ones hidden.
    pub properties: Vec<NamedValue>,
    /// Resources.
    pub resources: Vec<NamedValue>,
    /// Thresholds.
    pub thresholds: Vec<NamedValue>,
    /// The names of the calendars.
    pub calendars: Vec<String>,
    /// The names of the scripts.
    pub scripts: Vec<String>,
}

/// One schedule of an [`Overview`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleView {
    /// Its name.
    pub name: String,
    /// When it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// The week days it counts as working days, from Monday.
    pub work_days: Vec<&'static str>,
    /// Whether it runs inside container jobs only.
    pub is_sub_schedule: bool,
    /// Whether it can be in the daily more than once.
    pub is_multi_instance: bool,
    /// Its documentation, without deployment information.
    pub documentation: String,
    /// The names of its own frequencies.
    pub frequencies: Vec<String>,
    /// Its jobs by their type.
    pub jobs_by_type: BTreeMap<String, Vec<JobView>>,
    /// Dependencies between its jobs.
    pub dependencies: Vec<DependencyView>,
}

/// One job of a [`ScheduleView`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// Its name.
    pub name: String,
    /// The machine it runs on first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The machine group it runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_group: Option<String>,
    /// The schedule it runs, if it is a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_schedule: Option<String>,
    /// The names of its frequencies.
    pub frequencies: Vec<String>,
    /// Whether it is kept out of the daily.
    pub is_disabled: bool,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DependencyView {
    /// The job that waits.
    pub job: String,
    /// The whole of it: `Load after Extract`.
    pub words: String,
}

/// A shared object with a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedValue {
    /// Its name.
    pub name: String,
    /// Its value as text.
    pub value: String,
}

/// The readable view of a definition.
pub fn overview(definition: &Definition) -> Overview {
    let value = definition.value();
    let variables = |thing: Thing| {
        items(value, "variableList")
            .filter(|item| Thing::Variable.of_item(item) == thing)
            .map(named_value)
            .collect()
    };
    Overview {
        opcon_version: text(value, "opConVersion").map(str::to_owned),
        export_date: export_date(value).map(str::to_owned),
        description: text(value, "userDescription").unwrap_or_default().to_owned(),
        schedules: definition.schedules().iter().map(schedule_view).collect(),
        external_dependencies: dependencies(value, "externalDependencyList", Thing::ExternalDependency),
        dependencies_on_it: dependencies(value, "externalDependencyOnList", Thing::ReverseDependency),
        properties: items(value, "propertyList").map(named_value).collect(),
        resources: variables(Thing::Resource),
        thresholds: variables(Thing::Threshold),
        calendars: names(value, "calendarList"),
        scripts: items(value, "scriptList")
            .filter_map(|script| form::field(script, "data/name")?.as_str())
            .map(str::to_owned)
            .collect(),
    }
}

fn schedule_view(schedule: &Value) -> ScheduleView {
    let mut jobs_by_type: BTreeMap<String, Vec<JobView>> = BTreeMap::new();
    for job in items(schedule, "jobList") {
        jobs_by_type.entry(text(job, "type").unwrap_or_default().to_owned()).or_default().push(job_view(job));
    }
    ScheduleView {
        name: text(schedule, "name").unwrap_or_default().to_owned(),
        start_time: text(schedule, "startTime").map(str::to_owned),
        work_days: DAYS.iter().filter(|day| is_set(schedule, &format!("workDay{day}"))).copied().collect(),
        is_sub_schedule: is_set(schedule, "subSchedule"),
        is_multi_instance: is_set(schedule, "multiInstance"),
        documentation: information::without(text(schedule, "documentation").unwrap_or_default()).to_owned(),
        frequencies: names(schedule, "frequencyList"),
        jobs_by_type,
        dependencies: dependencies(schedule, "internalDependencyList", Thing::InternalDependency),
    }
}

fn job_view(job: &Value) -> JobView {
    JobView {
        name: text(job, "name").unwrap_or_default().to_owned(),
        machine: text(job, "primaryMachine").map(str::to_owned),
        machine_group: text(job, "machineGroup").map(str::to_owned),
        sub_schedule: sub_schedule(job).map(str::to_owned),
        frequencies: names(job, "frequencyList"),
        is_disabled: is_set(job, "disableBuild"),
    }
}

fn dependencies(owner: &Value, list: &str, thing: Thing) -> Vec<DependencyView> {
    let view = |item: &Value| DependencyView {
        job: text(item, "jobName").unwrap_or_default().to_owned(),
        words: thing.label(item),
    };
    items(owner, list).map(view).collect()
}

fn names(owner: &Value, list: &str) -> Vec<String> {
    items(owner, list).filter_map(|item| text(item, "name")).map(str::to_owned).collect()
}

fn named_value(item: &Value) -> NamedValue {
    let item = hide_encrypted(item);
    let value = match &item["value"] {
        Value::Null => String::new(),
        Value::String(value) => value.clone(),
        other => other.to_string(),
    };
    NamedValue { name: text(&item, "name").unwrap_or_default().to_owned(), value }
}

/// Exports write booleans as such and as text.
fn is_set(item: &Value, key: &str) -> bool {
    match &item[key] {
        Value::Bool(flag) => *flag,
        Value::String(flag) => flag.eq_ignore_ascii_case("true"),
        _ => false,
    }
}
