//! The clock in somebody's hand: `GET /sandbox/clock` on the port of the REST API
//! shows it, `PUT /sandbox/clock?now=TIME` sets it for all systems; it goes on from
//! there. No token is needed, and neither is counted among the requests.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::clock::Clock;
use crate::request::Query;

/// Where the clock is.
pub(crate) const PATH: &str = "/sandbox/clock";

/// Sets the clock where that is asked for, and shows it.
pub(crate) fn answer(clock: &Clock, method: &Method, query: Option<&str>) -> Response {
    let (status, value) = match set(clock, method, query) {
        Ok(now) => (StatusCode::OK, json!({ "now": now.to_rfc3339_opts(SecondsFormat::Secs, true) })),
        Err(what) => (StatusCode::BAD_REQUEST, json!({ "message": what })),
    };
    let mut response = Response::new(Body::from(format!("{value}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn set(clock: &Clock, method: &Method, query: Option<&str>) -> Result<DateTime<Utc>, String> {
    match *method {
        Method::GET => return Ok(clock.now()),
        Method::PUT => {}
        _ => return Err("GET shows the clock, PUT sets it".to_owned()),
    }
    let query = Query::parse(query.unwrap_or_default());
    let text = query.get("now").unwrap_or_default();
    // A plus that was not encoded is a blank by now.
    let time = DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
        .map_err(|_| format!("`{text}` is no time; write now=2026-12-01T18:30:00Z"))?;
    clock.set(time.to_utc());
    Ok(time.to_utc())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_shown_and_set() {
        let clock = Clock::real();
        let put = |query| set(&clock, &Method::PUT, Some(query));
        for (query, shown) in [
            ("now=2031-12-01T18:30:00Z", "2031-12-01 18:30"),
            ("now=2031-12-01T18:30:00+01:00", "2031-12-01 17:30"),
            ("now=2031-12-01T18:30:00%2B01:00", "2031-12-01 17:30"),
        ] {
            put(query).unwrap();
            let now = set(&clock, &Method::GET, None).unwrap();
            assert_eq!(now.format("%Y-%m-%d %H:%M").to_string(), shown, "{query}");
        }
        for query in ["", "now=", "now=tonight", "then=2031-12-01T18:30:00Z"] {
            assert!(put(query).unwrap_err().contains("is no time"), "{query}");
        }
        assert!(set(&clock, &Method::DELETE, None).is_err());
        assert_eq!(answer(&clock, &Method::POST, None).status(), StatusCode::BAD_REQUEST);
        assert_eq!(answer(&clock, &Method::GET, None).status(), StatusCode::OK);
    }
}
