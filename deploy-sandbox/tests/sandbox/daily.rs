use std::time::{Duration, Instant};

use chrono::TimeDelta;
use deploy_sandbox::Config;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Api, definition, empty, insert_of, retail};

async fn build(api: &Api, name: &str, more: Value) -> Value {
    let mut body = json!({"schedules": [{"id": null, "name": name}], "dates": ["2026-11-20"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let got = api.post("/api/ScheduleBuilds/", &body).await;
    assert_eq!(got.status, StatusCode::CREATED);
    api.get(&format!("/api/schedulebuilds/{}", got.body["id"])).await.body
}

async fn action(api: &Api, body: Value) -> Value {
    let got = api.post("/api/scheduleactions", &body).await;
    assert_eq!(got.status, StatusCode::OK);
    api.get(&format!("/api/scheduleActions/{}", got.body["id"])).await.body
}

async fn add(api: &Api, verb: &str, schedule: &str, job: &str, properties: Value) -> Value {
    action(
        api,
        json!({
            "action": verb, "reason": "test",
            "scheduleActionItems": [{"id": schedule, "jobs": [
                {"id": job, "frequency": "Daily", "instanceProperties": properties},
            ]}],
        }),
    )
    .await
}

async fn status(api: &Api, id: &str) -> (i64, String) {
    let got = api
        .get(&format!("/api/dailyjobs/{}", id.replace('|', "%7C").replace('/', "%252F").replace(' ', "%20")))
        .await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    let status = &got.body["status"];
    (status["id"].as_i64().unwrap(), status["description"].as_str().unwrap().to_owned())
}

/// Asks until a job is over, however long the programs of this machine take.
#[cfg(unix)]
async fn end_of(api: &Api, id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let job = api.get(&format!("/api/dailyjobs/{}", id.replace('|', "%7C"))).await.body;
        if !["Waiting", "Running", "Held"].contains(&job["status"]["category"].as_str().unwrap()) {
            return job;
        }
    }
    panic!("the job {id} never ends");
}

fn frequency(name: &str) -> Value {
    json!([{"name": name, "dayType": "CalendarDay", "period": "Weekly", "startOffset": "00:00", "estimatedRunTime": "5"}])
}

fn windows(name: &str, machine: &str, command: &str) -> Value {
    json!({
        "name": name, "type": "Windows", "primaryMachine": machine, "disableBuild": true,
        "frequencyList": frequency("Daily"), "instancePropertyList": ["WHO=job"],
        "windowsData": {"commandLine": command, "workingDirectory": ""},
    })
}

#[tokio::test]
async fn a_day_of_the_retailer_goes_by() {
    let (running, dev, _) = retail().await;
    assert_eq!(build(&dev, "Price Update", json!({})).await["message"], "Completed");
    let schedule = dev.get("/api/dailyschedules?name=price*&dates=2026/11/20").await.body[0].clone();
    let id = schedule["id"].as_str().unwrap();
    assert_eq!(id, format!("46346|{}|1", schedule["masterId"]));
    assert_eq!(schedule["status"]["description"], "Wait to Start");
    assert_eq!(schedule["definedStartTime"], "2026-11-20T17:00:00.0000000+00:00");
    let job = |name: &str| format!("{id}|{name}");
    assert_eq!(status(&dev, &job("Calculate prices")).await, (0, "Released".into()));

    let mut dev = dev;
    running.clock().advance(TimeDelta::minutes(17 * 60));
    dev.renew().await;
    assert_eq!(status(&dev, &job("Calculate prices")).await, (500, "Job Running".into()));
    assert_eq!(status(&dev, &job("Push to stores")).await, (0, "Wait Start Time".into()));
    running.clock().advance(TimeDelta::minutes(30));
    assert_eq!(status(&dev, &job("Calculate prices")).await, (900, "Finished OK".into()));
    assert_eq!(status(&dev, &job("Push to stores")).await, (500, "Job Running".into()));
    assert_eq!(status(&dev, &job("Prices live")).await, (0, "Wait Job Dependency".into()));
    let inner = dev.get("/api/dailyschedules?name=Store%20Price%20Push").await.body[0].clone();
    assert_eq!(inner["status"]["description"], "In Process");
    running.clock().advance(TimeDelta::hours(1));
    assert_eq!(status(&dev, &job("Prices live")).await, (900, "Finished OK".into()));
    let end = dev.get("/api/dailyschedules?name=Price*").await.body[0]["endTime"].clone();
    assert_eq!(end, "2026-11-20T18:05:00.0000000+00:00", "each at its time, whenever the clock is looked at");
    assert_eq!(
        dev.get("/api/dailyschedules?categories=Finished%20Ok&includeCount=true").await.total,
        Some(2)
    );
    assert_eq!(dev.get("/api/dailyjobs/count_by_status").await.body["finishedOk"], 5);
}

#[tokio::test]
async fn builds_that_cannot_be_done_fail_with_a_reason() {
    let (_running, dev, _) = retail().await;
    let reason = |built: &Value| built["requests"][0]["message"].as_str().unwrap().to_owned();
    let unknown = build(&dev, "Nothing", json!({})).await;
    assert_eq!(
        (unknown["message"].as_str(), reason(&unknown)),
        (Some("Failed"), "The schedule 'Nothing' does not exist".into())
    );
    let sub = build(&dev, "Sales Upload", json!({})).await;
    assert!(reason(&sub).contains("only a container job builds it"));
    build(&dev, "Housekeeping", json!({"hold": "true"})).await;
    let again = build(&dev, "Housekeeping", json!({})).await;
    assert_eq!(reason(&again), "The schedule 'Housekeeping' is built for 2026-11-20 already");
    assert_eq!(build(&dev, "Housekeeping", json!({"overwrite": true})).await["message"], "Completed");
    build(&dev, "Online Orders", json!({"properties": [{"key": "BATCH", "value": "7"}]})).await;
    build(&dev, "Online Orders", json!({})).await;
    let orders = dev.get("/api/dailyschedules?name=Online*").await.body;
    assert_eq!((&orders[0]["instance"], &orders[1]["instance"]), (&json!(1), &json!(2)));
    assert_eq!(orders[0]["instanceProperties"][0]["value"], "7");
    for body in [
        json!({}),
        json!({"schedules": [{"name": "X"}]}),
        json!({"schedules": [{"name": "X"}], "dates": ["x"]}),
    ] {
        assert_eq!(dev.post("/api/schedulebuilds", &body).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn holidays_and_working_days_are_kept() {
    let (_running, dev, _) = retail().await;
    let jobs = async |date: &str| {
        let body = json!({"schedules": [{"name": "Invoice Run"}], "dates": [date]});
        dev.post("/api/schedulebuilds", &body).await;
        dev.get(&format!("/api/dailyjobs/count?scheduleName=Invoice*&dates={date}")).await.body
    };
    assert_eq!(jobs("2026-11-20").await, 3);
    assert_eq!(jobs("2026-11-22").await, 0, "a Sunday");
    assert_eq!(jobs("2026-12-25").await, 0, "a holiday");
}

#[cfg(unix)]
#[tokio::test]
async fn added_jobs_run_on_the_agent_and_are_followed_to_their_end() {
    let (running, api) = empty(Config { run_jobs: true, ..Config::default() }).await;
    let command = "\"printf\" \"%s %s|\" \"[[WHO]] a\" [[SI.PLACE]] [[$JOB NAME]] x";
    let jobs = json!([
        windows("GREET", "SANDBOX", command),
        windows("FAIL", "SANDBOX", "false"),
        windows("GONE", "SANDBOX", "no-such-program-anywhere"),
        windows("OPEN", "SANDBOX", "printf [[NOBODY KNOWS]]"),
        {
            "name": "UNIX/1", "type": "UNIX", "primaryMachine": "SANDBOX_UNIX", "disableBuild": true,
            "frequencyList": frequency("Daily"),
            "unixData": {"startImage": "printf", "parameters": "'%s' '$HOME'"},
        },
    ]);
    assert_eq!(
        api.post("/impex2/schedules", &insert_of(&definition("Batch", jobs))).await.status,
        StatusCode::OK
    );
    build(&api, "Batch", json!({"properties": [{"key": "PLACE", "value": "here"}]})).await;
    let schedule = api.get("/api/dailyschedules?name=Batch").await.body[0]["id"].as_str().unwrap().to_owned();

    let added = add(&api, "addJobs", &schedule, "GREET", json!([{"name": "WHO", "value": "you"}])).await;
    assert_eq!(added["result"], "success");
    let id = added["scheduleActionItems"][0]["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(id, format!("{schedule}|GREET"));
    let job = end_of(&api, &id).await;
    assert_eq!((&job["status"]["id"], &job["terminationDescription"]), (&json!(900), &json!("0")));
    let output = async |number: &Value| {
        let body = json!({"action": "FILE", "jobInstanceActionItems": [{"id": number, "jorsRequestParameters": "x.out"}]});
        api.post("/api/jobinstanceactions", &body).await.body["jobInstanceActionItems"][0]["data"].clone()
    };
    assert_eq!(output(&job["jobNumber"]).await, "you a here|GREET x|");

    let second = add(&api, "addJobs", &schedule, "GREET", json!([])).await;
    assert_eq!(second["scheduleActionItems"][0]["jobs"][0]["id"], format!("{schedule}|GREET_2"));
    for (name, status, exit) in [("FAIL", 910, "1"), ("GONE", 210, ""), ("OPEN", 210, "")] {
        let added = add(&api, "addJobs", &schedule, name, json!([])).await;
        let job = end_of(&api, added["scheduleActionItems"][0]["jobs"][0]["id"].as_str().unwrap()).await;
        assert_eq!(
            (&job["status"]["id"], &job["terminationDescription"]),
            (&json!(status), &json!(exit)),
            "{name}"
        );
    }
    let added = add(&api, "addJobs", &schedule, "UNIX/1", json!([])).await;
    let id = added["scheduleActionItems"][0]["jobs"][0]["id"].as_str().unwrap().to_owned();
    let uid = &added["scheduleActionItems"][0]["jobs"][0]["uid"];
    end_of(&api, &uid.to_string()).await;
    assert_eq!(status(&api, &id).await, (900, "Finished OK".into()));
    assert_eq!(output(uid).await, "$HOME", "no shell");
    let unknown = add(&api, "addJobs", &schedule, "NOPE", json!([])).await;
    assert_eq!(unknown["result"], "failed");
    let message = &unknown["scheduleActionItems"][0]["jobs"][0]["message"];
    assert_eq!(message, "The job 'NOPE' does not exist in the schedule 'Batch'");
    running.shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_job_on_hold_gets_another_time_and_is_released() {
    let (running, api) = empty(Config { run_jobs: true, ..Config::default() }).await;
    let jobs = json!([windows("LATER", "SANDBOX", "true")]);
    api.post("/impex2/schedules", &insert_of(&definition("Batch", jobs))).await;
    build(&api, "Batch", json!({})).await;
    let schedule = api.get("/api/dailyschedules?name=Batch").await.body[0]["id"].as_str().unwrap().to_owned();
    let added = add(&api, "addJobsOnHold", &schedule, "LATER", json!([])).await;
    let id = added["scheduleActionItems"][0]["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(status(&api, &id).await, (0, "On Hold".into()));
    let path = format!("/api/dailyjobs/{}", id.replace('|', "%7C"));
    assert_eq!(api.put(&path, &json!({"startOffset": "02:30"})).await.status, StatusCode::OK);
    let start = api.get(&path).await.body["computedStartTime"]["time"].clone();
    assert_eq!(start, "2026-11-20T02:30:00.0000000+00:00");
    let changed = api.put(&path, &json!({"startOffset": 0.0625})).await;
    assert_eq!(changed.body["computedStartTime"]["time"], "2026-11-20T01:30:00.0000000+00:00");
    assert_eq!(changed.body["startOffset"], 0.0625);
    let release = json!({"action": "release", "jobs": [{"id": id}]});
    assert_eq!(api.post("/api/jobactions", &release).await.body["result"], "success");
    assert_eq!(status(&api, &id).await, (0, "Wait Start Time".into()));
    assert_eq!(api.post("/api/jobactions", &release).await.body["result"], "failed");
    running.clock().advance(TimeDelta::minutes(90));
    let mut api = api;
    api.renew().await;
    assert_eq!(end_of(&api, &id).await["status"]["id"], 900);
    assert_eq!(api.put(&path, &json!({"startOffset": 0.5})).await.status, StatusCode::CONFLICT);
}

#[cfg(unix)]
#[tokio::test]
async fn running_jobs_can_be_killed_and_others_held_cancelled_marked_and_deleted() {
    let (running, api) = empty(Config { run_jobs: true, ..Config::default() }).await;
    let jobs = json!([windows("LONG", "SANDBOX", "sleep 600"), windows("OTHER", "SANDBOX", "true")]);
    api.post("/impex2/schedules", &insert_of(&definition("Batch", jobs))).await;
    build(&api, "Batch", json!({})).await;
    let schedule = api.get("/api/dailyschedules?name=Batch").await.body[0]["id"].as_str().unwrap().to_owned();
    add(&api, "addJobs", &schedule, "LONG", json!([])).await;
    add(&api, "addJobsOnHold", &schedule, "OTHER", json!([])).await;
    let (long, other) = (format!("{schedule}|LONG"), format!("{schedule}|OTHER"));
    assert_eq!(status(&api, &long).await, (500, "Job Running".into()));
    let act = async |action: &str, id: &str| {
        api.post("/api/jobActions", &json!({"action": action, "jobs": [{"id": id}]})).await.body["result"]
            .clone()
    };
    assert_eq!(act("kill", &long).await, "success");
    assert_eq!(status(&api, &long).await.0, 910);
    assert_eq!(act("markFinishedOk", &long).await, "success");
    assert_eq!(status(&api, &long).await.0, 920);
    assert_eq!(act("cancel", &other).await, "success");
    assert_eq!(status(&api, &other).await.0, 950);
    assert_eq!(act("explode", &other).await, "failed");
    assert_eq!(
        action(&api, json!({"action": "hold", "scheduleActionItems": [{"id": "1|2|3"}]})).await["result"],
        "failed"
    );

    let items = json!({"items": [{"entityType": 2, "id": other}, {"entityType": "1", "id": schedule}]});
    assert_eq!(api.post("/api/DeleteActions", &items).await.body["result"], "success");
    assert_eq!(api.get("/api/dailyschedules").await.body, json!([]));
    running.shutdown().await;
}

#[tokio::test]
async fn a_rebuild_keeps_holds_and_properties_and_leaves_what_is_active() {
    let (running, dev, _) = retail().await;
    let name = "Assortment Sync";
    build(&dev, name, json!({"hold": true, "properties": [{"key": "P", "value": "kept"}]})).await;
    let tomorrow = json!({"schedules": [{"name": name}], "dates": ["2026-11-21"]});
    dev.post("/api/schedulebuilds", &tomorrow).await;
    let mut definition = dev.get("/impex2/schedules/Assortment%20Sync").await.body;
    definition["scheduleList"][0]["jobList"].as_array_mut().unwrap().truncate(1);
    let insert = async |definition: &Value| {
        let body = json!({"opConExtract": definition, "importRules": {"rebuildDaily": true}});
        assert_eq!(dev.post("/impex2/schedules", &body).await.status, StatusCode::OK);
        let daily = dev.get("/api/dailyschedules?sortBy=date").await.body;
        let count = async |date: &str| dev.get(&format!("/api/dailyjobs/count?dates={date}")).await.body;
        (daily, count("2026-11-20").await, count("2026-11-21").await)
    };
    let (daily, today, later) = insert(&definition).await;
    assert_eq!(
        (&daily[0]["status"]["description"], &daily[0]["instanceProperties"][0]["value"]),
        (&json!("On Hold"), &json!("kept"))
    );
    assert_eq!((today, later), (json!(1), json!(1)));
    let id = daily[0]["id"].clone();
    action(&dev, json!({"action": "start", "scheduleActionItems": [{"id": id}]})).await;
    definition["scheduleList"][0]["jobList"] = json!([]);
    let (_, today, later) = insert(&definition).await;
    assert_eq!((today, later), (json!(1), json!(0)), "an active schedule is not rebuilt");
    dev.delete("/impex2/schedules/Assortment%20Sync").await;
    assert_eq!(dev.get("/api/dailyschedules").await.body, json!([]));
    running.shutdown().await;
}

#[tokio::test]
async fn a_daily_schedule_shows_which_deployment_brought_it() {
    let (_running, dev, _) = retail().await;
    let mut definition = dev.get("/impex2/schedules/Housekeeping").await.body;
    let line = json!({"opcon-deploy": {"version": 7, "description": "release 3", "user": "anna", "date": "2026-11-19"}});
    definition["scheduleList"][0]["documentation"] = json!(format!("{line}\nKeeps the hub tidy."));
    dev.post("/impex2/schedules", &insert_of(&definition)).await;
    build(&dev, "Housekeeping", json!({})).await;
    let schedule = dev.get("/api/dailyschedules?name=Housekeeping").await.body[0].clone();
    let expected = json!({"description": "release 3", "version": "7", "date": "2026-11-19", "user": "anna"});
    assert_eq!(schedule["details"]["deployInformation"], expected);
}

#[tokio::test]
async fn a_schedule_that_contains_itself_comes_to_an_end() {
    let (_running, api) = empty(Config::default()).await;
    let container = |name: &str, inner: &str| {
        json!({
            "name": name, "type": "Container", "frequencyList": frequency("Daily"),
            "containerData": {"subScheduleName": inner},
        })
    };
    let mut both = definition("Outer", json!([container("DOWN", "Inner")]));
    both["scheduleList"].as_array_mut().unwrap().push(json!({
        "name": "Inner", "subSchedule": true, "jobList": [container("UP", "Outer")],
    }));
    assert_eq!(api.post("/impex2/schedules", &insert_of(&both)).await.status, StatusCode::OK);
    build(&api, "Outer", json!({})).await;
    let jobs = api.get("/api/dailyjobs?sortBy=name").await.body;
    let states: Vec<_> = jobs.as_array().unwrap().iter().map(|job| job["status"]["id"].clone()).collect();
    assert_eq!(states, [910, 210]);
    assert_eq!(jobs[1]["detailMessages"][0], "The schedule 'Outer' would contain itself");
}
