//! The OpCon REST API: routes, and the few answers that need no state.
//!
//! Paths and query names have no case, a slash at the end does not matter,
//! and where the published document and the vendor's own clients name a field
//! differently an answer holds both names.

mod actions;
mod daily;
mod inventory;
mod lists;
mod masters;
mod shared;
mod tokens;

pub(crate) use lists::stamp;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Outcome, Refusal};
use crate::request::Request;
use crate::system::System;

/// The version of the REST API.
pub(crate) const API_VERSION: &str = "21.2.0.0";

/// The id of the feature Deploy in `GET /api/features`.
pub const DEPLOY_FEATURE: u32 = 5;

/// Answers a request on the port of the REST API.
pub(crate) fn handle(system: &System, request: &Request) -> Outcome {
    let route = request.route();
    let route: Vec<&str> = route.iter().map(String::as_str).collect();
    let Some(("api", route)) = route.split_first().map(|(first, rest)| (*first, rest)) else {
        return Err(nothing_here(request));
    };
    let method = request.method.as_str();
    match (method, route) {
        ("GET", ["version"]) => return Ok(Answer::ok(&json!({"opConRestApiProductVersion": API_VERSION}))),
        ("POST", ["tokens"]) => return tokens::sign_on(system, request),
        _ => {}
    }
    let token = system.signed_on(request)?;
    system.tick();
    match (method, route) {
        ("GET", ["tokens"]) => tokens::show(system, request, &token),
        ("DELETE", ["tokens"]) => tokens::sign_off(system, request),
        ("GET", ["features"]) => Ok(Answer::ok(&features(system))),
        ("GET", ["servicestatus"]) => {
            Ok(Answer::ok(&json!({"timeStamp": lists::stamp(system.clock.now()), "running": true})))
        }
        ("GET", ["serveroptions"]) => Ok(Answer::ok(&json!({"settings": []}))),
        (_, [first, rest @ ..]) => match *first {
            "machines" | "machinegroups" | "batchusers" | "users" => {
                inventory::handle(system, request, first, rest)
            }
            "roles" | "departments" | "accesscodes" | "calendars" | "resources" | "thresholds"
            | "globalproperties" => shared::handle(system, request, first, rest),
            "scripts" | "scriptversions" | "scriptrunners" => shared::scripts(system, request, first, rest),
            "masterschedules" | "masterjobs" | "frequencies" | "jobtags" | "namedinstances" | "impex" => {
                masters::handle(system, request, first, rest)
            }
            "dailyschedules" => daily::schedules(system, request, rest),
            "dailyjobs" => daily::jobs(system, request, rest),
            "schedulebuilds" | "scheduleactions" | "jobactions" | "machineactions" | "deleteactions"
            | "jobinstanceactions" => actions::handle(system, request, first, rest),
            _ => Err(nothing_here(request)),
        },
        _ => Err(nothing_here(request)),
    }
}

fn nothing_here(request: &Request) -> Refusal {
    Refusal::one(
        StatusCode::NOT_FOUND,
        "request",
        &request.path,
        "There is nothing at this address of the API",
    )
}

fn not_allowed(request: &Request) -> Refusal {
    let message = format!("{} is not allowed here", request.method);
    Refusal::one(StatusCode::METHOD_NOT_ALLOWED, "request", &request.path, message)
}

fn features(system: &System) -> Value {
    let feature =
        |id: u32, name: &str| json!({"id": id, "name": name, "licenses": 10, "valid": true, "userIds": []});
    let mut features =
        vec![feature(1, "Dashboard"), feature(2, "Self Service"), feature(3, "API"), feature(4, "Vision")];
    if system.deploy_licence {
        features.push(feature(DEPLOY_FEATURE, "Deploy"));
    }
    Value::Array(features)
}
