//! All rollouts at once: what main holds, what records keep, and what that makes due.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use git2::Oid;

use super::{
    Ground, Job, Kept, Live, Outlook, Part, Rollout, RolloutError, Scope, Stand, State, Thing, What, all,
    fixed_keys_changed, outlook,
};
use crate::repository::Repository;
use crate::repository::layout::Kind;
use crate::repository::package::{Package, Pin};
use crate::repository::records::{Records, RecordsError};

/// Where the folders of rollouts lie in the records.
const KEPT: &str = "rollouts";

/// All rollouts at once.
#[derive(Debug)]
pub struct Survey {
    /// Those that can be looked at, by id.
    pub rollouts: Vec<Surveyed>,
    /// Those whose files cannot be read.
    pub broken: Vec<(String, RolloutError)>,
}

/// One rollout with its jobs.
#[derive(Debug)]
pub struct Surveyed {
    /// Its file.
    pub rollout: Rollout,
    /// What records keep of it.
    pub kept: Kept,
    /// Its jobs: as fixed when it began, else as main would have them now.
    pub jobs: Vec<Job>,
    /// The schedules that its packages bring, by the package as jobs name it.
    pub parts: HashMap<String, Vec<Part>>,
    /// What it would carry where, if it began now.
    pub scope: Option<Scope>,
    /// Why nothing of it may be begun, if so.
    pub problem: Option<String>,
    /// Why it was taken out as a whole, if it was.
    pub withdrawn: Option<String>,
}

/// How many jobs stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub jobs: usize,
    /// Those that have to wait.
    pub waiting: usize,
    /// Those that may begin.
    pub ready: usize,
    /// Those that a runner has.
    pub running: usize,
    /// Those that did what they should, or had it done already.
    pub good: usize,
    /// Those that failed, or were in conflict.
    pub failed: usize,
    /// Those that expired.
    pub expired: usize,
    /// Those that were taken out.
    pub cancelled: usize,
}

/// Why rollouts cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

impl Survey {
    /// Looks at the rollouts of a commit of main; one that is over only where `also_over`.
    pub fn read(
        ground: &Ground<'_>,
        records: &Records<'_>,
        commit: Oid,
        also_over: bool,
    ) -> Result<Self, SurveyError> {
        let mut survey = Self { rollouts: Vec::new(), broken: Vec::new() };
        let mut known = Vec::new();
        for (id, rollout) in all(ground.repository, commit)? {
            known.push(id.clone());
            if !also_over && Kept::is_over(records, &id)? {
                continue;
            }
            match rollout {
                Ok(rollout) => {
                    let kept = Kept::read(records, &id)?;
                    survey.rollouts.push(Surveyed::of(rollout, kept, ground));
                }
                Err(error) => survey.broken.push((id, error)),
            }
        }
        for id in records.folders_in(KEPT)?.into_iter().filter(|id| !known.contains(id)) {
            if Kept::is_over(records, &id)? {
                continue;
            }
            let kept = Kept::read(records, &id)?;
            if let Some(rollout) = as_begun(ground.repository, &id, &kept) {
                let mut surveyed = Surveyed::of(rollout, kept, ground);
                surveyed.withdrawn = Some("its file was removed from main".to_owned());
                surveyed.problem = None;
                survey.rollouts.push(surveyed);
            }
        }
        Ok(survey)
    }

    /// Where everything stands, and what is due.
    pub fn outlook(&self, now: DateTime<Utc>) -> Outlook {
        let lives: Vec<Live<'_>> = self.rollouts.iter().map(Surveyed::live).collect();
        outlook(&lives, now)
    }
}

