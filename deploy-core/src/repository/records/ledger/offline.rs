//! Bringing to the remote what was recorded without it.
//!
//! The commits are pushed as they are where the remote's branch has not moved,
//! else made again on top of it, one by one: the branch is a line. The branch
//! of this clone goes when the remote has all of it.

use git2::{Commit, Oid, Sort};

use super::LedgerError;
use super::store::Store;
use super::tree::{Changes, file_at};
use super::writer::{Published, Writer};
use crate::repository::change::is_checked_out;
use crate::repository::records::branch::{Tips, contains};

/// How often it is tried where others are faster.
const ATTEMPTS: usize = 5;

pub(super) fn settle(writer: &mut Writer) -> Result<(), LedgerError> {
    if unsettled(writer)?.is_none() {
        return Ok(());
    }
    for _ in 0..ATTEMPTS {
        writer.refresh()?;
        let Some((local, tips)) = unsettled(writer)? else { return clear(writer) };
        let git = writer.repository.git2();
        let commit = match tips.remote {
            Some(remote) if !contains(git, local, remote)? => again(writer, local, remote)?,
            _ => local,
        };
        if writer.push(commit)? == Published::Done {
            return clear(writer);
        }
    }
    Err(LedgerError::Busy { branch: writer.branch.name.clone(), attempts: ATTEMPTS })
}

/// The tip of this clone's branch, where the remote's does not hold it.
fn unsettled(writer: &Writer) -> Result<Option<(Oid, Tips)>, LedgerError> {
    let tips = writer.branch.tips(&writer.repository)?;
    let Some(local) = tips.local else { return Ok(None) };
    let there = match tips.remote {
        Some(remote) => contains(writer.repository.git2(), remote, local)?,
        None => false,
    };
    Ok((!there).then_some((local, tips)))
}

/// The remote has it all: from now on its branch is the only one.
fn clear(writer: &Writer) -> Result<(), LedgerError> {
    let repository = &writer.repository;
    if is_checked_out(repository, &writer.branch.name)? {
        return Ok(());
    }
    for name in [writer.branch.seen_here(), writer.branch.head()] {
        if let Ok(mut reference) = repository.git2().find_reference(&name) {
            reference.delete()?;
        }
    }
    Ok(())
}

/// Makes the commits of this clone again on the remote's tip.
fn again(writer: &Writer, local: Oid, remote: Oid) -> Result<Oid, LedgerError> {
    let git = writer.repository.git2();
    let mut walk = git.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
    walk.push(local)?;
    walk.hide(remote)?;
    let mut tip = remote;
    for commit in walk {
        tip = made_again(writer, &git.find_commit(commit?)?, tip, remote)?;
    }
    Ok(tip)
}

fn made_again(writer: &Writer, commit: &Commit<'_>, tip: Oid, remote: Oid) -> Result<Oid, LedgerError> {
    let repository = &writer.repository;
    let git = repository.git2();
    let before = commit.parents().next().map(|parent| parent.tree()).transpose()?;
    let base = git.find_commit(tip)?.tree()?;
    let diff = git.diff_tree_to_tree(before.as_ref(), Some(&commit.tree()?), None)?;
    let mut changes = Changes::default();
    for delta in diff.deltas() {
        let Some(path) = delta.new_file().path().or(delta.old_file().path()) else { continue };
        let path = path.to_string_lossy().replace('\\', "/");
        let some = |id: Oid| Some(id).filter(|id| !id.is_zero());
        if file_at(&base, &path)? != some(delta.old_file().id()) {
            let moved = LedgerError::moved(repository.git(), &remote.to_string(), &path)?;
            return Err(LedgerError::Apart { branch: writer.branch.name.clone(), moved: Box::new(moved) });
        }
        changes.set(&path, some(delta.new_file().id()));
    }
    let mut store = Store::open(git, false)?;
    let tree = changes.write(Some(&base), &mut store)?;
    store.finish()?;
    let message = String::from_utf8_lossy(commit.message_bytes());
    Ok(repository.write_commit(tree, &[tip], &message)?)
}
