//! Features: from which release on OpCon knows what a definition uses.
//!
//! One table, `features.toml` beside this file. A repository's own
//! `rules/features.toml` has the same form, adds to it and corrects it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use super::tags::place::{Place, Scope};
use super::toml_place::TomlError;
use crate::definition::{items, text_in};

const BUILT_IN: &str = include_str!("features.toml");

static BUILT_IN_TABLE: LazyLock<Result<FeatureTable, TomlError>> =
    LazyLock::new(|| FeatureTable::default().with(BUILT_IN));

/// A release of OpCon: `23.0.1`, `21.2.0.0`.
#[derive(Debug, Clone)]
pub struct Release(Vec<u32>);

impl Release {
    /// Reads the numbers that a version begins with.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', 'V']);
        let mut numbers = Vec::new();
        for part in text.split('.') {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            match digits.parse() {
                Ok(number) => numbers.push(number),
                Err(_) => break,
            }
            if digits.len() != part.len() {
                break;
            }
        }
        if numbers.is_empty() { None } else { Some(Self(numbers)) }
    }

    /// The release without its fixes: `23.0` of `23.0.1`. Fixes bring no features.
    pub fn line(&self) -> Self {
        Self(self.0.iter().take(2).copied().collect())
    }
}

impl PartialEq for Release {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Release {}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |release: &Self, at: usize| release.0.get(at).copied().unwrap_or(0);
        let longest = self.0.len().max(other.0.len());
        let numbers = (0..longest).map(|at| number(self, at).cmp(&number(other, at)));
        numbers.fold(Ordering::Equal, Ordering::then)
    }
}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

/// One feature.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Its name in the table.
    pub name: String,
    /// What it is, to stand behind "uses".
    pub about: String,
    /// The first release that knows it.
    pub since: Release,
    job_types: Vec<String>,
    places: Vec<Place>,
}

/// Where a feature is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use<'d> {
    /// The schedule; none for what stands at the top of the definition.
    pub schedule: Option<&'d str>,
    /// The job.
    pub job: Option<&'d str>,
}

/// All features.
#[derive(Debug, Clone, Default)]
pub struct FeatureTable {
    features: BTreeMap<String, Feature>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    feature: BTreeMap<String, toml::Spanned<Row>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    about: Option<String>,
    since: Option<toml::Spanned<String>>,
    job_types: Option<Vec<String>>,
    places: Option<Vec<toml::Spanned<String>>>,
}

impl FeatureTable {
    /// The features that are known.
    pub fn built_in() -> Result<Self, TomlError> {
        BUILT_IN_TABLE.clone()
    }

    /// The table with the additions and corrections of a `features.toml`.
    pub fn with(mut self, text: &str) -> Result<Self, TomlError> {
        let file: File = toml::from_str(text).map_err(|error| TomlError::of(text, &error))?;
        for (name, row) in file.feature {
            let at = row.span().start;
            let row = row.into_inner();
            let before = self.features.remove(&name);
            let since = match (row.since, &before) {
                (Some(since), _) => match Release::parse(since.as_ref()) {
                    Some(release) => release,
                    None => {
                        let message = format!("`{}` is not a release such as `23.0`", since.as_ref());
                        return Err(TomlError::at(text, since.span().start, message));
                    }
                },
                (None, Some(before)) => before.since.clone(),
                (None, None) => {
                    let message = format!("the feature `{name}` does not say `since` which release");
                    return Err(TomlError::at(text, at, message));
                }
            };
            let mut places = Vec::new();
            for place in row.places.iter().flatten() {
                places.push(
                    Place::parse(place.as_ref())
                        .map_err(|error| TomlError::at(text, place.span().start, error.to_string()))?,
                );
            }
            let (about, types, standing) = match before {
                Some(before) => (before.about, before.job_types, before.places),
                None => (format!("`{name}`"), Vec::new(), Vec::new()),
            };
            let feature = Feature {
                about: row.about.unwrap_or(about),
                since,
                job_types: row.job_types.unwrap_or(types),
                places: if row.places.is_some() { places } else { standing },
                name: name.clone(),
            };
            self.features.insert(name, feature);
        }
        Ok(self)
    }

    /// All features, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Feature> {
        self.features.values()
    }
}

