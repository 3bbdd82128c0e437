//! The repository's TOML files. An error of reading names the file, the line and
//! the column, and for an unknown key the nearest known one; what is written
//! again keeps what people wrote beside the values.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use toml_edit::{Item, TableLike, Value, value};

/// What is wrong with a TOML file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}", path.display())]
pub struct TomlError {
    /// The file, as the reader knows it.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, with the nearest known key where one is near.
    pub message: String,
}

/// Reads a value from the text of a file.
pub fn read_toml<T: DeserializeOwned>(path: impl Into<PathBuf>, text: &str) -> Result<T, TomlError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = &text[..at];
        TomlError {
            path: path.into(),
            line: 1 + before.matches('\n').count(),
            column: 1 + before.rsplit('\n').next().unwrap_or_default().chars().count(),
            message: explain(error.message()),
        }
    })
}

/// Turns "unknown field `x`, expected one of `a`, `b`" into a sentence for people.
fn explain(message: &str) -> String {
    let message = message.trim_end();
    if message == "wanted string or table" {
        // What the reader says of a value that is one of several words.
        return "expected a string".to_owned();
    }
    let words = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let Some(rest) = message.strip_prefix("unknown field ") else {
        if let Some(rest) = message.strip_prefix("unknown variant ") {
            let mut all = words(rest).into_iter();
            let given = all.next().unwrap_or_default();
            let known: Vec<String> = all.collect();
            let near = nearest(&given, &known).map(|near| format!("; did you mean `{near}`?"));
            return format!("`{given}` is not one of `{}`{}", known.join("`, `"), near.unwrap_or_default());
        }
        return message.to_owned();
    };
    let mut all = words(rest).into_iter();
    let given = all.next().unwrap_or_default();
    let known: Vec<String> = all.collect();
    match nearest(&given, &known) {
        Some(near) => format!("unknown key `{given}`; did you mean `{near}`?"),
        None => format!("unknown key `{given}`; known are `{}`", known.join("`, `")),
    }
}

/// The candidate most like what was written, if one is near enough to be meant.
pub fn nearest<'a, S: AsRef<str>>(given: &str, candidates: &'a [S]) -> Option<&'a str> {
    let folded = given.to_lowercase();
    candidates
        .iter()
        .map(|candidate| {
            (strsim::jaro_winkler(&folded, &candidate.as_ref().to_lowercase()), candidate.as_ref())
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Sets a value in a file that is written again; one that is there already keeps the comment behind it.
pub(crate) fn set(table: &mut dyn TableLike, key: &str, mut new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) if is_same(old, &new) => {}
        Some(old) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => drop(table.insert(key, value(new))),
    }
}

fn is_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::String(a), Value::String(b)) => a.value() == b.value(),
        (Value::Integer(a), Value::Integer(b)) => a.value() == b.value(),
        (Value::Boolean(a), Value::Boolean(b)) => a.value() == b.value(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "remote")]
        _remote: Option<String>,
        #[serde(rename = "records")]
        _records: Option<String>,
    }

    fn message(text: &str) -> String {
        read_toml::<Sample>("deploy.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn errors_name_place_and_nearest_key() {
        assert_eq!(
            message("\n  remot = \"x\""),
            "deploy.toml:2:3: unknown key `remot`; did you mean `remote`?"
        );
        assert_eq!(message("zzz = 1"), "deploy.toml:1:1: unknown key `zzz`; known are `remote`, `records`");
        assert_eq!(message("remote = 3"), "deploy.toml:1:10: invalid type: integer `3`, expected a string");
    }
}
