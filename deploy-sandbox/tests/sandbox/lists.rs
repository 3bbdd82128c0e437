use reqwest::StatusCode;
use serde_json::json;

use crate::client::retail;

#[tokio::test]
async fn the_retailer_differs_between_development_and_production() {
    let (_running, dev, prod) = retail().await;
    let all = dev.names("/api/MasterSchedules?sortBy=name").await;
    assert_eq!(all.len(), 15);
    assert_eq!(all[0], "Assortment Sync");
    assert_eq!(prod.names("/api/masterschedules").await, ["Housekeeping", "Sales Upload", "Store Closing"]);
    assert!(dev.names("/api/machines").await.contains(&"WINDEV01".to_owned()));
    let on_both = ["HUB01", "SANDBOX", "SANDBOX_UNIX"];
    let machines = prod.names("/api/machines").await;
    assert!(
        on_both.iter().all(|name| machines.contains(&(*name).to_owned()))
            && !machines.contains(&"WINDEV01".into())
    );
    for (path, count) in [
        ("/api/machinegroups", 2),
        ("/api/batchusers", 5),
        ("/api/users", 5),
        ("/api/roles", 4),
        ("/api/departments", 4),
        ("/api/accesscodes", 2),
        ("/api/calendars", 2),
        ("/api/resources", 2),
        ("/api/thresholds", 2),
        ("/api/globalproperties", 10),
        ("/api/scripts", 2),
    ] {
        assert_eq!(dev.names(path).await.len(), count, "{path}");
    }
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let (_running, dev, _) = retail().await;
    assert_eq!(dev.names("/API/Machines/?NAME=win*&sortby=name:desc").await, ["WINDEV02", "WINDEV01"]);
    assert_eq!(
        dev.names("/api/machines?name=windev0?,hub01&sortBy=name").await,
        ["HUB01", "WINDEV01", "WINDEV02"]
    );
    assert_eq!(dev.names("/api/machines?groupName=WINDOWS*&sortBy=name").await, ["WINDEV01", "WINDEV02"]);
    assert_eq!(
        dev.names("/api/batchusers?platform=UNIX&sortBy=loginName").await,
        ["batch/hub", "batch/retail"]
    );
    let got = dev.get("/api/masterschedules?limit=4&offset=4&sortBy=name&includeCount=true").await;
    assert_eq!((got.total, got.body.as_array().unwrap().len()), (Some(15), 4));
    assert_eq!(got.body[0]["name"], "Dimension Refresh");
    let got = dev.get("/api/masterschedules?limit=0&offset=0&includeCount=True").await;
    assert_eq!((got.total, got.body), (Some(15), json!([])));
    assert_eq!(dev.get("/api/masterschedules").await.total, None);
    assert_eq!(dev.get("/api/masterschedules/count?subSchedule=true").await.body, 3);
    let id = dev.get("/api/machines?name=HUB01").await.body[0]["id"].clone();
    assert_eq!(dev.names(&format!("/api/machines?ids={id},0")).await, ["HUB01"]);
}

#[tokio::test]
async fn machines_show_what_their_agents_can_do() {
    let (_running, dev, prod) = retail().await;
    let plain = dev.get("/api/machines?name=WINDEV02").await.body[0].clone();
    assert_eq!(plain.get("supportedAgentCapability"), None);
    assert_eq!(plain["status"]["state"], "U");
    let features =
        |machine: serde_json::Value| machine[0]["supportedAgentCapability"].as_array().unwrap().len();
    assert_eq!(features(dev.get("/api/machines?name=WINDEV02&extendedProperties=true").await.body), 8);
    assert_eq!(features(prod.get("/api/machines?name=WINPRD02&extendedProperties=true").await.body), 3);
    let down = prod.get("/api/machines?name=APPPRD02").await.body[0]["id"].clone();
    assert_eq!(prod.get("/api/machines/count_by_status").await.body["down"], 1);
    let up = prod
        .post("/api/machineactions", &json!({"action": "up", "machines": [{"id": down.to_string()}]}))
        .await;
    assert_eq!(up.body["result"], "success");
    assert_eq!(prod.get(&format!("/api/machines/{down}")).await.body["status"]["state"], "U");
}

