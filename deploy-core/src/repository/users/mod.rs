//! `users.toml`: the people who work with the repository, and their roles.
//!
//! Who acts is looked up in the file as the shared main has it ([`identify`]);
//! what they may do by class of server is said by their [`Role`]. Roles are
//! checked before anything is done and can be proved afterwards, because every
//! record names its person and the commit whose users applied.

mod change;
mod file;
mod identity;
mod keys;
mod problems;
mod role;
mod signing;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Repository;
use super::toml_file::{TomlError, read_toml};
pub use change::{UserAction, UserChanged, UserEntry, UserError, change_user};
pub(crate) use file::NEW;
pub use identity::{Administering, Identity, IdentityError, RoleError, identify, identify_email};
pub use keys::{KeyError, SigningKey};
pub use problems::UserProblem;
pub use role::Role;
pub use signing::SigningProblem;

/// The name of the file.
pub const FILE: &str = "users.toml";

/// The people of a central repository (`users.toml`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Users {
    /// One table for each person.
    #[serde(rename = "user", skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The person's name, unique in the file.
    pub name: String,
    /// Their e-mail addresses in commits; case does not count.
    pub emails: Vec<String>,
    /// What they may do.
    pub role: Role,
    /// Their user name in OpCon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opcon_user: Option<String>,
    /// Keys that sign their commits: SSH public keys, or fingerprints of GPG keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<String>,
    /// May read the audit.
    #[serde(default)]
    pub view_audit: bool,
    /// May run what others asked for: scheduled deployments, rollouts.
    #[serde(default)]
    pub runner: bool,
}

impl Users {
    /// The person with this e-mail address, whatever its case.
    pub fn by_email(&self, email: &str) -> Option<&User> {
        let email = email.to_lowercase();
        self.users.iter().find(|user| user.emails.iter().any(|other| other.to_lowercase() == email))
    }

    /// The people as a commit has them; nobody where there is no file.
    pub fn at(repository: &Repository, commit: git2::Oid) -> Result<Self, UsersError> {
        let tree = repository.git2().find_commit(commit)?.tree()?;
        match repository.file_in(&tree, FILE)? {
            Some(bytes) => Ok(read_toml(FILE, &String::from_utf8_lossy(&bytes))?),
            None => Ok(Self::default()),
        }
    }
}

/// Why the people of a commit are not known.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}
