//! Versions: the *N*-th commit on the first-parent history of main that
//! touched a file is version *N* of what the file is about.
//!
//! Nothing but git decides. The index beside the objects only makes the answer
//! immediate: it grows with new commits, and can be deleted at any time.

mod index;
mod log;

use std::collections::HashSet;

use git2::Oid;

use super::git::GitError;
use super::layout::Kind;
use super::{Repository, TipError};
use index::Entry;
pub use index::Index;

/// Why versions cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Counting needs all commits.
    #[error("this clone is shallow: its versions cannot be counted")]
    Shallow,
    /// There is no commit to count from.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// The pass over history failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// What git printed was not understood.
    #[error("cannot read the output of `git log`: {0}")]
    Output(String),
    /// A commit could not be read.
    #[error("cannot read the history: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// Where the versions are counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// The commit.
    pub commit: Oid,
    /// The branch it is the tip of, such as `main` or `origin/main`.
    pub branch: String,
    /// The remote's tip as of the last fetch, where there is a remote.
    pub remote: Option<Oid>,
}

/// A rewritten history was noticed: numbers seen before may have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The tip that was known and has left the first-parent line.
    pub former_tip: Oid,
}

/// One version of a schedule, package or rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1, oldest first.
    pub number: usize,
    /// The commit that made it.
    pub commit: Oid,
    /// The content; `None` where this version is a deletion.
    pub blob: Option<Oid>,
    /// Where the file lay.
    pub path: String,
    /// When it was written, in seconds since 1970.
    pub time: i64,
    /// Who wrote it.
    pub author: String,
    /// Whether the remote has it; always true where there is none.
    pub pushed: bool,
}

/// The versions of everything, counted from one tip.
#[derive(Debug)]
pub struct History {
    index: Index,
    tip: Tip,
    unpushed: HashSet<Oid>,
    rewritten: Option<Rewritten>,
}

impl History {
    /// Brings the index up to the tip and reads it.
    pub fn load(repository: &Repository) -> Result<Self, HistoryError> {
        if repository.git2().is_shallow() {
            return Err(HistoryError::Shallow);
        }
        let tip = repository.tip()?;
        let (index, rewritten) = index::up_to(repository, tip.commit)?;
        let unpushed = unpushed(repository.git2(), &tip)?;
        Ok(Self { index, tip, unpushed, rewritten })
    }

    /// Where the versions were counted from.
    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    /// Whether numbers may have moved since this clone last looked.
    pub fn rewritten(&self) -> Option<&Rewritten> {
        self.rewritten.as_ref()
    }

    /// All versions of one thing, oldest first; empty where it never existed.
    pub fn versions(&self, kind: Kind, stem: &str) -> Vec<Version> {
        self.numbered(self.index.entries_of(kind, stem))
    }

    /// The versions of a package that was renamed: those of its earlier names
    /// up to the rename count too.
    pub fn versions_with_former(&self, kind: Kind, stem: &str, former: &[String]) -> Vec<Version> {
        let own = self.index.entries_of(kind, stem);
        let Some(first) = own.first().map(|entry| entry.position) else { return Vec::new() };
        let mut all: Vec<Entry> = former
            .iter()
            .flat_map(|stem| self.index.entries_of(kind, stem))
            .filter(|e| e.position < first)
            .collect();
        // The commit that renames deletes the old file: one version, the new file's.
        let renamed_in = own[0].commit;
        all.retain(|entry| entry.commit != renamed_in);
        all.extend(own);
        all.sort_by_key(|entry| entry.position);
        self.numbered(all)
    }

    /// The latest version of everything of a kind, in the order of the file stems.
    pub fn latest(&self, kind: Kind) -> Vec<(String, Version)> {
        let mut all: Vec<(String, Version)> = self
            .index
            .latest(kind)
            .into_iter()
            .map(|(stem, count, entry)| (stem.to_owned(), self.version(count, &entry)))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn numbered(&self, entries: Vec<Entry>) -> Vec<Version> {
        entries.iter().enumerate().map(|(at, entry)| self.version(at + 1, entry)).collect()
    }

    fn version(&self, number: usize, entry: &Entry) -> Version {
        Version {
            number,
            commit: entry.commit,
            blob: entry.blob,
            path: self.index.path(entry).to_owned(),
            time: entry.time,
            author: self.index.author(entry).to_owned(),
            pushed: !self.unpushed.contains(&entry.commit),
        }
    }
}

/// The commits of the tip that the remote does not have.
fn unpushed(git: &git2::Repository, tip: &Tip) -> Result<HashSet<Oid>, git2::Error> {
    match tip.remote {
        Some(remote) if remote != tip.commit => {
            let mut walk = git.revwalk()?;
            walk.push(tip.commit)?;
            walk.hide(remote)?;
            walk.collect()
        }
        _ => Ok(HashSet::new()),
    }
}
