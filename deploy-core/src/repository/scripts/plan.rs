//! What storing scripts would do: numbers to add, contradictions, replacements.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::file::{ScriptFile, VersionEntry, extension_of};
use super::numbers;
use crate::definition::{Definition, items, text_in as text};

/// A script that comes from a system or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What runs it.
    pub runner: String,
    /// How its files end, if that is said.
    pub extension: Option<String>,
    /// Its versions.
    pub versions: Vec<IncomingVersion>,
    /// Where it comes from, for messages.
    pub source: String,
}

/// A version that comes from a system or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingVersion {
    /// Its number and what else is known of it.
    pub entry: VersionEntry,
    /// The text.
    pub content: Vec<u8>,
}

/// Why a script cannot be stored beside what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// Another runner.
    Runner {
        /// The script.
        script: String,
        /// The stored runner.
        stored: String,
        /// The runner that comes.
        given: String,
        /// Where it comes from.
        source: String,
    },
    /// Other content under the same number.
    Content {
        /// The script.
        script: String,
        /// The number.
        number: i64,
        /// The stored file.
        stored: String,
        /// Where the other content comes from.
        source: String,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runner { script, stored, given, source } => {
                write!(f, "script `{script}` is stored for `{stored}`, but {source} has it for `{given}`")
            }
            Self::Content { script, number, stored, source } => write!(
                f,
                "version {number} of script `{script}` in `{stored}` is not what {source} has under that number"
            ),
        }
    }
}

/// The bytes of a file beside `script.toml`, where it is there.
type StoredFiles<'f> = dyn Fn(&str) -> Result<Option<Vec<u8>>, git2::Error> + 'f;

/// What storing one script does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The script.
    pub name: String,
    /// Numbers that come.
    pub added: Vec<i64>,
    /// Numbers whose content is replaced.
    pub replaced: Vec<i64>,
    /// Numbers that go.
    pub removed: Vec<i64>,
    /// The runner before and after, where it changes.
    pub runner: Option<(String, String)>,
    /// Its `script.toml` afterwards.
    pub file: ScriptFile,
    pub(super) writes: BTreeMap<String, Vec<u8>>,
    pub(super) deletes: Vec<String>,
}

impl Plan {
    /// Works out what storing a script does, or what stands against it. `stored`
    /// gives the bytes of a file beside `script.toml`.
    pub(super) fn make(
        incoming: &Incoming,
        before: Option<&ScriptFile>,
        stored: &StoredFiles<'_>,
        reset: bool,
    ) -> Result<Result<Self, Vec<Conflict>>, git2::Error> {
        let extension = || extension_of(&incoming.runner, incoming.extension.as_deref());
        let new = ScriptFile {
            description: incoming.description.clone(),
            runner: incoming.runner.clone(),
            extension: extension(),
            versions: Vec::new(),
        };
        let mut file = match before {
            Some(before) if !reset => before.clone(),
            Some(before) if before.runner == incoming.runner => {
                ScriptFile { extension: before.extension.clone(), ..new }
            }
            _ => new,
        };
        let mut conflicts = Vec::new();
        let runner =
            before.filter(|before| before.runner != incoming.runner).map(|before| before.runner.clone());
        if let (Some(stored), false) = (&runner, reset) {
            conflicts.push(Conflict::Runner {
                script: incoming.name.clone(),
                stored: stored.clone(),
                given: incoming.runner.clone(),
                source: incoming.source.clone(),
            });
        }
        let (mut added, mut replaced, mut writes) = (Vec::new(), Vec::new(), BTreeMap::new());
        for version in &incoming.versions {
            let number = version.entry.number;
            let known = before.filter(|before| before.version(number).is_some());
            let same = match known {
                Some(before) => {
                    let path = before.content_file(number);
                    let same = stored(&path)?.as_deref() == Some(version.content.as_slice());
                    if !same && !reset {
                        conflicts.push(Conflict::Content {
                            script: incoming.name.clone(),
                            number,
                            stored: format!("{}/{path}", super::folder(&incoming.name)),
                            source: incoming.source.clone(),
                        });
                        continue;
                    }
                    same
                }
                None => false,
            };
            match known {
                None => added.push(number),
                Some(_) if !same => replaced.push(number),
                Some(_) => {}
            }
            if file.version(number).is_none() {
                file.versions.push(version.entry.clone());
                writes.insert(file.content_file(number), version.content.clone());
            }
        }
        if !conflicts.is_empty() {
            return Ok(Err(conflicts));
        }
        file.versions.sort_by_key(|version| version.number);
        let old = before.into_iter().flat_map(|before| before.versions.iter().map(|version| version.number));
        let removed: Vec<i64> = old.clone().filter(|number| file.version(*number).is_none()).collect();
        let deletes = old
            .filter_map(|number| Some(before?.content_file(number)))
            .filter(|path| !file.versions.iter().any(|version| file.content_file(version.number) == *path))
            .collect();
        let runner = runner.map(|stored| (stored, incoming.runner.clone()));
        let name = incoming.name.clone();
        Ok(Ok(Self { name, added, replaced, removed, runner, file, writes, deletes }))
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.replaced.is_empty() && self.removed.is_empty() && self.runner.is_none()
    }

    /// What it does, in a few words.
    pub fn words(&self) -> String {
        let list = |what: &str, list: &[i64]| {
            let versions = if list.len() == 1 { "version" } else { "versions" };
            (!list.is_empty()).then(|| format!("{what} {versions} {}", numbers(list)))
        };
        let runner = self.runner.as_ref().map(|(from, to)| format!("runner {from} becomes {to}"));
        let parts = [
            list("new", &self.added),
            list("replaces", &self.replaced),
            list("removes", &self.removed),
            runner,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "nothing new".to_owned() } else { parts.join("; ") }
    }
}

/// The scripts that a definition carries, with those versions whose text it holds.
pub fn in_definition(definition: &Definition, source: &str) -> Vec<Incoming> {
    let number = |value: &Value| match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    };
    items(definition.value(), "scriptList")
        .filter_map(|script| {
            let known = |key: &str| text(&script["data"], key).or_else(|| text(script, key));
            let kind = &script["type"];
            let versions = items(script, "versionList").filter_map(|version| {
                let entry = VersionEntry {
                    number: number(&version["version"])?,
                    message: text(version, "message").map(str::to_owned),
                    author: text(version, "author").map(str::to_owned),
                    created: text(version, "createdDate").map(str::to_owned),
                };
                Some(IncomingVersion { entry, content: version["content"].as_str()?.as_bytes().to_vec() })
            });
            Some(Incoming {
                name: known("name")?.to_owned(),
                description: known("description").unwrap_or_default().to_owned(),
                runner: text(kind, "name").or(known("typeName")).unwrap_or("unknown").to_owned(),
                extension: text(kind, "fileExtension").map(str::to_owned),
                versions: versions.collect(),
                source: source.to_owned(),
            })
        })
        .collect()
}
