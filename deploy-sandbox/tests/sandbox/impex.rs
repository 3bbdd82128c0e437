use deploy_core::definition::{Definition, Purpose, equal, export_date};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Api, FRIDAY, dev_and_prod, insert_of, retail, time};

async fn extract(api: &Api, name: &str) -> Value {
    let got = api.get(&format!("/impex2/schedules/{}", name.replace(' ', "%20"))).await;
    assert_eq!(got.status, StatusCode::OK, "{name}: {}", got.body);
    got.body
}

async fn insert(api: &Api, definition: &Value, rules: Value) -> crate::client::Got {
    api.post("/impex2/schedules", &json!({"opConExtract": definition, "importRules": rules})).await
}

/// The names of what an insert was refused for.
fn missing(got: &crate::client::Got) -> Vec<String> {
    let errors = got.body.as_array().unwrap().iter();
    errors
        .map(|error| format!("{} {}", error["resource"].as_str().unwrap(), error["name"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn an_extract_is_a_definition_as_of_now() {
    let (running, dev, _) = retail().await;
    let got = extract(&dev, "Inventory Count").await;
    assert_eq!(export_date(&got), Some("2026-11-20"));
    let dates = |definition: &Value| {
        let calendars = definition["calendarList"].as_array().unwrap();
        let stocktaking = calendars.iter().find(|calendar| calendar["name"] == "Stocktaking").unwrap();
        stocktaking["dateList"].as_array().unwrap()[0].as_str().unwrap().to_owned()
    };
    assert_eq!(dates(&got), "2026-12-30", "past dates are not exported");
    running.clock().stop_at(time("2027-02-01T08:30:15Z"));
    let mut dev = dev;
    dev.renew().await;
    let later = extract(&dev, "INVENTORY COUNT").await;
    assert_eq!(later["descriptionList"][0], "Export Date : 2027-02-01 08:30:15");
    assert_eq!(dates(&later), "2027-06-30");
}

#[tokio::test]
async fn every_schedule_can_be_extracted_and_put_back_unchanged() {
    let (_running, dev, prod) = retail().await;
    for api in [dev, prod] {
        for name in api.names("/api/masterschedules").await {
            let before = extract(&api, &name).await;
            let answer = json!({"result": "success", "schedules": [name]});
            assert_eq!(insert(&api, &before, json!({})).await.body, answer);
            assert_eq!(extract(&api, &name).await, before, "{name}");
        }
    }
}

#[tokio::test]
async fn ids_differ_between_systems_and_nothing_else_does() {
    let (_running, dev, prod) = retail().await;
    for name in ["Assortment Sync", "Housekeeping"] {
        let on_dev = extract(&dev, name).await;
        assert_eq!(insert(&prod, &on_dev, json!({})).await.status, StatusCode::OK);
        let on_prod = extract(&prod, name).await;
        let id = |definition: &Value| {
            definition["scheduleList"][0]["jobList"][0]["id"].as_str().unwrap().to_owned()
        };
        assert_ne!(id(&on_dev), id(&on_prod));
        let same = |a: Value, b: Value| {
            let (a, b) = (Definition::from_value(a).unwrap(), Definition::from_value(b).unwrap());
            equal(a.value(), b.value(), Purpose::Import)
        };
        assert!(same(on_dev, on_prod.clone()));
        insert(&prod, &on_prod, json!({})).await;
        assert_eq!(extract(&prod, name).await, on_prod, "ids stay");
    }
}

#[tokio::test]
async fn an_insert_is_refused_for_everything_that_is_missing_at_once() {
    let (_running, dev, prod) = retail().await;
    let before = prod.names("/api/masterschedules").await;
    let closing = extract(&dev, "Store Closing").await;
    let got = insert(&prod, &closing, json!({})).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        missing(&got),
        ["batch user DEV\\svc_retail", "machine APPDEV01", "machine WINDEV01", "machine WINDEV02"]
    );

    let mut both = extract(&dev, "Assortment Sync").await;
    both["scheduleList"].as_array_mut().unwrap().push(json!({
        "name": "Half", "roleList": [], "jobList": [
            {"name": "A", "type": "Container", "containerData": {"subScheduleName": "Nowhere"}},
            {"name": "B", "type": "Windows", "primaryMachine": "SANDBOX", "machineGroup": "Nobody", "windowsData": {"scriptName": "None"}},
            {"name": "C", "type": "Windows", "primaryMachine": "[[MACHINE]]", "windowsData": {"userId": "[[USER]]"}},
            {"name": "D", "type": "Container", "containerData": {"subScheduleName": "assortment sync"}},
        ],
    }));
    both["roleList"].as_array_mut().unwrap().push(json!({"name": "Chefs"}));
    let got = insert(&prod, &both, json!({})).await;
    assert_eq!(missing(&got), ["machine group Nobody", "role Chefs", "script None", "sub-schedule Nowhere"]);
    assert_eq!(prod.names("/api/masterschedules").await, before, "nothing changed");
}

#[tokio::test]
async fn limits_are_kept() {
    let (_running, dev, _) = retail().await;
    let cases = [
        (json!({"scheduleList": [{"name": "x".repeat(41)}]}), "The name of the schedule"),
        (json!({"scheduleList": [{"name": "a|b"}]}), "The name 'a|b' of a schedule holds the character '|'"),
        (
            json!({"scheduleList": [{"name": "a", "documentation": "x".repeat(4001)}]}),
            "The documentation of the schedule 'a' has 4001",
        ),
        (
            json!({"scheduleList": [{"name": "a", "jobList": [{"name": "x".repeat(65)}]}]}),
            "The name of the job",
        ),
        (json!({"scheduleList": [{"name": "a", "jobList": [{}]}]}), "A job has no name"),
        (
            json!({"scheduleList": [{"name": "a"}], "propertyList": [{"name": "p", "value": "x".repeat(4001)}]}),
            "The value of the property 'p'",
        ),
        (json!({"scheduleList": [{"name": "a"}, {"name": "A"}]}), "Two schedules have the name 'a'"),
        (json!({"scheduleList": []}), "The opConExtract is not a definition"),
        (json!(7), "The opConExtract is not a definition"),
    ];
    for (definition, message) in cases {
        let got = insert(&dev, &definition, json!({})).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST);
        assert!(got.body[0]["message"].as_str().unwrap().starts_with(message), "{}", got.body);
    }
    let fits = json!({"scheduleList": [{"name": "é".repeat(40), "jobList": [{"name": "j".repeat(64), "type": "Null Job"}]}]});
    assert_eq!(insert(&dev, &fits, json!({})).await.status, StatusCode::OK);
}

#[tokio::test]
async fn import_rules_decide_what_else_changes() {
    let (_running, dev, _) = retail().await;
    let mut changed = extract(&dev, "Price Update").await;
    changed["propertyList"] =
        json!([{"name": "CURRENCY", "value": "CHF", "encrypted": false}, {"name": "FRESH", "value": "1"}]);
    for variable in changed["variableList"].as_array_mut().unwrap() {
        variable["value"] = json!("9");
    }
    let value = async |path: &str| dev.get(path).await.body[0]["value"].clone();
    insert(&dev, &changed, json!({"updateProperties": "false", "updateVariables": false})).await;
    assert_eq!(value("/api/globalproperties?name=CURRENCY").await, "EUR");
    assert_eq!(value("/api/globalproperties?name=FRESH").await, "1");
    assert_eq!(value("/api/thresholds?name=PRICE%20RUN").await, 0);
    insert(&dev, &changed, json!({})).await;
    assert_eq!(value("/api/globalproperties?name=CURRENCY").await, "CHF");
    assert_eq!(value("/api/thresholds?name=PRICE%20RUN").await, 9);

    let got = insert(&dev, &changed, json!({"doNotOverwrite": true})).await;
    assert_eq!((got.status, missing(&got)), (StatusCode::CONFLICT, vec!["schedule Price Update".to_owned()]));

    let properties = async |rules: Value| {
        let mut orders = extract(&dev, "Online Orders").await;
        orders["scheduleList"][0]["instancePropertiesList"] = json!(["BATCH=2;NEW=x"]);
        insert(&dev, &orders, rules).await;
        extract(&dev, "Online Orders").await["scheduleList"][0]["instancePropertiesList"][0].clone()
    };
    let keep = json!({"updateScheduleInstanceProperties": false});
    assert_eq!(properties(keep).await, "BATCH=1;CHANNEL=WEB");
    let merge = json!({"updateScheduleInstanceProperties": false, "mergeScheduleInstanceProperties": true});
    assert_eq!(properties(merge).await, "BATCH=1;CHANNEL=WEB;NEW=x");
    assert_eq!(properties(json!({})).await, "BATCH=2;NEW=x");

    insert(&dev, &changed, json!({"autoBuild": {"days": "2", "advance": 5}, "autoDeleteDays": 0})).await;
    let schedule = extract(&dev, "Price Update").await["scheduleList"][0].clone();
    let days = ["autoBuildDays", "autoBuildDaysInAdvance", "autoDeleteDays"].map(|key| schedule[key].clone());
    assert_eq!(days, [json!("2"), json!("5"), json!("0")]);
}

#[tokio::test]
async fn scripts_keep_one_content_per_number() {
    let (_running, dev, prod) = retail().await;
    let on_dev = extract(&dev, "Store Price Push").await;
    let mut changed = on_dev.clone();
    changed["scheduleList"][0]["jobList"].as_array_mut().unwrap().retain(|job| job["name"] == "Send labels");
    changed["scheduleList"][0]["jobList"][0]["primaryMachine"] = json!("SANDBOX");
    changed["scheduleList"][0]["jobList"][0]["windowsData"]["userId"] = json!("CORP\\svc_retail");
    let excluded = insert(&prod, &changed, json!({"excludeScripts": true})).await;
    assert_eq!(missing(&excluded), ["script Send-Labels"]);
    assert_eq!(insert(&prod, &changed, json!({})).await.status, StatusCode::OK);
    changed["scriptList"][0]["versionList"] = json!([
        {"version": "2", "content": "other"}, {"version": "4", "content": "new"},
    ]);
    let got = insert(&prod, &changed, json!({})).await;
    assert_eq!(
        got.body[0]["message"],
        "Version 2 of the script 'Send-Labels' has another content on this system"
    );
    changed["scriptList"][0]["versionList"].as_array_mut().unwrap().remove(0);
    let numbers = async || {
        let versions = prod.get("/api/scripts?name=Send*").await.body[0]["versions"].clone();
        versions
            .as_array()
            .unwrap()
            .iter()
            .map(|version| version["version"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(insert(&prod, &changed, json!({})).await.status, StatusCode::OK);
    assert_eq!(numbers().await, [1, 2, 3, 4]);
    insert(&prod, &changed, json!({"resetScripts": true})).await;
    assert_eq!(numbers().await, [4]);
}

#[tokio::test]
async fn scripts_go_in_without_a_schedule() {
    let (_running, dev, _) = retail().await;
    let script = |kind: &str, versions: Value| json!({"scriptList": [{"data": {"name": "Send-Labels"}, "type": {"name": kind}, "versionList": versions}]});
    let new = json!([{"version": "7", "message": "R7", "content": "seven"}]);
    let got = insert(&dev, &script("PowerShell", new.clone()), json!({})).await;
    assert_eq!(got.body, json!({"result": "success", "schedules": []}));
    let mut with_schedules = script("PowerShell", new.clone());
    with_schedules["scheduleList"] = json!([]);
    assert_eq!(insert(&dev, &with_schedules, json!({})).await.status, StatusCode::OK, "the same once more");
    let standing = async || dev.get("/api/scripts?name=Send*").await.body[0].clone();
    let versions = standing().await["versions"].as_array().unwrap().clone();
    assert_eq!((versions.len(), &versions[3]["message"]), (4, &json!("R7")));
    let runners = dev.get("/api/scriptrunners").await.body.as_array().unwrap().len();
    let refused = [
        (script("PowerShell", json!([{"version": 7, "content": "other"}])), "Version 7 of the script"),
        (script("Bash", new.clone()), "is of the type 'PowerShell' on this system"),
        (script("PowerShell", json!([{"version": 0, "content": "x"}])), "has no number or no content"),
        (script("PowerShell", json!([{"version": 8}])), "has no number or no content"),
        (json!({"scriptList": [], "scheduleList": []}), "no schedule"),
    ];
    for (body, told) in refused {
        let got = insert(&dev, &body, json!({})).await;
        assert!(got.status.is_client_error() && got.body.to_string().contains(told), "{}", got.body);
    }
    let mut with_property = script("PowerShell", new.clone());
    with_property["propertyList"] = json!([{"name": "P", "value": "1"}]);
    assert_eq!(insert(&dev, &with_property, json!({})).await.status, StatusCode::BAD_REQUEST);
    let other = script("PowerShell", json!([{"version": 7, "content": "other"}]));
    assert_eq!(insert(&dev, &other, json!({"resetScripts": true})).await.status, StatusCode::OK);
    assert_eq!(standing().await["versions"].as_array().unwrap().len(), 1);
    assert_eq!(dev.get("/api/scriptrunners").await.body.as_array().unwrap().len(), runners, "runners stay");
}

#[tokio::test]
async fn what_nobody_understands_is_carried() {
    let (_running, dev, _) = retail().await;
    let mut definition = extract(&dev, "Housekeeping").await;
    definition["futureList"] = json!([{"id": 5, "x": 1.50}]);
    definition["scheduleList"][0]["jobList"][0]["unixData"]["newKey"] = json!({"deep": [null, "3", 3]});
    insert(&dev, &definition, json!({})).await;
    let back = extract(&dev, "Housekeeping").await;
    assert_eq!(back["futureList"][0]["x"], json!(1.50));
    assert_eq!(back["scheduleList"][0]["jobList"][0]["unixData"]["newKey"], json!({"deep": [null, "3", 3]}));
}

#[tokio::test]
async fn dependencies_show_on_both_sides() {
    let (_running, dev, _) = retail().await;
    let got = extract(&dev, "Store Closing").await;
    let on = got["externalDependencyOnList"].as_array().unwrap();
    let names: Vec<&str> = on.iter().map(|item| item["scheduleName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Card Settlement", "Customer Loyalty", "Data Warehouse Load"]);
    assert_eq!(dev.delete("/impex2/schedules/card%20settlement").await.status, StatusCode::OK);
    assert_eq!(dev.delete("/impex2/schedules/card%20settlement").await.status, StatusCode::NOT_FOUND);
    let on = extract(&dev, "Store Closing").await["externalDependencyOnList"].clone();
    assert_eq!(on.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn one_insert_brings_several_schedules() {
    let (_running, dev, prod) = retail().await;
    let parts = ["Assortment Sync", "Housekeeping"];
    let mut whole = extract(&dev, parts[0]).await;
    let other = extract(&dev, parts[1]).await;
    whole["scheduleList"].as_array_mut().unwrap().push(other["scheduleList"][0].clone());
    let got = prod.post("/impex2/schedules", &insert_of(&whole)).await;
    assert_eq!(got.body["schedules"], json!(parts));
    assert_eq!(extract(&prod, parts[1]).await["scheduleList"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_large_estate_is_made_as_it_is_asked_for() {
    let config = deploy_sandbox::Config {
        seed: "large:3000".parse().unwrap(),
        now: Some(time(FRIDAY)),
        ..dev_and_prod()
    };
    let running = deploy_sandbox::Sandbox::start(config).await.unwrap();
    let (dev, prod) = (Api::sign_on(&running.systems()[0]).await, Api::sign_on(&running.systems()[1]).await);
    let got = dev.get("/api/masterschedules?includeCount=true&limit=2&offset=2998&sortBy=name").await;
    assert_eq!((got.total, got.body.as_array().unwrap().len()), (Some(3000), 2));
    let one = extract(&dev, "Billing Batch 000000").await;
    let size = one.to_string().len();
    assert!((65_000..90_000).contains(&size), "{size}");
    assert_eq!(insert(&prod, &one, json!({})).await.status, StatusCode::OK);
    let masters = prod.get("/api/masterjobs/count?scheduleName=Billing*").await;
    assert_eq!(masters.body, one["scheduleList"][0]["jobList"].as_array().unwrap().len());
}
