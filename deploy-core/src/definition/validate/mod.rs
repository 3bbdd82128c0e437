//! Findings on one definition: what OpCon would refuse, or what cannot mean
//! what it says.
//!
//! Limits and characters are those of OpCon's documentation; the codes are
//! stable and listed in [`CODES`].

mod jobs;
mod shape;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::summary::items;
use super::{Definition, FORBIDDEN, information};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// OpCon refuses it, or it cannot work.
    Error,
    /// Probably a mistake.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// One row of the table of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The stable name of the finding.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

/// Every finding on a definition, for the reference.
pub const CODES: &[Code] = &[
    NAME_TOO_LONG,
    NAME_CHARACTERS,
    NAME_MISSING,
    TEXT_TOO_LONG,
    DUPLICATE_JOB,
    DUPLICATE_SCHEDULE,
    WRONG_TYPE,
    JOB_TYPE_MISSING,
    DEPENDENCY_JOB,
    DEPENDENCY_FREQUENCY,
    EXTERNAL_DEPENDENCY_JOB,
    CONTAINER_WITHOUT_SCHEDULE,
    EMPTY_EXPRESSION,
    RESOURCE_NOT_INCLUDED,
];

const fn code(code: &'static str, severity: Severity, meaning: &'static str) -> Code {
    Code { code, severity, meaning }
}

const NAME_TOO_LONG: Code = code(
    "name-too-long",
    Severity::Error,
    "a name is longer than OpCon allows: 40 characters for schedules, 64 for jobs and properties",
);
const NAME_CHARACTERS: Code = code(
    "name-characters",
    Severity::Error,
    "a schedule or job name holds a character that OpCon does not allow in names",
);
const NAME_MISSING: Code =
    code("name-missing", Severity::Error, "a job, frequency or shared object has no name");
const TEXT_TOO_LONG: Code = code(
    "text-too-long",
    Severity::Error,
    "a property value or a documentation is longer than the 4,000 characters OpCon allows",
);
const DUPLICATE_JOB: Code = code(
    "duplicate-job",
    Severity::Error,
    "two jobs of a schedule have the same name, or names that differ in case only",
);
const DUPLICATE_SCHEDULE: Code = code(
    "duplicate-schedule",
    Severity::Error,
    "two schedules of a definition have names that differ in case only",
);
const WRONG_TYPE: Code = code(
    "wrong-type",
    Severity::Error,
    "a value is of another JSON type than its place asks for, such as a list that is an object",
);
const JOB_TYPE_MISSING: Code =
    code("job-type-missing", Severity::Warning, "a job does not say what type it is of");
const DEPENDENCY_JOB: Code =
    code("dependency-job", Severity::Error, "a dependency names a job that its schedule does not have");
const DEPENDENCY_FREQUENCY: Code = code(
    "dependency-frequency",
    Severity::Warning,
    "a dependency names a frequency that its job does not have",
);
const EXTERNAL_DEPENDENCY_JOB: Code = code(
    "external-dependency-job",
    Severity::Error,
    "a dependency on another schedule belongs to a job that is not in the definition",
);
const CONTAINER_WITHOUT_SCHEDULE: Code = code(
    "container-without-schedule",
    Severity::Error,
    "a container job does not say which schedule it runs",
);
const EMPTY_EXPRESSION: Code =
    code("empty-expression", Severity::Error, "an expression dependency has no expression");
const RESOURCE_NOT_INCLUDED: Code = code(
    "resource-not-included",
    Severity::Note,
    "a job depends on a resource or threshold that the definition does not carry along",
);

/// Something found in a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its stable name, one of [`CODES`].
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// A JSON pointer to the place, in the definition with its sets sorted.
    pub pointer: String,
    /// What is wrong, where, and what would be right.
    pub message: String,
}

/// Everything found in a definition, in the order of its text.
///
/// ```
/// use deploy_core::definition::{Definition, validate};
///
/// let definition = Definition::read(br#"{"scheduleList":[{"name":"Pay*roll","jobList":[]}]}"#)?;
/// let findings = validate::validate(&definition);
/// assert_eq!(findings[0].code, "name-characters");
/// assert_eq!(findings[0].pointer, "/scheduleList/0/name");
/// # Ok::<(), deploy_core::definition::ReadError>(())
/// ```
pub fn validate(definition: &Definition) -> Vec<Finding> {
    let mut findings = Findings::default();
    let value = definition.value();
    shape::check(value, &mut findings);
    for (at, property) in items(value, "propertyList").enumerate() {
        let pointer = format!("/propertyList/{at}");
        let name = property["name"].as_str().unwrap_or_default();
        findings.name("property", name, 64, &pointer);
        if let Some(text) = property["value"].as_str() {
            findings.text(&format!("the value of property `{name}`"), text, &format!("{pointer}/value"));
        }
    }
    let mut folded = std::collections::HashMap::new();
    for (at, schedule) in definition.schedules().iter().enumerate() {
        let pointer = format!("/scheduleList/{at}");
        let name = schedule["name"].as_str().unwrap_or_default();
        findings.name("schedule", name, 40, &pointer);
        findings.characters("schedule", name, &pointer);
        if let Some(other) = folded.insert(name.to_lowercase(), name) {
            let message = format!("the names of schedules `{other}` and `{name}` differ in case only");
            findings.add(DUPLICATE_SCHEDULE, format!("{pointer}/name"), message);
        }
        documentation(schedule, &format!("schedule `{name}`"), &pointer, &mut findings);
        jobs::check(value, schedule, &pointer, &mut findings);
    }
    jobs::check_external(definition, &mut findings);
    findings.list
}

fn documentation(owner: &Value, words: &str, pointer: &str, findings: &mut Findings) {
    if let Some(text) = owner["documentation"].as_str() {
        let words = format!("the documentation of {words}");
        findings.text(&words, information::without(text), &format!("{pointer}/documentation"));
    }
}

/// Findings as they come up.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, code: Code, pointer: String, message: String) {
        self.list.push(Finding { code: code.code, severity: code.severity, pointer, message });
    }

    fn name(&mut self, thing: &str, name: &str, most: usize, pointer: &str) {
        let length = name.chars().count();
        if name.trim().is_empty() {
            self.add(NAME_MISSING, pointer.to_owned(), format!("a {thing} has no name"));
        } else if length > most {
            let message =
                format!("the name of {thing} `{name}` has {length} characters; OpCon allows {most}");
            self.add(NAME_TOO_LONG, format!("{pointer}/name"), message);
        }
    }

    fn characters(&mut self, thing: &str, name: &str, pointer: &str) {
        let mut found: Vec<char> = name
            .chars()
            .filter(|character| FORBIDDEN.contains(*character) || character.is_control())
            .collect();
        found.sort_unstable();
        found.dedup();
        if !found.is_empty() {
            let found: Vec<String> =
                found.iter().map(|character| format!("`{}`", character.escape_debug())).collect();
            let message = format!(
                "the name of {thing} `{}` holds {}, which OpCon does not allow in names",
                name.escape_debug(),
                found.join(", ")
            );
            self.add(NAME_CHARACTERS, format!("{pointer}/name"), message);
        }
    }

    fn text(&mut self, words: &str, text: &str, pointer: &str) {
        const MOST: usize = 4000;
        let length = text.chars().count();
        if length > MOST {
            let message = format!("{words} has {length} characters; OpCon allows {MOST}");
            self.add(TEXT_TOO_LONG, pointer.to_owned(), message);
        }
    }
}
