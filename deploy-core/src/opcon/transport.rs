//! Sending requests: connections, time-outs, repetition, bounded answers, and
//! telling apart what went wrong.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::sync::Semaphore;

use super::certificate::Certificate;
use super::connection::{Connection, Endpoint};
use super::error::{Cause, OpConError, Service, first_words};
use super::request::{Answer, Request};
use super::retry::{Outcome, Repeat, RetryPolicy};
use super::tls::{self, Shown, Verification};
use super::wire::{ErrorItem, error_items};

/// How a request is signed.
#[derive(Clone)]
pub(crate) enum Signature {
    Header(HeaderName, HeaderValue),
    Basic { login: String, password: super::Secret },
}

/// The connections to both services of one system.
pub(crate) struct Transport {
    pub(crate) server: String,
    rest: Line,
    impex: Line,
    permits: Semaphore,
    shared_bound: Option<Arc<Semaphore>>,
    connect_timeout: Duration,
    request_timeout: Duration,
    max_answer: usize,
    retry: RetryPolicy,
}

/// The connections to one service.
struct Line {
    base: Url,
    client: Client,
    shown: Shown,
}

/// Why one attempt failed, and what the retry rule wants to know of it.
struct Failure {
    cause: Cause,
    outcome: Outcome,
    retry_after: Option<Duration>,
}

impl Failure {
    fn last(cause: Cause) -> Self {
        Self { cause, outcome: Outcome::Final, retry_after: None }
    }
}

impl Transport {
    pub(crate) fn new(connection: &Connection) -> Result<Self, OpConError> {
        let fail = |message| OpConError {
            doing: format!("use the settings of server `{}`", connection.server),
            url: None,
            server: connection.server.clone(),
            cause: Box::new(Cause::Settings { message }),
        };
        let verification = match connection.rest.tls || connection.impex.tls {
            true => Verification::new(&connection.trust).map_err(fail)?,
            false => Verification::nobody(),
        };
        let line = |endpoint| Line::new(connection, endpoint, &verification).map_err(fail);
        Ok(Self {
            server: connection.server.clone(),
            rest: line(&connection.rest)?,
            impex: line(&connection.impex)?,
            permits: Semaphore::new(connection.concurrency.max(1)),
            shared_bound: connection.shared_bound.clone(),
            connect_timeout: connection.connect_timeout,
            request_timeout: connection.request_timeout,
            max_answer: connection.max_answer,
            retry: connection.retry.clone(),
        })
    }

    /// The certificate the service showed last, if it speaks TLS.
    pub(crate) fn certificate(&self, service: Service) -> Option<Certificate> {
        self.line(service).shown.get()
    }

    pub(crate) fn speaks_tls(&self, service: Service) -> bool {
        self.line(service).base.scheme() == "https"
    }

    pub(crate) fn port(&self, service: Service) -> u16 {
        self.line(service).port()
    }

    /// An error that names what was being done and where.
    pub(crate) fn error(&self, request: &Request, cause: Cause) -> OpConError {
        OpConError {
            doing: request.doing.clone(),
            url: Some(self.url(request).map_or_else(|_| request.path.clone(), String::from)),
            server: self.server.clone(),
            cause: Box::new(cause),
        }
    }

    /// Sends a request, again where that is safe, until it succeeds or is beyond help.
    /// `who` is named where the system says that something is not allowed.
    pub(crate) async fn send(
        &self,
        request: &Request,
        signature: Option<&Signature>,
        who: &str,
    ) -> Result<Answer, Cause> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(request, signature, who).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let unit = fastrand::f64();
            let pause = self.retry.pause(request.repeat, failure.outcome, attempt, failure.retry_after, unit);
            let Some(pause) = pause else { return Err(failure.cause) };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    fn line(&self, service: Service) -> &Line {
        match service {
            Service::Rest => &self.rest,
            Service::Impex => &self.impex,
        }
    }

    fn url(&self, request: &Request) -> Result<Url, Cause> {
        let message = |_| Cause::Settings { message: format!("`{}` is not a path", request.path) };
        self.line(request.service).base.join(&request.path).map_err(message)
    }

    async fn attempt(
        &self,
        request: &Request,
        signature: Option<&Signature>,
        who: &str,
    ) -> Result<Answer, Failure> {
        let url = self.url(request).map_err(Failure::last)?;
        let line = self.line(request.service);
        let mut sending = line
            .client
            .request(request.method.clone(), url.clone())
            .timeout(self.request_timeout)
            .header(ACCEPT, "application/json");
        if let Some(body) = &request.body {
            sending = sending.header(CONTENT_TYPE, "application/json").body(Bytes::clone(body));
        }
        sending = match signature {
            Some(Signature::Header(name, value)) => sending.header(name, value),
            Some(Signature::Basic { login, password }) => sending.basic_auth(login, Some(password.expose())),
            None => sending,
        };
        // The semaphore is never closed, so there is always a permit in the end.
        let _permit = self.permits.acquire().await;
        let _shared = match &self.shared_bound {
            Some(bound) => bound.acquire().await.ok(),
            None => None,
        };
        let changes = request.repeat != Repeat::Reading;
        let response = sending.send().await.map_err(|error| self.not_sent(line, &error, changes))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = self.read(response, changes).await?;
        if status.is_success() {
            return Ok(Answer {
                url: Some(url.into()),
                status: status.as_u16(),
                total: total(&headers),
                body,
            });
        }
        Err(Failure {
            cause: refusal(request.service, line.port(), status, &body, who, changes),
            outcome: Outcome::Status(status.as_u16()),
            retry_after: retry_after(&headers),
        })
    }

