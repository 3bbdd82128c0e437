//! Equality of definitions: what makes a new version, and what is only noise.
//!
//! Both sides must have their sets sorted ([`super::sort_sets`]). The parts of
//! a definition and what they decide are described in [`super::form`].

use serde_json::{Map, Value};

use super::form::{self, Node, Order, Part};
use super::information;

/// What a comparison is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Does an import make a new version? Values of shared objects count.
    Import,
    /// Does a target still hold what was deployed? Values of shared objects move at run time.
    Target,
}

/// Whether two definitions are equal for a purpose.
pub fn equal(a: &Value, b: &Value, purpose: Purpose) -> bool {
    let comparison = Comparison::new(a, b, purpose);
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else {
        return a == b;
    };
    // A target names every list, also those that a definition written by hand does not have.
    let is_nothing =
        |value: &Value| purpose == Purpose::Target && value.as_array().is_some_and(Vec::is_empty);
    let decides = |(key, value): &(&String, &Value)| {
        matches!(form::part(key), Part::Own | Part::Shared) && !is_nothing(value)
    };
    let count = |map: &Map<String, Value>| map.iter().filter(decides).count();
    count(a) == count(b)
        && a.iter()
            .filter(decides)
            .all(|(key, value)| b.get(key).is_some_and(|other| comparison.same_top_level(key, value, other)))
}

/// Whether one value below a top-level key is equal on both sides, noise ignored.
pub(crate) struct Comparison {
    purpose: Purpose,
    /// The later of the two export dates: older calendar dates are not in both exports.
    dates_from: Option<String>,
}

impl Comparison {
    pub(crate) fn new(a: &Value, b: &Value, purpose: Purpose) -> Self {
        let dates_from = match (export_date(a), export_date(b)) {
            (Some(a), Some(b)) => Some(a.max(b).to_owned()),
            _ => None,
        };
        Self { purpose, dates_from }
    }

    fn same_top_level(&self, key: &str, a: &Value, b: &Value) -> bool {
        match key {
            "calendarList" => self.same_items(a, b, |key, a, b| match key {
                "dateList" => self.current_dates(a).eq(self.current_dates(b)),
                _ => same(a, b),
            }),
            "propertyList" | "variableList" if self.purpose == Purpose::Target => {
                self.same_items(a, b, |key, a, b| key == "value" || same(a, b))
            }
            "scheduleList" => match (a.as_array(), b.as_array()) {
                (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_schedule(a, b)),
                _ => same(a, b),
            },
            _ => same(a, b),
        }
    }

    /// Compares two lists of objects field by field.
    fn same_items(&self, a: &Value, b: &Value, same_field: impl Fn(&str, &Value, &Value) -> bool) -> bool {
        let (Some(a), Some(b)) = (a.as_array(), b.as_array()) else {
            return same(a, b);
        };
        a.len() == b.len()
            && a.iter().zip(b).all(|(a, b)| match (a, b) {
                (Value::Object(a), Value::Object(b)) => same_maps(a, b, &[], &same_field),
                (a, b) => same(a, b),
            })
    }

    /// The dates of a calendar that both exports can hold.
    pub(crate) fn current_dates<'v>(&self, dates: &'v Value) -> impl Iterator<Item = &'v Value> + use<'v> {
        let from = self.dates_from.clone();
        let dates = dates.as_array().map(Vec::as_slice).unwrap_or_default();
        dates.iter().filter(move |date| match (&from, date.as_str()) {
            (Some(from), Some(date)) => date >= from.as_str(),
            _ => true,
        })
    }
}

/// Exactly equal, with keys in the same order: cheaper than `==`, and true of nearly
/// everything that is equal.
pub(crate) fn identical(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|((key, a), (other, b))| key == other && identical(a, b))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| identical(a, b))
        }
        (a, b) => a == b,
    }
}

/// Equal but for noise ([`form::is_noise`]).
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            same_maps(a, b, &[], &|_: &str, a: &Value, b: &Value| same(a, b))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (a, b) => a == b,
    }
}

/// Two schedules of the same place; what deployments wrote into them does not count.
fn same_schedule(a: &Value, b: &Value) -> bool {
    const DOCUMENTATION: &str = "documentation";
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            information::same(a.get(DOCUMENTATION), b.get(DOCUMENTATION))
                && same_maps(a, b, &[DOCUMENTATION], &|_: &str, a: &Value, b: &Value| same(a, b))
        }
        (a, b) => same(a, b),
    }
}

fn same_maps(
    a: &Map<String, Value>,
    b: &Map<String, Value>,
    but: &[&str],
    same_field: &impl Fn(&str, &Value, &Value) -> bool,
) -> bool {
    let counts =
        |(key, value): &(&String, &Value)| !form::is_noise(key, value) && !but.contains(&key.as_str());
    let count = |map: &Map<String, Value>| map.iter().filter(counts).count();
    count(a) == count(b)
        && a.iter()
            .filter(counts)
            .all(|(key, value)| b.get(key).is_some_and(|other| same_field(key, value, other)))
}

/// The date of the `Export Date : 2026-11-20 …` line, as `yyyy-mm-dd`.
pub fn export_date(definition: &Value) -> Option<&str> {
    let lines = definition.get("descriptionList")?.as_array()?;
    let date = lines.iter().find_map(|line| line.as_str()?.strip_prefix("Export Date : "))?.get(..10)?;
    let shape: Vec<bool> = date.bytes().map(|byte| byte.is_ascii_digit()).collect();
    (shape == [true, true, true, true, false, true, true, false, true, true]).then_some(date)
}

/// Gives objects of `new` that are otherwise equal the ids and stamps they had
/// in `old`, so that a changed job is a few lines of difference and not a file.
pub fn keep_noise_of(new: &mut Value, old: &Value) {
    keep_noise_at(new, old, Node::root());
}

fn keep_noise_at(new: &mut Value, old: &Value, node: &Node) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            let equal = same_maps(new, old, &[], &|_: &str, a: &Value, b: &Value| same(a, b));
            for (key, value) in new.iter_mut() {
                match old.get(key) {
                    Some(before) if equal || value.is_array() || value.is_object() => {
                        if form::is_noise(key, value) {
                            value.clone_from(before);
                        } else {
                            keep_noise_at(value, before, node.child(key));
                        }
                    }
                    _ => {}
                }
            }
        }
        (Value::Array(new), Value::Array(old)) => match node.order() {
            Order::Set(key) if !key.is_empty() => {
                let mut candidates = old.iter().peekable();
                for item in new {
                    let before = |old: &Value| {
                        key.iter().all(|path| form::field(old, path) == form::field(item, path))
                    };
                    // Both are sorted by the key: what the cursor passes cannot come again.
                    let mut ahead = candidates.clone();
                    if let Some(at) = ahead.position(before) {
                        let found = candidates.nth(at);
                        if let Some(found) = found {
                            keep_noise_at(item, found, node);
                        }
                    }
                }
            }
            _ => {
                for (new, old) in new.iter_mut().zip(old) {
                    keep_noise_at(new, old, node);
                }
            }
        },
        _ => {}
    }
}
