//! Scripts into a system: an insert that carries scripts and no schedule.

use serde::Serialize;
use serde_json::{Value, json};

use super::error::OpConError;
use super::http::HttpSystem;
use super::impex::ImportRules;

/// A script with the texts that are to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptTexts {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it is written in, which says what runs it.
    pub kind: String,
    /// How files of that kind end, without the dot.
    pub extension: String,
    /// The versions that are sent.
    pub versions: Vec<ScriptText>,
}

/// The text of one version of a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptText {
    /// Its version number, the same on every system.
    pub number: i64,
    /// What is said of it.
    pub message: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// The text.
    pub content: String,
}

impl ScriptTexts {
    /// As it stands in a definition; what runs it belongs to the system and is left to it.
    fn to_entry(&self) -> Value {
        let versions: Vec<Value> = self
            .versions
            .iter()
            .map(|version| {
                json!({
                    "version": version.number.to_string(), "author": version.author.as_deref().unwrap_or_default(),
                    "message": version.message.as_deref().unwrap_or_default(), "content": version.content,
                })
            })
            .collect();
        json!({
            "data": {"name": self.name, "description": self.description, "typeName": self.kind},
            "type": {"name": self.kind, "fileExtension": format!(".{}", self.extension)},
            "runnerList": [],
            "versionList": versions,
        })
    }
}

impl HttpSystem {
    pub(crate) async fn insert_script_texts(
        &self,
        scripts: &[ScriptTexts],
        reset: bool,
    ) -> Result<(), OpConError> {
        let what = match scripts {
            [only] => format!("script `{}`", only.name),
            [first, others @ ..] => format!("script `{}` and {} more", first.name, others.len()),
            [] => return Ok(()),
        };
        let doing = format!("insert {what} into `{}`", self.server());
        let entries: Vec<Value> = scripts.iter().map(ScriptTexts::to_entry).collect();
        let extract = json!({ "scheduleList": [], "scriptList": entries });
        let rules = ImportRules { reset_scripts: reset, ..ImportRules::default() };
        self.insert_value(doing, &extract, &rules).await.map(|_| ())
    }
}
