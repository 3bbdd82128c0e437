//! One record: an operation on a target, from its beginning to its end.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::{RecordId, Scheduled};
use crate::definition::CANONICAL_FORM;
use crate::opcon::ImportRules;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Kind {
    Schedule,
    Package,
    Script,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A version was put onto the target.
    Deploy,
    /// What had stood there was put back.
    Rollback,
    /// It was removed from the target.
    Delete,
    /// It stood there before there were records; the target was not touched.
    Adopt,
    /// It was looked what a deployment would do; the target was not touched.
    Simulate,
    /// Definitions were taken from the server; it was not changed.
    Import,
}

/// The vendor's word for where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Status {
    Deploying,
    Active,
    Inactive,
    Cancelled,
    Deleted,
    Rolledback,
    Failed,
    /// Of scripts: it was sent.
    Deployed,
}

/// Our word for how far an operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// A job for it is being added to OpCon.
    Scheduling,
    /// The job waits for its time.
    Scheduled,
    /// What stands there is committed; the target may be touched from now on.
    Begun,
    /// The target has said that it took it.
    Inserted,
    /// It was read back and is as planned.
    Verified,
    /// Nothing more will happen.
    Done,
}

/// Who did something, or asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name in users.toml, or of git where roles are off.
    pub name: String,
    /// The e-mail address of git's committer.
    pub email: String,
    /// The OpCon user, as the target knew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opcon_user: Option<String>,
    /// The role at that time; none where roles are off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

/// Where content in the repository comes from: the number is for people, the ids decide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The version on main.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<usize>,
    /// The commit it was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The blob of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
}

/// A file that took part in the transformation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    /// The rule; for files that are none (`rules/tags.toml`) the path.
    pub name: String,
    /// Who named it: `server`, `package`, `deployment`, or `import`.
    pub level: String,
    /// Its version on main.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<usize>,
    /// The blob that was read.
    pub blob: String,
}

/// The package something was deployed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRef {
    /// Its name.
    pub name: String,
    /// Its version on main.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<usize>,
    /// The record of the package's deployment.
    pub record: RecordId,
}

/// A hash of a definition, with the version of the canonical form that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// Of canonical bytes: `form1:sha256:…`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::{Digest as _, Sha256};
        let hash = Sha256::digest(bytes);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("form{CANONICAL_FORM}:sha256:{hex}"))
    }
}

impl Digest {
    /// Whether it is that of these bytes, whatever the canonical form was when it was made.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        let bare = |digest: &Self| digest.0.split_once(':').map(|(_, hash)| hash.to_owned());
        bare(self).is_some() && bare(self) == bare(&Self::of(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the user said of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The release it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What was accepted in so many words: `drift`, `existing`, `unknown`, `warnings`, `pinned`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// The prefix of the environment, where it is not the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The options that the target was given, as they were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<ImportRules>,
}

/// An operation on one schedule, package or script of one target (`record.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// What it is about.
    pub kind: Kind,
    /// What was done.
    pub action: Action,
    /// The name on the target.
    pub name: String,
    /// The name in the repository, where rules gave it another on the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_name: Option<String>,
    /// The target.
    pub server: String,
    /// The vendor's word for where it stands.
    pub status: Status,
    /// How far it has come.
    pub phase: Phase,
    /// Who asked for it.
    pub user: Person,
    /// Who ran it, where that was somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Person>,
    /// When it began.
    pub begun: DateTime<FixedOffset>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<DateTime<FixedOffset>>,
    /// Why it failed or was cancelled, or what is worth knowing of how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the remote was left out of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
    /// Common to all that went in one transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<RecordId>,
    /// The record that was active before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<RecordId>,
    /// For a rollback: the record that was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RecordId>,
    /// The commit of main whose settings, users and servers applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// The definition, package or script in the repository.
    #[serde(default)]
    pub source: Source,
    /// What was planned to stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Digest>,
    /// What stood there before; none where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Digest>,
    /// What was read back afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed: Option<Digest>,
    /// What the user said of it.
    #[serde(default)]
    pub told: Told,
    /// When it begins, where it waits for its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<Scheduled>,
    /// What came of it in words, where it changed nothing on the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// The package it went with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageRef>,
    /// For a package: the records of its schedules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<RecordId>,
    /// Every rule file that was read.
    #[serde(default, rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleRef>,
}

/// How the reason of an active record begins where what was read back is not what was sent.
pub const STANDS_OTHERWISE: &str = "stands there other than it was sent";

/// Content that was rolled away from, kept from coming back by itself (`pins/…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The blob that shall not be deployed there without a word.
    pub blob: String,
    /// Its version, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<usize>,
    /// The rollback that made the pin.
    pub record: RecordId,
    /// Who rolled back.
    pub user: Person,
    /// When.
    pub since: DateTime<FixedOffset>,
}
