//! What was found, where, and how it reads.

use std::fmt;

use serde::Serialize;

use crate::definition::diff::visible;
use crate::definition::validate::{Code, Severity};

/// Something found in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its stable name ([`super::codes`]).
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The file, from the root; none: the repository as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// A JSON pointer into the definition in its canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What is wrong, and what helps.
    pub message: String,
}

impl Finding {
    pub(super) fn new(code: Code, path: &str, message: impl Into<String>) -> Self {
        let path = (!path.is_empty()).then(|| path.to_owned());
        let (line, column, pointer) = (None, None, None);
        Self {
            code: code.code,
            severity: code.severity,
            path,
            line,
            column,
            pointer,
            message: message.into(),
        }
    }

    pub(super) fn at(self, line: usize, column: usize) -> Self {
        // Readers give column 0 for the end of a file behind a line end.
        Self { line: Some(line.max(1)), column: Some(column.max(1)), ..self }
    }

    pub(super) fn pointer(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// The place as it is written: `path:line:column`, or the path and the pointer.
    pub fn place(&self) -> String {
        let path = self.path.as_deref().map_or_else(|| "(repository)".to_owned(), visible);
        match (self.line, self.column, &self.pointer) {
            (Some(line), Some(column), _) => format!("{path}:{line}:{column}"),
            (_, _, Some(pointer)) => format!("{path}#{}", visible(pointer)),
            _ => path,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}[{}]: {}", self.place(), self.severity, self.code, visible(&self.message))
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What was found, in the order of the places.
    pub findings: Vec<Finding>,
    /// How many definitions were looked at.
    pub schedules: usize,
    /// How many packages were looked at.
    pub packages: usize,
    /// How many rollouts were looked at.
    pub rollouts: usize,
}

impl Report {
    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether there is anything worse than a note.
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }

    /// `2 errors, 1 note`, or `nothing found`.
    pub fn in_words(&self) -> String {
        let words: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
            .into_iter()
            .filter_map(|severity| match self.count(severity) {
                0 => None,
                1 => Some(format!("1 {severity}")),
                count => Some(format!("{count} {severity}s")),
            })
            .collect();
        if words.is_empty() { "nothing found".to_owned() } else { words.join(", ") }
    }

    /// A table for a pull request.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("**opcon-deploy check**: {}\n", self.in_words());
        if self.findings.is_empty() {
            return text;
        }
        text.push_str("\n| | Place | Finding |\n|---|---|---|\n");
        for finding in &self.findings {
            text.push_str(&format!(
                "| {} | {} | {} (`{}`) |\n",
                finding.severity,
                code_span(&finding.place()),
                plain(&visible(&finding.message)),
                finding.code,
            ));
        }
        text
    }
}

/// Text in a cell, its own backticks as code, everything else as it is.
fn plain(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(at, part)| {
        // Odd parts stand between backticks.
        if at % 2 == 1 { code_span(part) } else { escape(part) }
    });
    if text.matches('`').count().is_multiple_of(2) {
        parts.collect()
    } else {
        escape(&text.replace('`', "'"))
    }
}

fn code_span(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|"))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\|<>*_[]~&#".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::code;
    use super::*;

    fn report() -> Report {
        let findings = vec![
            Finding::new(code::JSON, "schedules/A|B.json", "the key `a|b` stands\ttwice").at(3, 5),
            Finding::new(code::SUB_SCHEDULE, "schedules/C.json", "job `x_y` <b>").pointer("/scheduleList/0"),
            Finding::new(code::UNWIRED, "", "odd ` tick"),
        ];
        Report { findings, schedules: 2, packages: 0, rollouts: 0 }
    }

    #[test]
    fn findings_read_like_a_compiler() {
        let lines: Vec<String> = report().findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "schedules/A|B.json:3:5: error[json]: the key `a|b` stands\\ttwice",
                "schedules/C.json#/scheduleList/0: warning[sub-schedule-missing]: job `x_y` <b>",
                "(repository): note[unwired]: odd ` tick",
            ]
        );
        assert_eq!(report().in_words(), "1 error, 1 warning, 1 note");
        assert!(!report().is_clean());
    }

    #[test]
    fn markdown_cells_stay_cells() {
        assert_eq!(
            report().to_markdown(),
            "**opcon-deploy check**: 1 error, 1 warning, 1 note\n\n| | Place | Finding |\n|---|---|---|\n\
             | error | `schedules/A\\|B.json:3:5` | the key `a\\|b` stands\\\\ttwice (`json`) |\n\
             | warning | `schedules/C.json#/scheduleList/0` | job `x_y` \\<b\\> (`sub-schedule-missing`) |\n\
             | note | `(repository)` | odd ' tick (`unwired`) |\n"
        );
        assert_eq!(Report::default().to_markdown(), "**opcon-deploy check**: nothing found\n");
    }
}
