//! Merges small enough to read, and what must hold for all of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::testing::{Edit, definition, edit, edited};
use super::super::{Definition, read_json};
use super::{Merged, merge};

fn read(value: Value) -> Definition {
    Definition::from_value(value).unwrap()
}

fn base() -> Value {
    json!({
        "descriptionList": ["Export Date : 2026-03-01 06:00:00"],
        "propertyList": [{"name": "PASSWORD", "value": "s0", "encrypted": true}],
        "scheduleList": [{
            "name": "Payroll", "startTime": "06:00",
            "jobList": [
                {"name": "Extract", "id": 1, "type": "UNIX", "unixData": {"startImage": "/opt/extract.sh", "parameters": "-a"}},
                {"name": "Load", "id": 2, "type": "Windows", "tagList": ["eod"], "windowsData": {"commandLine": "load -t25"}},
                {"name": "Report", "id": 3, "type": "Windows", "windowsData": {"commandLine": "report"}},
            ],
            "internalDependencyList": [
                {"jobName": "Load", "predecessorJobName": "Extract", "dependencyType": "After"},
            ],
        }],
    })
}

/// Merges two edits of the base.
fn merged(ours: impl Fn(&mut Value), theirs: impl Fn(&mut Value)) -> Merged {
    let side = |edit: &dyn Fn(&mut Value)| {
        let mut value = base();
        edit(&mut value);
        read(value)
    };
    merge(Some(&read(base())), &side(&ours), &side(&theirs))
}

fn job<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    let jobs = value["scheduleList"][0]["jobList"].as_array_mut().unwrap();
    jobs.iter_mut().find(|job| job["name"] == name).unwrap()
}

fn remove_job(value: &mut Value, name: &str) {
    value["scheduleList"][0]["jobList"].as_array_mut().unwrap().retain(|job| job["name"] != name);
}

fn words(merged: &Merged) -> Vec<String> {
    merged.conflicts.iter().map(ToString::to_string).collect()
}

/// The text with one side taken at every marker.
fn resolved(text: &str, take_ours: bool) -> Value {
    let (mut out, mut side) = (String::new(), None);
    for line in text.lines() {
        match line {
            "<<<<<<< ours" => side = Some(true),
            "=======" => side = Some(false),
            ">>>>>>> theirs" => side = None,
            line if side.is_none_or(|side| side == take_ours) => {
                out.push_str(line);
                out.push('\n');
            }
            _ => {}
        }
    }
    read_json(out.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn edits_of_different_fields_meet_in_one_job() {
    let merged = merged(
        |ours| {
            job(ours, "Load")["windowsData"]["commandLine"] = json!("load -t20");
            job(ours, "Load")["tagList"] = json!(["eod", "pii"]);
        },
        |theirs| {
            job(theirs, "Load")["primaryMachine"] = json!("WIN2");
            job(theirs, "Load")["tagList"] = json!([]);
            remove_job(theirs, "Report");
        },
    );
    assert_eq!(words(&merged), [""; 0]);
    let mut value = merged.value;
    assert_eq!(
        *job(&mut value, "Load"),
        json!({"name": "Load", "id": 2, "type": "Windows", "tagList": ["pii"], "primaryMachine": "WIN2",
            "windowsData": {"commandLine": "load -t20"}})
    );
    assert_eq!(value["scheduleList"][0]["jobList"].as_array().unwrap().len(), 2);
}

#[test]
fn a_real_conflict_is_told_and_marked() {
    let merged = merged(
        |ours| job(ours, "Load")["windowsData"]["commandLine"] = json!("load -t20"),
        |theirs| {
            job(theirs, "Load")["windowsData"]["commandLine"] = json!("load -t30");
            theirs["scheduleList"][0]["startTime"] = json!("07:00");
        },
    );
    assert_eq!(
        words(&merged),
        ["schedule `Payroll`, job `Load`, `windowsData.commandLine`: ours `load -t20`, theirs `load -t30`"]
    );
    let text = String::from_utf8(merged.to_bytes()).unwrap();
    let expected = r#"          "windowsData": {
<<<<<<< ours
            "commandLine": "load -t20"
=======
            "commandLine": "load -t30"
>>>>>>> theirs
          }
"#;
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("\"startTime\": \"07:00\""));
    assert_eq!(resolved(&text, true), merged.value);
}

