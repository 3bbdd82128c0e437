use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::NaiveDate;
use serde_json::json;

use super::*;
use crate::opcon::{Build, Cause, DailyItem, JobAction, NewJob, OpConSystem, Progress, ScheduleAction, Wait};

const WAIT: Wait = Wait { every: Duration::from_millis(1), at_most: Duration::from_secs(20) };

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

#[tokio::test]
async fn a_build_is_followed_to_its_end() {
    for (last, built) in [("Completed", true), ("Failed", false)] {
        let asked = AtomicUsize::new(0);
        let server = TestServer::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
            ("POST", "/api/schedulebuilds") => Some(Reply::new(201, r#"{"id": 31, "message": null}"#)),
            ("GET", "/api/schedulebuilds/31") => {
                let message = if asked.fetch_add(1, Ordering::SeqCst) < 2 { "Submitted" } else { last };
                Some(Reply::json(&json!({"id": 31, "message": message, "requests": [
                    {"result": "success", "message": "Fine"}, {"result": "failed", "message": "no machine"},
                ]})))
            }
            _ => None,
        })
        .await;
        let build = Build {
            schedule: "PAY".to_owned(),
            dates: vec![day()],
            on_hold: true,
            properties: vec![("P".to_owned(), "1".to_owned())],
            ..Build::default()
        };
        match system(&server).build(&build, WAIT).await {
            Ok(()) => assert!(built),
            Err(error) => assert!(!built && message(&error).contains("it failed: no machine\n"), "{error:?}"),
        }
        assert_eq!(
            server.seen()[1].body,
            json!({
                "schedules": [{"id": null, "name": "PAY"}], "dates": ["2026-11-20"], "overwrite": false,
                "hold": true, "properties": [{"key": "P", "value": "1"}],
            })
        );
        assert_eq!(server.count("GET", "/api/schedulebuilds/31"), 3);
    }
}

fn new_job(on_hold: bool) -> NewJob {
    NewJob {
        instance: "46346|1|1".to_owned(),
        job: "DEPLOY_SCHEDULE".to_owned(),
        frequency: "DEP-FRQ-04:00".to_owned(),
        properties: vec![("SERVER".to_owned(), "PROD".to_owned())],
        on_hold,
        reason: "a deployment".to_owned(),
    }
}

#[tokio::test]
async fn a_job_is_added_and_its_id_given() {
    for (on_hold, action) in [(false, "addJobs"), (true, "addJobsOnHold")] {
        let server = TestServer::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
            ("POST", "/api/scheduleactions") => Some(Reply::json(&json!({"id": "9", "result": "submitted"}))),
            ("GET", "/api/scheduleactions/9") => Some(Reply::json(&json!({
                "id": "9", "result": "success",
                "scheduleActionItems": [{"jobs": [{"id": "46346|1|1|DEPLOY_SCHEDULE_2"}]}],
            }))),
            _ => None,
        })
        .await;
        let id = system(&server).add_job(&new_job(on_hold), WAIT).await.unwrap();
        assert_eq!(id, "46346|1|1|DEPLOY_SCHEDULE_2");
        assert_eq!(
            server.seen()[1].body,
            json!({
                "action": action, "reason": "a deployment",
                "scheduleActionItems": [{"id": "46346|1|1", "jobs": [{
                    "id": "DEPLOY_SCHEDULE", "frequency": "DEP-FRQ-04:00",
                    "instanceProperties": [{"name": "SERVER", "value": "PROD"}],
                }]}],
            })
        );
    }
}

#[tokio::test]
async fn a_failed_action_says_why_and_a_slow_one_ends() {
    let server = TestServer::start(|seen| match seen.method.as_str() {
        "POST" if seen.path == "/api/scheduleactions" => Some(Reply::json(&json!({
            "id": 1, "result": "failed", "message": "see jobs",
            "scheduleActionItems": [{"jobs": [{"message": "frequency does not exist"}]}],
        }))),
        _ => None,
    })
    .await;
    let error = system(&server).add_job(&new_job(false), WAIT).await.unwrap_err();
    assert_eq!(*error.cause, Cause::ActionFailed { message: "frequency does not exist".to_owned() });

    let slow = TestServer::start(|seen| {
        seen.path.contains("scheduleactions").then(|| Reply::json(&json!({"id": 1, "result": "submitted"})))
    })
    .await;
    let wait = Wait { at_most: Duration::ZERO, ..WAIT };
    let error = system(&slow).add_job(&new_job(false), wait).await.unwrap_err();
    assert!(matches!(*error.cause, Cause::Unfinished { .. }), "{error:?}");
}

