//! One job that deploys: the ordinary pipeline, unattended.

use git2::Oid;

use super::Run;
use super::board::{Task, describe};
use super::entry::{blob_of, of_claim, of_state};
use super::failure::{FAILED, Failure, LACKS, of_plan, of_refusals};
use super::lane::{Held, taken};
use super::leftovers::{leftover_jobs, with_leftovers};
use super::preparing::Prepared;
use crate::deploy::execute::{Asked, Before, Done, Escort, ExecuteError, Transaction};
use crate::deploy::{Entrance, Planned, Planner, Selected};
use crate::repository::records::{Entry, LedgerError, Reach};
use crate::rollout::{FOLDER, JobState, OWN_FAILURE, Rollout, State};

/// What a job did to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    /// It brought something.
    Brought,
    /// It lacks something that another job may bring.
    Lacks,
    Nothing,
}

impl<'a> Run<'a> {
    /// What the records of a job say of who asked for it.
    pub(super) fn asked(&self, held: &Held<'a>, rollout: &Rollout) -> Asked {
        let asker = self.board.asker(&rollout.id);
        let own = asker.is(&held.runner);
        let why =
            if rollout.file.description.is_empty() { rollout.name() } else { &rollout.file.description };
        Asked {
            user: if own { held.runner.clone() } else { asker.person.clone() },
            runner: (!own).then(|| held.runner.clone()),
            offline: self.runner.reach == Reach::Offline,
            begun: self.now(),
            description: format!("rollout {}: {why}", rollout.id),
            accepted: rollout.file.accept().words(),
            settings: held.lane.named.commit.to_string(),
        }
    }

    /// Deploys; how it went is written down.
    pub(super) async fn deploy(&self, held: &Held<'a>, task: &Task, prepared: &Prepared, last: bool) -> Did {
        let running = taken(task, self, &held.runner);
        let (planner, items) = match prepared {
            Prepared::Ready { planner, items } => (planner, items),
            Prepared::AlreadyThere(record) => {
                let state = JobState {
                    record: Some(*record),
                    ..running.ended(State::AlreadyThere, None, self.now())
                };
                self.write_state(task, state, task.seen).await;
                return Did::Nothing;
            }
            Prepared::Failed(code, why) => {
                self.write_state(task, running.failed(*code, why, self.now()), task.seen).await;
                return Did::Nothing;
            }
        };
        // From the start, so that commits and pushes wait for those that are being planned.
        let participant = self.ledger.join();
        let transaction = match self.transaction(held, task, planner, items).await {
            Ok(transaction) => transaction,
            Err(Failure(code, why)) => {
                drop(participant);
                if code == LACKS && !last {
                    return Did::Lacks;
                }
                let code = if code == LACKS { FAILED } else { code };
                self.write_state(task, running.failed(code, why, self.now()), task.seen).await;
                return Did::Nothing;
            }
        };
        if !self.may_begin(task) {
            return Did::Nothing;
        }
        let leftovers = self.leftovers(held, task, &transaction);
        let running = JobState { begun: Some(self.now()), record: transaction.id(), leftovers, ..running };
        let seen = Some(blob_of(&running));
        let end = |done: &Done| with_leftovers(task, &self.succeeded(&running, done), seen);
        let escort = Escort {
            begin: Some(of_claim(&task.rollout.id, &task.job.id, &running, task.seen)),
            end: Some(Box::new(end)),
        };
        let execution = self.execution(held).escorted(self.at_work.clone(), escort);
        let names: Vec<String> = transaction.pieces.iter().map(|piece| piece.name().to_owned()).collect();
        let done = execution.run_joined(transaction).await;
        drop((execution, participant));
        match done {
            Ok(done) => {
                planner.inserted(&names.iter().map(String::as_str).collect::<Vec<_>>());
                let state = self.succeeded(&running, &done);
                self.stands(task, state);
                Did::Brought
            }
            Err(error) => {
                self.not_done(task, &running, error).await;
                Did::Nothing
            }
        }
    }

