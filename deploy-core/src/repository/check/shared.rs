//! Shared objects that schedules carry with different content.
//!
//! While the definitions go by only numbers of the contents are kept; what
//! differs is read again at the end, to show both sides. Ids and stamps never
//! count. Values are as of the export: those of properties are a note, those of
//! resources and thresholds (counters) nothing at all. An export holds a
//! calendar's future dates only: they are compared from the latest export on.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};

use super::code;
use super::finding::Finding;
use crate::definition::diff::{Change, diff, in_words, pair_in_words, visible};
use crate::definition::form::{SHARED_LISTS, field, is_noise};
use crate::definition::{Definition, Thing, export_date};

/// So many differences of two objects are told.
const TOLD: usize = 3;

/// What of an object is compared by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Aspect {
    /// All but what follows.
    Definition,
    /// The value of a property.
    Value,
    /// The dates of a calendar.
    Dates,
}

/// A content that some schedules have.
#[derive(Debug)]
struct Variant {
    /// The first file that has it.
    first: usize,
    count: usize,
    /// Of dates: the dates themselves, and the latest export that holds them.
    dates: Vec<String>,
    exported: Option<String>,
}

/// A shared object, by its list and the words of its key.
type Key = (&'static str, String);

/// The shared objects of all schedules.
#[derive(Debug, Default)]
pub(super) struct Shared {
    objects: HashMap<Key, BTreeMap<Aspect, BTreeMap<u64, Variant>>>,
}

impl Shared {
    /// Takes what was seen in a file, given by its number.
    pub(super) fn add(&mut self, file: usize, seen: Vec<Seen>) {
        for Seen { key, aspect, number, dates, exported } in seen {
            let variants = self.objects.entry(key).or_default().entry(aspect).or_default();
            let new = || Variant { first: file, count: 0, dates, exported: None };
            let variant = variants.entry(number).or_insert_with(new);
            variant.count += 1;
            variant.first = variant.first.min(file);
            variant.exported = variant.exported.take().max(exported);
        }
    }

    /// A finding for every object that differs; `path` and `read` give the files by their numbers.
    pub(super) fn findings(
        &self,
        path: &dyn Fn(usize) -> String,
        read: &dyn Fn(usize) -> Option<Definition>,
        findings: &mut Vec<Finding>,
    ) {
        let mut keys: Vec<&Key> = self.objects.keys().collect();
        keys.sort();
        for key in keys {
            for (aspect, variants) in &self.objects[key] {
                if let Some((one, other, count)) = apart(*aspect, variants) {
                    findings.extend(finding(key, *aspect, one, other, count, path, read));
                }
            }
        }
    }
}

/// One aspect of a shared object as a definition has it.
pub(super) struct Seen {
    key: Key,
    aspect: Aspect,
    /// The same for the same content.
    number: u64,
    dates: Vec<String>,
    exported: Option<String>,
}

/// The shared objects of a definition.
pub(super) fn seen_in(definition: &Value) -> Vec<Seen> {
    let exported = export_date(definition);
    let mut seen = Vec::new();
    for (list, key) in SHARED_LISTS {
        for item in definition.get(list).and_then(Value::as_array).into_iter().flatten() {
            let Some(name) = name_of(item, key) else { continue };
            seen.extend(aspects(list).iter().map(|aspect| Seen {
                key: (list, name.clone()),
                aspect: *aspect,
                number: number_of(item, *aspect, list),
                dates: if *aspect == Aspect::Dates { dates_of(item) } else { Vec::new() },
                exported: exported.map(str::to_owned),
            }));
        }
    }
    seen
}

fn aspects(list: &str) -> &'static [Aspect] {
    match list {
        "propertyList" => &[Aspect::Definition, Aspect::Value],
        "calendarList" => &[Aspect::Definition, Aspect::Dates],
        _ => &[Aspect::Definition],
    }
}

