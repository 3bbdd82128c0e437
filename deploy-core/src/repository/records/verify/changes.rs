//! What a commit of the branch changed, by what it means.

use std::collections::BTreeMap;

use git2::{Commit, ObjectType, Oid, Tree};

use crate::definition::decode;
use crate::repository::Repository;
use crate::repository::layout::Kind;
use crate::repository::records::{Place, RecordId};

/// A file before and after a commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) old: Option<Oid>,
    pub(super) new: Option<Oid>,
}

impl Changed {
    pub(super) fn is_any(&self) -> bool {
        self.old != self.new
    }
}

/// What lies at a place of the branch.
pub(super) type Named = (String, String);

/// The files of one operation under way.
#[derive(Debug, Default)]
pub(super) struct OpenFiles {
    pub(super) record: Changed,
    pub(super) planned: Changed,
    pub(super) rollback: Changed,
}

/// The files of one schedule that stands.
#[derive(Debug, Default)]
pub(super) struct ActiveFiles {
    pub(super) record: Changed,
    pub(super) deployed: Changed,
}

/// All that a commit changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) open: BTreeMap<RecordId, OpenFiles>,
    pub(super) active: BTreeMap<Named, ActiveFiles>,
    pub(super) packages: BTreeMap<Named, Changed>,
    pub(super) scripts: BTreeMap<Named, Changed>,
    pub(super) pins: BTreeMap<Named, Changed>,
    /// How many schedules, packages and rules lost versions out of the lists.
    pub(super) archived: usize,
    /// How many files of rollouts changed: how far jobs are, which their records prove.
    pub(super) rollouts: usize,
    /// Paths that no record has.
    pub(super) strange: Vec<String>,
}

impl Changes {
    /// What a commit changed against its first parent.
    pub(super) fn of(repository: &Repository, commit: &Commit<'_>) -> Result<Self, git2::Error> {
        let before = commit.parents().next().map(|parent| parent.tree()).transpose()?;
        let mut changes = Self::default();
        compare(repository.git2(), before.as_ref(), Some(&commit.tree()?), "", &mut |path, changed| {
            if !changes.put(&path, changed) {
                changes.strange.push(path);
            }
        })?;
        Ok(changes)
    }

    /// Whether nothing changed.
    pub(super) fn is_empty(&self) -> bool {
        let known = [&self.packages, &self.scripts, &self.pins].iter().all(|files| files.is_empty());
        known
            && self.rollouts == 0
            && self.open.is_empty()
            && self.active.is_empty()
            && self.strange.is_empty()
    }

    /// Whether it is the path of something that records have.
    fn put(&mut self, path: &str, changed: Changed) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let named = |server: &str, file: &str| Some((decode(server)?, decode(file)?));
        let found = match parts.as_slice() {
            ["open", id, file] => id.parse().ok().and_then(|id: RecordId| {
                let open = self.open.entry(id).or_default();
                *match *file {
                    "record.toml" => &mut open.record,
                    "planned.json" => &mut open.planned,
                    "rollback.json" => &mut open.rollback,
                    _ => return None,
                } = changed;
                Some(Place::Open(id).file(file))
            }),
            ["active", server, _, schedule, file] => named(server, schedule).and_then(|named| {
                let is = Place::Active(&named.0, &named.1).file(file);
                let active = self.active.entry(named).or_default();
                *match *file {
                    "record.toml" => &mut active.record,
                    "deployed.json" => &mut active.deployed,
                    _ => return None,
                } = changed;
                Some(is)
            }),
            ["packages", server, file] => {
                named(server, file.strip_suffix(".toml").unwrap_or("%")).map(|named| {
                    let is = Place::Package(&named.0, &named.1).path();
                    self.packages.insert(named, changed);
                    is
                })
            }
            ["scripts", server, file] => {
                named(server, file.strip_suffix(".toml").unwrap_or("%")).map(|named| {
                    let is = Place::Script(&named.0, &named.1).path();
                    self.scripts.insert(named, changed);
                    is
                })
            }
            ["pins", server, _, file] => {
                named(server, file.strip_suffix(".toml").unwrap_or("%")).map(|named| {
                    let is = Place::Pin(&named.0, &named.1).path();
                    self.pins.insert(named, changed);
                    is
                })
            }
            ["archived", kinds, _, file] => {
                let kinds = [Kind::Schedule, Kind::Package, Kind::Rule]
                    .into_iter()
                    .find(|kind| kinds.strip_suffix('s') == Some(kind.word()));
                kinds.zip(decode(file.strip_suffix(".toml").unwrap_or("%"))).map(|(kind, name)| {
                    self.archived += 1;
                    Place::Archived(kind, &name).path()
                })
            }
            ["rollouts", id, file] if matches!(*file, "begun.toml" | "over.toml") => decode(id).map(|id| {
                self.rollouts += 1;
                Place::Rollout(&id).file(file)
            }),
            ["rollouts", id, server, file] => {
                let job = file.strip_suffix(".toml").unwrap_or("%");
                named(id, server).zip(decode(job)).map(|((id, server), job)| {
                    self.rollouts += 1;
                    Place::Job(&id, &server, &job).path()
                })
            }
            _ => None,
        };
        found.is_some_and(|is| is == path)
    }
}

