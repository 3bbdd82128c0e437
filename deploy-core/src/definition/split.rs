//! Splitting a definition with several schedules into one per schedule, and
//! joining them again: `join(split(x)) = x`.
//!
//! Each part takes the shared objects its own text refers to, and those that
//! nothing refers to. A reference is the object's name anywhere in the text of
//! the schedule, not as part of a longer word.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::{Map, Value};

use super::form::{self, Node, Order, Part, SHARED_LISTS};
use super::{Definition, compare, sort_sets};

/// The definitions of the single schedules, in the order of their names.
pub fn split(whole: Definition) -> Vec<Definition> {
    if whole.schedules().len() <= 1 {
        return vec![whole];
    }
    let parts = Parts::of(&whole);
    (0..whole.schedules().len()).map(|at| parts.part(at)).collect()
}

/// The parts of a definition, each made when it is asked for.
pub(crate) struct Parts<'w> {
    whole: &'w Definition,
    shared: SharedNames,
    /// For each schedule: the shared objects its text refers to.
    referred: Vec<HashSet<usize>>,
    by_any: HashSet<usize>,
    names: HashSet<&'w str>,
}

impl<'w> Parts<'w> {
    pub(crate) fn of(whole: &'w Definition) -> Self {
        let shared = SharedNames::of(whole.value());
        let referred: Vec<HashSet<usize>> =
            whole.schedules().iter().map(|schedule| shared.referred_by(schedule, whole.value())).collect();
        let by_any = referred.iter().flatten().copied().collect();
        let names = whole.names().into_iter().collect();
        Self { whole, shared, referred, by_any, names }
    }

    /// The definition of one schedule, by its place.
    pub(crate) fn part(&self, at: usize) -> Definition {
        let takes = |entry: usize| self.referred[at].contains(&entry) || !self.by_any.contains(&entry);
        let schedule = &self.whole.schedules()[at];
        let name = &schedule["name"];
        let mut part = Map::new();
        for (key, value) in self.whole.value().as_object().into_iter().flatten() {
            let value = match (key.as_str(), value) {
                ("scheduleList", _) => Value::Array(vec![schedule.clone()]),
                ("externalDependencyList", Value::Array(items)) => self.owned_by(items, "scheduleName", name),
                ("externalDependencyOnList", Value::Array(items)) => {
                    self.owned_by(items, "predecessorScheduleName", name)
                }
                (list, Value::Array(items)) => match self.shared.first_of(list) {
                    Some(first) => {
                        let kept = items.iter().enumerate().filter(|(at, _)| takes(first + at));
                        Value::Array(kept.map(|(_, item)| item.clone()).collect())
                    }
                    None => value.clone(),
                },
                _ => value.clone(),
            };
            part.insert(key.clone(), value);
        }
        Definition::from_sorted(Value::Object(part))
    }

    /// The dependencies of one schedule, and those of none of the schedules here.
    fn owned_by(&self, items: &[Value], field: &str, name: &Value) -> Value {
        let is_here = |owner: &Value| owner.as_str().is_some_and(|owner| self.names.contains(owner));
        let owned =
            items.iter().filter(|item| item.get(field).is_none_or(|owner| owner == name || !is_here(owner)));
        Value::Array(owned.cloned().collect())
    }
}

