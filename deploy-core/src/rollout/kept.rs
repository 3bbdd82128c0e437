//! What the records keep of a rollout: that it began, with what, and how far its jobs are.
//!
//! ```text
//! rollouts/<id>/begun.toml               what it carries where, fixed when it began
//! rollouts/<id>/over.toml                that nothing of it is left to be done
//! rollouts/<id>/<server>/<job>.toml      how far a job is
//! rollouts/<id>/<server>/woken.toml      that the server was woken for it
//! ```

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use git2::Oid;
use serde::{Deserialize, Serialize};

use rayon::prelude::*;

use super::{Job, JobId, JobState, RolloutFile, Scope};
use crate::definition::decode;
use crate::repository::records::{FileBelow, Person, Place, Records, RecordsError};

/// A rollout that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// When.
    pub time: DateTime<FixedOffset>,
    /// Who asked for it.
    pub asker: Person,
    /// The commit of main that it was read from.
    pub commit: String,
    /// The blob of its file.
    pub file: String,
    /// What it carries where.
    #[serde(flatten)]
    pub scope: Scope,
}

impl Begun {
    /// Reads it; none where it has not begun.
    pub fn read(records: &Records<'_>, id: &str) -> Result<Option<Self>, RecordsError> {
        records.file(&Place::Rollout(id).file(BEGUN))
    }
}

/// A rollout that nothing is left to be done of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// Since when.
    pub time: DateTime<FixedOffset>,
    /// Whether everything is as it should be.
    pub good: bool,
    /// Who took it out, and why, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Cancelled>,
}

/// Who took a rollout out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// Who.
    pub by: Person,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Cancelled {
    /// Who, and why.
    pub fn words(&self) -> String {
        match self.reason.is_empty() {
            true => format!("cancelled by {}", self.by.name),
            false => format!("cancelled by {}: {}", self.by.name, self.reason),
        }
    }
}

/// What the records keep of one rollout.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// That it began, and with what.
    pub begun: Option<Begun>,
    /// That it is over.
    pub over: Option<Over>,
    /// How far its jobs are.
    pub states: HashMap<JobId, JobState>,
    /// The blobs of those states.
    pub blobs: HashMap<JobId, Oid>,
    /// The servers that were woken for it; those that came up may be switched off after their last job.
    pub woken: HashMap<String, Woken>,
}

/// A server that was woken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Woken {
    /// When.
    pub time: DateTime<FixedOffset>,
    /// Who woke it.
    pub by: Person,
    /// When it came up; none as long as that is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<DateTime<FixedOffset>>,
}

impl Kept {
    /// Whether a server came up since it was woken for it.
    pub fn has_woken(&self, server: &str) -> bool {
        self.woken.get(server).is_some_and(|woken| woken.up.is_some())
    }

    /// Whether a rollout is over; that is known without reading how far its jobs are.
    pub fn is_over(records: &Records<'_>, id: &str) -> Result<bool, RecordsError> {
        Ok(records.file::<Over>(&Place::Rollout(id).file(OVER))?.is_some())
    }

    /// Reads it; of a rollout that has not begun there is nothing.
    pub fn read(records: &Records<'_>, id: &str) -> Result<Self, RecordsError> {
        let place = Place::Rollout(id);
        let mut kept = Self {
            begun: Begun::read(records, id)?,
            over: records.file(&place.file(OVER))?,
            ..Self::default()
        };
        if kept.begun.is_none() {
            return Ok(kept);
        }
        let files = records.files_two_below(&place.path())?;
        for file in files.iter().filter(|file| file.stem() == Some(WOKEN)) {
            if let Some(server) = decode(&file.folder) {
                kept.woken.insert(server, file.parse()?);
            }
        }
        // Reading a state is most of the work.
        let job = |file: &FileBelow| file.stem().and_then(JobId::from_stem);
        let states = files.par_iter().filter_map(|file| Some((job(file)?, file)));
        let states = states.map(|(job, file)| Ok((job, file.blob, file.parse()?)));
        for (job, blob, state) in states.collect::<Result<Vec<_>, RecordsError>>()? {
            kept.states.insert(job.clone(), state);
            kept.blobs.insert(job, blob);
        }
        Ok(kept)
    }

    /// Its jobs: those fixed when it began, and those that came of them.
    pub fn jobs(&self, id: &str) -> Vec<Job> {
        let Some(begun) = &self.begun else { return Vec::new() };
        let mut jobs = begun.scope.jobs(id);
        let known: std::collections::HashSet<&JobId> = jobs.iter().map(|job| &job.id).collect();
        let added = self.states.iter().filter(|(job, _)| !known.contains(job));
        let mut added: Vec<Job> = added.filter_map(|(_, state)| state.job(id).ok()).collect();
        added.sort_by(|a, b| (a.wave, &a.server, a.what.name()).cmp(&(b.wave, &b.server, b.what.name())));
        jobs.append(&mut added);
        jobs
    }
}

/// The file that says that a rollout began.
pub(super) const BEGUN: &str = "begun.toml";
/// The name of the file that says that a server was woken.
pub(super) const WOKEN: &str = "woken";
/// The file that says that a rollout is over.
pub(super) const OVER: &str = "over.toml";

/// The keys of a file that must stay as they were when the rollout began, and do not.
pub fn fixed_keys_changed(begun: &RolloutFile, now: &RolloutFile) -> Vec<&'static str> {
    let keys = [
        ("what", begun.what != now.what),
        ("uninstall", begun.uninstall != now.uninstall),
        ("to", begun.to != now.to),
        ("order", begun.order != now.order),
        ("rules", begun.rules != now.rules),
        ("environment", begun.environment != now.environment),
        ("tag", begun.tag != now.tag),
        ("update", begun.update != now.update),
        ("force", begun.force != now.force),
    ];
    keys.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
}
