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
    /// Transformation rules.
    pub rules: RuleSettings,
}

/// `[import]`: what an import does besides making versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImportSettings {
    /// Deletes schedules from a server of type Development once their import is safely
    /// committed, and pushed where there is a remote.
    pub delete_from_development: bool,
}

/// `[rules]`: what holds for all transformation rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSettings {
    /// What a call is that matched nothing, unless the call or its rule says otherwise.
    pub unmatched: UnmatchedRule,
    /// Operations that a script may take; 20,000,000 if absent.
    pub operations: Option<std::num::NonZeroU64>,
}

/// What a call is that matched nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnmatchedRule {
    /// A warning.
    #[default]
    Warn,
    /// An error: nothing is deployed.
    Error,
    /// Not worth a word.
    Silent,
}

impl From<UnmatchedRule> for crate::rules::Unmatched {
    fn from(unmatched: UnmatchedRule) -> Self {
        match unmatched {
            UnmatchedRule::Warn => Self::Warn,
            UnmatchedRule::Error => Self::Strict,
            UnmatchedRule::Silent => Self::Optional,
        }
    }
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
