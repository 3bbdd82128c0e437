//! From a connection to an answer: faults, the record, the handlers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::answer::{Answer, Outcome, Refusal};
use crate::asked;
use crate::fault::{ArmedFault, FaultKind, FaultSpec};
use crate::hand;
use crate::impex;
use crate::listen::Switch;
use crate::request::Request;
use crate::rest;
use crate::system::System;

/// The largest body that is read.
const LARGEST: usize = 512 * 1024 * 1024;
/// How many requests are remembered.
const REMEMBERED: usize = 100_000;

/// One of the two services of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The OpCon REST API.
    Rest,
    /// ImpEx.
    Impex,
}

/// A request that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The system that was asked.
    pub system: String,
    /// The service that was asked.
    pub service: Service,
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The text behind the question mark.
    pub query: String,
    /// Whether it came with a token.
    pub with_token: bool,
    /// The status of the answer; none where the connection was reset.
    pub status: Option<u16>,
}

/// What all requests of a sandbox share.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    faults: RwLock<Vec<Arc<ArmedFault>>>,
    record: Mutex<Asked>,
    pub(crate) latency: Duration,
}

/// The requests that are remembered.
#[derive(Debug, Default)]
struct Asked {
    last: VecDeque<RequestRecord>,
    /// How many came before them.
    forgotten: usize,
}

impl Watch {
    pub(crate) fn new(latency: Duration) -> Self {
        Self { latency, ..Self::default() }
    }

    pub(crate) fn add_fault(&self, spec: FaultSpec) {
        self.faults.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(ArmedFault::new(spec)));
    }

    pub(crate) fn clear_faults(&self) {
        self.faults.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn record(&self) -> Vec<RequestRecord> {
        self.asked_since(0).0
    }

    /// What was asked from a request on, and the number of the next.
    pub(crate) fn asked_since(&self, from: usize) -> (Vec<RequestRecord>, usize) {
        let all = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let since = all.last.iter().skip(from.saturating_sub(all.forgotten)).cloned();
        (since.collect(), all.forgotten + all.last.len())
    }

    fn remember(&self, record: RequestRecord) {
        let mut all = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        if all.last.len() == REMEMBERED {
            all.last.pop_front();
            all.forgotten += 1;
        }
        all.last.push_back(record);
    }

    fn struck(&self, system: &str, method: &str, path: &str) -> Vec<FaultKind> {
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.iter().filter_map(|fault| fault.strikes(system, method, path)).collect()
    }
}

/// One port of one system.
#[derive(Debug, Clone)]
pub(crate) struct Port {
    pub(crate) system: Arc<System>,
    pub(crate) service: Service,
    pub(crate) watch: Arc<Watch>,
}

pub(crate) async fn answer(
    State(port): State<Port>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: HttpRequest,
) -> Response {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path().to_owned();
    if port.service == Service::Rest && path == asked::PATH {
        let (requests, next) = port.watch.asked_since(asked::from(parts.uri.query()));
        return asked::answer(&requests, next);
    }
    if port.service == Service::Rest && path == hand::PATH {
        return hand::answer(&port.system.clock, &parts.method, parts.uri.query());
    }
    let mut record = RequestRecord {
        system: port.system.name.clone(),
        service: port.service,
        method: method.clone(),
        path: path.clone(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        with_token: parts.headers.contains_key(header::AUTHORIZATION),
        status: None,
    };
    let faults = port.watch.struck(&port.system.name, &method, &path);
    let outcome = match axum::body::to_bytes(body, LARGEST).await {
        Ok(body) => {
            wait(&port, &faults).await;
            if faults.contains(&FaultKind::Reset) {
                None
            } else {
                let done = act(&port, Request::new(&parts, body), &faults);
                (!faults.contains(&FaultKind::LostAnswer)).then_some(done)
            }
        }
        Err(_) => Some(Err(Refusal::malformed("The body could not be read"))),
    };
    let Some(outcome) = outcome else {
        port.watch.remember(record);
        switch.reset();
        return Response::new(Body::empty());
    };
    let answer = outcome.unwrap_or_else(|refusal| refusal.answer());
    record.status = Some(answer.status.as_u16());
    port.watch.remember(record);
    let mut response = response(answer, &faults, &switch);
    if let Ok(time) = HeaderValue::from_str(&rest::stamp(port.system.clock.now())) {
        response.headers_mut().insert("apiServerTime", time);
    }
    response
}

async fn wait(port: &Port, faults: &[FaultKind]) {
    let more = faults.iter().filter_map(|fault| match fault {
        FaultKind::Latency(time) => Some(*time),
        _ => None,
    });
    let latency = port.watch.latency + more.sum::<Duration>();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

fn act(port: &Port, mut request: Request, faults: &[FaultKind]) -> Outcome {
    for fault in faults {
        match fault {
            FaultKind::Error(status) => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return Err(Refusal::one(status, "server", "", "A fault was asked for"));
            }
            FaultKind::ExpiredToken => {
                if let Some(token) = &request.token {
                    port.system.sign_off(token);
                }
            }
            FaultKind::RefuseInsert(message)
                if port.service == Service::Impex && request.method == "POST" =>
            {
                return Err(Refusal::one(StatusCode::CONFLICT, "schedule", "", message.clone()));
            }
            FaultKind::AlterInsert(time) => request.alter(time),
            _ => {}
        }
    }
    match port.service {
        Service::Rest => rest::handle(&port.system, &request),
        Service::Impex => impex::handle(&port.system, &request),
    }
}

fn response(answer: Answer, faults: &[FaultKind], switch: &Switch) -> Response {
    let length = answer.body.len();
    let truncated = faults.iter().find_map(|fault| match fault {
        FaultKind::Truncate(bytes) => Some(*bytes),
        _ => None,
    });
    let slow = faults.iter().find_map(|fault| match fault {
        FaultKind::SlowBody(time) => Some(*time),
        _ => None,
    });
    let body = match (truncated, slow) {
        (None, None) => Body::from(answer.body),
        (cut, slow) => faulty(answer.body, cut, slow.unwrap_or_default(), switch.clone()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if length > 0 {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    if answer.status != StatusCode::NO_CONTENT {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Some(total) = answer.total {
        headers.insert("TotalResourceCount", HeaderValue::from(total));
    }
    response
}

/// A body that takes its time, or breaks off.
fn faulty(body: Bytes, cut: Option<usize>, time: Duration, switch: Switch) -> Body {
    const PARTS: u32 = 10;
    let kept = cut.map_or(body.len(), |cut| cut.min(body.len()));
    let size = kept.div_ceil(PARTS as usize).max(1);
    let parts: Vec<Bytes> = (0..kept).step_by(size).map(|at| body.slice(at..kept.min(at + size))).collect();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for part in parts {
            tokio::time::sleep(time / PARTS).await;
            if sender.send(Ok(part)).await.is_err() {
                return;
            }
        }
        if cut.is_some_and(|cut| cut < body.len()) {
            let _ = sender.send(Err(std::io::ErrorKind::ConnectionReset)).await;
            switch.reset();
        }
    });
    Body::from_stream(Parts(receiver))
}

/// The parts of a body as they come.
struct Parts(tokio::sync::mpsc::Receiver<Result<Bytes, std::io::ErrorKind>>);

impl futures_core::Stream for Parts {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|part| part.map(|part| part.map_err(Into::into)))
    }
}
