//! Why an operation did not end as planned, and what stands there then.

use crate::definition::ReadError;
use crate::opcon::OpConError;
use crate::repository::records::{LeaseError, LedgerError, RecordId};

/// Why an operation did not end as planned.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The beginning could not be recorded.
    #[error("{source}; nothing was changed on `{server}`")]
    NotBegun {
        /// The target.
        server: String,
        /// Why not.
        source: Box<LedgerError>,
    },
    /// The user stopped it in time.
    #[error("stopped; nothing was changed on `{server}`")]
    Stopped {
        /// The target.
        server: String,
    },
    /// The lease was lost before the target was touched.
    #[error("{source}; nothing was changed on `{server}`")]
    LeaseLost {
        /// The target.
        server: String,
        /// How it was lost.
        source: Box<LeaseError>,
    },
    /// The target refused, or failed; what stood there stands there.
    #[error("{}; on `{server}` {what} is as it was before", source.on_one_line())]
    Failed {
        /// The target.
        server: String,
        /// The schedule or the package.
        what: String,
        /// What it said.
        source: Box<OpConError>,
    },
    /// The target refused, and yet what stands there is no longer what stood there.
    #[error("{}; and `{name}` on `{server}` is no longer what it was before: {}", source.on_one_line(), on_one_line(changed))]
    FailedAndChanged {
        /// The target.
        server: String,
        /// What it said.
        source: Box<OpConError>,
        /// The schedule.
        name: String,
        /// What differs, in lines.
        changed: Vec<String>,
    },
    /// The target took it, did not hold it, and what stood there before was put back.
    #[error(
        "`{server}` took {what}, but did not hold what was sent; what stood there before was put back: {}",
        on_one_line(differs)
    )]
    PutBack {
        /// The target.
        server: String,
        /// The schedule or the package.
        what: String,
        /// What differed, in lines.
        differs: Vec<String>,
    },
    /// It is not known what stands there, or it is neither what was nor what should be.
    #[error("{what} on `{server}`: {why}")]
    Open {
        /// The target.
        server: String,
        /// The schedule or the package.
        what: String,
        /// The record that was left open.
        record: RecordId,
        /// What is known.
        why: Box<Unsettled>,
    },
    /// What was done could not be recorded.
    #[error("{what} {stands} on `{server}`, but that could not be recorded: {source}")]
    NotEnded {
        /// The target.
        server: String,
        /// The schedule or the package.
        what: String,
        /// What stands there.
        stands: &'static str,
        /// The record that was left open.
        record: RecordId,
        /// Why not.
        source: Box<LedgerError>,
    },
    /// What was stored cannot be read.
    #[error("`{name}`: {source}; nothing was changed on `{server}`")]
    Unreadable {
        /// The target.
        server: String,
        /// The schedule.
        name: String,
        /// What is wrong with it.
        source: ReadError,
    },
}

/// The lines of a difference in one, without those that only say where it is.
pub(super) fn on_one_line(lines: &[String]) -> String {
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let is_change = |line: &&&str| line.starts_with(['~', '+', '-']);
    let changes: Vec<&str> = trimmed.iter().filter(is_change).copied().collect();
    if changes.is_empty() { trimmed.join("; ") } else { changes.join("; ") }
}

/// What is known of a target whose operation was left open.
#[derive(Debug, thiserror::Error)]
pub enum Unsettled {
    /// It said that it took it, and could not be read back.
    #[error("it was taken, but could not be read back: {}", .0.on_one_line())]
    NotRead(OpConError),
    /// A process was cut off, and it could not be looked at.
    #[error("a command was cut off while it changed it, and it cannot be read: {}", .0.on_one_line())]
    CutOff(OpConError),
    /// Whether it took it is not known.
    #[error("whether it was taken is not known ({}), and it could not be read back: {}", touched.on_one_line(), read.on_one_line())]
    Unknown {
        /// What came of it.
        touched: OpConError,
        /// Why it could not be read back.
        read: OpConError,
    },
    /// Something else stands there.
    #[error("`{name}` is neither what stood there before nor what was sent{}", touched.as_ref().map(|error| format!(" ({})", error.on_one_line())).unwrap_or_default())]
    Neither {
        /// The schedule.
        name: String,
        /// What came of it, where that is known.
        touched: Option<OpConError>,
        /// How it differs from what was sent, in lines.
        differs: Vec<String>,
    },
    /// What stood there before could not be put back.
    #[error("it does not hold what was sent, and what stood there before could not be put back: {}", .0.on_one_line())]
    NotPutBack(OpConError),
}
