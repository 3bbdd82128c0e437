//! The records as one commit has them.

use std::collections::BTreeSet;

use git2::{ErrorCode, ObjectType, Oid, Tree, TreeEntry};
use rayon::prelude::*;
use serde::de::DeserializeOwned;

use super::archived::ArchivedFile;
use super::branch::Branch;
use super::{Archived, Pin, Place, Record, plain};
use crate::definition::{decode, encode};
use crate::repository::git::GitError;
use crate::repository::layout;
use crate::repository::push::last_author;
use crate::repository::{MainSettingsError, Repository};

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The branch lost commits that were seen on it.
    #[error("the branch `{}` of the records was {}: {} was seen on it and is gone", of(remote.as_deref(), branch), match tip { Some(_) => "rewritten", None => "deleted" }, &.seen.to_string()[..8])]
    Rewritten {
        /// The branch.
        branch: String,
        /// The remote it is of; `None`: this clone.
        remote: Option<String>,
        /// The ref that keeps what was seen.
        kept: String,
        /// The tip that was seen.
        seen: Oid,
        /// Where the branch is; `None`: it was deleted.
        tip: Option<Oid>,
    },
    /// Records go back to the beginning.
    #[error("this clone is shallow: its records cannot be read")]
    Shallow,
    /// The remote could not be reached.
    #[error("cannot fetch the records from `{remote}`: {message}")]
    Unreachable {
        /// The remote.
        remote: String,
        /// What git said, verbatim.
        message: String,
    },
    /// The remote has no such branch.
    #[error("the remote `{remote}` has no branch `{branch}`")]
    NotThere {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
    },
    /// A file of the branch cannot be understood.
    #[error("`{path}` on the branch of the records cannot be read: {message}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// The settings of main name the branch.
    #[error(transparent)]
    Settings(#[from] MainSettingsError),
    /// The git program failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// An object or ref could not be read.
    #[error("cannot read the records: {}", .0.message())]
    Object(#[from] git2::Error),
}

fn of(remote: Option<&str>, branch: &str) -> String {
    remote.map_or(branch.to_owned(), |remote| format!("{remote}/{branch}"))
}

/// What stands on a server: a record that is active.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The record.
    pub record: Record,
    /// The blob of what was deployed, as it was read back.
    pub deployed: Option<Oid>,
    /// The blob of `record.toml`.
    pub entry: Oid,
}

/// An operation that has begun, or is scheduled.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenOperation {
    /// The record.
    pub record: Record,
    /// The blob of what is to stand there.
    pub planned: Option<Oid>,
    /// The blob of what stood there before.
    pub rollback: Option<Oid>,
    /// The blob of `record.toml`.
    pub entry: Oid,
}

/// The records as one commit has them. Reading only, no network.
#[derive(Debug)]
pub struct Records<'r> {
    repository: &'r Repository,
    tip: Option<Oid>,
}

/// A file of the records, not read yet.
#[derive(Debug)]
pub(crate) struct FileBelow {
    /// The folder it is in, as it is written.
    pub(crate) folder: String,
    path: String,
    /// Its blob.
    pub(crate) blob: Oid,
    bytes: Vec<u8>,
}

impl FileBelow {
    /// Its name, without the extension.
    pub(crate) fn stem(&self) -> Option<&str> {
        self.path.rsplit('/').next()?.strip_suffix(".toml")
    }

    /// What it says.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, RecordsError> {
        parse(&self.path, &self.bytes)
    }
}

impl<'r> Records<'r> {
    /// As this clone knows them: the remote's as of the last fetch where there is a
    /// remote, unless the local branch contains them; empty where there is no branch yet.
    pub fn open(repository: &'r Repository) -> Result<Self, RecordsError> {
        let tips = Branch::of(repository)?.tips(repository)?;
        Ok(Self { repository, tip: tips.tip })
    }

    /// Fetches them first, where there is a remote.
    pub fn fetch(repository: &'r Repository) -> Result<Self, RecordsError> {
        Branch::of(repository)?.fetch(repository, None)?;
        Self::open(repository)
    }

    /// Fetches main and the records in one go, where there is a remote.
    pub fn fetch_with_main(repository: &'r Repository) -> Result<Self, RecordsError> {
        let main = repository.settings().git.main.clone();
        Branch::of(repository)?.fetch(repository, Some(&main))?;
        Self::open(repository)
    }

    /// As a commit of the branch has them.
    pub fn at(repository: &'r Repository, tip: Option<Oid>) -> Self {
        Self { repository, tip }
    }

    /// The commit that is read; none where there is no branch yet.
    pub fn tip(&self) -> Option<Oid> {
        self.tip
    }

