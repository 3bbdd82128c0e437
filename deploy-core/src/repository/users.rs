//! `users.toml`: the people who work with the repository, and their roles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Public keys that sign their commits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<String>,
    /// May read the audit.
    #[serde(default)]
    pub view_audit: bool,
    /// May run what others asked for: scheduled deployments, rollouts.
    #[serde(default)]
    pub runner: bool,
}

/// What a person may do: where they may import from and deploy to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Role {
    /// Everything, and the exceptions.
    Administration,
    /// Import from and deploy to every server.
    All,
    /// Import from non-production, deploy to production.
    Production,
    /// Import from and deploy to non-production.
    #[serde(rename = "Non-Production")]
    NonProduction,
    /// Import from and deploy to development.
    Development,
    /// Import from and deploy to test.
    Test,
}

impl Users {
    /// The person with this e-mail address, whatever its case.
    pub fn by_email(&self, email: &str) -> Option<&User> {
        let email = email.to_lowercase();
        self.users.iter().find(|user| user.emails.iter().any(|other| other.to_lowercase() == email))
    }
}
