//! The semantic difference of two definitions: what a person changed, by job
//! and key instead of by line.
//!
//! What is equal for an import ([`super::Purpose::Import`]) makes no change
//! here; dependencies of *other* schedules are shown as a part of their own.
//! Encrypted values are never in a difference.

mod alike;
mod at;
mod compute;
mod excerpt;
mod markdown;
pub mod render;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use serde::Serialize;
use serde_json::Value;

pub use compute::diff;
pub(crate) use excerpt::{in_words, pair_in_words, visible};
pub use markdown::to_markdown;

use super::form::Part;
pub use super::thing::Thing;

/// What differs between two definitions.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Difference {
    /// The changes: the schedules first, then what they share with others.
    pub changes: Vec<Change>,
}

impl Difference {
    /// Whether the definitions are equal for an import: changes of other
    /// schedules' dependencies do not count.
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| change.part == Part::Reverse)
    }
}

/// One thing or one field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The part of the definition it belongs to.
    pub part: Part,
    /// Which thing it is.
    #[serde(flatten)]
    pub place: Place,
    /// What happened to it.
    pub kind: ChangeKind,
    /// The field of the thing, such as `windowsData.commandLine`; none where the whole thing came or went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What stood there before; the old name of what was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What stands there now; the new name of what was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// Where a change is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// The schedule it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The job it belongs to, or which it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What kind of thing it is.
    pub thing: Thing,
    /// What the thing is known by within its schedule or job; schedules and jobs are named above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What happened to a thing or a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// Only in the new definition.
    Added,
    /// Only in the old definition.
    Removed,
    /// The same content under another name.
    Renamed,
    /// On both sides, with different content.
    Changed,
}
