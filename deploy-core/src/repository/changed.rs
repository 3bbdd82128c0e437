//! What a history changed that can be deployed: for pipelines, which are told
//! a former tip and want to know what to try and what to deploy.

use git2::Oid;

use super::Repository;
use super::layout::Kind;
use super::listing::Listing;
use super::package::{StoredError, all_in};
use crate::definition::decode;

/// Why the changes could not be found.
#[derive(Debug, thiserror::Error)]
pub enum ChangedError {
    /// The name of the beginning means nothing here.
    #[error("`{name}` is no commit of this clone")]
    NoCommit {
        /// As it was written.
        name: String,
    },
    /// Nothing is checked out.
    #[error("there is no commit to compare with")]
    NoHead,
    /// The two have nothing in common.
    #[error("`{name}` and HEAD have no common history")]
    Unrelated {
        /// As it was written.
        name: String,
    },
    /// A package cannot be read.
    #[error(transparent)]
    Package(#[from] StoredError),
    /// An object could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// What HEAD changed since it went apart from a commit, as it is deployed: packages, written
/// `package:NAME`, and schedules that no package holds. What was deleted is not among them.
/// A commit of zeros, which hosts give for a branch that is new, stands for nothing at all.
pub fn changed(repository: &Repository, since: &str) -> Result<Vec<String>, ChangedError> {
    let git = repository.git2();
    let head = git.head().and_then(|head| head.peel_to_commit()).map_err(|_| ChangedError::NoHead)?;
    let before = match since.bytes().all(|byte| byte == b'0') && !since.is_empty() {
        true => None,
        false => Some(fork(git, since, head.id())?),
    };
    let after = head.tree()?;
    let packages = all_in(git, &after)?;
    let is_packed = |name: &str| packages.iter().any(|(_, package)| package.pin(name).is_some());
    let mut found = Vec::new();
    for kind in [Kind::Package, Kind::Schedule] {
        let earlier = match before {
            Some(commit) => Listing::read(git, &git.find_commit(commit)?.tree()?, kind)?,
            None => Listing::default(),
        };
        let now = Listing::read(git, &after, kind)?;
        let is_new = |stem: &str, blob: Oid| earlier.get(stem).is_none_or(|earlier| earlier.blob != blob);
        let new = now.iter().filter(|(stem, stored)| is_new(stem, stored.blob));
        let mut names: Vec<String> = new.filter_map(|(stem, _)| decode(stem)).collect();
        names.sort();
        found.extend(names.into_iter().filter(|name| kind == Kind::Package || !is_packed(name)).map(
            |name| match kind {
                Kind::Package => format!("package:{name}"),
                _ => name,
            },
        ));
    }
    Ok(found)
}

/// The commit at which HEAD went apart from another one.
fn fork(git: &git2::Repository, since: &str, head: Oid) -> Result<Oid, ChangedError> {
    let name = || since.to_owned();
    let commit = git.revparse_single(since).and_then(|object| object.peel_to_commit());
    let commit = commit.map_err(|_| ChangedError::NoCommit { name: name() })?;
    git.merge_base(commit.id(), head).map_err(|_| ChangedError::Unrelated { name: name() })
}
