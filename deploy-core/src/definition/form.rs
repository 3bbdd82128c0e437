//! The one table of what is known of a definition's form: which arrays are
//! sets and by which key, which part of the definition a key belongs to, and
//! which values say nothing about the schedule.
//!
//! Everything that has to know the form asks here: the canonical writer, the
//! comparison, the semantic difference, the patch, the merge. A wrong guess is
//! corrected in one place; an array that is not in the table keeps its order.

use std::cmp::Ordering;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// What a part of the definition decides (`docs/definitions.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    /// The schedule itself: decides versions and drift.
    Own,
    /// What other schedules share with it: compared by existence and definition.
    Shared,
    /// Changes when *other* schedules change: shown, never a difference.
    Reverse,
    /// Who exported it, when, from which release: never a difference.
    Header,
}

/// How the items of an array are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The order means something, or is not known not to.
    Kept,
    /// A set, sorted by these fields (`a/b` goes into an object); no fields: by the whole item.
    Set(&'static [&'static str]),
}

/// One row of the table: an array that is a set.
struct SetRow {
    /// Keys from the root, array items passed over.
    path: &'static str,
    /// Fields that identify an item.
    key: &'static [&'static str],
}

const fn set(path: &'static str, key: &'static [&'static str]) -> SetRow {
    SetRow { path, key }
}

const EXTERNAL: &[&str] = &[
    "scheduleName",
    "jobName",
    "frequencyName",
    "predecessorScheduleName",
    "predecessorJobName",
    "predecessorFrequencyName",
    "dependencyType",
    "dateOffset",
];

/// The sets. Vendor's names; see `docs/definitions.md`.
const SETS: &[SetRow] = &[
    set("roleList", &["name"]),
    set("accessCodeList", &["name"]),
    set("departmentList", &["name"]),
    set("scriptList", &["data/name"]),
    set("scriptList/runnerList", &["name"]),
    set("scriptList/versionList", &["version"]),
    set("calendarList", &["name"]),
    set("calendarList/dateList", &[]),
    set("propertyList", &["name"]),
    set("variableList", &["type", "name"]),
    set("scheduleList", &["name"]),
    set("scheduleList/roleList", &["name"]),
    set("scheduleList/frequencyList", &["name"]),
    set("scheduleList/eventList", &["jobStatus", "event"]),
    set("scheduleList/namedInstancesList", &["name"]),
    set(
        "scheduleList/internalDependencyList",
        &["jobName", "frequencyName", "predecessorJobName", "predecessorFrequencyName", "dependencyType"],
    ),
    set("scheduleList/jobList", &["name"]),
    set("scheduleList/jobList/frequencyList", &["name"]),
    set("scheduleList/jobList/eventList", &["frequencyName", "jobStatus", "event"]),
    set("scheduleList/jobList/tagList", &[]),
    set("scheduleList/jobList/roleList", &["name"]),
    set("scheduleList/jobList/expressionDependencyList", &["frequencyName", "expression"]),
    set("scheduleList/jobList/resourceDependencyList", &["resourceName", "frequencyName"]),
    set("scheduleList/jobList/thresholdDependencyList", &["thresholdName", "frequencyName"]),
    set("externalDependencyList", EXTERNAL),
    set("externalDependencyOnList", EXTERNAL),
];

/// The lists of shared objects and the field that names one.
pub const SHARED_LISTS: &[(&str, &[&str])] = &[
    ("roleList", &["name"]),
    ("accessCodeList", &["name"]),
    ("departmentList", &["name"]),
    ("scriptList", &["data/name"]),
    ("calendarList", &["name"]),
    ("propertyList", &["name"]),
    ("variableList", &["type", "name"]),
];

/// The part that a top-level key belongs to.
pub fn part(top_level_key: &str) -> Part {
    match top_level_key {
        "opConVersion" | "userDescription" | "descriptionList" => Part::Header,
        "externalDependencyOnList" => Part::Reverse,
        key if SHARED_LISTS.iter().any(|(list, _)| *list == key) => Part::Shared,
        _ => Part::Own,
    }
}

/// Keys whose numeric values belong to the system a definition was exported from.
const SYSTEM_IDS: &[&str] = &[
    "id",
    "accessCodeId",
    "calendarId",
    "departmentId",
    "frequencyId",
    "jobId",
    "machineGroupId",
    "machineId",
    "opConPlatformId",
    "predecessorJobId",
    "predecessorScheduleId",
    "propertyId",
    "resourceId",
    "roleId",
    "scheduleId",
    "scriptId",
    "scriptTypeId",
    "thresholdId",
    "typeId",
];

/// Keys that say when something was written down.
const STAMPS: &[&str] =
    &["created", "createdDate", "lastUpdated", "lastUpdatedDate", "updated", "updatedDate"];

/// Whether a value says nothing about the schedule: a numeric id of the
/// source system, or a created/updated stamp.
pub fn is_noise(key: &str, value: &Value) -> bool {
    STAMPS.contains(&key) || (is_integer(value) && SYSTEM_IDS.contains(&key))
}

fn is_integer(value: &Value) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match value {
        Value::Number(number) => digits(number.as_str().trim_start_matches('-')),
        Value::String(text) => digits(text.trim_start_matches('-')),
        _ => false,
    }
}

