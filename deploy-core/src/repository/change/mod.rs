//! Committing: HEAD's tree plus our own paths, and nothing else.
//!
//! A [`Change`] holds the clone's lock from the moment it looks at the base
//! until its commit stands. The order makes a kill harmless: objects, journal,
//! ref (compare and swap), work tree and index, journal removed. What a killed
//! process left is finished by the next change ([`interrupted`]).

mod error;
mod journal;
mod push;
mod refs;
mod work_tree;

use std::path::PathBuf;

use git2::{FileMode, Oid, build::TreeUpdateBuilder};

use super::Repository;
use super::pack::blob_id;
pub use super::push::{RefUpdate, parse_push};
pub use error::CommitError;
pub use journal::{Interrupted, interrupted};
use journal::{Journal, Lock};
pub use push::Push;
use refs::branch_in_the_way;
pub use refs::head_branch;
pub(super) use refs::{create_ref, is_checked_out};
use work_tree::WorkTree;
pub use work_tree::{Dirty, DirtyWhy};

/// Where a commit goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The branch that is checked out; its work tree and index follow.
    Head,
    /// A branch by name, without touching the work tree unless it is the one checked out.
    Branch(String),
}

/// The new content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A blob that is stored already; for a work tree its bytes lie ready in a
    /// file of the [staging folder](Change::staging), to be moved into place.
    Staged {
        /// The blob.
        blob: Oid,
        /// The file with its bytes; needed only where there is a work tree.
        file: Option<PathBuf>,
    },
}

/// One file changed by a commit; without content it is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it will hold.
    pub content: Option<Content>,
}

/// A commit that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The commit.
    pub commit: Oid,
    /// The branch it is on.
    pub branch: String,
    /// What came of pushing it.
    pub push: Push,
}

/// A commit in the making; holds the clone's lock.
#[derive(Debug)]
pub struct Change<'r> {
    repository: &'r Repository,
    branch: String,
    /// Where the branch is; `None` where the commit creates it.
    tip: Option<Oid>,
    base: Option<Oid>,
    to_work_tree: bool,
    edits: Vec<Edit>,
    recovered: Option<Interrupted>,
    _lock: Lock,
}

impl<'r> Change<'r> {
    /// Takes the lock (calling `waiting` once if another command holds it),
    /// finishes what a killed command left, and looks at the base.
    pub fn begin(
        repository: &'r Repository,
        destination: &Destination,
        waiting: &dyn Fn(),
    ) -> Result<Self, CommitError> {
        let lock = Lock::acquire(repository, waiting)?;
        let recovered = journal::recover(repository)?;
        let git = repository.git2();
        let head = head_branch(git)?;
        let (branch, to_work_tree) = match destination {
            Destination::Head => (head.ok_or(CommitError::Detached)?, repository.has_work_tree()),
            Destination::Branch(name) => {
                if !git2::Reference::is_valid_name(&format!("refs/heads/{name}")) || name.starts_with('-') {
                    return Err(CommitError::InvalidBranch { name: name.clone() });
                }
                (name.clone(), head.as_ref() == Some(name) && repository.has_work_tree())
            }
        };
        if !to_work_tree && is_checked_out(repository, &branch)? {
            return Err(CommitError::CheckedOutElsewhere { name: branch });
        }
        let tip = repository.ref_commit(&format!("refs/heads/{branch}"))?;
        if tip.is_none()
            && let Some(other) = branch_in_the_way(git, &branch)?
        {
            return Err(CommitError::BranchInTheWay { name: branch, other });
        }
        let base = match tip {
            Some(tip) => Some(tip),
            None if *destination == Destination::Head => None,
            None => Some(match repository.remote_branch(&branch)? {
                Some(tip) => tip,
                None => repository.tip()?.commit,
            }),
        };
        Ok(Self { repository, branch, tip, base, to_work_tree, edits: Vec::new(), recovered, _lock: lock })
    }

    /// The commit it builds on; `None` in a repository without commits.
    pub fn base(&self) -> Option<Oid> {
        self.base
    }