#[tokio::test]
async fn objects_can_be_made_changed_and_removed() {
    let (_running, dev, _) = retail().await;
    let made =
        dev.post("/api/globalproperties", &json!({"name": "NEW", "value": 5, "encrypted": "true"})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert!(made.body["value"].as_str().unwrap().starts_with("sealed:"));
    let path = format!("/api/globalproperties/{}", made.body["id"]);
    assert_eq!(dev.post("/api/globalproperties", &json!({"name": "new"})).await.status, StatusCode::CONFLICT);
    let changed = dev.put(&path, &json!({"value": "six", "encrypted": false})).await;
    assert_eq!((changed.status, &changed.body["value"]), (StatusCode::CREATED, &json!("six")));
    assert_eq!(dev.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(dev.get(&path).await.status, StatusCode::NOT_FOUND);

    let machine = json!({"name": "WINDEV03", "type": {"id": "3", "description": "Windows"}});
    assert_eq!(dev.post("/api/machines", &machine).await.status, StatusCode::CREATED);
    assert_eq!(dev.post("/api/machines", &machine).await.status, StatusCode::CONFLICT);
    let user = json!({"loginName": "batch/new", "password": "x", "platform": {"id": "6", "name": "UNIX"}});
    let made = dev.post("/api/batchusers", &user).await;
    assert_eq!((made.status, made.body.get("password")), (StatusCode::CREATED, None));
    assert_eq!(dev.names("/api/batchusers?platformId=6&loginName=*new").await, ["batch/new"]);
    assert_eq!(dev.post("/api/users", &json!({"loginName": "new"})).await.status, StatusCode::CREATED);
    let other = dev.get("/api/machines?name=WINDEV02").await.body[0]["id"].clone();
    let path = format!("/api/machines/{other}");
    assert_eq!(dev.put(&path, &json!({"name": "windev03"})).await.status, StatusCode::CONFLICT);
    let changed = dev.put(&path, &json!({"documentation": "old", "id": 1, "status": 5})).await;
    assert_eq!((&changed.body["id"], &changed.body["status"]["state"]), (&other, &json!("U")));
    let calendar = dev.get("/api/calendars?name=Stocktaking").await.body[0].clone();
    let path = format!("/api/calendars/{}", calendar["id"]);
    dev.put(&path, &json!({"dates": ["2027/01/05", "2027-01-05"]})).await;
    assert_eq!(dev.get(&path).await.body["dates"], json!(["2027-01-05"]));
    assert_eq!(
        dev.post("/api/departments", &json!({"name": "X"})).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn jobs_schedules_and_scripts_can_be_read() {
    let (_running, dev, _) = retail().await;
    let jobs = dev.names("/api/MasterJobs/v2?scheduleName=store*&jobType=Windows&sortBy=name").await;
    assert_eq!(jobs, ["Collect tills", "Send labels", "Update tills"]);
    let job = dev.get("/api/masterjobs?name=collect%20t*").await.body[0].clone();
    assert_eq!((&job["jobType"]["id"], &job["primaryMachine"]["name"]), (&json!(3), &json!("WINDEV01")));
    let id = job["id"].as_str().unwrap().replace(' ', "%20").replace('|', "%7C");
    assert_eq!(dev.get(&format!("/api/masterjobs/{id}")).await.body["name"], "Collect tills");
    let schedule = dev.get("/api/masterschedules?name=Online*").await.body[0].clone();
    assert_eq!(schedule["properties"][0], json!({"key": "BATCH", "value": "1"}));
    assert_eq!(dev.names("/api/frequencies?name=month*").await, ["Month end", "Month start"]);
    assert_eq!(dev.names("/api/namedinstances").await, ["NORTH", "SOUTH"]);
    assert_eq!(
        dev.get("/api/impex/schedules?name=Store*").await.body[0]["startOffset"],
        json!({"hours": 21, "minutes": 30})
    );

    let script = dev.get("/api/scripts?name=Send*").await.body[0].clone();
    let versions = script["versions"].as_array().unwrap();
    assert_eq!(
        versions.iter().map(|v| v["latest"].as_bool().unwrap()).collect::<Vec<_>>(),
        [false, false, true]
    );
    let latest = &versions[2]["id"];
    let whole = dev.get(&format!("/api/scripts/{}/versions/{latest}", script["id"])).await.body;
    assert_eq!(whole["created"], "2026-03-02T09:00:00.0000000+00:00");
    assert!(whole["content"].as_str().unwrap().contains("WhatIf"));
    assert_eq!(dev.get(&format!("/api/scriptversions/{latest}")).await.body, whole);
}
