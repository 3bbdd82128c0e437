//! Jobs that a dead runner had: whoever holds the lease of their server knows that
//! nobody is at work on them, and what it left open is settled.

use super::Run;
use super::board::Task;
use super::lane::Held;
use super::leftovers::with_leftovers;
use crate::repository::layout::Kind;
use crate::repository::records::RecordId;
use crate::rollout::{Deed, State};

impl<'a> Run<'a> {
    /// A job that another run had goes by what became of its record; one that did nothing
    /// waits again.
    pub(super) async fn resolve(&self, held: &Held<'a>, task: Task) {
        let Some(state) = task.state.clone() else { return };
        let stands = |id: RecordId| {
            let package = match task.job.what.kind {
                Kind::Package => held.records.package(&task.job.server, task.job.what.name()).ok().flatten(),
                _ => None,
            };
            let schedules = held.active.iter().map(|standing| standing.record.id);
            package.map(|record| record.id).into_iter().chain(schedules).any(|other| other == id)
        };
        let seen = task.seen;
        if task.job.deed == Deed::Deploy && state.record.is_some_and(stands) {
            let message = "done by a run that was cut off".to_owned();
            let ended = state.ended(State::Succeeded, Some(message), self.now());
            let entry = with_leftovers(&task, &ended, seen);
            self.write_entry(&task, ended, entry).await;
            return;
        }
        if self.write_state(&task, state.again(), seen).await {
            // It is due again: this run does it.
            self.tried.borrow_mut().remove(&(task.rollout.id.clone(), task.job.id.clone()));
        }
    }
}
