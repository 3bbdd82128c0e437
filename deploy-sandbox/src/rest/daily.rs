//! Daily schedules and jobs.

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};

use super::lists::{moment, named, page, selected};
use super::masters::describe_job;
use super::{not_allowed, nothing_here};
use crate::answer::{Answer, Outcome, Refusal};
use crate::daily::{DailyJob, DailySchedule, JobState, day_number, instance_pairs};
use crate::request::Request;
use crate::state::State;
use crate::system::System;
use crate::text::{self, field, filled, text, truth};

pub(super) fn schedules(system: &System, request: &Request, rest: &[&str]) -> Outcome {
    let id = decoded(request, 2);
    let missing = || Refusal::missing("daily schedule", &id);
    match (request.method.as_str(), rest) {
        ("GET", []) => page(request, found_schedules(system, request)?),
        ("GET", ["count_by_status"]) => {
            let found = found_schedules(system, request)?;
            Ok(Answer::ok(&count_by_category(
                &found,
                &["held", "waiting", "running", "finishedOk", "failed"],
            )))
        }
        ("GET", ["dates"]) => {
            let mut dates =
                system.read(|state| state.daily.schedules.iter().map(|s| s.date).collect::<Vec<_>>());
            dates.sort();
            dates.dedup();
            Ok(Answer::ok(&json!(dates.iter().map(NaiveDate::to_string).collect::<Vec<_>>())))
        }
        ("GET", [_]) => {
            let view = system.read(|state| state.daily.schedule(&id).map(schedule));
            view.map(|view| Answer::ok(&view)).ok_or_else(missing)
        }
        ("GET", [_, "details"]) => {
            let view = system
                .read(|state| state.daily.schedule(&id).map(|schedule| details(&schedule.documentation)));
            view.map(|view| Answer::ok(&view)).ok_or_else(missing)
        }
        ("GET", [_, "properties"]) => {
            let view =
                system.read(|state| state.daily.schedule(&id).map(|schedule| pairs(&schedule.properties)));
            view.map(|view| Answer::ok(&view)).ok_or_else(missing)
        }
        ("PUT", [_]) => {
            let body = request.json()?;
            let view = system.write(|state| {
                let schedule_now = state.daily.schedule_mut(&id).ok_or_else(missing)?;
                if body.get("instanceProperties").is_some_and(Value::is_array) {
                    schedule_now.properties = instance_pairs(&body, "instanceProperties");
                }
                if let Some(words) =
                    field(&body, "details").and_then(|details| text(details, "documentation"))
                {
                    schedule_now.documentation = words;
                }
                let view = schedule(schedule_now);
                state.touch();
                Ok(view)
            })?;
            Ok(Answer::ok(&view))
        }
        (_, [] | [_] | [_, "details" | "properties"]) => Err(not_allowed(request)),
        _ => Err(nothing_here(request)),
    }
}

/// An id in the path, decoded once more: clients encode a slash in it twice.
fn decoded(request: &Request, at: usize) -> String {
    let id = request.segments.get(at).map(String::as_str).unwrap_or_default();
    percent_encoding::percent_decode_str(id)
        .decode_utf8()
        .map_or_else(|_| id.to_owned(), |id| id.into_owned())
}

/// The dates that are asked for; a value that is no date is refused.
fn dates(request: &Request) -> Result<Vec<NaiveDate>, Refusal> {
    let asked = request.query.list(&["dates", "scheduledates"]);
    let date = |value: &str| {
        text::date(value)
            .ok_or_else(|| Refusal::malformed(format!("The value '{value}' of dates is not a date")))
    };
    asked.into_iter().map(date).collect()
}

fn found_schedules(system: &System, request: &Request) -> Result<Vec<Value>, Refusal> {
    let (query, dates) = (&request.query, dates(request)?);
    let failed = query.flag("failedjobs")?;
    Ok(system.read(|state| {
        let on_date = state.daily.schedules.iter().filter(|s| dates.is_empty() || dates.contains(&s.date));
        let views =
            on_date.filter(|s| failed.is_none_or(|failed| s.has_failed_jobs() == failed)).map(schedule);
        views
            .filter(|view| {
                selected(query, &["ids"], view, "id")
                    && selected(query, &["uids"], view, "uid")
                    && selected(query, &["name"], view, "name")
                    && selected(query, &["path"], view, "path")
                    && selected(query, &["status"], view, "status/description")
                    && selected(query, &["categories", "schedulecategories"], view, "status/category")
            })
            .collect()
    }))
}

fn schedule(schedule: &DailySchedule) -> Value {
    let start = moment(Some(schedule.start));
    let end = schedule.ended.or_else(|| schedule.jobs.iter().filter_map(DailyJob::estimated_end).max());
    json!({
        "id": schedule.id(), "uid": schedule.uid, "date": schedule.date.to_string(),
        "dateAsInteger": day_number(schedule.date), "masterId": schedule.master_id,
        "instance": schedule.instance, "name": schedule.name, "path": schedule.name,
        "status": schedule.state.json(schedule.has_failed_jobs()),
        "definedStartTime": start, "computedStartTime": {"time": start, "isEstimated": false},
        "endTime": moment(end), "duration": end.map(|end| (end - schedule.start).num_seconds().max(0)),
        "workWeek": 0, "containerJobId": schedule.container.map(|uid| uid.to_string()),
        "instanceProperties": pairs(&schedule.properties), "events": [],
        "details": details(&schedule.documentation),
    })
}

