use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::definition::Definition;
use crate::opcon::{Cause, ImportRules, OpConSystem, Proxy, Secret, Service};

fn definition() -> Definition {
    Definition::from_value(json!({"scheduleList": [{"name": "PAY"}]})).unwrap()
}

#[tokio::test]
async fn reading_goes_on_after_a_while_of_trouble() {
    for status in [408, 429, 500, 503] {
        let asked = AtomicUsize::new(0);
        let server = TestServer::start(move |seen| {
            let early = seen.path.ends_with("/PAY") && asked.fetch_add(1, Ordering::SeqCst) < 2;
            if early {
                return Some(Reply::error(status, "busy").with("Retry-After", 0));
            }
            seen.path.ends_with("/PAY").then(|| Reply::json(definition().value()))
        })
        .await;
        system(&server).extract("PAY").await.unwrap();
        assert_eq!(server.count("GET", "/impex2/schedules/PAY"), 3, "{status}");
    }
}

#[tokio::test]
async fn trouble_without_end_is_reported_with_the_systems_words() {
    let server = TestServer::start(|seen| {
        seen.path.ends_with("/PAY").then(|| Reply::new(502, "<h1>Bad gateway</h1>"))
    })
    .await;
    let error = system(&server).extract("PAY").await.unwrap_err();
    assert!(matches!(*error.cause, Cause::Failed { status: 502, maybe_done: false, .. }), "{error:?}");
    assert!(message(&error).contains("<h1>Bad gateway</h1>"));
    assert_eq!(server.count("GET", "/impex2/schedules/PAY"), 4);
}

#[tokio::test]
async fn an_insert_is_never_sent_twice() {
    let cases: [fn() -> Reply; 4] = [
        || Reply::error(500, "deadlock"),
        || Reply::error(429, "slow down"),
        || Reply::error(408, "too slow"),
        || Reply { broken: true, ..Reply::new(200, "{\"resu") },
    ];
    for (case, reply) in cases.into_iter().enumerate() {
        let server = TestServer::start(move |seen| seen.is("POST", "/impex2/schedules").then(reply)).await;
        let error = system(&server).insert(&definition(), &ImportRules::default()).await.unwrap_err();
        assert_eq!(server.count("POST", "/impex2/schedules"), 1, "{error:?}");
        let unknown = case == 0 || case == 3;
        assert_eq!(error.maybe_done(), unknown, "{error:?}");
        assert_eq!(message(&error).contains("read back"), unknown);
    }
}

#[tokio::test]
async fn a_delete_is_repeated_only_where_nothing_happened() {
    for (status, times) in [(429, 4), (500, 1), (408, 1)] {
        let server = TestServer::start(move |seen| {
            (seen.method == "DELETE").then(|| Reply::error(status, "no").with("Retry-After", 0))
        })
        .await;
        system(&server).delete("PAY").await.unwrap_err();
        assert_eq!(server.count("DELETE", "/impex2/schedules/PAY"), times, "{status}");
    }
}

#[tokio::test]
async fn a_truncated_answer_is_an_error_that_names_the_url() {
    let server = TestServer::start(|seen| {
        let broken = Reply { broken: true, ..Reply::new(200, "{\"scheduleList\":[{\"name\":\"PA") };
        seen.path.ends_with("/PAY").then_some(broken)
    })
    .await;
    let error = system(&server).extract("PAY").await.unwrap_err();
    assert!(matches!(*error.cause, Cause::Broken { maybe_done: false, .. }), "{error:?}");
    assert!(message(&error).contains("/impex2/schedules/PAY"));
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_an_error() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"opConRestApi";
    let server = TestServer::start_raw(head).await;
    let error = system(&server).rest_version().await.unwrap_err();
    assert!(matches!(*error.cause, Cause::Broken { .. }), "{error:?}");
    let text = message(&error);
    assert!(text.contains("after 14 bytes") && text.contains("it starts: {\"opConRestApi"), "{text}");
    assert_eq!(server.seen().len(), 4, "reading is repeated");
}

