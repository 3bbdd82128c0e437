//! One job that removes.

use super::Run;
use super::board::Task;
use super::entry::{blob_of, of_claim};
use super::failure::{FAILED, Failure, REFUSED, of_system};
use super::lane::{Held, taken};
use crate::deploy::execute::Escort;
use crate::deploy::{Removal, RemoveError};
use crate::rollout::{JobState, OWN_FAILURE, State};

impl<'a> Run<'a> {
    /// Removes; how it went is written down.
    pub(super) async fn remove(&self, held: &Held<'a>, task: Task) {
        let running = taken(&task, self, &held.runner);
        let removal = match self.removal(held, &task).await {
            Ok(Some(removal)) => removal,
            Ok(None) => {
                let why = Some("nothing of it stands there".to_owned());
                self.write_state(&task, running.ended(State::AlreadyThere, why, self.now()), task.seen).await;
                return;
            }
            Err(Failure(code, why)) => {
                self.write_state(&task, running.failed(code, why, self.now()), task.seen).await;
                return;
            }
        };
        let running = JobState { begun: Some(self.now()), ..running };
        let begin = Some(of_claim(&task.rollout.id, &task.job.id, &running, task.seen));
        let escort = Escort { begin, end: None };
        let execution = self.execution(held).escorted(self.at_work.clone(), escort);
        let done = execution.remove(&removal, &self.asked(held, &task.rollout)).await;
        drop(execution);
        let seen = Some(blob_of(&running));
        match done {
            Ok(done) => {
                let record = done.package.as_ref().or(done.records.first()).map(|record| record.id);
                let state = match done.mismatch.first() {
                    Some((name, lines)) => {
                        let why = format!("`{name}` stands there still: {}", lines.join("; "));
                        running.failed(FAILED, why, self.now())
                    }
                    None => running.ended(State::Succeeded, None, self.now()),
                };
                self.write_state(&task, JobState { record, ..state }, seen).await;
            }
            Err(error) => self.not_done(&task, &running, error).await,
        }
    }

    /// What is to be removed; nothing where nothing of it stands there.
    async fn removal(&self, held: &Held<'a>, task: &Task) -> Result<Option<Removal>, Failure> {
        self.may_remove(held, task)?;
        let (server, what) = (&held.lane.named.name, task.job.what.to_string());
        let found = Removal::find(&self.records(), &*held.lane.system, server, &what).await;
        let removal = match found {
            Ok(removal) => removal,
            Err(RemoveError::Nothing { .. }) => return Ok(None),
            Err(RemoveError::System(error)) => return Err(of_system(&error)),
            Err(error) => return Err(Failure(OWN_FAILURE, error.to_string())),
        };
        match refused(&removal, task) {
            Some(why) => Err(Failure(REFUSED, why)),
            None => Ok(Some(removal)),
        }
    }

    /// Whether who asked may do so today.
    fn may_remove(&self, held: &Held<'a>, task: &Task) -> Result<(), Failure> {
        let asker = self.board.asker(&task.rollout.id);
        let identity = asker.identity.as_ref().map_err(|why| Failure(REFUSED, why.clone()))?;
        identity
            .may_deploy_to(held.lane.named.server.kind.class())
            .map_err(|error| Failure(REFUSED, error.to_string()))
    }
}

/// Why something is not removed unless it is accepted: nobody is asked.
fn refused(removal: &Removal, task: &Task) -> Option<String> {
    let accept = task.rollout.file.accept();
    if let Some(one) = removal.dependents.first().filter(|_| !accept.warnings) {
        let how = match &one.waits_for {
            Some(job) => format!("waits for job `{job}` of it"),
            None => "runs it".to_owned(),
        };
        return Some(format!(
            "job `{}` of `{}` {how}; `accept = [\"warnings\"]` in its file goes on nevertheless",
            one.job, one.schedule
        ));
    }
    let unknown = removal.schedules.iter().find(|one| one.standing.is_none() && one.jobs.is_some());
    unknown.filter(|_| !accept.unknown).map(|one| {
        format!(
            "there is no record of `{}`; `accept = [\"unknown\"]` in its file goes on nevertheless",
            one.name
        )
    })
}
