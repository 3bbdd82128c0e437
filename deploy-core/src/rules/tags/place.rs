//! Places in a definition: `job/windowsData/userId`, `schedule/startTime`,
//! `propertyList/*/name`; `*` stands for each item of an array.

use std::fmt;

use serde_json::{Map, Value};

/// Where a place is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Top,
    Schedule,
    Job,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Each,
}

/// A place, or many of one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scope: Scope,
    steps: Vec<Step>,
    text: String,
}

/// Why a text is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a place: write `job/…`, `schedule/…` or a key from the top, parts separated by `/`")]
pub(crate) struct PlaceError {
    text: String,
}

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self, PlaceError> {
        let wrong = || PlaceError { text: text.to_owned() };
        let (scope, rest) = match text.split_once('/') {
            Some(("job", rest)) => (Scope::Job, rest),
            Some(("schedule", rest)) => (Scope::Schedule, rest),
            Some((first, _)) if first.is_empty() || first == "*" => return Err(wrong()),
            _ => (Scope::Top, text),
        };
        let steps: Vec<Step> = rest
            .split('/')
            .map(|part| if part == "*" { Step::Each } else { Step::Key(part.to_owned()) })
            .collect();
        if steps.iter().any(|step| matches!(step, Step::Key(key) if key.is_empty())) {
            return Err(wrong());
        }
        Ok(Self { scope, steps, text: text.to_owned() })
    }

    /// The key that the place ends in.
    pub(crate) fn last_key(&self) -> &str {
        self.steps
            .iter()
            .rev()
            .find_map(|step| if let Step::Key(key) = step { Some(&**key) } else { None })
            .unwrap_or("")
    }

    /// Whether the place is about the items of a top-level list.
    pub(crate) fn is_in(&self, list: &str) -> bool {
        self.scope == Scope::Top && self.steps.first() == Some(&Step::Key(list.to_owned()))
    }

    /// Whether a value at the place, below `owner`, is as asked.
    pub(crate) fn holds(&self, owner: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
        fn at(value: &Value, steps: &[Step], is: &dyn Fn(&Value) -> bool) -> bool {
            match steps.split_first() {
                None => is(value),
                Some((Step::Key(key), rest)) => value.get(key).is_some_and(|next| at(next, rest, is)),
                Some((Step::Each, rest)) => {
                    value.as_array().is_some_and(|items| items.iter().any(|item| at(item, rest, is)))
                }
            }
        }
        at(owner, &self.steps, is)
    }

    /// The texts at the place, below `owner`: the one, those of an array, the `name` of an object.
    pub(crate) fn texts<'v>(&self, owner: &'v Value, found: &mut Vec<&'v str>) {
        fn at<'v>(value: &'v Value, steps: &[Step], found: &mut Vec<&'v str>) {
            match (steps.split_first(), value) {
                (None, Value::String(text)) => found.push(text),
                (None, Value::Array(items)) => items.iter().for_each(|item| at(item, steps, found)),
                (None, Value::Object(map)) => found.extend(map.get("name").and_then(Value::as_str)),
                (None, _) => {}
                (Some((Step::Key(key), rest)), value) => {
                    if let Some(next) = value.get(key) {
                        at(next, rest, found);
                    }
                }
                (Some((Step::Each, rest)), value) => {
                    value.as_array().into_iter().flatten().for_each(|item| at(item, rest, found));
                }
            }
        }
        at(owner, &self.steps, found);
    }

    /// The objects that hold the place's last key, below `owner`.
    pub(crate) fn visit(&self, owner: &mut Value, visit: &mut dyn FnMut(&mut Site<'_>)) {
        self.visit_from(0, owner, visit);
    }

    /// As [`Place::visit`], from the value that the first `done` steps have led to.
    fn visit_from(&self, done: usize, value: &mut Value, visit: &mut dyn FnMut(&mut Site<'_>)) {
        let (end, key) = (self.end(), self.last_key());
        walk(value, &self.steps[done..end], &mut Vec::new(), &mut |indexes, holder| {
            if let Value::Object(holder) = holder {
                visit(&mut Site { steps: &self.steps[..end], indexes, holder, key });
            }
        });
    }

    /// How many steps lead to the holder of the last key.
    fn end(&self) -> usize {
        self.steps.iter().rposition(|step| matches!(step, Step::Key(_))).unwrap_or(0)
    }

    /// The key of the owner that the way to the holder begins with.
    fn first_key(&self) -> Option<&str> {
        match self.steps.first() {
            Some(Step::Key(key)) if self.end() > 0 => Some(key),
            _ => None,
        }
    }

    /// The order in which places that begin alike stand together.
    pub(crate) fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.first_key().cmp(&other.first_key())
    }
}