#[test]
fn deleted_and_edited_is_a_conflict_that_leaves_json_either_way() {
    let merged = merged(
        |ours| remove_job(ours, "Report"),
        |theirs| job(theirs, "Report")["windowsData"]["commandLine"] = json!("report --all"),
    );
    assert_eq!(words(&merged), ["schedule `Payroll`, job `Report`: ours deleted, theirs `job Report`"]);
    let text = String::from_utf8(merged.to_bytes()).unwrap();
    let expected = r#"<<<<<<< ours
        }
=======
        },
        {
          "name": "Report",
          "type": "Windows",
          "id": 3,
          "windowsData": {
            "commandLine": "report --all"
          }
        }
>>>>>>> theirs
      ],
"#;
    assert!(text.contains(expected), "{text}");
    assert_eq!(resolved(&text, true)["scheduleList"][0]["jobList"].as_array().unwrap().len(), 2);
    assert_eq!(resolved(&text, false)["scheduleList"][0]["jobList"].as_array().unwrap().len(), 3);
}

#[test]
fn ids_and_deletions_of_what_only_moved_do_not_conflict() {
    let merged = merged(
        |ours| {
            remove_job(ours, "Report");
            job(ours, "Load")["id"] = json!(20);
            ours["descriptionList"] = json!(["Export Date : 2026-04-01 06:00:00"]);
        },
        |theirs| {
            job(theirs, "Report")["id"] = json!(31);
            job(theirs, "Load")["id"] = json!(21);
            theirs["descriptionList"] = json!(["Export Date : 2026-05-01 06:00:00"]);
        },
    );
    assert_eq!(words(&merged), [""; 0]);
    let mut value = merged.value;
    assert_eq!(job(&mut value, "Load")["id"], 21);
    assert_eq!(value["descriptionList"], json!(["Export Date : 2026-05-01 06:00:00"]));
    assert_eq!(value["scheduleList"][0]["jobList"].as_array().unwrap().len(), 2);
}

fn rename(value: &mut Value, old: &str, new: &str) {
    job(value, old)["name"] = json!(new);
    value["scheduleList"][0]["internalDependencyList"][0]["predecessorJobName"] = json!(new);
}

