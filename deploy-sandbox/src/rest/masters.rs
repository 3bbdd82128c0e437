//! Master schedules and jobs, for reading.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lists::{id, named, page, selected};
use super::{not_allowed, nothing_here};
use crate::answer::{Answer, Outcome, Refusal};
use crate::impex::Master;
use crate::request::Request;
use crate::state::State;
use crate::system::System;
use crate::text::{boolean, filled, integer, items, minutes, text};

pub(super) fn handle(system: &System, request: &Request, name: &str, rest: &[&str]) -> Outcome {
    if request.method != "GET" {
        return Err(not_allowed(request));
    }
    match (name, rest) {
        ("masterschedules", []) => page(request, schedules(system, request)?),
        ("masterschedules", ["count"]) => Ok(Answer::ok(&json!(schedules(system, request)?.len()))),
        ("masterschedules", [one]) => {
            let found = system
                .read(|state| id(one).and_then(|id| state.master_by_id(id)).map(|master| schedule(master)));
            found.map(|view| Answer::ok(&view)).ok_or_else(|| Refusal::missing("schedule", one))
        }
        ("masterjobs", [] | ["v2"]) => page(request, jobs(system, request)),
        ("masterjobs", ["count"]) => Ok(Answer::ok(&json!(jobs(system, request).len()))),
        ("masterjobs", [_]) => {
            let one = request
                .segments
                .last()
                .map(|id| id.replace("%2F", "/").replace("%2f", "/"))
                .unwrap_or_default();
            let found = system.read(|state| {
                let (schedule, job) = one.split_once('|')?;
                let master = id(schedule).and_then(|id| state.master_by_id(id))?;
                master_jobs(state, master).into_iter().find(|view| view["name"].as_str() == Some(job))
            });
            found.map(|view| Answer::ok(&view)).ok_or_else(|| Refusal::missing("job", &one))
        }
        ("frequencies", []) => page(request, frequencies(system, request)),
        ("jobtags", []) => page(request, tags(system, request)),
        ("namedinstances", []) => page(request, named_instances(system, request)),
        ("impex", ["schedules"]) => page(request, headers(system, request)),
        ("impex", ["schedules", one]) => {
            let found = system
                .read(|state| id(one).and_then(|id| state.master_by_id(id)).map(|master| header(master)));
            found.map(|view| Answer::ok(&view)).ok_or_else(|| Refusal::missing("schedule", one))
        }
        _ => Err(nothing_here(request)),
    }
}

fn schedules(system: &System, request: &Request) -> Result<Vec<Value>, Refusal> {
    let query = &request.query;
    let sub = query.flag("subschedule")?;
    let multi = query.flag("multiinstance")?;
    let auto = query.flag("autobuild")?;
    let is = |view: &Value, key: &str, wanted: Option<bool>| {
        wanted.is_none_or(|wanted| view[key] == json!(wanted))
    };
    Ok(system.read(|state| {
        let asked = state.masters.values().filter(|master| {
            named(query, &["name"], &master.name) && named(query, &["ids"], &master.id.to_string())
        });
        let views = asked.map(|master| schedule(master));
        views
            .filter(|view| {
                is(view, "subSchedule", sub)
                    && is(view, "isMultiInstance", multi)
                    && auto.is_none_or(|auto| view["autoBuildSettings"].is_object() == auto)
            })
            .collect()
    }))
}

fn schedule(master: &Master) -> Value {
    master.with_header(|schedule| {
        let flag = |key: &str| boolean(schedule, key).unwrap_or(false);
        let days = integer(schedule, "autoBuildDays").filter(|days| *days > 0);
        let settings = days.map(|days| {
            json!({
                "numberOfDaysInAdvance": integer(schedule, "autoBuildDaysInAdvance"), "daysToBuild": days,
                "overwrite": flag("buildOverwrite"), "buildOnHold": flag("buildOnHold"), "buildOffset": null,
            })
        });
        let properties = properties(schedule);
        let multi =
            flag("multiInstance").then(|| json!({"type": "properties", "propertiesList": [properties]}));
        json!({
            "id": master.id, "name": master.name, "subSchedule": flag("subSchedule"),
            "isMultiInstance": flag("multiInstance"), "multiInstanceDetails": multi,
            "autoBuildSettings": settings, "properties": properties, "propertiesList": properties,
            "documentation": text(schedule, "documentation"),
            "useMasterHolidayCalendar": flag("useMasterHolidayCalendar"),
        })
    })
}