    /// The repository it is made in.
    pub fn repository(&self) -> &'r Repository {
        self.repository
    }

    /// The branch it goes to.
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// What a killed command had left and this one has finished.
    pub fn recovered(&self) -> Option<&Interrupted> {
        self.recovered.as_ref()
    }

    /// The tree it builds on.
    pub fn base_tree(&self) -> Result<Option<git2::Tree<'r>>, git2::Error> {
        self.base.map(|base| self.repository.git2().find_commit(base)?.tree()).transpose()
    }

    /// The bytes of a file in the base.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, git2::Error> {
        match self.base_tree()? {
            Some(tree) => self.repository.file_in(&tree, path),
            None => Ok(None),
        }
    }

    /// A fresh folder for files of [`Content::Staged`]; `None` where no work tree follows.
    pub fn staging(&self) -> Result<Option<PathBuf>, CommitError> {
        if !self.to_work_tree {
            return Ok(None);
        }
        let dir = journal::staging_dir(self.repository);
        let failed = |source| CommitError::Io { path: dir.clone(), source };
        journal::clear_staging(self.repository).map_err(failed)?;
        std::fs::create_dir_all(&dir).map_err(failed)?;
        Ok(Some(dir))
    }

    /// Writes a file.
    pub fn put(&mut self, path: impl Into<String>, content: Content) {
        self.edits.push(Edit { path: path.into(), content: Some(content) });
    }

    /// Removes a file.
    pub fn remove(&mut self, path: impl Into<String>) {
        self.edits.push(Edit { path: path.into(), content: None });
    }

    /// Makes the commit; `None` where nothing would change. With `push` it is
    /// pushed, made again on what the remote has meanwhile if need be.
    pub fn commit(self, message: &str, push: bool) -> Result<Option<Committed>, CommitError> {
        let base_tree = self.base_tree()?;
        let work_tree = match self.to_work_tree {
            true => {
                let work_tree = WorkTree::open(self.repository)?;
                let dirty = work_tree.dirty(base_tree.as_ref(), &self.edits)?;
                if !dirty.is_empty() {
                    return Err(CommitError::Dirty(dirty));
                }
                Some(work_tree)
            }
            false => None,
        };
        let tree = self.write_tree(base_tree.as_ref())?;
        if base_tree.as_ref().is_some_and(|base| base.id() == tree) {
            return Ok(None);
        }
        let commit = self.repository.write_commit(tree, self.base.as_slice(), message)?;
        let reference = format!("refs/heads/{}", self.branch);
        let journal = Journal { reference: reference.clone(), old: self.base, new: commit };
        if work_tree.is_some() {
            journal.write(self.repository)?;
        }
        self.repository.move_ref(&reference, commit, self.tip, message)?;
        if let Some(mut work_tree) = work_tree {
            let followed = work_tree.publish(&self.edits);
            followed.and_then(|()| Journal::remove(self.repository)).map_err(|error| {
                let branch = self.branch.clone();
                CommitError::NotFollowed { commit, branch, source: Box::new(error) }
            })?;
        }
        let pushed = if push { push::push(&self, commit, message)? } else { (commit, Push::NotAsked) };
        Ok(Some(Committed { commit: pushed.0, branch: self.branch.clone(), push: pushed.1 }))
    }

    /// The base's tree with the edits.
    fn write_tree(&self, base: Option<&git2::Tree<'_>>) -> Result<Oid, CommitError> {
        let git = self.repository.git2();
        let mut builder = TreeUpdateBuilder::new();
        for edit in &self.edits {
            match &edit.content {
                Some(Content::Bytes(bytes)) => {
                    builder.upsert(edit.path.as_str(), git.blob(bytes)?, FileMode::Blob);
                }
                Some(Content::Staged { blob, .. }) => {
                    builder.upsert(edit.path.as_str(), *blob, FileMode::Blob);
                }
                None => {
                    builder.remove(edit.path.as_str());
                }
            }
        }
        let empty;
        let base = match base {
            Some(base) => base,
            None => {
                empty = git.find_tree(git.treebuilder(None)?.write()?)?;
                &empty
            }
        };
        builder.create_updated(git, base).map_err(|error| match self.below_a_file(base) {
            Some(path) => CommitError::Dirty(vec![Dirty { path, why: DirtyWhy::NotAFile }]),
            None => error.into(),
        })
    }

    /// A path of which the base has a file where a folder should be.
    fn below_a_file(&self, base: &git2::Tree<'_>) -> Option<String> {
        let is_file = |folder: &std::path::Path| {
            base.get_path(folder).is_ok_and(|entry| entry.kind() != Some(git2::ObjectType::Tree))
        };
        let mut paths = self.edits.iter().map(|edit| &edit.path);
        paths.find(|path| std::path::Path::new(path).ancestors().skip(1).any(is_file)).cloned()
    }
}

impl Drop for Change<'_> {
    /// Whatever became of it, what was staged for it is of no more use.
    fn drop(&mut self) {
        let _ = journal::clear_staging(self.repository);
    }
}

impl Content {
    /// The blob it is or will be.
    pub fn blob(&self) -> Oid {
        match self {
            Content::Bytes(bytes) => blob_id(bytes),
            Content::Staged { blob, .. } => *blob,
        }
    }
}
