//! `deploy.toml`: the settings of a central repository. Its presence marks the root.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time_span::Span;

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
    /// What holds for every deployment (the vendor's global rules).
    pub deploy: DeploySettings,
    /// What counts as drift.
    pub drift: DriftSettings,
    /// Who is believed.
    pub trust: TrustSettings,
    /// What leaves the lists.
    pub archive: ArchiveSettings,
    /// Work at a set time.
    pub batch: BatchSettings,
    /// Rollouts.
    pub rollouts: RolloutSettings,
}

/// `[rollouts]`: when rollouts that are over leave the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RolloutSettings {
    /// How long those stay that succeeded; `30d` if absent.
    pub purge_succeeded: Span,
    /// How long all others stay; `90d` if absent.
    pub purge_failed: Span,
}

impl Default for RolloutSettings {
    fn default() -> Self {
        let days = |days: i64| Span::seconds(days * 24 * 60 * 60);
        Self { purge_succeeded: days(30), purge_failed: days(90) }
    }
}

/// `[deploy]`: what holds for every deployment (the vendor's global rules).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeploySettings {
    /// Whether values of global properties are written.
    pub update_properties: bool,
    /// Whether values of resources and thresholds are written.
    pub update_variables: bool,
    /// Whether schedule instance properties are written.
    pub update_schedule_instance_properties: bool,
    /// Whether schedule instance properties are added to those there; only where they are not written.
    pub merge_schedule_instance_properties: bool,
    /// Whether a dependency on a job that the target does not have stops a deployment.
    pub fail_if_external_dependency_missing: bool,
    /// Whether rules stop a deployment to a server that allows none; otherwise it goes without them.
    pub fail_if_rules_not_allowed: bool,
    /// Whether jobs get the package's name as a tag.
    pub package_name_as_job_tag: bool,
    /// Whether a package writes schedules anew that stand there in the same version; otherwise
    /// only their deployment information is written.
    pub update_unchanged: bool,
    /// Whether scripts stay out of the deployment of schedules.
    pub exclude_scripts: bool,
    /// Whether calendars stay out.
    pub exclude_calendars: bool,
    /// Whether SAP job definitions are inserted rather than linked.
    pub insert_sap_jobs: bool,
    /// What happens when a target, read back, does not hold what was sent.
    pub on_mismatch: OnMismatch,
    /// Branches and tags besides main from which production servers may be deployed to; `*` and `?` stand for any.
    pub production_refs: Vec<String>,
}

impl Default for DeploySettings {
    fn default() -> Self {
        Self {
            update_properties: true,
            update_variables: true,
            update_schedule_instance_properties: true,
            merge_schedule_instance_properties: false,
            fail_if_external_dependency_missing: false,
            fail_if_rules_not_allowed: false,
            package_name_as_job_tag: false,
            update_unchanged: false,
            exclude_scripts: false,
            exclude_calendars: false,
            insert_sap_jobs: false,
            on_mismatch: OnMismatch::Report,
            production_refs: Vec::new(),
        }
    }
}

/// What happens when a target, read back, does not hold what was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnMismatch {
    /// It is reported; the record says what stands there.
    #[default]
    Report,
    /// What stood there before is put back.
    Rollback,
}

/// `[batch]`: work at a set time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BatchSettings {
    /// The server whose OpCon starts work at its time; its file has a `timezone`.
    pub server: Option<String>,
}

/// `[archive]`: what leaves the lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveSettings {
    /// How many versions of each schedule, package and rule `archive` leaves in the lists.
    pub versions_to_retain: NonZeroUsize,
}

impl Default for ArchiveSettings {
    fn default() -> Self {
        Self { versions_to_retain: NonZeroUsize::MIN.saturating_add(4) }
    }
}

/// `[drift]`: what counts as drift.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DriftSettings {
    /// Values of properties, resources and thresholds, which move at run time.
    pub shared_values: SharedValues,
}

/// What a changed value of a property, resource or threshold is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SharedValues {
    /// Worth a note.
    #[default]
    Note,
    /// Not worth a word.
    Ignore,
    /// Drift.
    Drift,
}

/// `[trust]`: who is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrustSettings {
    /// Whether the signing key decides who acts, and commits must be signed.
    pub require_signed: bool,
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
    /// Below which refs the leases of servers lie; hosts that take only branches need `refs/heads/…`.
    pub lock_prefix: String,
    /// How many seconds a lease lives that nobody renews; it is renewed four times as often.
    pub lock_seconds: std::num::NonZeroU32,
}

impl Default for GitSettings {
    fn default() -> Self {
        Self {
            remote: "origin".into(),
            main: "main".into(),
            records: "deployments".into(),
            lock_prefix: "refs/opcon-deploy/locks/".into(),
            lock_seconds: std::num::NonZeroU32::MIN.saturating_add(119),
        }
    }
}