fn properties(schedule: &Value) -> Value {
    let lines = items(schedule, "instancePropertiesList").iter().filter_map(Value::as_str);
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn jobs(system: &System, request: &Request) -> Vec<Value> {
    let query = &request.query;
    let frequency = |view: &Value| {
        let wanted = query.list(&["frequencyname"]);
        let names = items(view, "frequencies").iter().filter_map(|frequency| frequency["name"].as_str());
        wanted.is_empty() || names.into_iter().any(|name| named(query, &["frequencyname"], name))
    };
    let tags = |view: &Value| {
        let tags = items(view, "tags").iter().filter_map(Value::as_str);
        query.list(&["tags", "taglist"]).is_empty()
            || tags.into_iter().any(|tag| named(query, &["tags", "taglist"], tag))
    };
    system.read(|state| {
        let masters = state.masters.values().filter(|master| {
            named(query, &["schedulename"], &master.name)
                && named(query, &["scheduleids"], &master.id.to_string())
        });
        let views = masters.flat_map(|master| master_jobs(state, master));
        views
            .filter(|view| {
                selected(query, &["ids", "jobids"], view, "id")
                    && selected(query, &["name", "jobname"], view, "name")
                    && selected(query, &["jobtype"], view, "jobType/description")
                    && selected(query, &["departments", "departmentlist"], view, "department/name")
                    && selected(query, &["accesscodes", "accesscodelist"], view, "accessCode/name")
                    && frequency(view)
                    && tags(view)
            })
            .collect()
    })
}

fn master_jobs(state: &State, master: &Master) -> Vec<Value> {
    master.with(|stored| {
        let schedule = json!({"id": master.id, "name": master.name});
        let jobs = items(&stored.schedule, "jobList").iter();
        jobs.map(|job| {
            let name = filled(job, "name").unwrap_or_default();
            let frequencies: Vec<Value> = items(job, "frequencyList").iter().map(frequency).collect();
            let mut view = json!({
                "id": format!("{}|{name}", master.id), "name": name, "jobName": name,
                "schedule": schedule, "frequency": frequencies.first(), "frequencies": frequencies,
                "estimatedRunTime": items(job, "frequencyList").first().and_then(|f| integer(f, "estimatedRunTime")),
                "tags": items(job, "tagList"),
            });
            describe_job(state, job, &mut view);
            view
        })
        .collect()
    })
}

/// What master and daily jobs have in common, under the names of clients and document.
pub(super) fn describe_job(state: &State, job: &Value, view: &mut Value) {
    let job_type =
        json!({"id": type_id(filled(job, "type").unwrap_or_default()), "description": job["type"]});
    let machine = |key: &str| {
        let name = filled(job, key)?;
        let id = state.inventory.machine(name).map(|machine| machine["id"].clone());
        Some(json!({"id": id, "name": name}))
    };
    let of_list = |key: &str, list: &str| {
        let name = filled(job, key)?;
        Some(json!({"id": state.shared.get(list, name).map_or(0, |object| object.id), "name": name}))
    };
    let group = filled(job, "machineGroup").map(|name| {
        json!({"id": state.inventory.machine_group(name).map(|group| group["id"].clone()), "name": name})
    });
    view["jobType"] = job_type.clone();
    view["type"] = job_type;
    view["primaryMachine"] = json!(machine("primaryMachine"));
    view["machine"] = view["primaryMachine"].clone();
    view["alternateMachine"] = json!(machine("alternateMachine1").or_else(|| machine("alternateMachine")));
    view["alternateMachine2"] = json!(machine("alternateMachine2"));
    view["alternateMachine3"] = json!(machine("alternateMachine3"));
    view["machineGroup"] = json!(group);
    view["department"] = json!(of_list("departmentName", "departmentList"));
    view["accessCode"] = json!(of_list("accessCode", "accessCodeList"));
}

/// The vendor's number of a job type.
fn type_id(name: &str) -> i64 {
    const TYPES: [(&str, i64); 18] = [
        ("Null Job", -1),
        ("File Transfer", 1),
        ("HP NonStop", 2),
        ("Windows", 3),
        ("OpenVMS", 4),
        ("IBM i", 5),
        ("UNIX", 6),
        ("OS 2200", 7),
        ("MCP", 9),
        ("z/OS", 12),
        ("SAP R/3", 13),
        ("SAP BW", 14),
        ("Container", 15),
        ("Java", 17),
        ("Tuxedo ART", 18),
        ("EASE", 19),
        ("Asysco AMT", 20),
        ("SQL", 21),
    ];
    TYPES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map_or(-99_999, |(_, id)| *id)
}

fn frequency(frequency: &Value) -> Value {
    let number = |key: &str| integer(frequency, key).unwrap_or(0);
    let offset = |key: &str| text(frequency, key).and_then(|time| minutes(&time));
    json!({
        "name": frequency["name"], "estimatedRunTime": number("estimatedRunTime"),
        "maxRunTime": number("maxRunTime"), "frequencyPriority": number("priority"),
        "jobTimesEstimation": {
            "startOffset": offset("startOffset").unwrap_or(0), "startOffsetTimeFormat": "Relative",
            "latestStartOffset": offset("latestStartOffset").unwrap_or(0),
            "latestStartOffsetTimeFormat": "Relative",
        },
    })
}

/// Every frequency once, by name.
fn frequencies(system: &System, request: &Request) -> Vec<Value> {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    system.read(|state| {
        for master in state.masters.values() {
            let mut note = |schedule: &Value| {
                let of_jobs = items(schedule, "jobList").iter().flat_map(|job| items(job, "frequencyList"));
                for item in items(schedule, "frequencyList").iter().chain(of_jobs) {
                    if let Some(name) = filled(item, "name") {
                        found.entry(name.to_owned()).or_insert_with(|| frequency(item));
                    }
                }
            };
            match master.generated_number() {
                Some(_) => master.with_header(note),
                None => master.with(|stored| note(&stored.schedule)),
            }
        }
    });
    found.into_values().filter(|view| selected(&request.query, &["name"], view, "name")).collect()
}

fn tags(system: &System, request: &Request) -> Vec<Value> {
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    system.read(|state| {
        for master in state.masters.values().filter(|master| master.generated_number().is_none()) {
            master.with(|stored| {
                let of_jobs = items(&stored.schedule, "jobList").iter().flat_map(|job| items(job, "tagList"));
                for tag in of_jobs.filter_map(Value::as_str) {
                    *found.entry(tag.to_owned()).or_default() += 1;
                }
            });
        }
    });
    let views = found
        .into_iter()
        .map(|(name, count)| json!({"name": name, "tagCount": count, "tagAssociations": []}));
    views.filter(|view| selected(&request.query, &["name"], view, "name")).collect()
}

fn named_instances(system: &System, request: &Request) -> Vec<Value> {
    let views: Vec<Value> = system.read(|state| {
        let masters = state.masters.values();
        masters
            .flat_map(|master| {
                master.with_header(|schedule| {
                    let list = items(schedule, "namedInstancesList").iter().zip(1u32..);
                    list.map(|(item, number)| {
                        json!({
                            "id": u64::from(master.id) * 100 + u64::from(number), "scheduleId": master.id,
                            "number": number, "name": item["name"],
                        })
                    })
                    .collect::<Vec<_>>()
                })
            })
            .collect()
    });
    let query = &request.query;
    views
        .into_iter()
        .filter(|view| {
            selected(query, &["name"], view, "name") && selected(query, &["scheduleid"], view, "scheduleId")
        })
        .collect()
}

fn headers(system: &System, request: &Request) -> Vec<Value> {
    let query = &request.query;
    system.read(|state| {
        let asked = state.masters.values().filter(|master| {
            named(query, &["name"], &master.name) && named(query, &["ids"], &master.id.to_string())
        });
        asked.map(|master| header(master)).collect()
    })
}

/// The header of a schedule, as the REST API's own ImpEx shows it.
fn header(master: &Master) -> Value {
    master.with_header(|schedule| {
        let flag = |key: &str| boolean(schedule, key).unwrap_or(false);
        let start = text(schedule, "startTime").and_then(|time| minutes(&time)).unwrap_or(0);
        json!({
            "id": master.id, "name": master.name, "documentation": text(schedule, "documentation"),
            "type": if flag("subSchedule") { "SubSchedule" } else { "Schedule" },
            "weekDays": {
                "monday": flag("workDayMonday"), "tuesday": flag("workDayTuesday"),
                "wednesday": flag("workDayWednesday"), "thursday": flag("workDayThursday"),
                "friday": flag("workDayFriday"), "saturday": flag("workDaySaturday"),
                "sunday": flag("workDaySunday"),
            },
            "startOffset": {"hours": start / 60, "minutes": start % 60},
            "useMasterHoliday": flag("useMasterHolidayCalendar"),
            "conflictsWithOtherDays": false,
        })
    })
}
