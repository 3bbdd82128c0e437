//! `deploy.toml`: the settings of a central repository. Its presence marks the root.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the file.
pub const FILE: &str = "deploy.toml";

/// The settings of a central repository (`deploy.toml`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How the repository is shared.
    pub git: GitSettings,
    /// What an import does besides making versions.
    pub import: ImportSettings,
}

/// `[import]`: what an import does besides making versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImportSettings {
    /// Deletes schedules from a server of type Development once their import is safely
    /// committed, and pushed where there is a remote.
    pub delete_from_development: bool,
}

/// `[git]`: the remote and the branches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GitSettings {
    /// The remote whose branches are the truth, where it is configured in the clone.
    pub remote: String,
    /// The branch whose commits are the versions.
    pub main: String,
    /// The branch of the deployment records.
    pub records: String,
}

impl Default for GitSettings {
    fn default() -> Self {
        Self { remote: "origin".into(), main: "main".into(), records: "deployments".into() }
    }
}
