//! The daily of a system: building, adding, holding, releasing, deleting.

use std::time::Duration;

use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::daily_model::{
    Build, DailyItem, DailyJob, DailySchedule, JobAction, NewJob, ScheduleAction, Wait,
};
use super::error::{Cause, OpConError};
use super::http::HttpSystem;
use super::request::{Request, daily_segment};
use super::wire::{FromWire, Wire};

/// The first pause before asking how far an action has come; doubled after each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How an action stands.
enum Stage {
    UnderWay,
    Done,
    Failed(String),
}

impl HttpSystem {
    pub(crate) async fn list_daily_schedules(
        &self,
        name: &str,
        dates: &[NaiveDate],
    ) -> Result<Vec<DailySchedule>, OpConError> {
        let dates = join_dates(dates);
        let query = [("name", name), ("dates", dates.as_str()), ("includeDetails", "true")];
        self.list("the daily schedules", "/api/dailyschedules", &query).await
    }

    pub(crate) async fn list_daily_jobs(&self, instance: &str) -> Result<Vec<DailyJob>, OpConError> {
        self.list("the daily jobs", "/api/dailyjobs", &[("scheduleIds", instance)]).await
    }

    pub(crate) async fn read_daily_job(&self, id: &str) -> Result<DailyJob, OpConError> {
        let request = self.daily_job_request(id);
        let answer = self.signed(&request).await?;
        let fail = |cause| self.transport.error(&request, cause);
        let job = answer.json().map_err(fail)?;
        DailyJob::from_wire(Wire(&job)).ok_or_else(|| fail(answer.garbled("is not a daily job")))
    }

    pub(crate) async fn build_daily(&self, build: &Build, wait: Wait) -> Result<(), OpConError> {
        let mut body = json!({
            "schedules": [{"id": null, "name": build.schedule}],
            "dates": build.dates.iter().map(NaiveDate::to_string).collect::<Vec<_>>(),
            "overwrite": build.overwrite,
            "hold": build.on_hold,
            "properties": pairs("key", &build.properties),
        });
        for (key, value) in [("namedInstance", &build.named_instance), ("machineName", &build.machine)] {
            if let Some(value) = value {
                body[key] = json!(value);
            }
        }
        let doing = format!("build `{}` in the daily of `{}`", build.schedule, self.server());
        self.act(&doing, "/api/schedulebuilds", &body, wait, build_stage).await.map(|_| ())
    }

    pub(crate) async fn add_daily_job(&self, job: &NewJob, wait: Wait) -> Result<String, OpConError> {
        let body = json!({
            "action": if job.on_hold { "addJobsOnHold" } else { "addJobs" },
            "reason": job.reason,
            "scheduleActionItems": [{
                "id": job.instance,
                "jobs": [{
                    "id": job.job,
                    "frequency": job.frequency,
                    "instanceProperties": pairs("name", &job.properties),
                }],
            }],
        });
        let doing = format!("add the job `{}` to the daily of `{}`", job.job, self.server());
        let (request, said) = self.act(&doing, "/api/scheduleactions", &body, wait, action_stage).await?;
        let id = said.pointer("/scheduleActionItems/0/jobs/0").and_then(|job| Wire(job).text(&["id"]));
        id.ok_or_else(|| {
            let message = "the system does not say which daily job it made".to_owned();
            self.transport.error(&request, Cause::ActionFailed { message })
        })
    }

    /// A job is changed by sending it back whole: what is left out would be emptied.
    pub(crate) async fn change_start_offset(&self, id: &str, days: f64) -> Result<(), OpConError> {
        let mut request = self.daily_job_request(id);
        let answer = self.signed(&request).await?;
        let mut job = answer.json().map_err(|cause| self.transport.error(&request, cause))?;
        let Some(fields) = job.as_object_mut() else {
            return Err(self.transport.error(&request, answer.garbled("is not a daily job")));
        };
        fields.insert("startOffset".to_owned(), json!(days));
        let doing = format!("change the start of the daily job `{id}` on `{}`", self.server());
        request = Request::change(doing, Method::PUT, request.path).with_json(&job);
        self.signed(&request).await.map(|_| ())
    }

    pub(crate) async fn schedule_action(
        &self,
        instance: &str,
        action: ScheduleAction,
        reason: &str,
        wait: Wait,
    ) -> Result<(), OpConError> {
        let items = json!([{"id": instance}]);
        let body = json!({"action": action.word(), "reason": reason, "scheduleActionItems": items});
        let doing = format!("{} the daily schedule `{instance}` on `{}`", action.word(), self.server());
        self.act(&doing, "/api/scheduleactions", &body, wait, action_stage).await.map(|_| ())
    }

    pub(crate) async fn job_action(
        &self,
        job: &str,
        action: JobAction,
        reason: &str,
        wait: Wait,
    ) -> Result<(), OpConError> {
        let body = json!({"action": action.word(), "reason": reason, "jobs": [{"id": job}]});
        let doing = format!("{} the daily job `{job}` on `{}`", action.word(), self.server());
        self.act(&doing, "/api/jobactions", &body, wait, action_stage).await.map(|_| ())
    }

