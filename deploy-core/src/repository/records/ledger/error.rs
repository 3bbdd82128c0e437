//! Why an entry does not stand.

use std::sync::Arc;

use crate::repository::change::CommitError;
use crate::repository::git::{Git, GitError};
use crate::repository::push::last_author;
use crate::repository::records::place::described;
use crate::repository::records::{RecordsError, plain};

/// Why an entry does not stand; nothing of it does.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// What the entry rests on was changed by somebody else.
    #[error("{what} was changed by {who} ({})", day(*when))]
    Moved {
        /// What it is, in words.
        what: String,
        /// Its path on the branch.
        path: String,
        /// Who changed it.
        who: String,
        /// When, in seconds since 1970.
        when: i64,
    },
    /// The remote would not take it.
    #[error("the remote refused the records on `{branch}`: {reason}")]
    PushRefused {
        /// The branch.
        branch: String,
        /// The remote's reason, verbatim.
        reason: String,
    },
    /// The remote could not be reached, or git failed on the way.
    #[error("cannot push the records to `{remote}`: {message}")]
    Unreachable {
        /// The remote.
        remote: String,
        /// What git said, verbatim.
        message: String,
    },
    /// Others were faster every time.
    #[error("the branch `{branch}` of the records moved {attempts} times while an entry was made")]
    Busy {
        /// The branch.
        branch: String,
        /// How often it was tried.
        attempts: usize,
    },
    /// The branch was rewritten, or cannot be read.
    #[error(transparent)]
    Records(Arc<RecordsError>),
    /// The commit could not be made.
    #[error(transparent)]
    Commit(Arc<CommitError>),
    /// The git program failed.
    #[error(transparent)]
    Git(Arc<GitError>),
    /// An object or ref could not be read or written.
    #[error("cannot write the records: {}", .0.message())]
    Object(Arc<git2::Error>),
    /// A file could not be written.
    #[error("cannot write the records: {0}")]
    Io(Arc<std::io::Error>),
    /// Something was recorded without the remote, and otherwise on it.
    #[error("what was recorded here without the remote cannot be brought to it: there {moved}")]
    Apart {
        /// The branch, which holds it here.
        branch: String,
        /// What was changed on the remote meanwhile.
        moved: Box<LedgerError>,
    },
    /// Something was recorded without the remote, and the remote has moved on since.
    #[error(
        "the branch `{branch}` of the records holds what was recorded without the remote, and the remote's has moved on since"
    )]
    Behind {
        /// The branch.
        branch: String,
    },
    /// A work tree has it.
    #[error(
        "branch `{branch}` is checked out in a work tree: the records on it are written by this program alone"
    )]
    CheckedOut {
        /// The branch.
        branch: String,
    },
    /// The ledger has ended.
    #[error("the records are closed: nothing more can be written")]
    Closed,
}

impl LedgerError {
    /// Somebody changed a path: the last who did in a range of commits.
    pub(super) fn moved(git: &Git, range: &str, path: &str) -> Result<Self, GitError> {
        Ok(match last_author(git, range, path, "%at")? {
            Some((who, when)) => Self::moved_by(&who, when.trim().parse().unwrap_or_default(), path),
            // It never was there.
            None => Self::moved_by("nobody", chrono::Utc::now().timestamp(), path),
        })
    }

    pub(super) fn moved_by(who: &str, when: i64, path: &str) -> Self {
        Self::Moved { what: described(path), path: path.to_owned(), who: plain(who), when }
    }
}

impl From<RecordsError> for LedgerError {
    fn from(error: RecordsError) -> Self {
        match error {
            RecordsError::Unreachable { remote, message } => Self::Unreachable { remote, message },
            other => Self::Records(Arc::new(other)),
        }
    }
}

macro_rules! from_shared {
    ($($error:ty => $variant:ident),*) => {$(
        impl From<$error> for LedgerError {
            fn from(error: $error) -> Self {
                Self::$variant(Arc::new(error))
            }
        }
    )*};
}

from_shared! { CommitError => Commit, GitError => Git, git2::Error => Object, std::io::Error => Io }

/// A time for people, in UTC.
fn day(seconds: i64) -> String {
    match chrono::DateTime::from_timestamp(seconds, 0) {
        Some(time) => time.format("%Y-%m-%d %H:%M UTC").to_string(),
        None => seconds.to_string(),
    }
}
