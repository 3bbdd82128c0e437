//! The file of a rollout, as people write it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::timing::Timing;
use super::{Frames, What};
use crate::deploy::Accept;
use crate::repository::toml_file::{TomlError, read_toml};
use crate::time_span::Span;

/// The folder of the rollouts.
pub const FOLDER: &str = "rollouts";
/// Priorities go from minus this to this.
const PRIORITY: i32 = 100;
/// How long a server may take to come up, if the file does not say.
const WAKE_EXPIRY: Span = Span::seconds(600);

/// A rollout (`rollouts/<id>.toml`): what is brought to which servers, when and in what order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutFile {
    /// What people call it; its id if absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The zone of `start`, `end` and `frames`, such as `Europe/Berlin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// What is deployed: `package:NAME`, `package:NAME@V`, `NAME` or `NAME@V`; the latest version
    /// is that of the moment the rollout begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<String>,
    /// What is removed: `package:NAME` or `NAME`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uninstall: Vec<String>,
    /// The targets: servers, and `group:NAME` for all of a group; `group:production`,
    /// `group:development` and `group:test` are built in.
    pub to: Vec<String>,
    /// No job begins before; at once if absent.
    #[serde(default, deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Jobs that have not begun by then expire; never if absent.
    #[serde(default, deserialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// When jobs may begin: `18:00-24:00`, `FRI 22:00-06:00`, `!SAT 11:00-13:00`; the first that matches decides.
    #[serde(default, skip_serializing_if = "Frames::is_empty")]
    pub frames: Frames,
    /// Higher goes first, -100 to 100.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(range(min = -100, max = 100))]
    pub priority: i32,
    /// What becomes of the other jobs when one fails.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sequence: Sequence,
    /// Waves: servers, groups, or `*` for all others; a later one begins when the earlier is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// How long a wave must have been done before the next begins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub soak: Span,
    /// Rebuilds the schedules in the daily, and waits so long for jobs that run there; never if
    /// absent or negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_timeout: Option<Span>,
    /// Whether servers that do not answer are woken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wake: bool,
    /// How long they may take; 10m if absent.
    #[serde(default = "wake_expiry", skip_serializing_if = "is_usual_expiry")]
    pub wake_expiry: Span,
    /// Whether servers that were woken are switched off again after their last job.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shutdown_woken: bool,
    /// Whether schedules are removed that the version before had and the new one has not.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub update: bool,
    /// Whether the same version is deployed again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub force: bool,
    /// Rules of these deployments, in order; `RULE@V` pins a version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// A prefix in place of the servers' own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The release it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What would otherwise be refused, since nobody is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<Accepted>,
}

/// What becomes of the other jobs when one fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sequence {
    /// Those that have not begun fail too.
    #[default]
    Abort,
    /// They go on.
    Continue,
}

/// A difference that is accepted in so many words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Accepted {
    /// What stands there is not what was deployed.
    Drift,
    /// A non-production target has the schedule already.
    Existing,
    /// What stands there has neither deployment information nor a record.
    Unknown,
    /// Checks have warnings.
    Warnings,
    /// The content was rolled away from.
    Pinned,
}

impl RolloutFile {
    /// Something to these targets, everything else as usual.
    pub fn new(to: Vec<String>) -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            timezone: None,
            what: Vec::new(),
            uninstall: Vec::new(),
            to,
            start: None,
            end: None,
            frames: Frames::default(),
            priority: 0,
            sequence: Sequence::Abort,
            order: Vec::new(),
            soak: Span::default(),
            restart_timeout: None,
            wake: false,
            wake_expiry: WAKE_EXPIRY,
            shutdown_woken: false,
            update: true,
            force: false,
            rules: Vec::new(),
            environment: None,
            tag: None,
            accept: Vec::new(),
        }
    }

    /// Reads the text of the file.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, TomlError> {
        read_toml(path, &String::from_utf8_lossy(bytes))
    }

    /// The text of the file.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// What is accepted.
    pub fn accept(&self) -> Accept {
        let has = |what| self.accept.contains(&what);
        Accept {
            drift: has(Accepted::Drift),
            existing: has(Accepted::Existing),
            unknown: has(Accepted::Unknown),
            warnings: has(Accepted::Warnings),
            pinned: has(Accepted::Pinned),
        }
    }

    /// How long jobs of the daily are waited for before schedules are rebuilt; `None`: they are not.
    pub fn rebuild(&self) -> Option<Span> {
        self.restart_timeout.filter(|timeout| !timeout.is_negative())
    }

    /// What is well-formed and cannot work, whatever the repository holds: the key, and what is wrong.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Timing::of(self).err().unwrap_or_default();
        let mut wrong = |key, problem: String| problems.push((key, problem));
        if self.what.is_empty() && self.uninstall.is_empty() {
            wrong("what", "is empty, and so is `uninstall`: there is nothing to do".to_owned());
        }
        if self.to.is_empty() {
            wrong("to", "is empty: there is nowhere to bring it".to_owned());
        }
        if !(-PRIORITY..=PRIORITY).contains(&self.priority) {
            wrong("priority", format!("{} is not between -{PRIORITY} and {PRIORITY}", self.priority));
        }
        if self.soak.is_negative() {
            wrong("soak", format!("`{}` is less than nothing", self.soak));
        }
        if self.wake_expiry <= Span::default() {
            wrong("wake_expiry", format!("`{}` leaves no time to come up", self.wake_expiry));
        }
        if self.shutdown_woken && !self.wake {
            wrong("shutdown_woken", "nothing is woken: `wake` is not set".to_owned());
        }
        if let Some(prefix) = self.environment.as_deref().filter(|prefix| prefix.trim().is_empty()) {
            wrong("environment", format!("`{prefix}` is empty"));
        }
        let mut seen: Vec<What> = Vec::new();
        for (key, text) in self.each() {
            match What::parse(text, key == "uninstall") {
                Err(problem) => wrong(key, problem.to_string()),
                Ok(what) => match seen.iter().find(|other| other.is_same_thing(&what)) {
                    Some(_) => wrong(key, format!("{} is named twice", what.thing())),
                    None => seen.push(what),
                },
            }
        }
        problems
    }

    /// Everything named, with the key it is named under.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let what = self.what.iter().map(|text| ("what", text.as_str()));
        what.chain(self.uninstall.iter().map(|text| ("uninstall", text.as_str())))
    }
}

/// A time in quotes, or as TOML itself writes one.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a time in quotes, such as \"2026-12-01 18:00\"")]
    enum Written {
        Text(String),
        Toml(toml::value::Datetime),
    }
    Ok(Some(match Written::deserialize(deserializer)? {
        Written::Text(text) => text,
        Written::Toml(time) => time.to_string(),
    }))
}

fn wake_expiry() -> Span {
    WAKE_EXPIRY
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_usual_expiry(expiry: &Span) -> bool {
    *expiry == WAKE_EXPIRY
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_yes(value: &bool) -> bool {
    *value
}
