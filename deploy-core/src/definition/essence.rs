//! What decides of a definition that stands on a target, as bytes to make a
//! digest of: equal where two definitions are equal for
//! [`super::Purpose::Target`], up to the dates of calendars, which an export
//! only holds from its day on.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::form::{self, Part};
use super::{Thing, information};

/// The bytes of what decides.
pub fn essence(definition: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(96 * 1024);
    let is_kept = |(key, value): &(&String, &Value)| {
        let is_nothing = value.as_array().is_some_and(Vec::is_empty);
        matches!(form::part(key), Part::Own | Part::Shared) && !is_nothing
    };
    let mut kept: Vec<_> = definition.as_object().into_iter().flatten().filter(is_kept).collect();
    kept.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in kept {
        put_text(&mut out, key);
        let thing = Thing::at_top(key);
        match value {
            Value::Array(items) => items.iter().for_each(|item| put_item(&mut out, thing, item)),
            other => put(&mut out, other),
        }
    }
    out
}

/// Of what stands in a list at the top some keys do not decide, and of its
/// documentation only what people wrote.
fn put_item(out: &mut Vec<u8>, thing: Option<Thing>, item: &Value) {
    let Some(map) = item.as_object() else { return put(out, item) };
    put_object(out, map, |key, value| match (thing, key) {
        (Some(Thing::Property | Thing::Variable), "value") | (Some(Thing::Calendar), "dateList") => None,
        (Some(Thing::Schedule), "documentation") => {
            let text = information::text_of(Some(value));
            (!text.is_empty()).then(|| Cow::Owned(Value::from(text)))
        }
        _ => Some(Cow::Borrowed(value)),
    });
}

fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Object(map) => put_object(out, map, |_, value| Some(Cow::Borrowed(value))),
        Value::Array(items) => {
            out.push(b'[');
            items.iter().for_each(|item| put(out, item));
            out.push(b']');
        }
        Value::String(text) => put_text(out, text),
        Value::Number(number) => {
            out.push(b'#');
            put_text(out, number.as_str());
        }
        Value::Bool(true) => out.push(b't'),
        Value::Bool(false) => out.push(b'f'),
        Value::Null => out.push(b'0'),
    }
}

fn put_object<'v>(
    out: &mut Vec<u8>,
    map: &'v Map<String, Value>,
    seen_as: impl Fn(&str, &'v Value) -> Option<Cow<'v, Value>>,
) {
    out.push(b'{');
    let mut entries: Vec<_> = map.iter().filter(|(key, value)| !form::is_noise(key, value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in entries {
        if let Some(value) = seen_as(key, value) {
            put_text(out, key);
            put(out, &value);
        }
    }
    out.push(b'}');
}

/// With its length, so that nothing in it is taken for what comes after it.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(&text.len().to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::{definition, edit, edited};
    use super::super::{Purpose, equal};
    use super::*;

    #[test]
    fn what_moves_by_itself_is_not_in_it() {
        let one = json!({
            "descriptionList": ["Export Date : 2026-11-18 09:12:44"], "roleList": [],
            "scheduleList": [{"name": "P", "id": "7", "documentation": "{\"opcon-deploy\":{\"record\":\"1\"}}"}],
            "propertyList": [{"name": "V", "value": "1"}],
            "calendarList": [{"name": "H", "dateList": ["2026-11-18"]}],
        });
        let other = json!({
            "descriptionList": ["Export Date : 2026-11-20 09:12:44"], "externalDependencyOnList": [{"jobName": "X"}],
            "scheduleList": [{"name": "P", "id": "8"}],
            "propertyList": [{"name": "V", "value": "2"}],
            "calendarList": [{"name": "H", "dateList": []}],
        });
        assert_eq!(essence(&one), essence(&other));
        assert!(!equal(&one, &json!({}), Purpose::Target));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_differs_where_own_parts_do(a in definition(), edits in proptest::collection::vec(edit(), 0..3)) {
            let b = edited(&a, &edits);
            if essence(a.value()) == essence(b.value()) {
                let (mut a, mut b) = (a.into_value(), b.into_value());
                for value in [&mut a, &mut b] {
                    value.as_object_mut().unwrap().remove("calendarList");
                }
                prop_assert!(equal(&a, &b, Purpose::Target));
            }
        }
    }
}