    pub(crate) async fn delete_daily_items(&self, items: &[DailyItem]) -> Result<(), OpConError> {
        let entries = items.iter().map(|item| match item {
            DailyItem::Job(id) => json!({"entityType": 0, "id": id}),
            DailyItem::Schedule(id) => json!({"entityType": 1, "id": id}),
        });
        let body = json!({"items": entries.collect::<Vec<_>>()});
        let doing = format!("delete from the daily of `{}`", self.server());
        self.act(&doing, "/api/DeleteActions", &body, Wait::default(), delete_stage).await.map(|_| ())
    }

    fn daily_job_request(&self, id: &str) -> Request {
        let doing = format!("read the daily job `{id}` on `{}`", self.server());
        Request::get(doing, format!("/api/dailyjobs/{}", daily_segment(id)))
    }

    /// Posts an action and asks until it has ended; gives its last state.
    async fn act(
        &self,
        doing: &str,
        path: &str,
        body: &Value,
        wait: Wait,
        stage: fn(&Value) -> Stage,
    ) -> Result<(Request, Value), OpConError> {
        let mut request = Request::change(doing, Method::POST, path).with_json(body);
        let started = Instant::now();
        let mut pause = FIRST_PAUSE.min(wait.every);
        let mut id = None;
        loop {
            let answer = self.signed(&request).await?;
            let fail = |cause| Err(self.transport.error(&request, cause));
            let said = match answer.body.is_empty() {
                true => Value::Null,
                false => answer.json().map_err(|cause| self.transport.error(&request, cause))?,
            };
            match stage(&said) {
                Stage::Done => return Ok((request, said)),
                Stage::Failed(message) => return fail(Cause::ActionFailed { message }),
                Stage::UnderWay => {}
            }
            if started.elapsed() >= wait.at_most {
                return fail(Cause::Unfinished { after: wait.at_most });
            }
            if id.is_none() {
                id = Wire(&said).text(&["id"]);
                let Some(id) = &id else { return fail(answer.garbled("has no `id`")) };
                request = Request::get(doing, format!("{path}/{}", daily_segment(id)));
            }
            sleep(pause).await;
            pause = (pause * 2).min(wait.every);
        }
    }
}

fn join_dates(dates: &[NaiveDate]) -> String {
    dates.iter().map(NaiveDate::to_string).collect::<Vec<_>>().join(",")
}

fn pairs(name: &str, properties: &[(String, String)]) -> Vec<Value> {
    let pair = |(key, value): &(String, String)| {
        Value::Object(Map::from_iter([(name.to_owned(), json!(key)), ("value".to_owned(), json!(value))]))
    };
    properties.iter().map(pair).collect()
}

fn build_stage(said: &Value) -> Stage {
    let wire = Wire(said);
    match wire.text(&["message"]).unwrap_or_default().to_lowercase().as_str() {
        "completed" => Stage::Done,
        "failed" => {
            let failed =
                |request: &Wire<'_>| request.text(&["result"]).is_none_or(|result| result != "success");
            let requests = wire.items(&["requests"]).filter(failed);
            let reasons: Vec<_> = requests.filter_map(|request| request.text(&["message"])).collect();
            Stage::Failed(if reasons.is_empty() { "the build failed".to_owned() } else { reasons.join("; ") })
        }
        _ => Stage::UnderWay,
    }
}

fn action_stage(said: &Value) -> Stage {
    let wire = Wire(said);
    match wire.text(&["result"]).unwrap_or_default().to_lowercase().as_str() {
        "success" => Stage::Done,
        "failed" => Stage::Failed(reasons(wire)),
        _ => Stage::UnderWay,
    }
}

/// Like other actions, but an answer that says nothing is good enough.
fn delete_stage(said: &Value) -> Stage {
    match Wire(said).text(&["result"]) {
        None => Stage::Done,
        Some(_) => action_stage(said),
    }
}

/// Why an action failed: the reasons of its jobs, of its schedules, or its own.
fn reasons(wire: Wire<'_>) -> String {
    let items: Vec<Wire<'_>> = wire.items(&["scheduleActionItems"]).collect();
    let jobs = items.iter().flat_map(|item| item.items(&["jobs"])).chain(wire.items(&["jobs", "items"]));
    let of_jobs: Vec<String> = jobs.filter_map(|job| job.text(&["message"])).collect();
    let of_items: Vec<String> = items.iter().filter_map(|item| item.text(&["message"])).collect();
    let own: Vec<String> = wire.text(&["message"]).into_iter().collect();
    let said = [of_jobs, of_items, own].into_iter().find(|texts| texts.iter().any(|text| !text.is_empty()));
    said.map_or_else(|| "no reason given".to_owned(), |texts| texts.join("; "))
}