    /// The repository.
    pub fn repository(&self) -> &'r Repository {
        self.repository
    }

    /// The servers that records of what stands, packages, scripts or pins are about, by name.
    pub fn servers(&self) -> Result<Vec<String>, RecordsError> {
        let mut servers = BTreeSet::new();
        for folder in ["active", "packages", "scripts", "pins"] {
            let Some(tree) = self.folder(folder)? else { continue };
            servers.extend(tree.iter().filter_map(|entry| decode(&name_of(&entry))));
        }
        Ok(servers.into_iter().collect())
    }

    /// All that stands on a server, by name.
    pub fn active(&self, server: &str) -> Result<Vec<Standing>, RecordsError> {
        let mut found = Vec::new();
        let top = format!("active/{}", encode(server));
        let Some(tree) = self.folder(&top)? else { return Ok(Vec::new()) };
        for fan in subfolders(&tree) {
            for schedule in subfolders(&self.repository.git2().find_tree(fan.0)?) {
                let path = format!("{top}/{}/{}/record.toml", fan.1, schedule.1);
                let tree = self.repository.git2().find_tree(schedule.0)?;
                let Some(entry) = blob_in(&tree, "record.toml") else {
                    return Err(missing(&path));
                };
                found.push((path, entry, blob_in(&tree, "deployed.json"), self.content(entry)?));
            }
        }
        // Reading a record is most of the work.
        let standing = found.into_par_iter().map(|(path, entry, deployed, bytes)| {
            parse(&path, &bytes).map(|record| Standing { record, deployed, entry })
        });
        let mut standing: Vec<Standing> = standing.collect::<Result<_, _>>()?;
        standing.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        Ok(standing)
    }

    /// What stands on a server under a name.
    pub fn active_of(&self, server: &str, schedule: &str) -> Result<Option<Standing>, RecordsError> {
        let place = Place::Active(server, schedule);
        let Some(tree) = self.folder(&place.path())? else { return Ok(None) };
        let path = place.file("record.toml");
        let Some(entry) = blob_in(&tree, "record.toml") else { return Ok(None) };
        let record = parse(&path, &self.content(entry)?)?;
        Ok(Some(Standing { record, deployed: blob_in(&tree, "deployed.json"), entry }))
    }

    /// All that is under way or scheduled, oldest first.
    pub fn open_operations(&self) -> Result<Vec<OpenOperation>, RecordsError> {
        let Some(open) = self.folder("open")? else { return Ok(Vec::new()) };
        let mut operations = Vec::new();
        for (id, name) in subfolders(&open) {
            let tree = self.repository.git2().find_tree(id)?;
            let path = format!("open/{name}/record.toml");
            let Some(entry) = blob_in(&tree, "record.toml") else {
                return Err(missing(&path));
            };
            operations.push(OpenOperation {
                record: parse(&path, &self.content(entry)?)?,
                planned: blob_in(&tree, "planned.json"),
                rollback: blob_in(&tree, "rollback.json"),
                entry,
            });
        }
        operations.sort_by_key(|operation: &OpenOperation| operation.record.id);
        Ok(operations)
    }

    /// The record of a package that stands on a server.
    pub fn package(&self, server: &str, package: &str) -> Result<Option<Record>, RecordsError> {
        self.file(&Place::Package(server, package).path())
    }

    /// The records of a package wherever it stands, under any of its names, by server.
    pub fn package_anywhere(&self, names: &[&str]) -> Result<Vec<Record>, RecordsError> {
        let mut found = Vec::new();
        for server in self.servers()? {
            for name in names {
                found.extend(self.package(&server, name)?);
            }
        }
        Ok(found)
    }

    /// The record of the script version last sent to a server.
    pub fn script(&self, server: &str, script: &str) -> Result<Option<Record>, RecordsError> {
        self.file(&Place::Script(server, script).path())
    }

    /// The content of a schedule that was rolled away from on a server.
    pub fn pin(&self, server: &str, schedule: &str) -> Result<Option<Pin>, RecordsError> {
        self.file(&Place::Pin(server, schedule).path())
    }

    /// What is pinned: server and schedule.
    pub fn pinned(&self) -> Result<BTreeSet<(String, String)>, RecordsError> {
        let mut pinned = BTreeSet::new();
        let Some(pins) = self.folder("pins")? else { return Ok(pinned) };
        for server in subfolders(&pins) {
            for fan in subfolders(&self.repository.git2().find_tree(server.0)?) {
                let tree = self.repository.git2().find_tree(fan.0)?;
                let files = tree.iter().map(|entry| name_of(&entry));
                let schedules = files.filter_map(|file| decode(file.strip_suffix(".toml")?));
                pinned.extend(schedules.filter_map(|name| Some((decode(&server.1)?, name))));
            }
        }
        Ok(pinned)
    }

    /// The packages that stand on a server, by name.
    pub fn packages(&self, server: &str) -> Result<Vec<Record>, RecordsError> {
        let top = format!("packages/{}", encode(server));
        let Some(tree) = self.folder(&top)? else { return Ok(Vec::new()) };
        let files = tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob));
        let record = |entry: TreeEntry<'_>| -> Result<Record, RecordsError> {
            parse(&format!("{top}/{}", name_of(&entry)), &self.content(entry.id())?)
        };
        let mut packages = files.map(record).collect::<Result<Vec<_>, _>>()?;
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(packages)
    }

    /// The archived versions of a schedule, package or rule.
    pub fn archived(&self, kind: layout::Kind, name: &str) -> Result<Archived, RecordsError> {
        let path = Place::Archived(kind, name).path();
        match self.find(&path)? {
            Some((blob, ObjectType::Blob)) => {
                let file: ArchivedFile = parse(&path, &self.content(blob)?)?;
                Ok(Archived { versions: file.versions, entry: Some(blob) })
            }
            _ => Ok(Archived::default()),
        }
    }

    /// The bytes of a blob: of a definition that was deployed, planned, or stood there before.
    pub fn content(&self, blob: Oid) -> Result<Vec<u8>, RecordsError> {
        Ok(self.repository.git2().find_blob(blob)?.content().to_vec())
    }

    /// How many commits of records this clone has that its remote has not; none where there
    /// are none, or no remote.
    pub fn not_pushed(&self) -> Result<Option<usize>, RecordsError> {
        let branch = Branch::of(self.repository)?;
        let git = self.repository.git2();
        let read = |name: &str| self.repository.ref_commit(name);
        let (Some(tracking), Some(local)) = (branch.tracking(), read(&branch.head())?) else {
            return Ok(None);
        };
        let mut walk = git.revwalk()?;
        walk.push(local)?;
        if let Some(remote) = read(&tracking)? {
            walk.hide(remote)?;
        }
        Ok(Some(walk.count()).filter(|count| *count > 0))
    }

    /// The author of the last commit that touched a path, and its time.
    pub fn who_moved(&self, path: &str) -> Result<Option<(String, i64)>, RecordsError> {
        let Some(tip) = self.tip else { return Ok(None) };
        let found = last_author(self.repository.git(), &tip.to_string(), path, "%at")?;
        Ok(found.map(|(who, when)| (who, when.trim().parse().unwrap_or_default())))
    }

    /// The names of the folders in a folder.
    pub(crate) fn folders_in(&self, path: &str) -> Result<Vec<String>, RecordsError> {
        let Some(tree) = self.folder(path)? else { return Ok(Vec::new()) };
        Ok(subfolders(&tree).into_iter().filter_map(|(_, name)| decode(&name)).collect())
    }

    /// The files of all folders in a folder: folder, name, blob, and what is in it.
    pub(crate) fn files_two_below(&self, path: &str) -> Result<Vec<FileBelow>, RecordsError> {
        let Some(tree) = self.folder(path)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (folder, below) in subfolders(&tree) {
            for entry in self.repository.git2().find_tree(folder)?.iter() {
                if entry.kind() == Some(ObjectType::Blob) {
                    let path = format!("{path}/{below}/{}", name_of(&entry));
                    let bytes = self.content(entry.id())?;
                    found.push(FileBelow { folder: below.clone(), path, blob: entry.id(), bytes });
                }
            }
        }
        Ok(found)
    }

    pub(crate) fn file<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, RecordsError> {
        match self.find(path)? {
            Some((blob, ObjectType::Blob)) => parse(path, &self.content(blob)?).map(Some),
            _ => Ok(None),
        }
    }

    fn folder(&self, path: &str) -> Result<Option<Tree<'r>>, RecordsError> {
        match self.find(path)? {
            Some((tree, ObjectType::Tree)) => Ok(Some(self.repository.git2().find_tree(tree)?)),
            _ => Ok(None),
        }
    }

    fn find(&self, path: &str) -> Result<Option<(Oid, ObjectType)>, RecordsError> {
        let Some(tip) = self.tip else { return Ok(None) };
        let root = self.repository.git2().find_commit(tip)?.tree()?;
        match root.get_path(std::path::Path::new(path)) {
            Ok(entry) => Ok(entry.kind().map(|kind| (entry.id(), kind))),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn parse<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, RecordsError> {
    let damaged = |message: String| RecordsError::Damaged { path: plain(path), message: plain(&message) };
    let text = std::str::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
    toml::from_str(text).map_err(|error| damaged(error.message().to_owned()))
}

fn missing(path: &str) -> RecordsError {
    RecordsError::Damaged { path: plain(path), message: "it is missing".to_owned() }
}

fn name_of(entry: &git2::TreeEntry<'_>) -> String {
    String::from_utf8_lossy(entry.name_bytes()).into_owned()
}

fn subfolders(tree: &Tree<'_>) -> Vec<(Oid, String)> {
    let folders = tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree));
    folders.map(|entry| (entry.id(), name_of(&entry))).collect()
}

fn blob_in(tree: &Tree<'_>, name: &str) -> Option<Oid> {
    tree.get_name(name).filter(|entry| entry.kind() == Some(ObjectType::Blob)).map(|entry| entry.id())
}
