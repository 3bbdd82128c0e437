//! Work that waits for its time: what its record says of it.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::Digest;

/// When an operation begins, who starts it, and what exactly it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// The moment, as the clock of the batch server shows it.
    pub at: DateTime<FixedOffset>,
    /// The time zone of that clock.
    pub zone: String,
    /// The batch server.
    pub server: String,
    /// The schedule whose job starts it.
    pub schedule: String,
    /// The id of that job in the daily, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Whether the latest at that time is taken instead of what was chosen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_then: bool,
    /// What was asked for: schedules with their versions, a package, or patterns.
    pub what: Vec<String>,
    /// The rules of the deployment, as they were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Where definitions, packages and rules are taken from: a commit, or what was written for `--ref`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the plan rested on that it must rest on then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDigests>,
    /// Of an import: what it does besides making versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportWords>,
}

/// What a plan rests on, besides its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDigests {
    /// The schedules and the package.
    pub source: Digest,
    /// The rules and what they are told.
    pub rules: Digest,
}

/// What an import does besides making versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportWords {
    /// Whether container jobs are followed.
    pub sub_schedules: bool,
    /// The package that what was imported is put into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The folder of schedules that are new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The branch that it commits to, in place of main.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}
