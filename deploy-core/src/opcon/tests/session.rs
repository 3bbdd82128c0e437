use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::definition::Definition;
use crate::opcon::{Cause, ConnectorProfile, ImportRules, OpConSystem};

/// Gives tokens one after another; only the newest is valid.
fn renewing(seen: &Seen, made: &AtomicUsize, valid_from: usize) -> Option<Reply> {
    if seen.is("POST", "/api/tokens") {
        let number = made.fetch_add(1, Ordering::SeqCst) + 1;
        return Some(Reply::json(&json!({"id": format!("token-{number}")})));
    }
    let number: usize = seen.authorization.as_deref()?.strip_prefix("Token token-")?.parse().ok()?;
    (number < valid_from).then(|| Reply::error(401, "Invalid token specified"))
}

#[tokio::test]
async fn signs_on_once_as_the_vendor_wants_it_and_signs_off() {
    let server = TestServer::start(|_| None).await;
    let system = system(&server);
    system.sign_off().await.unwrap();
    assert_eq!(server.seen().len(), 0, "without a sign-on there is nothing to end");
    tokio::try_join!(system.counts(), system.counts()).unwrap();
    system.sign_off().await.unwrap();
    let seen = server.seen();
    assert!(seen[0].is("POST", "/api/tokens"));
    assert_eq!(seen[0].authorization, None);
    let sent = json!({"user": {"loginName": "ann", "password": "hunter2"}, "tokenType": {"type": "User"}});
    assert_eq!(seen[0].body, sent);
    assert!(seen[1..].iter().all(|request| request.authorization.as_deref() == Some("Token token-1")));
    assert!(seen.last().unwrap().is("DELETE", "/api/tokens"));
    assert_eq!(server.count("POST", "/api/tokens"), 1);
}

#[tokio::test]
async fn an_application_token_is_used_as_it_is() {
    let ended = Arc::new(AtomicBool::new(false));
    let gone = ended.clone();
    let server = TestServer::start(move |seen| {
        gone.load(Ordering::SeqCst)
            .then(|| Reply::error(401, &format!("Invalid token specified: {:?}", seen.authorization)))
    })
    .await;
    let application = || HttpSystem::new(connection(&server), Credential::application("token-app")).unwrap();
    let system = application();
    system.counts().await.unwrap();
    system.sign_off().await.unwrap();
    let seen = server.seen();
    assert!(seen[0].is("GET", "/api/tokens"), "asked once whether it is valid");
    assert!(
        seen.iter()
            .all(|seen| seen.method == "GET" && seen.authorization.as_deref() == Some("Token token-app"))
    );

    system.counts().await.unwrap();
    ended.store(true, Ordering::SeqCst);
    for system in [system, application()] {
        let error = system.counts().await.unwrap_err();
        assert!(matches!(*error.cause, Cause::SignOnRefused { .. }), "{error:?}");
        assert!(message(&error).contains("the application token"));
    }
    assert_eq!(server.count("POST", "/api/tokens"), 0);
}

#[tokio::test]
async fn an_ended_token_is_renewed_once_for_all_who_wait() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let server = TestServer::start(move |seen| renewing(seen, &counter, 2)).await;
    let system = system(&server);
    tokio::try_join!(system.counts(), system.counts(), system.counts(), system.impex_version()).unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 2, "one sign-on, one renewal");
}

#[tokio::test]
async fn a_token_refused_again_and_again_is_an_error() {
    let made = AtomicUsize::new(0);
    let server = TestServer::start(move |seen| renewing(seen, &made, usize::MAX)).await;
    let error = system(&server).schedules(&["X"]).await.unwrap_err();
    assert!(matches!(*error.cause, Cause::SignOnRefused { .. }), "{error:?}");
    assert_eq!(server.count("POST", "/api/tokens"), 2);
    assert_eq!(server.count("GET", "/api/masterschedules"), 2);
}

#[tokio::test]
async fn an_insert_refused_for_its_token_is_sent_with_a_new_one() {
    let made = AtomicUsize::new(0);
    let server = TestServer::start(move |seen| {
        renewing(seen, &made, 2).or_else(|| {
            (seen.method == "POST").then(|| Reply::json(&json!({"result": "success", "schedules": ["PAY"]})))
        })
    })
    .await;
    let sent = Definition::from_value(json!({"scheduleList": [{"name": "PAY"}]})).unwrap();
    system(&server).insert(&sent, &ImportRules::default()).await.unwrap();
    let signed: Vec<_> =
        server.seen().into_iter().filter(|seen| seen.is("POST", "/impex2/schedules")).collect();
    assert_eq!(signed.len(), 2);
    assert_eq!(signed[1].authorization.as_deref(), Some("Token token-2"));
}

