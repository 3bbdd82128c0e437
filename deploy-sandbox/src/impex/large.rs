//! Schedules without end: about 75 KB each, made when they are asked for.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::Stored;

/// Jobs of one generated schedule; with them an extract has about 75 KB.
const JOBS: u32 = 40;
/// Machines that generated jobs run on.
pub(crate) const MACHINES: [&str; 4] = ["LOADWIN01", "LOADWIN02", "LOADWIN03", "LOADWIN04"];
/// The batch user of generated jobs.
pub(crate) const USER: &str = "LOAD\\batch";

const AREAS: [&str; 8] =
    ["Billing", "Claims", "Fraud", "Ledger", "Orders", "Payroll", "Pricing", "Warehouse"];
const STEPS: [&str; 8] = ["Collect", "Validate", "Sort", "Load", "Reconcile", "Post", "Report", "Archive"];

pub(super) fn name(number: u32) -> String {
    format!("{} Batch {number:06}", AREAS[number as usize % AREAS.len()])
}

fn job_name(job: u32) -> String {
    format!("{} {job:02}", STEPS[job as usize % STEPS.len()])
}

pub(super) fn stored(number: u32) -> Stored {
    let schedule = name(number);
    let jobs: Vec<Value> = (0..JOBS).map(|at| job(number, &schedule, at)).collect();
    let dependencies: Vec<Value> = (1..JOBS)
        .map(|at| {
            json!({
                "jobName": job_name(at), "predecessorJobName": job_name((at - 1) / 2 * 2),
                "dependencyType": "After", "dependencyOption": "Normal",
                "frequencyName": "", "predecessorFrequencyName": "",
            })
        })
        .collect();
    let mut whole = header(number);
    whole["jobList"] = Value::Array(jobs);
    whole["internalDependencyList"] = Value::Array(dependencies);
    Stored { schedule: whole, external: Vec::new(), shared: Vec::new(), rest: Map::new() }
}

/// The schedule without its jobs.
pub(super) fn header(number: u32) -> Value {
    json!({
            "name": name(number), "startTime": format!("{:02}:{:02}", number % 24, number / 24 % 60),
            "workDaySunday": false, "workDayMonday": true, "workDayTuesday": true,
            "workDayWednesday": true, "workDayThursday": true, "workDayFriday": true,
            "workDaySaturday": false, "multiInstance": false, "subSchedule": false,
            "concurrentScheduleFlag": "N", "buildOnHold": false, "buildOverwrite": false,
            "autoBuildDaysInAdvance": "3", "autoBuildDays": "1", "autoDeleteDays": "7",
            "useMasterHolidayCalendar": true, "jobUpdateOnly": false, "multiInstanceType": "None",
            "documentation": format!("Load schedule {number}."), "eventList": [],
            "instancePropertiesList": [], "frequencyList": [], "jobList": [],
            "internalDependencyList": [], "namedInstancesList": [],
    })
}

fn job(number: u32, schedule: &str, at: u32) -> Value {
    let name = job_name(at);
    let mut documentation = String::new();
    for line in 1..=6 {
        let _ = writeln!(
            documentation,
            "{line}. {name} of batch {number}: on failure look into \\\\filer\\log$\\{number}\\{at:02}\\{line}.log first."
        );
    }
    json!({
        "name": name, "type": "Windows", "disableBuild": false, "multiInstance": false,
        "primaryMachine": MACHINES[(number + at) as usize % MACHINES.len()],
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
                "\"D:\\Apps\\Load\\bin\\step{at:02}.exe\" /schedule:\"{schedule}\" /batch:{number} /step:{at}"
            ),
            "workingDirectory": format!("D:\\Apps\\Load\\work\\{number:06}"),
            "runInCommandShell": false, "jobPriority": "Normal", "prerunCommandLine": "",
            "failureCriteria": {"operator": "NE", "value": "0", "endJob": false},
            "environmentVariableList": [], "advancedFailureCriteriaList": [], "jobOutputParsingList": [],
        },
    })
}
