//! Why there is no plan.

use crate::definition::ReadError;
use crate::opcon::OpConError;
use crate::repository::OpenError;
use crate::repository::drift_accepted::AcceptedError;
use crate::repository::records::RecordsError;
use crate::repository::records::log::{FullError, LogError};
use crate::repository::rule_files::{PrepareError, RuleFile, RuleFileError};
use crate::rules::RuleError;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The target did not answer as it should.
    #[error(transparent)]
    System(#[from] OpConError),
    /// Rules were not made ready.
    #[error(transparent)]
    Rules(#[from] PrepareError),
    /// A rule could not be read.
    #[error(transparent)]
    RuleFile(#[from] RuleFileError),
    /// The rules cannot be applied.
    #[error("{error}")]
    Rule {
        /// Why.
        error: Box<RuleError>,
        /// The files of the rules.
        files: Vec<RuleFile>,
    },
    /// The stored content is not a definition.
    #[error("schedule `{schedule}` (`{path}`): {source}")]
    Unreadable {
        /// The schedule.
        schedule: String,
        /// Its file.
        path: String,
        /// What is wrong with it.
        source: ReadError,
    },
    /// The file of a schedule holds another one, or several.
    #[error("`{path}` is the file of schedule `{schedule}` and holds `{}`", holds.join("`, `"))]
    OtherContent {
        /// The schedule.
        schedule: String,
        /// Its file.
        path: String,
        /// What it holds.
        holds: Vec<String>,
    },
    /// The accepted differences of main cannot be read.
    #[error(transparent)]
    Accepted(#[from] AcceptedError),
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The log of the records could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An earlier record could not be read.
    #[error(transparent)]
    Earlier(#[from] FullError),
    /// What was deployed is recorded, and cannot be read.
    #[error("what was deployed as `{schedule}` on `{server}` cannot be read from the records: {source}")]
    Deployed {
        /// The schedule, by its name on the server.
        schedule: String,
        /// The server.
        server: String,
        /// What is wrong with it.
        source: ReadError,
    },
    /// The repository could not be opened once more.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An object could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}
