//! What a rollback undoes, as the records have it.

use super::rollback::{Undoing, UndonePackage};
use crate::definition::{Definition, Purpose, equal};
use crate::repository::Repository;
use crate::repository::records::log::{FindError, FullError, LogError, RecordLog, Row, Which};
use crate::repository::records::{
    Action, Kind, Phase, Record, RecordId, Records, RecordsError, Standing, Status,
};
use crate::repository::toml_file::nearest;

/// One schedule whose operation is undone.
#[derive(Debug, Clone)]
pub struct Undone {
    /// The operation.
    pub record: Record,
    /// What is active under the name now.
    pub standing: Option<Standing>,
    /// What stood there before, in canonical bytes; none where nothing did.
    pub comes_back: Option<Vec<u8>>,
    /// The record whose deployed definition that equals.
    pub restores: Option<Record>,
    /// What was done there after it, in words.
    pub later: Vec<String>,
    /// Whether it never ended.
    pub is_open: bool,
}

/// Why nothing can be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// No record of it.
    #[error("no record says that {what} stands on `{server}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NothingStands {
        /// The schedule or the package, in words.
        what: String,
        /// The target.
        server: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// Something else stands there since.
    #[error("record `{id}` ({name} on `{server}`) is {status}: only what is active can be rolled back{}", .active.map(|active| format!(", and that is `{active}`")).unwrap_or_default())]
    NotActive {
        /// The record.
        id: RecordId,
        /// What it is about.
        name: String,
        /// The target.
        server: String,
        /// What it is.
        status: String,
        /// The record that is active.
        active: Option<RecordId>,
    },
    /// It went with a package.
    #[error("`{name}` on `{server}` was deployed with package `{package}`, which is rolled back as a whole")]
    Member {
        /// The schedule.
        name: String,
        /// The target.
        server: String,
        /// The package.
        package: String,
    },
    /// It stood there before there were records.
    #[error(
        "`{name}` stood on `{server}` before there were records: what stood there before that is not known"
    )]
    Adopted {
        /// The schedule.
        name: String,
        /// The target.
        server: String,
    },
    /// Scripts have no former state.
    #[error(
        "record `{id}` is about a script: the versions of a script stand beside each other, nothing was replaced"
    )]
    Script {
        /// The record.
        id: RecordId,
    },
    /// No such record.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The record could not be read.
    #[error(transparent)]
    Full(#[from] FullError),
    /// The log of records could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The records could not be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// Looks things up in the records of one commit.
struct Finder<'a> {
    repository: &'a Repository,
    records: &'a Records<'a>,
    log: RecordLog,
}

impl Undoing {
    /// What `NAME` or `package:NAME` undoes on a server.
    pub fn find(
        repository: &Repository,
        records: &Records<'_>,
        server: &str,
        what: &str,
    ) -> Result<Self, UndoError> {
        let finder = Finder { repository, records, log: RecordLog::load(repository, records.tip())? };
        if let Some(package) = what.strip_prefix("package:") {
            return match records.package(server, package)? {
                Some(record) => finder.package(record),
                None => Err(UndoError::NothingStands {
                    what: format!("package `{package}`"),
                    server: server.to_owned(),
                    near: None,
                }),
            };
        }
        let Some(standing) = records.active_of(server, what)? else {
            let known: Vec<String> =
                records.active(server)?.into_iter().map(|standing| standing.record.name).collect();
            let near = nearest(what, &known).map(str::to_owned);
            let what = format!("`{what}`");
            return Err(UndoError::NothingStands { what, server: server.to_owned(), near });
        };
        finder.alone(standing.record)
    }

    /// What undoes the operation of a record.
    pub fn of_record(repository: &Repository, records: &Records<'_>, id: &str) -> Result<Self, UndoError> {
        let finder = Finder { repository, records, log: RecordLog::load(repository, records.tip())? };
        let row = finder.log.find(id)?;
        let record = finder.log.full(repository, &row)?;
        match record.kind {
            Kind::Package => finder.package(record),
            Kind::Schedule => finder.alone(record),
            Kind::Script => Err(UndoError::Script { id: record.id }),
        }
    }
}

