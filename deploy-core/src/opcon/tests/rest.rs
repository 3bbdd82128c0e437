use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::*;
use crate::opcon::{Cause, OpConSystem};

/// A server with so many schedules, which pages as OpCon does.
fn paging(total: usize) -> impl Fn(&Seen) -> Option<Reply> {
    move |seen| {
        if !seen.is("GET", "/api/masterschedules") {
            return None;
        }
        let number = |name| seen.query(name).and_then(|text| text.parse::<usize>().ok()).unwrap();
        let (limit, offset) = (number("limit"), number("offset"));
        let page: Vec<Value> = (offset..total.min(offset + limit))
            .map(|id| json!({"id": id.to_string(), "name": format!("S{id:05}"), "subSchedule": "True"}))
            .collect();
        Some(Reply::json(&json!(page)).with("TotalResourceCount", total))
    }
}

#[tokio::test]
async fn lists_are_read_to_the_end() {
    for (total, requests) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)] {
        let server = TestServer::start(paging(total)).await;
        let schedules = system(&server).schedules(&[]).await.unwrap();
        assert_eq!(schedules.len(), total);
        assert!(schedules.iter().all(|schedule| schedule.sub_schedule));
        assert_eq!(server.count("GET", "/api/masterschedules"), requests, "{total}");
    }
}

#[tokio::test]
async fn lists_that_page_badly_are_errors_not_parts() {
    let page = |count: usize| json!((0..count).map(|id| json!({"id": id, "name": "x"})).collect::<Vec<_>>());
    let cases: [(Reply, &str); 4] = [
        (Reply::json(&json!([])).with("TotalResourceCount", 3), "ends after 0 of 3"),
        (Reply::json(&page(1000)), "`offset` is ignored"),
        (Reply::json(&json!([{"name": "no id"}])), "holds a schedule without"),
        (Reply::json(&json!({"id": 1})), "is not a list"),
    ];
    for (reply, problem) in cases {
        let server = TestServer::start(move |seen| {
            let mut same = Reply::new(reply.status, reply.body.clone());
            same.headers = reply.headers.clone();
            seen.is("GET", "/api/masterschedules").then_some(same)
        })
        .await;
        let error = system(&server).schedules(&[]).await.unwrap_err();
        assert!(matches!(*error.cause, Cause::Garbled { .. }), "{error:?}");
        assert!(message(&error).contains(problem), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_without_a_total_is_read_until_a_page_is_short() {
    let server = TestServer::start(|seen| {
        let mut reply = paging(1500)(seen)?;
        reply.headers.clear();
        Some(reply)
    })
    .await;
    assert_eq!(system(&server).schedules(&[]).await.unwrap().len(), 1500);
}

#[tokio::test]
async fn patterns_are_asked_for_and_checked_here() {
    // This server takes a pattern for a part of the name.
    let server = TestServer::start(|seen| {
        seen.is("GET", "/api/masterschedules").then(|| {
            let names = ["Payroll", "Payroll Year", "MyPayroll", "Other"];
            let all = names.iter().enumerate().map(|(id, name)| json!({"id": id, "name": name}));
            Reply::json(&json!(all.collect::<Vec<_>>())).with("TotalResourceCount", 4)
        })
    })
    .await;
    let system = system(&server);
    let names = async |patterns: &[&str]| {
        let found = system.schedules(patterns).await.unwrap();
        found.into_iter().map(|schedule| schedule.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&["PAYROLL"]).await, ["Payroll"]);
    assert_eq!(names(&["pay*", "Payroll", "*year"]).await, ["Payroll", "Payroll Year"]);
    assert_eq!(names(&["none"]).await, [""; 0]);
    let before = server.count("GET", "/api/masterschedules");
    assert_eq!(names(&["a", "b", "c", "d", "e", "f", "g", "h", "other"]).await, ["Other"]);
    assert_eq!(server.count("GET", "/api/masterschedules"), before + 1, "many patterns: one list");
    assert_eq!(server.seen()[1].query("name"), Some("PAYROLL"));
}

#[tokio::test]
async fn the_inventory_is_read_as_clients_read_it() {
    let server = TestServer::start(|seen| {
        let list = match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/api/machines") => json!([
                {"id": 1, "name": "SRV1", "type": {"id": 3, "description": "Windows"}, "status": {"state": "U"},
                 "groups": [{"id": 4, "name": "GRP"}], "agentVersion": "21.0",
                 "supportedAgentCapability": ["fileWatcher.v1", "shellExecution.v1"], "unknown": {}},
                {"id": "2", "name": "SRV2", "type": "6", "state": {"state": "D"}, "groups": null}]),
            ("GET", "/api/batchusers") => json!([
                {"id": 1, "loginName": "DOM\\svc", "platform": {"id": 3, "name": "Windows"}}]),
            ("GET", "/api/globalproperties") => json!([
                {"name": "PATH", "value": "C:\\x", "encrypted": false},
                {"name": "PW", "value": "opensesame", "encrypted": "true"}]),
            ("GET", "/api/calendars") => json!([
                {"name": "Master Holiday", "type": "0"}, {"name": "Month End", "type": 1}]),
            ("GET", "/api/resources") => json!([{"name": "TAPES", "value": "4"}]),
            ("GET", "/api/roles") => json!([{"id": 0, "name": "ocadm"}]),
            _ => return None,
        };
        let total = list.as_array().unwrap().len();
        Some(Reply::json(&list).with("TotalResourceCount", total))
    })
    .await;
    let inventory = system(&server).inventory().await.unwrap();
    assert_eq!(
        serde_json::to_value(&inventory).unwrap(),
        json!({
            "machines": [
                {"name": "SRV1", "kind": 3, "state": "U", "groups": ["GRP"],
                 "features": ["fileWatcher.v1", "shellExecution.v1"], "agent_version": "21.0"},
                {"name": "SRV2", "kind": 6, "state": "D", "groups": [], "features": [], "agent_version": null}],
            "machine_groups": [],
            "batch_users": [{"login": "DOM\\svc", "platform": 3, "platform_name": "Windows"}],
            "roles": ["ocadm"], "departments": [], "access_codes": [],
            "resources": [{"name": "TAPES", "value": 4}], "thresholds": [],
            "properties": [
                {"name": "PATH", "value": "C:\\x", "encrypted": false},
                {"name": "PW", "value": null, "encrypted": true}],
            "calendars": [{"name": "Master Holiday", "holiday": true}, {"name": "Month End", "holiday": false}],
            "users": 7, "schedules": 7,
        })
    );
    let machines = server.seen().into_iter().find(|seen| seen.is("GET", "/api/machines")).unwrap();
    assert_eq!(machines.query("extendedProperties"), Some("true"));
}

