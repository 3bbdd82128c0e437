//! Check: what is to be sent, against what the target has. Pure: everything
//! that was asked of the target comes in as a value.
//!
//! Each check of `docs/deploying.md` is one file or one function here, and one
//! section of the report. Where a definition names things is what the table of
//! tags says, with the corrections of the repository.

mod compatibility;
mod content;
mod dependencies;
mod estate;
mod features;
mod findings;
mod scripts;
mod shared;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::estate::{Estate, fold};
use super::{Check, Section};
use crate::definition::{Definition, Disagreement, items, text_in};
use crate::opcon::{Script, SystemVersion};
use crate::repository::settings::DeploySettings;
use crate::rules::features::FeatureTable;
use crate::rules::tags::TagTable;
pub(super) use dependencies::predecessors;
pub(super) use findings::{Findings, Where};

/// What is checked, and against what.
pub(super) struct Subject<'s> {
    /// What is to be sent.
    pub(super) definition: &'s Definition,
    /// The name of the target, for messages.
    pub(super) server: &'s str,
    pub(super) settings: &'s DeploySettings,
    pub(super) tags: &'s TagTable,
    pub(super) features: &'s FeatureTable,
    pub(super) estate: &'s Estate,
    pub(super) version: &'s SystemVersion,
    /// The schedules that the definition names and that stand on the target, in small letters.
    pub(super) masters: &'s BTreeSet<String>,
    /// Their jobs where they were asked for, in small letters: schedule and job.
    pub(super) jobs: &'s HashSet<(String, String)>,
    /// The scripts of the target, where the definition names any.
    pub(super) scripts: &'s [Script],
    /// From which release each schedule was exported.
    pub(super) releases: &'s [(String, String)],
    /// Shared objects on which the joined do not agree.
    pub(super) disagreements: &'s [Disagreement],
    /// The latest day on which one of the joined was exported.
    pub(super) exported: Option<&'s str>,
}

/// A job with its schedule.
#[derive(Clone, Copy)]
struct Job<'s> {
    schedule: &'s str,
    name: &'s str,
    value: &'s Value,
}

impl<'s> Subject<'s> {
    /// All jobs.
    fn jobs(&self) -> impl Iterator<Item = Job<'s>> + use<'s> {
        self.definition.schedules().iter().flat_map(|schedule| {
            let owner = text_in(schedule, "name").unwrap_or_default();
            items(schedule, "jobList").map(move |job| Job {
                schedule: owner,
                name: text_in(job, "name").unwrap_or_default(),
                value: job,
            })
        })
    }
}

/// Runs the checks; each gives a section.
pub(super) fn run(subject: &Subject<'_>) -> Vec<Section> {
    type Run = fn(&Subject<'_>, &mut Findings);
    const CHECKS: [(Check, Run); 12] = [
        (Check::SubSchedules, estate::sub_schedules),
        (Check::Machines, estate::machines),
        (Check::MachineGroups, estate::machine_groups),
        (Check::BatchUsers, estate::batch_users),
        (Check::Roles, estate::roles),
        (Check::Scripts, scripts::check),
        (Check::MachineFeatures, features::check),
        (Check::EncryptedTokens, features::encrypted_tokens),
        (Check::DependentJobs, dependencies::check),
        (Check::Compatibility, compatibility::check),
        (Check::SharedObjects, shared::check),
        (Check::Definition, content::check),
    ];
    let section = |(check, run): (Check, Run)| {
        let mut findings = Findings::default();
        run(subject, &mut findings);
        Section { check, findings: findings.finish() }
    };
    CHECKS.into_iter().map(section).collect()
}

/// A name that is only known when a job runs.
fn is_token(name: &str) -> bool {
    name.contains("[[") || name.contains("{{")
}
