//! Small comparisons that the walk rests on.

use serde_json::{Map, Value};

use super::super::compare::{identical, same};
use super::super::form;

/// The keys of two objects with the values that are not noise, the new ones last.
pub(super) fn fields<'v>(a: &'v Value, b: &'v Value) -> Vec<(&'v str, Option<&'v Value>, Option<&'v Value>)> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    let (a, b) = (a.as_object().unwrap_or(&NONE), b.as_object().unwrap_or(&NONE));
    let own =
        |map: &'v Map<String, Value>, key: &str| map.get(key).filter(|value| !form::is_noise(key, value));
    let new = b.keys().filter(|key| !a.contains_key(*key));
    a.keys()
        .chain(new)
        .map(|key| (key.as_str(), own(a, key), own(b, key)))
        .filter(|(_, a, b)| a.is_some() || b.is_some())
        .collect()
}

/// Two lists without a difference but noise.
pub(super) fn identical_lists(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| identical(a, b) || same(a, b))
}

/// How many items are the same at the start and, of the rest, at the end.
pub(super) fn common_ends(a: &[Value], b: &[Value]) -> (usize, usize) {
    let start = a.iter().zip(b).take_while(|(a, b)| same(a, b)).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| same(a, b)).count();
    (start, end)
}
