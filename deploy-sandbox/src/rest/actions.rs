//! Actions and builds: what clients post, and come back for.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::lists::{id, stamp};
use super::{not_allowed, nothing_here};
use crate::answer::{Answer, Outcome, Refusal};
use crate::daily::{
    AddJob, Build, ScheduleState, act_on_job, act_on_schedule, add_job, build, day_number, instance_pairs,
};
use crate::request::Request;
use crate::state::State;
use crate::system::System;
use crate::text::{boolean, date, integer, items, text};

/// How many actions clients can come back for.
const REMEMBERED: usize = 1_000;

pub(super) fn handle(system: &System, request: &Request, name: &str, rest: &[&str]) -> Outcome {
    match (request.method.as_str(), rest) {
        ("POST", []) => {
            let body = request.json()?;
            match name {
                "schedulebuilds" => builds(system, &body),
                "scheduleactions" => on_schedules(system, &body),
                "jobactions" => on_jobs(system, &body),
                "machineactions" => on_machines(system, &body),
                "jobinstanceactions" => on_output(system, &body),
                _ => delete(system, &body),
            }
        }
        ("GET", [one]) => {
            let found = id(one).and_then(|id| system.read(|state| state.actions.get(&id).cloned()));
            let of_kind = found.filter(|action| action["kind"].as_str() == Some(name));
            let action = of_kind.ok_or_else(|| Refusal::missing("action", one))?;
            Ok(Answer::ok(&action["answer"]))
        }
        (_, [] | [_]) => Err(not_allowed(request)),
        _ => Err(nothing_here(request)),
    }
}

/// Keeps what clients come back for; answers its id.
fn keep(state: &mut State, kind: &str, mut answer: Value) -> Value {
    let id = state.next_id();
    answer["id"] = json!(id);
    state.actions.insert(id, json!({"kind": kind, "answer": answer}));
    while state.actions.len() > REMEMBERED {
        state.actions.pop_first();
    }
    state.touch();
    answer
}

/// The objects of a list in a request; anything else is refused.
fn wanted<'b>(body: &'b Value, list: &str) -> Result<&'b [Value], Refusal> {
    let items = items(body, list);
    if items.is_empty() || !items.iter().all(Value::is_object) {
        return Err(Refusal::malformed(format!("The request has no {list}")));
    }
    Ok(items)
}

fn builds(system: &System, body: &Value) -> Outcome {
    let names: Vec<(Option<i64>, Option<String>)> =
        wanted(body, "schedules")?.iter().map(|item| (integer(item, "id"), text(item, "name"))).collect();
    if names.iter().any(|(id, name)| id.is_none() && name.is_none()) {
        return Err(Refusal::malformed("The build names no schedule"));
    }
    let wrong_date = |value: &Value| Refusal::malformed(format!("{value} is not a date"));
    let dates: Vec<_> = items(body, "dates")
        .iter()
        .map(|value| value.as_str().and_then(date).ok_or_else(|| wrong_date(value)))
        .collect::<Result<_, _>>()?;
    if dates.is_empty() {
        return Err(Refusal::malformed("The build has no date"));
    }
    let (overwrite, hold) = (flag(body, "overwrite"), flag(body, "hold"));
    let properties = instance_pairs(body, "properties");
    let named_instance = text(body, "namedInstance").filter(|name| !name.is_empty());
    let answer = system.write(|state| {
        let mut requests = Vec::new();
        for (number, name) in &names {
            let of_id =
                number.and_then(|id| state.master_by_id(u32::try_from(id).ok()?)).map(|m| m.name.clone());
            let name = of_id.or_else(|| name.clone()).unwrap_or_else(|| number.unwrap_or(0).to_string());
            for date in &dates {
                let wanted = Build {
                    name: &name,
                    date: *date,
                    overwrite,
                    hold,
                    properties: properties.clone(),
                    named_instance: named_instance.clone(),
                    container: None,
                };
                let done = build(state, &wanted);
                requests.push(json!({
                    "name": name, "date": format!("{date}T00:00:00.0000000+00:00"),
                    "result": word(&done), "message": done.err().unwrap_or_else(|| "Completed".to_owned()),
                }));
            }
        }
        let failed = requests.iter().any(|request| request["result"] == "failed");
        let answer = json!({
            "action": "build", "requests": requests,
            "schedules": names.iter().map(|(id, name)| json!({"id": id, "name": name})).collect::<Vec<_>>(),
            "dates": dates.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "overwrite": overwrite, "hold": hold, "namedInstance": named_instance,
            "logFile": text(body, "logFile"), "machineName": text(body, "machineName"),
            "expiryTime": stamp(system.clock.now()),
            "result": if failed { "failed" } else { "success" },
            "message": if failed { "Failed" } else { "Completed" },
        });
        keep(state, "schedulebuilds", answer)
    });
    let mut first = answer;
    first["result"] = json!("submitted");
    first["message"] = json!("Submitted");
    Ok(Answer::json(StatusCode::CREATED, &first))
}

