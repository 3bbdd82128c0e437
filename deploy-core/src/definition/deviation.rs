//! What stands on a target and is not what was deployed to it, by JSON pointer.
//!
//! Says what [`super::equal`] decides for [`super::Purpose::Target`]: there is
//! a deviation that is no moving value exactly where the definitions differ.
//! Pointers lead into what was deployed; to what was added, into what stands there.

use serde_json::{Map, Value};

use super::compare::{Comparison, same};
use super::diff::{in_words, pair_in_words};
use super::form::{self, Node, Order, Part};
use super::pairing::Pairing;
use super::secret::{ENCRYPTED, is_encrypted, is_secret_field};
use super::{Purpose, Thing, information};

/// One place where a target deviates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// `add`, `remove` or `replace`.
    pub op: &'static str,
    /// A JSON pointer.
    pub pointer: String,
    /// The whole of it, in words; encrypted values hidden.
    pub words: String,
    /// Whether it is a value of a property, resource or threshold, which moves at run time.
    pub is_value: bool,
}

/// Where a target deviates from what was deployed to it. Both sides have their sets sorted.
pub fn deviations(deployed: &Value, found: &Value) -> Vec<Deviation> {
    let mut walk = Walk { comparison: Comparison::new(deployed, found, Purpose::Target), found: Vec::new() };
    let (Some(a), Some(b)) = (deployed.as_object(), found.as_object()) else { return walk.found };
    // A list that is not there says what an empty one says.
    let is_list = |value: Option<&Value>| value.is_none_or(|value| value.as_array().is_some());
    for key in keys(a, b).filter(|key| matches!(form::part(key), Part::Own | Part::Shared)) {
        let at = At::root().field(key);
        match (a.get(key), b.get(key)) {
            (a, b) if is_list(a) && is_list(b) => walk.list(&at, Thing::at_top(key), list(a), list(b)),
            (a, b) => walk.values(&at, a, b),
        }
    }
    walk.found
}

/// A place in both definitions.
#[derive(Clone)]
struct At<'n> {
    pointer: String,
    /// The things that the place belongs to, in words.
    things: String,
    /// The way to the field within the last of them.
    field: String,
    node: &'n Node,
    thing: Thing,
    is_secret: bool,
}

impl At<'static> {
    fn root() -> Self {
        At {
            pointer: String::new(),
            things: String::new(),
            field: String::new(),
            node: Node::root(),
            thing: Thing::Definition,
            is_secret: false,
        }
    }
}

impl At<'_> {
    fn field(&self, key: &str) -> Self {
        let field = if self.field.is_empty() { key.to_owned() } else { format!("{}.{key}", self.field) };
        let pointer = format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"));
        Self { pointer, field, node: self.node.child(key), ..self.clone() }
    }

    fn index(&self, index: usize) -> Self {
        Self { pointer: format!("{}/{index}", self.pointer), ..self.clone() }
    }

    /// A thing of a list here.
    fn item(&self, thing: Thing, index: usize, item: &Value) -> Self {
        let thing = thing.of_item(item);
        let mut things = self.things.clone();
        // Which schedule it is everybody knows.
        if thing != Thing::Schedule {
            let separator = if things.is_empty() { "" } else { ", " };
            things.push_str(&format!(
                "{separator}{} {}",
                thing.singular(),
                in_words(&thing.label(item).into())
            ));
        }
        let is_secret = self.is_secret || is_encrypted(item);
        Self { things, field: String::new(), thing, is_secret, ..self.index(index) }
    }

    fn words(&self, change: &str) -> String {
        let parts = [self.things.as_str(), self.field.as_str(), change];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
    }
}

struct Walk {
    comparison: Comparison,
    found: Vec<Deviation>,
}

impl Walk {
    fn tell(&mut self, op: &'static str, at: &At<'_>, change: &str, is_value: bool) {
        let (pointer, words) = (at.pointer.clone(), at.words(change));
        self.found.push(Deviation { op, pointer, words, is_value });
    }

