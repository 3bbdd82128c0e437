//! Servers: OpCon systems that the repository knows (`servers/<NAME>.toml`).
//!
//! Whoever signs on anywhere takes the file from the commit that main stands
//! at, with everything it names: a file changed in a work tree or on a branch
//! never gets to see a secret.

mod file;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use git2::{ObjectType, Oid, Tree};

use super::change::head_branch;
use super::layout::SERVERS;
use super::toml_file::{TomlError, nearest, read_toml};
use super::{Repository, TipError};
use crate::definition::{decode, encode};
use crate::opcon::{Connection, ConnectorProfile};
pub use file::{Macs, Pins, Server, ServerClass, ServerType, credential_for, is_credential_name};

/// The folder of the connector profiles.
pub const CONNECTORS: &str = "servers/connectors";

/// Why a server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No such server on main.
    #[error("no server `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As it was written.
        name: String,
        /// The nearest name.
        near: Option<String>,
    },
    /// It is here, but not on main.
    #[error("server `{name}` is not on `{main}` yet; only what stands there is signed on to")]
    NotOnMain {
        /// The server.
        name: String,
        /// The branch that counts.
        main: String,
    },
    /// Its file, or that of its connector profile, is wrong.
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
    /// A file it names is not there.
    #[error("{path}: `{key}` names `{missing}`, which is not on `{branch}`")]
    Missing {
        /// The file.
        path: String,
        /// The key.
        key: &'static str,
        /// What is not there.
        missing: String,
        /// Where it was looked for.
        branch: String,
    },
    /// There is no commit to read it from.
    #[error(transparent)]
    Tip(#[from] TipError),
    /// The repository could not be read.
    #[error("cannot read the repository: {0}")]
    Object(#[from] git2::Error),
}

/// A server with its name, as a commit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its file, read.
    pub server: Server,
    /// The commit it was read from.
    pub commit: Oid,
}

/// A server's name, and its file if that can be read.
pub type Listed = (String, Result<Named, ServerError>);

/// The path of a server's file.
pub fn path(name: &str) -> String {
    format!("{SERVERS}/{}.toml", encode(name))
}

/// All servers of main's tip by name; a file that cannot be read is an error in its place.
pub fn all(repository: &Repository) -> Result<Vec<Listed>, ServerError> {
    let commit = repository.tip()?.commit;
    let tree = repository.git2().find_commit(commit)?.tree()?;
    let names = names_in(repository, &tree)?;
    Ok(names
        .into_iter()
        .map(|name| {
            let server =
                read(repository, &tree, &name).map(|server| Named { name: name.clone(), server, commit });
            (name, server)
        })
        .collect())
}

/// Finds a server on main's tip; the case of letters is free where that leaves one.
/// Its type counts as the shared main has it, so that no commit that is not pushed
/// makes a test system of a production system.
pub fn find(repository: &Repository, name: &str) -> Result<Named, ServerError> {
    let tip = repository.tip()?;
    let tree = repository.git2().find_commit(tip.commit)?.tree()?;
    let names = names_in(repository, &tree)?;
    let folded: Vec<&String> =
        names.iter().filter(|other| other.to_lowercase() == name.to_lowercase()).collect();
    let found = match folded.as_slice() {
        _ if names.iter().any(|other| other == name) => name.to_owned(),
        [one] => (*one).clone(),
        _ if is_elsewhere(repository, name)? => {
            return Err(ServerError::NotOnMain { name: name.to_owned(), main: tip.branch });
        }
        _ => {
            let near = nearest(name, &names).map(str::to_owned);
            return Err(ServerError::Unknown { name: name.to_owned(), near });
        }
    };
    let mut server = read(repository, &tree, &found)?;
    let (shared, _) = repository.shared_main()?;
    if shared != tip.commit
        && let Some(shared) = at(repository, shared, &found)?
    {
        server.kind = shared.kind;
    }
    Ok(Named { name: found, server, commit: tip.commit })
}