fn flag(body: &Value, key: &str) -> bool {
    boolean(body, key).unwrap_or(false)
}

fn word<T, E>(result: &Result<T, E>) -> &'static str {
    if result.is_ok() { "success" } else { "failed" }
}

fn action_of(body: &Value) -> Result<String, Refusal> {
    text(body, "action").ok_or_else(|| Refusal::malformed("The request has no action"))
}

/// The answer to an action: what was asked, and what became of each item.
fn answer(body: &Value, list: &str, done: Vec<Value>) -> Value {
    let failed = done.iter().find(|item| item["result"] == "failed").map(|item| item["message"].clone());
    let mut answer = json!({
        "action": text(body, "action"), "result": if failed.is_some() { "failed" } else { "success" },
        "message": failed,
    });
    if let Some(reason) = text(body, "reason") {
        answer["reason"] = json!(reason);
    }
    answer[list] = Value::Array(done);
    answer
}

fn on_schedules(system: &System, body: &Value) -> Outcome {
    let action = action_of(body)?;
    let reason = text(body, "reason");
    let categories: Vec<String> =
        items(body, "states").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let wanted = wanted(body, "scheduleActionItems")?;
    let now = system.clock.now();
    let add = match action.to_lowercase().as_str() {
        "addjobs" => Some(false),
        "addjobsonhold" => Some(true),
        _ => None,
    };
    let mut first = system.write(|state| {
        let mut done = Vec::new();
        for item in wanted {
            let id = text(item, "id").unwrap_or_default();
            let (result, jobs) = match add {
                Some(hold) => add_jobs(state, &id, item, hold),
                None => match state.daily.schedule_mut(&id) {
                    Some(schedule) => {
                        (act_on_schedule(schedule, &action, &categories, reason.as_deref(), now), Vec::new())
                    }
                    None => (Err(format!("The daily schedule '{id}' does not exist")), Vec::new()),
                },
            };
            let status = state.daily.schedule(&id).map(|one| one.state.json(one.has_failed_jobs()));
            done.push(json!({
                "id": id, "result": word(&result), "message": result.err(), "status": status, "jobs": jobs,
            }));
        }
        keep(state, "scheduleactions", answer(body, "scheduleActionItems", done))
    });
    if add.is_some() {
        first["result"] = json!("submitted");
    }
    Ok(Answer::ok(&first))
}

fn add_jobs(
    state: &mut State,
    schedule_id: &str,
    item: &Value,
    hold: bool,
) -> (Result<(), String>, Vec<Value>) {
    let mut result = Ok(());
    let mut done = Vec::new();
    let jobs = items(item, "jobs");
    if jobs.is_empty() {
        result = Err("The action names no job".to_owned());
    }
    for job in jobs {
        let name = text(job, "id").unwrap_or_default();
        let frequency = text(job, "frequency").unwrap_or_default();
        let properties = instance_pairs(job, "instanceProperties");
        let shown: Vec<Value> =
            properties.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let add = AddJob { schedule_id, job: &name, frequency: &frequency, properties, hold };
        let added = add_job(state, add);
        let (id, uid) = added.clone().map_or((name.clone(), None), |(id, uid)| (id, Some(uid)));
        done.push(json!({
            "id": id, "uid": uid, "frequency": frequency, "instanceProperties": shown,
            "result": word(&added), "message": added.as_ref().err(),
        }));
        if let Err(reason) = added {
            result = Err(reason);
        }
    }
    (result, done)
}