#[tokio::test]
async fn the_licence_is_found_by_id_or_name() {
    let cases = [
        (json!([{"id": "Deploy", "valid": true, "licenses": 3}]), true),
        (json!([{"id": 17, "name": "deploy", "valid": "True"}]), true),
        (json!([{"id": "Deploy", "valid": false}]), false),
        (json!([{"id": 17, "valid": true}]), false),
        (json!([]), false),
    ];
    for (features, valid) in cases {
        let answer = features.clone();
        let server =
            TestServer::start(move |seen| seen.is("GET", "/api/features").then(|| Reply::json(&answer)))
                .await;
        let system = system(&server);
        assert_eq!(system.licence().await.unwrap().valid, valid, "{features}");
        match system.require_licence().await {
            Ok(()) => assert!(valid),
            Err(error) => {
                assert!(!valid && matches!(*error.cause, Cause::Unlicensed { .. }), "{features}");
                assert!(message(&error).contains("`licence.feature`"));
            }
        }
    }
}

#[tokio::test]
async fn scripts_come_with_versions_and_content() {
    let server = TestServer::start(|seen| match seen.path.as_str() {
        "/api/scripts" => Some(Reply::json(&json!([
            {"id": 5, "name": "Clean", "description": "d", "type": {"id": 1, "name": "PowerShell"}, "versions": [
                {"id": 52, "version": 2, "latest": true, "author": {"loginName": "ann"}, "hash": "h"},
                {"id": 51, "version": "1", "latest": false, "content": "one"}]},
            {"id": 6, "name": "Cleaner", "versions": null}]))),
        "/api/scripts/5/versions/52" => {
            Some(Reply::json(&json!({"id": 52, "version": 2, "content": "two\r\nlines"})))
        }
        _ => None,
    })
    .await;
    let system = system(&server);
    let scripts = system.scripts("clean").await.unwrap();
    assert_eq!(scripts.len(), 1);
    let script = &scripts[0];
    assert_eq!(script.kind.as_deref(), Some("PowerShell"));
    assert_eq!(script.versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(script.versions[1].author.as_deref(), Some("ann"));
    assert_eq!(system.script_content(script, 1).await.unwrap(), "one");
    assert_eq!(system.script_content(script, 2).await.unwrap(), "two\r\nlines");
    let error = system.script_content(script, 3).await.unwrap_err();
    assert!(matches!(*error.cause, Cause::NotFound { .. }));
}

#[tokio::test]
async fn no_more_requests_at_once_than_allowed() {
    const AT_ONCE: usize = 3;
    // Each answer waits for two more requests: with fewer at once this would never end.
    let (barrier, at_work, most) =
        (Arc::new(Barrier::new(AT_ONCE)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (peak, count) = (most.clone(), at_work.clone());
    let server = TestServer::start(move |seen| {
        if !seen.path.starts_with("/impex2/schedules/") {
            return None;
        }
        peak.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let name = seen.path.rsplit('/').next().unwrap();
        let mut reply = Reply::json(&json!({"scheduleList": [{"name": name}]}));
        reply.together = Some(barrier.clone());
        Some(reply)
    })
    .await;
    let mut connection = connection(&server);
    connection.concurrency = AT_ONCE;
    let system = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
    let extracts = (0..4 * AT_ONCE).map(|number| {
        let (system, at_work) = (&system, &at_work);
        async move {
            let extract = system.extract(&format!("S{number}")).await;
            at_work.fetch_sub(1, Ordering::SeqCst);
            extract.unwrap().into_definition().unwrap()
        }
    });
    assert_eq!(futures_util::future::join_all(extracts).await.len(), 4 * AT_ONCE);
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
}
