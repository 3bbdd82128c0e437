//! The rollouts that main holds.

use git2::{ObjectType, Oid};

use super::{Environment, FOLDER, RolloutFile, Timing};
use crate::definition::{decode, encode};
use crate::repository::Repository;
use crate::repository::toml_file::{TomlError, nearest};

/// A rollout as a commit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// Its id: the name of its file.
    pub id: String,
    /// The blob of the file.
    pub blob: Oid,
    /// The file.
    pub file: RolloutFile,
    /// When its jobs may begin.
    pub timing: Timing,
}

/// Why a rollout cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// No such rollout there.
    #[error("no rollout `{id}` on `{branch}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        id: String,
        /// Where it was looked for.
        branch: String,
        /// The nearest id.
        near: Option<String>,
    },
    /// Its file is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A value cannot work.
    #[error("{path}: `{key}`: {problem}")]
    Value {
        /// The file.
        path: String,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

/// The path of a rollout's file.
pub fn path(id: &str) -> String {
    format!("{FOLDER}/{}.toml", encode(id))
}

/// A rollout's id, and its file if that can be used.
pub type Listed = (String, Result<Rollout, RolloutError>);

/// All rollouts of a commit by id; one that cannot be used is an error in its place.
pub fn all(repository: &Repository, commit: Oid) -> Result<Vec<Listed>, git2::Error> {
    let read = |(id, blob): (String, Oid)| {
        let rollout = Rollout::read(&id, blob, repository.git2().find_blob(blob)?.content());
        Ok((id, rollout))
    };
    files_of(repository, commit, FOLDER)?.into_iter().map(read).collect()
}

/// One rollout of a commit, which `branch` names for messages.
pub fn find(repository: &Repository, commit: Oid, branch: &str, id: &str) -> Result<Rollout, RolloutError> {
    let mut all = all(repository, commit)?;
    match all.iter().position(|(other, _)| other == id) {
        Some(at) => all.swap_remove(at).1,
        None => {
            let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
            let near = nearest(id, &ids).map(str::to_owned);
            Err(RolloutError::Unknown { id: id.to_owned(), branch: branch.to_owned(), near })
        }
    }
}

impl Rollout {
    /// Reads the file of a rollout.
    pub fn read(id: &str, blob: Oid, bytes: &[u8]) -> Result<Self, RolloutError> {
        let file = RolloutFile::read(&path(id), bytes)?;
        let value = |(key, problem)| RolloutError::Value { path: path(id), key, problem };
        if let Some(first) = file.problems().into_iter().next() {
            return Err(value(first));
        }
        let timing = Timing::of(&file);
        let timing = timing.map_err(|problems| value(problems.into_iter().next().unwrap_or_default()))?;
        Ok(Self { id: id.to_owned(), blob, file, timing })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        if self.file.name.is_empty() { &self.id } else { &self.file.name }
    }
}

/// The folder of the environments.
const ENVIRONMENTS: &str = "environments";

/// The environments of a commit, by name.
pub fn environments(
    repository: &Repository,
    commit: Oid,
) -> Result<Vec<(String, Environment)>, RolloutError> {
    let mut found = Vec::new();
    for (name, blob) in files_of(repository, commit, ENVIRONMENTS)? {
        let path = format!("{ENVIRONMENTS}/{}.toml", encode(&name));
        let environment = Environment::read(&path, repository.git2().find_blob(blob)?.content())?;
        if let Some((rule, problem)) = environment.problems().into_iter().next() {
            let problem = format!("rule `{rule}`: {problem}");
            return Err(RolloutError::Value { path, key: "rule", problem });
        }
        found.push((name, environment));
    }
    Ok(found)
}

/// The files of a folder of a commit: the names they stand for, and their blobs.
fn files_of(repository: &Repository, commit: Oid, folder: &str) -> Result<Vec<(String, Oid)>, git2::Error> {
    let git = repository.git2();
    let tree = git.find_commit(commit)?.tree()?;
    let Some(entry) = tree.get_name(folder).filter(|entry| entry.kind() == Some(ObjectType::Tree)) else {
        return Ok(Vec::new());
    };
    let folder = git.find_tree(entry.id())?;
    let files = folder.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob));
    let mut found: Vec<(String, Oid)> = files
        .filter_map(|entry| Some((decode(entry.name().ok()?.strip_suffix(".toml")?)?, entry.id())))
        .collect();
    found.sort();
    Ok(found)
}
