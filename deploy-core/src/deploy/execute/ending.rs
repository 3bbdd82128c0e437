//! How operations end: in one commit each, whatever became of them.

use std::sync::PoisonError;
use std::time::Duration;

use super::error::on_one_line;
use super::seen::{Seen, Verdict};
use super::transaction::{Piece, Transaction};
use super::{Done, ExecuteError, Execution, Told, Unsettled, ended, target};
use crate::opcon::OpConError;
use crate::repository::records::{
    Action, Block, Digest, Entry, LedgerError, Phase, Record, STANDS_OTHERWISE, Status,
};

/// How often the end is written where the remote is out of reach.
const TRIES: u32 = 3;
/// How long between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

impl Execution<'_> {
    /// What was wanted stands there, or nearly.
    pub(super) async fn succeed(
        &self,
        transaction: Transaction,
        seen: Vec<Seen>,
        mismatch: Vec<(String, Vec<String>)>,
        read_back_decided: bool,
    ) -> Result<Done, ExecuteError> {
        (self.told)(Told::Ending);
        let at = (self.clock)();
        let mut entries = Vec::new();
        let mut records = Vec::new();
        for (piece, seen) in transaction.pieces.iter().zip(seen) {
            let mut record = ended(&piece.record, Status::Active, at);
            let differs = mismatch.iter().find(|(name, _)| name == piece.name());
            record.reason = match differs {
                Some((_, lines)) => Some(format!("{STANDS_OTHERWISE}: {}", on_one_line(lines))),
                None if read_back_decided => Some("known from reading back".to_owned()),
                None => None,
            };
            let previous = piece
                .standing
                .as_ref()
                .map(|standing| Record { status: transaction.previous, ..standing.record.clone() });
            entries.push(match seen.bytes {
                Some(bytes) if piece.is_script() => {
                    record.status = Status::Deployed;
                    record.deployed = Some(Digest::of(&bytes));
                    Entry::script(&record)
                }
                Some(bytes) => {
                    record.deployed = Some(Digest::of(&bytes));
                    Entry::activate(&record, &bytes, previous.as_ref())
                }
                None => {
                    record.status = Status::Deleted;
                    Entry::removed(&record, previous.as_ref())
                }
            });
            entries.extend(pinned(piece, &record));
            records.push(record);
        }
        let package = transaction.package.as_ref().map(|package| {
            let status = if package.stays { Status::Active } else { Status::Deleted };
            let record = ended(&package.record, status, at);
            let previous = package
                .previous
                .as_ref()
                .map(|previous| Record { status: transaction.previous, ..previous.clone() });
            let mut entry = match package.stays {
                true => Entry::package(&record),
                false => Entry::package_removed(&record),
            };
            entry.blocks.extend(previous.as_ref().map(Block::status));
            entries.push(entry);
            record
        });
        for left in &transaction.supersedes {
            let mut record = ended(left, Status::Failed, at);
            record.reason = transaction.id().map(|id| format!("settled by record {id}"));
            entries.push(Entry::ended(&record));
        }
        let stands = match () {
            () if !mismatch.is_empty() => "stands other than planned",
            () if records.iter().all(|record| record.status == Status::Deleted) => "is gone as planned",
            () => "stands as planned",
        };
        let done = Done { records, package, mismatch, read_back_decided };
        entries.extend(self.escort_of(&done));
        self.end(&transaction, entries, stands).await?;
        Ok(done)
    }

    fn escort_of(&self, done: &Done) -> Option<Entry> {
        let escort = self.escort.lock().unwrap_or_else(PoisonError::into_inner);
        escort.end.as_ref().map(|end| end(done))
    }

    /// The target said no, and everything stands there as before.
    pub(super) async fn fail(&self, transaction: Transaction, source: OpConError) -> ExecuteError {
        let (server, what) = (transaction.server().to_owned(), transaction.what());
        let reason = source.on_one_line();
        let failed = ExecuteError::Failed { server, what, source: Box::new(source) };
        self.give_up(transaction, Status::Failed, reason, failed).await
    }

    /// The target said no, but what stands there is something else.
    pub(super) async fn fail_changed(
        &self,
        transaction: Transaction,
        source: OpConError,
        seen: Vec<Seen>,
    ) -> ExecuteError {
        let changed = transaction.pieces.iter().zip(seen).find_map(|(piece, seen)| match seen.verdict {
            Verdict::AsBefore | Verdict::AsBoth => None,
            Verdict::AsWanted => Some((piece.name().to_owned(), vec!["it is what was sent".to_owned()])),
            Verdict::Neither(lines) => Some((piece.name().to_owned(), lines)),
        });
        let (name, changed) = changed.unwrap_or_default();
        let server = transaction.server().to_owned();
        let failed = ExecuteError::FailedAndChanged { server, source: Box::new(source), name, changed };
        let reason = failed.to_string();
        self.give_up(transaction, Status::Failed, reason, failed).await
    }

    /// Nothing was touched: the user stopped it, or the lease is gone.
    pub(super) async fn cancel(&self, transaction: Transaction, why: ExecuteError) -> ExecuteError {
        let reason = why.to_string();
        self.give_up(transaction, Status::Cancelled, reason, why).await
    }

    /// A process was cut off before it changed anything.
    pub(super) async fn end_unchanged(&self, transaction: Transaction) -> Result<Done, ExecuteError> {
        let reason = "cut off before it changed anything".to_owned();
        let (entry, records, package) = self.without_effect(&transaction, Status::Failed, reason);
        self.end(&transaction, vec![entry], "stands as before").await?;
        Ok(Done { records, package, mismatch: Vec::new(), read_back_decided: true })
    }

    /// The target does not hold what it took: what stood there is put back.
    pub(super) async fn put_back(
        &self,
        transaction: Transaction,
        differs: Vec<(String, Vec<String>)>,
    ) -> ExecuteError {
        let put_back = match target::put_back(&*self.system, &transaction).await {
            Ok(()) => self.look(&transaction).await,
            Err(error) => Err(error),
        };
        let (server, what) = (transaction.server().to_owned(), transaction.what());
        let lines = || differs.iter().flat_map(|(_, lines)| lines.clone()).collect::<Vec<_>>();
        match put_back {
            Ok(seen) if seen.iter().all(Seen::is_before) => {
                let failed = ExecuteError::PutBack { server, what, differs: lines() };
                let reason = failed.to_string();
                self.give_up(transaction, Status::Failed, reason, failed).await
            }
            Ok(_) => {
                let (name, differs) = differs.into_iter().next().unwrap_or_default();
                let why = Unsettled::Neither { name, touched: None, differs };
                self.leave_open(transaction, Phase::Inserted, why).await
            }
            Err(error) => self.leave_open(transaction, Phase::Inserted, Unsettled::NotPutBack(error)).await,
        }
    }

    /// Leaves the records open for `doctor`, with what is known.
    pub(super) async fn leave_open(
        &self,
        transaction: Transaction,
        phase: Phase,
        why: Unsettled,
    ) -> ExecuteError {
        let reason = why.to_string();
        let open = |record: &Record| Record { phase, reason: Some(reason.clone()), ..record.clone() };
        let all = transaction.package.iter().map(|package| &package.record);
        let all = all.chain(transaction.pieces.iter().map(|piece| &piece.record));
        let entry = all.map(|record| Entry::progress(&open(record))).reduce(Entry::and).unwrap_or_default();
        let (server, what) = (transaction.server().to_owned(), transaction.what());
        let record = transaction.id();
        // That it is open is recorded already; only the reason would be missing.
        let _ = self.ledger.write(entry).await;
        match record {
            Some(record) => ExecuteError::Open { server, what, record, why: Box::new(why) },
            None => ExecuteError::Stopped { server },
        }
    }

    /// Ends the records of something that had no effect.
    async fn give_up(
        &self,
        transaction: Transaction,
        status: Status,
        reason: String,
        why: ExecuteError,
    ) -> ExecuteError {
        let (entry, ..) = self.without_effect(&transaction, status, reason);
        match self.end(&transaction, vec![entry], "stands as before").await {
            Ok(()) => why,
            Err(not_ended) => not_ended,
        }
    }

    fn without_effect(
        &self,
        transaction: &Transaction,
        status: Status,
        reason: String,
    ) -> (Entry, Vec<Record>, Option<Record>) {
        let at = (self.clock)();
        let end = |record: &Record| Record { reason: Some(reason.clone()), ..ended(record, status, at) };
        let records: Vec<Record> = transaction.pieces.iter().map(|piece| end(&piece.record)).collect();
        let package = transaction.package.as_ref().map(|package| end(&package.record));
        let entries = package.iter().chain(&records).map(Entry::ended);
        (entries.reduce(Entry::and).unwrap_or_default(), records, package)
    }

    async fn end(
        &self,
        transaction: &Transaction,
        entries: Vec<Entry>,
        stands: &'static str,
    ) -> Result<(), ExecuteError> {
        let Some(entry) = entries.into_iter().reduce(Entry::and) else { return Ok(()) };
        let mut tries = 1..;
        loop {
            match self.ledger.write(entry.clone()).await {
                Ok(_) => return Ok(()),
                // The target is as it is: one more try costs little, and Ctrl-C ends a `git push`, too.
                Err(LedgerError::Unreachable { .. }) if tries.next() < Some(TRIES) => {
                    tokio::time::sleep(BETWEEN_TRIES).await;
                }
                Err(source) => return Err(self.not_ended(transaction, stands, source)),
            }
        }
    }

    fn not_ended(
        &self,
        transaction: &Transaction,
        stands: &'static str,
        source: LedgerError,
    ) -> ExecuteError {
        let (server, what) = (transaction.server().to_owned(), transaction.what());
        match transaction.id() {
            Some(record) => ExecuteError::NotEnded { server, what, stands, record, source: Box::new(source) },
            None => ExecuteError::Stopped { server },
        }
    }
}

/// What an operation does to pins: a rollback makes one, of the content it took away; a
/// deployment of something newer, or of that content knowingly, lifts it.
fn pinned(piece: &Piece, record: &Record) -> Option<Entry> {
    let (server, name) = (record.server.as_str(), record.name.as_str());
    match record.action {
        Action::Rollback => piece.pin.as_ref().map(|pin| Entry::pin(server, name, pin)),
        Action::Deploy => {
            let pin = piece.pin.as_ref()?;
            let is_same = record.source.blob.as_ref() == Some(&pin.blob);
            let is_older = record.source.version.zip(pin.version).is_some_and(|(this, pinned)| this < pinned);
            (is_same || !is_older).then(|| Entry::unpin(server, name, pin, &record.user))
        }
        Action::Delete | Action::Adopt | Action::Simulate | Action::Import => None,
    }
}