/// The key under which an aspect other than the definition stands.
fn field_of(aspect: Aspect) -> Option<&'static str> {
    match aspect {
        Aspect::Definition => None,
        Aspect::Value => Some("value"),
        Aspect::Dates => Some("dateList"),
    }
}

/// Whether a field is part of an aspect; the values of resources and thresholds are of none.
fn belongs(key: &str, aspect: Aspect, list: &str) -> bool {
    let own = match (list, key) {
        ("propertyList", "value") => Some(Aspect::Value),
        ("calendarList", "dateList") => Some(Aspect::Dates),
        ("variableList", "value") => None,
        _ => Some(Aspect::Definition),
    };
    own == Some(aspect)
}

fn name_of(item: &Value, key: &[&str]) -> Option<String> {
    let words: Option<Vec<&str>> = key.iter().map(|path| field(item, path)?.as_str()).collect();
    words.map(|words| words.join(" ")).filter(|name| !name.trim().is_empty())
}

fn dates_of(item: &Value) -> Vec<String> {
    let dates = item.get("dateList").and_then(Value::as_array).into_iter().flatten();
    dates.map(|date| date.as_str().map_or_else(|| date.to_string(), str::to_owned)).collect()
}

fn number_of(item: &Value, aspect: Aspect, list: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match (item, field_of(aspect)) {
        (_, Some(key)) => item.get(key).inspect(|value| hash(value, &mut hasher)).is_some().hash(&mut hasher),
        (Value::Object(map), None) => {
            hash_map(map, &|key| belongs(key, Aspect::Definition, list), &mut hasher);
        }
        (other, None) => hash(other, &mut hasher),
    }
    hasher.finish()
}

fn hash(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0u8.hash(hasher),
        Value::Bool(value) => (1u8, value).hash(hasher),
        Value::Number(number) => (2u8, number.as_str()).hash(hasher),
        Value::String(text) => (3u8, text).hash(hasher),
        Value::Array(items) => {
            (4u8, items.len()).hash(hasher);
            items.iter().for_each(|item| hash(item, hasher));
        }
        Value::Object(map) => hash_map(map, &|_| true, hasher),
    }
}

/// The same number whatever the order of the keys.
fn hash_map(map: &Map<String, Value>, wanted: &dyn Fn(&str) -> bool, hasher: &mut DefaultHasher) {
    let mut sum = 0u64;
    for (key, value) in map.iter().filter(|(key, value)| wanted(key) && !is_noise(key, value)) {
        let mut entry = DefaultHasher::new();
        key.hash(&mut entry);
        hash(value, &mut entry);
        sum = sum.wrapping_add(entry.finish());
    }
    (5u8, sum).hash(hasher);
}

/// The two contents to show, and how many there are; none where all agree.
fn apart(aspect: Aspect, variants: &BTreeMap<u64, Variant>) -> Option<(&Variant, &Variant, usize)> {
    let mut all: Vec<&Variant> = variants.values().collect();
    if aspect == Aspect::Dates {
        // Compared with the latest export: the others hold no later dates that it does not know.
        let latest = all.iter().max_by(|a, b| a.exported.cmp(&b.exported).then(b.first.cmp(&a.first)))?;
        let latest = *latest;
        let from = |variant: &Variant| match (&latest.exported, &variant.exported) {
            (Some(from), Some(_)) => Some(from.clone()),
            _ => None,
        };
        let dates = |variant: &Variant, from: &Option<String>| {
            let current = variant.dates.iter().filter(|date| from.as_ref().is_none_or(|from| *date >= from));
            current.cloned().collect::<Vec<_>>()
        };
        all.retain(|variant| {
            let from = from(variant);
            std::ptr::eq(*variant, latest) || dates(variant, &from) != dates(latest, &from)
        });
    }
    // What most schedules have comes first; of equals the first in the order of the files.
    all.sort_by(|a, b| b.count.cmp(&a.count).then(a.first.cmp(&b.first)));
    match all.as_slice() {
        [one, other, ..] => Some((one, other, all.len())),
        _ => None,
    }
}

