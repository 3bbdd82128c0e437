//! Errors of TOML files with their place and the nearest key.

use super::diagnostic::nearest;

/// What is wrong with a TOML file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct TomlError {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl TomlError {
    /// An error of the reader; an unknown key names the nearest that is known.
    pub(crate) fn of(text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().to_owned();
        let mut quoted = message.split('`').skip(1).step_by(2);
        let near = match (message.starts_with("unknown"), quoted.next()) {
            (true, Some(wrong)) => nearest(wrong, quoted),
            _ => Vec::new(),
        };
        let start = error.span().map_or(0, |span| span.start);
        let message = match near.first() {
            Some(name) => format!("{message} (did you mean `{name}`?)"),
            None => message,
        };
        Self::at(text, start, message)
    }

    /// An error at an offset.
    pub(crate) fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Self { line, column, message }
    }
}
