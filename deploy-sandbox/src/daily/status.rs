//! The states of jobs and schedules, with the vendor's numbers and words.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The state of a daily job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum JobState {
    OnHold,
    Released,
    WaitStartTime,
    WaitJobDependency,
    WaitThresholdResource,
    WaitMachine,
    InitializationError,
    Running,
    FinishedOk,
    Failed,
    MarkedFinishedOk,
    MarkedFailed,
    UnderReview,
    Fixed,
    Skipped,
    Cancelled,
}

impl JobState {
    /// Status id, start status, description, category.
    fn row(self) -> (u32, Option<u32>, &'static str, &'static str) {
        match self {
            Self::OnHold => (0, Some(0), "On Hold", "Held"),
            Self::Released => (0, Some(100), "Released", "Waiting"),
            Self::WaitStartTime => (0, Some(110), "Wait Start Time", "Waiting"),
            Self::WaitJobDependency => (0, Some(120), "Wait Job Dependency", "Waiting"),
            Self::WaitThresholdResource => (0, Some(130), "Wait Threshold/Resource Dependency", "Waiting"),
            Self::WaitMachine => (0, Some(140), "Wait Machine", "Waiting"),
            Self::InitializationError => (210, None, "Initialization Error", "Failed"),
            Self::Running => (500, None, "Job Running", "Running"),
            Self::FinishedOk => (900, None, "Finished OK", "Finished Ok"),
            Self::Failed => (910, None, "Failed", "Failed"),
            Self::MarkedFinishedOk => (920, None, "Marked Finished OK", "Finished Ok"),
            Self::MarkedFailed => (921, None, "Marked Failed", "Failed"),
            Self::UnderReview => (930, None, "Under Review", "Under Review"),
            Self::Fixed => (931, None, "Fixed", "Fixed"),
            Self::Skipped => (940, None, "Skipped", "Skipped"),
            Self::Cancelled => (950, None, "Cancelled", "Cancelled"),
        }
    }

    pub(crate) fn json(self) -> Value {
        let (id, start, description, category) = self.row();
        json!({"id": id, "startStatus": start, "description": description, "category": category})
    }

    pub(crate) fn description(self) -> &'static str {
        self.row().2
    }

    pub(crate) fn category(self) -> &'static str {
        self.row().3
    }

    pub(crate) fn is_waiting(self) -> bool {
        self.category() == "Waiting"
    }

    /// Finished, one way or another; nothing happens to it by itself.
    pub(crate) fn is_over(self) -> bool {
        self != Self::OnHold && self != Self::Running && !self.is_waiting()
    }

    /// Over, and what depends on its success may go on.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::FinishedOk | Self::MarkedFinishedOk | Self::Fixed | Self::Skipped)
    }

    pub(crate) fn is_failed(self) -> bool {
        matches!(self, Self::Failed | Self::MarkedFailed | Self::InitializationError | Self::UnderReview)
    }
}

/// The state of a daily schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ScheduleState {
    WaitToStart,
    WaitContainerJob,
    OnHold,
    InProcess,
    Completed,
}

impl ScheduleState {
    fn row(self) -> (u32, &'static str, &'static str) {
        match self {
            Self::WaitToStart => (0, "Wait to Start", "Waiting"),
            Self::WaitContainerJob => (5, "Wait Container Job", "Waiting"),
            Self::OnHold => (10, "On Hold", "Held"),
            Self::InProcess => (50, "In Process", "Running"),
            Self::Completed => (90, "Completed", "Finished Ok"),
        }
    }

    pub(crate) fn json(self, contains_failed: bool) -> Value {
        let (id, description, category) = self.row();
        json!({
            "id": id, "description": description, "category": category,
            "containsFailedJobs": contains_failed,
        })
    }

    pub(crate) fn description(self) -> &'static str {
        self.row().1
    }
}
