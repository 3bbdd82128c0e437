//! Housekeeping: rollouts that are over for long enough leave the list.
//!
//! First the file goes from main, as a commit of its own; only when main is without it
//! everywhere does what the records keep go too. The other way round a rollout whose
//! states are gone would begin anew.

use chrono::{DateTime, FixedOffset};

use super::run::entry::of_purged;
use super::{FOLDER, Kept, path};
use crate::repository::change::{Change, CommitError, Committed};
use crate::repository::package::CommitOptions;
use crate::repository::records::{Ledger, LedgerError, Reach, Records, RecordsError};
use crate::repository::settings::RolloutSettings;
use crate::repository::{Repository, TipError};

/// A rollout that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    /// Its id.
    pub id: String,
    /// Since when it is over.
    pub over: DateTime<FixedOffset>,
    /// Whether everything was as it should be.
    pub good: bool,
    /// Whether its file is gone from main everywhere, so that its states go too.
    pub is_gone: bool,
}

/// What was purged.
#[derive(Debug, Default)]
pub struct PurgeReport {
    /// The rollouts, by id.
    pub rollouts: Vec<Purged>,
    /// The commit that removes their files; none where there are none.
    pub committed: Option<Committed>,
}

/// Why nothing was purged.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// There is no main.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// Records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// Records cannot be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The files were not removed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// The rollouts that are over for as long as the settings say.
pub fn purgeable(
    repository: &Repository,
    records: &Records<'_>,
    settings: &RolloutSettings,
    now: DateTime<FixedOffset>,
) -> Result<Vec<Purged>, PurgeError> {
    let git = repository.git2();
    let tree = git.find_commit(repository.shared_main()?.0)?.tree()?;
    let mut found = Vec::new();
    for id in records.folders_in(FOLDER)? {
        let Some(over) = Kept::read(records, &id)?.over else { continue };
        let age = if over.good { settings.purge_succeeded } else { settings.purge_failed };
        if now.signed_duration_since(over.time) >= age.into() {
            let is_gone = repository.file_in(&tree, &path(&id))?.is_none();
            found.push(Purged { id, over: over.time, good: over.good, is_gone });
        }
    }
    Ok(found)
}

/// Removes their files from main, and what records keep of those that are gone there.
pub async fn purge(
    repository: &Repository,
    reach: Reach,
    rollouts: Vec<Purged>,
    options: &CommitOptions,
    waiting: &dyn Fn(),
) -> Result<PurgeReport, PurgeError> {
    let mut report = PurgeReport { rollouts, committed: None };
    let mut change = Change::begin(repository, &options.destination, waiting)?;
    let mut files = Vec::new();
    for purged in &report.rollouts {
        let path = path(&purged.id);
        if change.read(&path)?.is_some() {
            change.remove(path);
            files.push(purged.id.escape_debug().to_string());
        }
    }
    if !files.is_empty() {
        let subject = match &options.message {
            Some(message) => message.trim_end().to_owned(),
            None => format!("Purge rollouts: {}", files.join(", ")),
        };
        report.committed = change.commit(&subject, options.push)?;
    } else {
        drop(change);
    }
    let tree = repository.git2().find_commit(repository.shared_main()?.0)?.tree()?;
    let ledger = Ledger::start(repository, reach)?;
    for purged in &mut report.rollouts {
        purged.is_gone = repository.file_in(&tree, &path(&purged.id))?.is_none();
        if purged.is_gone {
            ledger.write(of_purged(&purged.id)).await?;
        }
    }
    ledger.finish();
    Ok(report)
}