/// Tells every file that two trees do not have in common; folders that are the same are not
/// looked into, which libgit2's own comparison does.
fn compare(
    git: &git2::Repository,
    old: Option<&Tree<'_>>,
    new: Option<&Tree<'_>>,
    inner: &str,
    tell: &mut dyn FnMut(String, Changed),
) -> Result<(), git2::Error> {
    let names = |tree: Option<&Tree<'_>>| -> Vec<Vec<u8>> {
        tree.into_iter().flat_map(Tree::iter).map(|entry| entry.name_bytes().to_vec()).collect()
    };
    let only_old =
        names(old).into_iter().filter(|name| new.is_none_or(|new| new.get_name_bytes(name).is_none()));
    for name in names(new).into_iter().chain(only_old) {
        let of = |tree: Option<&Tree<'_>>| {
            let entry = tree.and_then(|tree| tree.get_name_bytes(&name))?;
            Some((entry.id(), entry.kind() == Some(ObjectType::Tree)))
        };
        let (before, after) = (of(old), of(new));
        if before == after {
            continue;
        }
        let path = format!("{inner}{}", String::from_utf8_lossy(&name));
        let folder = |side: Option<(Oid, bool)>| match side {
            Some((id, true)) => git.find_tree(id).map(Some),
            _ => Ok(None),
        };
        let (old_folder, new_folder) = (folder(before)?, folder(after)?);
        if old_folder.is_some() || new_folder.is_some() {
            compare(git, old_folder.as_ref(), new_folder.as_ref(), &format!("{path}/"), tell)?;
        }
        let file = |side: Option<(Oid, bool)>| side.filter(|(_, folder)| !folder).map(|(id, _)| id);
        let changed = Changed { old: file(before), new: file(after) };
        if changed.is_any() {
            tell(path, changed);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_paths_of_records_are_known() {
        let id = RecordId::new();
        let changed = Changed { old: None, new: Some(Oid::ZERO_SHA1) };
        let known = [
            Place::Open(id).file("record.toml"),
            Place::Open(id).file("planned.json"),
            Place::Active("PROD", "A/B").file("deployed.json"),
            Place::Package("PROD", "FIN").path(),
            Place::Script("PROD", "Check").path(),
            Place::Pin("PROD", "A/B").path(),
            Place::Archived(Kind::Rule, "A/B").path(),
            Place::Rollout("q4: all").file("begun.toml"),
            Place::Job("q4: all", "PROD", "0123456789ab").path(),
        ];
        let mut changes = Changes::default();
        for path in &known {
            assert!(changes.put(path, changed), "{path}");
        }
        assert!(changes.active.contains_key(&("PROD".to_owned(), "A/B".to_owned())));
        let strange = [
            "README.md".to_owned(),
            "open/1/record.toml".to_owned(),
            Place::Open(id).file("other.json"),
            known[2].replace("/A%2FB/", "/AB/"),
            "active/PROD/00/Payroll/record.toml".to_owned(),
            "packages/PROD/FIN".to_owned(),
            "archived/others/00/FIN.toml".to_owned(),
            Place::Rollout("q4").file("README.md"),
            Place::Job("q4", "PROD", "0123").path().replace(".toml", ""),
        ];
        for path in strange {
            assert!(!changes.put(&path, changed), "{path}");
        }
    }
}