#[tokio::test]
async fn a_hang_up_and_a_stranger_are_told_apart() {
    let silent = TestServer::start_raw(b"").await;
    let error = system(&silent).rest_version().await.unwrap_err();
    assert!(matches!(*error.cause, Cause::Broken { .. }), "{error:?}");

    let stranger = TestServer::start_raw(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    let error = system(&stranger).rest_version().await.unwrap_err();
    assert_eq!(*error.cause, Cause::NotHttp { port: stranger.port() });
}

#[tokio::test]
async fn an_endless_wait_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = TestServer::start(|_| None).await;
    let mut connection = connection(&server);
    connection.rest.port = listener.local_addr().unwrap().port();
    connection.request_timeout = Duration::from_millis(40);
    let system = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
    let error = system.rest_version().await.unwrap_err();
    assert!(matches!(*error.cause, Cause::AnswerTimeout { maybe_done: false, .. }), "{error:?}");
    assert!(message(&error).contains("within 0.04 s"));
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_host() {
    let server = TestServer::start(|_| None).await;
    let mut closed = connection(&server);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    closed.rest.port = listener.local_addr().unwrap().port();
    let port = closed.rest.port;
    drop(listener);
    let mut unknown = connection(&server);
    unknown.address = "no-such-host.invalid".to_owned();

    let error = HttpSystem::new(closed, Credential::application("app")).unwrap().sign_on().await.unwrap_err();
    assert_eq!(*error.cause, Cause::Refused { host: "127.0.0.1".to_owned(), port });
    assert!(message(&error).contains("servers/DEV.toml"));

    let error =
        HttpSystem::new(unknown, Credential::application("app")).unwrap().sign_on().await.unwrap_err();
    assert_eq!(*error.cause, Cause::Dns { host: "no-such-host.invalid".to_owned() });
    assert!(message(&error).contains("`address`"));
}

#[tokio::test]
async fn swapped_ports_are_noticed() {
    // A service may say in OpCon's form that it knows no such address, or just "not found".
    let replies: [fn() -> Reply; 3] = [
        || Reply::new(404, ""),
        || Reply::new(405, "<html>"),
        || Reply::error(404, "There is nothing at this address"),
    ];
    for reply in replies {
        let rest = TestServer::start(move |seen| (!seen.path.starts_with("/api/")).then(reply)).await;
        let impex = TestServer::start(move |seen| (!seen.path.starts_with("/impex2/")).then(reply)).await;
        let mut connection = connection(&rest);
        (connection.rest.port, connection.impex.port) = (impex.port(), rest.port());
        let swapped = HttpSystem::new(connection.clone(), Credential::user("ann", "hunter2")).unwrap();
        for error in [swapped.rest_version().await.unwrap_err(), swapped.counts().await.unwrap_err()] {
            let (expected, found) = (Service::Rest, Some(Service::Impex));
            assert_eq!(*error.cause, Cause::WrongService { expected, found, port: impex.port() });
            assert!(message(&error).contains("ImpEx2 answers there"));
        }

        connection.rest.port = rest.port();
        let swapped = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
        let error = swapped.extract("PAY").await.unwrap_err();
        let (expected, found) = (Service::Impex, Some(Service::Rest));
        assert_eq!(*error.cause, Cause::WrongService { expected, found, port: rest.port() });
        assert!(message(&error).contains("`impex_port`"));
    }
}

#[tokio::test]
async fn a_missing_licence_is_named_wherever_it_shows() {
    let server = TestServer::start(|seen| {
        let refusal =
            "[{\"resource\":\"licence\",\"name\":\"Deploy\",\"message\":\"This system is not licensed\"}]";
        seen.path.starts_with("/impex2/schedules").then(|| Reply::new(403, refusal))
    })
    .await;
    let error = system(&server).extract("PAY").await.unwrap_err();
    assert_eq!(*error.cause, Cause::Unlicensed { feature: "Deploy".to_owned() });
    let server = TestServer::start(|seen| {
        seen.path.starts_with("/impex2/schedules").then(|| Reply::error(403, "No privilege for PAY"))
    })
    .await;
    let error = system(&server).delete("PAY").await.unwrap_err();
    assert!(
        matches!(*error.cause, Cause::Forbidden { .. }) && message(&error).contains("user `ann` may not")
    );
}

#[tokio::test]
async fn one_port_for_both_services_is_no_wrong_service() {
    // As behind a reverse proxy; ImpEx2 may or may not tell its version without a sign-on.
    for refuses in [false, true] {
        let server = TestServer::start(move |seen| {
            let unsigned = seen.authorization.is_none();
            match seen.path.as_str() {
                "/impex2/version" if refuses && unsigned => Some(Reply::new(401, "")),
                "/api/version" if refuses => Some(Reply::new(404, "")),
                path if path.ends_with("/PAY") => Some(Reply::new(404, "")),
                _ => None,
            }
        })
        .await;
        let error = system(&server).extract("PAY").await.unwrap_err();
        assert!(matches!(*error.cause, Cause::NotFound { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_web_server_is_no_opcon() {
    let server =
        TestServer::start(|_| Some(Reply::new(302, "").with("Location", "http://127.0.0.1:1/login"))).await;
    let error = system(&server).sign_on().await.unwrap_err();
    assert!(matches!(*error.cause, Cause::WrongService { found: None, .. }), "{error:?}");
    assert!(message(&error).contains("another service answers"));
}

#[tokio::test]
async fn requests_go_through_the_proxy_and_its_password_stays_hidden() {
    // A proxy for plain HTTP is asked with the whole URL.
    let proxy = TestServer::start(|_| None).await;
    let mut connection = connection(&proxy);
    connection.address = "opcon.invalid".to_owned();
    connection.proxy = Some(Proxy {
        url: Secret::new(format!("http://me:hunter2@127.0.0.1:{}", proxy.port())),
        except: String::new(),
    });
    let system = HttpSystem::new(connection.clone(), Credential::application("app")).unwrap();
    assert_eq!(system.rest_version().await.unwrap(), "21.2.0.0");
    connection.proxy = Some(Proxy { url: Secret::new("hunter2://["), except: String::new() });
    message(&HttpSystem::new(connection, Credential::application("app")).unwrap_err());
}

#[tokio::test]
async fn plain_http_is_refused_unless_it_is_said() {
    let server = TestServer::start(|_| None).await;
    let connection = Connection { allow_plain_http: false, ..connection(&server) };
    let error = HttpSystem::new(connection, Credential::application("app")).unwrap_err();
    assert!(message(&error).contains("would send the password readable"));
}
