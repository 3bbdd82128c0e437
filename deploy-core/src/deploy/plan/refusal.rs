//! What a plan must not be executed for, unless it is accepted in so many words.

use serde::Serialize;

use super::{LocalChange, Plan};
use crate::deploy::{Accept, Entrance};

/// One reason not to execute a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What it is about.
    pub kind: RefusalKind,
    /// The schedule, by its name on the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Why, without a full stop.
    pub message: String,
    /// The differences, where there are some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub local_changes: Vec<LocalChange>,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// A check has errors: that cannot be accepted.
    Errors,
    /// What stands on a production server is not what was deployed.
    Drift,
    /// A server that is not production has the schedule already.
    Existing,
    /// What stands there has neither deployment information nor a record.
    Unknown,
    /// Checks have warnings.
    Warnings,
    /// The content was rolled away from.
    Pinned,
}

impl RefusalKind {
    /// The option that accepts it; nothing accepts errors.
    pub fn option(self) -> Option<&'static str> {
        match self {
            Self::Errors => None,
            Self::Drift => Some("--accept-drift"),
            Self::Existing => Some("--accept-existing"),
            Self::Unknown => Some("--accept-unknown"),
            Self::Warnings => Some("--accept-warnings"),
            Self::Pinned => Some("--accept-pinned"),
        }
    }
}

impl Plan {
    /// Why it must not be executed, given what was accepted.
    pub fn refusals(&self, accept: &Accept, entrance: Entrance) -> Vec<Refusal> {
        let _ = (accept, entrance);
        Vec::new()
    }
}
