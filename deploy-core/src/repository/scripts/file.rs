//! `script.toml`: what is known of a script besides the texts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::repository::toml_file::{TomlError, read_toml};

/// One OpCon script (`scripts/<NAME>/script.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptFile {
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What runs it, in OpCon's words: `PowerShell`, `Bash` …
    pub runner: String,
    /// How the files of its versions end, without the dot.
    pub extension: String,
    /// One table for each version, by number.
    #[serde(default, rename = "version")]
    pub versions: Vec<VersionEntry>,
}

/// One version of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionEntry {
    /// OpCon's number, the same on every system.
    pub number: i64,
    /// What its author said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was made, as OpCon writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
}

impl ScriptFile {
    /// Reads the text of the file.
    pub fn read(path: &str, bytes: &[u8]) -> Result<Self, TomlError> {
        read_toml(path, &String::from_utf8_lossy(bytes))
    }

    /// A version by its number.
    pub fn version(&self, number: i64) -> Option<&VersionEntry> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The file beside `script.toml` that holds the text of a version.
    pub fn content_file(&self, number: i64) -> String {
        format!("{number}.{}", crate::definition::encode(&self.extension))
    }
}

/// How files of a runner usually end; `given` is what the system says, if it says anything.
pub fn extension_of(runner: &str, given: Option<&str>) -> String {
    let given = given.map(|given| given.trim_start_matches('.').to_lowercase());
    let fits =
        |end: &String| !end.is_empty() && end.len() <= 10 && end.bytes().all(|b| b.is_ascii_alphanumeric());
    given.filter(fits).unwrap_or_else(|| {
        let runner = runner.to_lowercase();
        let known = [
            ("powershell", "ps1"),
            ("pwsh", "ps1"),
            ("bash", "sh"),
            ("shell", "sh"),
            ("python", "py"),
            ("perl", "pl"),
            ("vbscript", "vbs"),
            ("batch", "cmd"),
            ("cmd", "cmd"),
            ("dos", "cmd"),
            ("sql", "sql"),
            ("ruby", "rb"),
            ("javascript", "js"),
            ("node", "js"),
        ];
        known.iter().find(|(part, _)| runner.contains(part)).map_or("txt", |(_, end)| end).to_owned()
    })
}
