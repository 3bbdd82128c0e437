//! What lists and `show` say of a definition.
//!
//! Read-only views of what is known of the form; whatever a definition does
//! not hold, or holds in another shape, is left out. Encrypted values are hidden.

mod overview;

use serde::Serialize;
use serde_json::Value;

pub use overview::{DependencyView, JobView, NamedValue, Overview, ScheduleView, overview};

use super::{Definition, export_date};

/// A definition in one row of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The names of its schedules; nearly always one.
    pub names: Vec<String>,
    /// How many jobs they have together.
    pub jobs: usize,
    /// Whether any job runs another schedule.
    pub has_sub_schedules: bool,
    /// The schedules that container jobs run, sorted.
    pub sub_schedules: Vec<String>,
    /// Whether any job depends on a job of a schedule that is not in it.
    pub has_external_dependencies: bool,
    /// What its exporter said of it; empty if nothing.
    pub description: String,
    /// The release of OpCon it was exported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opcon_version: Option<String>,
    /// The day it was exported, as `yyyy-mm-dd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_date: Option<String>,
}

/// Sums a definition up.
///
/// ```
/// use deploy_core::definition::{Definition, summary};
///
/// let definition = Definition::read(
///     br#"{"scheduleList":[{"name":"Payroll","jobList":[
///         {"name":"Run it","type":"Container","containerData":{"subScheduleName":"Payroll Steps"}}]}]}"#,
/// )?;
/// let summary = summary(&definition);
/// assert_eq!((summary.jobs, summary.sub_schedules), (1, vec!["Payroll Steps".to_owned()]));
/// # Ok::<(), deploy_core::definition::ReadError>(())
/// ```
pub fn summary(definition: &Definition) -> Summary {
    let value = definition.value();
    let jobs = || definition.schedules().iter().flat_map(|schedule| items(schedule, "jobList"));
    let mut sub_schedules: Vec<String> = jobs().filter_map(sub_schedule).map(str::to_owned).collect();
    sub_schedules.sort_unstable();
    sub_schedules.dedup();
    let names = definition.names();
    let is_external = |dependency: &&Value| {
        text(dependency, "predecessorScheduleName").is_some_and(|name| !names.contains(&name))
    };
    Summary {
        jobs: jobs().count(),
        has_sub_schedules: !sub_schedules.is_empty(),
        sub_schedules,
        has_external_dependencies: items(value, "externalDependencyList").any(|item| is_external(&item)),
        description: text(value, "userDescription").unwrap_or_default().to_owned(),
        opcon_version: text(value, "opConVersion").map(str::to_owned),
        export_date: export_date(value).map(str::to_owned),
        names: names.into_iter().map(str::to_owned).collect(),
    }
}

/// The schedule that a container job runs.
pub fn sub_schedule(job: &Value) -> Option<&str> {
    let data = &job["containerData"];
    text(data, "subScheduleName").or_else(|| text(data, "masterSubSchedule"))
}

/// A text that is there and not empty.
pub(crate) fn text<'v>(item: &'v Value, key: &str) -> Option<&'v str> {
    item[key].as_str().filter(|text| !text.is_empty())
}

/// The items of a list; none where there is no list.
pub(crate) fn items<'v>(owner: &'v Value, list: &str) -> std::slice::Iter<'v, Value> {
    owner[list].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Definition {
        let value = json!({
            "opConVersion": "25.1", "userDescription": "nightly",
            "descriptionList": ["Export Date : 2026-03-01 06:00:00"],
            "propertyList": [
                {"name": "ENV", "value": "DEV"},
                {"name": "PASSWORD", "value": "s3cret", "encrypted": "True"},
            ],
            "variableList": [
                {"type": "Resource", "name": "TAPES", "value": "2"},
                {"type": "Threshold", "name": "FILES", "value": 7},
            ],
            "calendarList": [{"name": "Holidays", "dateList": ["2026-12-25"]}],
            "scriptList": [{"data": {"name": "clean"}}],
            "scheduleList": [{
                "name": "Payroll", "startTime": "06:00", "workDayMonday": true, "workDayFriday": "true",
                "documentation": "{\"opcon-deploy\":1}\nCall Ann.",
                "frequencyList": [{"name": "Mon-Fri"}],
                "jobList": [
                    {"name": "Run", "type": "Container", "containerData": {"masterSubSchedule": "Steps"},
                        "frequencyList": [{"name": "Mon-Fri"}, {"name": "LDOM"}]},
                    {"name": "Load", "type": "Windows", "primaryMachine": "WIN1", "disableBuild": true},
                    {"name": "Odd"},
                ],
                "internalDependencyList": [{"jobName": "Load", "predecessorJobName": "Run"}],
            }],
            "externalDependencyList": [
                {"scheduleName": "Payroll", "jobName": "Run", "predecessorScheduleName": "GL", "predecessorJobName": "Close"},
            ],
        });
        Definition::from_value(value).unwrap()
    }

    #[test]
    fn a_row_of_a_list() {
        assert_eq!(
            serde_json::to_value(summary(&definition())).unwrap(),
            json!({"names": ["Payroll"], "jobs": 3, "hasSubSchedules": true, "subSchedules": ["Steps"],
                "hasExternalDependencies": true, "description": "nightly", "opconVersion": "25.1",
                "exportDate": "2026-03-01"})
        );
    }

    #[test]
    fn what_show_says() {
        assert_eq!(
            serde_json::to_value(overview(&definition())).unwrap(),
            json!({
                "opconVersion": "25.1", "exportDate": "2026-03-01", "description": "nightly",
                "schedules": [{
                    "name": "Payroll", "startTime": "06:00", "workDays": ["Monday", "Friday"],
                    "isSubSchedule": false, "isMultiInstance": false, "documentation": "Call Ann.",
                    "frequencies": ["Mon-Fri"],
                    "jobsByType": {
                        "Container": [{"name": "Run", "subSchedule": "Steps", "frequencies": ["LDOM", "Mon-Fri"], "isDisabled": false}],
                        "Windows": [{"name": "Load", "machine": "WIN1", "frequencies": [], "isDisabled": true}],
                        "": [{"name": "Odd", "frequencies": [], "isDisabled": false}],
                    },
                    "dependencies": [{"job": "Load", "words": "Load after Run"}],
                }],
                "externalDependencies": [{"job": "Run", "words": "Payroll / Run after GL / Close"}],
                "dependenciesOnIt": [],
                "properties": [{"name": "ENV", "value": "DEV"}, {"name": "PASSWORD", "value": "(encrypted)"}],
                "resources": [{"name": "TAPES", "value": "2"}],
                "thresholds": [{"name": "FILES", "value": "7"}],
                "calendars": ["Holidays"],
                "scripts": ["clean"],
            })
        );
    }

    #[test]
    fn other_shapes_are_left_out() {
        let value = json!({"scheduleList": [{"name": "P", "jobList": "none"}], "propertyList": 7, "variableList": [3]});
        let definition = Definition::from_value(value).unwrap();
        assert_eq!(summary(&definition).jobs, 0);
        assert!(overview(&definition).properties.is_empty());
    }
}