impl Feature {
    /// Where a definition uses it.
    pub fn uses<'d>(&self, definition: &'d Value) -> Vec<Use<'d>> {
        let mut uses = Vec::new();
        let any = |scope: Scope, owner: &Value| {
            self.places.iter().any(|place| place.scope == scope && place.holds(owner, &is_something))
        };
        if any(Scope::Top, definition) {
            uses.push(Use { schedule: None, job: None });
        }
        for schedule in items(definition, "scheduleList") {
            let name = text_in(schedule, "name");
            if any(Scope::Schedule, schedule) {
                uses.push(Use { schedule: name, job: None });
            }
            for job in items(schedule, "jobList") {
                let of_type = || {
                    let kind = text_in(job, "type").map(bare);
                    kind.is_some_and(|kind| self.job_types.iter().any(|other| bare(other) == kind))
                };
                if any(Scope::Job, job) || of_type() {
                    uses.push(Use { schedule: name, job: text_in(job, "name") });
                }
            }
        }
        uses
    }
}

/// Whether a value says that something is there or set.
pub(crate) fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_str() != "0",
        Value::String(text) => {
            let text = text.trim();
            !text.is_empty() && text != "0" && !text.eq_ignore_ascii_case("false")
        }
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A type as it is compared: releases write blanks and capitals differently.
fn bare(kind: &str) -> String {
    kind.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn releases_are_compared_by_their_numbers() {
        let release = |text: &str| Release::parse(text).unwrap();
        assert!(release("9.3") < release("23.0.1"));
        assert!(release("21.2") == release("21.2.0.0"));
        assert!(release("v25.1 (build 7)") > release("25.0.9"));
        assert_eq!(release("23.0.1").line(), release("23.0"));
        assert_eq!(release("22.0.17-hotfix").to_string(), "22.0.17");
        assert_eq!(Release::parse("unknown"), None);
    }

    fn used(table: &FeatureTable, definition: &Value) -> Vec<String> {
        let uses = table
            .iter()
            .flat_map(|feature| feature.uses(definition).into_iter().map(move |at| (feature, at)));
        uses.map(|(feature, at)| format!("{} {}", feature.name, at.job.unwrap_or("-"))).collect()
    }

    #[test]
    fn features_are_found_where_they_are_used() {
        let definition = json!({
            "propertyList": [{"name": "A", "encrypted": "false"}, {"name": "B", "encrypted": true}],
            "scheduleList": [{"name": "S", "jobList": [
                {"name": "PLAIN", "type": "Windows", "windowsData": {
                    "runInCommandShell": "False", "scriptName": "", "environmentVariableList": [], "jobOutputParsingList": null}},
                {"name": "SHELL", "type": "Windows", "windowsData": {"runInCommandShell": true}},
                {"name": "ENV", "type": "UNIX", "unixData": {"environmentVariableList": ["A=b"]}},
                {"name": "MFT", "type": "OpConMFT"},
            ]}],
        });
        let table = FeatureTable::built_in().unwrap();
        assert_eq!(
            used(&table, &definition),
            [
                "encrypted-property -",
                "environment-variables ENV",
                "opcon-mft MFT",
                "run-in-command-shell SHELL"
            ]
        );
        let table = table.with(
            "[feature.rpa]\nsince = '26.0'\n[feature.late]\nsince = '30'\nplaces = ['schedule/late']\n",
        );
        let table = table.unwrap();
        assert_eq!(used(&table, &json!({"scheduleList": [{"name": "S", "late": "yes"}]})), ["late -"]);
        let rpa = table.iter().find(|feature| feature.name == "rpa").unwrap();
        assert_eq!((rpa.since.to_string(), rpa.about.as_str()), ("26.0".to_owned(), "a job of OpCon RPA"));
    }

    #[test]
    fn wrong_tables_are_told_where() {
        let cases = [
            ("[feature.X]\nsicne = '1'", "line 2, column 1:", "did you mean `since`"),
            ("[feature.X]\nsince = 'soon'", "line 2, column 9:", "not a release"),
            ("[feature.X]\nabout = 'x'", "line 1, column 1:", "does not say `since`"),
            ("[feature.X]\nsince = '1'\nplaces = ['job//b']", "line 3, column 11:", "not a place"),
        ];
        for (text, place, message) in cases {
            let error = FeatureTable::default().with(text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
            assert!(error.contains(message), "{error}");
        }
    }
}
