//! What a difference says, on definitions small enough to read.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::testing::{any_value, definition, edit, edited};
use super::super::{Definition, Purpose, equal};
use super::{diff, render, to_markdown};

fn read(value: Value) -> Definition {
    Definition::from_value(value).unwrap()
}

fn text(a: &Definition, b: &Definition) -> String {
    render::lines(&diff(a, b)).iter().map(|line| format!("{}\n", line.text)).collect()
}

fn before() -> Value {
    json!({
        "descriptionList": ["Export Date : 2026-03-01 06:00:00"],
        "propertyList": [
            {"name": "ENV", "value": "DEV", "encrypted": false},
            {"name": "PASSWORD", "value": "old-secret", "encrypted": "true"},
        ],
        "calendarList": [{"name": "Holidays", "dateList": ["2026-01-01", "2026-12-25"]}],
        "scheduleList": [{
            "name": "Payroll", "startTime": "06:00", "documentation": "{\"opcon-deploy\":1}\nCall Ann.",
            "jobList": [
                {"name": "Extract", "id": 7, "type": "UNIX", "documentation": "Extract must run first",
                    "unixData": {"startImage": "/opt/extract.sh"}},
                {"name": "Load", "type": "Windows", "primaryMachine": "WIN1", "tagList": ["eod", "dev"],
                    "frequencyList": [{"name": "AllDays", "maxRunTime": "0"}],
                    "eventList": [{"jobStatus": "Job Failed", "event": "$NOTIFY:EMAIL,ann"}],
                    "windowsData": {"commandLine": "robocopy \\\\devfs01\\in D:\\Apps\\work *.csv /R:3 /W:10 -t25 /LOG:D:\\log"}},
                {"name": "Old", "type": "Null Job"},
            ],
            "internalDependencyList": [
                {"jobName": "Load", "predecessorJobName": "Extract", "dependencyType": "After", "dependencyOption": "Normal"},
            ],
        }],
        "externalDependencyOnList": [],
    })
}

fn after() -> Value {
    let mut after = before();
    after["descriptionList"][0] = json!("Export Date : 2026-04-01 06:00:00");
    after["calendarList"][0]["dateList"] = json!(["2026-12-25", "2026-12-26"]);
    after["propertyList"] = json!([
        {"name": "PASSWORD", "value": "new-secret", "encrypted": "true"},
        {"name": "ENV", "value": "QA", "encrypted": false},
        {"name": "TOKEN", "value": "another-secret", "encrypted": true},
    ]);
    let schedule = &mut after["scheduleList"][0];
    schedule["startTime"] = json!("07:00");
    schedule["documentation"] = json!("Call Ann.");
    schedule["jobList"] = json!([
        {"name": "Fetch", "id": 8, "type": "UNIX", "documentation": "Fetch must run first",
            "unixData": {"startImage": "/opt/extract.sh"}},
        {"name": "Load", "type": "Windows", "primaryMachine": "WIN2", "tagList": ["dev", "pii"],
            "frequencyList": [{"name": "Mon-Fri"}, {"name": "AllDays", "maxRunTime": "30"}],
            "eventList": [{"jobStatus": "Job Failed", "event": "$NOTIFY:EMAIL,bob"}],
            "windowsData": {"commandLine": "robocopy \\\\devfs01\\in D:\\Apps\\work *.csv /R:3 /W:10 -t20 /LOG:D:\\log"}},
        {"name": "Notify", "type": "Null Job", "documentation": "new"},
    ]);
    schedule["internalDependencyList"] = json!([
        {"jobName": "Load", "predecessorJobName": "Fetch", "dependencyType": "After", "dependencyOption": "Normal"},
        {"jobName": "Notify", "predecessorJobName": "Load", "dependencyType": "After", "dependencyOption": "Normal"},
    ]);
    after["externalDependencyOnList"] = json!([
        {"scheduleName": "Billing", "jobName": "Start", "predecessorScheduleName": "Payroll", "predecessorJobName": "Load"},
    ]);
    after
}