    /// Two values, either of which may not be there.
    fn values(&mut self, at: &At<'_>, a: Option<&Value>, b: Option<&Value>) {
        match (a, b) {
            (Some(a), Some(b)) if same(a, b) => {}
            (Some(Value::Object(a)), Some(Value::Object(b))) => self.fields(at, a, b),
            (Some(Value::Array(a)), Some(Value::Array(b))) => self.list(at, thing_of(at), a, b),
            (Some(a), Some(b)) => {
                let (old, new) = match at.is_secret {
                    true => (ENCRYPTED.to_owned(), "another value".to_owned()),
                    false => pair_in_words(a, b),
                };
                self.tell("replace", at, &format!("{old} → {new}"), false);
            }
            (Some(_), None) => self.tell("remove", at, "is gone", false),
            (None, Some(_)) => self.tell("add", at, "is new", false),
            (None, None) => {}
        }
    }

    fn fields(&mut self, at: &At<'_>, a: &Map<String, Value>, b: &Map<String, Value>) {
        for key in keys(a, b) {
            let (old, new) = (a.get(key), b.get(key));
            if old.or(new).is_some_and(|value| form::is_noise(key, value)) {
                continue;
            }
            let mut inner = at.field(key);
            inner.is_secret = at.is_secret && is_secret_field(key, &Value::Null);
            match (at.thing, key) {
                (Thing::Schedule, "documentation") if at.field.is_empty() => {
                    if !information::same(old, new) {
                        let text = |value| Value::from(information::text_of(value));
                        self.values(&inner, Some(&text(old)), Some(&text(new)));
                    }
                }
                (Thing::Calendar, "dateList") if at.field.is_empty() => {
                    let dates = |list: Option<&Value>| -> Vec<Value> {
                        self.comparison.current_dates(list.unwrap_or(&Value::Null)).cloned().collect()
                    };
                    let (old, new) = (dates(old), dates(new));
                    if old != new {
                        self.tell("replace", &inner, &dates_in_words(&old, &new), false);
                    }
                }
                (Thing::Property | Thing::Resource | Thing::Threshold | Thing::Variable, "value")
                    if at.field.is_empty() =>
                {
                    let from = self.found.len();
                    self.values(&inner, old, new);
                    self.found[from..].iter_mut().for_each(|deviation| deviation.is_value = true);
                }
                _ => self.values(&inner, old, new),
            }
        }
    }

    fn list(&mut self, at: &At<'_>, thing: Option<Thing>, a: &[Value], b: &[Value]) {
        let Order::Set(key) = at.node.order() else {
            match a.len() == b.len() {
                true => (0..a.len()).for_each(|n| self.values(&at.index(n), Some(&a[n]), Some(&b[n]))),
                false => {
                    let words = format!("{} → {} entries", a.len(), b.len());
                    self.tell("replace", at, &words, false);
                }
            }
            return;
        };
        let thing = thing.unwrap_or(Thing::Definition);
        let (left, right): (Vec<&Value>, Vec<&Value>) = (a.iter().collect(), b.iter().collect());
        let pairing = Pairing::of(key, &left, &right);
        for (i, j) in pairing.pairs {
            let mut at = at.item(thing, i, left[i]);
            at.is_secret |= is_encrypted(right[j]);
            match (left[i], right[j]) {
                (Value::Object(a), Value::Object(b)) => self.fields(&at, a, b),
                (a, b) => self.values(&at, Some(a), Some(b)),
            }
        }
        for i in pairing.removed {
            self.tell("remove", &at.item(thing, i, left[i]), "is gone", false);
        }
        for j in pairing.added {
            self.tell("add", &at.item(thing, j, right[j]), "is new", false);
        }
    }
}

/// What a list below a thing holds.
fn thing_of(at: &At<'_>) -> Option<Thing> {
    match at.thing {
        Thing::Schedule => Thing::in_schedule(&at.field),
        Thing::Job => Thing::in_job(&at.field),
        _ => None,
    }
}

