//! What waits to be written, and who is still to come.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use git2::Oid;
use tokio::sync::oneshot;

use super::store::FreshEdit;
use super::{LedgerError, Written};
use crate::repository::records::{Block, Expected};

/// An entry that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) subject: String,
    pub(super) edits: Vec<FreshEdit>,
    pub(super) expects: Vec<(String, Expected)>,
    pub(super) blocks: Vec<Block>,
    pub(super) since: Instant,
    pub(super) answer: oneshot::Sender<Result<Written, LedgerError>>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Operations that will still write.
    participants: usize,
    closed: bool,
    tip: Option<Oid>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    pub(super) fn push(&self, waiting: Waiting) -> Result<(), LedgerError> {
        let mut state = self.lock();
        if state.closed {
            return Err(LedgerError::Closed);
        }
        state.waiting.push_back(waiting);
        self.changed.notify_all();
        Ok(())
    }

    /// All that waits, once there is something; `None` at the end. Within `linger` of the
    /// first it waits for those that are under way.
    pub(super) fn next(&self, linger: Duration) -> Option<Vec<Waiting>> {
        let mut state = self.lock();
        loop {
            let Some(first) = state.waiting.front() else {
                if state.closed {
                    return None;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = linger.saturating_sub(first.since.elapsed());
            if state.closed || left.is_zero() || state.waiting.len() >= state.participants {
                return Some(state.waiting.drain(..).collect());
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn joined(&self) {
        self.lock().participants += 1;
    }

    pub(super) fn left(&self) {
        self.lock().participants -= 1;
        self.changed.notify_all();
    }

    pub(super) fn participants(&self) -> usize {
        self.lock().participants
    }

    /// Nothing more comes.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nobody takes anything out any more: what waits is told so.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
    }

    pub(super) fn tip(&self) -> Option<Oid> {
        self.lock().tip
    }

    pub(super) fn set_tip(&self, tip: Option<Oid>) {
        self.lock().tip = tip;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
