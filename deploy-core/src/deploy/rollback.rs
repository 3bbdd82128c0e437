//! Rolling back: what stood there before comes back, a package as a whole.
//!
//! First it is found out from the records what that is ([`Undoing::find`]), then
//! the target is asked what stands there now ([`Undoing::observe`]); the rest is
//! a [`Transaction`] like any other.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::execute::{Asked, PackagePiece, Piece, Transaction, of_undoing, standing};
use super::undone::Undone;
use crate::definition::diff::{diff, render};
use crate::definition::{Definition, Purpose, ReadError, equal};
use crate::opcon::{OpConError, OpConSystem};
use crate::repository::records::{
    Action, Digest, PackageRef, Phase, Pin, Record, RecordId, Records, RecordsError, Status,
};

/// Why it is not known what is on both sides of a rollback.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The target did not say what stands there.
    #[error(transparent)]
    System(#[from] OpConError),
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A stored definition cannot be read.
    #[error("`{name}` of record `{record}`: {source}")]
    Unreadable {
        /// The schedule.
        name: String,
        /// The record.
        record: RecordId,
        /// What is wrong with it.
        source: ReadError,
    },
}

/// What is to be undone, as the records have it.
#[derive(Debug, Clone)]
pub struct Undoing {
    /// The target.
    pub server: String,
    /// The schedules.
    pub schedules: Vec<Undone>,
    /// The package they went as.
    pub package: Option<UndonePackage>,
}

/// A package whose deployment is undone.
#[derive(Debug, Clone)]
pub struct UndonePackage {
    /// Its record.
    pub record: Record,
    /// The record of the package that stood there before, if one did.
    pub before: Option<Record>,
    /// What stood there with that one and stands there still.
    pub kept: Vec<RecordId>,
}

/// A rollback that can be shown and carried out.
#[derive(Debug, Clone)]
pub struct Observed {
    undoing: Undoing,
    /// What each schedule is and will be, in the order of the schedules.
    pub schedules: Vec<ObservedSchedule>,
}

/// One schedule of a rollback.
#[derive(Debug, Clone)]
pub struct ObservedSchedule {
    /// Its name on the target.
    pub name: String,
    /// The record that is undone.
    pub undoes: RecordId,
    /// The version that comes back, where it is known to be one.
    pub version: Option<usize>,
    /// Whether it is removed because nothing stood there before.
    pub removed: bool,
    /// What changes on the target.
    pub difference: Vec<render::Line>,
    /// What was changed on the target after what is undone, in lines.
    pub later: Vec<String>,
    /// What stands there, in canonical bytes.
    stands: Option<Vec<u8>>,
}

impl Undoing {
    /// Asks the target what stands there.
    pub async fn observe(
        self,
        records: &Records<'_>,
        system: &dyn OpConSystem,
    ) -> Result<Observed, ObserveError> {
        let stands = self.schedules.iter().map(|undone| standing(system, &undone.record.name));
        let stands = try_join_all(stands).await?;
        let mut schedules = Vec::new();
        for (undone, stands) in self.schedules.iter().zip(stands) {
            schedules.push(observed(undone, stands, records)?);
        }
        Ok(Observed { undoing: self, schedules })
    }
}

fn observed(
    undone: &Undone,
    stands: Option<Definition>,
    records: &Records<'_>,
) -> Result<ObservedSchedule, ObserveError> {
    let read = |bytes: Option<&[u8]>| bytes.map(Definition::read).transpose();
    let unreadable = |source| ObserveError::Unreadable {
        name: undone.record.name.clone(),
        record: undone.record.id,
        source,
    };
    let comes_back = read(undone.comes_back.as_deref()).map_err(unreadable)?;
    let deployed = undone.standing.as_ref().and_then(|standing| standing.deployed);
    let deployed = deployed.map(|blob| records.content(blob)).transpose()?;
    let deployed = read(deployed.as_deref()).map_err(unreadable)?;
    let mut later = undone.later.clone();
    later.extend(match (&deployed, &stands) {
        // What never ended says nothing of what is to stand there.
        _ if undone.is_open => Vec::new(),
        (Some(deployed), Some(stands)) if !equal(deployed.value(), stands.value(), Purpose::Target) => {
            words(&diff(deployed, stands))
        }
        (Some(_), None) => vec!["it was removed there".to_owned()],
        (None, Some(_)) => vec!["it stands there without a record".to_owned()],
        _ => Vec::new(),
    });
    let difference = match (&stands, &comes_back) {
        (Some(stands), Some(comes_back)) => render::lines(&diff(stands, comes_back)),
        _ => Vec::new(),
    };
    Ok(ObservedSchedule {
        name: undone.record.name.clone(),
        undoes: undone.record.id,
        version: undone.restores.as_ref().and_then(|record| record.source.version),
        removed: comes_back.is_none(),
        difference,
        later,
        stands: stands.map(|stands| stands.to_bytes()),
    })
}

