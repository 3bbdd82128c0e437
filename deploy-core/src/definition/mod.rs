//! The schedule definition: reading, canonical form, names, splitting and
//! joining, comparing.
//!
//! A definition is what OpCon exports of a schedule: a JSON object, only
//! partly published. This module reads what it needs by name and carries
//! everything else through untouched. It knows nothing of git, HTTP or rules.

mod canonical;
mod compare;
mod deviation;
pub mod diff;
mod essence;
pub mod form;
pub mod information;
mod merge;
mod name;
mod pairing;
mod patch;
mod read;
mod secret;
mod split;
mod summary;
mod text;
mod thing;
pub mod validate;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod properties;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod testing;

use serde_json::Value;

pub use canonical::{CANONICAL_FORM, is_same_but_header, sort_sets, write};
pub use compare::{Purpose, equal, export_date, keep_noise_of};
pub use deviation::{Deviation, deviations};
pub use essence::essence;
pub use merge::{Conflict, Merged, merge};
pub use name::{
    FORBIDDEN, NameError, PackageName, RuleName, ScheduleName, ScriptName, ServerName, decode, encode,
};
pub use patch::{Operation, patch};
pub use read::{ReadError, read_json};
pub use secret::{ENCRYPTED, hide_encrypted, is_encrypted};
pub(crate) use split::Parts;
pub use split::{Disagreement, join, split};
pub use summary::{
    DependencyView, JobView, NamedValue, Overview, ScheduleView, Summary, overview, sub_schedule, summary,
};
pub(crate) use summary::{items, text as text_in};
pub use text::to_lines;
pub use thing::Thing;

/// A definition of one or more schedules, its sets sorted.
///
/// ```
/// use deploy_core::definition::Definition;
///
/// let export = br#"{"scheduleList":[{"startTime":"06:00","name":"Payroll","jobList":[]}]}"#;
/// let definition = Definition::read(export)?;
/// assert_eq!(definition.names(), ["Payroll"]);
/// assert!(definition.to_bytes().starts_with(b"{\n  \"scheduleList\": ["));
/// # Ok::<(), deploy_core::definition::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    value: Value,
}

impl Definition {
    /// Reads an export, a canonical file or anything between.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        Self::from_value(read_json(bytes)?)
    }

    /// Checks that a value is a definition, and sorts its sets.
    pub fn from_value(mut value: Value) -> Result<Self, ReadError> {
        let Some(map) = value.as_object() else {
            return Err(ReadError::NotAnObject { found: read::kind(&value) });
        };
        let schedules = match map.get("scheduleList") {
            None => return Err(ReadError::NoSchedule { found: "missing" }),
            Some(Value::Array(schedules)) if schedules.is_empty() => {
                return Err(ReadError::NoSchedule { found: "empty" });
            }
            Some(Value::Array(schedules)) => schedules,
            Some(other) => {
                return Err(ReadError::NoSchedule { found: read::kind(other) });
            }
        };
        let mut names = std::collections::HashSet::new();
        for (at, schedule) in schedules.iter().enumerate() {
            match schedule.get("name").and_then(Value::as_str) {
                None | Some("") => return Err(ReadError::NoName { number: at + 1 }),
                Some(name) if !names.insert(name) => {
                    return Err(ReadError::Twice { name: name.to_owned() });
                }
                Some(_) => {}
            }
        }
        sort_sets(&mut value);
        Ok(Self { value })
    }

    /// A value known to be a definition with sorted sets.
    pub(crate) fn from_sorted(value: Value) -> Self {
        Self { value }
    }

    /// The JSON value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The JSON value.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&self.value)
    }

    /// Appends the canonical bytes, for a buffer that is used again.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        canonical::write_to(out, &self.value);
    }

    /// The schedules in it; never empty.
    pub fn schedules(&self) -> &[Value] {
        self.value["scheduleList"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The names of its schedules, sorted.
    pub fn names(&self) -> Vec<&str> {
        self.schedules().iter().filter_map(|schedule| schedule["name"].as_str()).collect()
    }

    /// Gives objects that are otherwise equal the ids and stamps of the version before.
    pub fn keep_noise_of(&mut self, before: &Definition) {
        keep_noise_of(&mut self.value, &before.value);
        sort_sets(&mut self.value);
    }
}