fn finding(
    (list, name): &Key,
    aspect: Aspect,
    one: &Variant,
    other: &Variant,
    count: usize,
    path: &dyn Fn(usize) -> String,
    read: &dyn Fn(usize) -> Option<Definition>,
) -> Option<Finding> {
    let (left, _) = object(&read(one.first)?, list, name, aspect)?;
    let (right, at) = object(&read(other.first)?, list, name, aspect)?;
    let words = words_of(list, &left, &right);
    let thing = thing_word(list, &left);
    let more = match count {
        2 => String::new(),
        count => format!(" ({count} different ones in all)"),
    };
    let (code, differs) = match aspect {
        Aspect::Value => (code::SHARED_VALUE, "has another value than"),
        Aspect::Dates => (code::SHARED_DIFFERS, "has other dates than"),
        Aspect::Definition => (code::SHARED_DIFFERS, "differs from the one"),
    };
    let others = match one.count {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    let bare =
        name.rsplit_once(' ').filter(|_| *list == "variableList").map_or(name.as_str(), |(_, name)| name);
    let message = format!("{thing} `{bare}` {differs} in `{}`{others}{more}: {words}", path(one.first));
    let pointer = format!("/{list}/{at}");
    Some(Finding::new(code, &path(other.first), message).pointer(pointer))
}

/// The object with the fields of an aspect alone, and its place in the list.
fn object(definition: &Definition, list: &str, name: &str, aspect: Aspect) -> Option<(Value, usize)> {
    let (_, key) = SHARED_LISTS.iter().find(|(other, _)| *other == list)?;
    let items = definition.value().get(list)?.as_array()?;
    let at = items.iter().position(|item| name_of(item, key).as_deref() == Some(name))?;
    let kept = ["name", "type", "encrypted"];
    let fields = items[at].as_object()?.iter().filter(|(field, _)| {
        belongs(field, aspect, list) || (aspect != Aspect::Definition && kept.contains(&field.as_str()))
    });
    Some((Value::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect()), at))
}

fn thing_word(list: &str, item: &Value) -> &'static str {
    let things = [
        ("roleList", Thing::Role),
        ("accessCodeList", Thing::AccessCode),
        ("departmentList", Thing::Department),
        ("scriptList", Thing::Script),
        ("calendarList", Thing::Calendar),
        ("propertyList", Thing::Property),
    ];
    let variable = match item["type"].as_str() {
        Some(kind) if kind.eq_ignore_ascii_case("resource") => Thing::Resource,
        Some(kind) if kind.eq_ignore_ascii_case("threshold") => Thing::Threshold,
        _ => Thing::Variable,
    };
    things.iter().find(|(other, _)| *other == list).map_or(variable, |(_, thing)| *thing).singular()
}

/// What differs between two objects, in a few words; encrypted values hidden.
fn words_of(list: &str, left: &Value, right: &Value) -> String {
    let whole =
        |item: &Value| Definition::from_value(json!({"scheduleList": [{"name": "-"}], list: [item]})).ok();
    let (Some(left), Some(right)) = (whole(left), whole(right)) else { return String::new() };
    let changes = diff(&left, &right).changes;
    let told: Vec<String> = changes.iter().take(TOLD).map(change_in_words).collect();
    let more = match changes.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{}{more}", told.join("; "))
}

fn change_in_words(change: &Change) -> String {
    let field = visible(change.field.as_deref().unwrap_or_default());
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => {
            let (old, new) = pair_in_words(old, new);
            format!("{field} {old} → {new}")
        }
        (Some(old), None) => format!("{field} without {}", in_words(old)),
        (None, Some(new)) => format!("{field} with {}", in_words(new)),
        (None, None) => field,
    }
}