#[tokio::test]
async fn instances_and_jobs_are_read() {
    let server = TestServer::start(|seen| match seen.path.as_str() {
        "/api/dailyschedules" => Some(Reply::json(&json!([{
            "id": "46346|1|1", "name": "PAY", "date": "2026/11/20", "status": {"id": 4, "description": "On Hold"},
            "details": {"deployInformation": {"version": 3, "user": "ann"}},
        }]))),
        "/api/dailyjobs" => Some(Reply::json(&json!([
            {"id": "46346|1|1|A", "name": "A", "jobName": "A", "status": {"id": "900"}, "jobStatus": {"id": 900}},
            {"id": "46346|1|1|B", "jobName": "B", "jobStatus": {"id": 910}, "terminationDescription": "+0001"},
        ]))),
        _ => None,
    })
    .await;
    let system = system(&server);
    let instances = system.daily_schedules("PAY", &[day()]).await.unwrap();
    assert_eq!(instances[0].date, Some(day()));
    let deployed = instances[0].deploy_information.as_ref().unwrap();
    assert_eq!((deployed.version.as_deref(), deployed.user.as_deref()), (Some("3"), Some("ann")));
    let jobs = system.daily_jobs(&instances[0].id).await.unwrap();
    let progress: Vec<_> = jobs.iter().map(|job| (job.name.as_str(), job.status.progress())).collect();
    assert_eq!(progress, [("A", Progress::Finished), ("B", Progress::Failed)]);
    let seen = server.seen();
    assert_eq!((seen[1].query("name"), seen[1].query("dates")), (Some("PAY"), Some("2026-11-20")));
    assert_eq!(seen[2].query("scheduleIds"), Some("46346%7C1%7C1"));
}

#[tokio::test]
async fn a_job_is_sent_back_whole_when_its_start_changes() {
    let job =
        json!({"id": "46346|1|1|A/B", "name": "A/B", "priority": 3, "startOffset": 0, "status": {"id": 0}});
    let answer = job.clone();
    let server = TestServer::start(move |seen| {
        (seen.path == "/api/dailyjobs/46346%7C1%7C1%7CA%252FB").then(|| Reply::json(&answer))
    })
    .await;
    let system = system(&server);
    system.set_start_offset("46346|1|1|A/B", 0.25).await.unwrap();
    let mut expected = job;
    expected["startOffset"] = json!(0.25);
    let seen = server.seen().pop().unwrap();
    assert_eq!((seen.method.as_str(), seen.body), ("PUT", expected));
    assert_eq!(system.daily_job("46346|1|1|A/B").await.unwrap().start_offset, Some(0.0));
}

#[tokio::test]
async fn actions_and_deletions_have_the_vendors_form() {
    let server = TestServer::start(|seen| {
        (seen.method == "POST" && seen.path != "/api/tokens")
            .then(|| Reply::json(&json!({"id": 1, "result": "success"})))
    })
    .await;
    let system = system(&server);
    system.act_on_schedule("46346|1|1", ScheduleAction::Release, "go", WAIT).await.unwrap();
    system.act_on_job("46346|1|1|A", JobAction::Cancel, "stop", WAIT).await.unwrap();
    let items = [DailyItem::Job("46346|1|1|A".to_owned()), DailyItem::Schedule("46346|1|1".to_owned())];
    system.delete_daily(&items).await.unwrap();
    let sent: Vec<_> = server.seen().into_iter().skip(1).map(|seen| (seen.path, seen.body)).collect();
    assert_eq!(
        sent,
        [
            (
                "/api/scheduleactions".to_owned(),
                json!({"action": "release", "reason": "go", "scheduleActionItems": [{"id": "46346|1|1"}]})
            ),
            (
                "/api/jobactions".to_owned(),
                json!({"action": "cancel", "reason": "stop", "jobs": [{"id": "46346|1|1|A"}]})
            ),
            (
                "/api/DeleteActions".to_owned(),
                json!({"items": [{"entityType": 0, "id": "46346|1|1|A"}, {"entityType": 1, "id": "46346|1|1"}]})
            ),
        ]
    );
}

#[tokio::test]
async fn a_deletion_that_fails_says_why_and_a_silent_one_is_done() {
    for (answer, fails) in [
        (
            json!({"id": 3, "result": "failed", "items": [{"message": "There is nothing under '1|2|3'"}]})
                .to_string(),
            true,
        ),
        (json!({"id": 3}).to_string(), false),
        (String::new(), false),
    ] {
        let server = TestServer::start(move |seen| {
            seen.path.contains("DeleteActions").then(|| Reply::new(200, answer.clone()))
        })
        .await;
        match system(&server).delete_daily(&[DailyItem::Schedule("1|2|3".to_owned())]).await {
            Ok(()) => assert!(!fails),
            Err(error) => assert!(fails && message(&error).contains("There is nothing under"), "{error:?}"),
        }
    }
}
