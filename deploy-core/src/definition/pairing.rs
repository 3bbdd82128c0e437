//! Matching the items of two sets by their key, and jobs by their content.
//!
//! Both sides are sorted by the key, so that one walk over both is enough.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::compare::same;
use super::{canonical, form};

/// How many pairs of items are compared in search of edited ones.
pub(crate) const MOST_COMPARED: usize = 10_000;

/// Which items of two sets are the same thing, by their indices.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Pairing {
    /// The same key on both sides.
    pub(crate) pairs: Vec<(usize, usize)>,
    /// Only on the left.
    pub(crate) removed: Vec<usize>,
    /// Only on the right.
    pub(crate) added: Vec<usize>,
}

impl Pairing {
    /// Pairs two sets that are sorted by `key`.
    pub(crate) fn of(key: &[&str], a: &[&Value], b: &[&Value]) -> Self {
        let mut pairing = Self::default();
        let (mut i, mut j) = (0, 0);
        while i < a.len() && j < b.len() {
            match form::compare_item_keys(key, a[i], b[j]) {
                std::cmp::Ordering::Less => {
                    pairing.removed.push(i);
                    i += 1;
                }
                std::cmp::Ordering::Greater => {
                    pairing.added.push(j);
                    j += 1;
                }
                std::cmp::Ordering::Equal => {
                    let (next_i, next_j) = (end_of_group(key, a, i), end_of_group(key, b, j));
                    pairing.group(a, b, (i, next_i), (j, next_j));
                    (i, j) = (next_i, next_j);
                }
            }
        }
        pairing.removed.extend(i..a.len());
        pairing.added.extend(j..b.len());
        pairing
    }

    /// Pairs items that share one key: equal ones first, the others in their order.
    fn group(&mut self, a: &[&Value], b: &[&Value], left: (usize, usize), right: (usize, usize)) {
        if left.1 - left.0 == 1 && right.1 - right.0 == 1 {
            self.pairs.push((left.0, right.0));
            return;
        }
        let mut open: Vec<usize> = (right.0..right.1).collect();
        let mut others = Vec::new();
        for (i, item) in a.iter().enumerate().take(left.1).skip(left.0) {
            match open.iter().position(|&j| same(item, b[j])) {
                Some(at) => self.pairs.push((i, open.remove(at))),
                None => others.push(i),
            }
        }
        let both = others.len().min(open.len());
        self.pairs.extend(others.iter().copied().zip(open.iter().copied()));
        self.removed.extend(&others[both..]);
        self.added.extend(&open[both..]);
    }

    /// Pairs what is left over and differs in one field only: one edited, not
    /// one removed and another added.
    pub(crate) fn pair_edited(&mut self, a: &[&Value], b: &[&Value]) {
        if self.removed.len() * self.added.len() > MOST_COMPARED {
            return;
        }
        let mut removed = Vec::new();
        for &i in &self.removed {
            match self.added.iter().position(|&j| differ_in_one_field(a[i], b[j])) {
                Some(at) => self.pairs.push((i, self.added.remove(at))),
                None => removed.push(i),
            }
        }
        self.removed = removed;
    }
}

fn end_of_group(key: &[&str], items: &[&Value], start: usize) -> usize {
    let same_key = |item: &&&Value| form::compare_item_keys(key, items[start], item).is_eq();
    start + 1 + items[start + 1..].iter().take_while(same_key).count()
}

/// Whether two objects differ in exactly one field, noise aside.
pub(crate) fn differ_in_one_field(a: &Value, b: &Value) -> bool {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return false };
    let fields =
        |map: &Map<String, Value>| map.iter().filter(|(key, value)| !form::is_noise(key, value)).count();
    if fields(a) != fields(b) || fields(a) < 2 {
        return false;
    }
    let differing = a
        .iter()
        .filter(|(key, value)| !form::is_noise(key, value))
        .filter(|(key, value)| !b.get(*key).is_some_and(|other| same(value, other)))
        .count();
    differing == 1
}

/// A job that kept its content under another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Renamed {
    /// Index on the left.
    pub(crate) from: usize,
    /// Index on the right.
    pub(crate) to: usize,
    /// Whether no other job on either side has the same content.
    pub(crate) is_certain: bool,
}

/// The removed and added jobs that are the same but for their name and what
/// their own text says of it.
pub(crate) fn renamed_jobs(pairing: &Pairing, a: &[&Value], b: &[&Value]) -> Vec<Renamed> {
    if pairing.removed.is_empty() || pairing.added.is_empty() {
        return Vec::new();
    }
    let mut by_content: HashMap<u64, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for &i in &pairing.removed {
        by_content.entry(fingerprint(a[i])).or_default().0.push(i);
    }
    for &j in &pairing.added {
        by_content.entry(fingerprint(b[j])).or_default().1.push(j);
    }
    let mut renamed: Vec<Renamed> = by_content
        .values()
        .flat_map(|(from, to)| {
            let is_certain = from.len() == 1 && to.len() == 1;
            from.iter().zip(to).map(move |(&from, &to)| Renamed { from, to, is_certain })
        })
        .filter(|renamed| content(a[renamed.from]) == content(b[renamed.to]))
        .collect();
    renamed.sort_by_key(|renamed| renamed.from);
    renamed
}

