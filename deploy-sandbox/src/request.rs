//! A request as the handlers see it: decoded path, query names in lower
//! case, the body as JSON.

use axum::body::Bytes;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::answer::Refusal;
use crate::text;

/// What was asked.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The decoded parts of the path.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Query,
    pub(crate) token: Option<String>,
    body: Bytes,
}

impl Request {
    pub(crate) fn new(parts: &Parts, body: Bytes) -> Self {
        let path = parts.uri.path().to_owned();
        let segments = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let token = parts
            .headers
            .get(axum::http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("token"))
            .map(|(_, token)| token.trim().to_owned());
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        Self { method: parts.method.as_str().to_owned(), path, segments, query, token, body }
    }

    /// Lets the schedules of a definition that is sent start at another time.
    pub(crate) fn alter(&mut self, time: &str) {
        let Ok(mut body) = self.json() else { return };
        let schedules = body.pointer_mut("/opConExtract/scheduleList").and_then(Value::as_array_mut);
        for schedule in schedules.into_iter().flatten() {
            schedule["startTime"] = time.into();
        }
        self.body = body.to_string().into();
    }

    /// The parts of the path in lower case, as routes are matched.
    pub(crate) fn route(&self) -> Vec<String> {
        self.segments.iter().map(|segment| segment.to_lowercase()).collect()
    }

    /// The body, which must be a JSON object.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) => Err(Refusal::malformed("The request body must be a JSON object")),
            Err(error) => Err(Refusal::malformed(format!("The request body is not JSON: {error}"))),
        }
    }
}

/// The parameters behind the question mark.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes());
        Self(
            pairs
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of any of these parameters, also those joined by commas.
    pub(crate) fn list(&self, names: &[&str]) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| names.contains(&key.as_str()))
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name)
            .map(|value| {
                text::truth(value).ok_or_else(|| {
                    Refusal::malformed(format!("The value '{value}' of {name} is not a boolean"))
                })
            })
            .transpose()
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        self.get(name)
            .map(|value| {
                value
                    .parse()
                    .map_err(|_| Refusal::malformed(format!("The value '{value}' of {name} is not a number")))
            })
            .transpose()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn query_names_have_no_case_and_values_may_be_lists() {
        let query = Query::parse("IDS=1,2&ids=3&Name=Pay+roll%2B&limit=&IncludeCount=True&offset=x");
        assert_eq!(query.list(&["ids"]), ["1", "2", "3"]);
        assert_eq!(query.get("name"), Some("Pay roll+"));
        assert_eq!(query.number("limit"), Ok(None));
        assert_eq!(query.flag("includecount"), Ok(Some(true)));
        assert!(query.number("offset").is_err());
    }
}
