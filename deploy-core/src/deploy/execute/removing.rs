//! Removing a package: OpCon removes one schedule at a time, so each ends by
//! itself, and the package when all are gone.

use super::{Asked, Done, ExecuteError, Execution, Transaction, ended};
use crate::deploy::Removal;
use crate::repository::records::{Action, Block, Entry, Kind, Record, Status};

impl Execution<'_> {
    /// Removes schedules, and the package they are.
    pub async fn remove(&self, removal: &Removal, asked: &Asked) -> Result<Done, ExecuteError> {
        let Some(package) = &removal.package else {
            return self.remove_each(removal.transactions(None, asked)).await;
        };
        let server = package.server.clone();
        let record = Record {
            source: package.source.clone(),
            previous: Some(package.id),
            ..asked.record(Kind::Package, Action::Delete, &server, &package.name)
        };
        let not_begun = |source| ExecuteError::NotBegun { server, source: Box::new(source) };
        let begin = self.with_escort(Entry::begin(&record, None, None, None));
        self.ledger.write(begin).await.map_err(not_begun)?;
        let done = self.remove_each(removal.transactions(Some(&record), asked)).await;
        let at = (self.clock)();
        let (record, entry) = match &done {
            Ok(_) => {
                let record = ended(&record, Status::Deleted, at);
                let mut entry = Entry::package_removed(&record);
                entry.blocks.push(Block::status(&Record { status: Status::Deleted, ..package.clone() }));
                (record, entry)
            }
            Err(error) => {
                let reason = Some(format!("not all of it was removed: {error}"));
                let record = Record { reason, ..ended(&record, Status::Failed, at) };
                let entry = Entry::ended(&record);
                (record, entry)
            }
        };
        let written = self.ledger.write(entry).await;
        let mut done = done?;
        written.map_err(|source| ExecuteError::NotEnded {
            server: record.server.clone(),
            what: format!("package `{}`", record.name),
            stands: "is gone",
            record: record.id,
            source: Box::new(source),
        })?;
        done.package = Some(record);
        Ok(done)
    }

    async fn remove_each(&self, transactions: Vec<Transaction>) -> Result<Done, ExecuteError> {
        let mut all =
            Done { records: Vec::new(), package: None, mismatch: Vec::new(), read_back_decided: false };
        for transaction in transactions {
            let done = self.run(transaction).await?;
            all.records.extend(done.records);
            all.mismatch.extend(done.mismatch);
            all.read_back_decided |= done.read_back_decided;
        }
        Ok(all)
    }
}
