//! Shared objects on which the schedules of one transaction do not agree: only
//! one of them can be sent.

use serde_json::{Value, json};

use super::findings::Where;
use super::{Findings, Subject};
use crate::definition::diff::{diff, in_words, pair_in_words};
use crate::definition::{Definition, Disagreement, Thing};
use crate::deploy::Severity;

/// So many differences of two objects are told.
const TOLD: usize = 3;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    for disagreement in subject.disagreements {
        if let Some((severity, message)) = told(disagreement, subject.exported) {
            findings.add(severity, Where::default(), message);
        }
    }
}

fn told(disagreement: &Disagreement, exported: Option<&str>) -> Option<(Severity, String)> {
    let Disagreement { list, name, taken, left } = disagreement;
    // Values move at run time: those of counters are no difference, those of properties worth a note.
    let moves = matches!(list.as_str(), "propertyList" | "variableList");
    let bare = |item: &Value| {
        let mut item = item.clone();
        if let Some(item) = item.as_object_mut().filter(|_| moves) {
            item.remove("value");
        }
        wrapped(list, item, exported)
    };
    let whole = |item: &Value| wrapped(list, item.clone(), exported);
    let definition = diff(&bare(left)?, &bare(taken)?);
    let (difference, severity) = match (definition.is_empty(), list.as_str()) {
        (false, _) => (definition, Severity::Warning),
        (true, "propertyList") => (diff(&whole(left)?, &whole(taken)?), Severity::Note),
        (true, _) => return None,
    };
    let mut words: Vec<String> = difference
        .changes
        .iter()
        .take(TOLD)
        .map(|change| {
            let field = change.field.as_deref().unwrap_or_else(|| change.place.thing.singular());
            match (&change.old, &change.new) {
                (Some(old), Some(new)) => {
                    match pair_in_words(old, new) {
                        // Both are encrypted.
                        (old, new) if old == new => field.to_owned(),
                        (old, new) => format!("{field} `{new}`, not `{old}`"),
                    }
                }
                (None, Some(new)) => format!("with {field} `{}`", in_words(new)),
                (Some(old), None) => format!("without {field} `{}`", in_words(old)),
                (None, None) => field.to_owned(),
            }
        })
        .collect();
    if words.is_empty() {
        return None;
    }
    if difference.changes.len() > TOLD {
        words.push("…".to_owned());
    }
    let thing = Thing::at_top(list).map_or("object", |thing| thing.of_item(taken).singular());
    let name =
        name.split_once(' ').filter(|_| list == "variableList").map_or(name.as_str(), |(_, name)| name);
    let message = format!(
        "{thing} `{name}` differs between the schedules; that of the newest commit is sent: {}",
        words.join(", ")
    );
    Some((severity, message))
}

/// A definition with one shared object, exported on a day: an export holds future dates only.
fn wrapped(list: &str, item: Value, exported: Option<&str>) -> Option<Definition> {
    let lines: Vec<String> = exported.iter().map(|day| format!("Export Date : {day} 00:00:00")).collect();
    let value = json!({"scheduleList": [{"name": "-"}], "descriptionList": lines, list: [item]});
    Definition::from_value(value).ok()
}
