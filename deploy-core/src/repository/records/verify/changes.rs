//! What a commit of the branch changed, by what it means.

use std::collections::BTreeMap;

use git2::{Commit, Delta, DiffOptions, Oid};

use crate::definition::decode;
use crate::repository::Repository;
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
    /// Paths that no record has.
    pub(super) strange: Vec<String>,
}

impl Changes {
    /// What a commit changed against its first parent.
    pub(super) fn of(repository: &Repository, commit: &Commit<'_>) -> Result<Self, git2::Error> {
        let before = commit.parents().next().map(|parent| parent.tree()).transpose()?;
        let mut options = DiffOptions::new();
        options.include_typechange(true).skip_binary_check(true);
        let git = repository.git2();
        let diff = git.diff_tree_to_tree(before.as_ref(), Some(&commit.tree()?), Some(&mut options))?;
        let mut changes = Self::default();
        for delta in diff.deltas() {
            let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
            let path = String::from_utf8_lossy(file.path_bytes().unwrap_or_default()).into_owned();
            let there = |id: Oid| (!id.is_zero()).then_some(id);
            let changed = Changed { old: there(delta.old_file().id()), new: there(delta.new_file().id()) };
            if !changes.put(&path, changed) {
                changes.strange.push(path);
            }
        }
        Ok(changes)
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
            _ => None,
        };
        found.is_some_and(|is| is == path)
    }
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
        ];
        for path in strange {
            assert!(!changes.put(&path, changed), "{path}");
        }
    }
}