#[test]
fn every_kind_of_change_is_told() {
    let expected = r"Payroll
  ~ startTime 06:00 → 07:00
  ~ job Extract is now Fetch
  - job Old (Null Job)
  + job Notify (Null Job)
  job Load
    ~ primaryMachine WIN1 → WIN2
    - tag eod
    + tag pii
    + frequency Mon-Fri
    ~ frequency AllDays maxRunTime 0 → 30
    ~ event $NOTIFY:EMAIL,ann → $NOTIFY:EMAIL,bob
    ~ windowsData.commandLine
      - robocopy \\devfs01\in D:\Apps\work *.csv /R:3 /W:10 -t25 /LOG:D:\log
      + robocopy \\devfs01\in D:\Apps\work *.csv /R:3 /W:10 -t20 /LOG:D:\log
  + dependency Notify after Load
Shared with other schedules
  + calendar Holidays dateList 2026-12-26
  + property TOKEN (encrypted)
  ~ property ENV value DEV → QA
  ~ property PASSWORD value (encrypted) → (encrypted)
Dependencies of other schedules on it (no difference of its own)
  + dependency on it Billing / Start after Payroll / Load
";
    let (a, b) = (read(before()), read(after()));
    assert_eq!(text(&a, &b), expected);
    assert_eq!(
        diff(&a, &b).in_words(),
        "jobs: 1 added, 1 removed, 1 renamed, 1 changed; startTime; dependencies: 1 added; calendars: 1 changed; …"
    );
    assert_eq!(text(&a, &a), "no difference\n");
    assert_eq!(diff(&a, &a).in_words(), "no difference");
}

#[test]
fn fields_are_told_by_their_way() {
    let with = |fields: Value, top: Value| {
        let mut value = json!({"scheduleList": [{"name": "P", "jobList": [{"name": "A", "type": "x"}]}]});
        for (key, field) in fields.as_object().unwrap() {
            value["scheduleList"][0]["jobList"][0][key] = field.clone();
        }
        for (key, field) in top.as_object().unwrap() {
            value[key] = field.clone();
        }
        read(value)
    };
    let cases = [
        (
            json!({"d": {"list": [{"v": "1"}]}}),
            json!({"d": {"list": [{"v": 1}]}}),
            "    ~ d.list[0].v \"1\" → 1\n",
        ),
        (json!({"d": {"list": ["a", "b", "c"]}}), json!({"d": {"list": ["a", "c"]}}), "    - d.list[1] b\n"),
        (json!({"d": {}}), json!({}), "    - d {}\n"),
        (json!({"e": ""}), json!({"e": "x", "id": 3}), "    ~ e \"\" → x\n"),
        (
            json!({"instancePropertyList": ["A=1"]}),
            json!({"instancePropertyList": ["A=2", "B=1"]}),
            "    ~ instance property A=1 → A=2\n    + instance property B=1\n",
        ),
        (json!({"frequencyList": 7}), json!({"frequencyList": []}), "    ~ frequencyList 7 → []\n"),
    ];
    for (a, b, expected) in cases {
        let none = json!({});
        assert_eq!(text(&with(a, none.clone()), &with(b, none)), format!("P\n  job A\n{expected}"));
    }
    let script = |content: &str| json!({"scriptList": [{"data": {"name": "clean"}, "versionList": [{"version": 2, "content": content}]}], "new": [1]});
    let other = json!({"scriptList": script("b")["scriptList"], "new": [2]});
    assert_eq!(
        text(&with(json!({}), script("a")), &with(json!({}), other)),
        "Other parts of the definition\n  ~ new[0] 1 → 2\nShared with other schedules\n  ~ script clean versionList[2].content a → b\n"
    );
    let two = read(json!({"scheduleList": [{"name": "P"}, {"name": "Q"}, {"name": "R"}]}));
    let one = read(json!({"scheduleList": [{"name": "P"}]}));
    assert_eq!(text(&one, &two), "Q\n  + schedule Q\nR\n  + schedule R\n");
    assert_eq!(diff(&two, &one).in_words(), "schedules: 2 removed");
}

