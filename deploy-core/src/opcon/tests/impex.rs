use serde_json::{Value, json};

use super::*;
use crate::definition::Definition;
use crate::opcon::{AutoBuild, Cause, ConnectorProfile, ImportRules, OpConSystem, ScriptText, ScriptTexts};

fn definition(name: &str) -> Value {
    json!({"scheduleList": [{"name": name, "jobList": []}], "amount": 1})
}

#[tokio::test]
async fn a_definition_is_extracted_by_its_encoded_name() {
    let server = TestServer::start(|seen| {
        (seen.path == "/impex2/schedules/Pay%20Roll%2F%C3%84").then(|| Reply::json(&definition("Pay Roll/Ä")))
    })
    .await;
    let extract = system(&server).extract("Pay Roll/Ä").await.unwrap();
    assert_eq!(extract.into_definition().unwrap().names(), ["Pay Roll/Ä"]);
}

#[tokio::test]
async fn a_large_definition_arrives_whole_and_only_so_large_a_one() {
    let text = "x".repeat(3 << 20);
    let body = json!({"scheduleList": [{"name": "BIG", "documentation": text}]}).to_string();
    let length = body.len();
    let server =
        TestServer::start(move |seen| seen.path.ends_with("/BIG").then(|| Reply::new(200, body.clone())))
            .await;
    assert_eq!(system(&server).extract("BIG").await.unwrap().bytes().len(), length);
    for (limit, fits) in [(length, true), (length - 1, false)] {
        let mut connection = connection(&server);
        connection.max_answer = limit;
        let system = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
        match system.extract("BIG").await {
            Ok(_) => assert!(fits),
            Err(error) => assert!(!fits && *error.cause == Cause::TooLong { limit }),
        }
    }
}

#[tokio::test]
async fn a_compressed_answer_is_measured_unpacked() {
    let body = json!({"scheduleList": [{"name": "ZIP", "documentation": "x".repeat(100_000)}]}).to_string();
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut packed = vec![0; compressor.gzip_compress_bound(body.len())];
    let length = compressor.gzip_compress(body.as_bytes(), &mut packed).unwrap();
    packed.truncate(length);
    let server = TestServer::start(move |seen| {
        let reply = || Reply::new(200, packed.clone()).with("Content-Encoding", "gzip");
        seen.path.ends_with("/ZIP").then(reply)
    })
    .await;
    assert_eq!(system(&server).extract("ZIP").await.unwrap().bytes(), body.as_bytes());
    let mut connection = connection(&server);
    connection.max_answer = 50_000;
    let system = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
    assert_eq!(*system.extract("ZIP").await.unwrap_err().cause, Cause::TooLong { limit: 50_000 });
}

#[tokio::test]
async fn what_is_no_definition_names_the_place_and_the_first_words() {
    let cases = [
        ("{\"scheduleList\":[{\"name\":\"PAY\"", "is not a definition (line 1"),
        ("<html>Sign in</html>", "it starts: <html>Sign in</html>"),
        ("{\"scheduleList\":[{\"name\":\"OTHER\"}]}", "holds `OTHER`"),
        ("{}", "no schedule in it"),
        ("", "(nothing)"),
    ];
    for (body, told) in cases {
        let server =
            TestServer::start(move |seen| seen.path.ends_with("/PAY").then(|| Reply::new(200, body))).await;
        let extract = system(&server).extract("PAY").await.unwrap();
        let error = extract.into_definition().unwrap_err();
        let text = message(&error);
        assert!(text.starts_with("cannot extract `PAY` from `DEV` (http://127.0.0.1:"), "{text}");
        assert!(text.contains("status 200") && text.contains(told), "{text}");
    }
}

