//! The records as one commit has them.

use git2::Oid;

use super::{Pin, Record};
use crate::repository::git::GitError;
use crate::repository::{MainSettingsError, Repository};

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The branch lost commits that were seen on it.
    #[error("the branch `{branch}` of the records was rewritten: {} was seen on it and is gone", &.seen.to_string()[..8])]
    Rewritten {
        /// The branch, with the remote before it where there is one.
        branch: String,
        /// The ref that keeps what was seen.
        kept: String,
        /// The tip that was seen.
        seen: Oid,
        /// Where the branch is; `None`: it was deleted.
        tip: Option<Oid>,
    },
    /// Records go back to the beginning.
    #[error("this clone is shallow: its records cannot be read")]
    Shallow,
    /// The remote could not be reached.
    #[error("cannot fetch the records from `{remote}`: {message}")]
    Unreachable {
        /// The remote.
        remote: String,
        /// What git said, verbatim.
        message: String,
    },
    /// A file of the branch cannot be understood.
    #[error("`{path}` on the branch of the records cannot be read: {message}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The settings of main name the branch.
    #[error(transparent)]
    Settings(#[from] MainSettingsError),
    /// The git program failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object or ref could not be read.
    #[error("cannot read the records: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// What stands on a server: a record that is active.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The record.
    pub record: Record,
    /// The blob of what was deployed, as it was read back.
    pub deployed: Option<Oid>,
    /// The blob of `record.toml`.
    pub entry: Oid,
}

/// An operation that has begun, or is scheduled.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenOperation {
    /// The record.
    pub record: Record,
    /// The blob of what is to stand there.
    pub planned: Option<Oid>,
    /// The blob of what stood there before.
    pub rollback: Option<Oid>,
}

/// The records as one commit has them. Reading only, no network.
#[derive(Debug)]
pub struct Records<'r> {
    repository: &'r Repository,
    tip: Option<Oid>,
}

impl<'r> Records<'r> {
    /// As this clone knows them: the remote's as of the last fetch where there is a
    /// remote, unless the local branch contains them; empty where there is no branch yet.
    pub fn open(repository: &'r Repository) -> Result<Self, RecordsError> {
        let _ = repository;
        todo!()
    }

    /// Fetches them first, where there is a remote.
    pub fn fetch(repository: &'r Repository) -> Result<Self, RecordsError> {
        let _ = repository;
        todo!()
    }

    /// Fetches main and the records in one go, where there is a remote.
    pub fn fetch_with_main(repository: &'r Repository) -> Result<Self, RecordsError> {
        let _ = repository;
        todo!()
    }

    /// As a commit of the branch has them.
    pub fn at(repository: &'r Repository, tip: Option<Oid>) -> Self {
        Self { repository, tip }
    }

    /// The commit that is read; none where there is no branch yet.
    pub fn tip(&self) -> Option<Oid> {
        self.tip
    }

    /// The repository.
    pub fn repository(&self) -> &'r Repository {
        self.repository
    }

    /// The servers that records of what stands, packages, scripts or pins are about, by name.
    pub fn servers(&self) -> Result<Vec<String>, RecordsError> {
        todo!()
    }

    /// All that stands on a server, by name.
    pub fn active(&self, server: &str) -> Result<Vec<Standing>, RecordsError> {
        let _ = server;
        todo!()
    }

    /// What stands on a server under a name.
    pub fn active_of(&self, server: &str, schedule: &str) -> Result<Option<Standing>, RecordsError> {
        let _ = (server, schedule);
        todo!()
    }

    /// All that is under way or scheduled, oldest first.
    pub fn open_operations(&self) -> Result<Vec<OpenOperation>, RecordsError> {
        todo!()
    }

    /// The record of a package that stands on a server.
    pub fn package(&self, server: &str, package: &str) -> Result<Option<Record>, RecordsError> {
        let _ = (server, package);
        todo!()
    }

    /// The record of the script version last sent to a server.
    pub fn script(&self, server: &str, script: &str) -> Result<Option<Record>, RecordsError> {
        let _ = (server, script);
        todo!()
    }

    /// The content of a schedule that was rolled away from on a server.
    pub fn pin(&self, server: &str, schedule: &str) -> Result<Option<Pin>, RecordsError> {
        let _ = (server, schedule);
        todo!()
    }

    /// The bytes of a blob: of a definition that was deployed, planned, or stood there before.
    pub fn content(&self, blob: Oid) -> Result<Vec<u8>, RecordsError> {
        Ok(self.repository.git2().find_blob(blob)?.content().to_vec())
    }

    /// The author of the last commit that touched a path, and its time.
    pub fn who_moved(&self, path: &str) -> Result<Option<(String, i64)>, RecordsError> {
        let _ = path;
        todo!()
    }
}
