//! The rollouts as a run sees them: surveyed, and kept up with what it does itself.

use std::cell::{Ref, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use git2::Oid;

use super::asker::Asker;
use super::{Run, RunError, Runner};
use crate::repository::Repository;
use crate::repository::records::{LedgerError, Reach, Records};
use crate::rollout::{
    Deed, Ground, Job, JobState, Outlook, Rollout, Sequence, Stand, State, Survey, Surveyed, Thing,
};

/// Something to be done: a job that is due, or one that a dead runner has.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) rollout: Rc<Rollout>,
    pub(super) job: Job,
    /// Which version, of a job that deploys.
    pub(super) thing: Option<Thing>,
    /// The state that is written down, and its blob.
    pub(super) state: Option<JobState>,
    pub(super) seen: Option<Oid>,
    /// Whether another run has it.
    pub(super) is_stale: bool,
}

pub(super) struct Board<'a> {
    repository: &'a Repository,
    reach: Reach,
    commit: Oid,
    only: &'a [String],
    survey: RefCell<Survey>,
    rollouts: RefCell<HashMap<String, Rc<Rollout>>>,
    askers: RefCell<HashMap<String, Rc<Asker>>>,
}

impl<'a> Board<'a> {
    pub(super) fn new(runner: &'a Runner<'_>, commit: Oid) -> Self {
        Self {
            repository: runner.repository,
            reach: runner.reach,
            commit,
            only: &runner.only,
            survey: RefCell::new(Survey { rollouts: Vec::new(), broken: Vec::new() }),
            rollouts: RefCell::default(),
            askers: RefCell::default(),
        }
    }

    /// The commit of main that rollouts are read from.
    pub(super) fn commit(&self) -> Oid {
        self.commit
    }

    /// Looks at everything as records have it.
    pub(super) fn survey(&self, ground: &Ground<'_>, records: &Records<'_>) -> Result<(), RunError> {
        let mut survey = Survey::read(ground, records, self.commit, false)?;
        if !self.only.is_empty() {
            survey.rollouts.retain(|one| self.only.contains(&one.rollout.id));
            survey.broken.retain(|(id, _)| self.only.contains(id));
        }
        let all = survey.rollouts.iter().map(|one| (one.rollout.id.clone(), Rc::new(one.rollout.clone())));
        *self.rollouts.borrow_mut() = all.collect();
        *self.survey.borrow_mut() = survey;
        Ok(())
    }