#[test]
fn an_edit_follows_a_renamed_job() {
    let edit = |value: &mut Value| {
        job(value, "Extract")["unixData"]["parameters"] = json!("-b");
        value["scheduleList"][0]["internalDependencyList"][0]["dependencyType"] = json!("After");
    };
    for merged in [
        merged(|ours| rename(ours, "Extract", "Fetch"), edit),
        merged(edit, |theirs| rename(theirs, "Extract", "Fetch")),
    ] {
        assert_eq!(words(&merged), [""; 0]);
        let mut value = merged.value;
        assert_eq!(job(&mut value, "Fetch")["unixData"]["parameters"], "-b");
        assert_eq!(
            value["scheduleList"][0]["internalDependencyList"],
            json!([{"jobName": "Load", "predecessorJobName": "Fetch", "dependencyType": "After"}])
        );
        assert_eq!(value["scheduleList"][0]["jobList"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn renamed_against_renamed_or_deleted_is_a_conflict() {
    let twice = merged(|ours| rename(ours, "Extract", "Fetch"), |theirs| rename(theirs, "Extract", "Get"));
    assert_eq!(
        words(&twice),
        [
            "schedule `Payroll`, job `Fetch`: ours `job Fetch`, theirs `job Get`",
            "schedule `Payroll`, dependency `Load after Extract`: \
             ours `dependency Load after Fetch`, theirs `dependency Load after Get`",
        ]
    );
    let deleted = merged(|ours| remove_job(ours, "Extract"), |theirs| rename(theirs, "Extract", "Get"));
    assert_eq!(words(&deleted), ["schedule `Payroll`, job `Get`: ours deleted, theirs `job Get`"]);
}

#[test]
fn one_event_edited_by_both_is_a_conflict() {
    let event = |text: &str| json!([{"jobStatus": "Job Failed", "event": text, "userName": "ocadm"}]);
    let definition = |text: &str| {
        read(json!({"scheduleList": [{"name": "P", "jobList": [{"name": "A", "eventList": event(text)}]}]}))
    };
    let (base, ours, theirs) = (definition("$NOTIFY:a"), definition("$NOTIFY:b"), definition("$NOTIFY:c"));
    let merged = merge(Some(&base), &ours, &theirs);
    assert_eq!(merged.conflicts.len(), 1);
    assert_eq!(merged.value, *ours.value());
    assert_eq!(resolved(&String::from_utf8(merged.to_bytes()).unwrap(), false), *theirs.value());
}

#[test]
fn encrypted_values_are_not_told() {
    let set = |value: &'static str| move |side: &mut Value| side["propertyList"][0]["value"] = json!(value);
    let merged = merged(set("s1"), set("s2"));
    assert_eq!(words(&merged), ["property `PASSWORD`, `value`: ours `(encrypted)`, theirs `(encrypted)`"]);
    assert!(!serde_json::to_string(&merged.conflicts).unwrap().contains("s0"));
    assert_eq!(merged.value["propertyList"][0]["value"], "s1");
}

#[test]
fn without_a_base_what_differs_conflicts() {
    let mut theirs = base();
    theirs["scheduleList"][0]["startTime"] = json!("07:00");
    theirs["scheduleList"][0]["jobList"].as_array_mut().unwrap().push(json!({"name": "New"}));
    let merged = merge(None, &read(base()), &read(theirs));
    assert_eq!(words(&merged), ["schedule `Payroll`, `startTime`: ours `06:00`, theirs `07:00`"]);
    assert_eq!(merged.value["scheduleList"][0]["jobList"].as_array().unwrap().len(), 4);
}

#[test]
fn text_that_looks_like_a_mark_is_no_mark() {
    let merged = merged(
        |ours| {
            ours["scheduleList"][0]["startTime"] = json!("1");
            ours["scheduleList"][0]["documentation"] = json!("conflict-0-0");
        },
        |theirs| theirs["scheduleList"][0]["startTime"] = json!("2"),
    );
    assert_eq!(merged.value["scheduleList"][0]["documentation"], "conflict-0-0");
    assert_eq!(merged.to_bytes().windows(7).filter(|bytes| bytes == b"=======").count(), 1);
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    proptest::collection::vec(edit(), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_sided_and_equal_changes_are_taken(base in definition(), edits in edits(), other in definition()) {
        for x in [edited(&base, &edits), other] {
            for (ours, theirs) in [(&base, &x), (&x, &base), (&x, &x)] {
                let merged = merge(Some(&base), ours, theirs);
                prop_assert_eq!(&merged.conflicts, &vec![]);
                prop_assert_eq!(merged.to_bytes(), x.to_bytes());
            }
        }
    }

    /// The same with a further change on the other side, which keeps the walk from ending early.
    #[test]
    fn changes_of_different_places_merge_both_ways(base in definition(), edits in edits()) {
        let change = |definition: &Definition| {
            let mut value = definition.value().clone();
            value["scheduleList"][0]["buildOnHold"] = json!("other side");
            Definition::from_value(value).unwrap()
        };
        let (x, other) = (edited(&base, &edits), change(&base));
        for merged in [merge(Some(&base), &x, &other), merge(Some(&base), &other, &x)] {
            prop_assert_eq!(&merged.conflicts, &vec![]);
            prop_assert_eq!(merged.to_bytes(), change(&x).to_bytes());
        }
    }

    #[test]
    fn every_side_of_a_conflict_is_json(base in definition(), a in edits(), b in edits(), other in definition()) {
        let ours = edited(&base, &a);
        for theirs in [edited(&base, &b), other] {
            for base in [Some(&base), None] {
                let merged = merge(base, &ours, &theirs);
                let text = String::from_utf8(merged.to_bytes()).unwrap();
                let mut taken = resolved(&text, true);
                super::sort_sets(&mut taken);
                prop_assert_eq!(taken, merged.value);
                prop_assert!(resolved(&text, false).is_object());
                prop_assert_eq!(merged.conflicts.is_empty(), !text.contains("<<<<<<< ours\n"));
            }
        }
    }
}
