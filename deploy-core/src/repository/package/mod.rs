//! Packages: schedules with pinned versions, deployed as one unit
//! (`packages/<NAME>.toml`).

mod change;
mod error;
mod file;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use git2::{Oid, Tree};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Repository;
use super::history::{History, Version};
use super::layout::Kind;
use super::listing::Listing;
use super::toml_file::{TomlError, read_toml};
use crate::definition::{decode, encode};
pub use change::{Action, Changed, CommitOptions, Moved, change};
pub use error::PackageError;
pub use words::{TRAILER, of_version};

/// A package: schedules with pinned versions, and the rules they are deployed with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Transformation rules for every deployment of it, in order; `RULE@V` pins a version.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Names it had before; its earlier versions answer to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<String>,
    /// One table for each schedule in it.
    #[serde(default, rename = "schedule")]
    pub schedules: Vec<Pin>,
}

/// One schedule of a package, at a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The schedule.
    pub name: String,
    /// Its version on main; absent where the pin was made on another branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<usize>,
    /// The commit that made the version; absent where the version is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The content: the git id of the definition's file.
    pub blob: String,
}

impl Package {
    /// Reads the text of a package file.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, TomlError> {
        read_toml(path, &String::from_utf8_lossy(bytes))
    }

    /// The package of a blob.
    pub fn of_blob(git: &git2::Repository, path: &str, blob: Oid) -> Result<Self, StoredError> {
        Ok(Self::read(path, git.find_blob(blob)?.content())?)
    }

    /// The pin of a schedule.
    pub fn pin(&self, schedule: &str) -> Option<&Pin> {
        self.schedules.iter().find(|pin| pin.name == schedule)
    }
}

impl Pin {
    /// The schedule with its version, as it is written: `NAME@3`.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.at())
    }

    /// The version, or the beginning of the blob where there is none.
    pub fn at(&self) -> String {
        match self.version {
            Some(version) => version.to_string(),
            None => self.blob.chars().take(8).collect(),
        }
    }
}

/// Why a stored package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// Its text is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The object is not there.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

/// All packages of a tree by their names, sorted.
pub fn all_in(git: &git2::Repository, tree: &Tree<'_>) -> Result<Vec<(String, Package)>, StoredError> {
    let listing = Listing::read(git, tree, Kind::Package)?;
    let mut all = listing
        .iter()
        .map(|(stem, stored)| {
            let name = decode(stem).unwrap_or_else(|| stem.to_owned());
            Ok((name, Package::of_blob(git, &stored.path, stored.blob)?))
        })
        .collect::<Result<Vec<_>, StoredError>>()?;
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

/// The versions of a package, those under its former names included.
pub fn versions(repository: &Repository, history: &History, stem: &str) -> Vec<Version> {
    let own = history.versions(Kind::Package, stem);
    let latest = own.iter().rev().find_map(|version| Some((version.path.as_str(), version.blob?)));
    let package = latest
        .and_then(|(path, blob)| Package::of_blob(repository.git2(), path, blob).ok())
        .unwrap_or_default();
    if package.formerly.is_empty() {
        return own;
    }
    let former: Vec<String> = package.formerly.iter().map(|name| encode(name)).collect();
    history.versions_with_former(Kind::Package, stem, &former)
}