    /// Reads the whole answer into one buffer.
    async fn read(&self, mut response: Response, changes: bool) -> Result<Vec<u8>, Failure> {
        let too_long = || Failure::last(Cause::TooLong { limit: self.max_answer });
        let announced =
            response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > self.max_answer {
            return Err(too_long());
        }
        let mut body = Vec::with_capacity(announced);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.max_answer => return Err(too_long()),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(error) if error.is_timeout() => {
                    return Err(Failure::last(Cause::AnswerTimeout {
                        after: self.request_timeout,
                        maybe_done: changes,
                    }));
                }
                Err(error) => {
                    let cause = Cause::Broken {
                        message: format!(
                            "after {} bytes ({}); it starts: {}",
                            body.len(),
                            innermost(&error),
                            first_words(&body)
                        ),
                        maybe_done: changes,
                    };
                    return Err(Failure { cause, outcome: Outcome::Broken, retry_after: None });
                }
            }
        }
    }

    /// What went wrong before there was an answer.
    fn not_sent(&self, line: &Line, error: &reqwest::Error, changes: bool) -> Failure {
        let host = line.base.host_str().unwrap_or_default().to_owned();
        if let Some(error) = find::<rustls::Error>(error) {
            return Failure::last(Cause::Tls(tls::fault(error, &host)));
        }
        let not_connected = |cause| Failure { cause, outcome: Outcome::NotConnected, retry_after: None };
        if error.is_dns() {
            return not_connected(Cause::Dns { host });
        }
        if error.is_timeout() {
            return Failure::last(if error.is_connect() {
                Cause::ConnectTimeout { host, after: self.connect_timeout }
            } else {
                Cause::AnswerTimeout { after: self.request_timeout, maybe_done: changes }
            });
        }
        if error.is_connect() {
            let refused =
                find::<io::Error>(error).is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
            return not_connected(match refused {
                true => Cause::Refused { host, port: line.port() },
                false => Cause::Unreachable { host, message: innermost(error) },
            });
        }
        if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            return Failure::last(Cause::NotHttp { port: line.port() });
        }
        let cause = Cause::Broken { message: innermost(error), maybe_done: changes };
        Failure { cause, outcome: Outcome::Broken, retry_after: None }
    }
}

impl Line {
    fn new(
        connection: &Connection,
        endpoint: &Endpoint,
        verification: &Verification,
    ) -> Result<Self, String> {
        let mut builder = Client::builder()
            .user_agent(concat!("opcon-deploy/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connection.connect_timeout)
            // Shorter than servers keep idle connections: a request on one just closed would be lost.
            .pool_idle_timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some(proxy) = &connection.proxy {
            // The text of this error could hold the password of the proxy.
            let proxy_url = reqwest::Proxy::all(proxy.url.expose())
                .map_err(|_| "the proxy is not a URL such as `http://proxy:3128`".to_owned())?;
            builder = builder.proxy(proxy_url.no_proxy(reqwest::NoProxy::from_string(&proxy.except)));
        }
        let (config, shown) = verification.client()?;
        builder = builder.tls_backend_preconfigured(config);
        let client = builder.build().map_err(|error| innermost(&error))?;
        Ok(Self { base: connection.base(endpoint)?, client, shown })
    }

    fn port(&self) -> u16 {
        self.base.port_or_known_default().unwrap_or_default()
    }
}

/// What an answer that is no success means.
fn refusal(service: Service, port: u16, status: StatusCode, body: &[u8], who: &str, changes: bool) -> Cause {
    let items = error_items(body);
    let who = who.to_owned();
    match status.as_u16() {
        401 => {
            let messages: Vec<&str> = items.iter().map(|item| item.message.as_str()).collect();
            let message = if messages.is_empty() { first_words(body) } else { messages.join("; ") };
            Cause::SignOnRefused { who, message }
        }
        402 | 403 => match items.iter().find(|item| speaks_of_licence(item)) {
            Some(item) => Cause::Unlicensed { feature: item.name.clone().unwrap_or("Deploy".to_owned()) },
            None => Cause::Forbidden { who, items },
        },
        404 | 405 => Cause::NotFound { items },
        300..=399 => Cause::WrongService { expected: service, found: None, port },
        500.. => Cause::Failed { status: status.as_u16(), said: said(&items, body), maybe_done: changes },
        status if items.is_empty() => Cause::Rejected { status, items: vec![plain_item(body)] },
        status => Cause::Rejected { status, items },
    }
}

fn speaks_of_licence(item: &ErrorItem) -> bool {
    let message = item.message.to_lowercase();
    message.contains("licens") || message.contains("licenc")
}

fn plain_item(body: &[u8]) -> ErrorItem {
    ErrorItem { resource: None, name: None, code: None, message: first_words(body) }
}

fn said(items: &[ErrorItem], body: &[u8]) -> String {
    if items.is_empty() {
        return first_words(body);
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn total(headers: &HeaderMap) -> Option<usize> {
    headers.get("TotalResourceCount")?.to_str().ok()?.trim().parse().ok()
}

/// Seconds only; a date would need a clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The first error of a type in a chain, also inside [`io::Error`]s.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        current = wrapped.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    None
}

/// The deepest sentence of a chain: what really happened.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}
