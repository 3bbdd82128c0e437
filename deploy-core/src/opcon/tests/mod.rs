//! The client against a scripted server, over real sockets and real TLS.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod certificates;
mod check;
mod daily;
mod faults;
mod impex;
mod rest;
mod server;
mod session;
mod tls;

use std::time::Duration;

use server::{Reply, Seen, TestServer};

use super::{Connection, Credential, Endpoint, HttpSystem, OpConError, RetryPolicy};

/// A connection to a plain server, that does not dawdle.
fn connection(server: &TestServer) -> Connection {
    let endpoint = Endpoint { port: server.port(), tls: false };
    Connection {
        rest: endpoint.clone(),
        impex: endpoint,
        allow_plain_http: true,
        retry: RetryPolicy { first_pause: Duration::from_millis(1), ..RetryPolicy::default() },
        ..Connection::new("DEV", "127.0.0.1")
    }
}

fn system(server: &TestServer) -> HttpSystem {
    HttpSystem::new(connection(server), Credential::user("ann", "hunter2")).unwrap()
}

/// The whole message, checked never to hold a secret.
fn message(error: &OpConError) -> String {
    let text = format!("{}\n{}\n{error:?}", error.on_one_line(), error.hint().unwrap_or_default());
    assert!(!text.contains("hunter2") && !text.contains("token-"), "a secret is shown: {text}");
    text
}
