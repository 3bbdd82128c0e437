//! What a rollout carries where: worked out from its file, and fixed when it begins.

use serde::{Deserialize, Serialize};

use super::{Fleet, Job, NotCarried, RolloutFile, TargetError, What, WhatError};
use crate::repository::Repository;
use crate::repository::history::{History, HistoryError};
use crate::repository::servers::{self, Server, ServerError};

/// Things, and the waves of servers they go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The servers of each wave.
    pub waves: Vec<Vec<String>>,
    /// What is removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uninstall: Vec<String>,
    /// What is deployed.
    #[serde(default, rename = "thing", skip_serializing_if = "Vec::is_empty")]
    pub things: Vec<Thing>,
}

/// One version of a package or a schedule: the number is for people, the ids decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// `package:NAME@V` or `NAME@V`.
    pub what: String,
    /// The commit that made the version.
    pub commit: String,
    /// Its content.
    pub blob: String,
}

/// Why it is not known what a rollout carries where.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// A value of its file cannot work.
    #[error("`{key}`: {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A target cannot be found.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Something names nothing.
    #[error(transparent)]
    What(#[from] WhatError),
    /// Something cannot be carried.
    #[error(transparent)]
    NotCarried(#[from] NotCarried),
}

/// Why the versions or servers that rollouts are about cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    /// The versions cannot be counted.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The servers cannot be listed.
    #[error(transparent)]
    Servers(#[from] ServerError),
}

/// What rollouts are worked out from: the versions and the servers of main.
#[derive(Debug)]
pub struct Ground<'r> {
    /// The central repository.
    pub repository: &'r Repository,
    /// The versions.
    pub history: History,
    /// The servers; one whose file cannot be read is none.
    pub servers: Vec<(String, Server)>,
}

impl<'r> Ground<'r> {
    /// Reads it.
    pub fn read(repository: &'r Repository) -> Result<Self, GroundError> {
        let named = servers::all(repository)?.into_iter();
        let servers = named.filter_map(|(name, server)| Some((name, server.ok()?.server))).collect();
        Ok(Self { repository, history: History::load(repository)?, servers })
    }

    /// The servers as targets.
    pub fn fleet(&self) -> Fleet<'_> {
        Fleet::new(&self.servers)
    }
}

impl Scope {
    /// What a file asks for, as main has it now.
    pub fn of(file: &RolloutFile, ground: &Ground<'_>) -> Result<Self, ScopeError> {
        if let Some((key, problem)) = file.problems().into_iter().next() {
            return Err(ScopeError::Value { key, problem });
        }
        let waves = ground.fleet().waves(&file.to, &file.order)?;
        let thing = |text: &String| {
            let what = What::parse(text, false)?;
            let found = what.find(ground.repository, &ground.history)?;
            let number = found.number.unwrap_or_default();
            let what = What { text: format!("{}@{number}", found.name), ..what };
            let (commit, blob) = (found.commit.to_string(), found.blob.to_string());
            Ok::<_, ScopeError>(Thing { what: what.to_string(), commit, blob })
        };
        let things = file.what.iter().map(thing).collect::<Result<_, _>>()?;
        Ok(Self { waves, uninstall: file.uninstall.clone(), things })
    }

    /// All its jobs, in order.
    pub fn jobs(&self, rollout: &str) -> Vec<Job> {
        // What was written by ourselves can be read.
        let whats = |texts: &mut dyn Iterator<Item = &String>, gone| -> Vec<What> {
            texts.filter_map(|text| What::parse(text, gone).ok()).collect()
        };
        let gone = whats(&mut self.uninstall.iter(), true);
        let things = whats(&mut self.things.iter().map(|thing| &thing.what), false);
        Job::all(rollout, &gone, &things, &self.waves)
    }

    /// The version of a thing that a job deploys.
    pub fn thing(&self, what: &What) -> Option<&Thing> {
        let text = what.to_string();
        self.things.iter().find(|thing| thing.what == text)
    }

    /// How many servers it goes to.
    pub fn targets(&self) -> usize {
        self.waves.iter().map(Vec::len).sum()
    }
}