impl Named {
    /// How to reach it, with the certificates and the profile of the same commit.
    pub fn connection(&self, repository: &Repository) -> Result<Connection, ServerError> {
        let tree = repository.git2().find_commit(self.commit)?.tree()?;
        let missing = |key, missing: String| ServerError::Missing {
            path: path(&self.name),
            key,
            missing,
            branch: repository.settings().git.main.clone(),
        };
        let ca = match &self.server.ca {
            Some(ca) => {
                let file = format!("{SERVERS}/{}", encode(ca));
                Some(repository.file_in(&tree, &file)?.ok_or_else(|| missing("ca", file))?)
            }
            None => None,
        };
        let profile = match &self.server.connector {
            Some(name) => {
                let file = format!("{CONNECTORS}/{}.toml", encode(name));
                let bytes = repository.file_in(&tree, &file)?;
                let bytes = bytes.ok_or_else(|| missing("connector", file.clone()))?;
                read_connector(&file, &String::from_utf8_lossy(&bytes))?
            }
            None => ConnectorProfile::default(),
        };
        Ok(self.server.connection(&self.name, ca, profile))
    }
}

/// A server as a commit has it, if it has it.
pub fn at(repository: &Repository, commit: Oid, name: &str) -> Result<Option<Server>, ServerError> {
    let tree = repository.git2().find_commit(commit)?.tree()?;
    let path = path(name);
    let bytes = repository.file_in(&tree, &path)?;
    bytes.map(|bytes| read_server(&path, &String::from_utf8_lossy(&bytes))).transpose()
}

/// Reads the text of a server file, and looks whether it can work.
pub fn read_server(path: &str, text: &str) -> Result<Server, ServerError> {
    let server: Server = read_toml(path, text)?;
    match server.problems().into_iter().next() {
        Some((key, problem)) => Err(ServerError::Value { path: path.to_owned(), key, problem }),
        None => Ok(server),
    }
}

/// Reads the text of a connector profile.
pub fn read_connector(path: &str, text: &str) -> Result<ConnectorProfile, ServerError> {
    let profile: ConnectorProfile = read_toml(path, text)?;
    match profile.check() {
        Ok(()) => Ok(profile),
        Err((key, problem)) => {
            Err(ServerError::Value { path: path.to_owned(), key, problem: problem.to_owned() })
        }
    }
}

fn read(repository: &Repository, tree: &Tree<'_>, name: &str) -> Result<Server, ServerError> {
    let path = path(name);
    let bytes = repository.file_in(tree, &path)?.unwrap_or_default();
    read_server(&path, &String::from_utf8_lossy(&bytes))
}

fn names_in(repository: &Repository, tree: &Tree<'_>) -> Result<Vec<String>, git2::Error> {
    let Some(entry) = tree.get_name(SERVERS).filter(|entry| entry.kind() == Some(ObjectType::Tree)) else {
        return Ok(Vec::new());
    };
    let folder = repository.git2().find_tree(entry.id())?;
    let files = folder.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob));
    let mut names: Vec<String> =
        files.filter_map(|entry| decode(entry.name().ok()?.strip_suffix(".toml")?)).collect();
    names.sort();
    Ok(names)
}

/// Whether the work tree or the branch checked out has a server that main does not have.
fn is_elsewhere(repository: &Repository, name: &str) -> Result<bool, git2::Error> {
    let path = path(name);
    if repository.has_work_tree() && repository.root().join(&path).is_file() {
        return Ok(true);
    }
    match head_branch(repository.git2())? {
        Some(branch) => match repository.ref_commit(&format!("refs/heads/{branch}"))? {
            Some(commit) => {
                let tree = repository.git2().find_commit(commit)?.tree()?;
                Ok(repository.file_in(&tree, &path)?.is_some())
            }
            None => Ok(false),
        },
        None => Ok(false),
    }
}