/// A place in the form: what is known of the value under a path of keys.
#[derive(Debug)]
pub struct Node {
    order: Order,
    children: Vec<(&'static str, Node)>,
}

/// A place the table does not know.
static UNKNOWN: Node = Node { order: Order::Kept, children: Vec::new() };

static ROOT: LazyLock<Node> = LazyLock::new(|| {
    let mut root = Node { order: Order::Kept, children: Vec::new() };
    for row in SETS {
        let mut node = &mut root;
        for key in row.path.split('/') {
            let at = match node.children.iter().position(|(name, _)| *name == key) {
                Some(at) => at,
                None => {
                    node.children.push((key, Node { order: Order::Kept, children: Vec::new() }));
                    node.children.len() - 1
                }
            };
            node = &mut node.children[at].1;
        }
        node.order = Order::Set(row.key);
    }
    root
});

impl Node {
    /// The definition as a whole.
    pub fn root() -> &'static Node {
        &ROOT
    }

    /// The place under a key. Items of an array share the array's place.
    pub fn child(&self, key: &str) -> &Node {
        self.children.iter().find(|(name, _)| *name == key).map_or(&UNKNOWN, |(_, node)| node)
    }

    /// How an array at this place is ordered.
    pub fn order(&self) -> Order {
        self.order
    }
}

/// The value of one key field of a set's item; `a/b` goes into an object.
pub fn field<'v>(item: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').try_fold(item, |value, key| value.get(key))
}

/// The total order of a set's items: by the key fields, then by the whole
/// item without noise, then with it.
pub fn compare_items(key: &[&str], a: &Value, b: &Value) -> Ordering {
    compare_item_keys(key, a, b)
        .then_with(|| compare_values(a, b, false))
        .then_with(|| compare_values(a, b, true))
}

/// The order of two items of a set by their key alone: equal means the same
/// thing. Without key fields the whole item without noise is the key.
pub fn compare_item_keys(key: &[&str], a: &Value, b: &Value) -> Ordering {
    if key.is_empty() {
        return compare_values(a, b, false);
    }
    key.iter()
        .map(|path| compare_scalars(field(a, path), field(b, path)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Absent before present; whole numbers by value (also in strings: `"9"` < `"10"`), text by its bytes.
fn compare_scalars(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match (whole_number(a), whole_number(b)) {
            (Some(x), Some(y)) => x.cmp(&y).then_with(|| compare_values(a, b, true)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => compare_values(a, b, true),
        },
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn sorted_entries(map: &Map<String, Value>, with_noise: bool) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().filter(|(key, value)| with_noise || !is_noise(key, value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.len() < 19 => text.parse().ok(),
        _ => None,
    }
}

fn compare_values(a: &Value, b: &Value, with_noise: bool) -> Ordering {
    fn rank(value: &Value) -> u8 {
        match value {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::Array(_) => 4,
            Value::Object(_) => 5,
        }
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.as_str().cmp(b.as_str()),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => a
            .iter()
            .zip(b)
            .map(|(a, b)| compare_values(a, b, with_noise))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.len().cmp(&b.len())),
        (Value::Object(a), Value::Object(b)) => {
            let (a, b) = (sorted_entries(a, with_noise), sorted_entries(b, with_noise));
            a.iter()
                .zip(&b)
                .map(|((k, v), (l, w))| k.cmp(l).then_with(|| compare_values(v, w, with_noise)))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}
