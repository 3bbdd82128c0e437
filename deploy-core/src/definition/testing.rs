//! Random definitions that look like real ones, and random edits of them.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};

use super::Definition;

const JOBS: &[&str] =
    &["Extract", "LOAD", "Load 2", "Post Ledger", "Épargne", "Notify", "zz#1", "A|B`C<D*", "10", "9"];
const FREQUENCIES: &[&str] = &["AllDays", "Mon-Fri", "LWDOM", "15th&LDOM"];
const NAMES: &[&str] = &["ENV", "DB_SERVER", "BASE DIR", "LAST_SEQ", "Ünï"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        select(&["D:\\Apps\\run.cmd -t25", "[[SI.ENV]]/out", "a\r\nb", "Extract failed", "日次\u{1}"][..])
            .prop_map(str::to_owned),
        "[ -~]{0,12}",
    ]
}

/// A scalar as exports hold them, odd numbers included.
pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..100u32).prop_map(Value::from),
        (0..100u32).prop_map(|number| json!(number.to_string())),
        select(&["1.50", "9007199254740993", "1e+400", "-0"][..])
            .prop_map(|number| serde_json::from_str(number).unwrap()),
        text().prop_map(Value::String),
    ]
}

/// Any JSON value, a few levels deep.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 5, |inner| {
        let key = select(&["a", "b/c", "d~e", "name", "id", "jobList", "é"][..]).prop_map(str::to_owned);
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::Array),
            btree_map(key, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn event() -> impl Strategy<Value = Value> {
    let event = select(
        &["$PROPERTY:SET,ENV,1", "$JOB:ADD,[[$DATE]],Payroll,Extract,AllDays", "$THRESHOLD:SET,T,2"][..],
    );
    (event, select(&["Job Failed", "Job Finished OK"][..]), select(FREQUENCIES), any::<bool>()).prop_map(
        |(event, status, frequency, user)| {
            json!({"event": event, "jobStatus": status, "frequencyName": frequency,
                "userName": if user { "ocadm" } else { "dev" }})
        },
    )
}

fn frequencies() -> impl Strategy<Value = Value> {
    subsequence(FREQUENCIES, 0..3).prop_flat_map(|names| {
        let count = names.len();
        (Just(names), vec((0..3u8, any::<bool>()), count)).prop_map(|(names, values)| {
            let items = names.iter().zip(values).map(|(name, (runs, schedule))| {
                json!({"name": name, "numberOfRuns": runs.to_string(), "isScheduleDefined": schedule, "code": "7"})
            });
            Value::Array(items.collect())
        })
    })
}

fn job(name: &'static str) -> impl Strategy<Value = Value> {
    let data = prop_oneof![
        (text(), text()).prop_map(|(command, folder)| {
            json!({"type": "Windows", "windowsData": {"commandLine": command, "workingDirectory": folder,
                "environmentVariableList": [{"name": "E", "value": command}]}})
        }),
        text()
            .prop_map(|image| json!({"type": "UNIX", "unixData": {"startImage": image, "userId": "batch"}})),
        Just(json!({"type": "Null Job"})),
        Just(json!({"type": "Container", "containerData": {"subScheduleName": "SUB"}})),
    ];
    let tags = subsequence(&["critical", "eod", "dev"][..], 0..3);
    let unknown = proptest::option::weighted(0.2, any_value());
    (data, frequencies(), vec(event(), 0..3), tags, 0..99u32, unknown).prop_map(
        move |(data, frequencies, events, tags, id, unknown)| {
            let mut job = data;
            job["name"] = json!(name);
            job["id"] = json!(id);
            job["documentation"] = json!(format!("{name} failed? Call."));
            job["frequencyList"] = frequencies;
            job["eventList"] = json!(events);
            job["tagList"] = json!(tags);
            if let Some(unknown) = unknown {
                job["notPublished"] = unknown;
            }
            job
        },
    )
}

fn dependencies(jobs: Vec<&'static str>) -> BoxedStrategy<Value> {
    if jobs.is_empty() {
        return Just(json!([])).boxed();
    }
    let pair = (select(jobs.clone()), select(jobs));
    btree_set(pair, 0..5)
        .prop_flat_map(|pairs| {
            let count = pairs.len();
            (Just(pairs), vec(select(&["Normal", "Failed"][..]), count))
        })
        .prop_map(|(pairs, options)| {
            let items = pairs.iter().zip(options).map(|((job, predecessor), option)| {
                json!({"jobName": job, "frequencyName": "", "predecessorJobName": predecessor,
                    "predecessorFrequencyName": "", "dependencyType": "After", "dependencyOption": option})
            });
            Value::Array(items.collect())
        })
        .boxed()
}

fn schedule(name: &'static str) -> impl Strategy<Value = Value> {
    subsequence(JOBS, 0..6).prop_flat_map(move |names| {
        let jobs: Vec<_> = names.iter().map(|name| job(name)).collect();
        (jobs, dependencies(names), frequencies(), 0..24u8, text()).prop_map(
            move |(jobs, dependencies, frequencies, hour, documentation)| {
                json!({"name": name, "startTime": format!("{hour:02}:00"), "documentation": documentation,
                    "jobList": jobs, "frequencyList": frequencies, "internalDependencyList": dependencies,
                    "instancePropertiesList": ["ENV=DEV;SEQ=1"], "eventList": [], "workDayMonday": true})
            },
        )
    })
}

fn properties() -> impl Strategy<Value = Value> {
    subsequence(NAMES, 0..4).prop_flat_map(|names| {
        let count = names.len();
        (Just(names), vec((text(), any::<bool>()), count)).prop_map(|(names, values)| {
            let items = names.iter().zip(values).map(|(name, (value, encrypted))| {
                json!({"name": name, "value": value, "encrypted": encrypted, "description": ""})
            });
            Value::Array(items.collect())
        })
    })
}

/// A definition of one or two schedules, as exported (sets in any order).
pub(crate) fn export() -> impl Strategy<Value = Value> {
    let schedules = prop_oneof![
        4 => schedule("Payroll").prop_map(|one| vec![one]),
        1 => (schedule("Payroll"), schedule("Billing #2")).prop_map(|(one, two)| vec![one, two]),
    ];
    let dates = subsequence(&["2026-01-01", "2026-05-01", "2026-12-25", "2027-01-01"][..], 0..4);
    let external = vec((select(JOBS), select(JOBS)), 0..3);
    (schedules, properties(), dates, 1..12u8, external, vec(0..9u8, 0..3)).prop_map(
        |(schedules, properties, dates, month, external, resources)| {
            let external: std::collections::BTreeSet<_> = external.into_iter().collect();
            let external = external.iter().map(|(job, other)| {
                json!({"scheduleName": "Payroll", "jobName": job, "predecessorScheduleName": "Other",
                    "predecessorJobName": other, "dependencyType": "After", "dateOffset": "0"})
            });
            let resources = resources.iter().enumerate().map(|(at, value)| {
                json!({"type": "Resource", "name": format!("RES_{at}"), "value": value.to_string()})
            });
            json!({"opConVersion": "25.1", "userDescription": "",
                "descriptionList": ["OpCon export", format!("Export Date : 2026-{month:02}-01 06:00:00")],
                "roleList": [{"name": "ocadm", "id": month}], "propertyList": properties,
                "calendarList": [{"name": "Master Holiday", "type": "Holiday", "dateList": dates}],
                "variableList": resources.collect::<Vec<_>>(), "scheduleList": schedules,
                "externalDependencyList": external.collect::<Vec<_>>(), "externalDependencyOnList": []})
        },
    )
}

/// A definition of one or two schedules.
pub(crate) fn definition() -> impl Strategy<Value = Definition> {
    export().prop_map(|value| Definition::from_value(value).unwrap())
}

/// One edit as people make them; the indices choose where.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Set(Index, Value),
    AddJob(Value),
    RemoveJob(Index),
    RenameJob(Index),
    Property(Index, String),
    StartTime(u8),
    ExportAgain(u8),
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (any::<Index>(), scalar()).prop_map(|(job, value)| Edit::Set(job, value)),
        1 => job("New Job").prop_map(Edit::AddJob),
        1 => any::<Index>().prop_map(Edit::RemoveJob),
        1 => any::<Index>().prop_map(Edit::RenameJob),
        1 => (any::<Index>(), text()).prop_map(|(property, value)| Edit::Property(property, value)),
        1 => (0..24u8).prop_map(Edit::StartTime),
        1 => (1..12u8).prop_map(Edit::ExportAgain),
    ]
}