/// The documentation, and from its first line which deployment brought the schedule.
fn details(documentation: &str) -> Value {
    let line = documentation.lines().next().unwrap_or_default();
    let information = serde_json::from_str::<Value>(line).ok().filter(Value::is_object);
    let information = information.map(|line| field(&line, "opcon-deploy").cloned().unwrap_or(line));
    let deployment = information.filter(Value::is_object).map(|information| {
        let word = |key: &str| text(&information, key);
        json!({
            "description": word("description"), "version": word("version"),
            "date": word("date"), "user": word("user"),
        })
    });
    json!({"documentation": documentation, "deployInformation": deployment})
}

fn pairs(properties: &[(String, String)]) -> Value {
    properties.iter().map(|(name, value)| json!({"key": name, "value": value})).collect()
}

pub(super) fn jobs(system: &System, request: &Request, rest: &[&str]) -> Outcome {
    let id = decoded(request, 2);
    let missing = || Refusal::missing("daily job", &id);
    match (request.method.as_str(), rest) {
        ("GET", []) => page(request, found_jobs(system, request)?),
        ("GET", ["count"]) => Ok(Answer::ok(&json!(found_jobs(system, request)?.len()))),
        ("GET", ["count_by_status"]) => {
            const CATEGORIES: [&str; 9] = [
                "held",
                "waiting",
                "running",
                "finishedOk",
                "failed",
                "missedStartTime",
                "cancelled",
                "skipped",
                "underReview",
            ];
            Ok(Answer::ok(&count_by_category(&found_jobs(system, request)?, &CATEGORIES)))
        }
        ("GET", [_]) => {
            let view = system
                .read(|state| state.daily.job(&id).map(|(schedule, one)| job(state, schedule, one, true)));
            view.map(|view| Answer::ok(&view)).ok_or_else(missing)
        }
        ("GET", [_, "status"]) => {
            let view = system.read(|state| state.daily.job(&id).map(|(_, job)| status(job)));
            view.map(|view| Answer::ok(&view)).ok_or_else(missing)
        }
        ("GET", [_, "properties"]) => {
            let view = system.read(|state| state.daily.job(&id).map(|(_, job)| pairs(&job.properties)));
            view.map(|view| Answer::ok(&view)).ok_or_else(missing)
        }
        ("PUT", [_]) => change(system, request, &id),
        (_, [] | [_] | [_, "status" | "properties"]) => Err(not_allowed(request)),
        _ => Err(nothing_here(request)),
    }
}

fn found_jobs(system: &System, request: &Request) -> Result<Vec<Value>, Refusal> {
    let (query, dates) = (&request.query, dates(request)?);
    let with_details = query.flag("includedetails")?.unwrap_or(false);
    let asked = |schedule: &DailySchedule| {
        (dates.is_empty() || dates.contains(&schedule.date))
            && named(query, &["scheduleids"], &schedule.id())
            && named(query, &["schedulename", "path"], &schedule.name)
            && named(query, &["schedulestatus"], schedule.state.description())
    };
    Ok(system.read(|state| {
        let schedules = state.daily.schedules.iter().filter(|schedule| asked(schedule));
        let jobs = schedules.flat_map(|schedule| schedule.jobs.iter().map(move |job| (schedule, job)));
        let views = jobs.map(|(schedule, one)| job(state, schedule, one, with_details));
        views
            .filter(|view| {
                selected(query, &["ids"], view, "id")
                    && selected(query, &["uids"], view, "uid")
                    && selected(query, &["name", "jobname"], view, "name")
                    && selected(query, &["jobtype"], view, "jobType/description")
                    && selected(query, &["machine", "primarymachine"], view, "primaryMachine/name")
                    && selected(query, &["jobstatus"], view, "status/description")
                    && selected(query, &["categories", "jobstatuscategories"], view, "status/category")
                    && selected(query, &["departmentids"], view, "department/id")
            })
            .collect()
    }))
}

fn status(job: &DailyJob) -> Value {
    let mut status = job.state.json();
    status["changeReason"] = json!(job.reason);
    status
}

