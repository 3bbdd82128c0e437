//! An OpCon system: what the library asks of one, and how it is reached.
//!
//! [`OpConSystem`] says what a system can do; [`HttpSystem`] does it over HTTP:
//! the published REST API for sign-on, licence, inventory and the daily, and
//! ImpEx2, whose routes come from a [`ConnectorProfile`], for whole
//! definitions. Nothing here reads a file or the environment: a [`Connection`]
//! and a [`Credential`] come in as values.

mod answering;
mod body;
mod certificate;
mod check;
mod connection;
mod credential;
mod daily;
mod daily_model;
mod error;
mod http;
mod impex;
mod model;
mod profile;
mod request;
mod rest;
mod retry;
mod scripts;
mod session;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
mod wire;

use async_trait::async_trait;
use chrono::NaiveDate;

pub use certificate::{Certificate, Fingerprint};
pub use check::{CheckLine, CheckOutcome, CheckStep, check};
pub use connection::{Connection, Endpoint, Proxy};
pub use credential::{Credential, Secret};
pub use daily_model::{
    Build, DailyItem, DailyJob, DailySchedule, DeployInformation, JobAction, NewJob, Progress,
    ScheduleAction, Status, Wait,
};
pub use error::{Cause, OpConError, Service};
pub use http::HttpSystem;
pub use impex::{AutoBuild, Extract, ImportRules, Inserted};
pub use model::{
    BatchUser, Calendar, Counter, Counts, GlobalProperty, Inventory, Licence, Machine, MachineGroup,
    MasterJob, MasterSchedule, Named, Script, ScriptVersion, SystemVersion,
};
pub use profile::{
    Authentication, ConnectorProfile, DeleteRoute, ExtractRoute, InsertRoute, LicenceRoute, Method,
    ProfileError, Scheme, VersionRoute,
};
pub use rest::NamePattern;
pub use retry::{Outcome, Repeat, RetryPolicy};
pub use scripts::{ScriptText, ScriptTexts};
pub use tls::{TlsFault, TlsProblem, Trust};
pub use wire::ErrorItem;

use crate::definition::Definition;

/// What can be asked of an OpCon system.
#[async_trait]
pub trait OpConSystem: Send + Sync {
    /// The versions of both services.
    async fn version(&self) -> Result<SystemVersion, OpConError>;

    /// The OpCon user under whom everything is done; `None` if an application token has none.
    async fn user(&self) -> Result<Option<String>, OpConError>;

    /// The licence for Deploy, valid or not.
    async fn licence(&self) -> Result<Licence, OpConError>;

    /// Refuses a system without a valid licence for Deploy.
    async fn require_licence(&self) -> Result<(), OpConError>;

    /// The schedules whose names fit one of the patterns (`*`, `?`; all if there are none), by name.
    async fn schedules(&self, patterns: &[&str]) -> Result<Vec<MasterSchedule>, OpConError>;

    /// The schedules that have container jobs, by name.
    async fn containing_schedules(&self) -> Result<Vec<String>, OpConError>;

    /// The jobs of some schedules, by OpCon's numbers for these.
    async fn master_jobs(&self, schedules: &[i64]) -> Result<Vec<MasterJob>, OpConError>;

    /// The complete definition of one schedule.
    async fn extract(&self, name: &str) -> Result<Extract, OpConError>;

    /// Writes a definition, all of it or nothing. Never repeated by itself;
    /// [`OpConError::maybe_done`] says when it may have happened nevertheless.
    async fn insert(&self, definition: &Definition, rules: &ImportRules) -> Result<Inserted, OpConError>;

    /// Writes versions of scripts, all of them or nothing. A number that is there with another
    /// text is refused; with `reset` what is there is replaced by what is sent. Never repeated by
    /// itself, as `insert`.
    async fn insert_scripts(&self, scripts: &[ScriptTexts], reset: bool) -> Result<(), OpConError>;

    /// Removes a schedule, and its instances in the daily.
    async fn delete(&self, name: &str) -> Result<(), OpConError>;

    /// What definitions may refer to.
    async fn inventory(&self) -> Result<Inventory, OpConError>;

    /// How much there is.
    async fn counts(&self) -> Result<Counts, OpConError>;

    /// The scripts whose names fit a pattern, with their versions.
    async fn scripts(&self, pattern: &str) -> Result<Vec<Script>, OpConError>;

    /// The text of one version of a script.
    async fn script_content(&self, script: &Script, number: i64) -> Result<String, OpConError>;

    /// The instances of a schedule (or of those that fit a pattern) on some dates.
    async fn daily_schedules(
        &self,
        name: &str,
        dates: &[NaiveDate],
    ) -> Result<Vec<DailySchedule>, OpConError>;

    /// The jobs of an instance of a schedule.
    async fn daily_jobs(&self, instance: &str) -> Result<Vec<DailyJob>, OpConError>;

    /// One job in the daily.
    async fn daily_job(&self, id: &str) -> Result<DailyJob, OpConError>;

    /// Puts a schedule into the daily and waits until it is there.
    async fn build(&self, build: &Build, wait: Wait) -> Result<(), OpConError>;

    /// Adds a job to an instance of a schedule, waits until it is there, and gives its id.
    async fn add_job(&self, job: &NewJob, wait: Wait) -> Result<String, OpConError>;

    /// Changes when a daily job starts: days after the start of its schedule (0.5 is 12 hours).
    async fn set_start_offset(&self, job: &str, days: f64) -> Result<(), OpConError>;

    /// Holds, releases, starts or closes an instance of a schedule.
    async fn act_on_schedule(
        &self,
        instance: &str,
        action: ScheduleAction,
        reason: &str,
        wait: Wait,
    ) -> Result<(), OpConError>;

    /// Holds, releases, starts, cancels or kills a daily job.
    async fn act_on_job(
        &self,
        job: &str,
        action: JobAction,
        reason: &str,
        wait: Wait,
    ) -> Result<(), OpConError>;

    /// Removes jobs or schedules from the daily.
    async fn delete_daily(&self, items: &[DailyItem]) -> Result<(), OpConError>;

    /// Ends the sign-on.
    async fn sign_off(&self) -> Result<(), OpConError>;
}
