//! The plan: what will be done and what is worth knowing of it, as a value.
//!
//! `simulate` prints it, `deploy` executes it, `--plan` writes it to a file and
//! reads it again. Four digests say what it rests on: a plan whose source, rules,
//! target or output have moved is not executed.

mod refusal;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Entrance, Options, Order, What};
use crate::definition::diff::render;
pub use crate::definition::validate::Severity;
use crate::opcon::{ImportRules, SystemVersion};
use crate::repository::records::{Digest, Person, Pin, Record, RuleRef, Source};
use crate::repository::servers::ServerType;
use crate::rules;
pub use refusal::{Refusal, RefusalKind};

/// The version of the form of a plan.
pub const PLAN_SCHEMA: u32 = 1;

/// What will be done to a target, and what is worth knowing of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The version of this form.
    pub schema: u32,
    /// The target.
    pub server: String,
    /// What the target is for.
    pub server_type: ServerType,
    /// The commit of main whose settings and servers apply.
    pub settings: String,
    /// The commit that rules are read from.
    pub commit: String,
    /// Who asked, with the OpCon user as the target knows it.
    pub person: Person,
    /// What was asked for, as it was written.
    pub what: Vec<What>,
    /// The rules of this deployment, as they were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_rules: Vec<String>,
    /// A branch, tag or commit in place of main's tip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The release it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The package that is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PlannedPackage>,
    /// The schedules, by their names on the target.
    pub schedules: Vec<PlannedSchedule>,
    /// Every rule file that was read.
    pub rules: Vec<RuleRef>,
    /// Whether there are rules that were left out because the server allows none.
    pub rules_left_out: bool,
    /// The prefix of the environment that was asked for in place of the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What the user told of the schedules besides their definition.
    pub options: Options,
    /// What the target is told besides the definition.
    pub import_rules: ImportRules,
    /// The versions of the target.
    pub target: SystemVersion,
    /// What the checks found, each check in its section.
    pub sections: Vec<Section>,
    /// What the rules did, as a tree.
    pub explained: Vec<rules::Line>,
    /// What the plan rests on.
    pub digests: Digests,
}

/// The package that is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedPackage {
    /// Its name.
    pub name: String,
    /// Version, commit and blob.
    pub source: Source,
}

/// One schedule of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedSchedule {
    /// Its name on the target.
    pub name: String,
    /// Its name in the repository, where rules gave it another on the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_name: Option<String>,
    /// Version, commit and blob.
    pub source: Source,
    /// What stands there now.
    pub stands: Stands,
    /// What differs between what stands there and what will.
    pub difference: Vec<render::Line>,
    /// Whether what stands there equals what will.
    pub unchanged: bool,
    /// Instances in the daily that keep the old definition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_daily: Vec<InDaily>,
    /// The pin of this very content on this server: it was rolled away from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// What will stand there, without deployment information.
    pub planned: Digest,
    /// What stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Digest>,
}

/// What stands on the target under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Stands {
    /// Nothing.
    Nothing,
    /// Something of which there is a record.
    Known {
        /// The record.
        record: Box<Record>,
        /// How it was found.
        by: FoundBy,
        /// Whether it is not what the record says was deployed; accepted differences do not count.
        drift: bool,
        /// The differences from what was deployed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        local_changes: Vec<LocalChange>,
    },
    /// Something with neither deployment information nor a record.
    Unknown,
}

/// How a record was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// By the deployment information that stands there.
    Information,
    /// By server and name.
    ServerAndName,
}

/// One difference of what stands there from what was deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalChange {
    /// `add`, `remove` or `replace`.
    pub op: String,
    /// A JSON pointer into the definition.
    pub pointer: String,
    /// The whole of it, in words.
    pub words: String,
    /// Whether it does not count: accepted, or a value that moves at run time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

/// An instance in the daily that keeps the old definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InDaily {
    /// Its id.
    pub id: String,
    /// Its date.
    pub date: Option<chrono::NaiveDate>,
    /// Its state, in words.
    pub status: String,
}

/// One check with what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// The check.
    pub check: Check,
    /// What it found; nothing is good.
    pub findings: Vec<Finding>,
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How much it weighs; an error cannot be accepted.
    pub severity: Severity,
    /// The schedule, by its name on the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What it is, without a full stop.
    pub message: String,
}

/// A check of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Check {
    Selection,
    Comparison,
    SubSchedules,
    Machines,
    MachineGroups,
    BatchUsers,
    Roles,
    Scripts,
    MachineFeatures,
    EncryptedTokens,
    DependentJobs,
    Compatibility,
    SharedObjects,
    Definition,
    Rules,
    Daily,
}

/// What a plan rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digests {
    /// The schedules and the package.
    pub source: Digest,
    /// The rules and what they are told.
    pub rules: Digest,
    /// What stands on the target.
    pub target: Digest,
    /// What is sent.
    pub output: Digest,
}

impl Check {
    /// The title of its section.
    pub fn title(self) -> &'static str {
        match self {
            Self::Selection => "Selection",
            Self::Comparison => "Schedule comparison",
            Self::SubSchedules => "Sub-schedules",
            Self::Machines => "Machines",
            Self::MachineGroups => "Machine groups",
            Self::BatchUsers => "Batch users",
            Self::Roles => "Roles",
            Self::Scripts => "Scripts",
            Self::MachineFeatures => "Machine features",
            Self::EncryptedTokens => "Encrypted tokens",
            Self::DependentJobs => "Dependent jobs",
            Self::Compatibility => "Compatibility",
            Self::SharedObjects => "Shared objects",
            Self::Definition => "Definition",
            Self::Rules => "Rules",
            Self::Daily => "Daily",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl Plan {
    /// All findings with their checks.
    pub fn findings(&self) -> impl Iterator<Item = (Check, &Finding)> {
        self.sections
            .iter()
            .flat_map(|section| section.findings.iter().map(move |finding| (section.check, finding)))
    }

    /// What it was made for: planned again it must come out the same.
    pub fn order(&self) -> Order {
        Order {
            what: self.what.clone(),
            server: self.server.clone(),
            rules: self.asked_rules.clone(),
            environment: self.environment.clone(),
            reference: self.reference.clone(),
            description: self.description.clone(),
            tag: self.tag.clone(),
            options: self.options.clone(),
            entrance: Entrance::default(),
        }
    }

    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings().filter(|(_, finding)| finding.severity == severity).count()
    }

    /// Which digests are not those of another plan of the same order.
    pub fn moved(&self, other: &Self) -> Vec<&'static str> {
        let (ours, theirs) = (&self.digests, &other.digests);
        let pairs = [
            ("source", &ours.source, &theirs.source),
            ("rules", &ours.rules, &theirs.rules),
            ("target", &ours.target, &theirs.target),
            ("output", &ours.output, &theirs.output),
        ];
        pairs.into_iter().filter(|(_, ours, theirs)| ours != theirs).map(|(name, ..)| name).collect()
    }
}
