//! OpCon scripts: `scripts/<NAME>/script.toml`, and each version's text beside
//! it as `<N>.<ext>`. N is OpCon's own number, the same on every system.

mod file;
mod import;
mod plan;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use git2::{ObjectType, Oid, Tree};

use super::Repository;
use super::layout::SCRIPTS;
use super::toml_file::{TomlError, nearest};
use crate::definition::{decode, encode};
pub use file::{ScriptFile, VersionEntry, extension_of};
pub use import::{ScriptsImported, import};
pub use plan::{Conflict, Incoming, IncomingVersion, Plan, in_definition};

/// Why scripts were not read or stored.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// No such script.
    #[error("no script `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        name: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// It has no such version.
    #[error("script `{name}` has no version {number}; it has {}", numbers(.known))]
    NoVersion {
        /// The script.
        name: String,
        /// The number asked for.
        number: i64,
        /// The numbers it has.
        known: Vec<i64>,
    },
    /// What comes contradicts what is stored.
    #[error("{}; nothing was committed", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Conflicts(Vec<Conflict>),
    /// The same script comes twice: the second would undo the first.
    #[error("script `{name}` stands twice in {incoming}; nothing was committed")]
    Twice {
        /// The script.
        name: String,
        /// Where it comes from.
        incoming: String,
    },
    /// Another script's name differs only in case.
    #[error(
        "the name of script `{name}` differs only in case from `{other}`; one of them would be lost on Windows and macOS"
    )]
    CaseClash {
        /// The script.
        name: String,
        /// The other one.
        other: String,
    },
    /// A name that no folder can have.
    #[error(transparent)]
    Name(#[from] crate::definition::NameError),
    /// Its `script.toml` is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// Its `script.toml` cannot be written.
    #[error("cannot write script.toml: {0}")]
    Write(#[from] toml::ser::Error),
    /// A version whose file is not there.
    #[error("`{path}` is not there, though script.toml names it")]
    Missing {
        /// The file.
        path: String,
    },
    /// The commit was not made.
    #[error(transparent)]
    Commit(#[from] super::change::CommitError),
    /// There is no commit to read.
    #[error(transparent)]
    Tip(#[from] super::TipError),
    /// The repository could not be read.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

/// `1, 2 and 5`.
pub(super) fn numbers(numbers: &[i64]) -> String {
    match numbers {
        [] => "none".to_owned(),
        [one] => one.to_string(),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            format!("{} and {last}", first.join(", "))
        }
    }
}

/// A script as a commit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredScript {
    /// Its name.
    pub name: String,
    /// Its `script.toml`.
    pub file: ScriptFile,
}

/// The folder of a script.
pub fn folder(name: &str) -> String {
    format!("{SCRIPTS}/{}", encode(name))
}

/// All scripts of main's tip, by name.
pub fn all(repository: &Repository) -> Result<Vec<StoredScript>, ScriptError> {
    let tree = tip_tree(repository)?;
    let Some(entry) = tree.get_name(SCRIPTS).filter(|entry| entry.kind() == Some(ObjectType::Tree)) else {
        return Ok(Vec::new());
    };
    let folder = repository.git2().find_tree(entry.id())?;
    let mut scripts = Vec::new();
    for name in folder.iter().filter_map(|entry| decode(entry.name().ok()?)) {
        if let Some(file) = read(repository, &tree, &name)? {
            scripts.push(StoredScript { name, file });
        }
    }
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(scripts)
}

/// A script of main's tip by name.
pub fn find(repository: &Repository, name: &str) -> Result<StoredScript, ScriptError> {
    match read(repository, &tip_tree(repository)?, name)? {
        Some(file) => Ok(StoredScript { name: name.to_owned(), file }),
        None => {
            let known: Vec<String> = all(repository)?.into_iter().map(|script| script.name).collect();
            let near = nearest(name, &known).map(str::to_owned);
            Err(ScriptError::Unknown { name: name.to_owned(), near })
        }
    }
}

/// `NAME` (its latest version) or `NAME@N`; an existing whole name wins.
pub fn find_version(
    repository: &Repository,
    text: &str,
) -> Result<(StoredScript, VersionEntry), ScriptError> {
    let asked = text.rsplit_once('@').and_then(|(name, number)| Some((name, number.parse::<i64>().ok()?)));
    let (script, number) = match (find(repository, text), asked) {
        (Err(ScriptError::Unknown { .. }), Some((name, number))) => (find(repository, name)?, Some(number)),
        (found, _) => (found?, None),
    };
    let known = || script.file.versions.iter().map(|version| version.number).collect::<Vec<_>>();
    let version = match number {
        Some(number) => script.file.version(number),
        None => script.file.versions.iter().max_by_key(|version| version.number),
    };
    match version.cloned() {
        Some(version) => Ok((script, version)),
        None => {
            let number = number.unwrap_or(0);
            Err(ScriptError::NoVersion { known: known(), name: script.name, number })
        }
    }
}

/// The text of a version.
pub fn content(repository: &Repository, script: &StoredScript, number: i64) -> Result<Vec<u8>, ScriptError> {
    let path = format!("{}/{}", folder(&script.name), script.file.content_file(number));
    let tree = tip_tree(repository)?;
    repository.file_in(&tree, &path)?.ok_or(ScriptError::Missing { path })
}

/// The blob of the text of a version.
pub fn blob(repository: &Repository, script: &StoredScript, number: i64) -> Result<Oid, ScriptError> {
    let path = format!("{}/{}", folder(&script.name), script.file.content_file(number));
    match tip_tree(repository)?.get_path(std::path::Path::new(&path)) {
        Ok(entry) => Ok(entry.id()),
        Err(_) => Err(ScriptError::Missing { path }),
    }
}

fn tip_tree(repository: &Repository) -> Result<Tree<'_>, ScriptError> {
    let commit = repository.tip()?.commit;
    Ok(repository.git2().find_commit(commit)?.tree()?)
}

fn read(repository: &Repository, tree: &Tree<'_>, name: &str) -> Result<Option<ScriptFile>, ScriptError> {
    let path = format!("{}/script.toml", folder(name));
    match repository.file_in(tree, &path)? {
        Some(bytes) => Ok(Some(ScriptFile::read(&path, &bytes)?)),
        None => Ok(None),
    }
}
