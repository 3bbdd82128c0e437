//! What a sandbox was asked, for those who want to know over HTTP what a client
//! did: `GET /sandbox/requests?from=N` on the port of the REST API. It needs no
//! token, answers at once, and is not counted itself.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::json;

use crate::serve::{RequestRecord, Service};

/// Where it is asked for.
pub(crate) const PATH: &str = "/sandbox/requests";

/// The number of the first request that is wanted, counted from 0.
pub(crate) fn from(query: Option<&str>) -> usize {
    let pairs = query.unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.strip_prefix("from=")?.parse().ok()).next_back().unwrap_or(0)
}

/// The answer; `next` is the number of the request that comes next.
pub(crate) fn answer(requests: &[RequestRecord], next: usize) -> Response {
    let requests: Vec<_> = requests
        .iter()
        .map(|request| {
            let service = match request.service {
                Service::Rest => "rest",
                Service::Impex => "impex",
            };
            json!({
                "system": request.system, "service": service, "method": request.method,
                "path": request.path, "query": request.query, "status": request.status,
            })
        })
        .collect();
    let mut response = Response::new(Body::from(json!({ "requests": requests, "next": next }).to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