/// The names of all shared objects of a definition, numbered through.
struct SharedNames {
    /// List key and number of its first entry.
    firsts: Vec<(&'static str, usize)>,
    finder: Option<AhoCorasick>,
    /// Which entry a pattern of the finder belongs to.
    entries: Vec<usize>,
}

impl SharedNames {
    fn of(whole: &Value) -> Self {
        let (mut firsts, mut names, mut entries, mut next) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (list, key) in SHARED_LISTS {
            let Some(items) = whole.get(list).and_then(Value::as_array) else {
                continue;
            };
            firsts.push((*list, next));
            for item in items {
                let name = key.last().and_then(|path| form::field(item, path)).and_then(Value::as_str);
                if let Some(name) = name.filter(|name| !name.is_empty()) {
                    names.push(name);
                    entries.push(next);
                }
                next += 1;
            }
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(names).ok();
        Self { firsts, finder, entries }
    }

    fn first_of(&self, list: &str) -> Option<usize> {
        self.firsts.iter().find(|(key, _)| *key == list).map(|(_, first)| *first)
    }

    fn referred_by(&self, schedule: &Value, whole: &Value) -> HashSet<usize> {
        let mut found = HashSet::new();
        self.search(schedule, &mut found);
        for list in ["externalDependencyList", "externalDependencyOnList"] {
            for item in whole.get(list).and_then(Value::as_array).into_iter().flatten() {
                if item.get("scheduleName") == schedule.get("name") {
                    self.search(item, &mut found);
                }
            }
        }
        found
    }

    fn search(&self, value: &Value, found: &mut HashSet<usize>) {
        match value {
            Value::String(text) => {
                let Some(finder) = &self.finder else { return };
                for hit in finder.find_overlapping_iter(text.as_str()) {
                    let word =
                        |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
                    let before = text[..hit.start()].chars().next_back();
                    let after = text[hit.end()..].chars().next();
                    if !word(before) && !word(after) {
                        found.insert(self.entries[hit.pattern().as_usize()]);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.search(item, found)),
            Value::Object(map) => map.values().for_each(|item| self.search(item, found)),
            _ => {}
        }
    }
}

/// A shared object that two joined definitions hold with different content.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// The list it stands in, such as `propertyList`.
    pub list: String,
    /// Its name; for resources and thresholds with the kind before it.
    pub name: String,
    /// The entry that was taken: the one of the earlier definition in the given order.
    pub taken: Value,
    /// The entry that was left.
    pub left: Value,
}

/// One definition with the schedules of all, in the order of precedence:
/// where shared objects differ, the earlier definition's is taken and the
/// disagreement reported.
pub fn join(parts: Vec<Definition>) -> (Definition, Vec<Disagreement>) {
    let mut disagreements = Vec::new();
    let mut parts = parts.into_iter().map(Definition::into_value);
    let mut whole = match parts.next() {
        Some(Value::Object(first)) => first,
        _ => Map::new(),
    };
    for part in parts {
        let Value::Object(part) = part else { continue };
        for (key, value) in part {
            match (whole.get_mut(&key), value) {
                (None, value) => {
                    whole.insert(key, value);
                }
                (Some(Value::Array(into)), Value::Array(items)) => {
                    join_list(&key, into, items, &mut disagreements);
                }
                _ => {}
            }
        }
    }
    let mut whole = Value::Object(whole);
    sort_sets(&mut whole);
    (Definition::from_sorted(whole), disagreements)
}

fn join_list(list: &str, into: &mut Vec<Value>, items: Vec<Value>, disagreements: &mut Vec<Disagreement>) {
    let key = match Node::root().child(list).order() {
        Order::Set(key) if form::part(list) == Part::Shared => key,
        // Lines, dependencies, unknown lists: what is there already is not repeated.
        _ => {
            let new: Vec<Value> = items.into_iter().filter(|item| !into.contains(item)).collect();
            into.extend(new);
            return;
        }
    };
    for item in items {
        let same_name =
            |other: &&Value| key.iter().all(|path| form::field(other, path) == form::field(&item, path));
        match into.iter().find(same_name) {
            None => into.push(item),
            Some(taken) if compare::same(taken, &item) => {}
            Some(taken) => {
                let words = key.iter().filter_map(|path| form::field(&item, path)?.as_str());
                disagreements.push(Disagreement {
                    list: list.to_owned(),
                    name: words.collect::<Vec<_>>().join(" "),
                    taken: taken.clone(),
                    left: item,
                });
            }
        }
    }
}
