//! Pushing a commit, and making it again where the remote has moved on.

use git2::Oid;

use super::journal::Journal;
use super::work_tree::WorkTree;
use super::{Change, CommitError};
use crate::repository::Repository;

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

/// One line of `git push --porcelain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// ` ` fast-forward, `*` new, `+` forced, `=` as it was, `-` deleted, `!` refused.
    pub flag: char,
    /// The remote's ref.
    pub to: String,
    /// What git says of it.
    pub summary: String,
}

/// Reads what `git push --porcelain` printed.
pub fn parse_push(output: &str) -> Vec<RefUpdate> {
    let lines = output.lines().filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let flag = fields.next()?;
        let (_, to) = fields.next()?.split_once(':')?;
        let mut flag = flag.chars();
        let (Some(flag), None) = (flag.next(), flag.next()) else { return None };
        Some(RefUpdate { flag, to: to.to_owned(), summary: fields.next().unwrap_or_default().to_owned() })
    });
    lines.collect()
}

/// Pushes the commit, or the same change made again on the remote's tip.
pub(super) fn push(change: &Change<'_>, first: Oid, message: &str) -> Result<(Oid, Push), CommitError> {
    let repository = change.repository;
    let Some(remote) = repository.remote() else { return Ok((first, Push::NoRemote)) };
    let branch = &change.branch;
    let mut commit = first;
    for attempt in 1.. {
        let refspec = format!("{commit}:refs/heads/{branch}");
        let output = repository.git().output(&["push", "--porcelain", remote, &refspec])?;
        let updates = parse_push(&String::from_utf8_lossy(&output.stdout));
        match updates.first() {
            Some(update) if update.flag != '!' && output.status.success() => return Ok((commit, Push::Done)),
            Some(update) if is_behind(&update.summary) && attempt < ATTEMPTS => {
                commit = again(change, remote, commit, message)?;
            }
            update => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                let branch = branch.clone();
                return Err(match update {
                    Some(update) if update.flag == '!' => {
                        CommitError::PushRefused { branch, reason: refusal(&update.summary, &stderr) }
                    }
                    _ => CommitError::NotPushed { branch, message: stderr.trim().to_owned() },
                });
            }
        }
    }
    Ok((commit, Push::Done))
}

/// The reason git gives in brackets, and what the remote's hook or host said.
fn refusal(summary: &str, stderr: &str) -> String {
    let brief = summary.split_once('(').and_then(|(_, reason)| reason.strip_suffix(')'));
    let said = stderr.lines().filter_map(|line| line.strip_prefix("remote:").map(str::trim));
    let said = said.filter(|line| !line.is_empty());
    match said.collect::<Vec<_>>().join("; ") {
        said if said.is_empty() => brief.unwrap_or(summary).to_owned(),
        said => format!("{} ({said})", brief.unwrap_or(summary)),
    }
}

/// Whether the remote's branch is elsewhere, in the words of the gits of the years.
fn is_behind(summary: &str) -> bool {
    const REASONS: [&str; 7] = [
        "fetch first",
        "non-fast-forward",
        "stale info",
        "failed to update ref",
        "cannot lock ref",
        "incorrect old value provided",
        "reference already exists",
    ];
    REASONS.iter().any(|reason| summary.contains(reason))
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
            let (who, when) = last_author(change.repository, base, theirs, &edit.path)?;
            return Err(CommitError::MovedOnRemote { path: edit.path.clone(), who, when });
        }
    }
    Ok(())
}

fn last_author(
    repository: &Repository,
    base: Oid,
    tip: Oid,
    path: &str,
) -> Result<(String, String), CommitError> {
    let range = format!("{base}..{tip}");
    let line = repository.git().run(&["log", "-1", "--format=%an%x00%as", &range, "--", path])?;
    let (who, when) = line.split_once('\0').unwrap_or((&line, ""));
    Ok((who.to_owned(), when.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn porcelain_lines_are_read() {
        let output = "To /srv/central.git\n \tabc:refs/heads/main\t1111111..2222222\n\
                      !\tabc:refs/heads/x\t[rejected] (fetch first)\nDone\n";
        let updates = parse_push(output);
        assert_eq!(updates.len(), 2);
        assert_eq!((updates[0].flag, updates[0].to.as_str()), (' ', "refs/heads/main"));
        assert!(is_behind(&updates[1].summary));
    }

    #[test]
    fn a_refusal_holds_what_the_remote_said() {
        let summary = "[remote rejected] (pre-receive hook declined)";
        let stderr = "remote: No pushes on Fridays        \nremote: \nerror: failed to push some refs\n";
        assert_eq!(refusal(summary, stderr), "pre-receive hook declined (No pushes on Fridays)");
        assert_eq!(refusal("[remote rejected]", ""), "[remote rejected]");
    }
}
