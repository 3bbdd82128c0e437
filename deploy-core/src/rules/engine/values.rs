//! Values of the document as values of scripts, and back.

use rhai::{Array, Dynamic, ImmutableString};
use serde_json::{Number, Value};

use super::handle::Refused;

/// The texts of a list, of strings or of objects with a name.
pub(super) fn texts(value: Option<&Value>) -> Vec<ImmutableString> {
    let text = |item: &Value| item.as_str().or_else(|| item.get("name")?.as_str()).map(ImmutableString::from);
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
        Some(other) => text(other).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A value for scripts: texts, flags, whole numbers, lists of them.
pub(super) fn dynamic(value: &Value, pointer: &str) -> Refused<Dynamic> {
    Ok(match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) if whole.to_string() == number.as_str() => Dynamic::from_int(whole),
            // More digits than a number of the script holds.
            _ => number.to_string().into(),
        },
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| dynamic(item, &format!("{pointer}/{at}")))
            .collect::<Result<Array, String>>()?
            .into(),
        Value::Object(_) => return Err(format!("at `{pointer}` stands an object: name a key in it")),
    })
}

/// A value from a script.
pub(super) fn scalar(value: Dynamic) -> Refused<Value> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(Value::Bool(flag));
    }
    if let Ok(number) = value.as_int() {
        return Ok(Value::Number(number.into()));
    }
    if let Ok(number) = value.as_float() {
        return Number::from_f64(number).map(Value::Number).ok_or_else(|| format!("{number} is no number"));
    }
    if value.is_string() || value.is_char() {
        return Ok(Value::String(value.to_string()));
    }
    let kind = value.type_name();
    match value.try_cast::<Array>() {
        Some(items) => Ok(Value::Array(items.into_iter().map(scalar).collect::<Result<_, _>>()?)),
        None => Err(format!("a value of type `{kind}` cannot be put into a definition")),
    }
}
