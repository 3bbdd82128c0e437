//! Committing: HEAD's tree plus our own paths, and nothing else.
//!
//! A [`Change`] holds the clone's lock from the moment it looks at the base
//! until its commit stands. The order makes a kill harmless: objects, journal,
//! ref (compare and swap), work tree and index, journal removed. What a killed
//! process left is finished by the next change ([`interrupted`]).

mod journal;
mod push;
mod work_tree;

use std::path::PathBuf;

use git2::{ErrorCode, FileMode, Oid, build::TreeUpdateBuilder};

use super::git::GitError;
use super::pack::blob_id;
pub use super::push::{RefUpdate, parse_push};
use super::{Repository, TipError};
pub use journal::{Interrupted, interrupted};
use journal::{Journal, Lock};
pub use push::Push;
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

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// HEAD names no branch.
    #[error("HEAD is detached: no branch would name the commit")]
    Detached,
    /// Not a name for a branch.
    #[error("`{name}` cannot be the name of a branch")]
    InvalidBranch {
        /// What was given.
        name: String,
    },
    /// Git keeps branches as files in folders: `a` and `a/b` cannot both be.
    #[error("`{name}` cannot be the name of a branch: there is a branch `{other}`")]
    BranchInTheWay {
        /// What was given.
        name: String,
        /// The one that exists.
        other: String,
    },
    /// Another work tree has it checked out.
    #[error("branch `{name}` is checked out in another work tree")]
    CheckedOutElsewhere {
        /// The branch.
        name: String,
    },
    /// The very paths have changes that are not committed.
    #[error("{}; nothing was committed", listed(.0))]
    Dirty(Vec<Dirty>),
    /// The branch moved while the commit was made.
    #[error("`{reference}` was moved by another program meanwhile; nothing was committed")]
    Moved {
        /// The ref.
        reference: String,
    },
    /// The same file was changed on the remote.
    #[error("`{path}` was changed on the remote by {who} ({when}); the commit was made here but not pushed")]
    MovedOnRemote {
        /// The file.
        path: String,
        /// Who changed it there.
        who: String,
        /// When, as a date.
        when: String,
    },
    /// The branch holds other commits that the remote does not have, and the other way round.
    #[error("branch `{branch}` and the remote's have gone apart; the commit was made here but not pushed")]
    Diverged {
        /// The branch.
        branch: String,
    },
    /// The remote would not take it.
    #[error("the remote refused `{branch}`: {reason}; the commit was made here but not pushed")]
    PushRefused {
        /// The branch.
        branch: String,
        /// The remote's reason.
        reason: String,
    },
    /// The remote could not be reached, or git failed.
    #[error("the commit was made here, but `{branch}` could not be pushed: {message}")]
    NotPushed {
        /// The branch.
        branch: String,
        /// What git said, verbatim.
        message: String,
    },
    /// Files that the remote changed have changes here too.
    #[error("{}; the remote changed it too: the commit was made here but not pushed", listed(.0))]
    InTheWay(Vec<Dirty>),
    /// The commit stands, the work tree is not as it has it.
    #[error("the commit {} stands on `{branch}`, but the work tree could not follow: {source}", &.commit.to_string()[..8])]
    NotFollowed {
        /// The commit.
        commit: Oid,
        /// The branch it is on.
        branch: String,
        /// The cause.
        source: Box<CommitError>,
    },
    /// Another git is at work, or one was killed at work.
    #[error("another git command is at work in this clone: `{}` exists", .0.display())]
    Locked(PathBuf),
    /// A form of the index that libgit2 does not write.
    #[error("git's index is of a kind that cannot be written here (extension `{0}`)")]
    IndexKind(String),
    /// There is no commit to start from.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// The git program failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object or ref could not be read or written.
    #[error("cannot write to the repository: {}", .0.message())]
    Object(#[from] git2::Error),
    /// A file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

fn listed(dirty: &[Dirty]) -> String {
    match dirty {
        [one] => one.to_string(),
        [first, other] => format!("{first}; {other}"),
        [first, rest @ ..] => format!("{first}, and {} more files like it", rest.len()),
        [] => String::new(),
    }
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

/// The branch that HEAD names, whether it has commits or not.
pub fn head_branch(git: &git2::Repository) -> Result<Option<String>, git2::Error> {
    let head = git.find_reference("HEAD")?;
    let target = head.symbolic_target().ok().flatten();
    Ok(target.and_then(|target| target.strip_prefix("refs/heads/")).map(str::to_owned))
}

/// The branch whose name lies above or below another's.
fn branch_in_the_way(git: &git2::Repository, branch_name: &str) -> Result<Option<String>, git2::Error> {
    for found in git.branches(Some(git2::BranchType::Local))? {
        let (other, _) = found?;
        let Ok(Some(other)) = other.name() else { continue };
        let below =
            |name: &str, above: &str| name.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
        if below(branch_name, other) || below(other, branch_name) {
            return Ok(Some(other.to_owned()));
        }
    }
    Ok(None)
}

/// Whether any work tree of the repository has a branch checked out.
pub(super) fn is_checked_out(repository: &Repository, branch: &str) -> Result<bool, GitError> {
    let line = format!("branch refs/heads/{branch}");
    let list = repository.git().run(&["worktree", "list", "--porcelain", "-z"])?;
    Ok(list.split('\0').any(|field| field == line))
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

impl Repository {
    /// The remote's branch of a name, as of the last fetch.
    pub fn remote_branch(&self, branch: &str) -> Result<Option<Oid>, git2::Error> {
        match self.remote() {
            Some(remote) => self.ref_commit(&format!("refs/remotes/{remote}/{branch}")),
            None => Ok(None),
        }
    }

    /// The bytes of a file in a tree.
    pub fn file_in(&self, tree: &git2::Tree<'_>, path: &str) -> Result<Option<Vec<u8>>, git2::Error> {
        match tree.get_path(std::path::Path::new(path)) {
            Ok(entry) => Ok(Some(self.git2().find_blob(entry.id())?.content().to_vec())),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a commit object as the user's set-up wants it (identity, signature).
    pub fn write_commit(&self, tree: Oid, parents: &[Oid], message: &str) -> Result<Oid, CommitError> {
        let mut args = vec!["commit-tree".to_owned(), tree.to_string()];
        for parent in parents {
            args.extend(["-p".to_owned(), parent.to_string()]);
        }
        if self.signs_commits()? {
            args.push("-S".to_owned());
        }
        args.extend(["-F".to_owned(), "-".to_owned()]);
        let id = self.git().run_with_input(&args, message.as_bytes())?;
        Ok(Oid::from_str(id.trim())?)
    }

    /// Whether the user's set-up signs commits; asked once.
    fn signs_commits(&self) -> Result<bool, GitError> {
        if let Some(signs) = self.signs_commits.get() {
            return Ok(*signs);
        }
        let signs = self.git().config("commit.gpgSign")?.is_some_and(|value| is_true(&value));
        Ok(*self.signs_commits.get_or_init(|| signs))
    }

    /// Moves a ref from one commit to another, or not at all.
    pub fn move_ref(
        &self,
        reference: &str,
        to: Oid,
        from: Option<Oid>,
        message: &str,
    ) -> Result<(), CommitError> {
        let subject = message.lines().next().unwrap_or_default();
        let git = self.git2();
        // In this process: a git that outlived a killed one could move the ref after the
        // next command has looked.
        let moved = match from {
            Some(from) => git.reference_matching(reference, to, true, from, subject).map(drop),
            None => create_ref(git, reference, to, subject),
        };
        match moved {
            Ok(()) => Ok(()),
            Err(_) if self.ref_commit(reference)? != from => {
                Err(CommitError::Moved { reference: reference.to_owned() })
            }
            Err(error) if error.code() == ErrorCode::Locked => {
                Err(CommitError::Locked(git.commondir().join(format!("{reference}.lock"))))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes a ref that must not be there yet. `git2::Repository::reference` looks before it
/// takes the lock: of two at the same moment both would succeed.
pub(super) fn create_ref(
    git: &git2::Repository,
    reference: &str,
    to: Oid,
    message: &str,
) -> Result<(), git2::Error> {
    let mut transaction = git.transaction()?;
    transaction.lock_ref(reference)?;
    match git.find_reference(reference) {
        Err(error) if error.code() == ErrorCode::NotFound => {}
        Ok(_) => {
            let (code, class) = (ErrorCode::Exists, git2::ErrorClass::Reference);
            return Err(git2::Error::new(code, class, format!("`{reference}` exists")));
        }
        Err(error) => return Err(error),
    }
    transaction.set_target(reference, to, None, message)?;
    transaction.commit()
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "")
}
