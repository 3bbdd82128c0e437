//! A difference in the few words of a commit trailer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, ChangeKind, Difference, Thing, visible};
use crate::definition::form::Part;

/// About the longest a trailer may be, in characters.
const LONGEST: usize = 120;

/// How many field names of the schedule are told before they are counted.
const MOST_FIELDS: usize = 3;

impl Difference {
    /// The few words for a commit trailer, on one line:
    /// `jobs: 2 added, 1 removed; startTime; properties: 1 changed`.
    pub fn in_words(&self) -> String {
        let own = |change: &&Change| change.part != Part::Reverse;
        let mut groups = groups(self.changes.iter().filter(own));
        if groups.is_empty() {
            groups = self::groups(self.changes.iter());
        }
        if groups.is_empty() {
            return "no difference".to_owned();
        }
        let mut words = String::new();
        for (at, group) in groups.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            if at > 0 && words.chars().count() + group.chars().count() + 5 > LONGEST {
                words.push_str("; …");
                break;
            }
            words.push_str(separator);
            words.extend(group.chars().take(LONGEST));
        }
        words
    }
}

fn groups<'c>(changes: impl Iterator<Item = &'c Change>) -> Vec<String> {
    let mut things: BTreeMap<(u8, Thing), Count<'c>> = BTreeMap::new();
    let mut fields: BTreeSet<&str> = BTreeSet::new();
    for change in changes {
        let place = &change.place;
        let is_whole = change.field.is_none();
        if let (Thing::Schedule | Thing::Definition, Some(field)) = (place.thing, &change.field) {
            fields.insert(field.split(['.', '[']).next().unwrap_or(field));
            continue;
        }
        let is_of_job = place.job.is_some()
            && !matches!(place.thing, Thing::ExternalDependency | Thing::ReverseDependency);
        let thing = if is_of_job { Thing::Job } else { place.thing };
        let count = things.entry((rank(thing), thing)).or_default();
        match change.kind {
            ChangeKind::Added if is_whole && thing == place.thing => count.added += 1,
            ChangeKind::Removed if is_whole && thing == place.thing => count.removed += 1,
            ChangeKind::Renamed => count.renamed += 1,
            _ => {
                let key = if is_of_job { place.job.as_deref() } else { place.key.as_deref() };
                count.changed.insert((place.schedule.as_deref(), key));
            }
        }
    }
    let mut groups: Vec<(u8, String)> =
        things.iter().map(|((rank, thing), count)| (*rank, count.in_words(*thing))).collect();
    if !fields.is_empty() {
        let at = groups.iter().take_while(|(rank, _)| *rank <= 1).count();
        groups.insert(at, (1, field_names(&fields)));
    }
    groups.into_iter().map(|(_, words)| words).collect()
}

/// Schedules and jobs come first, then the fields of the schedule, then the rest.
fn rank(thing: Thing) -> u8 {
    match thing {
        Thing::Schedule => 0,
        Thing::Job => 1,
        _ => 2,
    }
}

fn field_names(fields: &BTreeSet<&str>) -> String {
    let mut words: Vec<String> = fields.iter().take(MOST_FIELDS).map(|field| visible(field)).collect();
    if fields.len() > MOST_FIELDS {
        words.push(format!("{} more fields", fields.len() - MOST_FIELDS));
    }
    words.join(", ")
}

#[derive(Default)]
struct Count<'c> {
    added: usize,
    removed: usize,
    renamed: usize,
    changed: BTreeSet<(Option<&'c str>, Option<&'c str>)>,
}

impl Count<'_> {
    fn in_words(&self, thing: Thing) -> String {
        let counts = [
            (self.added, "added"),
            (self.removed, "removed"),
            (self.renamed, "renamed"),
            (self.changed.len(), "changed"),
        ];
        let counts =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        format!("{}: {}", thing.plural(), counts.collect::<Vec<_>>().join(", "))
    }
}
