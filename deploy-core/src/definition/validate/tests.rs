//! A finding for every code, and none for what is right.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Definition;
use super::super::testing::{any_value, definition};
use super::{CODES, Finding, Severity, validate};

fn findings(value: Value) -> Vec<Finding> {
    validate(&Definition::from_value(value).unwrap())
}

fn schedule(fields: Value) -> Value {
    let mut schedule = json!({"name": "Payroll", "jobList": []});
    for (key, value) in fields.as_object().unwrap() {
        schedule[key] = value.clone();
    }
    json!({"scheduleList": [schedule]})
}

fn job(fields: Value) -> Value {
    let mut job = json!({"name": "Load", "type": "Null Job"});
    for (key, value) in fields.as_object().unwrap() {
        job[key] = value.clone();
    }
    schedule(json!({"jobList": [job]}))
}

#[test]
fn every_code_is_found_where_it_belongs() {
    let two_jobs = |dependency: Value| {
        schedule(json!({
            "jobList": [
                {"name": "A", "type": "UNIX", "frequencyList": [{"name": "AllDays"}]},
                {"name": "B", "type": "UNIX"},
            ],
            "internalDependencyList": [dependency],
        }))
    };
    let mut external = job(json!({}));
    external["externalDependencyList"] = json!([{"scheduleName": "Payroll", "jobName": "Gone", "predecessorScheduleName": "GL", "predecessorJobName": "X"}]);
    let mut property = job(json!({}));
    property["propertyList"] = json!([{"name": "P", "value": "v".repeat(4001)}]);
    let long = "n".repeat(41);
    let cases = [
        (
            json!({"scheduleList": [{"name": long}]}),
            "name-too-long",
            "/scheduleList/0/name",
            "has 41 characters; OpCon allows 40",
        ),
        (
            job(json!({"name": "a<b,c\n"})),
            "name-characters",
            "/scheduleList/0/jobList/0/name",
            r"the name of job `a<b,c\n` holds `\n`, `,`, `<`, which OpCon does not allow in names",
        ),
        (job(json!({"name": ""})), "name-missing", "/scheduleList/0/jobList/0", "a job has no name"),
        (
            job(json!({"frequencyList": [{}]})),
            "name-missing",
            "/scheduleList/0/jobList/0/frequencyList/0",
            "a frequency of job `Load` has no name",
        ),
        (property, "text-too-long", "/propertyList/0/value", "the value of property `P` has 4001 characters"),
        (
            job(json!({"documentation": "ü".repeat(4001)})),
            "text-too-long",
            "/scheduleList/0/jobList/0/documentation",
            "the documentation of job `Load`",
        ),
        (
            schedule(json!({"jobList": [{"name": "Load", "type": "x"}, {"name": "LOAD", "type": "x"}]})),
            "duplicate-job",
            "/scheduleList/0/jobList/1/name",
            "the names of jobs `LOAD` and `Load` differ in case only",
        ),
        (
            json!({"scheduleList": [{"name": "Payroll"}, {"name": "PAYROLL"}]}),
            "duplicate-schedule",
            "/scheduleList/1/name",
            "differ in case only",
        ),
        (
            schedule(json!({"jobList": {"name": "Load"}})),
            "wrong-type",
            "/scheduleList/0/jobList",
            "`jobList` must be a list; this is an object",
        ),
        (
            job(json!({"tagList": [{"name": "x"}]})),
            "wrong-type",
            "/scheduleList/0/jobList/0/tagList/0",
            "`tagList` holds texts; item 1 is an object",
        ),
        (
            schedule(json!({"jobList": [7]})),
            "wrong-type",
            "/scheduleList/0/jobList/0",
            "`jobList` holds objects; item 1 is a number",
        ),
        (
            job(json!({"primaryMachine": 7})),
            "wrong-type",
            "/scheduleList/0/jobList/0/primaryMachine",
            "`primaryMachine` must be a text; this is a number",
        ),
        (
            job(json!({"type": ""})),
            "job-type-missing",
            "/scheduleList/0/jobList/0",
            "job `Load` has no `type`",
        ),
        (
            two_jobs(json!({"jobName": "A", "predecessorJobName": "Gone"})),
            "dependency-job",
            "/scheduleList/0/internalDependencyList/0/predecessorJobName",
            "a dependency names job `Gone`, which schedule `Payroll` does not have",
        ),
        (
            two_jobs(json!({"jobName": "A", "frequencyName": "LDOM", "predecessorJobName": "B"})),
            "dependency-frequency",
            "/scheduleList/0/internalDependencyList/0/jobName",
            "a dependency names frequency `LDOM`, which job `A` does not have",
        ),
        (
            external,
            "external-dependency-job",
            "/externalDependencyList/0",
            "an external dependency belongs to job `Gone` of schedule `Payroll`, which is not in the definition",
        ),
        (
            job(json!({"type": "Container", "containerData": {"subScheduleName": ""}})),
            "container-without-schedule",
            "/scheduleList/0/jobList/0/containerData",
            "container job `Load` names no schedule to run",
        ),
        (
            job(json!({"expressionDependencyList": [{"expression": " "}]})),
            "empty-expression",
            "/scheduleList/0/jobList/0/expressionDependencyList/0",
            "has no expression",
        ),
        (
            job(json!({"resourceDependencyList": [{"resourceName": "TAPES"}]})),
            "resource-not-included",
            "/scheduleList/0/jobList/0/resourceDependencyList/0",
            "job `Load` depends on resource `TAPES`, which `variableList` does not hold",
        ),
    ];
    let mut seen = HashSet::new();
    for (value, code, pointer, words) in cases {
        let found = findings(value.clone());
        let [finding] = &found[..] else { panic!("{code}: {found:#?}") };
        assert_eq!((finding.code, finding.pointer.as_str()), (code, pointer));
        assert!(finding.message.contains(words), "{}", finding.message);
        seen.insert(code);
    }
    assert_eq!(seen, CODES.iter().map(|row| row.code).collect());
}

