//! What is due: which jobs may begin now, and in which order. Nothing but values
//! goes in: files, states and a clock.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};

use super::state::ABORTED;
use super::{Deed, Job, JobId, JobState, RolloutFile, Sequence, Shut, State, Timing};

/// A rollout as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its file.
    pub file: &'a RolloutFile,
    /// When its jobs may begin.
    pub timing: &'a Timing,
    /// Its jobs, in order.
    pub jobs: &'a [Job],
    /// The states that are written down.
    pub states: &'a HashMap<JobId, JobState>,
    /// The schedules that its packages bring, by the package as jobs name it.
    pub parts: &'a HashMap<String, Vec<Part>>,
    /// Why it was taken out as a whole, if it was.
    pub withdrawn: Option<&'a str>,
}

/// A schedule that comes with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// For messages: "schedule `X`".
    pub thing: String,
    /// With its version: `X@3`.
    pub label: String,
}

/// Where a job stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// It has to wait.
    Waits(Why),
    /// It may begin.
    Ready,
    /// A runner has it.
    Running,
    /// It ended; if that is not written down yet, with code and reason.
    Ended(State, Option<Unwritten>),
}

/// What makes a job end without a runner having touched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// Of a failure.
    pub code: Option<i32>,
    /// Why.
    pub message: String,
}

/// What a job waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its start or the next time frame.
    Opens(DateTime<Utc>),
    /// Its end: no time frame opens before.
    NeverOpens,
    /// An earlier wave, counted from 0.
    Wave(usize),
    /// The wave before has to stand for a while.
    Soak(DateTime<Utc>),
    /// Another rollout does the same right now.
    Other(String),
}

/// A job that may begin: the places of its rollout and of the job in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which rollout.
    pub rollout: usize,
    /// Which of its jobs.
    pub job: usize,
}

/// Where every job of every rollout stands, and those that may begin in the
/// order in which they should.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// By rollout, by job.
    pub stands: Vec<Vec<Stand>>,
    /// What may begin.
    pub due: Vec<Due>,
}

/// Looks at everything at one moment.
pub fn outlook(rollouts: &[Live<'_>], now: DateTime<Utc>) -> Outlook {
    let mut stands: Vec<Vec<Stand>> = rollouts.iter().map(|live| look(live, now)).collect();
    let mut by_priority: Vec<usize> = (0..rollouts.len()).collect();
    by_priority.sort_by_key(|at| {
        let live = &rollouts[*at];
        (-live.file.priority, live.timing.start, live.id)
    });
    let mut busy = Busy::default();
    for (at, live) in rollouts.iter().enumerate() {
        for (job, _) in live.jobs.iter().zip(&stands[at]).filter(|(_, stand)| **stand == Stand::Running) {
            busy.claim(&rollouts[at], job);
        }
    }
    let mut due = Vec::new();
    for at in by_priority {
        for (number, job) in rollouts[at].jobs.iter().enumerate() {
            if stands[at][number] != Stand::Ready {
                continue;
            }
            match busy.in_the_way(&rollouts[at], job) {
                None => {
                    busy.claim(&rollouts[at], job);
                    due.push(Due { rollout: at, job: number });
                }
                Some((holder, true)) => {
                    stands[at][number] = Stand::Waits(Why::Other(holder.rollout.to_owned()));
                }
                Some((Holder { rollout, verb, what }, false)) => {
                    let message =
                        format!("rollout `{rollout}` comes first and is to {verb} {what} at the same time");
                    let unwritten = Unwritten { code: None, message };
                    stands[at][number] = Stand::Ended(State::Conflict, Some(unwritten));
                }
            }
        }
    }
    Outlook { stands, due }
}

/// Who is at work on a thing of a target, and what they do with it.
struct Holder<'a> {
    rollout: &'a str,
    verb: &'static str,
    what: String,
}

/// The things of targets that jobs are at work on, or are about to be, by server and thing.
#[derive(Default)]
struct Busy<'a>(HashMap<String, HashMap<String, Holder<'a>>>);

impl<'a> Busy<'a> {
    fn claim(&mut self, live: &Live<'a>, job: &Job) {
        let things = self.0.entry(job.server.to_lowercase()).or_default();
        for (thing, what) in touched(live, job) {
            let holder = Holder { rollout: live.id, verb: job.deed.word(), what };
            things.entry(thing).or_insert(holder);
        }
    }

