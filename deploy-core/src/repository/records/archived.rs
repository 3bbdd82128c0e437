//! Versions that have left the lists (`archived/…`). They stay in git.

use chrono::{DateTime, FixedOffset};
use git2::Oid;
use serde::{Deserialize, Serialize};

/// A version that has left the lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedVersion {
    /// Its number then, for people.
    pub version: usize,
    /// The commit that made it: this decides.
    pub commit: String,
    /// Its content.
    pub blob: String,
    /// When it was archived.
    pub at: DateTime<FixedOffset>,
    /// By whom.
    pub by: String,
}

/// The archived versions of one schedule, package or rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archived {
    /// Oldest first.
    pub versions: Vec<ArchivedVersion>,
    /// The blob of the file that says so.
    pub entry: Option<Oid>,
}

impl Archived {
    /// Whether the version that a commit made is among them.
    pub fn has(&self, commit: Oid) -> bool {
        let commit = commit.to_string();
        self.versions.iter().any(|version| version.commit == commit)
    }
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ArchivedFile {
    #[serde(default, rename = "version")]
    pub(super) versions: Vec<ArchivedVersion>,
}
