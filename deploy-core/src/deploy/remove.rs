//! Removing: who depends on what goes, and the transactions that remove it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::execute::{Asked, Piece, Transaction, standing};
use crate::definition::{Definition, items, sub_schedule, text_in};
use crate::opcon::{ImportRules, OpConError, OpConSystem};
use crate::repository::records::{
    Action, Digest, Kind, PackageRef, Record, Records, RecordsError, Standing, Status,
};

/// What is to be removed from a server.
#[derive(Debug)]
pub struct Removal {
    /// The server.
    pub server: String,
    /// The schedules, by name.
    pub schedules: Vec<Removed>,
    /// The package they are, as it stands there.
    pub package: Option<Record>,
    /// Who on the server depends on them.
    pub dependents: Vec<Dependent>,
}

/// One schedule to be removed.
#[derive(Debug)]
pub struct Removed {
    /// Its name on the target.
    pub name: String,
    /// The record that says that it stands there.
    pub standing: Option<Standing>,
    /// How many jobs it has; none where nothing stands there.
    pub jobs: Option<usize>,
    found: Option<Vec<u8>>,
}

/// A job of another schedule that needs one which is removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependent {
    /// The schedule that is removed.
    pub removed: String,
    /// The schedule that depends on it.
    pub schedule: String,
    /// The job of that.
    pub job: String,
    /// The job it waits for; none for a container job, which runs all of it.
    pub waits_for: Option<String>,
}

/// Why nothing is removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// Neither the target nor the records know it.
    #[error("nothing called `{name}` stands on `{server}`")]
    Nothing {
        /// The schedule or the package.
        name: String,
        /// The target.
        server: String,
    },
    /// The target did not say what stands there.
    #[error(transparent)]
    System(#[from] OpConError),
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl Removal {
    /// Finds out what `NAME` or `package:NAME` is on a server, and who depends on it.
    pub async fn find(
        records: &Records<'_>,
        system: &dyn OpConSystem,
        server: &str,
        what: &str,
    ) -> Result<Self, RemoveError> {
        let (names, package) = match what.strip_prefix("package:") {
            Some(package) => {
                let record = records.package(server, package)?;
                let nothing = || RemoveError::Nothing { name: what.to_owned(), server: server.to_owned() };
                let record = record.ok_or_else(nothing)?;
                (members(records, &record)?, Some(record))
            }
            None => (vec![what.to_owned()], None),
        };
        let stands = try_join_all(names.iter().map(|name| standing(system, name))).await?;
        let mut definitions = BTreeMap::new();
        let mut schedules = Vec::new();
        for (name, stands) in names.into_iter().zip(stands) {
            let standing = records.active_of(server, &name)?;
            if stands.is_none() && standing.is_none() && package.is_none() {
                return Err(RemoveError::Nothing { name, server: server.to_owned() });
            }
            let jobs =
                stands.as_ref().map(|one| one.schedules().iter().map(|s| items(s, "jobList").count()).sum());
            let found = stands.as_ref().map(Definition::to_bytes);
            definitions.extend(stands.map(|stands| (name.clone(), stands)));
            schedules.push(Removed { name, standing, jobs, found });
        }
        let dependents = dependents(system, &definitions).await?;
        Ok(Self { server: server.to_owned(), schedules, package, dependents })
    }

    /// One transaction for each schedule: OpCon removes one at a time.
    pub(super) fn transactions(&self, package: Option<&Record>, asked: &Asked) -> Vec<Transaction> {
        let transactions = self.schedules.iter().map(|removed| {
            let standing = removed.standing.as_ref();
            let record = Record {
                original_name: standing.and_then(|standing| standing.record.original_name.clone()),
                source: standing.map(|standing| standing.record.source.clone()).unwrap_or_default(),
                previous: standing.map(|standing| standing.record.id),
                found: removed.found.as_deref().map(Digest::of),
                package: package.map(|package| PackageRef {
                    name: package.name.clone(),
                    version: package.source.version,
                    record: package.id,
                }),
                ..asked.record(Kind::Schedule, Action::Delete, &self.server, &removed.name)
            };
            let piece = Piece {
                record,
                wanted: None,
                found: removed.found.clone(),
                standing: removed.standing.clone(),
                pin: None,
            };
            Transaction {
                pieces: vec![Arc::new(piece)],
                scripts: Vec::new(),
                package: None,
                rules: ImportRules::default(),
                previous: Status::Deleted,
                supersedes: Vec::new(),
                taken_up: Vec::new(),
            }
        });
        transactions.collect()
    }
}

/// The schedules of a package that stand there still.
fn members(records: &Records<'_>, package: &Record) -> Result<Vec<String>, RecordsError> {
    let active = records.active(&package.server)?;
    let is_member = |record: &Record| package.members.contains(&record.id);
    Ok(active.into_iter().filter(|one| is_member(&one.record)).map(|one| one.record.name).collect())
}

/// The jobs of other schedules that need one of these.
async fn dependents(
    system: &dyn OpConSystem,
    removed: &BTreeMap<String, Definition>,
) -> Result<Vec<Dependent>, OpConError> {
    let goes = |name: &str| removed.keys().find(|other| other.eq_ignore_ascii_case(name));
    let mut found = Vec::new();
    for (name, definition) in removed {
        for item in items(definition.value(), "externalDependencyOnList") {
            let text = |key: &str| text_in(item, key).unwrap_or_default().to_owned();
            let schedule = text("scheduleName");
            if goes(&schedule).is_none() {
                let (job, waits_for) = (text("jobName"), Some(text("predecessorJobName")));
                found.push(Dependent { removed: name.clone(), schedule, job, waits_for });
            }
        }
    }
    let containing = system.containing_schedules().await?;
    let others = containing.iter().filter(|name| goes(name).is_none());
    for other in try_join_all(others.map(|name| standing(system, name))).await?.into_iter().flatten() {
        for schedule in other.schedules() {
            for job in items(schedule, "jobList") {
                let Some(name) = sub_schedule(job).and_then(goes) else { continue };
                found.push(Dependent {
                    removed: name.clone(),
                    schedule: text_in(schedule, "name").unwrap_or_default().to_owned(),
                    job: text_in(job, "name").unwrap_or_default().to_owned(),
                    waits_for: None,
                });
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}
