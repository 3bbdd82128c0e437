//! What a user writes for a schedule or package, and what it stands for:
//! `NAME` the latest version, `NAME@3` version 3, `NAME@REF` as of a branch,
//! tag or commit. An existing whole name wins over `@`.

use git2::Oid;

use super::Repository;
use super::history::{History, HistoryError, Version};
use super::layout::Kind;
use super::listing::Listing;
use super::package;
use super::toml_file::nearest;
use crate::definition::{Definition, ReadError, decode, encode};

/// Why something a user named was not found.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// No such thing, now or ever.
    #[error("no {} `{name}`{}", .kind.word(), near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// What was looked for.
        kind: Kind,
        /// As it was written.
        name: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// It has fewer versions.
    #[error("{} `{name}` has no version {number}; its latest is {latest}", .kind.word())]
    NoVersion {
        /// What was looked for.
        kind: Kind,
        /// Its name.
        name: String,
        /// The version asked for, as it was written.
        number: String,
        /// The version it has.
        latest: usize,
    },
    /// This version is the deletion.
    #[error("version {number} of {} `{name}` is its deletion: there is no content", .kind.word())]
    Deleted {
        /// What was looked for.
        kind: Kind,
        /// Its name.
        name: String,
        /// The version asked for, or the latest.
        number: usize,
    },
    /// Not a branch, tag or commit.
    #[error("`{reference}` is not a branch, a tag or a commit")]
    NoRef {
        /// As it was written.
        reference: String,
    },
    /// Not there at that commit.
    #[error("{} `{name}` does not exist at `{reference}`", .kind.word())]
    NotAtRef {
        /// What was looked for.
        kind: Kind,
        /// Its name.
        name: String,
        /// Where it was looked for.
        reference: String,
    },
    /// The stored content is not a definition.
    #[error("`{path}` at {}: {source}", &.commit.to_string()[..8])]
    Unreadable {
        /// The file.
        path: String,
        /// The commit.
        commit: Oid,
        /// What is wrong with it.
        source: ReadError,
    },
    /// The versions could not be counted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// An object could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// What was named, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its version on main; `None` for a content that is none.
    pub number: Option<usize>,
    /// The commit it was read from.
    pub commit: Oid,
    /// Where it lies in that commit.
    pub path: String,
    /// Its content.
    pub blob: Oid,
}

impl Found {
    /// The name with the version, as it is written: `NAME@3`.
    pub fn label(&self) -> String {
        match self.number {
            Some(number) => format!("{}@{number}", self.name),
            None => format!("{}@{}", self.name, &self.commit.to_string()[..8]),
        }
    }
}

/// Finds what `text` stands for.
pub fn resolve(
    repository: &Repository,
    history: &History,
    kind: Kind,
    text: &str,
) -> Result<Found, ResolveError> {
    let whole = all_versions(repository, history, kind, text);
    if !whole.is_empty() {
        return latest(kind, text, &whole);
    }
    match text.rsplit_once('@') {
        Some((name, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            let versions = versions(repository, history, kind, name)?;
            let wanted = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match wanted.and_then(|at| versions.get(at)) {
                Some(version) => found(kind, name, version),
                None => Err(ResolveError::NoVersion {
                    kind,
                    name: name.to_owned(),
                    number: number.to_owned(),
                    latest: versions.len(),
                }),
            }
        }
        Some((name, reference)) if !name.is_empty() && !reference.is_empty() => {
            at_ref(repository, history, kind, name, reference)
        }
        _ => Err(unknown(history, kind, text)),
    }
}

/// All versions of a name, or the error that helps.
pub fn versions(
    repository: &Repository,
    history: &History,
    kind: Kind,
    name: &str,
) -> Result<Vec<Version>, ResolveError> {
    let versions = all_versions(repository, history, kind, name);
    if versions.is_empty() { Err(unknown(history, kind, name)) } else { Ok(versions) }
}

/// All versions of a name; for a package those under its former names too.
fn all_versions(repository: &Repository, history: &History, kind: Kind, name: &str) -> Vec<Version> {
    match kind {
        Kind::Package => package::versions(repository, history, &encode(name)),
        Kind::Schedule | Kind::Rule => history.versions(kind, &encode(name)),
    }
}

fn latest(kind: Kind, name: &str, versions: &[Version]) -> Result<Found, ResolveError> {
    match versions.last() {
        Some(version) => found(kind, name, version),
        None => Err(ResolveError::Unknown { kind, name: name.to_owned(), near: None }),
    }
}

fn found(kind: Kind, name: &str, version: &Version) -> Result<Found, ResolveError> {
    match version.blob {
        Some(blob) => Ok(Found {
            name: name.to_owned(),
            number: Some(version.number),
            commit: version.commit,
            path: version.path.clone(),
            blob,
        }),
        None => Err(ResolveError::Deleted { kind, name: name.to_owned(), number: version.number }),
    }
}

fn at_ref(
    repository: &Repository,
    history: &History,
    kind: Kind,
    name: &str,
    reference: &str,
) -> Result<Found, ResolveError> {
    let git = repository.git2();
    let object = git.revparse_single(reference).and_then(|object| object.peel_to_commit());
    let Ok(commit) = object else {
        return Err(match history.versions(kind, &encode(name)).is_empty() {
            true => unknown(history, kind, &format!("{name}@{reference}")),
            false => ResolveError::NoRef { reference: reference.to_owned() },
        });
    };
    let listing = Listing::read(git, &commit.tree()?, kind)?;
    let Some(stored) = listing.get(&encode(name)) else {
        let (name, reference) = (name.to_owned(), reference.to_owned());
        return Err(ResolveError::NotAtRef { kind, name, reference });
    };
    // The same content may be a version: the latest that has it and is not younger than the ref.
    let versions = all_versions(repository, history, kind, name);
    let number = versions.iter().rev().find(|version| version.blob == Some(stored.blob)).map(|v| v.number);
    Ok(Found {
        name: name.to_owned(),
        number,
        commit: commit.id(),
        path: stored.path.clone(),
        blob: stored.blob,
    })
}

pub(super) fn unknown(history: &History, kind: Kind, name: &str) -> ResolveError {
    let known = history.latest(kind).into_iter().filter_map(|(stem, _)| decode(&stem)).collect::<Vec<_>>();
    let bare = name.rsplit_once('@').map_or(name, |(name, _)| name);
    let near = nearest(bare, &known).map(str::to_owned);
    ResolveError::Unknown { kind, name: name.to_owned(), near }
}

impl Repository {
    /// The definition that was found.
    pub fn definition(&self, found: &Found) -> Result<Definition, ResolveError> {
        let blob = self.git2().find_blob(found.blob)?;
        Definition::read(blob.content()).map_err(|source| ResolveError::Unreadable {
            path: found.path.clone(),
            commit: found.commit,
            source,
        })
    }
}
