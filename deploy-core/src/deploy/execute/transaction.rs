//! What one operation does to a target: a value, made before anything is touched.

use std::sync::Arc;

use git2::Oid;

use crate::definition::{Definition, ReadError};
use crate::opcon::{ImportRules, ScriptTexts};
use crate::repository::records::{Kind, OpenOperation, Pin, Record, RecordId, Standing, Status};

/// What becomes of one schedule of a target.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The operation.
    pub record: Record,
    /// What shall stand there, in canonical bytes; none where nothing shall.
    pub wanted: Option<Vec<u8>>,
    /// What stands there before; none where nothing does.
    pub found: Option<Vec<u8>>,
    /// The record that says what stands there, if there is one.
    pub standing: Option<Standing>,
    /// The pin there: of a deployment the one that stands, of a rollback the one it makes.
    pub pin: Option<Pin>,
}

/// Some schedules that go together: all of them or none.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// The schedules.
    pub pieces: Vec<Arc<Piece>>,
    /// What is sent where it is about scripts and not about schedules.
    pub scripts: Vec<ScriptTexts>,
    /// The package they are, with the record of the package that stands there.
    pub package: Option<PackagePiece>,
    /// What the target is told besides the definition.
    pub rules: ImportRules,
    /// What becomes of the records that were active before.
    pub previous: Status,
    /// Operations that never ended and are settled by this one.
    pub supersedes: Vec<Record>,
    /// Records that waited for their time, each as it was seen.
    pub taken_up: Vec<(RecordId, Oid)>,
}

/// The package that an operation is about.
#[derive(Debug, Clone)]
pub struct PackagePiece {
    /// The operation.
    pub record: Record,
    /// The record of the package that stands there, if there is one.
    pub previous: Option<Record>,
    /// Whether the package stands there afterwards.
    pub stays: bool,
}

impl Piece {
    /// Whether it is about a script.
    pub(super) fn is_script(&self) -> bool {
        self.record.kind == Kind::Script
    }

    /// The name on the target.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// What shall stand there.
    pub fn wanted(&self) -> Result<Option<Definition>, ReadError> {
        self.wanted.as_deref().map(Definition::read).transpose()
    }

    /// What stands there before.
    pub fn found(&self) -> Result<Option<Definition>, ReadError> {
        self.found.as_deref().map(Definition::read).transpose()
    }
}

impl Transaction {
    /// Carries out what waited: its records become those of the schedules and the package they
    /// are about. What is not among them any more has no record here.
    pub fn take_up(mut self, waiting: &[OpenOperation]) -> Self {
        let together = waiting.iter().find_map(|operation| operation.record.transaction);
        let mut taken_up = Vec::new();
        let mut take = |record: &mut Record| {
            let found = waiting.iter().find(|operation| is_about_the_same(&operation.record, record));
            record.transaction = together.or(record.transaction);
            if let Some(found) = found {
                record.id = found.record.id;
                record.scheduled.clone_from(&found.record.scheduled);
                taken_up.push((record.id, found.entry));
            }
        };
        if let Some(package) = &mut self.package {
            take(&mut package.record);
        }
        let package = self.package.as_ref().map(|package| package.record.id);
        let mut members = Vec::new();
        for piece in &mut self.pieces {
            let record = &mut Arc::make_mut(piece).record;
            take(record);
            if let (Some(of), Some(id)) = (&mut record.package, package) {
                of.record = id;
            }
            members.push(record.id);
        }
        if let Some(package) = &mut self.package {
            package.record.members = members;
        }
        self.taken_up = taken_up;
        self
    }

    /// The target.
    pub fn server(&self) -> &str {
        let package = self.package.as_ref().map(|package| &package.record);
        let record = self.pieces.first().map(|piece| &piece.record).or(package);
        record.map_or("", |record| &record.server)
    }

    /// What it is about, in words: `` `Payroll` ``, `` `Payroll` and 3 more ``, `` package `FIN` ``.
    pub fn what(&self) -> String {
        match (&self.package, self.pieces.as_slice()) {
            (Some(package), _) => format!("package `{}`", package.record.name),
            (None, [only]) if only.is_script() => format!("script `{}`", only.name()),
            (None, [only]) => format!("`{}`", only.name()),
            (None, [first, others @ ..]) => format!("`{}` and {} more", first.name(), others.len()),
            (None, []) => "nothing".to_owned(),
        }
    }

    /// The record a user would name: the package's, or the first.
    pub fn id(&self) -> Option<RecordId> {
        let package = self.package.as_ref().map(|package| package.record.id);
        package.or_else(|| self.pieces.first().map(|piece| piece.record.id))
    }
}

/// Whether two records are about the same schedule, script or package, under whichever name.
fn is_about_the_same(one: &Record, other: &Record) -> bool {
    let stored = |record: &Record| record.original_name.clone().unwrap_or_else(|| record.name.clone());
    one.kind == other.kind && (one.name == other.name || stored(one) == stored(other))
}