#[tokio::test]
async fn a_vanished_schedule_is_not_found() {
    for reply in [(404, "[{\"message\":\"Schedule PAY not found\"}]"), (404, "")] {
        let server =
            TestServer::start(move |seen| seen.path.ends_with("/PAY").then(|| Reply::new(reply.0, reply.1)))
                .await;
        let error = system(&server).extract("PAY").await.unwrap_err();
        assert!(matches!(*error.cause, Cause::NotFound { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn names_that_urls_take_for_directions_are_refused() {
    let server = TestServer::start(|_| None).await;
    for name in [".", "..", ""] {
        let error = system(&server).delete(name).await.unwrap_err();
        assert!(matches!(*error.cause, Cause::Settings { .. }), "{error:?}");
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn an_insert_is_one_request_with_definition_and_rules() {
    let server = TestServer::start(|seen| {
        seen.is("POST", "/impex2/schedules")
            .then(|| Reply::json(&json!({"result": "success", "schedules": ["PAY", {"name": "SUB"}]})))
    })
    .await;
    let rules = ImportRules {
        auto_build: Some(AutoBuild { days: 7, advance: 1 }),
        do_not_overwrite: true,
        ..ImportRules::default()
    };
    let sent = Definition::from_value(definition("PAY")).unwrap();
    let inserted = system(&server).insert(&sent, &rules).await.unwrap();
    assert_eq!(inserted.schedules, ["PAY", "SUB"]);
    assert_eq!(
        server.seen().pop().unwrap().body,
        json!({
            "opConExtract": definition("PAY"),
            "importRules": {
                "updateProperties": true, "updateVariables": true, "updateScheduleInstanceProperties": true,
                "mergeScheduleInstanceProperties": false, "excludeScripts": false, "excludeCalendars": false,
                "autoBuild": {"days": 7, "advance": 1}, "doNotOverwrite": true, "rebuildDaily": false,
                "insertSapJobs": false, "resetScripts": false,
            },
        })
    );
}

#[tokio::test]
async fn scripts_are_inserted_without_a_schedule() {
    let server = TestServer::start(|seen| {
        seen.is("POST", "/impex2/schedules")
            .then(|| Reply::json(&json!({"result": "success", "schedules": []})))
    })
    .await;
    let text = ScriptText {
        number: 7,
        message: Some("R7".to_owned()),
        author: None,
        content: "Write-Host 7\n".to_owned(),
    };
    let script = ScriptTexts {
        name: "Send".to_owned(),
        description: String::new(),
        kind: "PowerShell".to_owned(),
        extension: "ps1".to_owned(),
        versions: vec![text],
    };
    system(&server).insert_scripts(&[script], true).await.unwrap();
    system(&server).insert_scripts(&[], true).await.unwrap();
    let bodies: Vec<Value> = server
        .seen()
        .into_iter()
        .filter(|seen| seen.is("POST", "/impex2/schedules"))
        .map(|seen| seen.body)
        .collect();
    assert_eq!(bodies.len(), 1, "nothing to write is no request");
    assert_eq!(bodies[0]["importRules"]["resetScripts"], true);
    assert_eq!(
        bodies[0]["opConExtract"],
        json!({"scheduleList": [], "scriptList": [{
            "data": {"name": "Send", "description": "", "typeName": "PowerShell"},
            "type": {"name": "PowerShell", "fileExtension": ".ps1"},
            "runnerList": [],
            "versionList": [{"version": "7", "author": "", "message": "R7", "content": "Write-Host 7\n"}],
        }]})
    );
}

#[tokio::test]
async fn a_refused_insert_lists_everything_that_is_missing() {
    let refusal = json!([
        {"resource": "machine", "name": "SRV9", "code": 2, "message": "Machine does not exist"},
        {"resource": "role", "name": "OPS", "code": 2, "message": "Role OPS does not exist"},
    ]);
    let server = TestServer::start(move |seen| {
        seen.is("POST", "/impex2/schedules").then(|| Reply::new(409, refusal.to_string()))
    })
    .await;
    let sent = Definition::from_value(definition("PAY")).unwrap();
    let error = system(&server).insert(&sent, &ImportRules::default()).await.unwrap_err();
    let Cause::Rejected { status: 409, items } = &*error.cause else { panic!("{error:?}") };
    assert_eq!(items.len(), 2);
    assert!(message(&error).contains("machine `SRV9`: Machine does not exist; Role OPS does not exist"));
    assert!(!error.maybe_done());
}

#[tokio::test]
async fn an_insert_that_does_not_say_success_failed() {
    let cases = [
        (json!({"result": "failed", "errors": [{"message": "deadlock"}]}), "deadlock"),
        (json!({"result": "partly"}), "does not say `success`"),
        (json!({"schedules": ["PAY"]}), "says nothing at `/result`"),
        (json!([]), "says nothing"),
    ];
    for (answer, told) in cases {
        let server =
            TestServer::start(move |seen| seen.is("POST", "/impex2/schedules").then(|| Reply::json(&answer)))
                .await;
        let sent = Definition::from_value(definition("PAY")).unwrap();
        let error = system(&server).insert(&sent, &ImportRules::default()).await.unwrap_err();
        assert!(message(&error).contains(told), "{error:?}");
    }
}

#[tokio::test]
async fn another_release_is_another_profile() {
    let server = TestServer::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/v3/extract") if seen.body == json!({"query": {"schedule": "PAY"}}) => {
            Some(Reply::json(&json!({"ok": true, "data": [definition("PAY")]})))
        }
        ("PUT", "/v3/import") => Some(Reply::json(&json!({"state": "OK"}))),
        ("POST", "/v3/remove") if seen.body == json!({"name": "PAY"}) => Some(Reply::new(204, "")),
        _ => None,
    })
    .await;
    let profile = r#"
        [extract]
        method = "POST"
        path = "/v3/extract"
        request_name = "/query/schedule"
        answer_definition = "/data/0"
        [insert]
        method = "PUT"
        path = "/v3/import"
        request_definition = "/payload/definition"
        request_rules = "/payload/rules"
        answer_result = "/state"
        success = "ok"
        [delete]
        method = "POST"
        path = "/v3/remove"
        request_name = "/name"
    "#;
    let mut connection = connection(&server);
    connection.profile = ConnectorProfile::read(profile).unwrap();
    let system = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
    let found = system.extract("PAY").await.unwrap().into_definition().unwrap();
    assert_eq!(found.names(), ["PAY"]);
    system.insert(&found, &ImportRules::default()).await.unwrap();
    assert_eq!(server.seen().pop().unwrap().body["payload"]["definition"], *found.value());
    system.delete("PAY").await.unwrap();
}