impl Finder<'_> {
    fn alone(&self, record: Record) -> Result<Undoing, UndoError> {
        if let Some(package) = &record.package
            && let Some(standing) = self.records.package(&record.server, &package.name)?
            && standing.id == package.record
        {
            return Err(UndoError::Member {
                name: record.name,
                server: record.server,
                package: package.name.clone(),
            });
        }
        let server = record.server.clone();
        let undone = self.undone(record)?;
        let is_last = match &undone.standing {
            Some(standing) => standing.record.id == undone.record.id || undone.is_open,
            None => {
                let removed = matches!(undone.record.action, Action::Delete | Action::Rollback);
                removed && undone.record.status == Status::Deleted || undone.is_open
            }
        };
        if !is_last || undone.record.status == Status::Failed {
            return Err(not_active(&undone.record, undone.standing.as_ref().map(|one| one.record.id)));
        }
        Ok(Undoing { server, schedules: vec![undone], package: None })
    }

    fn package(&self, record: Record) -> Result<Undoing, UndoError> {
        let active = self.records.package(&record.server, &record.name)?.map(|active| active.id);
        let is_open = record.phase < Phase::Done;
        if active != Some(record.id) && !is_open {
            return Err(not_active(&record, active));
        }
        let mut schedules = Vec::new();
        for member in &record.members {
            let row = self.log.find(&member.to_string())?;
            schedules.push(self.undone(self.log.full(self.repository, &row)?)?);
        }
        let before = record.previous.map(|id| self.full(id)).transpose()?;
        let mut kept = Vec::new();
        for id in before.iter().flat_map(|before| &before.members) {
            let member = self.full(*id)?;
            let stands = self.records.active_of(&member.server, &member.name)?;
            if stands.is_some_and(|standing| standing.record.id == *id) {
                kept.push(*id);
            }
        }
        let server = record.server.clone();
        Ok(Undoing { server, schedules, package: Some(UndonePackage { record, before, kept }) })
    }

    /// One schedule; what was done to it later is told.
    fn undone(&self, record: Record) -> Result<Undone, UndoError> {
        if record.action == Action::Adopt {
            return Err(UndoError::Adopted { name: record.name, server: record.server });
        }
        let row = self.log.find(&record.id.to_string())?;
        let comes_back = self.log.definition(self.repository, &row, Which::Rollback)?;
        let standing = self.records.active_of(&record.server, &record.name)?;
        let is_open = record.phase < Phase::Done;
        let later = match &standing {
            Some(standing) if standing.record.id != record.id && !is_open => vec![format!(
                "it was changed again since, by {}: record {}",
                standing.record.user.name, standing.record.id
            )],
            _ => Vec::new(),
        };
        let restores = match (&comes_back, record.previous) {
            (Some(comes_back), Some(previous)) => self.if_equal(previous, comes_back)?,
            _ => None,
        };
        Ok(Undone { record, standing, comes_back, restores, later, is_open })
    }

    /// The record, if what it deployed equals a definition.
    fn if_equal(&self, id: RecordId, definition: &[u8]) -> Result<Option<Record>, UndoError> {
        let row = self.log.find(&id.to_string())?;
        let deployed = self.log.definition(self.repository, &row, Which::Deployed)?;
        let read = |bytes: &[u8]| Definition::read(bytes).ok();
        let is_equal = deployed
            .and_then(|deployed| read(&deployed))
            .zip(read(definition))
            .is_some_and(|(one, other)| equal(one.value(), other.value(), Purpose::Target));
        Ok(if is_equal { Some(self.record(&row)?) } else { None })
    }

    fn full(&self, id: RecordId) -> Result<Record, UndoError> {
        let row = self.log.find(&id.to_string())?;
        self.record(&row)
    }

    fn record(&self, row: &Row<'_>) -> Result<Record, UndoError> {
        Ok(self.log.full(self.repository, row)?)
    }
}

fn not_active(record: &Record, active: Option<RecordId>) -> UndoError {
    UndoError::NotActive {
        id: record.id,
        name: record.name.clone(),
        server: record.server.clone(),
        status: format!("{:?}", record.status),
        active,
    }
}
