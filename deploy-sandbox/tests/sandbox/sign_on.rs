use chrono::TimeDelta;
use deploy_sandbox::{Certificate, Config, Sandbox, SystemConfig, SystemType};
use reqwest::{Certificate as Root, Client, Method, StatusCode};
use serde_json::json;

use crate::client::{Api, FRIDAY, client, dev_and_prod, empty, retail, time};

#[tokio::test]
async fn without_a_token_there_is_nothing() {
    let (_running, mut api) = empty(Config::default()).await;
    api.token.clear();
    for path in ["/api/machines", "/api/tokens", "/impex2/schedules/X", "/api/nonsense"] {
        let got = api.get(path).await;
        assert_eq!(got.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(got.body[0]["message"], "Invalid token specified");
    }
    assert_eq!(api.get("/api/version").await.body["opConRestApiProductVersion"], "21.2.0.0");
    assert_eq!(api.get("/impex2/version").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_ends_by_the_clock_and_by_signing_off() {
    let (running, mut api) = empty(Config::default()).await;
    assert_eq!(api.get("/api/tokens").await.body["user"]["loginName"], "ocadm");
    running.clock().advance(TimeDelta::minutes(59));
    assert_eq!(api.get("/API/Machines/").await.status, StatusCode::OK);
    running.clock().advance(TimeDelta::minutes(2));
    let got = api.get("/api/machines").await;
    assert_eq!(
        (got.status, &got.body[0]["message"]),
        (StatusCode::UNAUTHORIZED, &json!("Invalid token specified"))
    );
    api.renew().await;
    assert_eq!(api.get("/api/machines").await.status, StatusCode::OK);
    assert_eq!(api.delete("/api/tokens").await.status, StatusCode::OK);
    assert_eq!(api.get("/api/machines").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn wrong_sign_ons_say_why() {
    let (_running, mut api, _) = retail().await;
    api.token.clear();
    let user = |login: &str, password: &str| json!({"user": {"loginName": login, "password": password}, "tokenType": {"type": "User"}});
    let cases = [
        (user("ocadm", "wrong"), StatusCode::UNAUTHORIZED, "Invalid user name or password"),
        (user("nobody", "sandbox"), StatusCode::UNAUTHORIZED, "Invalid user name or password"),
        (user("left.longago", "sandbox"), StatusCode::UNAUTHORIZED, "The user 'left.longago' is disabled"),
        (json!({"tokenType": {"type": "User"}}), StatusCode::BAD_REQUEST, "The token has no user"),
        (
            json!({"user": {}, "tokenType": {"type": "Robot"}}),
            StatusCode::BAD_REQUEST,
            "The token type 'Robot' does not exist",
        ),
    ];
    for (body, status, message) in cases {
        let got = api.post("/api/tokens", &body).await;
        assert_eq!((got.status, got.body[0]["message"].as_str().unwrap()), (status, message));
    }
    let application = json!({
        "user": {"loginName": "ocadm", "password": "sandbox"},
        "tokenType": {"type": "Application", "id": "opcon-deploy"},
    });
    let got = api.post("/api/tokens", &application).await;
    assert_eq!(got.body["tokenType"], json!({"id": "opcon-deploy", "type": "Application"}));
}

#[tokio::test]
async fn a_licence_can_be_missing() {
    let mut config = dev_and_prod();
    config.systems[1].deploy_licence = false;
    let running = Sandbox::start(config).await.unwrap();
    let (dev, prod) = (Api::sign_on(&running.systems()[0]).await, Api::sign_on(&running.systems()[1]).await);
    let is_licensed = |features: &serde_json::Value| {
        features.as_array().unwrap().iter().any(|feature| feature["id"] == deploy_sandbox::DEPLOY_FEATURE)
    };
    assert!(is_licensed(&dev.get("/api/features").await.body));
    assert!(!is_licensed(&prod.get("/api/features").await.body));
    let got = prod.get("/impex2/schedules/Housekeeping").await;
    assert_eq!(got.body[0]["message"], "This system is not licensed for Deploy");
}

async fn over_tls(certificate: Certificate) -> (deploy_sandbox::Running, Client) {
    let config = Config { tls: Some(certificate), ..dev_and_prod() };
    let running = Sandbox::start(config).await.unwrap();
    client();
    let root = Root::from_pem(running.ca_pem().unwrap().as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    (running, client)
}

#[tokio::test]
async fn tls_with_its_own_authority() {
    let (running, trusting) = over_tls(Certificate::Valid).await;
    let api = Api::sign_on_with(trusting, &running.systems()[0]).await;
    assert!(api.system.rest_url().starts_with("https://127.0.0.1:"));
    assert_eq!(api.get("/impex2/schedules/Housekeeping").await.status, StatusCode::OK);
    let stranger = client().get(format!("{}/api/version", api.system.rest_url())).send().await;
    assert!(stranger.unwrap_err().is_connect());
}

#[tokio::test]
async fn certificates_can_be_bad() {
    for certificate in [Certificate::Expired, Certificate::WrongName] {
        let (running, trusting) = over_tls(certificate).await;
        let url = format!("{}/api/version", running.systems()[0].rest_url());
        assert!(trusting.get(url).send().await.unwrap_err().is_connect(), "{certificate:?}");
    }
}

#[tokio::test]
async fn nothing_makes_it_fall_over() {
    let (_running, api, _) = retail().await;
    let bodies = [
        json!({}),
        json!({"action": 7, "scheduleActionItems": 1, "jobs": "x", "items": [1], "machines": [null]}),
        json!({"action": "hold", "scheduleActionItems": [1], "jobs": [2], "items": [{"entityType": 9, "id": {}}]}),
        json!({"schedules": [{"name": "X"}], "dates": ["never"], "name": "", "opConExtract": {"scheduleList": 1}}),
        json!({"opConExtract": {"scheduleList": [{"name": "X", "jobList": [1]}], "propertyList": [3]}}),
        json!({"opConExtract": [], "importRules": "all", "jobInstanceActionItems": [1], "action": "file"}),
        json!({"name": "n", "machines": [1], "type": 4, "platform": 2, "dates": [1], "value": {}, "startOffset": -1}),
    ];
    let paths = [
        "/api/scheduleactions",
        "/api/jobactions",
        "/api/machineactions",
        "/api/DeleteActions",
        "/api/schedulebuilds",
        "/api/jobinstanceactions",
        "/api/machines",
        "/api/machines/1",
        "/api/machinegroups",
        "/api/batchusers",
        "/api/users/x",
        "/api/calendars",
        "/api/calendars/9",
        "/api/resources",
        "/api/thresholds/0",
        "/api/globalproperties",
        "/api/roles",
        "/api/dailyjobs/46346%7C1%7C1%7CX",
        "/api/dailyschedules/1",
        "/api/tokens",
        "/api/masterjobs",
        "/api/departments",
        "/impex2/schedules",
        "/impex2/schedules/X",
        "/api",
        "/",
    ];
    let mut paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    for list in ["machines", "machinegroups", "batchusers", "users", "roles", "calendars", "thresholds"] {
        let first = api.get(&format!("/api/{list}?limit=1")).await.body[0]["id"].clone();
        paths.push(format!("/api/{list}/{first}"));
    }
    for path in &paths {
        for body in &bodies {
            for method in [Method::POST, Method::PUT] {
                let got = api.send(method.clone(), path, Some(body)).await.unwrap();
                assert!(!got.status.is_server_error(), "{method} {path} {body}: {}", got.body);
            }
        }
        let raw = api.client.post(format!("{}{path}", api.system.rest_url())).body("{\"half\":");
        let raw = raw.header("Authorization", format!("Token {}", api.token)).send().await.unwrap();
        assert!(raw.status().is_client_error(), "{path}: {}", raw.status());
    }
    for query in ["limit=x", "offset=-1", "includeCount=perhaps", "sortBy=name:up"] {
        assert_eq!(
            api.get(&format!("/api/machines?{query}")).await.status,
            StatusCode::BAD_REQUEST,
            "{query}"
        );
    }
    assert_eq!(api.get("/api/dailyjobs?dates=soon").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_sandbox_needs_systems_of_different_names() {
    let system = |name: &str| SystemConfig::new(name, SystemType::Test);
    let start = |systems| Sandbox::start(Config { systems, ..Config::default() });
    assert_eq!(start(vec![]).await.unwrap_err().to_string(), "a sandbox needs at least one system");
    let twice = start(vec![system("QA"), system("qa")]).await.unwrap_err();
    assert_eq!(twice.to_string(), "the system `qa` is named twice");
    let running = start(vec![system("QA")]).await.unwrap();
    let mut taken = system("B");
    taken.rest = running.systems()[0].rest;
    let error = start(vec![taken.clone()]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("the system `B` cannot listen on {}", taken.rest));
    running.clock().set(time(FRIDAY));
    assert!(running.clock().now() >= time(FRIDAY));
    running.shutdown().await;
}
