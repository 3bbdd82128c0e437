//! Changing a target, in the one order in which nothing can be lost.
//!
//! What stands there and what shall stand there are committed as "Deploying"
//! (and pushed, where there is a remote) before the target is touched. Then it
//! is changed in one transaction and read back, and what stands there decides
//! how the records end: never what an answer said or did not say. The same
//! code ends what a killed process left ([`Execution::resolve`]).

mod each;
mod ending;
mod error;
mod making;
mod readback;
mod removing;
mod scripts;
mod seen;
mod target;
mod transaction;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use tokio::sync::Semaphore;

use crate::opcon::{Cause, OpConError, OpConSystem};
use crate::repository::records::{Entry, Lease, Ledger, Phase, Record, Standing, Status};
use crate::repository::settings::OnMismatch;
pub use each::{EachError, Outcome};
pub use error::{ExecuteError, Unsettled};
pub use making::{Asked, Before, waiting};
pub use scripts::{StandingScript, Texts, to_bytes};
pub use seen::{Seen, Verdict};
pub use target::{of_undoing, standing};
pub use transaction::{PackagePiece, Piece, Transaction};

/// How many transactions hold whole definitions in memory at once.
const AT_WORK: usize = 24;
/// How often a target is looked at again that may still be at work on what it was sent.
const LOOKS: u32 = 5;
/// How long between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What it takes to change a target.
pub struct Execution<'a> {
    /// The target.
    pub system: Arc<dyn OpConSystem>,
    /// Where records are written.
    pub ledger: Ledger,
    /// What holds everybody else off.
    pub lease: &'a Lease,
    /// What happens when a target does not hold what was sent.
    pub on_mismatch: OnMismatch,
    /// What time it is.
    pub clock: &'a (dyn Fn() -> DateTime<FixedOffset> + Sync),
    /// Set when the user wants to stop.
    pub stop: &'a AtomicBool,
    /// Is told how far it is.
    pub told: &'a (dyn Fn(Told) + Sync),
    at_work: Arc<Semaphore>,
    escort: Mutex<Escort<'a>>,
}

/// What else is committed with the beginning and the end of an operation, so that it stands
/// or falls with them.
#[derive(Default)]
pub struct Escort<'a> {
    /// With the beginning of the first transaction.
    pub begin: Option<Entry>,
    /// With an end at which it stands on the target.
    pub end: Option<EndsWith<'a>>,
}

/// What is committed with an end, by how it ended.
pub type EndsWith<'a> = Box<dyn Fn(&Done) -> Entry + 'a>;

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// What stands there is committed; the target is about to be changed.
    Begun,
    /// The target has answered and is read back.
    Touched,
    /// The end is about to be recorded.
    Ending,
}

/// How an operation ended.
#[derive(Debug)]
pub struct Done {
    /// The records, ended.
    pub records: Vec<Record>,
    /// The package's record.
    pub package: Option<Record>,
    /// What is not as it was sent, by schedule, in lines.
    pub mismatch: Vec<(String, Vec<String>)>,
    /// Whether the answer of the target was lost, and what was done is known from reading back.
    pub read_back_decided: bool,
}

/// What came of touching the target.
#[derive(Debug)]
pub(crate) enum Touched {
    /// It said that it did.
    Taken,
    /// It said that it did not.
    Refused(OpConError),
    /// It did not say.
    Unsure(OpConError),
    /// Another process touched it, or did not.
    Unknown,
}

impl<'a> Execution<'a> {
    /// With what it takes.
    pub fn new(
        system: Arc<dyn OpConSystem>,
        ledger: Ledger,
        lease: &'a Lease,
        on_mismatch: OnMismatch,
        clock: &'a (dyn Fn() -> DateTime<FixedOffset> + Sync),
        stop: &'a AtomicBool,
        told: &'a (dyn Fn(Told) + Sync),
    ) -> Self {
        let (at_work, escort) = (at_work(), Mutex::default());
        Self { system, ledger, lease, on_mismatch, clock, stop, told, at_work, escort }
    }

    /// With bounds that several share, for one transaction that something else depends on.
    pub fn escorted(self, at_work: Arc<Semaphore>, escort: Escort<'a>) -> Self {
        Self { at_work, escort: Mutex::new(escort), ..self }
    }

    /// An entry, with what else is to be committed with it.
    fn with_escort(&self, begin: Entry) -> Entry {
        let escort = self.escort.lock().unwrap_or_else(PoisonError::into_inner).begin.take();
        escort.into_iter().fold(begin, Entry::and)
    }

    /// Does it: begin, touch, read back, end.
    pub async fn run(&self, transaction: Transaction) -> Result<Done, ExecuteError> {
        let _participant = self.ledger.join();
        self.run_joined(transaction).await
    }

    /// The same for one that has said to the ledger that it is under way.
    pub(crate) async fn run_joined(&self, transaction: Transaction) -> Result<Done, ExecuteError> {
        let server = transaction.server().to_owned();
        if self.is_stopped() {
            return Err(ExecuteError::Stopped { server });
        }
        let begun = self.ledger.write(self.with_escort(begin(&transaction))).await;
        begun.map_err(|source| ExecuteError::NotBegun { server, source: Box::new(source) })?;
        let (touched, seen) = match self.touch(&transaction).await {
            Ok(done) => done,
            Err(untouched) => return Err(self.cancel(transaction, untouched).await),
        };
        self.settle(transaction, touched, seen).await
    }

