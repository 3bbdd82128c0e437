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
use crate::text::{boolean, date, integer, items, text, whole};

pub(super) fn handle(system: &System, request: &Request, name: &str, rest: &[&str]) -> Outcome {
    match (request.method.as_str(), rest) {
        ("POST", []) => {
            let body = request.json()?;
            match name {
                "schedulebuilds" => builds(system, &body),
                "scheduleactions" => on_schedules(system, body),
                "jobactions" => on_jobs(system, body),
                "machineactions" => on_machines(system, body),
                "jobinstanceactions" => on_output(system, body),
                _ => delete(system, body),
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
    state.touch();
    answer
}

fn builds(system: &System, body: &Value) -> Outcome {
    let names: Vec<(Option<i64>, Option<String>)> =
        items(body, "schedules").iter().map(|item| (integer(item, "id"), text(item, "name"))).collect();
    if names.is_empty() || names.iter().any(|(id, name)| id.is_none() && name.is_none()) {
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
    let flag = |key: &str| boolean(body, key).unwrap_or(false);
    let properties = instance_pairs(body, "properties");
    let mut answer = body.clone();
    let submitted = system.write(|state| {
        let mut requests = Vec::new();
        for (number, name) in &names {
            let of_id =
                number.and_then(|id| state.master_by_id(u32::try_from(id).ok()?)).map(|m| m.name.clone());
            let name = of_id.or_else(|| name.clone()).unwrap_or_else(|| number.unwrap_or(0).to_string());
            for date in &dates {
                let wanted = Build {
                    name: &name,
                    date: *date,
                    overwrite: flag("overwrite"),
                    hold: flag("hold"),
                    properties: properties.clone(),
                    named_instance: text(body, "namedInstance").filter(|name| !name.is_empty()),
                    container: None,
                };
                let done = build(state, &wanted);
                requests.push(json!({
                    "name": name, "date": format!("{date}T00:00:00.0000000+00:00"),
                    "result": if done.is_ok() { "success" } else { "failed" },
                    "message": done.err().unwrap_or_else(|| "Completed".to_owned()),
                }));
            }
        }
        let failed = requests.iter().any(|request| request["result"] == "failed");
        answer["requests"] = Value::Array(requests);
        answer["expiryTime"] = json!(stamp(system.clock.now()));
        answer["action"] = json!("build");
        answer["result"] = json!(if failed { "failed" } else { "success" });
        answer["message"] = json!(if failed { "Failed" } else { "Completed" });
        keep(state, "schedulebuilds", answer)
    });
    let mut first = submitted;
    first["result"] = json!("submitted");
    first["message"] = json!("Submitted");
    Ok(Answer::json(StatusCode::CREATED, &first))
}

fn action_of(body: &Value) -> Result<String, Refusal> {
    text(body, "action").ok_or_else(|| Refusal::malformed("The request has no action"))
}

fn on_schedules(system: &System, mut body: Value) -> Outcome {
    let action = action_of(&body)?;
    let reason = text(&body, "reason");
    let categories: Vec<String> =
        items(&body, "states").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let wanted = items(&body, "scheduleActionItems").to_vec();
    if wanted.is_empty() {
        return Err(Refusal::malformed("The action has no scheduleActionItems"));
    }
    let now = system.clock.now();
    let add = match action.to_lowercase().as_str() {
        "addjobs" => Some(false),
        "addjobsonhold" => Some(true),
        _ => None,
    };
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for mut item in wanted {
            let id = text(&item, "id").unwrap_or_default();
            let result = match add {
                Some(hold) => add_jobs(state, &id, &mut item, hold),
                None => match state.daily.schedule_mut(&id) {
                    Some(schedule) => act_on_schedule(schedule, &action, &categories, reason.as_deref(), now),
                    None => Err(format!("The daily schedule '{id}' does not exist")),
                },
            };
            note(&mut item, &result);
            if let Some(schedule) = state.daily.schedule(&id) {
                item["status"] = schedule.state.json(schedule.has_failed_jobs());
            }
            done.push(item);
        }
        finish(&mut body, "scheduleActionItems", done);
        keep(state, "scheduleactions", body)
    });
    let mut first = answer;
    if add.is_some() {
        first["result"] = json!("submitted");
    }
    Ok(Answer::ok(&first))
}

fn add_jobs(state: &mut State, schedule_id: &str, item: &mut Value, hold: bool) -> Result<(), String> {
    let mut result = Ok(());
    let jobs = item.get_mut("jobs").and_then(Value::as_array_mut).filter(|jobs| !jobs.is_empty());
    for job in jobs.ok_or_else(|| "The action names no job".to_owned())? {
        let name = text(job, "id").unwrap_or_default();
        let frequency = text(job, "frequency").unwrap_or_default();
        let properties = instance_pairs(job, "instanceProperties");
        let add = AddJob { schedule_id, job: &name, frequency: &frequency, properties, hold };
        let added = add_job(state, add);
        match added {
            Ok((id, uid)) => {
                job["id"] = json!(id);
                job["uid"] = json!(uid);
                note(job, &Ok(()));
            }
            Err(reason) => {
                note(job, &Err(reason.clone()));
                result = Err(reason);
            }
        }
    }
    result
}

fn note(item: &mut Value, result: &Result<(), String>) {
    let Some(item) = item.as_object_mut() else { return };
    item.insert("result".into(), json!(if result.is_ok() { "success" } else { "failed" }));
    item.insert("message".into(), json!(result.as_ref().err()));
}

fn finish(body: &mut Value, list: &str, done: Vec<Value>) {
    let failed = done.iter().find(|item| item["result"] == "failed");
    body["result"] = json!(if failed.is_some() { "failed" } else { "success" });
    body["message"] = failed.map_or(Value::Null, |item| item["message"].clone());
    body[list] = Value::Array(done);
}

fn on_jobs(system: &System, mut body: Value) -> Outcome {
    let action = action_of(&body)?;
    let reason = text(&body, "reason");
    let wanted = items(&body, "jobs").to_vec();
    if wanted.is_empty() {
        return Err(Refusal::malformed("The action has no jobs"));
    }
    let now = system.clock.now();
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for mut item in wanted {
            let id = text(&item, "id").unwrap_or_default();
            let result = match state.daily.place(&id) {
                None => Err(format!("The daily job '{id}' does not exist")),
                Some((at, place)) => {
                    let schedule = &mut state.daily.schedules[at];
                    let job = &mut schedule.jobs[place];
                    let result = act_on_job(job, &action, reason.as_deref(), now);
                    if let Some(item) = item.as_object_mut() {
                        item.insert("status".into(), job.state.json());
                    }
                    if schedule.state == ScheduleState::Completed && !schedule.jobs[place].state.is_over() {
                        (schedule.state, schedule.ended) = (ScheduleState::InProcess, None);
                    }
                    result
                }
            };
            note(&mut item, &result);
            done.push(item);
        }
        finish(&mut body, "jobs", done);
        keep(state, "jobactions", body)
    });
    Ok(Answer::ok(&answer))
}