#[test]
fn encrypted_values_are_nowhere() {
    let (a, b) = (read(before()), read(after()));
    let difference = diff(&a, &b);
    let everything =
        [serde_json::to_string(&difference).unwrap(), text(&a, &b), to_markdown(&difference, "x")].concat();
    assert!(!everything.contains("secret"), "{everything}");
}

#[test]
fn changes_are_data() {
    let difference = diff(&read(before()), &read(after()));
    let change =
        difference.changes.iter().find(|change| change.field.as_deref() == Some("maxRunTime")).unwrap();
    assert_eq!(
        serde_json::to_value(change).unwrap(),
        json!({"part": "own", "schedule": "Payroll", "job": "Load", "thing": "frequency", "key": "AllDays",
            "kind": "changed", "field": "maxRunTime", "old": "0", "new": "30"})
    );
}

#[test]
fn only_others_depend_on_it() {
    let mut other = before();
    other["externalDependencyOnList"] = after()["externalDependencyOnList"].take();
    let difference = diff(&read(before()), &read(other));
    assert!(difference.is_empty());
    assert_eq!(difference.in_words(), "dependencies on it: 1 added");
}

#[test]
fn markdown_cannot_be_broken_by_a_name() {
    let job = |name: &str| json!({"scheduleList": [{"name": "P", "jobList": [{"name": name, "type": "x"}]}]});
    let (a, b) = (job("plain"), job("a|b`c``<d>\n* [x](y)`"));
    let mut b = b;
    b["scheduleList"][0]["jobList"][0]["type"] = json!("y");
    let expected =
        "### `1 → 2`\n\n`P`\n\n- **−** job `plain` `(x)`\n- **+** job ``` a|b`c``<d>\\n* [x](y)` ``` `(y)`\n";
    assert_eq!(to_markdown(&diff(&read(a), &read(b)), "1 → 2"), expected);
}

#[test]
fn one_schedule_under_another_name_is_compared() {
    let mut other = before();
    other["scheduleList"][0]["name"] = json!("QA_Payroll");
    other["scheduleList"][0]["startTime"] = json!("05:00");
    assert_eq!(
        text(&read(before()), &read(other)),
        "QA_Payroll\n  ~ schedule Payroll is now QA_Payroll\n  ~ startTime 06:00 → 05:00\n"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn empty_means_equal_for_an_import(
        a in definition(),
        edits in proptest::collection::vec(edit(), 0..4),
        other in definition(),
    ) {
        for b in [edited(&a, &edits), other] {
            let difference = diff(&a, &b);
            prop_assert_eq!(
                difference.is_empty(),
                equal(a.value(), b.value(), Purpose::Import),
                "{:#?}", difference
            );
            let words = difference.in_words();
            prop_assert!(words.chars().count() <= 130 && !words.contains('\n'));
        }
    }

    #[test]
    fn other_shapes_agree_too(
        a in definition(),
        b in any_value(),
        c in any_value(),
        list in "jobList|internalDependencyList|frequencyList|eventList|documentation|instancePropertiesList",
        top in "propertyList|calendarList|scriptList|externalDependencyList|unknown",
    ) {
        let with = |at_top: &Value, in_schedule: &Value| {
            let mut value = a.value().clone();
            value["scheduleList"][0][list.as_str()] = in_schedule.clone();
            value[top.as_str()] = at_top.clone();
            read(value)
        };
        for (x, y) in [(with(&b, &c), with(&c, &b)), (with(&b, &b), a.clone()), (a.clone(), with(&c, &c))] {
            let difference = diff(&x, &y);
            prop_assert_eq!(difference.is_empty(), equal(x.value(), y.value(), Purpose::Import), "{:#?}", difference);
            prop_assert!(!to_markdown(&difference, "t").is_empty() && !render::lines(&difference).is_empty());
        }
    }
}
