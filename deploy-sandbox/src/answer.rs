//! Answers, and the vendor's array of errors.

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// What a request is answered with.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    /// The header `TotalResourceCount`.
    pub(crate) total: Option<usize>,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self { status, body: Bytes::from(value.to_string()), total: None }
    }

    pub(crate) fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    pub(crate) fn bytes(body: Bytes) -> Self {
        Self { status: StatusCode::OK, body, total: None }
    }

    pub(crate) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: Bytes::new(), total: None }
    }
}

/// Why a request is not done: a status, and one entry per thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) errors: Vec<ApiError>,
}

/// One entry of the vendor's error array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    /// The kind of thing that is wrong.
    pub(crate) resource: String,
    pub(crate) name: String,
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(resource: &str, name: &str, code: i64, message: impl Into<String>) -> Self {
        Self { resource: resource.to_owned(), name: name.to_owned(), code, message: message.into() }
    }
}

impl Refusal {
    pub(crate) fn one(status: StatusCode, resource: &str, name: &str, message: impl Into<String>) -> Self {
        let code = i64::from(status.as_u16());
        Self { status, errors: vec![ApiError::new(resource, name, code, message)] }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::one(StatusCode::BAD_REQUEST, "request", "", message)
    }

    pub(crate) fn missing(resource: &str, name: &str) -> Self {
        Self::one(StatusCode::NOT_FOUND, resource, name, format!("The {resource} '{name}' does not exist"))
    }

    pub(crate) fn conflict(resource: &str, name: &str) -> Self {
        Self::one(StatusCode::CONFLICT, resource, name, format!("The {resource} '{name}' exists already"))
    }

    /// The exact message on which clients renew their token.
    pub(crate) fn token() -> Self {
        Self::one(StatusCode::UNAUTHORIZED, "token", "", "Invalid token specified")
    }

    pub(crate) fn answer(&self) -> Answer {
        let errors = self.errors.iter().map(|error| {
            json!({
                "resource": error.resource,
                "name": error.name,
                "code": error.code,
                "message": error.message,
            })
        });
        Answer::json(self.status, &Value::Array(errors.collect()))
    }
}

pub(crate) type Outcome = Result<Answer, Refusal>;
