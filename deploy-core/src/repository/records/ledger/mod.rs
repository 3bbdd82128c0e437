//! Writing records: one thread, and entries that wait together share a commit and a push.
//!
//! An entry stands when its commit does: on the remote where there is one, on
//! the branch of this clone otherwise. Where others were faster it is made
//! again on what they left, unless what it rests on moved.

mod error;
mod group;
mod offline;
mod queue;
mod store;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod tree;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use git2::Oid;
use tokio::sync::oneshot;

use super::{Entry, Reach, Records};
use crate::repository::Repository;
pub use error::LedgerError;
use queue::{Queue, Waiting};
use writer::Writer;

/// The one writer of records of this process: a thread with its own handle on the
/// repository. It ends with the last handle on it.
#[derive(Debug, Clone)]
pub struct Ledger {
    thread: Arc<Thread>,
}

#[derive(Debug)]
struct Thread {
    queue: Arc<Queue>,
    handle: Mutex<Option<JoinHandle<LedgerStats>>>,
}

/// An operation is under way that will still write: while it has not queued its entry, the
/// ledger waits a moment for it to share the commit. It ends when this is dropped.
#[derive(Debug)]
pub struct Participant {
    queue: Arc<Queue>,
}

/// An entry that stands: committed, and pushed where there is a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The commit that holds it.
    pub commit: Oid,
}

/// What a ledger did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerStats {
    /// Entries that stand.
    pub entries: usize,
    /// Commits made for them.
    pub commits: usize,
    /// Times that `git push` ran.
    pub pushes: usize,
    /// How long that took in all.
    pub pushing: Duration,
    /// How long everything else took that the thread did.
    pub working: Duration,
}

/// From how many operations under way on their files go into packs.
const CROWD: usize = 8;

impl Ledger {
    /// Starts the thread. Where the remote counts, what was recorded without it is
    /// brought there first.
    pub fn start(repository: &Repository, reach: Reach) -> Result<Self, LedgerError> {
        let queue = Arc::new(Queue::default());
        let writer = Writer::open(repository, reach, Arc::clone(&queue))?;
        let handle = std::thread::Builder::new().name("records".to_owned()).spawn(|| writer.run())?;
        Ok(Self { thread: Arc::new(Thread { queue, handle: Mutex::new(Some(handle)) }) })
    }

    /// Says that an operation is under way that will still write.
    pub fn join(&self) -> Participant {
        self.thread.queue.joined();
        Participant { queue: Arc::clone(&self.thread.queue) }
    }

    /// Writes an entry; it stands when this returns. Once begun it is written even if
    /// nobody waits for it any more.
    pub async fn write(&self, entry: Entry) -> Result<Written, LedgerError> {
        let (answer, written) = oneshot::channel();
        let crowd = self.thread.queue.participants() >= CROWD;
        self.thread.queue.push(Waiting {
            subject: entry.subject,
            edits: store::prepare(entry.edits, crowd),
            expects: entry.expects,
            blocks: entry.blocks,
            since: Instant::now(),
            answer,
        })?;
        written.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// The tip after what was written so far.
    pub fn tip(&self) -> Option<Oid> {
        self.thread.queue.tip()
    }

    /// The records after what was written so far.
    pub fn records<'r>(&self, repository: &'r Repository) -> Records<'r> {
        Records::at(repository, self.tip())
    }

    /// Writes what is queued, ends the thread, and says what it did; with other handles
    /// nothing can be written any more.
    pub fn finish(self) -> LedgerStats {
        self.thread.end()
    }
}

impl Thread {
    fn end(&self) -> LedgerStats {
        self.queue.close();
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        handle.and_then(|handle| handle.join().ok()).unwrap_or_default()
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.end();
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        self.queue.left();
    }
}
