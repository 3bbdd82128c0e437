//! The merged definition as text with git's conflict markers.
//!
//! A mark is always one line of the canonical text. It becomes the lines of
//! both sides; a comma before a side that deletes the last entry moves into
//! the conflict, so that whichever side is kept, the rest is JSON.

use serde_json::Value;

use super::super::canonical;
use super::marks::{Marks, Sides};

pub(super) fn write(marked: &Value, marks: &Marks) -> Vec<u8> {
    let text = String::from_utf8_lossy(&canonical::write(marked)).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        let run: Vec<Marked<'_>> = lines[at..].iter().map_while(|line| Marked::of(line, marks)).collect();
        if run.is_empty() {
            out.push(lines[at].to_owned());
            at += 1;
            continue;
        }
        at += run.len();
        let ends = run.last().is_some_and(|last| last.comma.is_empty());
        let deletes = run.iter().any(|marked| marked.sides.ours.is_empty() || marked.sides.theirs.is_empty());
        if ends && deletes {
            last_entries(&run, &mut out);
        } else {
            for marked in &run {
                region(marked.lines(&marked.sides.ours), marked.lines(&marked.sides.theirs), &mut out);
            }
        }
    }
    out.push(String::new());
    out.join("\n").into_bytes()
}

/// A line that holds a mark: what stands before it, its two sides, and its comma.
struct Marked<'t> {
    before: &'t str,
    sides: &'t Sides,
    comma: &'static str,
}

impl<'t> Marked<'t> {
    fn of(line: &'t str, marks: &'t Marks) -> Option<Self> {
        let (entry, comma) = match line.strip_suffix(',') {
            Some(entry) => (entry, ","),
            None => (line, ""),
        };
        let open = entry.strip_suffix('"')?.rfind('"')?;
        let sides = marks.sides_of(&entry[open + 1..entry.len() - 1])?;
        Some(Self { before: &entry[..open], sides, comma })
    }

    /// The lines of one side, with this line's comma at the end.
    fn lines(&self, items: &[Value]) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let indent = " ".repeat(self.before.len() - self.before.trim_start().len());
            let text = String::from_utf8_lossy(&canonical::write(item)).into_owned();
            let first = lines.len();
            lines.extend(text.lines().map(|line| format!("{indent}{line}")));
            lines[first] = format!("{}{}", self.before, lines[first].trim_start());
            let comma = if at + 1 < items.len() { "," } else { self.comma };
            if let Some(last) = lines.last_mut() {
                last.push_str(comma);
            }
        }
        lines
    }
}

/// Marks at the end of an object or array, of which one side may leave nothing.
fn last_entries(run: &[Marked<'_>], out: &mut Vec<String>) {
    let side = |items: fn(&Sides) -> &[Value]| -> Vec<String> {
        let entries = run.iter().map(|marked| Marked { comma: ",", ..*marked }.lines(items(marked.sides)));
        let mut lines: Vec<String> = entries.flatten().collect();
        if let Some(last) = lines.last_mut() {
            last.pop();
        }
        lines
    };
    let (mut ours, mut theirs) = (side(|sides| &sides.ours), side(|sides| &sides.theirs));
    let has_comma_before = out.last().is_some_and(|line| line.ends_with(','));
    if (ours.is_empty() || theirs.is_empty())
        && has_comma_before
        && let Some(before) = out.pop()
    {
        for lines in [&mut ours, &mut theirs] {
            let line = if lines.is_empty() { before.trim_end_matches(',') } else { &before };
            lines.insert(0, line.to_owned());
        }
    }
    region(ours, theirs, out);
}

fn region(ours: Vec<String>, theirs: Vec<String>, out: &mut Vec<String>) {
    out.push("<<<<<<< ours".to_owned());
    out.extend(ours);
    out.push("=======".to_owned());
    out.extend(theirs);
    out.push(">>>>>>> theirs".to_owned());
}
