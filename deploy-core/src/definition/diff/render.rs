//! A difference as styled lines of text; whoever prints them adds the colours.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::excerpt::{in_words, is_long, pair_in_words, visible};
use super::{Change, ChangeKind, Difference, Thing};
use crate::definition::form::Part;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Says where the lines below it belong.
    Plain,
    /// Begins a schedule or a part.
    Heading,
    /// New.
    Added,
    /// Gone.
    Removed,
    /// Other than before.
    Changed,
    /// Explains.
    Note,
}

/// A line of text, indented, without colour or line end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// How it is meant.
    pub style: Style,
    /// What it says.
    pub text: String,
}

/// The lines of a difference; one note where there is none.
pub fn lines(difference: &Difference) -> Vec<Line> {
    entries(difference).iter().map(Entry::to_line).collect()
}

/// A word of ours, or text of the definition.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Word(&'static str),
    Text(String),
}

/// A line before it is text or Markdown.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) depth: usize,
    pub(super) style: Style,
    pub(super) pieces: Vec<Piece>,
}

impl Entry {
    fn to_line(&self) -> Line {
        let sign = match self.style {
            Style::Added => "+ ",
            Style::Removed => "- ",
            Style::Changed => "~ ",
            Style::Plain | Style::Heading | Style::Note => "",
        };
        let words: Vec<&str> = self
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Word(word) => *word,
                Piece::Text(text) => text,
            })
            .collect();
        Line { style: self.style, text: format!("{}{sign}{}", "  ".repeat(self.depth), words.join(" ")) }
    }
}

pub(super) fn entries(difference: &Difference) -> Vec<Entry> {
    let mut entries = Vec::new();
    let of_part = |part: Part| difference.changes.iter().filter(move |change| change.part == part);
    let mut schedules: Vec<Option<&str>> = Vec::new();
    for change in of_part(Part::Own) {
        let schedule = change.place.schedule.as_deref();
        if !schedules.contains(&schedule) {
            schedules.push(schedule);
        }
    }
    for schedule in schedules {
        let title = schedule.map_or(Piece::Word("Other parts of the definition"), text);
        entries.push(Entry { depth: 0, style: Style::Heading, pieces: vec![title] });
        schedule_entries(
            of_part(Part::Own).filter(|change| change.place.schedule.as_deref() == schedule),
            &mut entries,
        );
    }
    for (part, title) in [
        (Part::Shared, "Shared with other schedules"),
        (Part::Reverse, "Dependencies of other schedules on it (no difference of its own)"),
    ] {
        let mut changes = of_part(part).peekable();
        if changes.peek().is_some() {
            entries.push(Entry { depth: 0, style: Style::Heading, pieces: vec![Piece::Word(title)] });
            changes.for_each(|change| change_entries(change, 1, &mut entries));
        }
    }
    if entries.is_empty() {
        let pieces = vec![Piece::Word("no difference")];
        entries.push(Entry { depth: 0, style: Style::Note, pieces });
    }
    entries
}

/// Fields of the schedule, then job by job, then the rest.
fn schedule_entries<'c>(changes: impl Iterator<Item = &'c Change>, entries: &mut Vec<Entry>) {
    let (mut own, mut jobs, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match change.place.thing {
            Thing::Schedule | Thing::Definition => own.push(change),
            Thing::ExternalDependency => rest.push(change),
            _ if change.place.job.is_some() => jobs.push(change),
            _ => rest.push(change),
        }
    }
    own.into_iter().for_each(|change| change_entries(change, 1, entries));
    let mut current = None;
    for change in jobs {
        if change.place.thing == Thing::Job && change.field.is_none() {
            change_entries(change, 1, entries);
            continue;
        }
        let job = change.place.job.as_deref().unwrap_or_default();
        if current != Some(job) {
            current = Some(job);
            entries.push(Entry {
                depth: 1,
                style: Style::Plain,
                pieces: vec![Piece::Word("job"), text(job)],
            });
        }
        change_entries(change, 2, entries);
    }
    rest.into_iter().for_each(|change| change_entries(change, 1, entries));
}

fn change_entries(change: &Change, depth: usize, entries: &mut Vec<Entry>) {
    let style = match change.kind {
        ChangeKind::Added => Style::Added,
        ChangeKind::Removed => Style::Removed,
        ChangeKind::Renamed | ChangeKind::Changed => Style::Changed,
    };
    let mut pieces = what(change);
    if !is_told_by_values(change) {
        pieces.extend(change.field.as_deref().map(text));
    }
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if change.kind == ChangeKind::Renamed => {
            pieces.extend([Piece::Text(in_words(old)), Piece::Word("is now"), Piece::Text(in_words(new))]);
        }
        (Some(old), Some(new)) => {
            let needs_lines = is_long(old) || is_long(new);
            let (old, new) = pair_in_words(old, new);
            if needs_lines {
                entries.push(Entry { depth, style, pieces });
                for (style, value) in [(Style::Removed, old), (Style::Added, new)] {
                    entries.push(Entry { depth: depth + 1, style, pieces: vec![Piece::Text(value)] });
                }
                return;
            }
            pieces.extend([Piece::Text(old), Piece::Word("→"), Piece::Text(new)]);
        }
        (Some(value), None) | (None, Some(value)) => pieces.extend(told_of_whole(change, value)),
        (None, None) => {}
    }
    entries.push(Entry { depth, style, pieces });
}

/// The thing, unless the heading above says it.
fn what(change: &Change) -> Vec<Piece> {
    let place = &change.place;
    let is_told_above = change.field.is_some() && matches!(place.thing, Thing::Schedule | Thing::Job);
    if is_told_above || place.thing == Thing::Definition {
        return Vec::new();
    }
    let mut pieces = vec![Piece::Word(place.thing.singular())];
    let name = match place.thing {
        _ if change.kind == ChangeKind::Renamed || is_told_by_values(change) => None,
        Thing::Schedule => place.schedule.as_deref(),
        Thing::Job => place.job.as_deref(),
        _ => place.key.as_deref(),
    };
    pieces.extend(name.map(|name| Piece::Text(in_words(&Value::from(name)))));
    pieces
}

/// Whether the old and the new value are themselves what the thing is known by.
fn is_told_by_values(change: &Change) -> bool {
    change.kind == ChangeKind::Changed
        && matches!(
            (change.place.thing, change.field.as_deref()),
            (_, None) | (Thing::Event, Some("event")) | (Thing::ExpressionDependency, Some("expression"))
        )
}

/// What is worth saying of a thing or a field that came or went.
fn told_of_whole(change: &Change, value: &Value) -> Option<Piece> {
    if change.field.is_some() {
        return Some(Piece::Text(in_words(value)));
    }
    match change.place.thing {
        Thing::Job => Some(text(&format!("({})", value["type"].as_str().unwrap_or("no type")))),
        Thing::Property | Thing::Resource | Thing::Threshold | Thing::Variable => {
            value.get("value").map(|value| Piece::Text(in_words(value)))
        }
        _ => None,
    }
}

fn text(text: &str) -> Piece {
    Piece::Text(visible(text))
}
