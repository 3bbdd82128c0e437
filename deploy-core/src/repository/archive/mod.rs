//! Archiving: versions beyond those to retain leave the lists, with their records.
//!
//! Nothing is deleted: every version stays in git, and can still be named. What
//! stands on a server, is under way, is carried by a rollout that is not over, or is
//! pinned by a package that is listed is never archived. What is archived stands on the records branch.

mod plan;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod used;

use std::fmt;

use chrono::{DateTime, FixedOffset};
use git2::Oid;

use super::history::HistoryError;
use super::layout::Kind;
use super::package::StoredError;
use super::records::{Archived, ArchivedVersion, Entry, Person, RecordId, RecordsError};
use super::servers::ServerError;
pub use plan::{plan, plan_one};

/// A version that is to leave the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// What it is a version of.
    pub kind: Kind,
    /// Of which one.
    pub name: String,
    /// Its number.
    pub version: usize,
    /// The commit that made it.
    pub commit: Oid,
    /// Its content.
    pub blob: Oid,
}

/// A version that would leave the lists, were it not in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The version.
    pub version: Leaving,
    /// What it is used for.
    pub by: Use,
}

/// What a version is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// It stands there.
    Stands {
        /// The server.
        server: String,
    },
    /// It is being deployed, or is to be.
    UnderWay {
        /// The server.
        server: String,
    },
    /// A listed version of a package pins it.
    Pinned {
        /// The package.
        package: String,
        /// Its version.
        version: usize,
    },
    /// A rollout that is not over carries it.
    Carried {
        /// The rollout.
        rollout: String,
    },
    /// A server, package or rollout names this version of a rule.
    Named {
        /// Which one.
        by: String,
    },
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stands { server } => write!(f, "stands on `{server}`"),
            Self::UnderWay { server } => write!(f, "is on its way to `{server}`"),
            Self::Pinned { package, version } => write!(f, "is pinned by package `{package}@{version}`"),
            Self::Carried { rollout } => write!(f, "is carried by rollout `{rollout}`, which is not over"),
            Self::Named { by } => write!(f, "is named by {by}"),
        }
    }
}

/// What is to be archived.
#[derive(Debug, Default)]
pub struct ArchivePlan {
    /// What leaves the lists: packages, schedules, rules, each oldest first.
    pub leaving: Vec<Leaving>,
    /// What stays for now.
    pub kept: Vec<Kept>,
    /// The records that leave with them.
    pub records: Vec<RecordId>,
    /// What was archived before of those that lose versions.
    before: Vec<(Kind, String, Archived)>,
}

/// Why nothing can be archived.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is in use.
    #[error("version {} of {} `{}` {}: it is not archived", .0.version.version, .0.version.kind.word(), .0.version.name, .0.by)]
    InUse(Box<Kept>),
    /// It is archived.
    #[error("version {version} of {} `{name}` is archived already", .kind.word())]
    Already {
        /// Of what kind.
        kind: Kind,
        /// Of which one.
        name: String,
        /// Which.
        version: usize,
    },
    /// The versions could not be counted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A package could not be read.
    #[error(transparent)]
    Package(#[from] StoredError),
    /// A server could not be read.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// An object could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

impl ArchivePlan {
    /// The change of the records branch that does it.
    pub fn entry(&self, who: &Person, at: DateTime<FixedOffset>) -> Entry {
        let mut entry = Entry::default();
        for (kind, name, before) in &self.before {
            let own = self.leaving.iter().filter(|one| one.kind == *kind && one.name == *name);
            let more: Vec<ArchivedVersion> = own
                .map(|one| ArchivedVersion {
                    version: one.version,
                    commit: one.commit.to_string(),
                    blob: one.blob.to_string(),
                    at,
                    by: who.to_string(),
                })
                .collect();
            entry = entry.and(Entry::archive(*kind, name, before, &more));
        }
        for record in &self.records {
            entry = entry.and(Entry::archive_record(*record, who));
        }
        entry.subject = self.words();
        entry
    }

    /// What it does, in one line.
    fn words(&self) -> String {
        let of = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        let what = match self.leaving.as_slice() {
            [one] => format!("version {} of {} `{}`", one.version, one.kind.word(), one.name),
            many => of(many.len(), "version"),
        };
        match self.records.len() {
            0 => format!("Archived: {what}"),
            number => format!("Archived: {what}, {}", of(number, "record")),
        }
    }
}
