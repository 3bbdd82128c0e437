//! What rules did to a definition: each call, each value, old and new.

use serde_json::Value;

/// Where a rule was brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A rule of the server.
    Server,
    /// A rule of the package.
    Package,
    /// A rule of this deploy.
    Deployment,
    /// An environment's prefix, after all rules.
    Environment,
}

impl Level {
    /// The level as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Package => "package",
            Self::Deployment => "deployment",
            Self::Environment => "environment",
        }
    }
}

/// Everything that happened, rule by rule, in order.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Trace {
    /// The rules that ran.
    pub rules: Vec<RuleTrace>,
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RuleTrace {
    /// Where the rule was brought in.
    pub level: Level,
    /// Its name.
    pub name: String,
    /// Its version, as shown to people.
    pub version: Option<String>,
    /// Its calls and changes, in order.
    pub calls: Vec<Call>,
    /// What it printed, and remarks of the engine.
    pub notes: Vec<Note>,
}

/// A remark.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Note {
    /// Line in the rule; 0 where there is none.
    pub line: usize,
    /// The remark.
    pub text: String,
}

/// One call of a tag, or the changes that one line of a script made.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Call {
    /// Line in the rule; 0 where there is none.
    pub line: usize,
    /// What was asked.
    pub what: What,
    /// What it changed.
    pub hits: Vec<Hit>,
    /// Where it would have changed something, had not an earlier call been there first.
    pub ignored: Vec<Ignored>,
}

/// What a call asked for.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A tag.
    Tag {
        /// Its name.
        tag: String,
        /// The value looked for.
        current: String,
        /// The value to put there.
        new: String,
        /// The jobs it is for, if not all.
        job: Option<String>,
        /// The schedules it is for, if not all.
        schedule: Option<String>,
        /// Whether parts of values are replaced.
        partial: bool,
    },
    /// A line of a script.
    Script,
}

/// A place in the definition.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Spot {
    /// The schedule, as it was named before the change.
    pub schedule: Option<String>,
    /// The job, as it was named before the change.
    pub job: Option<String>,
    /// JSON pointer below the job, the schedule or the definition.
    pub pointer: String,
}

/// One value changed.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Hit {
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
    /// What stood there; nothing, if it was added.
    pub old: Option<Value>,
    /// What stands there now; nothing, if it was removed.
    pub new: Option<Value>,
    /// The later call that changed it again.
    pub relayed: Option<CallRef>,
}

/// One value that an earlier call had already taken.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Ignored {
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
    /// The call that was there first.
    pub by: CallRef,
}

/// A call, by its place in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub struct CallRef {
    /// Index into [`Trace::rules`].
    pub rule: usize,
    /// Index into [`RuleTrace::calls`].
    pub call: usize,
}

/// Something that people should look at before they deploy.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// The rule that it is about.
    pub rule: String,
    /// Line in the rule; 0 where there is none.
    pub line: usize,
    /// What it says, without a full stop.
    pub text: String,
    /// Whether it is about a call that matched nothing.
    pub unmatched: bool,
}

impl Trace {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.hits().next().is_none()
    }

    /// All changes, with the call that made them.
    pub fn hits(&self) -> impl DoubleEndedIterator<Item = (&RuleTrace, &Call, &Hit)> {
        self.rules.iter().flat_map(|rule| {
            rule.calls.iter().flat_map(move |call| call.hits.iter().map(move |hit| (rule, call, hit)))
        })
    }

    /// The call of a reference.
    pub fn call(&self, at: CallRef) -> Option<(&RuleTrace, &Call)> {
        let rule = self.rules.get(at.rule)?;
        Some((rule, rule.calls.get(at.call)?))
    }
}