fn on_machines(system: &System, mut body: Value) -> Outcome {
    let action = action_of(&body)?;
    let state_of = match action.to_lowercase().as_str() {
        "up" => "U",
        "down" => "D",
        "limited" => "L",
        _ => return Err(Refusal::malformed(format!("The action '{action}' does not exist"))),
    };
    let wanted = items(&body, "machines").to_vec();
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for mut item in wanted {
            let number = item.get("id").and_then(whole).and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
            let result = match state.inventory.machines.get_mut(&number) {
                Some(machine) => {
                    machine["status"]["state"] = json!(state_of);
                    Ok(())
                }
                None => Err(format!("The machine '{number}' does not exist")),
            };
            note(&mut item, &result);
            done.push(item);
        }
        finish(&mut body, "machines", done);
        keep(state, "machineactions", body)
    });
    Ok(Answer::ok(&answer))
}

/// The output of a job that was really run: a list of one file, and the file.
fn on_output(system: &System, mut body: Value) -> Outcome {
    let is_file = action_of(&body)?.eq_ignore_ascii_case("file");
    let wanted = items(&body, "jobInstanceActionItems").to_vec();
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for mut item in wanted {
            let number = item.get("id").and_then(whole).map(|id| id.to_string()).unwrap_or_default();
            let result = match state.daily.job(&number) {
                Some((_, job)) if item.is_object() => {
                    if is_file {
                        item["data"] = json!(job.output);
                    } else {
                        item["files"] = json!([format!("{}.out", job.uid)]);
                    }
                    Ok(())
                }
                _ => Err(format!("The daily job '{number}' does not exist")),
            };
            note(&mut item, &result);
            done.push(item);
        }
        finish(&mut body, "jobInstanceActionItems", done);
        keep(state, "jobinstanceactions", body)
    });
    Ok(Answer::ok(&answer))
}

/// Removes daily items. What an id means shows in its form: a day, a schedule, a job.
fn delete(system: &System, mut body: Value) -> Outcome {
    let wanted = items(&body, "items").to_vec();
    if wanted.is_empty() {
        return Err(Refusal::malformed("The request has no items"));
    }
    for item in &wanted {
        if !matches!(integer(item, "entityType"), Some(0..=2)) || text(item, "id").is_none() {
            return Err(Refusal::malformed("An item has an entityType of 0, 1 or 2, and an id"));
        }
    }
    let answer = system.write(|state| {
        let mut done = Vec::new();
        for mut item in wanted {
            let id = text(&item, "id").unwrap_or_default();
            let result = delete_one(state, &id);
            note(&mut item, &result);
            done.push(item);
        }
        finish(&mut body, "items", done);
        keep(state, "deleteactions", body)
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
