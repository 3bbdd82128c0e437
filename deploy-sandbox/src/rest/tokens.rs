//! Sign-on and sign-off.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::lists::stamp;
use crate::answer::{Answer, ApiError, Outcome, Refusal};
use crate::config::PASSWORD;
use crate::request::Request;
use crate::system::{System, Token};
use crate::text::{boolean, field, text};

/// The vendor's code of a user that may not sign on.
const USER_DISABLED: i64 = 2003;

pub(super) fn sign_on(system: &System, request: &Request) -> Outcome {
    let body = request.json()?;
    let user = field(&body, "user").ok_or_else(|| Refusal::malformed("The token has no user"))?;
    let login = text(user, "loginName").unwrap_or_default();
    let password = text(user, "password").unwrap_or_default();
    let kind = field(&body, "tokenType");
    let application = match kind.and_then(|kind| text(kind, "type")).as_deref() {
        None => None,
        Some(name) if name.eq_ignore_ascii_case("user") => None,
        Some(name) if name.eq_ignore_ascii_case("application") => {
            let id = kind.and_then(|kind| text(kind, "id"));
            Some(id.ok_or_else(|| Refusal::malformed("The token of an application has no id"))?)
        }
        Some(other) => return Err(Refusal::malformed(format!("The token type '{other}' does not exist"))),
    };
    let known = system.read(|state| state.inventory.user(&login).cloned());
    match known {
        Some(user) if password == PASSWORD => {
            if boolean(&user, "isDisabled") == Some(true) {
                let error =
                    ApiError::new("user", &login, USER_DISABLED, format!("The user '{login}' is disabled"));
                return Err(Refusal { status: StatusCode::UNAUTHORIZED, errors: vec![error] });
            }
        }
        _ => {
            let message = "Invalid user name or password";
            return Err(Refusal::one(StatusCode::UNAUTHORIZED, "user", &login, message));
        }
    }
    let id = new_id();
    let token = system.sign_on(id.clone(), &login, application);
    Ok(Answer::ok(&view(system, &id, &token)))
}

pub(super) fn show(system: &System, request: &Request, token: &Token) -> Outcome {
    Ok(Answer::ok(&view(system, request.token.as_deref().unwrap_or_default(), token)))
}

pub(super) fn sign_off(system: &System, request: &Request) -> Outcome {
    if let Some(id) = &request.token {
        system.sign_off(id);
    }
    Ok(Answer::ok(&json!({})))
}

fn view(system: &System, id: &str, token: &Token) -> Value {
    let user = system.read(|state| state.inventory.user(&token.user).cloned()).unwrap_or_default();
    json!({
        "id": id,
        "user": user,
        "tokenType": {
            "id": token.application,
            "type": if token.application.is_some() { "Application" } else { "User" },
        },
        "validFrom": stamp(token.from),
        "validUntil": stamp(token.until),
        "passwordExpired": false,
    })
}

/// A token nobody guesses: two keys of the standard library's hash maps, which are random.
fn new_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    let part = || RandomState::new().hash_one(std::time::SystemTime::now());
    format!("{:016x}{:016x}", part(), part())
}
