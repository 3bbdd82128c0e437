//! Encrypted values: carried in a definition, never shown.

use serde_json::Value;

use super::form;

/// What stands for an encrypted value wherever a definition is shown.
pub const ENCRYPTED: &str = "(encrypted)";

/// Fields of an encrypted object that say nothing of its value.
const HARMLESS: &[&str] = &["name", "type", "description", "encrypted"];

/// Whether an object says of itself that its value is encrypted.
pub fn is_encrypted(item: &Value) -> bool {
    match item.get("encrypted") {
        Some(Value::Bool(encrypted)) => *encrypted,
        Some(Value::String(encrypted)) => encrypted.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Whether a field of an encrypted object may tell its value.
pub(crate) fn is_secret_field(key: &str, value: &Value) -> bool {
    !HARMLESS.contains(&key) && !form::is_noise(key, value)
}

/// The value with [`ENCRYPTED`] in place of every encrypted one.
pub fn hide_encrypted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let encrypted = is_encrypted(value);
            let fields = map.iter().map(|(key, value)| {
                let hidden = encrypted && is_secret_field(key, value);
                (key.clone(), if hidden { Value::from(ENCRYPTED) } else { hide_encrypted(value) })
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(hide_encrypted).collect()),
        other => other.clone(),
    }
}
