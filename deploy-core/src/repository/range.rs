//! Which definitions differ between two commits.

use git2::{Delta, DiffFindOptions, Oid};

use super::Repository;
use super::layout::Kind;
use super::resolve::ResolveError;

/// A schedule that differs between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// The file stem.
    pub stem: String,
    /// Where it lay, where it lies.
    pub path: String,
    /// Its content before; `None`: it is new.
    pub before: Option<Oid>,
    /// Its content now; `None`: it is gone.
    pub after: Option<Oid>,
}

/// The schedules that differ in `REV..REV`, by their stems; with `...` against the merge base.
pub fn differing(repository: &Repository, range: &str) -> Result<Vec<Differing>, ResolveError> {
    let git = repository.git2();
    let no_ref = |reference: &str| ResolveError::NoRef { reference: reference.to_owned() };
    let (from, to, from_base) = match (range.split_once("..."), range.split_once("..")) {
        (Some((from, to)), _) => (from, to, true),
        (None, Some((from, to))) => (from, to, false),
        (None, None) => return Err(no_ref(range)),
    };
    let commit = |name: &str| {
        let name = if name.is_empty() { "HEAD" } else { name };
        git.revparse_single(name).and_then(|object| object.peel_to_commit()).map_err(|_| no_ref(name))
    };
    let (mut from, to) = (commit(from)?, commit(to)?);
    if from_base {
        from = git.find_commit(git.merge_base(from.id(), to.id())?)?;
    }
    let mut diff = git.diff_tree_to_tree(Some(&from.tree()?), Some(&to.tree()?), None)?;
    // A file that only moved is no difference of its content.
    diff.find_similar(Some(DiffFindOptions::new().renames(true).exact_match_only(true)))?;
    let mut all = Vec::new();
    for delta in diff.deltas() {
        let (old, new) = (delta.old_file(), delta.new_file());
        let Some(path) = new.path().or(old.path()).and_then(|path| path.to_str()) else { continue };
        let Some((Kind::Schedule, stem)) = Kind::of(path) else { continue };
        let side = |file: git2::DiffFile<'_>, absent: Delta| {
            (delta.status() != absent && !file.id().is_zero()).then(|| file.id())
        };
        let (before, after) = (side(old, Delta::Added), side(new, Delta::Deleted));
        if before != after {
            all.push(Differing { stem: stem.to_owned(), path: path.to_owned(), before, after });
        }
    }
    all.sort_by(|a, b| a.stem.cmp(&b.stem));
    Ok(join_moves(all))
}

/// A schedule that moved and changed shows up as gone and as new: one difference.
fn join_moves(all: Vec<Differing>) -> Vec<Differing> {
    let mut joined: Vec<Differing> = Vec::new();
    for item in all {
        match joined.last_mut() {
            Some(last) if last.stem == item.stem => {
                last.before = last.before.or(item.before);
                last.after = last.after.or(item.after);
            }
            _ => joined.push(item),
        }
    }
    joined
}