/// The definition after some edits.
pub(crate) fn edited(definition: &Definition, edits: &[Edit]) -> Definition {
    let mut value = definition.value().clone();
    for edit in edits {
        apply(&mut value, edit);
    }
    Definition::from_value(value).unwrap()
}

fn apply(value: &mut Value, edit: &Edit) {
    let jobs = |value: &mut Value| -> usize { value["scheduleList"][0]["jobList"].as_array().unwrap().len() };
    let count = jobs(value);
    match edit {
        Edit::Set(at, new) if count > 0 => {
            value["scheduleList"][0]["jobList"][at.index(count)]["documentation"] = new.clone();
        }
        Edit::AddJob(job) => {
            let list = value["scheduleList"][0]["jobList"].as_array_mut().unwrap();
            if list.iter().all(|other| other["name"] != job["name"]) {
                list.push(job.clone());
            }
        }
        Edit::RemoveJob(at) if count > 0 => {
            value["scheduleList"][0]["jobList"].as_array_mut().unwrap().remove(at.index(count));
        }
        Edit::RenameJob(at) if count > 0 => {
            let at = at.index(count);
            let old = value["scheduleList"][0]["jobList"][at]["name"].as_str().unwrap().to_owned();
            let new = format!("{old} renamed");
            if value["scheduleList"][0]["jobList"].as_array().unwrap().iter().any(|job| job["name"] == *new) {
                return;
            }
            value["scheduleList"][0]["jobList"][at]["name"] = json!(new);
            for dependency in value["scheduleList"][0]["internalDependencyList"].as_array_mut().unwrap() {
                for key in ["jobName", "predecessorJobName"] {
                    if dependency[key] == *old {
                        dependency[key] = json!(new);
                    }
                }
            }
        }
        Edit::Property(at, new) => {
            let list = value["propertyList"].as_array_mut().unwrap();
            if !list.is_empty() {
                let at = at.index(list.len());
                list[at]["value"] = json!(new);
            }
        }
        Edit::StartTime(hour) => value["scheduleList"][0]["startTime"] = json!(format!("{hour:02}:30")),
        Edit::ExportAgain(month) => {
            value["descriptionList"][1] = json!(format!("Export Date : 2026-{month:02}-15 06:00:00"));
            for job in value["scheduleList"][0]["jobList"].as_array_mut().unwrap() {
                job["id"] = json!(u32::from(*month) * 100);
            }
        }
        _ => {}
    }
}

/// The same value with all arrays the other way round and object keys reversed.
pub(crate) fn reversed_sets(value: &Value, node: &super::form::Node) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .rev()
                .map(|(key, value)| (key.clone(), reversed_sets(value, node.child(key))))
                .collect(),
        ),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| reversed_sets(item, node)).collect();
            if matches!(node.order(), super::form::Order::Set(_)) {
                items.reverse();
            }
            Value::Array(items)
        }
        other => other.clone(),
    }
}
