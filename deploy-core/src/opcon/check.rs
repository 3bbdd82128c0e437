//! The steps of checking a server, as data.

use serde::Serialize;
use tokio::time::Instant;

use super::OpConSystem as _;
use super::error::{Cause, OpConError, Service};
use super::http::HttpSystem;
use super::model::Counts;

/// What is looked at, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum CheckStep {
    RestTls,
    Version,
    SignOn,
    ImpexTls,
    Impex,
    Licence,
    Counts,
    RoundTrip,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CheckOutcome {
    /// As it should be.
    Passed {
        /// What was found.
        found: String,
    },
    /// Not as it should be.
    Failed {
        /// What is wrong.
        problem: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Not looked at, because something before it failed.
    Skipped {
        /// Why.
        because: String,
    },
}

/// One line of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// What was looked at.
    pub step: CheckStep,
    /// How it went.
    #[serde(flatten)]
    pub outcome: CheckOutcome,
}

/// Connects for real and looks at everything a deployment needs.
pub async fn check(system: &HttpSystem) -> Vec<CheckLine> {
    let mut lines = Vec::new();
    let mut line = |step, outcome| lines.push(CheckLine { step, outcome });

    let version = system.rest_version().await;
    line(CheckStep::RestTls, tls(system, Service::Rest, version.as_ref().err()));
    let sign_on = match version {
        Ok(_) => Some(system.sign_on().await),
        Err(_) => None,
    };
    line(CheckStep::Version, outcome(version, |version| format!("OpCon {version}")));
    let signed_on = matches!(sign_on, Some(Ok(())));
    line(
        CheckStep::SignOn,
        match sign_on {
            Some(result) => outcome(result, |()| format!("as {}", system.who())),
            None => skipped("the OpCon REST API did not tell its version"),
        },
    );

    let impex = if signed_on { system.impex_version().await } else { system.impex_version_unsigned().await };
    line(CheckStep::ImpexTls, tls(system, Service::Impex, impex.as_ref().err()));
    line(
        CheckStep::Impex,
        match impex {
            Err(error) if !signed_on && matches!(*error.cause, Cause::SignOnRefused { .. }) => {
                skipped("it answers, but there is no sign-on")
            }
            result => outcome(result, |version| format!("ImpEx2 {version}")),
        },
    );

    if !signed_on {
        for step in [CheckStep::Licence, CheckStep::Counts, CheckStep::RoundTrip] {
            line(step, skipped("there is no sign-on"));
        }
        return lines;
    }
    let licence = system.require_licence().await;
    line(CheckStep::Licence, outcome(licence, |()| "licensed for Deploy".to_owned()));
    line(CheckStep::Counts, outcome(system.counts().await, describe));
    let started = Instant::now();
    let answered = system.rest_version().await;
    let took = started.elapsed();
    line(CheckStep::RoundTrip, outcome(answered, |_| format!("{:.1} ms", took.as_secs_f64() * 1000.0)));
    lines
}

fn describe(counts: Counts) -> String {
    let Counts { machines, machine_groups, users, schedules } = counts;
    format!("{machines} machines, {machine_groups} machine groups, {users} users, {schedules} schedules")
}

fn outcome<T>(result: Result<T, OpConError>, found: impl FnOnce(T) -> String) -> CheckOutcome {
    match result {
        Ok(value) => CheckOutcome::Passed { found: found(value) },
        Err(error) => CheckOutcome::Failed { problem: error.on_one_line(), hint: error.hint() },
    }
}

fn skipped(because: &str) -> CheckOutcome {
    CheckOutcome::Skipped { because: because.to_owned() }
}

/// The certificate of a service that was just asked, or why there is none to show.
fn tls(system: &HttpSystem, service: Service, error: Option<&OpConError>) -> CheckOutcome {
    if let Some(error) = error
        && matches!(*error.cause, Cause::Tls(_))
    {
        return CheckOutcome::Failed { problem: error.cause.to_string(), hint: error.hint() };
    }
    if !system.transport.speaks_tls(service) {
        let port = system.transport.port(service);
        return CheckOutcome::Passed { found: format!("plain HTTP on port {port}, as the server file says") };
    }
    let Some(certificate) = system.certificate(service) else { return skipped("no connection came about") };
    let until = certificate.not_after.map(|date| date.format(", valid until %Y-%m-%d").to_string());
    CheckOutcome::Passed {
        found: format!(
            "{}, issued by {}{} ({})",
            certificate.subject,
            certificate.issuer,
            until.unwrap_or_default(),
            certificate.fingerprint
        ),
    }
}
