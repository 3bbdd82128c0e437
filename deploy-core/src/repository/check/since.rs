//! Whether the former tip of a branch is still on its first-parent line: if it
//! is not, versions have other numbers than they had.

use git2::{ErrorCode, Oid};

use super::code;
use super::finding::Finding;
use crate::repository::Repository;

/// A finding where versions counted at `old` count otherwise now.
pub(super) fn check(repository: &Repository, old: &str) -> Result<Option<Finding>, git2::Error> {
    let git = repository.git2();
    if !old.is_empty() && old.bytes().all(|byte| byte == b'0') {
        // What hooks and pipelines give for a branch that is new.
        return Ok(None);
    }
    let finding = |code, message: String| Ok(Some(Finding::new(code, "", message)));
    let old_commit = match git.revparse_single(old).and_then(|object| object.peel_to_commit()) {
        Ok(commit) => commit.id(),
        Err(_) => {
            let message = format!(
                "`{old}` is no commit of this clone: the history was rewritten, or the clone does not hold all of it (`git fetch --unshallow`)"
            );
            return finding(code::SINCE_UNKNOWN, message);
        }
    };
    let Some(new) = tip(repository)? else {
        return finding(code::SINCE_UNKNOWN, "there is no commit to compare with".to_owned());
    };
    let short = |id: Oid| id.to_string()[..8].to_owned();
    if new != old_commit && !git.graph_descendant_of(new, old_commit)? {
        let message = format!(
            "the former tip {} is not part of the history of {} any more: it was rewritten; make the change again on top of it",
            short(old_commit),
            short(new)
        );
        return finding(code::SINCE_REWRITTEN, message);
    }
    match first_merge_against(git, new, old_commit)? {
        None => Ok(None),
        Some(merge) => {
            let message = format!(
                "merge {} has the former tip {} on its second side: every version since they went apart gets another number; merge the other way round (switch to the branch of the former tip, `git merge` yours)",
                short(merge),
                short(old_commit)
            );
            finding(code::SINCE_RENUMBERED, message)
        }
    }
}

/// The commit whose versions count: HEAD, or main where HEAD has none.
fn tip(repository: &Repository) -> Result<Option<Oid>, git2::Error> {
    match repository.git2().head().and_then(|head| head.peel_to_commit()) {
        Ok(commit) => Ok(Some(commit.id())),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
            Ok(repository.tip().ok().map(|tip| tip.commit))
        }
        Err(error) => Err(error),
    }
}

/// Follows first parents from `new` down to `old`, which it contains; the merge
/// at which that line leaves `old` behind.
fn first_merge_against(git: &git2::Repository, new: Oid, old: Oid) -> Result<Option<Oid>, git2::Error> {
    let mut at = new;
    while at != old {
        let commit = git.find_commit(at)?;
        let first = match commit.parent_id(0) {
            Ok(first) => first,
            Err(_) => return Ok(Some(at)),
        };
        if commit.parent_count() > 1 && first != old && !git.graph_descendant_of(first, old)? {
            return Ok(Some(at));
        }
        at = first;
    }
    Ok(None)
}
