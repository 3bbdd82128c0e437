//! What leaves the lists, and what stays because it is in use.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use git2::Oid;

use super::used::Used;
use super::{ArchiveError, ArchivePlan, Kept, Leaving};
use crate::definition::{decode, encode};
use crate::repository::Repository;
use crate::repository::history::{History, Version};
use crate::repository::layout::Kind;
use crate::repository::package;
use crate::repository::records::log::{RecordLog, Row};
use crate::repository::records::{Kind as RecordKind, Records, Status};

/// Plans to archive all versions beyond the newest so many of each package, schedule and rule.
pub fn plan(
    repository: &Repository,
    history: &History,
    records: &Records<'_>,
    log: &RecordLog,
    retain: NonZeroUsize,
) -> Result<ArchivePlan, ArchiveError> {
    let mut used = Used::read(repository, history, records)?;
    let mut plan = ArchivePlan::default();
    // Packages first: what a package pins that stays listed stays listed, too.
    for kind in [Kind::Package, Kind::Schedule, Kind::Rule] {
        let former = match kind {
            Kind::Package => former_names(repository, history)?,
            _ => HashSet::new(),
        };
        for (stem, latest) in history.latest(kind) {
            if latest.blob.is_none() && former.contains(&stem) {
                continue;
            }
            let name = decode(&stem).unwrap_or_else(|| stem.clone());
            plan.thin(repository, history, records, &mut used, (kind, &name), retain)?;
        }
    }
    plan.take_records(log);
    Ok(plan)
}

/// Plans to archive one version, if it is not in use.
pub fn plan_one(
    repository: &Repository,
    history: &History,
    records: &Records<'_>,
    log: &RecordLog,
    version: Leaving,
) -> Result<ArchivePlan, ArchiveError> {
    let mut used = Used::read(repository, history, records)?;
    for (name, version, blob) in listed_packages(repository, history, records)? {
        used.package(repository, &name, &version, blob)?;
    }
    let archived = records.archived(version.kind, &version.name)?;
    if archived.has(version.commit) {
        let Leaving { kind, name, version, .. } = version;
        return Err(ArchiveError::Already { kind, name, version });
    }
    if let Some(by) = used.of(version.kind, version.blob).cloned() {
        return Err(ArchiveError::InUse(Box::new(Kept { version, by })));
    }
    let before = vec![(version.kind, version.name.clone(), archived)];
    let mut plan = ArchivePlan { leaving: vec![version], before, ..ArchivePlan::default() };
    plan.take_records(log);
    Ok(plan)
}

impl ArchivePlan {
    /// Looks at the versions of one thing.
    fn thin(
        &mut self,
        repository: &Repository,
        history: &History,
        records: &Records<'_>,
        used: &mut Used,
        (kind, name): (Kind, &str),
        retain: NonZeroUsize,
    ) -> Result<(), ArchiveError> {
        let archived = records.archived(kind, name)?;
        let mut listed = versions(repository, history, kind, name);
        listed.retain(|(version, _)| !archived.has(version.commit));
        let beyond = listed.len().saturating_sub(retain.get());
        let mut any = false;
        for (at, (version, blob)) in listed.into_iter().enumerate() {
            let by = used.of(kind, blob).cloned();
            let leaves = at < beyond && by.is_none();
            if kind == Kind::Package && !leaves {
                used.package(repository, name, &version, blob)?;
            }
            if at >= beyond {
                continue;
            }
            let version = Leaving {
                kind,
                name: name.to_owned(),
                version: version.number,
                commit: version.commit,
                blob,
            };
            match by {
                Some(by) => self.kept.push(Kept { version, by }),
                None => self.leaving.push(version),
            }
            any |= leaves;
        }
        if any {
            self.before.push((kind, name.to_owned(), archived));
        }
        Ok(())
    }

    /// Takes the records of what leaves, those that have ended.
    fn take_records(&mut self, log: &RecordLog) {
        let mut leaving: HashMap<(&str, usize, String), Kind> = HashMap::new();
        for one in &self.leaving {
            leaving.insert((&one.name, one.version, one.blob.to_string()), one.kind);
        }
        let is_leaving = |row: &Row<'_>| {
            let kind = match row.kind() {
                Some(RecordKind::Schedule) => Kind::Schedule,
                Some(RecordKind::Package) => Kind::Package,
                _ => return false,
            };
            let (Some(version), Some(blob)) = (row.version(), row.blob()) else { return false };
            let name = row.original_name().unwrap_or(row.name());
            leaving.get(&(name, version, blob.to_owned())) == Some(&kind)
        };
        let has_ended =
            |status: Option<Status>| !matches!(status, Some(Status::Active | Status::Deploying) | None);
        let rows = log.rows().filter(|row| !row.is_archived() && has_ended(row.status()));
        self.records = rows.filter(is_leaving).map(|row| row.id()).collect();
    }
}

/// The versions that have content, oldest first.
fn versions(repository: &Repository, history: &History, kind: Kind, name: &str) -> Vec<(Version, Oid)> {
    let stem = encode(name);
    let all = match kind {
        Kind::Package => package::versions(repository, history, &stem),
        _ => history.versions(kind, &stem),
    };
    all.into_iter().filter_map(|version| version.blob.map(|blob| (version, blob))).collect()
}

/// The names that packages had before: their versions are counted with the new name.
fn former_names(repository: &Repository, history: &History) -> Result<HashSet<String>, ArchiveError> {
    let git = repository.git2();
    let packages = package::all_in(git, &git.find_commit(history.tip().commit)?.tree()?)?;
    Ok(packages.iter().flat_map(|(_, package)| &package.formerly).map(|name| encode(name)).collect())
}

/// The versions of packages that are not archived.
fn listed_packages(
    repository: &Repository,
    history: &History,
    records: &Records<'_>,
) -> Result<Vec<(String, Version, Oid)>, ArchiveError> {
    let mut listed = Vec::new();
    for (stem, _) in history.latest(Kind::Package) {
        let name = decode(&stem).unwrap_or(stem);
        let archived = records.archived(Kind::Package, &name)?;
        let all = versions(repository, history, Kind::Package, &name);
        let mine = all.into_iter().filter(|(version, _)| !archived.has(version.commit));
        listed.extend(mine.map(|(version, blob)| (name.clone(), version, blob)));
    }
    Ok(listed)
}
