//! One commit of the branch while it is looked at: its files, its blocks, and
//! what was found for them.

use std::collections::{HashMap, HashSet};

use git2::{Commit, Oid};

use super::changes::{Changed, Named};
use super::finding::{FindingKind as Kind, Findings};
use super::way::{Standing, is_same_operation, may_follow};
use crate::repository::Repository;
use crate::repository::records::{Block, Digest, Kind as RecordKind, Pin, Record, RecordId, Status};
use crate::repository::toml_file::read_toml;

/// What a commit did that somebody must have been allowed to do.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// An operation began, or was done in one step.
    Begun(Box<Record>),
    /// It came further or ended, by whoever committed that.
    Went(Box<Record>),
    /// A pin was lifted with nothing else.
    Unpinned,
    /// Versions left the lists.
    Archived,
    /// Somebody said that it does not stand there.
    Forgotten,
}

/// One commit while it is looked at.
pub(super) struct Step<'c, 'r> {
    repository: &'r Repository,
    commit: &'c Commit<'r>,
    pub(super) blocks: &'c [Block],
    /// The blocks that something was found for.
    pub(super) used: HashSet<usize>,
    /// Places whose record is another one after the commit.
    pub(super) left: Vec<RecordId>,
    pub(super) acts: Vec<Act>,
    findings: &'c mut Findings,
}

impl<'c, 'r> Step<'c, 'r> {
    pub(super) fn new(
        repository: &'r Repository,
        commit: &'c Commit<'r>,
        blocks: &'c [Block],
        findings: &'c mut Findings,
    ) -> Self {
        let (used, left, acts) = (HashSet::new(), Vec::new(), Vec::new());
        Self { repository, commit, blocks, used, left, acts, findings }
    }

    pub(super) fn add(
        &mut self,
        kind: Kind,
        record: impl Into<Option<RecordId>>,
        message: impl Into<String>,
    ) {
        self.findings.add(kind, self.commit.id(), record, message);
    }

    /// A record from its file; what cannot be read is told.
    fn read(&mut self, blob: Oid, id: Option<RecordId>) -> Result<Option<Record>, git2::Error> {
        let bytes = self.repository.git2().find_blob(blob)?.content().to_vec();
        match read_toml::<Record>("record.toml", &String::from_utf8_lossy(&bytes)) {
            Ok(record) => Ok(Some(record)),
            Err(error) => {
                self.add(Kind::Damaged, id, format!("its record cannot be read: {error}"));
                Ok(None)
            }
        }
    }

    /// The record of an operation, if it is that of its folder.
    pub(super) fn record(&mut self, blob: Option<Oid>, id: RecordId) -> Result<Option<Record>, git2::Error> {
        let Some(blob) = blob else { return Ok(None) };
        let record = self.read(blob, Some(id))?;
        if record.as_ref().is_some_and(|record| record.id != id) {
            self.add(Kind::Untold, id, "its folder holds the record of another operation");
            return Ok(None);
        }
        Ok(record)
    }

    /// The record that stands at a place, if it is about that.
    pub(super) fn record_at(
        &mut self,
        blob: Oid,
        named: &Named,
        kind: RecordKind,
    ) -> Result<Option<Record>, git2::Error> {
        let record = self.read(blob, None)?;
        if let Some(record) = &record
            && (record.server != named.0 || record.name != named.1 || record.kind != kind)
        {
            let message = format!("it stands in the place of `{}` on `{}`", named.1, named.0);
            self.add(Kind::Untold, record.id, message);
            return Ok(None);
        }
        Ok(record)
    }

