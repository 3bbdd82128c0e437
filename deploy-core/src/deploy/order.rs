//! What a user asks for.

use serde::{Deserialize, Serialize};

use super::RefusalKind;
use crate::opcon::{AutoBuild, ImportRules};
use crate::repository::settings::DeploySettings;

/// One thing to deploy, as it was written: `NAME`, `NAME@V`, `package:NAME[@V]`, or a pattern.
pub type What = String;

/// Everything that decides what goes where and how.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// What is to be deployed.
    pub what: Vec<What>,
    /// The target.
    pub server: String,
    /// Rules of this deployment, in order; `RULE@V` pins a version.
    pub rules: Vec<String>,
    /// A prefix in place of the server's.
    pub environment: Option<String>,
    /// A branch, tag or commit in place of main's tip.
    pub reference: Option<String>,
    /// Why.
    pub description: String,
    /// The release it belongs to.
    pub tag: Option<String>,
    /// What the target is told besides the definition.
    pub options: Options,
    /// Through which door it came.
    pub entrance: Entrance,
}

/// What the target is told besides the definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Sets the auto build of the schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_build: Option<AutoBuild>,
    /// After how many days instances are deleted; 0 resets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_delete_days: Option<u32>,
    /// Whether the schedules are rebuilt in the daily from today on.
    pub rebuild_daily: bool,
    /// Whether a schedule that is already there stops the deployment.
    pub no_overwrite: bool,
}

impl Options {
    /// All that the target is told, with what the settings say.
    pub fn import_rules(&self, settings: &DeploySettings) -> ImportRules {
        ImportRules {
            update_properties: settings.update_properties,
            update_variables: settings.update_variables,
            update_schedule_instance_properties: settings.update_schedule_instance_properties,
            merge_schedule_instance_properties: settings.merge_schedule_instance_properties,
            exclude_scripts: settings.exclude_scripts,
            exclude_calendars: settings.exclude_calendars,
            auto_build: self.auto_build,
            auto_delete_days: self.auto_delete_days,
            do_not_overwrite: self.no_overwrite,
            rebuild_daily: self.rebuild_daily,
            insert_sap_jobs: settings.insert_sap_jobs,
            reset_scripts: false,
        }
    }
}

impl From<&ImportRules> for Options {
    fn from(rules: &ImportRules) -> Self {
        Self {
            auto_build: rules.auto_build,
            auto_delete_days: rules.auto_delete_days,
            rebuild_daily: rules.rebuild_daily,
            no_overwrite: rules.do_not_overwrite,
        }
    }
}

/// Differences that the user accepts in so many words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accept {
    /// What stands there is not what was deployed.
    pub drift: bool,
    /// A non-production target has the schedule already.
    pub existing: bool,
    /// What stands there has neither deployment information nor a record.
    pub unknown: bool,
    /// Checks have warnings.
    pub warnings: bool,
    /// The content was rolled away from.
    pub pinned: bool,
}

impl Accept {
    /// What is accepted, as records say it.
    pub fn words(&self) -> Vec<String> {
        let all = [
            ("drift", self.drift),
            ("existing", self.existing),
            ("unknown", self.unknown),
            ("warnings", self.warnings),
            ("pinned", self.pinned),
        ];
        all.iter().filter(|(_, accepted)| *accepted).map(|(word, _)| (*word).to_owned()).collect()
    }

    /// Accepts one thing more; errors cannot be accepted.
    pub fn add(&mut self, kind: RefusalKind) {
        match kind {
            RefusalKind::Errors => {}
            RefusalKind::Drift => self.drift = true,
            RefusalKind::Existing => self.existing = true,
            RefusalKind::Unknown => self.unknown = true,
            RefusalKind::Warnings => self.warnings = true,
            RefusalKind::Pinned => self.pinned = true,
        }
    }
}

/// Through which door an order came; the checks are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Entrance {
    /// Somebody at a terminal, who can be asked.
    Terminal,
    /// A script, a job of OpCon, a rollout: nobody is asked.
    #[default]
    Unattended,
}