/// What stands for a job's own name in its content.
const OWN_NAME: &str = "\u{1}";

/// A job's content without its name and noise, with its own name taken out of its text.
fn content(job: &Value) -> Vec<u8> {
    let name = job["name"].as_str().unwrap_or_default();
    let mut job = replace_name(job, name, OWN_NAME);
    if let Some(map) = job.as_object_mut() {
        map.remove("name");
    }
    canonical::write(&job)
}

/// A number that jobs of the same [`content`] have in common.
fn fingerprint(job: &Value) -> u64 {
    let name = job["name"].as_str().unwrap_or_default();
    let fields = job.as_object().into_iter().flatten().filter(|(key, _)| *key != "name");
    hash_fields(fields, name)
}

fn hash_fields<'v>(fields: impl Iterator<Item = (&'v String, &'v Value)>, own_name: &str) -> u64 {
    // Added up, so that the order of the keys makes no difference.
    fields
        .filter(|(key, value)| !form::is_noise(key, value))
        .map(|(key, value)| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hash_value(value, own_name, &mut hasher);
            hasher.finish()
        })
        .fold(0, u64::wrapping_add)
}

fn hash_value(value: &Value, own_name: &str, hasher: &mut DefaultHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(flag) => flag.hash(hasher),
        Value::Number(number) => number.as_str().hash(hasher),
        Value::String(text) => replace_word(text, own_name, OWN_NAME).hash(hasher),
        Value::Array(items) => items.iter().for_each(|item| hash_value(item, own_name, hasher)),
        Value::Object(map) => hash_fields(map.iter(), own_name).hash(hasher),
    }
}

/// The value without noise, a name in its texts replaced where it is not part of a longer word.
fn replace_name(value: &Value, old: &str, new: &str) -> Value {
    match value {
        Value::String(text) => Value::String(replace_word(text, old, new).into_owned()),
        Value::Array(items) => Value::Array(items.iter().map(|item| replace_name(item, old, new)).collect()),
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(key, value)| !form::is_noise(key, value))
                .map(|(key, value)| (key.clone(), replace_name(value, old, new)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn replace_word<'t>(text: &'t str, old: &str, new: &str) -> Cow<'t, str> {
    if old.is_empty() || !text.contains(old) {
        return Cow::Borrowed(text);
    }
    let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::with_capacity(text.len());
    let mut written = 0;
    for (at, found) in text.match_indices(old) {
        let end = at + found.len();
        if !is_word(text[..at].chars().next_back()) && !is_word(text[end..].chars().next()) {
            out.push_str(&text[written..at]);
            out.push_str(new);
            written = end;
        }
    }
    out.push_str(&text[written..]);
    Cow::Owned(out)
}

/// The fields by which a dependency names a job, each with the field of its schedule.
pub(crate) const JOB_REFERENCES: &[(&str, &str)] =
    &[("jobName", "scheduleName"), ("predecessorJobName", "predecessorScheduleName")];

/// A dependency with the new names of renamed jobs; `None` where it names none.
pub(crate) fn follow_renames(
    dependency: &Value,
    schedule: Option<&str>,
    renames: &HashMap<(String, String), String>,
) -> Option<Value> {
    let mut followed = None;
    for (job, schedule_field) in JOB_REFERENCES {
        let Some(schedule) = schedule.or_else(|| dependency[*schedule_field].as_str()) else { continue };
        let Some(old) = dependency[*job].as_str() else { continue };
        if let Some(new) = renames.get(&(schedule.to_owned(), old.to_owned())) {
            followed.get_or_insert_with(|| dependency.clone())[*job] = Value::from(new.as_str());
        }
    }
    followed
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_replaced_as_a_word() {
        assert_eq!(
            replace_word("LOAD failed, see LOAD_2 and RELOAD", "LOAD", "x"),
            "x failed, see LOAD_2 and RELOAD"
        );
        assert_eq!(replace_word("é", "", "x"), "é");
    }

    #[test]
    fn duplicates_pair_equal_ones_first() {
        let items = |text: &str| -> Vec<Value> { serde_json::from_str(text).unwrap() };
        let a = items(r#"[{"name":"A","x":1},{"name":"A","x":2},{"name":"B"}]"#);
        let b = items(r#"[{"name":"A","x":2},{"name":"C"}]"#);
        let (a, b): (Vec<_>, Vec<_>) = (a.iter().collect(), b.iter().collect());
        let pairing = Pairing::of(&["name"], &a, &b);
        assert_eq!(pairing, Pairing { pairs: vec![(1, 0)], removed: vec![0, 2], added: vec![1] });
    }
}