/// Visits many places below one owner; those that begin alike (see [`Place::order`]) share the way.
pub(crate) fn visit_all<T: Copy>(
    places: &[(T, &Place)],
    owner: &mut Value,
    visit: &mut dyn FnMut(T, &Place, &mut Site<'_>),
) {
    for group in places.chunk_by(|(_, a), (_, b)| a.first_key() == b.first_key()) {
        let first = group.first().and_then(|(_, place)| place.first_key());
        let (done, value) = match first {
            None => (0, &mut *owner),
            Some(key) => match owner.get_mut(key) {
                Some(value) => (1, value),
                None => continue,
            },
        };
        for (what, place) in group {
            place.visit_from(done, value, &mut |site| visit(*what, place, site));
        }
    }
}

/// An object that holds a value of interest, and the way to it.
pub(crate) struct Site<'s> {
    steps: &'s [Step],
    indexes: &'s [usize],
    pub(crate) holder: &'s mut Map<String, Value>,
    pub(crate) key: &'s str,
}

impl Site<'_> {
    /// The values at the place: the one, the items of an array, the `name` of an object.
    pub(crate) fn leaves(&mut self, visit: &mut dyn FnMut(&dyn Fn() -> String, &mut Value)) {
        let Some(value) = self.holder.get_mut(self.key) else {
            return;
        };
        let (steps, indexes, key) = (self.steps, self.indexes, self.key);
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    let tail = [key.to_owned(), at.to_string()];
                    leaf(item, &|| pointer(steps, indexes, &tail), visit);
                }
            }
            value => leaf(value, &|| pointer(steps, indexes, &[key.to_owned()]), visit),
        }
    }

    /// The pointer below the owner to a key of the holder.
    pub(crate) fn pointer_to(&self, key: &str) -> String {
        pointer(self.steps, self.indexes, &[key.to_owned()])
    }

    /// A text beside the value.
    pub(crate) fn beside(&self, key: &str) -> Option<&str> {
        self.holder.get(key).and_then(Value::as_str)
    }
}

fn leaf(
    value: &mut Value,
    pointer: &dyn Fn() -> String,
    visit: &mut dyn FnMut(&dyn Fn() -> String, &mut Value),
) {
    match value {
        Value::Object(map) => {
            if let Some(name) = map.get_mut("name") {
                visit(&|| format!("{}/name", pointer()), name);
            }
        }
        Value::Null | Value::Array(_) => {}
        scalar => visit(pointer, scalar),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn walk(
    value: &mut Value,
    steps: &[Step],
    indexes: &mut Vec<usize>,
    visit: &mut dyn FnMut(&[usize], &mut Value),
) {
    match steps.split_first() {
        None => visit(indexes, value),
        Some((Step::Key(key), rest)) => {
            if let Some(next) = value.as_object_mut().and_then(|map| map.get_mut(key)) {
                walk(next, rest, indexes, visit);
            }
        }
        Some((Step::Each, rest)) => {
            for (at, item) in value.as_array_mut().into_iter().flatten().enumerate() {
                if item.is_null() {
                    continue;
                }
                indexes.push(at);
                walk(item, rest, indexes, visit);
                indexes.pop();
            }
        }
    }
}

/// The way that a walk took and the keys behind it, as a JSON pointer below the owner.
fn pointer(steps: &[Step], indexes: &[usize], tail: &[String]) -> String {
    let mut out = String::new();
    let mut indexes = indexes.iter();
    for step in steps {
        match step {
            Step::Key(key) => push_key(&mut out, key),
            Step::Each => push_key(&mut out, &indexes.next().copied().unwrap_or_default().to_string()),
        }
    }
    for key in tail {
        push_key(&mut out, key);
    }
    out
}

/// Appends a key to a JSON pointer.
pub(crate) fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    if key.contains(['~', '/']) {
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leaves_are_found_with_their_pointers() {
        let mut value = json!({"a": [{"b": "1"}, null, {"b": ["2", {"name": "3"}]}], "c/d": {"name": "4"}});
        let mut found = Vec::new();
        for text in ["a/*/b", "c~d", "none/x"] {
            let place = Place::parse(text).unwrap();
            place.visit(&mut value, &mut |site| {
                site.leaves(&mut |pointer, leaf| found.push(format!("{}={leaf}", pointer())));
            });
        }
        assert_eq!(found, ["/a/0/b=\"1\"", "/a/2/b/0=\"2\"", "/a/2/b/1/name=\"3\""]);
    }

    #[test]
    fn wrong_places_are_refused() {
        for text in ["", "job//x", "/a", "*/a", "job/"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
