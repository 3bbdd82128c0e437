//! How far a job is, as the records branch keeps it.
//!
//! A job without a state waits. What follows from the clock or from other jobs
//! (that one has expired, that one is aborted) is worked out by [`super::look`],
//! and written down by the next runner.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::{Deed, Job, What, WhatError};
use crate::repository::records::{Person, RecordId};

/// The code of a failure that was not the target's: its reason is in the message.
pub const OWN_FAILURE: i32 = -9999;
/// The code of a job that was not begun, since another one failed.
pub const ABORTED: i32 = -8888;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It has not begun.
    Waiting,
    /// A runner has it.
    Running,
    /// It did what it should.
    Succeeded,
    /// What it should do was done already.
    AlreadyThere,
    /// It did not; see code and message.
    Failed,
    /// Another rollout wanted something else at the same time.
    Conflict,
    /// Its time was over before it began.
    Expired,
    /// Somebody took it out.
    Cancelled,
}

/// The state of a job (`rollouts/<id>/<server>/<job>.toml` of the records branch).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobState {
    /// What is done.
    pub deed: Deed,
    /// With what.
    pub what: String,
    /// Where.
    pub server: String,
    /// In which wave, from 0.
    pub wave: usize,
    /// How far it is.
    pub state: State,
    /// How often it was begun.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Of a failure: below zero ours, above zero as the program exits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// Why it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When a runner took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<DateTime<FixedOffset>>,
    /// When its target was first touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<DateTime<FixedOffset>>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<FixedOffset>>,
    /// Who ran it, or took it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
    /// The runner that has it: a name of its own for every run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The record of what it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordId>,
    /// Schedules that the version before had and this one has not: they go when it has succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<String>,
}

impl State {
    /// Whether nothing more will happen by itself.
    pub fn is_end(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    /// Whether what should be is so.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Succeeded | Self::AlreadyThere)
    }

    /// Whether others are aborted for it.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Conflict)
    }

    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::AlreadyThere => "already there",
            Self::Failed => "failed",
            Self::Conflict => "conflict",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl JobState {
    /// Of a job that waits.
    pub fn waiting(job: &Job) -> Self {
        Self {
            deed: job.deed,
            what: job.what.to_string(),
            server: job.server.clone(),
            wave: job.wave,
            state: State::Waiting,
            attempts: 0,
            code: None,
            message: None,
            taken: None,
            begun: None,
            ended: None,
            by: None,
            run: None,
            record: None,
            leftovers: Vec::new(),
        }
    }

    /// The same job at its end.
    pub fn ended(&self, state: State, message: Option<String>, at: DateTime<FixedOffset>) -> Self {
        Self { state, code: None, message, ended: Some(at), run: None, ..self.clone() }
    }

    /// The same job, failed.
    pub fn failed(&self, code: i32, message: impl Into<String>, at: DateTime<FixedOffset>) -> Self {
        Self { code: Some(code), ..self.ended(State::Failed, Some(message.into()), at) }
    }

    /// The same job, to be done once more.
    pub fn again(&self) -> Self {
        Self {
            state: State::Waiting,
            code: None,
            message: None,
            taken: None,
            begun: None,
            ended: None,
            run: None,
            ..self.clone()
        }
    }

    /// The job it is of.
    pub fn job(&self, rollout: &str) -> Result<Job, WhatError> {
        let what = What::parse(&self.what, self.deed == Deed::Uninstall)?;
        Ok(Job::new(rollout, self.deed, what, &self.server, self.wave))
    }

    /// From the moment it was taken to its end, and from the first touch of the target to its end.
    pub fn runtimes(
        &self,
        now: DateTime<FixedOffset>,
    ) -> (Option<chrono::Duration>, Option<chrono::Duration>) {
        let until = match self.state {
            State::Running => Some(now),
            _ => self.ended,
        };
        let since = |from: Option<DateTime<FixedOffset>>| Some(until? - from?);
        (since(self.taken), since(self.begun))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn states_survive_being_written() {
        let at = DateTime::parse_from_rfc3339("2026-12-01T18:00:00+01:00").unwrap();
        let job = Job::new("q4", Deed::Deploy, What::parse("package:FIN@14", false).unwrap(), "PROD A", 1);
        let mut state = JobState { taken: Some(at), begun: Some(at), attempts: 2, ..JobState::waiting(&job) };
        state.leftovers = vec!["Old \"one\"".to_owned()];
        let failed =
            state.failed(OWN_FAILURE, "the server\ndid not come up", at + chrono::Duration::seconds(90));
        let text = toml::to_string(&failed).unwrap();
        assert_eq!(toml::from_str::<JobState>(&text).unwrap(), failed);
        assert_eq!(failed.job("q4").unwrap(), job);
        let (total, effective) = failed.runtimes(at);
        assert_eq!((total.unwrap().num_seconds(), effective.unwrap().num_seconds()), (90, 90));
        let again = failed.again();
        assert_eq!((again.state, again.attempts, again.ended, again.code), (State::Waiting, 2, None, None));
        assert_eq!(again.runtimes(at), (None, None));
    }
}
