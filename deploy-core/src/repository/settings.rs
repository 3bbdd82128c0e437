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
