//! Schedules without end: about 75 KB each, written when they are asked for.
//!
//! They differ in their names, numbers, times and machines. The text of an
//! extract is made once with a placeholder for each of these; an extract is
//! then no more than copying, and nothing is kept per schedule.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{Master, Stored, extract};
use crate::state::State;

/// Jobs of one generated schedule; with them an extract has about 75 KB.
const JOBS: usize = 40;
/// Machines that generated jobs run on.
pub(crate) const MACHINES: [&str; 4] = ["LOADWIN01", "LOADWIN02", "LOADWIN03", "LOADWIN04"];
/// The batch user of generated jobs.
pub(crate) const USER: &str = "LOAD\\batch";

const AREAS: [&str; 8] =
    ["Billing", "Claims", "Fraud", "Ledger", "Orders", "Payroll", "Pricing", "Warehouse"];
const STEPS: [&str; 8] = ["Collect", "Validate", "Sort", "Load", "Reconcile", "Post", "Report", "Archive"];

// Characters of no script: they stand for what differs.
const NAME: char = '\u{E000}';
const NUMBER: char = '\u{E001}';
const START: char = '\u{E002}';
const DATE: char = '\u{E003}';
/// This and the following three are machines, turning with the number.
const MACHINE: char = '\u{E010}';

/// The text of an extract, cut at its placeholders.
static EXTRACT: LazyLock<Vec<(String, char)>> = LazyLock::new(|| {
    let master = Master::stored(
        0,
        Stored { schedule: template(), external: vec![], shared: vec![], rest: Map::new() },
    );
    let now = DateTime::UNIX_EPOCH;
    let text = extract::value(&master, &State::default(), now).to_string();
    cut(&text.replacen(&extract::date(now), &DATE.to_string(), 1))
});

/// The text of a schedule, cut at its placeholders.
static SCHEDULE: LazyLock<Vec<(String, char)>> = LazyLock::new(|| cut(&template().to_string()));

/// Texts and the placeholder behind each.
fn cut(text: &str) -> Vec<(String, char)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c| ('\u{E000}'..='\u{E0FF}').contains(&c)) {
        let placeholder = rest[at..].chars().next().unwrap_or_default();
        parts.push((rest[..at].to_owned(), placeholder));
        rest = &rest[at + placeholder.len_utf8()..];
    }
    parts.push((rest.to_owned(), '\0'));
    parts
}

fn fill(parts: &[(String, char)], number: u32, date: &str) -> String {
    let (name, digits) = (name(number), number.to_string());
    let start = format!("{:02}:{:02}", number % 24, number / 24 % 60);
    let mut text = String::with_capacity(80 * 1024);
    for (words, placeholder) in parts {
        text.push_str(words);
        match *placeholder {
            NAME => text.push_str(&name),
            NUMBER => text.push_str(&digits),
            START => text.push_str(&start),
            DATE => text.push_str(date),
            machine if machine >= MACHINE => {
                let turn = (machine as u32 - MACHINE as u32).wrapping_add(number) as usize;
                text.push_str(MACHINES[turn % MACHINES.len()]);
            }
            _ => {}
        }
    }
    text
}

/// The extract of a schedule.
pub(super) fn extract(number: u32, now: DateTime<Utc>) -> Bytes {
    Bytes::from(fill(&EXTRACT, number, &extract::date(now)))
}

pub(super) fn stored(number: u32) -> Stored {
    let schedule = serde_json::from_str(&fill(&SCHEDULE, number, "")).unwrap_or_default();
    Stored { schedule, external: Vec::new(), shared: Vec::new(), rest: Map::new() }
}

/// The schedule without its jobs.
pub(super) fn header(number: u32) -> Value {
    let mut header = frame();
    header["name"] = json!(name(number));
    header["startTime"] = json!(format!("{:02}:{:02}", number % 24, number / 24 % 60));
    header
}

pub(super) fn name(number: u32) -> String {
    format!("{} Batch {number:06}", AREAS[number as usize % AREAS.len()])
}

fn job_name(job: usize) -> String {
    format!("{} {job:02}", STEPS[job % STEPS.len()])
}

fn template() -> Value {
    let dependency = |at: usize| {
        json!({
            "jobName": job_name(at), "predecessorJobName": job_name((at - 1) / 2 * 2),
            "dependencyType": "After", "dependencyOption": "Normal",
            "frequencyName": "", "predecessorFrequencyName": "",
        })
    };
    let mut whole = frame();
    whole["jobList"] = (0..JOBS).map(job).collect();
    whole["internalDependencyList"] = (1..JOBS).map(dependency).collect();
    whole
}

fn frame() -> Value {
    json!({
        "name": NAME, "startTime": START,
        "workDaySunday": false, "workDayMonday": true, "workDayTuesday": true,
        "workDayWednesday": true, "workDayThursday": true, "workDayFriday": true,
        "workDaySaturday": false, "multiInstance": false, "subSchedule": false,
        "concurrentScheduleFlag": "N", "buildOnHold": false, "buildOverwrite": false,
        "autoBuildDaysInAdvance": "3", "autoBuildDays": "1", "autoDeleteDays": "7",
        "useMasterHolidayCalendar": true, "jobUpdateOnly": false, "multiInstanceType": "None",
        "documentation": "Made to be many.", "eventList": [], "instancePropertiesList": [],
        "frequencyList": [], "jobList": [], "internalDependencyList": [], "namedInstancesList": [],
    })
}

fn job(at: usize) -> Value {
    let name = job_name(at);
    let machine = char::from_u32(MACHINE as u32 + (at % MACHINES.len()) as u32).unwrap_or(MACHINE);
    let mut documentation = String::new();
    for line in 1..=6 {
        let _ = writeln!(
            documentation,
            "{line}. {name} of batch {NUMBER}: on failure look into \\\\filer\\log$\\{NUMBER}\\{at:02}\\{line}.log first."
        );
    }
    json!({
        "name": name, "type": "Windows", "disableBuild": false, "multiInstance": false,
        "primaryMachine": machine,
        "runOnEachMachineInGroup": false, "useScheduleInstanceMachine": false,
        "departmentName": "", "accessCode": "", "tagList": ["load"],
        "documentation": documentation, "expressionDependencyList": [],
        "frequencyList": [{
            "isScheduleDefined": false, "name": "Mon-Fri", "code": "1", "aobn": "O",
            "dayType": "WorkDay", "period": "Weekly", "occurrence": "0", "startStatus": "Release",
            "startOffset": "00:00", "latestStartOffset": "00:00", "estimatedRunTime": "5",
            "maxRunTime": "0", "numberOfRuns": "1", "priority": "0", "maximumAttempts": "0",
            "minutesBetweenAttempts": "5", "finishOkBehavior": "Normal", "deferStart": false,
        }],
        "resourceDependencyList": [], "thresholdDependencyList": [], "eventList": [],
        "instancePropertyList": [],
        "windowsData": {
            "jobAction": "Run Program", "userId": USER,
            "commandLine": format!(
                "\"D:\\Apps\\Load\\bin\\step{at:02}.exe\" /schedule:\"{NAME}\" /batch:{NUMBER} /step:{at}"
            ),
            "workingDirectory": format!("D:\\Apps\\Load\\work\\{NUMBER}"),
            "runInCommandShell": false, "jobPriority": "Normal", "prerunCommandLine": "",
            "failureCriteria": {"operator": "NE", "value": "0", "endJob": false},
            "environmentVariableList": [], "advancedFailureCriteriaList": [], "jobOutputParsingList": [],
        },
    })
}
