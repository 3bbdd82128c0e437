//! An error or a remark about a rule's text, with the place it is about.

use std::fmt;

/// What is wrong in a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    /// The rule (or the file) that it is about.
    pub rule: String,
    /// From 1; 0 where there is no place.
    pub line: usize,
    /// From 1; 0 where there is no place.
    pub column: usize,
    /// The line of the rule's text.
    pub source_line: String,
    /// What is wrong, without a full stop.
    pub message: String,
    /// Names that may have been meant, nearest first.
    pub near: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic about a place in a text.
    pub(crate) fn at(rule: &str, text: &str, line: usize, column: usize, message: impl Into<String>) -> Self {
        let source_line = match line {
            0 => String::new(),
            line => text.lines().nth(line - 1).unwrap_or_default().to_owned(),
        };
        Self { rule: rule.to_owned(), line, column, source_line, message: message.into(), near: Vec::new() }
    }

    /// Adds the names that may have been meant.
    pub(crate) fn with_near(mut self, near: Vec<String>) -> Self {
        self.near = near;
        self
    }

    /// The message with the source line and a caret under the place.
    pub fn render(&self) -> String {
        format!("{self}\n{}", self.excerpt())
    }

    /// The message, with the names that may have been meant.
    pub fn said(&self) -> String {
        match self.near.as_slice() {
            [] => self.message.clone(),
            near => format!("{} (did you mean `{}`?)", self.message, near.join("` or `")),
        }
    }

    /// The source line with a caret under the place; nothing where there is none.
    pub fn excerpt(&self) -> String {
        let mut out = String::new();
        if !self.source_line.is_empty() {
            let number = self.line.to_string();
            let blank = " ".repeat(number.len());
            let until = self.column.saturating_sub(1);
            let pad: String =
                self.source_line.chars().take(until).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            out.push_str(&format!(
                "{blank} |\n{number} | {}\n{blank} | {pad}^\n",
                self.source_line.trim_end()
            ));
        }
        out
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}`", self.rule)?;
        if self.line > 0 {
            write!(f, ", line {}, column {}", self.line, self.column)?;
        }
        write!(f, ": {}", self.said())
    }
}

/// The names nearest to a wrong one; at most three, only those that are near.
pub(crate) fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let folded = wrong.to_lowercase();
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter(|name| *name != wrong)
        .map(|name| (strsim::osa_distance(&folded, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(3) / 3).min(6))
        .collect();
    found.sort();
    found.dedup();
    let best = found.first().map_or(0, |(distance, _)| *distance);
    found
        .into_iter()
        .filter(|(distance, _)| *distance <= best + 1)
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}
