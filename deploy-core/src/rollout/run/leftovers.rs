//! What the old version of a package leaves behind: it goes after the new version stands,
//! so that a target is never without.

use git2::Oid;

use super::Run;
use super::board::Task;
use super::entry::of_state;
use super::lane::Held;
use crate::deploy::execute::Transaction;
use crate::repository::records::Entry;
use crate::rollout::{Deed, Job, JobState, What};

impl<'a> Run<'a> {
    /// Schedules of the package that stands there which the new version does not have.
    pub(super) fn leftovers(&self, held: &Held<'a>, task: &Task, transaction: &Transaction) -> Vec<String> {
        let Some(before) = transaction.package.as_ref().and_then(|package| package.previous.as_ref()) else {
            return Vec::new();
        };
        if !task.rollout.file.update {
            return Vec::new();
        }
        let comes =
            |name: &str| transaction.pieces.iter().any(|piece| piece.name().eq_ignore_ascii_case(name));
        let members = held.active.iter().filter(|one| before.members.contains(&one.record.id));
        members.map(|one| one.record.name.clone()).filter(|name| !comes(name)).collect()
    }
}

/// The jobs that remove what a job left over.
pub(super) fn leftover_jobs(task: &Task, state: &JobState) -> Vec<(Job, JobState)> {
    if !state.state.is_good() {
        return Vec::new();
    }
    let jobs = state.leftovers.iter().filter_map(|name| {
        // A name that reads as one with a version is left to people.
        let what = What::parse(name, true).ok()?;
        let job = Job::new(&task.rollout.id, Deed::Uninstall, what, &task.job.server, task.job.wave);
        let state = JobState::waiting(&job);
        Some((job, state))
    });
    jobs.collect()
}

/// The end of a job, with the jobs that come of it.
pub(super) fn with_leftovers(task: &Task, state: &JobState, seen: Option<Oid>) -> Entry {
    let own = of_state(&task.rollout.id, &task.job.id, state, seen);
    let more = leftover_jobs(task, state);
    more.iter().fold(own, |entry, (job, state)| {
        let mut other = of_state(&task.rollout.id, &job.id, state, None);
        // One that was there from the beginning stays as it is.
        other.expects.clear();
        entry.and(other)
    })
}