fn words(difference: &crate::definition::diff::Difference) -> Vec<String> {
    if difference.is_empty() {
        return Vec::new();
    }
    render::lines(difference).into_iter().map(|line| line.text).collect()
}

impl Observed {
    /// The target.
    pub fn server(&self) -> &str {
        &self.undoing.server
    }

    /// The package that is rolled back, with the version that comes back if there was one.
    pub fn package(&self) -> Option<(&str, Option<usize>)> {
        let package = self.undoing.package.as_ref()?;
        let version = package.before.as_ref().and_then(|before| before.source.version);
        Some((&package.record.name, version))
    }

    /// Whether something was changed on the target after what is undone.
    pub fn has_later_changes(&self) -> bool {
        self.schedules.iter().any(|schedule| !schedule.later.is_empty())
    }

    /// Whether it is the same as another one: of the same records, over the same target.
    pub fn is_same(&self, other: &Self) -> bool {
        let sides = |observed: &Self| -> Vec<(RecordId, Option<Digest>)> {
            let schedules = observed.schedules.iter();
            schedules.map(|one| (one.undoes, one.stands.as_deref().map(digest_of_own))).collect()
        };
        sides(self) == sides(other)
    }

    /// What carries it out.
    pub fn transaction(self, asked: &Asked) -> Transaction {
        let Undoing { server, schedules, package } = self.undoing;
        let together = (schedules.len() > 1 || package.is_some()).then(RecordId::new);
        let (mut rules, mut supersedes) = (None, Vec::new());
        let begun = |undone: &Record| {
            let mut record = asked.record(undone.kind, Action::Rollback, &server, &undone.name);
            let options = undone.told.options.clone().unwrap_or_default();
            record.told.options = Some(of_undoing(&options));
            Record { transaction: together, undoes: Some(undone.id), ..record }
        };
        let mut package = package.map(|package| {
            let before = package.before.as_ref();
            let record = Record {
                source: before.map(|before| before.source.clone()).unwrap_or_default(),
                rules: before.map(|before| before.rules.clone()).unwrap_or_default(),
                previous: Some(package.record.id),
                members: package.kept.clone(),
                ..begun(&package.record)
            };
            let stays = package.before.is_some();
            match package.record.phase < Phase::Done {
                true => {
                    supersedes.push(package.record);
                    PackagePiece { record, stays, previous: package.before }
                }
                false => PackagePiece { record, stays, previous: Some(package.record) },
            }
        });
        let mut previous = Status::Rolledback;
        let mut pieces = Vec::new();
        for (undone, observed) in schedules.into_iter().zip(self.schedules) {
            let restores = undone.restores.as_ref();
            let member_of = package.as_ref().filter(|package| package.stays).map(|package| PackageRef {
                name: package.record.name.clone(),
                version: package.record.source.version,
                record: package.record.id,
            });
            let record = Record {
                original_name: restores.and_then(|record| record.original_name.clone()),
                source: restores.map(|record| record.source.clone()).unwrap_or_default(),
                rules: restores.map(|record| record.rules.clone()).unwrap_or_default(),
                previous: undone.standing.as_ref().map(|standing| standing.record.id),
                planned: undone.comes_back.as_deref().map(Digest::of),
                found: observed.stands.as_deref().map(Digest::of),
                package: member_of,
                ..begun(&undone.record)
            };
            if let Some(package) = &mut package {
                package.record.members.push(record.id);
            }
            rules = rules.or_else(|| record.told.options.clone());
            let pin = pin_of(&undone.record, &record);
            if undone.is_open {
                // What was active before it began is replaced, not undone.
                previous = Status::Inactive;
                supersedes.push(undone.record);
            }
            pieces.push(Arc::new(Piece {
                record,
                wanted: undone.comes_back,
                found: observed.stands,
                standing: undone.standing,
                pin,
            }));
        }
        let rules = rules.unwrap_or_default();
        Transaction {
            pieces,
            scripts: Vec::new(),
            package,
            rules,
            previous,
            supersedes,
            taken_up: Vec::new(),
        }
    }
}

/// What a rollback keeps from coming back by itself: what it undoes.
pub(super) fn pin_of(undone: &Record, rollback: &Record) -> Option<Pin> {
    if undone.action == Action::Delete || rollback.undoes != Some(undone.id) {
        return None;
    }
    Some(Pin {
        blob: undone.source.blob.clone()?,
        version: undone.source.version,
        record: rollback.id,
        user: rollback.user.clone(),
        since: rollback.begun,
    })
}

/// A hash of what stands there that the moment of the extract does not change.
fn digest_of_own(bytes: &[u8]) -> Digest {
    match Definition::read(bytes) {
        Ok(definition) => {
            let mut value = definition.into_value();
            if let Some(map) = value.as_object_mut() {
                map.retain(|key, _| key == "scheduleList");
            }
            Digest::of(&crate::definition::write(&value))
        }
        Err(_) => Digest::of(bytes),
    }
}
