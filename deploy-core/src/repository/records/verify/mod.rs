//! Proving the records: that nobody rewrote them, and that everybody did only
//! what their role allowed.
//!
//! The branch is replayed from its first commit. What each commit changed must
//! be what its blocks say, every step must be one that the program makes, and
//! every action one that the people, servers and settings of main allowed at the
//! commit that the record names. What git alone cannot prove is counted and
//! said, never passed over. See `docs/audit.md`.

mod changes;
mod finding;
mod line;
mod main_line;
mod people;
mod replay;
mod roles;
mod signature;
mod sources;
mod step;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod way;

use std::collections::HashMap;

pub use finding::{Finding, FindingKind, Report, Unproven};

use super::branch::Branch;
use super::{Records, RecordsError, parse_blocks};
use crate::repository::git::GitError;
use crate::repository::{MainSettingsError, Repository, TipError};
use finding::Findings;
use people::People;
use replay::Replay;
use roles::Made;
use sources::Sources;

/// Why nothing could be proved or disproved.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no main.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// The settings of main name the branch.
    #[error(transparent)]
    Settings(#[from] MainSettingsError),
    /// The branches go back to the beginning.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The git program failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object or ref could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// Proves the records as this clone knows them, or as the remote has them with `fetch`;
/// `progress` is told how many commits of how many are done.
pub fn verify(
    repository: &Repository,
    fetch: bool,
    progress: &dyn Fn(usize, usize),
) -> Result<Report, VerifyError> {
    if repository.git2().is_shallow() {
        return Err(RecordsError::Shallow.into());
    }
    let mut findings = Findings::default();
    if fetch {
        fetched(repository, &mut findings)?;
    }
    let branch = Branch::of(repository)?;
    let tip = line::tip(repository, &branch, &mut findings)?;
    let commits = line::commits(repository, tip, &mut findings)?;
    let main = main_line::commits(repository)?;
    let both: Vec<_> = commits.iter().chain(&main).copied().collect();
    let mut signatures = signature::of_all(repository, &both)?;
    let mut people = People::new(repository)?;
    main_line::check(repository, &main, &signatures, &mut people, &mut findings)?;
    let mut replay = Replay::default();
    let mut sources = Sources::default();
    let mut newest = None;
    for (done, id) in commits.iter().enumerate() {
        progress(done, commits.len());
        let commit = repository.git2().find_commit(*id)?;
        let blocks = parse_blocks(&String::from_utf8_lossy(commit.message_bytes()));
        let acts = replay.commit(repository, &commit, &blocks, &mut findings)?;
        for act in &acts {
            sources.add(act, *id);
        }
        let made = Made::of(&commit, signatures.remove(id));
        roles::check(&made, &acts, &mut newest, &mut people, &mut findings)?;
    }
    sources.check(repository, &people, &mut findings)?;
    let records = replay.records();
    findings.unproven.unfinished = replay.open();
    Ok(findings.report(tip, commits.len(), records, branch_name(&branch)))
}

/// Fetches; a branch that lost something is a finding, and is looked at all the same.
fn fetched(repository: &Repository, findings: &mut Findings) -> Result<(), RecordsError> {
    match Records::fetch(repository) {
        Ok(_) | Err(RecordsError::Rewritten { tip: Some(_), .. }) => Ok(()),
        Err(RecordsError::Rewritten { branch, seen, tip: None, .. }) => {
            let message = format!("`{branch}` was deleted; {} was seen on it", finding::short(seen));
            findings.add(FindingKind::Rewritten, seen, None, message);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn branch_name(branch: &Branch) -> String {
    match &branch.remote {
        Some(remote) => format!("{remote}/{}", branch.name),
        None => branch.name.clone(),
    }
}

/// The signatures of commits by their names; a commit without one is not in it.
type Signatures = HashMap<git2::Oid, signature::Signature>;