    /// Who of another rollout is at work on something of a job, and whether they do the same.
    fn in_the_way(&self, live: &Live<'_>, job: &Job) -> Option<(&Holder<'a>, bool)> {
        let things = self.0.get(&job.server.to_lowercase())?;
        let touched = touched(live, job);
        let held = touched.iter().filter_map(|(thing, what)| {
            let holder = things.get(thing).filter(|holder| holder.rollout != live.id)?;
            Some((holder, holder.what == *what))
        });
        // What differs counts more than what is the same.
        held.min_by_key(|(_, same)| *same)
    }
}

/// What a job is at work on, and what it does with it: a package, and all that comes with it.
fn touched(live: &Live<'_>, job: &Job) -> Vec<(String, String)> {
    let own = (job.what.thing().to_lowercase(), deed(job));
    let parts = match job.deed {
        Deed::Deploy => live.parts.get(&job.what.to_string()),
        Deed::Uninstall => None,
    };
    let parts = parts.into_iter().flatten();
    let parts = parts.map(|part| (part.thing.to_lowercase(), format!("`{}`", part.label)));
    std::iter::once(own).chain(parts).collect()
}

/// What a job does, in the words of its file.
fn deed(job: &Job) -> String {
    match job.deed {
        Deed::Deploy => format!("`{}`", job.what),
        Deed::Uninstall => job.what.thing(),
    }
}

/// Where each job of a rollout stands, by itself.
fn look(live: &Live<'_>, now: DateTime<Utc>) -> Vec<Stand> {
    let state = |job: &Job| live.states.get(&job.id);
    let kept = |job: &Job| state(job).map_or(State::Waiting, |state| state.state);
    let failed = match live.file.sequence {
        Sequence::Abort => live
            .jobs
            .iter()
            .find(|job| kept(job).is_failure() && state(job).and_then(|state| state.code) != Some(ABORTED)),
        Sequence::Continue => None,
    };
    // What ends everything that has not begun.
    let end = if let Some(why) = live.withdrawn {
        Some((State::Cancelled, None, why.to_owned()))
    } else if let Some(job) = failed {
        let message =
            format!("aborted: {} of {} on `{}` failed", job.deed.word(), job.what.thing(), job.server);
        Some((State::Failed, Some(ABORTED), message))
    } else if live.timing.is_over(now) {
        let end =
            live.timing.end.map(|end| live.timing.zone.shows(&end).format("%Y-%m-%d %H:%M").to_string());
        Some((State::Expired, None, format!("not begun before {}", end.unwrap_or_default())))
    } else {
        None
    };
    let gate = Gate::of(live, &kept, now);
    let shut = live.timing.shut(now);
    live.jobs
        .iter()
        .map(|job| match kept(job) {
            State::Running => Stand::Running,
            State::Waiting => match (&end, gate.keeps(job), shut) {
                (Some((state, code, message)), ..) => {
                    Stand::Ended(*state, Some(Unwritten { code: *code, message: message.clone() }))
                }
                (None, Some(why), _) => Stand::Waits(why),
                (None, None, Some(Shut::Until(opening))) => Stand::Waits(Why::Opens(opening)),
                (None, None, Some(Shut::ForGood)) => Stand::Waits(Why::NeverOpens),
                (None, None, None) => Stand::Ready,
            },
            ended => Stand::Ended(ended, None),
        })
        .collect()
}

/// Which wave may go.
struct Gate {
    /// The first wave that is not over.
    wave: usize,
    /// Until when the one before it has to stand.
    soaks: Option<DateTime<Utc>>,
}

impl Gate {
    fn of(live: &Live<'_>, kept: &dyn Fn(&Job) -> State, now: DateTime<Utc>) -> Self {
        let open = live.jobs.iter().filter(|job| !kept(job).is_end());
        let Some(wave) = open.map(|job| job.wave).min() else {
            return Self { wave: usize::MAX, soaks: None };
        };
        // Only what was changed has to prove itself.
        let changed =
            live.jobs.iter().filter(|job| job.wave < wave).filter_map(|job| live.states.get(&job.id));
        let changed = changed.filter(|state| state.state == State::Succeeded).filter_map(|state| state.ended);
        let soaks =
            changed.max().and_then(|last| last.to_utc().checked_add_signed(Duration::from(live.file.soak)));
        Self { wave, soaks: soaks.filter(|until| *until > now) }
    }

    fn keeps(&self, job: &Job) -> Option<Why> {
        match self.soaks {
            _ if job.wave > self.wave => Some(Why::Wave(self.wave)),
            Some(until) => Some(Why::Soak(until)),
            None => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
