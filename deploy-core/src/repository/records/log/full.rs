//! A record in full, and the definitions it knows, from the trees of its commits.

use git2::{Oid, Tree};

use super::super::{Phase, Place, Record, RecordId};
use super::{Change, RecordLog, Row};
use crate::repository::Repository;
use crate::repository::toml_file::{TomlError, read_toml};

/// Why a record could not be read in full.
#[derive(Debug, thiserror::Error)]
pub enum FullError {
    /// The commits that tell of it do not hold it.
    #[error("the record `{id}` is not in the commits that tell of it, such as {}", &.commit.to_string()[..8])]
    Missing {
        /// The record.
        id: RecordId,
        /// The last commit that tells of it.
        commit: Oid,
    },
    /// Its file is wrong.
    #[error("at {}: {source}", &.commit.to_string()[..8])]
    Toml {
        /// The commit it was read from.
        commit: Oid,
        /// What is wrong with it.
        source: TomlError,
    },
    /// An object could not be read.
    #[error("cannot read the records: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// One of the definitions that a record knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// What was to stand there.
    Planned,
    /// What stood there before.
    Rollback,
    /// What was read back afterwards.
    Deployed,
}

impl RecordLog {
    /// A record in full, with the status that it has now.
    pub fn full(&self, repository: &Repository, row: &Row<'_>) -> Result<Record, FullError> {
        for tree in trees(repository, row)? {
            let Some(mut record) = record_in(repository, &tree, row)? else { continue };
            record.status = row.status().unwrap_or(record.status);
            record.phase = row.phase().unwrap_or(record.phase);
            record.reason = record.reason.or_else(|| row.reason().map(str::to_owned));
            if record.ended.is_none() && record.phase == Phase::Done {
                let told = row.told().and_then(|told| chrono::DateTime::from_timestamp(told.time, 0));
                record.ended = told.map(|time| time.fixed_offset());
            }
            return Ok(record);
        }
        let commit = row.told().map_or(Oid::ZERO_SHA1, |told| told.id);
        Err(FullError::Missing { id: row.id(), commit })
    }

    /// A definition that a record knows, as it is stored; nothing where it knows none.
    pub fn definition(
        &self,
        repository: &Repository,
        row: &Row<'_>,
        which: Which,
    ) -> Result<Option<Vec<u8>>, FullError> {
        let (place, name) = match which {
            Which::Planned => (Place::Open(row.id()), "planned.json"),
            Which::Rollback => (Place::Open(row.id()), "rollback.json"),
            Which::Deployed => (Place::Active(row.server(), row.name()), "deployed.json"),
        };
        for tree in trees(repository, row)? {
            // Another record's may stand at the same place.
            let is_own = which != Which::Deployed
                || record_at(repository, &tree, &place.file("record.toml"), row)?.is_some();
            if is_own && let Some(bytes) = repository.file_in(&tree.tree, &place.file(name))? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

/// A tree that may hold a record.
struct Candidate<'r> {
    commit: Oid,
    tree: Tree<'r>,
}

/// The trees that may hold a record, the latest first: what ended is in the
/// last commit that tells all of it, or was taken away by that.
fn trees<'r>(repository: &'r Repository, row: &Row<'_>) -> Result<Vec<Candidate<'r>>, FullError> {
    let find = |change: Option<Change<'_>>| {
        change.map(|change| repository.git2().find_commit(change.id)).transpose()
    };
    let told = find(row.told())?;
    let before = told.as_ref().and_then(|commit| commit.parents().next());
    let mut trees: Vec<Candidate<'r>> = Vec::new();
    for commit in [told, before, find(row.begun())?].into_iter().flatten() {
        trees.push(Candidate { commit: commit.id(), tree: commit.tree()? });
    }
    Ok(trees)
}

/// The record as a tree has it: where it was begun, or where it stands.
fn record_in(
    repository: &Repository,
    tree: &Candidate<'_>,
    row: &Row<'_>,
) -> Result<Option<Record>, FullError> {
    let (server, name) = (row.server(), row.name());
    let places = [
        Place::Active(server, name).file("record.toml"),
        Place::Open(row.id()).file("record.toml"),
        Place::Package(server, name).path(),
        Place::Script(server, name).path(),
    ];
    for path in places {
        if let Some(record) = record_at(repository, tree, &path, row)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// The record, if the file is that record's.
fn record_at(
    repository: &Repository,
    tree: &Candidate<'_>,
    path: &str,
    row: &Row<'_>,
) -> Result<Option<Record>, FullError> {
    let Some(bytes) = repository.file_in(&tree.tree, path)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    match read_toml::<Record>(path, &text) {
        Ok(record) => Ok(Some(record).filter(|record| record.id == row.id())),
        Err(source) if text.contains(&row.id().to_string()) => {
            Err(FullError::Toml { commit: tree.commit, source })
        }
        // Another record's file; it need not be readable.
        Err(_) => Ok(None),
    }
}
