//! Branches, and the commit objects and refs that changes are made of.

use git2::{ErrorCode, Oid};

use super::CommitError;
use crate::repository::Repository;
use crate::repository::git::GitError;

/// The branch that HEAD names, whether it has commits or not.
pub fn head_branch(git: &git2::Repository) -> Result<Option<String>, git2::Error> {
    let head = git.find_reference("HEAD")?;
    let target = head.symbolic_target().ok().flatten();
    Ok(target.and_then(|target| target.strip_prefix("refs/heads/")).map(str::to_owned))
}

/// The branch whose name lies above or below another's.
pub(super) fn branch_in_the_way(
    git: &git2::Repository,
    branch_name: &str,
) -> Result<Option<String>, git2::Error> {
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
pub(in super::super) fn is_checked_out(repository: &Repository, branch: &str) -> Result<bool, GitError> {
    let line = format!("branch refs/heads/{branch}");
    let list = repository.git().run(&["worktree", "list", "--porcelain", "-z"])?;
    Ok(list.split('\0').any(|field| field == line))
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
pub(in super::super) fn create_ref(
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
