//! What is in use, by the content of its versions.

use std::collections::HashMap;

use git2::Oid;

use super::{ArchiveError, Use};
use crate::repository::Repository;
use crate::repository::history::{History, Version};
use crate::repository::layout::Kind;
use crate::repository::package::{Package, all_in};
use crate::repository::records::{Kind as RecordKind, Record, Records};
use crate::repository::servers;
use crate::rollout::{self, What};

/// What is in use, by kind and content.
#[derive(Debug, Default)]
pub(super) struct Used(HashMap<(Kind, Oid), Use>);

impl Used {
    /// What stands on servers, is under way, or is a rule that is named with its version.
    pub(super) fn read(
        repository: &Repository,
        history: &History,
        records: &Records<'_>,
    ) -> Result<Self, ArchiveError> {
        let mut used = Self::default();
        for server in records.servers()? {
            let stands = || Use::Stands { server: server.clone() };
            for standing in records.active(&server)? {
                used.record(&standing.record, &stands);
            }
            for package in records.packages(&server)? {
                used.record(&package, &stands);
            }
        }
        for operation in records.open_operations()? {
            let record = operation.record;
            used.record(&record, &|| Use::UnderWay { server: record.server.clone() });
        }
        for (name, server) in servers::all(repository)? {
            used.rules(history, &server?.server.rules, &format!("server `{name}`"));
        }
        let tip = repository.git2().find_commit(history.tip().commit)?;
        for (name, package) in all_in(repository.git2(), &tip.tree()?)? {
            used.rules(history, &package.rules, &format!("package `{name}`"));
        }
        used.rollouts(repository, history, records)?;
        Ok(used)
    }

    /// What rollouts that are not over carry: as they began, or as they would begin now.
    fn rollouts(
        &mut self,
        repository: &Repository,
        history: &History,
        records: &Records<'_>,
    ) -> Result<(), ArchiveError> {
        for (id, rollout) in rollout::all(repository, history.tip().commit)? {
            let Ok(rollout) = rollout else { continue };
            if rollout::Kept::is_over(records, &id)? {
                continue;
            }
            let by = || Use::Carried { rollout: id.clone() };
            let whats: Vec<What> = match rollout::Begun::read(records, &id)? {
                Some(begun) => {
                    let parsed = begun.scope.things.iter().map(|thing| What::parse(&thing.what, false));
                    parsed.filter_map(Result::ok).collect()
                }
                None => rollout.file.what.iter().filter_map(|text| What::parse(text, false).ok()).collect(),
            };
            for what in whats {
                if let Ok(found) = what.find(repository, history) {
                    self.0.entry((what.kind, found.blob)).or_insert_with(by);
                }
            }
            self.rules(history, &rollout.file.rules, &format!("rollout `{id}`"));
        }
        Ok(())
    }

    /// What a version is used for.
    pub(super) fn of(&self, kind: Kind, blob: Oid) -> Option<&Use> {
        self.0.get(&(kind, blob))
    }

    /// What a version of a package pins is in use.
    pub(super) fn package(
        &mut self,
        repository: &Repository,
        name: &str,
        version: &Version,
        blob: Oid,
    ) -> Result<(), ArchiveError> {
        let package = Package::of_blob(repository.git2(), &version.path, blob)?;
        for pin in &package.schedules {
            let by = || Use::Pinned { package: name.to_owned(), version: version.number };
            self.add(Kind::Schedule, &pin.blob, &by);
        }
        Ok(())
    }

    fn record(&mut self, record: &Record, by: &dyn Fn() -> Use) {
        let kind = match record.kind {
            RecordKind::Schedule => Kind::Schedule,
            RecordKind::Package => Kind::Package,
            RecordKind::Script => return,
        };
        if let Some(blob) = &record.source.blob {
            self.add(kind, blob, by);
        }
        for rule in &record.rules {
            self.add(Kind::Rule, &rule.blob, by);
        }
    }

    /// Rules that are named with their version: `RULE@3`.
    fn rules(&mut self, history: &History, rules: &[String], by: &str) {
        for rule in rules {
            let Some((name, number)) = rule.rsplit_once('@') else { continue };
            let stem = crate::definition::encode(name);
            let versions = history.versions(Kind::Rule, &stem);
            let pinned = number.parse().ok().and_then(|number: usize| versions.get(number.checked_sub(1)?));
            if let Some(blob) = pinned.and_then(|version| version.blob) {
                self.0.entry((Kind::Rule, blob)).or_insert_with(|| Use::Named { by: by.to_owned() });
            }
        }
    }

    fn add(&mut self, kind: Kind, blob: &str, by: &dyn Fn() -> Use) {
        if let Ok(blob) = Oid::from_str(blob) {
            self.0.entry((kind, blob)).or_insert_with(by);
        }
    }
}
