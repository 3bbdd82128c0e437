//! One request: what it is for, where it goes, and what comes back.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;

use super::error::{Cause, Service, first_words};
use super::retry::Repeat;

const OUTSIDE_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const OUTSIDE_QUERY: &AsciiSet = &OUTSIDE_SEGMENT.remove(b'*').remove(b',').remove(b':');

/// One request to one of the services.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// To follow "cannot": "list the machines of `DEV`".
    pub(crate) doing: String,
    pub(crate) service: Service,
    pub(crate) method: Method,
    /// Path and query, encoded, with its first `/`.
    pub(crate) path: String,
    /// JSON.
    pub(crate) body: Option<Bytes>,
    pub(crate) repeat: Repeat,
}

impl Request {
    /// A request to the REST API that only reads.
    pub(crate) fn get(doing: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            service: Service::Rest,
            method: Method::GET,
            path: path.into(),
            body: None,
            repeat: Repeat::Reading,
        }
    }

    /// A request to the REST API that changes something.
    pub(crate) fn change(doing: impl Into<String>, method: Method, path: impl Into<String>) -> Self {
        Self { method, repeat: Repeat::Unsent, ..Self::get(doing, path) }
    }

    pub(crate) fn with_json(mut self, body: &Value) -> Self {
        self.body = Some(Bytes::from(body.to_string()));
        self
    }

    pub(crate) fn with_query(mut self, query: &[(&str, &str)]) -> Self {
        for (key, value) in query {
            self.path.push(if self.path.contains('?') { '&' } else { '?' });
            self.path.push_str(key);
            self.path.push('=');
            self.path.extend(utf8_percent_encode(value, OUTSIDE_QUERY));
        }
        self
    }
}

/// A name as one segment of a path; `None` for names that URLs take for directions.
pub(crate) fn segment(name: &str) -> Option<String> {
    (!matches!(name, "" | "." | "..")).then(|| utf8_percent_encode(name, OUTSIDE_SEGMENT).to_string())
}

/// The id of a daily item as one segment: a slash in it is encoded twice, as OpCon decodes twice.
pub(crate) fn daily_segment(id: &str) -> String {
    utf8_percent_encode(&id.replace('/', "%2F"), OUTSIDE_SEGMENT).to_string()
}

/// A complete answer that says it went well.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Where it came from.
    pub(crate) url: Option<String>,
    pub(crate) status: u16,
    /// `TotalResourceCount`, if the header was there.
    pub(crate) total: Option<usize>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value, Cause> {
        serde_json::from_slice(&self.body).map_err(|error| self.garbled(format!("is not JSON ({error})")))
    }

    pub(crate) fn garbled(&self, problem: impl Into<String>) -> Cause {
        Cause::Garbled { status: self.status, problem: problem.into(), start: first_words(&self.body) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_for_where_they_stand() {
        assert_eq!(segment("Pay Roll/ä?#%").as_deref(), Some("Pay%20Roll%2F%C3%A4%3F%23%25"));
        for direction in ["", ".", ".."] {
            assert_eq!(segment(direction), None);
        }
        assert_eq!(daily_segment("46346|1|1|A/B"), "46346%7C1%7C1%7CA%252FB");
        let request = Request::get("x", "/api/machines").with_query(&[("name", "A*,B &?"), ("limit", "5")]);
        assert_eq!(request.path, "/api/machines?name=A*,B%20%26%3F&limit=5");
    }
}
