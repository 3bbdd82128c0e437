//! `drift-accepted.toml`: differences between what was deployed and what stands
//! on a server that somebody answers for, until a day.

mod change;

use chrono::NaiveDate;
use git2::Oid;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::Repository;
use super::toml_file::{TomlError, read_toml};
pub use change::{AcceptError, Accepted, accept};

/// The name of the file.
pub const FILE: &str = "drift-accepted.toml";

/// The accepted differences of a central repository (`drift-accepted.toml`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DriftAccepted {
    /// One table for each difference, or each schedule.
    #[serde(rename = "accepted", skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Acceptance>,
}

/// One difference that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The server.
    pub server: String,
    /// The schedule, by its name on the server.
    pub schedule: String,
    /// A JSON pointer into the definition, such as `/scheduleList/0/startTime`; everything below it
    /// is accepted, `*` stands for any one part. Without it every difference of the schedule is.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "pointer")]
    pub pointer: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it counts, as `yyyy-mm-dd`.
    #[serde(deserialize_with = "day")]
    #[schemars(with = "String")]
    pub until: NaiveDate,
}

/// Why the accepted differences of a commit are not known.
#[derive(Debug, thiserror::Error)]
pub enum AcceptedError {
    /// The file is wrong.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The repository could not be read.
    #[error("cannot read the repository: {}", .0.message())]
    Object(#[from] git2::Error),
}

impl DriftAccepted {
    /// Those of a commit.
    pub fn at(repository: &Repository, commit: Oid) -> Result<Self, AcceptedError> {
        let tree = repository.git2().find_commit(commit)?.tree()?;
        match repository.file_in(&tree, FILE)? {
            Some(bytes) => Ok(read_toml(FILE, &String::from_utf8_lossy(&bytes))?),
            None => Ok(Self::default()),
        }
    }

    /// Those that count for a server on a day.
    pub fn counting(&self, server: &str, today: NaiveDate) -> Vec<Acceptance> {
        let counts = |entry: &&Acceptance| entry.until >= today && same_name(&entry.server, server);
        self.entries.iter().filter(counts).cloned().collect()
    }
}

impl Acceptance {
    /// Whether it accepts a difference of a schedule, given by its pointer.
    pub fn accepts(&self, schedule: &str, pointer: &str) -> bool {
        same_name(&self.schedule, schedule)
            && self.pointer.as_deref().is_none_or(|accepted| is_below(pointer, accepted))
    }
}

/// Names of OpCon are the same whatever their case.
fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn is_below(pointer: &str, accepted: &str) -> bool {
    let mut parts = pointer.split('/');
    accepted.split('/').all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
}

fn pointer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let pointer = String::deserialize(deserializer)?;
    match is_pointer(&pointer) {
        true => Ok(Some(pointer)),
        false => Err(serde::de::Error::custom(not_a_pointer(&pointer))),
    }
}

fn is_pointer(text: &str) -> bool {
    text.len() > 1 && text.starts_with('/')
}

fn not_a_pointer(text: &str) -> String {
    format!("`{text}` is not a JSON pointer such as `/scheduleList/0/startTime`")
}

/// A day as text or as TOML's own date.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is not a day such as `2026-12-31`")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[[accepted]]
server = "PROD"
schedule = "Payroll"
pointer = "/scheduleList/*/jobList/3"
reason = "the new machine comes on Monday"
owner = "ann@corp.example"
until = 2026-12-31

[[accepted]]
server = "QA"
schedule = "Ledger"
reason = "tests"
owner = "bob"
until = "2026-11-01"
"#;

    #[test]
    fn entries_count_until_their_day_and_below_their_pointer() {
        let accepted: DriftAccepted = read_toml(FILE, TEXT).unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let prod = accepted.counting("prod", day("2026-12-31"));
        assert_eq!(prod.len(), 1);
        assert!(prod[0].accepts("PAYROLL", "/scheduleList/0/jobList/3/primaryMachine"));
        assert!(prod[0].accepts("Payroll", "/scheduleList/0/jobList/3"));
        assert!(!prod[0].accepts("Payroll", "/scheduleList/0/jobList/30"));
        assert!(!prod[0].accepts("Payroll", "/scheduleList/0/jobList"));
        assert!(!prod[0].accepts("Ledger", "/scheduleList/0/jobList/3"));
        assert!(accepted.counting("PROD", day("2027-01-01")).is_empty());
        let qa = accepted.counting("QA", day("2026-11-01"));
        assert!(qa[0].accepts("Ledger", "/anything"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let accepted: DriftAccepted = read_toml(FILE, TEXT).unwrap();
        let text = toml::to_string(&accepted).unwrap();
        assert_eq!(read_toml::<DriftAccepted>(FILE, &text).unwrap(), accepted);
    }

    #[test]
    fn wrong_values_are_told_in_words() {
        let wrong = |from: &str, to: &str| {
            read_toml::<DriftAccepted>(FILE, &TEXT.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert_eq!(
            wrong("2026-12-31", "\"soon\""),
            "drift-accepted.toml:8:9: `soon` is not a day such as `2026-12-31`"
        );
        assert_eq!(
            wrong("/scheduleList/*/jobList/3", "jobList"),
            "drift-accepted.toml:5:11: `jobList` is not a JSON pointer such as `/scheduleList/0/startTime`"
        );
        assert_eq!(
            wrong("owner", "ownr"),
            "drift-accepted.toml:7:1: unknown key `ownr`; did you mean `owner`?"
        );
    }
}
