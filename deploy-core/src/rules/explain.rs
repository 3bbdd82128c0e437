//! The trace as a tree that people read.

use std::fmt::Write as _;

use serde_json::Value;

use super::trace::{Call, CallRef, Hit, Level, RuleTrace, Spot, Trace, What};

/// One line of the tree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Line {
    /// How deep it stands, from 0.
    pub depth: usize,
    /// What it is about, for colours.
    pub kind: LineKind,
    /// Its text.
    pub text: String,
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Where rules were brought in.
    Level,
    /// A rule.
    Rule,
    /// A call of a tag, or a line of a script.
    Call,
    /// A value changed.
    Hit,
    /// A value that an earlier call had taken.
    Ignored,
    /// A call that matched nothing.
    Nothing,
    /// A remark.
    Note,
}

impl Trace {
    /// The tree: levels, rules, calls, what they changed.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut level: Option<Level> = None;
        for rule in &self.rules {
            if level != Some(rule.level) {
                level = Some(rule.level);
                lines.push(line(0, LineKind::Level, rule.level.as_str().to_owned()));
            }
            lines.push(line(1, LineKind::Rule, title(rule)));
            for note in &rule.notes {
                let place = if note.line > 0 { format!("line {}: ", note.line) } else { String::new() };
                lines.push(line(2, LineKind::Note, format!("{place}{}", note.text)));
            }
            for call in &rule.calls {
                self.call_lines(call, &mut lines);
            }
        }
        lines
    }

    fn call_lines(&self, call: &Call, lines: &mut Vec<Line>) {
        let place = if call.line > 0 { format!("line {}: ", call.line) } else { String::new() };
        lines.push(line(2, LineKind::Call, format!("{place}{}", asked(&call.what))));
        for hit in &call.hits {
            let later =
                hit.relayed.map(|later| format!(", relayed by {}", self.who(later))).unwrap_or_default();
            lines.push(line(3, LineKind::Hit, format!("{}: {}{later}", spot(&hit.spot), change(hit))));
        }
        for ignored in &call.ignored {
            let text = format!("ignored at {}: taken by {}", spot(&ignored.spot), self.who(ignored.by));
            lines.push(line(3, LineKind::Ignored, text));
        }
        let asks = matches!(&call.what, What::Tag { tag, .. } if tag != "environment");
        if asks && call.hits.is_empty() && call.ignored.is_empty() {
            lines.push(line(3, LineKind::Nothing, "matched nothing".to_owned()));
        }
    }

    fn who(&self, at: CallRef) -> String {
        match self.call(at) {
            Some((rule, call)) if call.line > 0 => format!("`{}` line {}", rule.name, call.line),
            Some((rule, _)) => format!("`{}`", rule.name),
            None => "an earlier call".to_owned(),
        }
    }

    /// The tree as text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for line in self.lines() {
            let _ = writeln!(out, "{}{}", "  ".repeat(line.depth), line.text);
        }
        out
    }

    /// The tree as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        for line in self.lines() {
            let _ = match line.kind {
                LineKind::Level => writeln!(out, "- **{}**", line.text),
                _ => writeln!(out, "{}- {}", "  ".repeat(line.depth), line.text),
            };
        }
        out
    }
}

fn line(depth: usize, kind: LineKind, text: String) -> Line {
    Line { depth, kind, text }
}

fn title(rule: &RuleTrace) -> String {
    match &rule.version {
        Some(version) => format!("{} (version {version})", rule.name),
        None => rule.name.clone(),
    }
}

fn asked(what: &What) -> String {
    let What::Tag { tag, current, new, job, schedule, partial } = what else {
        return "script".to_owned();
    };
    let mut text = format!("{tag} `{current}` → `{new}`");
    if *partial {
        text.push_str(", parts of values");
    }
    for (word, name) in [("jobs", job), ("schedules", schedule)] {
        if let Some(name) = name {
            let _ = write!(text, ", {word} `{name}`");
        }
    }
    text
}

fn spot(spot: &Spot) -> String {
    let names: Vec<&str> = [&spot.schedule, &spot.job].into_iter().flatten().map(String::as_str).collect();
    match names.is_empty() {
        true => spot.pointer.clone(),
        false => format!("{} {}", names.join(" / "), spot.pointer),
    }
}

fn change(hit: &Hit) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or("(nothing)".to_owned(), Value::to_string);
    format!("{} → {}", value(&hit.old), value(&hit.new))
}
