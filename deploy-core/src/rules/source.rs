//! The text of a rule, and what its head says.

use super::diagnostic::{Diagnostic, nearest};
use super::replace::Unmatched;
use super::trace::Level;
use crate::definition::RuleName;

/// How a rule is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// A rhai script.
    Rhai,
    /// The vendor's JSON form.
    VendorJson,
}

/// A rule to be compiled.
#[derive(Debug, Clone)]
pub struct RuleSource {
    /// Its name.
    pub name: RuleName,
    /// Where it was brought in.
    pub level: Level,
    /// How it is written.
    pub language: Language,
    /// Its text.
    pub text: String,
    /// Its version, as shown to people.
    pub version: Option<String>,
}

/// What the comment at the head of a script says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The description.
    pub description: String,
    /// What happens where a call matched nothing (`@optional`, `@strict`).
    pub unmatched: Option<Unmatched>,
    /// Whether applying the rule twice is the same as once (`@idempotent`).
    pub idempotent: bool,
}

const WORDS: &[&str] = &["optional", "strict", "idempotent"];

/// Reads the comment at the head of a script: the description, and words such as `@optional`.
pub fn head(rule: &str, text: &str) -> Result<Head, Diagnostic> {
    let mut head = Head::default();
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("//") else {
            break;
        };
        let comment = comment.trim_start_matches(['/', '!']).trim();
        let Some(word) = comment.strip_prefix('@') else {
            lines.push(comment);
            continue;
        };
        match word {
            "optional" => head.unmatched = Some(Unmatched::Optional),
            "strict" => head.unmatched = Some(Unmatched::Strict),
            "idempotent" => head.idempotent = true,
            _ => {
                let column = line.find('@').unwrap_or(0) + 1;
                let message = format!("`@{word}` means nothing at the head of a rule");
                return Err(Diagnostic::at(rule, text, at + 1, column, message)
                    .with_near(nearest(word, WORDS.iter().copied())));
            }
        }
    }
    head.description = lines.join("\n").trim().to_owned();
    Ok(head)
}