fn job(state: &State, schedule: &DailySchedule, job: &DailyJob, with_details: bool) -> Value {
    let started = job.started.or(Some(job.start(schedule)));
    let end = job.ended.or_else(|| job.estimated_end());
    let seconds = job.started.zip(job.ended).map(|(start, end)| (end - start).num_seconds().max(0));
    let mut view = json!({
        "id": job.id(schedule), "uid": job.uid, "uniqueJobId": job.uid.to_string(), "jobNumber": job.uid,
        "name": job.name, "jobName": job.name, "originalJobName": job.master_name,
        "schedule": {
            "id": schedule.id(), "uid": schedule.uid, "name": schedule.name, "path": schedule.name,
            "date": schedule.date.to_string(), "masterId": schedule.master_id, "instance": schedule.instance,
            "status": schedule.state.json(schedule.has_failed_jobs()),
        },
        "frequency": {"name": job.frequency, "estimatedRunTime": job.estimated_minutes},
        "priority": 0, "status": status(job), "jobStatus": status(job),
        "startMachine": null, "startOffset": job.start_offset as f64 / (24.0 * 60.0),
        "startAbsoluteRelative": "Relative", "estimatedRunTime": job.estimated_minutes,
        "computedStartTime": {"time": moment(started), "isEstimated": job.started.is_none()},
        "computedEndTime": {"time": moment(end), "isEstimated": job.ended.is_none()},
        "computedDuration": {
            "duration": seconds.unwrap_or(job.estimated_minutes * 60), "isEstimated": seconds.is_none(),
        },
        "terminationDescription": job.termination, "detailMessages": job.messages,
        "tags": text::items(&job.definition, "tagList"), "steps": [], "isRecurrent": false,
        "properties": pairs(&job.properties), "instanceProperties": pairs(&job.properties),
    });
    describe_job(state, &job.definition, &mut view);
    if job.started.is_some() {
        view["startMachine"] = view["primaryMachine"].clone();
    }
    if with_details {
        view["details"] = job_details(state, job);
        view["documentation"] =
            json!({"id": null, "job": text(&job.definition, "documentation"), "frequency": null});
    }
    view
}

fn job_details(state: &State, job: &DailyJob) -> Value {
    if let Some(data) = job.definition.get("windowsData") {
        return json!({
            "subType": data["jobAction"], "commandLine": data["commandLine"],
            "workingDirectory": data["workingDirectory"], "prerunCommandLine": data["prerunCommandLine"],
            "runinCommandShell": text::boolean(data, "runInCommandShell").unwrap_or(false),
            "batchUser": {"loginName": data["userId"]},
        });
    }
    if let Some(data) = job.definition.get("unixData") {
        return json!({
            "subType": data["jobAction"], "startImage": data["startImage"], "parameters": data["parameters"],
            "coreDump": text(data, "coreDump").as_deref().and_then(truth).unwrap_or(false),
            "batchUser": {"loginName": data["userId"]},
        });
    }
    if let Some(name) = job.definition.get("containerData").and_then(|data| filled(data, "subScheduleName")) {
        let inner = state.daily.schedules.iter().find(|schedule| schedule.container == Some(job.uid));
        return json!({
            "masterSubSchedule": {"id": state.master(name).map(|master| master.id), "name": name},
            "dailySubSchedule": inner.map(schedule),
        });
    }
    json!({})
}

/// Changes an instance. The start offset is a part of a day, as the document has it, or `HH:MM`.
fn change(system: &System, request: &Request, id: &str) -> Outcome {
    let body = request.json()?;
    let offset = field(&body, "startOffset").map(offset_minutes).transpose()?;
    let view = system.write(|state| {
        let Some((at, place)) = state.daily.place(id) else { return Err(Refusal::missing("daily job", id)) };
        let one = &mut state.daily.schedules[at].jobs[place];
        if one.state == JobState::Running || one.state.is_over() {
            let message =
                format!("The job '{}' is '{}'; it cannot be changed", one.name, one.state.description());
            return Err(Refusal::one(StatusCode::CONFLICT, "daily job", id, message));
        }
        if let Some(offset) = offset {
            one.start_offset = offset;
        }
        for key in ["instanceProperties", "properties"] {
            if body.get(key).is_some_and(Value::is_array) {
                one.properties = instance_pairs(&body, key);
                break;
            }
        }
        state.touch();
        let schedule = &state.daily.schedules[at];
        Ok(job(state, schedule, &schedule.jobs[place], true))
    })?;
    Ok(Answer::ok(&view))
}

fn offset_minutes(value: &Value) -> Result<i64, Refusal> {
    let days = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(words) => match (text::minutes(words), DateTime::parse_from_rfc3339(words)) {
            (Some(minutes), Err(_)) => return Ok(minutes),
            _ => words.trim().parse().ok(),
        },
        _ => None,
    };
    let days = days.filter(|days| (0.0..=100.0).contains(days));
    let days =
        days.ok_or_else(|| Refusal::malformed(format!("The startOffset {value} is not a part of a day")))?;
    #[allow(clippy::cast_possible_truncation)]
    Ok((days * 24.0 * 60.0).round() as i64)
}

fn count_by_category(views: &[Value], categories: &[&str]) -> Value {
    let count = |category: &str| {
        let bare = |text: &str| text.replace(' ', "").to_lowercase();
        let of = |view: &&Value| {
            view["status"]["category"].as_str().is_some_and(|name| bare(name) == bare(category))
        };
        views.iter().filter(of).count()
    };
    categories
        .iter()
        .map(|category| ((*category).to_owned(), json!(count(category))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
