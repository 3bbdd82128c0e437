//! What a run writes about rollouts as a whole: that they begin, what ends without having
//! been touched, and that they are over.

use futures_util::future::join_all;
use git2::Oid;

use super::entry::{blob_of, of_begin, of_over, of_state};
use super::{Run, RunError};
use crate::repository::records::{Entry, LedgerError};
use crate::repository::servers::{self, Named};
use crate::rollout::{Begun, Job, JobState, Over, Scope, Stand, Surveyed, Tally, Unwritten};

/// What is to be written about one rollout.
struct Change {
    id: String,
    entry: Entry,
    /// Jobs that end by it.
    ends: Vec<(Job, JobState)>,
}

impl Run<'_> {
    /// Rollouts that have something due begin, and what has expired, was aborted or taken out ends.
    pub(super) async fn begin_and_end(&self) -> Result<(), RunError> {
        let mut changes = Vec::new();
        {
            let outlook = self.board.outlook(self);
            for (one, stands) in self.board.each().iter().zip(&outlook.stands) {
                let id = &one.rollout.id;
                let tally = Tally::of(stands);
                let has_ends = stands.iter().any(|stand| matches!(stand, Stand::Ended(_, Some(_))));
                // One that cannot be begun expires all the same.
                let is_due = one.problem.is_none() && tally.ready > 0;
                let mut entry = match &one.scope {
                    Some(scope) if is_due || has_ends => self.begin(id, one.rollout.blob, scope),
                    Some(_) => continue,
                    None => Entry::default(),
                };
                let mut ends = Vec::new();
                for (job, stand) in one.jobs.iter().zip(stands) {
                    let Stand::Ended(state, Some(Unwritten { code, message })) = stand else { continue };
                    let before = one.kept.states.get(&job.id).cloned();
                    let before = before.unwrap_or_else(|| JobState::waiting(job));
                    let ended = before.ended(*state, Some(message.clone()), self.now());
                    let ended = JobState { code: *code, ..ended };
                    let seen = one.kept.blobs.get(&job.id).copied();
                    entry = entry.and(of_state(id, &job.id, &ended, seen));
                    ends.push((job.clone(), ended));
                }
                if !entry.edits.is_empty() {
                    changes.push(Change { id: id.clone(), entry, ends });
                }
            }
        }
        let any = !changes.is_empty();
        let writes = changes.into_iter().map(|change| async {
            let Change { id, entry, ends } = change;
            (self.ledger.write(entry).await, id, ends)
        });
        for (written, id, ends) in join_all(writes).await {
            match written {
                Ok(_) => {
                    for (job, state) in ends {
                        self.board.set(&id, &job, state.clone(), blob_of(&state));
                        self.ended(&id, &job, &state);
                    }
                }
                // Somebody else was faster: it is looked at anew.
                Err(LedgerError::Moved { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if any {
            self.survey()?;
        }
        Ok(())
    }

    fn begin(&self, id: &str, file: Oid, scope: &Scope) -> Entry {
        let begun = Begun {
            time: self.now(),
            asker: self.board.asker(id).person.clone(),
            commit: self.board.commit().to_string(),
            file: file.to_string(),
            scope: scope.clone(),
        };
        of_begin(id, &begun)
    }

    /// Switches off what runs that were cut off have woken, where all jobs there have ended.
    pub(super) async fn switch_off(&self) -> Result<(), RunError> {
        let is_done = |one: &Surveyed, server: &str| self.board.is_done_on(&one.rollout.id, server);
        let woken = |one: &Surveyed| {
            let up = one.kept.woken.keys().filter(|server| one.kept.has_woken(server));
            let done = up.filter(|server| is_done(one, server));
            done.cloned().collect::<Vec<String>>()
        };
        let mut servers: Vec<String> = self.board.each().iter().flat_map(woken).collect();
        servers.sort_unstable();
        servers.dedup();
        let named = |server: &String| servers::find(self.runner.repository, server).ok();
        let named: Vec<Named> = servers.iter().filter_map(named).collect();
        let names: Vec<&str> = named.iter().map(|named| named.name.as_str()).collect();
        let leases = self.take_each(&names)?;
        for (named, lease) in named.iter().zip(leases) {
            // Whoever has it sees to it.
            let Some(lease) = lease else { continue };
            self.power_off(named).await;
            self.bag.put(lease);
        }
        Ok(())
    }

    /// Rollouts that nothing is left to be done of are over.
    pub(super) async fn close(&self) -> Result<(), RunError> {
        let mut entries = Vec::new();
        {
            let outlook = self.board.outlook(self);
            for (one, stands) in self.board.each().iter().zip(&outlook.stands) {
                let tally = Tally::of(stands);
                let is_written = !stands.iter().any(|stand| matches!(stand, Stand::Ended(_, Some(_))));
                if one.kept.begun.is_some() && one.kept.over.is_none() && tally.is_over() && is_written {
                    let over = Over { time: self.now(), good: tally.good == tally.jobs, cancelled: None };
                    entries.push(of_over(&one.rollout.id, &over));
                }
            }
        }
        for written in join_all(entries.into_iter().map(|entry| self.ledger.write(entry))).await {
            match written {
                Ok(_) | Err(LedgerError::Moved { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
