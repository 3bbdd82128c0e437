//! Versions of scripts on a target: what they are to be, and what they are.

use std::collections::BTreeMap;

use super::seen::{Seen, Verdict};
use super::transaction::{Piece, Transaction};
use crate::opcon::{ImportRules, OpConError, OpConSystem, Script, ScriptTexts};

/// The texts of some versions of a script, by number.
pub type Texts = BTreeMap<i64, String>;

/// What stands on a target of a script.
#[derive(Debug, Clone, Default)]
pub struct StandingScript {
    texts: Texts,
}

impl StandingScript {
    /// Reads all versions of a script.
    pub async fn read(system: &dyn OpConSystem, name: &str) -> Result<Self, OpConError> {
        let mut texts = Texts::new();
        let scripts = system.scripts(name).await?;
        if let Some(script) = scripts.into_iter().find(|script| script.name == name) {
            for version in &script.versions {
                texts.insert(version.number, text(system, &script, version.number).await?);
            }
        }
        Ok(Self { texts })
    }

    /// The texts that sending some versions touches: theirs, or with a reset all.
    pub fn touched(&self, sent: &Texts, reset: bool) -> Texts {
        let touched = self.texts.iter().filter(|(number, _)| reset || sent.contains_key(number));
        touched.map(|(number, text)| (*number, text.clone())).collect()
    }
}

async fn text(system: &dyn OpConSystem, script: &Script, number: i64) -> Result<String, OpConError> {
    let known = script.versions.iter().find(|version| version.number == number);
    match known.and_then(|version| version.content.clone()) {
        Some(content) => Ok(content),
        None => system.script_content(script, number).await,
    }
}

/// The texts as they are kept with a record.
pub fn to_bytes(texts: &Texts) -> Vec<u8> {
    let versions: serde_json::Map<String, serde_json::Value> =
        texts.iter().map(|(number, text)| (number.to_string(), text.clone().into())).collect();
    crate::definition::write(&versions.into())
}

fn from_bytes(bytes: Option<&[u8]>) -> Texts {
    bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}

impl Transaction {
    /// Sends versions of a script.
    pub fn sending(piece: Piece, texts: ScriptTexts, rules: ImportRules) -> Self {
        Self {
            pieces: vec![piece.into()],
            scripts: vec![texts],
            package: None,
            rules,
            previous: crate::repository::records::Status::Inactive,
            supersedes: Vec::new(),
            taken_up: Vec::new(),
        }
    }
}

/// Looks at a script.
pub(super) async fn look(
    system: &dyn OpConSystem,
    piece: &Piece,
    rules: &ImportRules,
) -> Result<Seen, OpConError> {
    let (wanted, found) = (from_bytes(piece.wanted.as_deref()), from_bytes(piece.found.as_deref()));
    let stands = StandingScript::read(system, piece.name()).await?.touched(&wanted, rules.reset_scripts);
    let verdict = match &stands {
        stands if *stands == wanted => Verdict::AsWanted,
        stands if *stands == found => Verdict::AsBefore,
        stands => Verdict::Neither(differences(&wanted, stands)),
    };
    Ok(Seen { verdict, bytes: Some(to_bytes(&stands)) })
}

fn differences(wanted: &Texts, stands: &Texts) -> Vec<String> {
    let of = |number: &i64| match (wanted.get(number), stands.get(number)) {
        (Some(wanted), Some(stands)) if wanted == stands => None,
        (Some(_), Some(_)) => Some(format!("version {number} has another text")),
        (Some(_), None) => Some(format!("version {number} is not there")),
        (None, _) => Some(format!("version {number} is there still")),
    };
    let numbers: std::collections::BTreeSet<&i64> = wanted.keys().chain(stands.keys()).collect();
    numbers.into_iter().filter_map(of).collect()
}