    /// Changes the target and looks at it; an error where it was not touched. Whole definitions
    /// are in memory only meanwhile.
    async fn touch(
        &self,
        transaction: &Transaction,
    ) -> Result<(Touched, Result<Vec<Seen>, OpConError>), ExecuteError> {
        let server = || transaction.server().to_owned();
        // The semaphore is never closed.
        let _permit = self.at_work.acquire().await;
        if self.is_stopped() {
            return Err(ExecuteError::Stopped { server: server() });
        }
        let held = self.lease.still_held();
        held.map_err(|source| ExecuteError::LeaseLost { server: server(), source: Box::new(source) })?;
        (self.told)(Told::Begun);
        let touched = target::touch(&*self.system, transaction).await?;
        (self.told)(Told::Touched);
        let mut seen = self.look(transaction).await;
        // A system that was too slow to answer may be still at it.
        let is_slow = match &touched {
            Touched::Unsure(error) => matches!(*error.cause, Cause::AnswerTimeout { .. }),
            _ => false,
        };
        let as_before = |seen: &Vec<Seen>| seen.iter().all(Seen::is_before);
        for _ in 0..LOOKS {
            if !is_slow || !seen.as_ref().is_ok_and(as_before) {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
            seen = self.look(transaction).await;
        }
        Ok((touched, seen))
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Ends what another process began, by what stands on the target.
    pub async fn resolve(&self, transaction: Transaction) -> Result<Done, ExecuteError> {
        let _participant = self.ledger.join();
        if transaction.pieces.is_empty() {
            // A package that was being removed: what is left of it stands there as before.
            return self.end_unchanged(transaction).await;
        }
        let seen = self.look(&transaction).await;
        self.settle(transaction, Touched::Unknown, seen).await
    }

    /// What stands there now.
    pub(crate) async fn look(&self, transaction: &Transaction) -> Result<Vec<Seen>, OpConError> {
        seen::look(&self.system, transaction).await
    }

    /// Decides how it ends, by what stands there.
    async fn settle(
        &self,
        transaction: Transaction,
        touched: Touched,
        seen: Result<Vec<Seen>, OpConError>,
    ) -> Result<Done, ExecuteError> {
        let read = match seen {
            Ok(seen) => return self.settle_seen(transaction, touched, seen).await,
            Err(read) => read,
        };
        let (phase, why) = match touched {
            Touched::Taken => (Phase::Inserted, Unsettled::NotRead(read)),
            Touched::Refused(touched) | Touched::Unsure(touched) => {
                (Phase::Begun, Unsettled::Unknown { touched, read })
            }
            Touched::Unknown => (Phase::Begun, Unsettled::CutOff(read)),
        };
        Err(self.leave_open(transaction, phase, why).await)
    }

    async fn settle_seen(
        &self,
        transaction: Transaction,
        touched: Touched,
        seen: Vec<Seen>,
    ) -> Result<Done, ExecuteError> {
        let taken = matches!(touched, Touched::Taken);
        let is_proved = taken || seen.iter().any(|one| one.verdict == Verdict::AsWanted);
        if is_proved && seen.iter().all(Seen::is_wanted) {
            return self.succeed(transaction, seen, Vec::new(), !taken).await;
        }
        let as_before = seen.iter().all(Seen::is_before);
        match touched {
            Touched::Taken => {
                let differs = seen::differences(&transaction, &seen);
                match self.on_mismatch {
                    // A version of a script cannot be taken away again.
                    OnMismatch::Rollback if transaction.scripts.is_empty() => {
                        Err(self.put_back(transaction, differs).await)
                    }
                    OnMismatch::Report | OnMismatch::Rollback => {
                        self.succeed(transaction, seen, differs, false).await
                    }
                }
            }
            Touched::Unsure(source) | Touched::Refused(source) if as_before => {
                Err(self.fail(transaction, source).await)
            }
            Touched::Refused(source) => Err(self.fail_changed(transaction, source, seen).await),
            Touched::Unknown if as_before => self.end_unchanged(transaction).await,
            // Some of it was done, and nobody else was there meanwhile.
            Touched::Unknown if !seen.iter().any(Seen::is_neither) => {
                let differs = seen::differences(&transaction, &seen);
                Err(self.put_back(transaction, differs).await)
            }
            touched => {
                let neither = seen::differences(&transaction, &seen).into_iter().next();
                let (name, differs) = neither.unwrap_or_default();
                let touched = match touched {
                    Touched::Unsure(error) => Some(error),
                    _ => None,
                };
                let why = Unsettled::Neither { name, touched, differs };
                Err(self.leave_open(transaction, Phase::Begun, why).await)
            }
        }
    }
}

/// A bound on how many transactions hold whole definitions in memory.
pub fn at_work() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_WORK))
}

/// All that is committed before the target is touched.
fn begin(transaction: &Transaction) -> Entry {
    let waited = |record: &Record| transaction.taken_up.iter().find(|(id, _)| *id == record.id);
    let begin =
        |record: &Record, planned: Option<&[u8]>, rollback: Option<&[u8]>, standing: Option<&Standing>| {
            match waited(record) {
                Some((_, seen)) => Entry::take_up(record, planned, rollback, standing, *seen),
                None => Entry::begin(record, planned, rollback, standing),
            }
        };
    let pieces = transaction.pieces.iter().map(|piece| {
        begin(&piece.record, piece.wanted.as_deref(), piece.found.as_deref(), piece.standing.as_ref())
    });
    let package = transaction.package.iter().map(|package| begin(&package.record, None, None, None));
    let whole = package.chain(pieces).reduce(Entry::and);
    whole.unwrap_or_default()
}

/// A record at its end.
fn ended(record: &Record, status: Status, at: DateTime<FixedOffset>) -> Record {
    Record { status, phase: Phase::Done, ended: Some(at), ..record.clone() }
}