impl Surveyed {
    fn of(rollout: Rollout, kept: Kept, ground: &Ground<'_>) -> Self {
        let cancelled = kept.over.as_ref().and_then(|over| over.cancelled.as_ref());
        let withdrawn = cancelled.map(|cancelled| cancelled.words());
        let (scope, problem) = match &kept.begun {
            Some(begun) => {
                let before = as_begun(ground.repository, &rollout.id, &kept);
                let changed = before.map(|before| fixed_keys_changed(&before.file, &rollout.file));
                let changed =
                    changed.filter(|keys| !keys.is_empty() && rollout.blob.to_string() != begun.file);
                (None, changed.map(|keys| changed_words(&keys)))
            }
            None => match Scope::of(&rollout.file, ground) {
                Ok(scope) => (Some(scope), None),
                Err(error) => (None, Some(error.to_string())),
            },
        };
        let jobs = match &scope {
            Some(scope) => scope.jobs(&rollout.id),
            None => kept.jobs(&rollout.id),
        };
        let fixed = scope.as_ref().or(kept.begun.as_ref().map(|begun| &begun.scope));
        let parts = fixed.map(|scope| parts(ground, scope)).unwrap_or_default();
        Self { rollout, kept, jobs, parts, scope, problem, withdrawn }
    }

    /// As the outlook takes it.
    pub fn live(&self) -> Live<'_> {
        Live {
            id: &self.rollout.id,
            file: &self.rollout.file,
            timing: &self.rollout.timing,
            jobs: &self.jobs,
            states: &self.kept.states,
            parts: &self.parts,
            withdrawn: self.withdrawn.as_deref(),
        }
    }
}

impl Tally {
    /// Of the jobs of a rollout.
    pub fn of(stands: &[Stand]) -> Self {
        let mut tally = Self { jobs: stands.len(), ..Self::default() };
        for stand in stands {
            let count = match stand {
                Stand::Waits(_) => &mut tally.waiting,
                Stand::Ready => &mut tally.ready,
                Stand::Running => &mut tally.running,
                Stand::Ended(state, _) => match state {
                    State::Failed | State::Conflict => &mut tally.failed,
                    State::Expired => &mut tally.expired,
                    State::Cancelled => &mut tally.cancelled,
                    State::Succeeded | State::AlreadyThere | State::Waiting | State::Running => {
                        &mut tally.good
                    }
                },
            };
            *count += 1;
        }
        tally
    }

    /// The one word for all of them.
    pub fn word(&self) -> &'static str {
        if self.running > 0 {
            "running"
        } else if self.ready > 0 {
            "ready"
        } else if self.waiting > 0 {
            "waiting"
        } else if self.failed > 0 {
            "failed"
        } else if self.cancelled > 0 {
            "cancelled"
        } else if self.expired > 0 {
            "expired"
        } else {
            "succeeded"
        }
    }

    /// Whether nothing is left to be done.
    pub fn is_over(&self) -> bool {
        self.waiting + self.ready + self.running == 0
    }
}

/// The schedules of the packages that a rollout carries.
fn parts(ground: &Ground<'_>, scope: &Scope) -> HashMap<String, Vec<Part>> {
    let package = |thing: &Thing| {
        let what = What::parse(&thing.what, false).ok().filter(|what| what.kind == Kind::Package)?;
        let blob = Oid::from_str(&thing.blob).ok()?;
        let package = Package::of_blob(ground.repository.git2(), &what.text, blob).ok()?;
        let part = |pin: &Pin| {
            let schedule = What { kind: Kind::Schedule, text: pin.name.clone() };
            Part { thing: schedule.thing(), label: pin.label() }
        };
        Some((thing.what.clone(), package.schedules.iter().map(part).collect()))
    };
    scope.things.iter().filter_map(package).collect()
}

/// The file as it was when the rollout began, if git still has it.
fn as_begun(repository: &Repository, id: &str, kept: &Kept) -> Option<Rollout> {
    let blob = Oid::from_str(&kept.begun.as_ref()?.file).ok()?;
    let bytes = repository.git2().find_blob(blob).ok()?.content().to_vec();
    Rollout::read(id, blob, &bytes).ok()
}

fn changed_words(keys: &[&str]) -> String {
    let verb = if keys.len() == 1 { "was" } else { "were" };
    format!(
        "`{}` {verb} changed after it had begun; what it carries where stays as it began",
        keys.join("`, `")
    )
}
