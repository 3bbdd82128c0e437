//! Adopting: what stands on a server already is recorded as standing there.
//!
//! The definitions have been imported before; the target is not touched. Later
//! commands find them by server and name, as they carry no deployment information.

use git2::Oid;

use super::execute::Asked;
use crate::definition::encode;
use crate::repository::Repository;
use crate::repository::history::History;
use crate::repository::layout::Kind as Stored;
use crate::repository::records::{
    Action, Digest, Entry, Kind, Ledger, LedgerError, Phase, Record, Records, RecordsError, Source, Status,
};

/// How much of definitions an entry holds at most: memory does not grow with their number.
const BYTES: usize = 32 * 1024 * 1024;

/// What is to be adopted.
#[derive(Debug, Default)]
pub struct Adoption {
    /// The records, with the blobs of what stands there.
    schedules: Vec<(Record, Oid)>,
    /// Schedules of which there is a record already.
    pub known: usize,
}

/// Why nothing is adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// They could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A stored definition could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

impl Adoption {
    /// Of schedules whose latest versions stand on a server, those of which no record says so.
    pub fn of(
        history: &History,
        records: &Records<'_>,
        server: &str,
        names: &[String],
        asked: &Asked,
    ) -> Result<Self, RecordsError> {
        let mut adoption = Self::default();
        for name in names {
            let versions = history.versions(Stored::Schedule, &encode(name));
            let Some((latest, blob)) = versions.last().and_then(|latest| Some((latest, latest.blob?))) else {
                continue;
            };
            if records.active_of(server, name)?.is_some() {
                adoption.known += 1;
                continue;
            }
            let record = Record {
                status: Status::Active,
                phase: Phase::Done,
                ended: Some(asked.begun),
                source: Source {
                    version: Some(latest.number),
                    commit: Some(latest.commit.to_string()),
                    blob: Some(blob.to_string()),
                },
                ..asked.record(Kind::Schedule, Action::Adopt, server, name)
            };
            adoption.schedules.push((record, blob));
        }
        Ok(adoption)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.schedules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.schedules.is_empty()
    }

    /// Writes the records.
    pub async fn record(self, repository: &Repository, ledger: &Ledger) -> Result<Vec<Record>, AdoptError> {
        let (mut records, mut entry, mut bytes) = (Vec::new(), Entry::default(), 0);
        for (mut record, blob) in self.schedules {
            let content = repository.git2().find_blob(blob)?.content().to_vec();
            bytes += content.len();
            record.deployed = Some(Digest::of(&content));
            entry = entry.and(Entry::adopt(&record, &content));
            records.push(record);
            if bytes > BYTES {
                ledger.write(std::mem::take(&mut entry)).await?;
                bytes = 0;
            }
        }
        if bytes > 0 {
            ledger.write(entry).await?;
        }
        Ok(records)
    }
}