#[test]
fn codes_are_documented_once() {
    let codes: HashSet<&str> = CODES.iter().map(|row| row.code).collect();
    assert_eq!(codes.len(), CODES.len());
    for row in CODES {
        assert!(row.code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", row.code);
        assert!(!row.meaning.ends_with('.'));
    }
}

#[test]
fn what_is_right_has_no_findings() {
    let right = json!({
        "propertyList": [{"name": "ENV", "value": "DEV"}],
        "scheduleList": [{
            "name": "Payroll", "documentation": "x".repeat(4000),
            "jobList": [
                {"name": "A", "type": "Container", "containerData": {"masterSubSchedule": "Steps"}, "frequencyList": [{"name": "AllDays"}]},
                {"name": "B", "type": "UNIX", "tagList": ["eod"]},
            ],
            "internalDependencyList": [{"jobName": "A", "frequencyName": "AllDays", "predecessorJobName": "B"}],
        }],
        "externalDependencyList": [{"scheduleName": "Payroll", "jobName": "A", "predecessorScheduleName": "GL"}],
    });
    assert_eq!(findings(right), vec![]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_anywhere_is_survived_and_pointers_lead_somewhere(
        definition in definition(),
        value in any_value(),
        key in "jobList|internalDependencyList|frequencyList|documentation",
    ) {
        let mut changed = definition.into_value();
        changed["scheduleList"][0][key.as_str()] = value.clone();
        changed["propertyList"] = value;
        let definition = Definition::from_value(changed).unwrap();
        for finding in validate(&definition) {
            let last = finding.pointer.rfind('/').unwrap();
            prop_assert!(definition.value().pointer(&finding.pointer[..last]).is_some(), "{:?}", finding);
            prop_assert!(matches!(finding.severity, Severity::Error | Severity::Warning | Severity::Note));
        }
    }
}
