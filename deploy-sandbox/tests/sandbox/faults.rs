use std::time::{Duration, Instant};

use deploy_sandbox::{Config, Service};
use reqwest::{Method, StatusCode};

use crate::client::{definition, empty, insert_of, retail};

#[tokio::test]
async fn latency_and_slow_bodies_take_their_time() {
    let (running, api) = empty(Config { latency: Duration::from_millis(40), ..Config::default() }).await;
    running.set_fault("latency=60@/api/users#1".parse().unwrap());
    running.set_fault("slow-body=150@/api/roles".parse().unwrap());
    for (path, least) in [("/api/users", 100), ("/api/users", 40), ("/api/roles", 190)] {
        let start = Instant::now();
        assert_eq!(api.get(path).await.status, StatusCode::OK);
        assert!(start.elapsed() >= Duration::from_millis(least), "{path}");
    }
}

#[tokio::test]
async fn connections_are_reset_and_bodies_broken_off() {
    let (running, api, _) = retail().await;
    running.set_fault("DEV:reset@GET /api/users#2".parse().unwrap());
    assert_eq!(api.get("/api/users").await.status, StatusCode::OK);
    let error = api.send(Method::GET, "/api/users", None).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(api.get("/api/users").await.status, StatusCode::OK);
    running.set_fault("truncate=1000@/impex2/schedules/*".parse().unwrap());
    let error = api.send(Method::GET, "/impex2/schedules/Housekeeping", None).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    running.clear_faults();
    assert_eq!(api.get("/impex2/schedules/Housekeeping").await.status, StatusCode::OK);
}

#[tokio::test]
async fn errors_and_expired_tokens_come_when_they_are_asked_for() {
    let (running, mut api) = empty(Config::default()).await;
    running.set_fault("error=503@/api/users#1-2".parse().unwrap());
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(api.get("/api/users").await.status.as_u16());
    }
    assert_eq!(statuses, [503, 503, 200]);
    running.set_fault("expired-token@/api/machines#1".parse().unwrap());
    let got = api.get("/api/machines").await;
    assert_eq!(
        (got.status.as_u16(), got.body[0]["message"].as_str()),
        (401, Some("Invalid token specified"))
    );
    api.renew().await;
    assert_eq!(api.get("/api/machines").await.status, StatusCode::OK);
}

#[tokio::test]
async fn inserts_are_refused_or_done_without_an_answer() {
    let (running, api) = empty(Config::default()).await;
    let body = insert_of(&definition("One", serde_json::json!([])));
    running.set_fault("refuse-insert=The database is full#1".parse().unwrap());
    running.set_fault("lost-answer@POST /impex2/schedules#2".parse().unwrap());
    let got = api.post("/impex2/schedules", &body).await;
    assert_eq!(
        (got.status, got.body[0]["message"].as_str()),
        (StatusCode::CONFLICT, Some("The database is full"))
    );
    assert_eq!(api.get("/impex2/schedules/One").await.status, StatusCode::NOT_FOUND);
    assert!(api.send(Method::POST, "/impex2/schedules", Some(&body)).await.is_err());
    assert_eq!(api.get("/impex2/schedules/One").await.status, StatusCode::OK, "it was done all the same");

    let seen = running.requests();
    let inserts: Vec<_> =
        seen.iter().filter(|request| request.method == "POST" && request.service == Service::Impex).collect();
    assert_eq!(inserts.iter().map(|request| request.status).collect::<Vec<_>>(), [Some(409), None]);
    assert!(inserts.iter().all(|request| request.with_token && request.system == "DEV"));
    let sign_on = &seen[0];
    assert_eq!(
        (sign_on.path.as_str(), sign_on.with_token, sign_on.status),
        ("/api/tokens", false, Some(200))
    );
}

#[tokio::test]
async fn what_was_asked_is_told_to_whoever_wants_to_know() {
    let (running, api) = empty(Config { latency: Duration::from_millis(1), ..Config::default() }).await;
    let asked = async |from: usize| -> serde_json::Value {
        let url = format!("{}/sandbox/requests?from={from}", api.system.rest_url());
        api.client.get(url).send().await.unwrap().json().await.unwrap()
    };
    let before = asked(0).await["next"].as_u64().unwrap() as usize;
    assert_eq!(before, running.requests().len());
    assert_eq!(api.get("/api/users?limit=1").await.status, StatusCode::OK);
    let told = asked(before).await;
    assert_eq!(told["next"], before + 1);
    let path = |at: usize| told["requests"][at]["path"].as_str().map(str::to_owned);
    assert_eq!((path(0).as_deref(), path(1)), (Some("/api/users"), None));
    assert_eq!(told["requests"][0]["query"], "limit=1");
    assert_eq!(running.requests().len(), before + 1, "the question is not counted");
}