/// The keys of both, those of the first before those that only the second has.
fn keys<'m>(a: &'m Map<String, Value>, b: &'m Map<String, Value>) -> impl Iterator<Item = &'m str> {
    a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))).map(String::as_str)
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn dates_in_words(old: &[Value], new: &[Value]) -> String {
    let only = |ours: &[Value], theirs: &[Value], sign: char| -> Vec<String> {
        let only = ours.iter().filter(|date| !theirs.contains(date));
        only.map(|date| format!("{sign}{}", in_words(date))).collect()
    };
    let mut words = [only(old, new, '-'), only(new, old, '+')].concat();
    if words.len() > 4 {
        words.truncate(4);
        words.push("…".to_owned());
    }
    words.join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::{definition, edit, edited};
    use super::super::{Definition, equal};
    use super::*;

    fn told(a: Value, b: Value) -> Vec<String> {
        let (a, b) = (Definition::from_value(a).unwrap(), Definition::from_value(b).unwrap());
        deviations(a.value(), b.value())
            .into_iter()
            .map(|d| format!("{}{} {} {}", d.op, if d.is_value { "?" } else { "" }, d.pointer, d.words))
            .collect()
    }

    #[test]
    fn everything_that_counts_is_told_and_nothing_else() {
        let deployed = json!({
            "opConVersion": "23.0.1", "descriptionList": ["Export Date : 2026-11-18 09:12:44"],
            "scheduleList": [{
                "name": "P", "id": "7", "startTime": "06:00", "documentation": "x",
                "jobList": [
                    {"name": "A", "windowsData": {"commandLine": "a"}},
                    {"name": "B", "tagList": ["one"], "frequencyList": [{"name": "F", "order": [1, 2]}]},
                    {"name": "C"},
                ],
            }],
            "propertyList": [{"name": "V", "value": "1"}, {"name": "PW", "value": "old", "encrypted": true}],
            "calendarList": [{"name": "H", "dateList": ["2026-11-18", "2026-12-24", "2026-12-25"]}],
            "externalDependencyOnList": [{"jobName": "X"}],
        });
        let found = json!({
            "opConVersion": "25.0", "descriptionList": ["Export Date : 2026-11-20 09:12:44"],
            "scheduleList": [{
                "name": "P", "id": "9", "startTime": "07:00", "documentation": "{\"opcon-deploy\":{\"record\":\"1\"}}\nx",
                "jobList": [
                    {"name": "A", "windowsData": {"commandLine": "b"}, "disableBuild": true},
                    {"name": "B", "tagList": ["two"], "frequencyList": [{"name": "F", "order": [1, 3]}]},
                    {"name": "D"},
                ],
            }],
            "propertyList": [
                {"name": "NEW"}, {"name": "V", "value": "2"}, {"name": "PW", "value": "new", "encrypted": true}],
            "calendarList": [{"name": "H", "dateList": ["2026-12-25", "2026-12-26"]}],
            "roleList": [], "x-list": [],
        });
        assert_eq!(
            told(deployed.clone(), found),
            [
                "replace /scheduleList/0/startTime startTime: 06:00 → 07:00",
                "replace /scheduleList/0/jobList/0/windowsData/commandLine job A: windowsData.commandLine: a → b",
                "add /scheduleList/0/jobList/0/disableBuild job A: disableBuild: is new",
                "remove /scheduleList/0/jobList/1/tagList/0 job B, tag one: is gone",
                "add /scheduleList/0/jobList/1/tagList/0 job B, tag two: is new",
                "replace /scheduleList/0/jobList/1/frequencyList/0/order/1 job B, frequency F: order: 2 → 3",
                "remove /scheduleList/0/jobList/2 job C: is gone",
                "add /scheduleList/0/jobList/2 job D: is new",
                "replace? /propertyList/0/value property PW: value: (encrypted) → another value",
                "replace? /propertyList/1/value property V: value: 1 → 2",
                "add /propertyList/0 property NEW: is new",
                "replace /calendarList/0/dateList calendar H: dateList: -2026-12-24 +2026-12-26",
            ]
        );
        assert_eq!(told(deployed.clone(), deployed), [""; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_says_what_equality_decides(
            a in definition(),
            edits in proptest::collection::vec(edit(), 0..3),
            other in definition(),
        ) {
            for b in [edited(&a, &edits), other] {
                let found = deviations(a.value(), b.value());
                let differs = found.iter().any(|deviation| !deviation.is_value);
                prop_assert_eq!(differs, !equal(a.value(), b.value(), Purpose::Target), "{:?}", found);
            }
        }
    }
}