    /// The block that tells all of a record.
    pub(super) fn full_block(&mut self, id: RecordId) -> Option<&'c Block> {
        let is_it = |block: &Block| block.id == id && block.get("Action").is_some();
        let place = self.blocks.iter().position(is_it)?;
        self.used.insert(place);
        self.blocks.get(place)
    }

    /// A block tells of the record just what its file says.
    pub(super) fn told(&mut self, record: &Record) {
        let expected = Block::of(record);
        let message = match self.full_block(record.id) {
            None => "no block tells of it".to_owned(),
            Some(block) if *block == expected => return,
            Some(block) => {
                let differs = |(key, value): &&(String, String)| block.get(key) != Some(value.as_str());
                let first = expected
                    .fields
                    .iter()
                    .find(differs)
                    .or_else(|| block.fields.iter().find(|(key, _)| expected.get(key).is_none()));
                let key = first.map_or_else(|| "its order".to_owned(), |(key, _)| format!("`{key}`"));
                format!("the block does not say what the record says: {key}")
            }
        };
        self.add(Kind::Untold, record.id, message);
    }

    /// An operation came further as operations do, and is still the same one.
    pub(super) fn went(&mut self, before: &Record, after: &Record) {
        if !may_follow((before.status, before.phase), (after.status, after.phase)) {
            let message = format!(
                "it cannot go from {:?}, {:?} to {:?}, {:?}",
                before.status, before.phase, after.status, after.phase
            );
            self.add(Kind::Step, after.id, message);
        }
        if !is_same_operation(before, after) {
            self.add(Kind::Untold, after.id, "it is not the operation that began: its record was changed");
        }
    }

    /// Content has the hash that the record tells; what is kept and what is told go together.
    pub(super) fn hash(
        &mut self,
        id: RecordId,
        file: &str,
        blob: Option<Oid>,
        told: Option<&Digest>,
    ) -> Result<(), git2::Error> {
        let message = match (blob, told) {
            (None, None) => return Ok(()),
            (Some(blob), Some(told)) => {
                let found = self.repository.git2().find_blob(blob)?;
                if told.is_of(found.content()) {
                    return Ok(());
                }
                format!("{file} does not have the hash that its record gives")
            }
            (Some(_), None) => format!("{file} is there, and its record gives no hash of it"),
            (None, Some(_)) => format!("{file} is not there, and its record gives a hash of it"),
        };
        self.add(Kind::Hash, id, message);
        Ok(())
    }

    pub(super) fn blob(&self, path: &str) -> Result<Option<Oid>, git2::Error> {
        match self.commit.tree()?.get_path(std::path::Path::new(path)) {
            Ok(entry) => Ok(Some(entry.id())),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn is_there(&self, path: &str) -> Result<bool, git2::Error> {
        self.blob(path).map(|found| found.is_some())
    }

    /// A pin was made or lifted, as a block says.
    pub(super) fn pinned(&mut self, named: &Named, file: Changed) -> Result<(), git2::Error> {
        let read = |blob: Option<Oid>| -> Result<Option<Pin>, git2::Error> {
            let Some(blob) = blob else { return Ok(None) };
            let found = self.repository.git2().find_blob(blob)?;
            Ok(read_toml("pin.toml", &String::from_utf8_lossy(found.content())).ok())
        };
        let (old, new) = (read(file.old)?, read(file.new)?);
        let (key, pin) = match (file.new, new, old) {
            (Some(_), Some(pin), _) => ("Pinned", pin),
            (None, _, Some(pin)) => ("Unpinned", pin),
            _ => {
                let message = format!("the pin of `{}` on `{}` cannot be read", named.1, named.0);
                self.add(Kind::Damaged, None, message);
                return Ok(());
            }
        };
        let is_it = |block: &Block| {
            block.id == pin.record
                && block.get(key) == Some(&pin.blob)
                && block.get("Server") == Some(&named.0)
                && block.get("Name") == Some(&named.1)
        };
        match self.blocks.iter().position(is_it) {
            Some(place) => {
                self.used.insert(place);
                let deploys = |act: &Act| match act {
                    Act::Begun(record) | Act::Went(record) => {
                        record.server == named.0 && record.name == named.1
                    }
                    Act::Unpinned | Act::Archived | Act::Forgotten => false,
                };
                if key == "Unpinned" && !self.acts.iter().any(deploys) {
                    self.acts.push(Act::Unpinned);
                }
            }
            None => {
                let what = if key == "Pinned" { "made" } else { "lifted" };
                let message =
                    format!("the pin of `{}` on `{}` was {what}, and no block says so", named.1, named.0);
                self.add(Kind::Untold, pin.record, message);
            }
        }
        Ok(())
    }

    /// Records that leave the lists with the versions they are about: only those that have ended.
    pub(super) fn archived(&mut self, standing: &HashMap<RecordId, Standing>) {
        for (place, block) in self.blocks.iter().enumerate() {
            if block.get("Archived").is_none() || block.get("Action").is_some() {
                continue;
            }
            self.used.insert(place);
            match standing.get(&block.id) {
                Some((Status::Active | Status::Deploying, _)) => {
                    self.add(Kind::Step, block.id, "it is said to be archived, and has not ended");
                }
                Some(_) => {}
                None => self.add(Kind::NotDone, block.id, "it is said to be archived, and never began"),
            }
        }
    }

    /// A package and its schedules name each other.
    pub(super) fn members(&mut self, standing: &HashMap<RecordId, Standing>) {
        let begun: Vec<Record> = self
            .acts
            .iter()
            .filter_map(|act| match act {
                Act::Begun(record) => Some((**record).clone()),
                _ => None,
            })
            .collect();
        for record in &begun {
            let named = record.members.iter().chain(record.package.as_ref().map(|package| &package.record));
            for other in named {
                if !standing.contains_key(other) {
                    self.add(
                        Kind::Missing,
                        record.id,
                        format!("it names the record `{other}`, which is not there"),
                    );
                }
            }
        }
    }

    /// Blocks that tell of something the commit did not do.
    pub(super) fn untold(&mut self) {
        for (place, block) in self.blocks.iter().enumerate() {
            if !self.used.contains(&place) {
                self.add(Kind::NotDone, block.id, "a block tells of it, and the commit does nothing to it");
            }
        }
    }
}

/// The value of an enum that is one word in files.
pub(super) fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