    /// The records as everybody has them now.
    pub(super) fn fetched(&self) -> Result<Records<'a>, RunError> {
        Ok(match self.reach {
            Reach::Remote => Records::fetch(self.repository)?,
            Reach::Local | Reach::Offline => Records::open(self.repository)?,
        })
    }

    /// Who asked for a rollout.
    pub(super) fn asker(&self, id: &str) -> Rc<Asker> {
        if let Some(asker) = self.askers.borrow().get(id) {
            return Rc::clone(asker);
        }
        let asker = Asker::of(self.repository, self.commit, id).unwrap_or_else(|error| Asker {
            person: crate::repository::records::Person {
                name: String::new(),
                email: String::new(),
                opcon_user: None,
                role: None,
            },
            identity: Err(error.to_string()),
        });
        let asker = Rc::new(asker);
        self.askers.borrow_mut().insert(id.to_owned(), Rc::clone(&asker));
        asker
    }

    pub(super) fn each(&self) -> Ref<'_, [Surveyed]> {
        Ref::map(self.survey.borrow(), |survey| survey.rollouts.as_slice())
    }

    /// What keeps rollouts from being begun: their ids, why, and whether somebody may not.
    pub(super) fn problems(&self, runner: &Runner<'_>) -> Vec<(String, String, bool)> {
        let survey = self.survey.borrow();
        let broken = survey.broken.iter().map(|(id, error)| (id.clone(), error.to_string(), false));
        let of = |one: &Surveyed| {
            if let Some(problem) = &one.problem {
                return Some((one.rollout.id.clone(), problem.clone(), false));
            }
            let refused = self.not_for_others(one, runner)?;
            Some((one.rollout.id.clone(), refused, true))
        };
        broken.chain(survey.rollouts.iter().filter_map(of)).collect()
    }

    /// Why the runner may not run a rollout that somebody else asked for.
    fn not_for_others(&self, one: &Surveyed, runner: &Runner<'_>) -> Option<String> {
        let allowed = runner.identity.may_run_for_others().err()?;
        match one.withdrawn.is_none() && !self.asker(&one.rollout.id).is(&runner.identity.person) {
            true => Some(allowed.to_string()),
            false => None,
        }
    }

    pub(super) fn outlook(&self, run: &Run<'_>) -> Outlook {
        self.survey.borrow().outlook(run.now().to_utc())
    }

    /// What is to be done, on all servers or on one, in order.
    pub(super) fn tasks(&self, run: &Run<'_>, server: Option<&str>) -> Vec<Task> {
        let survey = self.survey.borrow();
        let outlook = survey.outlook(run.now().to_utc());
        let due = outlook.due.iter().map(|due| (due.rollout, due.job, false));
        let stale = outlook.stands.iter().enumerate().flat_map(|(rollout, stands)| {
            let running = stands.iter().enumerate().filter(|(_, stand)| **stand == Stand::Running);
            running.map(move |(job, _)| (rollout, job, true))
        });
        let (tried, left_alone) = (run.tried.borrow(), run.left_alone.borrow());
        let task = |(rollout, job, is_stale): (usize, usize, bool)| {
            let one = &survey.rollouts[rollout];
            let job = &one.jobs[job];
            let state = one.kept.states.get(&job.id);
            let is_ours = state.is_some_and(|state| state.run.as_deref() == Some(run.name.as_str()));
            let skipped = one.problem.is_some()
                || server.is_some_and(|server| server != job.server)
                || tried.contains(&(one.rollout.id.clone(), job.id.clone()))
                || left_alone.contains(&job.server)
                || is_stale && is_ours
                || self.not_for_others(one, run.runner).is_some();
            if skipped {
                return None;
            }
            let scope = one.scope.as_ref().or(one.kept.begun.as_ref().map(|begun| &begun.scope));
            Some(Task {
                rollout: Rc::clone(self.rollouts.borrow().get(&one.rollout.id)?),
                job: job.clone(),
                thing: match job.deed {
                    Deed::Deploy => scope.and_then(|scope| scope.thing(&job.what)).cloned(),
                    Deed::Uninstall => None,
                },
                state: state.cloned(),
                seen: one.kept.blobs.get(&job.id).copied(),
                is_stale,
            })
        };
        due.chain(stale).filter_map(task).collect()
    }

    /// Those of a server's tasks that do not touch what an earlier one does: what is to go and what
    /// a dead runner has comes first, and by itself, since it decides what is there to be done.
    pub(super) fn side_by_side(&self, tasks: Vec<Task>) -> Vec<Task> {
        let is_first = |task: &Task| task.is_stale || task.job.deed == Deed::Uninstall;
        if tasks.iter().any(is_first) {
            return tasks.into_iter().filter(is_first).collect();
        }
        let survey = self.survey.borrow();
        let mut touched: HashSet<String> = HashSet::new();
        let touches = |task: &Task| -> Vec<String> {
            let one = survey.rollouts.iter().find(|one| one.rollout.id == task.rollout.id);
            let parts = one.and_then(|one| one.parts.get(&task.job.what.to_string()));
            let parts = parts.into_iter().flatten().map(|part| part.thing.to_lowercase());
            std::iter::once(task.job.what.thing().to_lowercase()).chain(parts).collect()
        };
        let mut is_free = |task: &Task| {
            let touches = touches(task);
            let is_free = !touches.iter().any(|thing| touched.contains(thing));
            touched.extend(touches);
            is_free
        };
        tasks.into_iter().filter(|task| is_free(task)).collect()
    }

    /// A state that stands.
    pub(super) fn set(&self, rollout: &str, job: &Job, state: JobState, blob: Oid) {
        let mut survey = self.survey.borrow_mut();
        let found = survey.rollouts.iter_mut().find(|one| one.rollout.id == rollout);
        let Some(one) = found else { return };
        if !one.jobs.iter().any(|other| other.id == job.id) {
            one.jobs.push(job.clone());
        }
        one.kept.states.insert(job.id.clone(), state);
        one.kept.blobs.insert(job.id.clone(), blob);
    }

    /// Whether jobs of a rollout must not begin any more, by what happened since they were found due.
    pub(super) fn is_halted(&self, run: &Run<'_>, rollout: &Rollout) -> bool {
        if rollout.timing.shut(run.now().to_utc()).is_some() {
            return true;
        }
        let survey = self.survey.borrow();
        let one = survey.rollouts.iter().find(|one| one.rollout.id == rollout.id);
        let failed =
            |state: &JobState| state.state.is_failure() && state.code != Some(crate::rollout::ABORTED);
        rollout.file.sequence == Sequence::Abort
            && one.is_some_and(|one| one.kept.states.values().any(failed))
    }

    /// Whether all that a rollout has to do on a server has ended.
    pub(super) fn is_done_on(&self, rollout: &str, server: &str) -> bool {
        let survey = self.survey.borrow();
        let one = survey.rollouts.iter().find(|one| one.rollout.id == rollout);
        one.is_some_and(|one| {
            let mut jobs = one.jobs.iter().filter(|job| job.server == server);
            jobs.all(|job: &Job| {
                one.kept.states.get(&job.id).map_or(State::Waiting, |state| state.state).is_end()
            })
        })
    }
}

