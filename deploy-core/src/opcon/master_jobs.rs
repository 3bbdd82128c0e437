//! Master jobs, as far as it matters which schedules run which others.

use super::error::OpConError;
use super::http::HttpSystem;
use super::wire::{FromWire, Wire};

/// The schedule that a master job is in.
struct HomeOfJob(String);

impl FromWire for HomeOfJob {
    const WHAT: &'static str = "a job";

    fn from_wire(wire: Wire<'_>) -> Option<Self> {
        let schedule = wire.object(&["schedule"]).and_then(|schedule| schedule.text(&["name"]));
        schedule.or_else(|| wire.text(&["scheduleName"])).map(Self)
    }
}

impl HttpSystem {
    /// The schedules that have container jobs, by name.
    pub(crate) async fn list_containing(&self) -> Result<Vec<String>, OpConError> {
        let query = [("jobType", "Container")];
        let jobs: Vec<HomeOfJob> = self.list("the container jobs", "/api/masterjobs", &query).await?;
        let mut schedules: Vec<String> = jobs.into_iter().map(|job| job.0).collect();
        schedules.sort();
        schedules.dedup();
        Ok(schedules)
    }
}
