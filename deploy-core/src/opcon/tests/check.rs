use super::certificates::Authority;
use super::*;
use crate::opcon::{CheckOutcome, CheckStep, Trust, check};

fn summary(lines: &[crate::opcon::CheckLine]) -> Vec<(CheckStep, &'static str)> {
    let word = |outcome: &CheckOutcome| match outcome {
        CheckOutcome::Passed { .. } => "passed",
        CheckOutcome::Failed { .. } => "failed",
        CheckOutcome::Skipped { .. } => "skipped",
    };
    lines.iter().map(|line| (line.step, word(&line.outcome))).collect()
}

#[tokio::test]
async fn a_healthy_system_passes_every_step() {
    let authority = Authority::new("Internal CA");
    let server = TestServer::start_tls(authority.server("localhost", (2020, 2100)), |_| None).await;
    let endpoint = Endpoint { port: server.port(), tls: true };
    let connection = Connection {
        address: "localhost".to_owned(),
        rest: endpoint.clone(),
        impex: endpoint,
        trust: Trust { ca_pem: Some(authority.pem), pins: Vec::new() },
        ..connection(&server)
    };
    let system = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
    let lines = check(&system).await;
    assert!(summary(&lines).iter().all(|line| line.1 == "passed"), "{lines:?}");
    let json = serde_json::to_value(&lines).unwrap();
    let found = |step: &str| {
        let line = json.as_array().unwrap().iter().find(|line| line["step"] == step).unwrap();
        line["found"].as_str().unwrap().to_owned()
    };
    assert!(found("rest_tls").contains("issued by") && found("rest_tls").contains("valid until 2100-01-01"));
    assert_eq!(found("version"), "OpCon 21.2.0.0");
    assert_eq!(found("sign_on"), "as user `ann`");
    assert_eq!(found("counts"), "7 machines, 7 machine groups, 7 users, 7 schedules");
    assert!(found("round_trip").ends_with(" ms"));
}

#[tokio::test]
async fn each_trouble_stands_in_its_own_line() {
    let server = TestServer::start(|seen| match seen.path.as_str() {
        "/api/features" => Some(Reply::new(200, "[]")),
        "/impex2/version" => Some(Reply::error(500, "database down")),
        _ => None,
    })
    .await;
    let lines = check(&system(&server)).await;
    let failed: Vec<_> = summary(&lines).into_iter().filter(|line| line.1 == "failed").collect();
    assert_eq!(failed, [(CheckStep::Impex, "failed"), (CheckStep::Licence, "failed")]);
    let hints = lines.iter().filter_map(|line| match &line.outcome {
        CheckOutcome::Failed { hint, .. } => hint.clone(),
        _ => None,
    });
    assert!(hints.collect::<String>().contains("licence.feature"));
}

#[tokio::test]
async fn without_a_sign_on_the_services_are_still_looked_at() {
    for (version, impex) in [(None, "passed"), (Some(401), "skipped"), (Some(500), "failed")] {
        let server = TestServer::start(move |seen| match seen.path.as_str() {
            "/api/tokens" => Some(Reply::error(401, "wrong")),
            "/impex2/version" => version.map(|status| Reply::error(status, "no")),
            _ => None,
        })
        .await;
        let lines = check(&system(&server)).await;
        let words: Vec<_> = summary(&lines).into_iter().map(|line| line.1).collect();
        assert_eq!(words, ["passed", "passed", "failed", "passed", impex, "skipped", "skipped", "skipped"]);
    }
}

#[tokio::test]
async fn a_system_that_is_not_there_fails_by_name() {
    let server = TestServer::start_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
    let lines = check(&system(&server)).await;
    let words: Vec<_> = summary(&lines).into_iter().map(|line| line.1).collect();
    assert_eq!(words, ["passed", "failed", "skipped", "passed", "failed", "skipped", "skipped", "skipped"]);
}
