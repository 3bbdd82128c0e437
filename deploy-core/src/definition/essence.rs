//! What decides of a definition that stands on a target, as bytes: equal where
//! two definitions are equal for [`super::Purpose::Target`], up to the dates of
//! calendars, which an export only holds from its day on.

use serde_json::{Map, Value};

use super::form::{self, Part};
use super::{Thing, canonical, information};

/// The canonical bytes of what decides.
pub fn essence(definition: &Value) -> Vec<u8> {
    let mut kept = Map::new();
    for (key, value) in definition.as_object().into_iter().flatten() {
        let is_nothing = value.as_array().is_some_and(Vec::is_empty);
        if matches!(form::part(key), Part::Own | Part::Shared) && !is_nothing {
            kept.insert(key.clone(), top_level(Thing::at_top(key), value));
        }
    }
    canonical::write(&Value::Object(kept))
}

fn top_level(thing: Option<Thing>, value: &Value) -> Value {
    let Some(items) = value.as_array() else { return without_noise(value) };
    let item = |item: &Value| {
        let mut item = without_noise(item);
        let Some(map) = item.as_object_mut() else { return item };
        match thing {
            Some(Thing::Property | Thing::Variable) => drop(map.remove("value")),
            Some(Thing::Calendar) => drop(map.remove("dateList")),
            Some(Thing::Schedule) => {
                let text = information::text_of(map.get("documentation")).to_owned();
                match text.is_empty() {
                    true => drop(map.remove("documentation")),
                    false => drop(map.insert("documentation".to_owned(), Value::String(text))),
                }
            }
            _ => {}
        }
        item
    };
    Value::Array(items.iter().map(item).collect())
}

fn without_noise(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, value)| !form::is_noise(key, value));
            Value::Object(kept.map(|(key, value)| (key.clone(), without_noise(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_noise).collect()),
        other => other.clone(),
    }
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
