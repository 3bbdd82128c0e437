//! Pushing a commit, and making it again where the remote has moved on.

use git2::Oid;

use super::journal::Journal;
use super::work_tree::WorkTree;
use super::{Change, CommitError};
use crate::repository::push::{self, Pushed};

/// How often a commit is made again on what the remote has meanwhile.
const ATTEMPTS: usize = 5;

/// What came of pushing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// It was not asked for.
    NotAsked,
    /// The clone has no remote of the configured name.
    NoRemote,
    /// The remote has it.
    Done,
}

/// Pushes the commit, or the same change made again on the remote's tip.
pub(super) fn push(change: &Change<'_>, first: Oid, message: &str) -> Result<(Oid, Push), CommitError> {
    let repository = change.repository;
    let Some(remote) = repository.remote() else { return Ok((first, Push::NoRemote)) };
    let branch = &change.branch;
    let mut commit = first;
    let reference = format!("refs/heads/{branch}");
    for attempt in 1.. {
        match push::push(repository.git(), remote, Some(commit), &reference, None, &[])? {
            Pushed::Done | Pushed::Same => return Ok((commit, Push::Done)),
            Pushed::Elsewhere(_) if attempt < ATTEMPTS => commit = again(change, remote, commit, message)?,
            Pushed::Elsewhere(reason) | Pushed::Refused(reason) => {
                return Err(CommitError::PushRefused { branch: branch.clone(), reason });
            }
            Pushed::NoAnswer(message) => {
                return Err(CommitError::NotPushed { branch: branch.clone(), message });
            }
        }
    }
    Ok((commit, Push::Done))
}

/// Makes the commit again on the remote's tip, if that tip contains its base
/// and none of its files moved there.
fn again(change: &Change<'_>, remote: &str, commit: Oid, message: &str) -> Result<Oid, CommitError> {
    let (repository, branch) = (change.repository, &change.branch);
    let git = repository.git2();
    let refspec = format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
    let fetched = repository.git().run(&["fetch", "--quiet", remote, &refspec]);
    fetched.map_err(|error| CommitError::NotPushed { branch: branch.clone(), message: error.to_string() })?;
    let diverged = || CommitError::Diverged { branch: branch.clone() };
    let theirs = repository.remote_branch(branch)?.ok_or_else(diverged)?;
    let base = git.find_commit(commit)?.parent_id(0).map_err(|_| diverged())?;
    if theirs != base && !git.graph_descendant_of(theirs, base)? {
        return Err(diverged());
    }
    refuse_if_moved(change, base, theirs)?;
    let their_tree = git.find_commit(theirs)?.tree()?;
    let tree = change.write_tree(Some(&their_tree))?;
    let new = repository.write_commit(tree, &[theirs], message)?;
    let mut work_tree = if change.to_work_tree { Some(WorkTree::open(repository)?) } else { None };
    if let Some(work_tree) = &work_tree {
        let dirty = work_tree.can_follow(commit, new)?;
        if !dirty.is_empty() {
            return Err(CommitError::InTheWay(dirty));
        }
    }
    let reference = format!("refs/heads/{branch}");
    if work_tree.is_some() {
        Journal { reference: reference.clone(), old: Some(commit), new }.write(repository)?;
    }
    repository.move_ref(&reference, new, Some(commit), message)?;
    if let Some(work_tree) = &mut work_tree {
        work_tree.follow(Some(commit), new)?;
        Journal::remove(repository)?;
    }
    Ok(new)
}

fn refuse_if_moved(change: &Change<'_>, base: Oid, theirs: Oid) -> Result<(), CommitError> {
    let git = change.repository.git2();
    let (before, after) = (git.find_commit(base)?.tree()?, git.find_commit(theirs)?.tree()?);
    let blob = |tree: &git2::Tree<'_>, path: &str| {
        tree.get_path(std::path::Path::new(path)).ok().map(|entry| entry.id())
    };
    for edit in &change.edits {
        if blob(&before, &edit.path) != blob(&after, &edit.path) {
            let range = format!("{base}..{theirs}");
            let found = push::last_author(change.repository.git(), &range, &edit.path, "%as")?;
            let (who, when) = found.unwrap_or_default();
            return Err(CommitError::MovedOnRemote { path: edit.path.clone(), who, when });
        }
    }
    Ok(())
}
