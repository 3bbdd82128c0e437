use std::path::Path;

use deploy_sandbox::{Config, Sandbox, SystemConfig, SystemType};
use reqwest::StatusCode;
use serde_json::json;

use crate::client::{Api, FRIDAY, definition, insert_of, time};

async fn start(state: &Path, seed: &str) -> (deploy_sandbox::Running, Api) {
    let config = Config {
        systems: vec![SystemConfig::new("DEV/1", SystemType::Development)],
        seed: seed.parse().unwrap(),
        state: Some(state.to_owned()),
        now: Some(time(FRIDAY)),
        ..Config::default()
    };
    let running = Sandbox::start(config).await.unwrap();
    let api = Api::sign_on(&running.systems()[0]).await;
    (running, api)
}

#[tokio::test]
async fn what_was_done_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (running, api) = start(folder.path(), "retail").await;
    let one = insert_of(&definition("One", json!([{"name": "J", "type": "Null Job"}])));
    api.post("/impex2/schedules", &one).await;
    api.post("/impex2/schedules", &insert_of(&definition("Two", json!([])))).await;
    api.delete("/impex2/schedules/Two").await;
    api.post("/api/globalproperties", &json!({"name": "KEPT", "value": "yes"})).await;
    api.post(
        "/api/schedulebuilds",
        &json!({"schedules": [{"name": "Price Update"}], "dates": ["2026-11-20"]}),
    )
    .await;
    let extract = api.get("/impex2/schedules/One").await.body;
    let ids = api.get("/api/masterschedules?name=One").await.body;
    let daily = api.get("/api/dailyjobs?sortBy=id").await.body;
    assert!(running.is_state_kept());
    // Killed, not shut down.
    drop(running);

    let (running, api) = start(folder.path(), "empty").await;
    let back = api.get("/impex2/schedules/One").await.body;
    assert_eq!(back["scheduleList"], extract["scheduleList"]);
    assert_eq!(api.get("/api/masterschedules?name=One").await.body, ids);
    assert_eq!(api.get("/impex2/schedules/Two").await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.get("/api/globalproperties?name=KEPT").await.body[0]["value"], "yes");
    assert_eq!(api.get("/api/dailyjobs?sortBy=id").await.body, daily);
    running.shutdown().await;
    let masters = folder.path().join("DEV%2F1").join("masters");
    assert_eq!(std::fs::read_dir(masters).unwrap().count(), 16, "one file per master, none left behind");
}

#[tokio::test]
async fn generated_schedules_are_kept_as_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let (running, api) = start(folder.path(), "large:500").await;
    let changed = insert_of(&definition("Billing Batch 000000", json!([])));
    assert_eq!(api.post("/impex2/schedules", &changed).await.status, StatusCode::OK);
    running.shutdown().await;
    let (_running, api) = start(folder.path(), "empty").await;
    assert_eq!(api.get("/api/masterschedules/count").await.body, 500);
    assert_eq!(api.get("/api/masterjobs/count?scheduleName=Billing%20Batch%20000000").await.body, 0);
    assert_eq!(api.get("/api/masterjobs/count?scheduleName=Claims%20Batch%20000001").await.body, 40);
}

#[tokio::test]
async fn a_broken_state_is_said_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("A").join("state.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "{\"half\":").unwrap();
    let config = Config {
        systems: vec![SystemConfig::new("A", SystemType::Test)],
        state: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let error = Sandbox::start(config).await.unwrap_err();
    assert!(error.to_string().starts_with("the state in `"), "{error}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "{\"half\":");
}
