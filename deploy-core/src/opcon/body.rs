//! Large JSON bodies: put together and taken apart without copying them.

use std::collections::HashMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON object with values at the pointers a profile names. No pointer may
/// lead through another's value.
pub(crate) struct Body<'a>(Vec<(Vec<&'a str>, &'a Value)>);

impl<'a> Body<'a> {
    pub(crate) fn new(parts: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Self {
        Self(
            parts.into_iter().map(|(pointer, value)| (pointer.split('/').skip(1).collect(), value)).collect(),
        )
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let [(path, value)] = self.0.as_slice()
            && path.is_empty()
        {
            return value.serialize(serializer);
        }
        let mut keys: Vec<&str> = Vec::new();
        for (path, _) in &self.0 {
            if let Some(first) = path.first()
                && !keys.contains(first)
            {
                keys.push(first);
            }
        }
        let mut map = serializer.serialize_map(Some(keys.len()))?;
        for key in keys {
            let below = self.0.iter().filter(|(path, _)| path.first() == Some(&key));
            let below = Body(below.map(|(path, value)| (path[1..].to_vec(), *value)).collect());
            map.serialize_entry(key, &below)?;
        }
        map.end()
    }
}

/// Reduces a JSON text to the value at a pointer, in place; `None` if there is none.
pub(crate) fn cut(mut text: Vec<u8>, pointer: &str) -> Option<Vec<u8>> {
    if pointer.is_empty() {
        return Some(text);
    }
    let mut value: &RawValue = serde_json::from_slice(&text).ok()?;
    for key in pointer.split('/').skip(1) {
        value = member(value, key)?;
    }
    let start = value.get().as_ptr().addr() - text.as_ptr().addr();
    let end = start + value.get().len();
    text.truncate(end);
    text.drain(..start);
    Some(text)
}

fn member<'a>(value: &'a RawValue, key: &str) -> Option<&'a RawValue> {
    let text = value.get();
    if text.starts_with('[') {
        return serde_json::from_str::<Vec<&RawValue>>(text).ok()?.get(key.parse::<usize>().ok()?).copied();
    }
    serde_json::from_str::<HashMap<String, &RawValue>>(text).ok()?.remove(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_stand_where_the_pointers_say() {
        let (definition, rules) = (json!({"scheduleList": [1.50]}), json!({"a": true}));
        let cases = [
            (
                vec![("/opConExtract", &definition), ("/importRules", &rules)],
                r#"{"opConExtract":{"scheduleList":[1.5]},"importRules":{"a":true}}"#,
            ),
            (
                vec![("/data/extract", &definition), ("/data/rules", &rules)],
                r#"{"data":{"extract":{"scheduleList":[1.5]},"rules":{"a":true}}}"#,
            ),
            (vec![("", &rules)], r#"{"a":true}"#),
        ];
        for (parts, expected) in cases {
            assert_eq!(serde_json::to_string(&Body::new(parts)).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn what_was_put_somewhere_is_found_there(
            path in vec("[a-z]{1,4}", 0..4),
            text in ".{0,20}",
            number in any::<i64>(),
        ) {
            let pointer: String = path.iter().map(|key| format!("/{key}")).collect();
            let value = json!({"text": text, "list": [number, null]});
            let body = serde_json::to_vec(&Body::new([(pointer.as_str(), &value)])).unwrap();
            let found = cut(body, &pointer).unwrap();
            prop_assert_eq!(serde_json::from_slice::<Value>(&found).unwrap(), value);
        }

        #[test]
        fn nothing_sent_makes_it_panic(bytes in vec(any::<u8>(), 0..60), pointer in "(/[a-z0-9]{0,2}){0,3}") {
            cut(bytes, &pointer);
        }
    }

    #[test]
    fn a_value_is_cut_out_as_it_was_written() {
        let text = r#" {"ok":true,"data":[ {"x":1}, {"scheduleList": [ 1.50 ]} ]} "#;
        let cases = [
            ("", Some(text)),
            ("/data/1", Some(r#"{"scheduleList": [ 1.50 ]}"#)),
            ("/data/1/scheduleList/0", Some("1.50")),
            ("/data/2", None),
            ("/data/x", None),
            ("/ok/x", None),
            ("/absent", None),
        ];
        for (pointer, expected) in cases {
            let found = cut(text.as_bytes().to_vec(), pointer);
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{pointer}");
        }
        assert_eq!(cut(b"{\"data\":".to_vec(), "/data"), None);
    }
}