#[tokio::test]
async fn the_system_says_whose_the_token_is() {
    for (answer, user) in [
        (json!({"id": "token-1", "user": {"loginName": "svc_deploy", "name": "Deploy"}}), Some("svc_deploy")),
        (json!([{"user": {"name": "ocadm"}}]), Some("ocadm")),
        (json!({"user": null}), None),
    ] {
        let server =
            TestServer::start(move |seen| seen.is("GET", "/api/tokens").then(|| Reply::json(&answer))).await;
        assert_eq!(system(&server).user().await.unwrap().as_deref(), user);
    }
}

#[tokio::test]
async fn another_401_does_not_renew() {
    let server = TestServer::start(|seen| {
        seen.is("GET", "/api/masterschedules").then(|| Reply::error(401, "Not for you"))
    })
    .await;
    let error = system(&server).schedules(&[]).await.unwrap_err();
    assert!(message(&error).contains("Not for you"));
    assert_eq!(server.count("POST", "/api/tokens"), 1);
}

#[tokio::test]
async fn a_refused_sign_on_is_told_apart_and_never_tried_again() {
    let cases = [
        (401, "Invalid login or password", false),
        (400, "Invalid credentials", false),
        (403, "User ann has been locked out", true),
        (401, "The user is disabled", true),
    ];
    for (status, said, locked) in cases {
        let server =
            TestServer::start(move |seen| seen.is("POST", "/api/tokens").then(|| Reply::error(status, said)))
                .await;
        let system = system(&server);
        let results = tokio::join!(system.counts(), system.licence(), system.inventory());
        let errors = [results.0.unwrap_err(), results.1.unwrap_err(), results.2.unwrap_err()];
        for error in &errors {
            assert!(error.to_string().starts_with("cannot sign on to `DEV`"), "{error}");
            let text = message(error);
            assert!(text.contains("user `ann`") && text.contains(said), "{text}");
            assert_eq!(matches!(*error.cause, Cause::Locked { .. }), locked, "{text}");
        }
        assert_eq!(server.seen().len(), 1, "a second attempt could lock the user");
    }
}

#[tokio::test]
async fn a_useless_token_is_an_error_that_does_not_show_it() {
    for body in ["token-17", r#"{"id":"tok\nen-1"}"#, r#"{"token":"token-17"}"#, r#"{"id":""}"#, "[]"] {
        let server =
            TestServer::start(move |seen| seen.is("POST", "/api/tokens").then(|| Reply::new(200, body)))
                .await;
        let error = system(&server).sign_on().await.unwrap_err();
        assert!(matches!(*error.cause, Cause::Garbled { .. }), "{error:?}");
        message(&error);
    }
}

#[tokio::test]
async fn an_expired_password_is_named() {
    let server = TestServer::start(|seen| {
        let expired = json!({"id": "token-1", "passwordExpired": "true"});
        seen.is("POST", "/api/tokens").then(|| Reply::json(&expired))
    })
    .await;
    assert!(message(&system(&server).sign_on().await.unwrap_err()).contains("the password has expired"));
}

#[tokio::test]
async fn secrets_that_a_system_repeats_are_hidden() {
    let server = TestServer::start(|seen| {
        let echo = format!("failed with {:?} and {}", seen.authorization, seen.body);
        match seen.path.as_str() {
            "/api/tokens" if seen.body["user"]["loginName"] == "bob" => Some(Reply::error(401, &echo)),
            "/api/tokens" => None,
            "/api/machines" => Some(Reply::error(500, &echo)),
            "/api/users" => Some(Reply::new(200, echo)),
            _ => Some(Reply::error(409, &echo)),
        }
    })
    .await;
    let connection = connection(&server);
    let bob = HttpSystem::new(connection, Credential::user("bob", "hunter2")).unwrap();
    assert!(message(&bob.sign_on().await.unwrap_err()).contains("[secret]"));
    let ann = system(&server);
    assert!(message(&ann.counts().await.unwrap_err()).contains("[secret]"));
    assert!(message(&ann.delete("X").await.unwrap_err()).contains("[secret]"));
}

#[tokio::test]
async fn impex_signs_as_the_profile_says() {
    let cases = [
        ("", "Token token-1"),
        ("[authentication]\nvalue = \"Bearer {token}\"", "Bearer token-1"),
        ("[authentication]\nscheme = \"basic\"", "Basic YW5uOmh1bnRlcjI="),
        ("[authentication]\nscheme = \"none\"", ""),
    ];
    for (profile, expected) in cases {
        let server = TestServer::start(|_| None).await;
        let mut connection = connection(&server);
        connection.profile = ConnectorProfile::read(profile).unwrap();
        let system = HttpSystem::new(connection, Credential::user("ann", "hunter2")).unwrap();
        system.impex_version().await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.authorization.unwrap_or_default(), expected);
    }
    let server = TestServer::start(|_| None).await;
    let mut connection = connection(&server);
    connection.profile = ConnectorProfile::read("[authentication]\nscheme = \"basic\"").unwrap();
    let system = HttpSystem::new(connection, Credential::application("app")).unwrap();
    assert!(message(&system.impex_version().await.unwrap_err()).contains("needs a user"));
}
