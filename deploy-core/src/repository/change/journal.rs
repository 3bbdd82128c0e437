//! One change at a time in a clone, and finishing what a killed one left.
//!
//! The lock is the operating system's: it goes with the process. The journal
//! is written before the ref moves and removed when the work tree has followed.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use git2::Oid;

use super::CommitError;
use super::work_tree::WorkTree;
use crate::repository::Repository;

/// Holds every other change of this clone off.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn acquire(repository: &Repository, waiting: &dyn Fn()) -> Result<Self, CommitError> {
        let path = repository.private_dir().join("lock");
        let take = || -> io::Result<File> {
            fs::create_dir_all(repository.private_dir())?;
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => {
                    waiting();
                    file.lock()?;
                }
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
            Ok(file)
        };
        match take() {
            Ok(file) => Ok(Self { _file: file }),
            Err(source) => Err(CommitError::Io { path, source }),
        }
    }

    /// Whether a command is at work in this clone.
    fn is_held(repository: &Repository) -> bool {
        let file = File::open(repository.private_dir().join("lock"));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }
}

/// What a change is about to do to a ref and a work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) reference: String,
    pub(super) old: Option<Oid>,
    pub(super) new: Oid,
}

/// A commit whose work tree had not followed when its command was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// The commit.
    pub commit: Oid,
    /// The branch it is on.
    pub branch: String,
}

/// Journals belong to a work tree, not to the repository.
fn path(repository: &Repository) -> PathBuf {
    repository.git2().path().join("opcon-deploy.journal")
}

/// Where files lie ready to be moved into the work tree.
pub(super) fn staging_dir(repository: &Repository) -> PathBuf {
    repository.git2().path().join("opcon-deploy.staging")
}

/// Removes what was staged and not used.
pub(super) fn clear_staging(repository: &Repository) -> io::Result<()> {
    match fs::remove_dir_all(staging_dir(repository)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Journal {
    pub(super) fn write(&self, repository: &Repository) -> Result<(), CommitError> {
        let path = path(repository);
        let old = self.old.unwrap_or(Oid::ZERO_SHA1);
        let text = format!("{}\n{old}\n{}\n", self.reference, self.new);
        fs::write(&path, text).map_err(|source| CommitError::Io { path, source })
    }

    pub(super) fn remove(repository: &Repository) -> Result<(), CommitError> {
        clear_staging(repository)
            .and_then(|()| fs::remove_file(path(repository)))
            .map_err(|source| CommitError::Io { path: path(repository), source })
    }

    fn read(repository: &Repository) -> Option<Self> {
        let text = fs::read_to_string(path(repository)).ok()?;
        let mut lines = text.lines();
        let reference = lines.next()?.to_owned();
        let old = Oid::from_str(lines.next()?).ok()?;
        let new = Oid::from_str(lines.next()?).ok().filter(|new| !new.is_zero())?;
        Some(Self { reference, old: Some(old).filter(|old| !old.is_zero()), new })
    }

    /// Whether the ref had been moved when the command died.
    fn took_place(&self, repository: &Repository) -> Result<bool, git2::Error> {
        let git = repository.git2();
        Ok(match repository.ref_commit(&self.reference)? {
            Some(tip) => tip == self.new || git.graph_descendant_of(tip, self.new)?,
            None => false,
        })
    }
}

/// What a killed command left in this work tree, if the next change will finish it.
pub fn interrupted(repository: &Repository) -> Option<Interrupted> {
    // The journal of a command that is still at work is no news.
    left(repository).filter(|_| !Lock::is_held(repository))
}

fn left(repository: &Repository) -> Option<Interrupted> {
    let journal = Journal::read(repository)?;
    let branch = journal.reference.strip_prefix("refs/heads/")?.to_owned();
    journal.took_place(repository).ok()?.then_some(Interrupted { commit: journal.new, branch })
}

/// Brings the work tree to where the branch is, if a command died between the two.
pub(super) fn recover(repository: &Repository) -> Result<Option<Interrupted>, CommitError> {
    let failed = |source| CommitError::Io { path: path(repository), source };
    if !path(repository).exists() {
        return Ok(None);
    }
    let found = left(repository);
    if let (Some(journal), Some(_)) = (Journal::read(repository), &found) {
        WorkTree::open(repository)?.follow(journal.old, journal.new)?;
    }
    clear_staging(repository).and_then(|()| fs::remove_file(path(repository))).map_err(failed)?;
    Ok(found)
}
