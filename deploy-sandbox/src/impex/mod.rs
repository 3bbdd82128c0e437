//! ImpEx: extracting and inserting whole definitions, one transaction each,
//! on a port of its own. The routes are those of the default connector
//! profile; see the [crate](crate#impex).

mod check;
mod extract;
mod insert;
mod large;
mod master;
mod renumber;
mod scripts;

use axum::http::StatusCode;
use serde_json::json;

pub(crate) use insert::{ImportRules, apply, insert, settled};
pub(crate) use large::{MACHINES, USER};
pub(crate) use master::{Master, Stored};

use crate::answer::{Answer, Outcome, Refusal};
use crate::request::Request;
use crate::system::System;

/// The release that an extract names.
pub(crate) const OPCON_VERSION: &str = "23.0.1";

/// Answers a request on the ImpEx port.
pub(crate) fn handle(system: &System, request: &Request) -> Outcome {
    let route = request.route();
    let route: Vec<&str> = route.iter().map(String::as_str).collect();
    match (request.method.as_str(), route.as_slice()) {
        ("GET", ["impex2", "version"]) => Ok(Answer::ok(&json!({"version": OPCON_VERSION}))),
        ("GET", ["impex2", "schedules", _]) => {
            enter(system, request)?;
            let name = &request.segments[2];
            let found = system.read(|state| {
                let master = state.master(name)?.clone();
                Some(extract::bytes(&master, state, system.clock.now()))
            });
            found.map(Answer::bytes).ok_or_else(|| Refusal::missing("schedule", name))
        }
        ("POST", ["impex2", "schedules"]) => {
            enter(system, request)?;
            let names = insert(system, request.json()?)?;
            Ok(Answer::ok(&json!({"result": "success", "schedules": names})))
        }
        ("DELETE", ["impex2", "schedules", _]) => {
            enter(system, request)?;
            let name = &request.segments[2];
            if !insert::delete(system, name) {
                return Err(Refusal::missing("schedule", name));
            }
            Ok(Answer::ok(&json!({"result": "success"})))
        }
        (_, ["impex2", "version" | "schedules"] | ["impex2", "schedules", _]) => Err(Refusal::one(
            StatusCode::METHOD_NOT_ALLOWED,
            "request",
            &request.path,
            format!("{} is not allowed here", request.method),
        )),
        _ => Err(Refusal::one(
            StatusCode::NOT_FOUND,
            "request",
            &request.path,
            "There is nothing at this address of ImpEx",
        )),
    }
}

fn enter(system: &System, request: &Request) -> Result<(), Refusal> {
    system.signed_on(request)?;
    if system.deploy_licence {
        return Ok(());
    }
    Err(Refusal::one(StatusCode::FORBIDDEN, "licence", "Deploy", "This system is not licensed for Deploy"))
}
