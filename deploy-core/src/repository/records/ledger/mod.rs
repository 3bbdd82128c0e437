//! Writing records: one thread, and entries that wait together share a commit and a push.

mod error;

use std::time::Duration;

use git2::Oid;

use super::{Entry, Reach, Records};
use crate::repository::Repository;
pub use error::LedgerError;

/// The one writer of records of this process: a thread with its own handle on the repository.
#[derive(Debug, Clone)]
pub struct Ledger {}

/// An operation is under way that will still write: while it has not queued its entry, the
/// ledger waits a moment for it to share the commit. It ends when this is dropped.
#[derive(Debug)]
pub struct Participant {}

/// An entry that stands: committed, and pushed where there is a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The commit that holds it.
    pub commit: Oid,
}

/// What a ledger did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerStats {
    /// Entries that stand.
    pub entries: usize,
    /// Commits made for them.
    pub commits: usize,
    /// Times that `git push` ran.
    pub pushes: usize,
    /// How long it took in all.
    pub pushing: Duration,
}

impl Ledger {
    /// Starts the thread.
    pub fn start(repository: &Repository, reach: Reach) -> Result<Self, LedgerError> {
        let _ = (repository, reach);
        todo!()
    }

    /// Says that an operation is under way that will still write.
    pub fn join(&self) -> Participant {
        todo!()
    }

    /// Writes an entry; it stands when this returns.
    pub async fn write(&self, entry: Entry) -> Result<Written, LedgerError> {
        let _ = entry;
        todo!()
    }

    /// The tip after what was written so far.
    pub fn tip(&self) -> Option<Oid> {
        todo!()
    }

    /// The records after what was written so far.
    pub fn records<'r>(&self, repository: &'r Repository) -> Records<'r> {
        Records::at(repository, self.tip())
    }

    /// Writes what is queued, ends the thread, and says what it did.
    pub fn finish(self) -> LedgerStats {
        todo!()
    }
}