fn on_jobs(system: &System, body: &Value) -> Outcome {
    let action = action_of(body)?;
    let reason = text(body, "reason");
    let wanted = wanted(body, "jobs")?;
    let now = system.clock.now();
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for item in wanted {
            let id = text(item, "id").unwrap_or_default();
            let (result, status) = match state.daily.place(&id) {
                None => (Err(format!("The daily job '{id}' does not exist")), None),
                Some((at, place)) => {
                    let schedule = &mut state.daily.schedules[at];
                    let job = &mut schedule.jobs[place];
                    let result = act_on_job(job, &action, reason.as_deref(), now);
                    let status = job.state.json();
                    if schedule.state == ScheduleState::Completed && !schedule.jobs[place].state.is_over() {
                        (schedule.state, schedule.ended) = (ScheduleState::InProcess, None);
                    }
                    (result, Some(status))
                }
            };
            done.push(json!({"id": id, "result": word(&result), "message": result.err(), "status": status}));
        }
        keep(state, "jobactions", answer(body, "jobs", done))
    });
    Ok(Answer::ok(&answer))
}

fn on_machines(system: &System, body: &Value) -> Outcome {
    let action = action_of(body)?;
    let state_of = match action.to_lowercase().as_str() {
        "up" => "U",
        "down" => "D",
        "limited" => "L",
        _ => return Err(Refusal::malformed(format!("The action '{action}' does not exist"))),
    };
    let wanted = wanted(body, "machines")?;
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for item in wanted {
            let id = integer(item, "id").unwrap_or(0);
            let machine = u32::try_from(id).ok().and_then(|id| state.inventory.machines.get_mut(&id));
            let result = match machine {
                Some(machine) => {
                    machine["status"]["state"] = json!(state_of);
                    Ok(machine["status"].clone())
                }
                None => Err(format!("The machine '{id}' does not exist")),
            };
            done.push(json!({
                "id": id, "result": word(&result), "status": result.as_ref().ok(), "message": result.as_ref().err(),
            }));
        }
        keep(state, "machineactions", answer(body, "machines", done))
    });
    Ok(Answer::ok(&answer))
}

/// The output of a job that was really run: a list of one file, and the file.
fn on_output(system: &System, body: &Value) -> Outcome {
    let is_file = action_of(body)?.eq_ignore_ascii_case("file");
    let wanted = wanted(body, "jobInstanceActionItems")?;
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for item in wanted {
            let id = integer(item, "id").unwrap_or(0);
            let found = state.daily.job(&id.to_string()).map(|(_, job)| (job.uid, job.output.clone()));
            let result = found.ok_or_else(|| format!("The daily job '{id}' does not exist"));
            let mut one = json!({"id": id, "result": word(&result), "message": result.as_ref().err()});
            match result {
                Ok((_, output)) if is_file => one["data"] = json!(output),
                Ok((uid, _)) => one["files"] = json!([format!("{uid}.out")]),
                Err(_) => {}
            }
            done.push(one);
        }
        keep(state, "jobinstanceactions", answer(body, "jobInstanceActionItems", done))
    });
    Ok(Answer::ok(&answer))
}

/// Removes daily items. What an id means shows in its form: a day, a schedule, a job.
fn delete(system: &System, body: &Value) -> Outcome {
    let wanted = wanted(body, "items")?;
    for item in wanted {
        if !matches!(integer(item, "entityType"), Some(0..=2)) || text(item, "id").is_none() {
            return Err(Refusal::malformed("An item has an entityType of 0, 1 or 2, and an id"));
        }
    }
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for item in wanted {
            let id = text(item, "id").unwrap_or_default();
            let result = delete_one(state, &id);
            done.push(json!({
                "entityType": integer(item, "entityType"), "id": id,
                "result": word(&result), "message": result.err(),
            }));
        }
        keep(state, "deleteactions", answer(body, "items", done))
    });
    Ok(Answer::ok(&answer))
}

fn delete_one(state: &mut State, id: &str) -> Result<(), String> {
    let daily = &mut state.daily;
    let before = daily.schedules.len();
    match id.split('|').count() {
        1 => daily.schedules.retain(|s| date(id) != Some(s.date) && day_number(s.date).to_string() != id),
        2 | 3 => daily.schedules.retain(|schedule| schedule.id() != id),
        _ => {
            let (at, place) =
                daily.place(id).ok_or_else(|| format!("The daily job '{id}' does not exist"))?;
            daily.schedules[at].jobs.remove(place);
            return Ok(());
        }
    }
    if daily.schedules.len() < before {
        Ok(())
    } else {
        Err(format!("There is nothing in the daily under '{id}'"))
    }
}