impl<'a> Run<'a> {
    /// The records as this run knows them: after what it wrote, or as it fetched them, if
    /// others wrote something meanwhile.
    pub(super) fn records(&self) -> Records<'a> {
        let repository = self.runner.repository;
        let (written, fetched) = (self.ledger.tip(), self.fetched.get());
        let is_newer = |fetched: Oid| match written {
            Some(written) if written == fetched => false,
            Some(written) => !repository.git2().graph_descendant_of(written, fetched).unwrap_or(false),
            None => true,
        };
        let newer = fetched.filter(|fetched| is_newer(*fetched));
        self.fetched.set(newer);
        Records::at(repository, newer.or(written))
    }

    /// Looks at everything as this run knows it.
    pub(super) fn survey(&self) -> Result<(), RunError> {
        self.board.survey(&self.ground, &self.records())
    }

    /// Looks at everything anew, as everybody has it now.
    pub(super) fn refresh(&self) -> Result<(), RunError> {
        self.fetched.set(self.board.fetched()?.tip());
        self.survey()
    }

    /// Writes a state by itself, and says whether it stands. What another one wrote meanwhile stays.
    pub(super) async fn write_state(&self, task: &Task, state: JobState, seen: Option<Oid>) -> bool {
        let (rollout, job) = (task.rollout.id.as_str(), &task.job.id);
        let blob = super::entry::blob_of(&state);
        let entry = super::entry::of_state(rollout, job, &state, seen);
        let participant = self.ledger.join();
        let written = self.ledger.write(entry).await;
        drop(participant);
        match &written {
            Ok(_) => {
                self.board.set(rollout, &task.job, state.clone(), blob);
                if state.state.is_end() {
                    self.ended(rollout, &task.job, &state);
                }
            }
            Err(LedgerError::Moved { .. }) => {
                self.problem(
                    Some(rollout),
                    format!("{} was changed by somebody else meanwhile", describe(&task.job)),
                    false,
                );
            }
            Err(error) => self.not_written(error),
        }
        written.is_ok()
    }

    /// Without records nothing more is begun.
    pub(super) fn not_written(&self, error: &LedgerError) {
        self.broken.set(true);
        self.problem(None, error.to_string(), false);
    }
}

/// A job for messages: "package `FIN` on `PROD`".
pub(super) fn describe(job: &Job) -> String {
    format!("{} on `{}`", job.what.thing(), job.server)
}
