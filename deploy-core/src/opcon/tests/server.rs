//! A server that answers as it is told and remembers what it was asked.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use axum::{Router, routing::any};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Value,
}

impl Seen {
    pub(super) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.eq_ignore_ascii_case(path)
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

/// What to answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Break the connection after the body.
    pub(super) broken: bool,
    /// Answer only when so many requests wait.
    pub(super) together: Option<Arc<Barrier>>,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), broken: false, together: None }
    }

    pub(super) fn json(body: &Value) -> Self {
        Self::new(200, body.to_string())
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        let item = json!([{"resource": "thing", "name": null, "code": 1, "message": message}]);
        Self::new(status, item.to_string())
    }

    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

pub(super) struct TestServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TestServer {
    /// Answers by the script; what it leaves out (sign-on, versions) is as on a healthy system.
    pub(super) async fn start(script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(address, listener, script)
    }

    /// The same behind TLS.
    pub(super) async fn start_tls(
        config: Arc<rustls::ServerConfig>,
        script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(address, TlsListener { listener, acceptor: TlsAcceptor::from(config) }, script)
    }

    /// Sends these bytes to whoever asks, and hangs up.
    pub(super) async fn start_raw(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).await.unwrap_or(0);
                log.lock().unwrap().push(seen_in(&head[..length]));
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, seen, task }
    }

    fn serve<L: Listener<Addr = SocketAddr>>(
        address: SocketAddr,
        listener: L,
        script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let script = Arc::new(script);
        let router = Router::new().fallback(any(move |request: Request| {
            let (log, script) = (log.clone(), script.clone());
            async move {
                let request = read(request).await;
                log.lock().unwrap().push(request.clone());
                answer(script(&request).unwrap_or_else(|| healthy(&request))).await
            }
        }));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { address, seen, task }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often something was asked.
    pub(super) fn count(&self, method: &str, path: &str) -> usize {
        self.seen().iter().filter(|request| request.is(method, path)).count()
    }
}

fn healthy(request: &Seen) -> Reply {
    if request.is("POST", "/api/tokens") {
        return Reply::json(
            &json!({"id": "token-1", "validUntil": "2027-01-01T00:00:00Z", "passwordExpired": false}),
        );
    }
    match (request.method.as_str(), request.path.to_lowercase().as_str()) {
        ("GET", "/api/version") => Reply::json(&json!({"opConRestApiProductVersion": "21.2.0.0"})),
        ("GET", "/impex2/version") => Reply::json(&json!({"version": "21.2.0"})),
        ("GET", "/api/features") => Reply::json(&json!([{"id": "Deploy", "licenses": "1", "valid": "true"}])),
        ("DELETE", "/api/tokens") => Reply::new(200, ""),
        ("GET", _) if request.query("limit") == Some("0") => {
            Reply::json(&json!([])).with("TotalResourceCount", 7)
        }
        ("GET", path) if path.starts_with("/api/") => Reply::json(&json!([])).with("TotalResourceCount", 0),
        _ => Reply::error(404, "no such thing"),
    }
}

async fn read(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

/// The request line is all that a raw server looks at.
fn seen_in(head: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(head);
    let mut words = text.split_whitespace().map(str::to_owned);
    Seen {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        query: String::new(),
        authorization: None,
        body: Value::Null,
    }
}

async fn answer(reply: Reply) -> Response {
    if let Some(together) = reply.together {
        together.wait().await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = if reply.broken {
        let parts = [Ok(Bytes::from(reply.body)), Err(io::Error::other("broken off"))];
        Body::from_stream(stream::iter(parts))
    } else {
        Body::from(reply.body)
    };
    response.body(body).unwrap()
}

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else { continue };
            // A client that refuses our certificate ends the handshake.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