    /// Plans; what must be accepted and is not fails the job.
    async fn transaction(
        &self,
        held: &Held<'a>,
        task: &Task,
        planner: &Planner,
        items: &[Selected],
    ) -> Result<Transaction, Failure> {
        let mut planned = self.plan(task, planner, items).await?;
        if task.rollout.file.rebuild().is_some() && self.daily_is_busy(held, task, &planned).await {
            // Something may stand there now that did not when it was planned.
            planned = self.plan(task, planner, items).await?;
        }
        let records = self.records();
        let before = Before::read(&records, &planned.plan);
        let before = before.map_err(|error| Failure(OWN_FAILURE, error.to_string()))?;
        Ok(Transaction::deploying(planned, before, &self.asked(held, &task.rollout)))
    }

    async fn plan(&self, task: &Task, planner: &Planner, items: &[Selected]) -> Result<Planned, Failure> {
        // The semaphore is never closed.
        let _permit = self.planned.acquire().await;
        let planned = planner.plan(items).await.map_err(of_plan)?;
        let refusals = planned.plan.refusals(&task.rollout.file.accept(), Entrance::Unattended);
        match refusals.as_slice() {
            [] => Ok(planned),
            refusals => Err(of_refusals(refusals)),
        }
    }

    /// The state of a job whose work stands on the target.
    fn succeeded(&self, running: &JobState, done: &Done) -> JobState {
        let at = done.records.first().and_then(|record| record.ended).unwrap_or_else(|| self.now());
        match done.mismatch.first() {
            Some((name, lines)) => {
                let why = format!("`{name}` stands there other than it was sent: {}", lines.join("; "));
                running.failed(FAILED, why, at)
            }
            None => running.ended(State::Succeeded, None, at),
        }
    }

    /// A state that the pipeline has written down.
    pub(super) fn stands(&self, task: &Task, state: JobState) {
        for (job, state) in leftover_jobs(task, &state) {
            let blob = blob_of(&state);
            self.board.set(&task.rollout.id, &job, state, blob);
        }
        let blob = blob_of(&state);
        self.board.set(&task.rollout.id, &task.job, state.clone(), blob);
        self.ended(&task.rollout.id, &task.job, &state);
    }

    /// Writes an entry that ends a job.
    pub(super) async fn write_entry(&self, task: &Task, state: JobState, entry: Entry) {
        let participant = self.ledger.join();
        let written = self.ledger.write(entry).await;
        drop(participant);
        match written {
            Ok(_) => self.stands(task, state),
            Err(error) => self.not_written(&error),
        }
    }

    /// What the pipeline did not do.
    pub(super) async fn not_done(&self, task: &Task, running: &JobState, error: ExecuteError) {
        let begun = Some(blob_of(running));
        let text = error.to_string();
        match error {
            ExecuteError::NotBegun { source, .. } => match *source {
                // Taken out, or taken by somebody else: nothing has happened.
                LedgerError::Moved { path, .. } if path.starts_with(FOLDER) => {
                    self.problem(Some(&task.rollout.id), text, false);
                }
                LedgerError::Moved { .. } => {
                    self.write_state(task, running.failed(OWN_FAILURE, text, self.now()), task.seen).await;
                }
                source => self.not_written(&source),
            },
            ExecuteError::Stopped { .. } => {
                // Whether it had begun the records know; if not, there is nothing to take back.
                let entry = of_state(&task.rollout.id, &task.job.id, &running.again(), begun);
                let _ = self.ledger.write(entry).await;
            }
            ExecuteError::LeaseLost { .. } | ExecuteError::NotEnded { .. } => {
                self.write_end(task, running.failed(OWN_FAILURE, text, self.now()), begun).await;
            }
            _ => self.write_end(task, running.failed(FAILED, text, self.now()), begun).await,
        }
    }

    /// Writes how a job ended that had begun; where that cannot be, the next run finds it.
    async fn write_end(&self, task: &Task, state: JobState, begun: Option<Oid>) {
        if !self.write_state(task, state, begun).await && self.broken.get() {
            let what = describe(&task.job);
            let text = format!("{what} was begun, and how it ended is not recorded: the next run settles it");
            self.problem(Some(&task.rollout.id), text, false);
        }
    }
}
