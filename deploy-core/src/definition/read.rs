//! Reading a definition: JSON with nothing lost and nothing guessed.
//!
//! Numbers keep every digit they were written with. What a JSON reader usually forgives (a
//! key given twice, of which it keeps the last) is refused here with line and
//! column, because it would lose what the user wrote.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why bytes are not a definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// UTF-16, as Windows editors write it.
    #[error("the text is UTF-16; save it as UTF-8")]
    Utf16,
    /// Bytes that are not text.
    #[error("not UTF-8 text (first wrong byte at offset {offset})")]
    NotUtf8 {
        /// Where the first wrong byte stands.
        offset: usize,
    },
    /// Not JSON, or JSON with a duplicate key or a lone surrogate.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// What is wrong.
        message: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// JSON of another shape.
    #[error("a definition is a JSON object with a `scheduleList`; this is {found}")]
    NotAnObject {
        /// What stands there instead.
        found: &'static str,
    },
    /// An object without schedules.
    #[error("no schedule in it: `scheduleList` is {found}")]
    NoSchedule {
        /// "missing", "empty" or what else it is.
        found: &'static str,
    },
    /// A schedule that cannot be named.
    #[error("schedule {number} in `scheduleList` has no `name`")]
    NoName {
        /// From 1.
        number: usize,
    },
    /// One schedule given twice.
    #[error("schedule `{name}` stands twice in `scheduleList`")]
    Twice {
        /// Its name.
        name: String,
    },
}

/// The key under which `serde_json` hands over a number with all its digits.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// Reads any JSON value; duplicate keys are an error, a byte order mark is skipped.
pub fn read_json(bytes: &[u8]) -> Result<Value, ReadError> {
    let text = match bytes {
        // With a byte order mark, or without: no JSON text has a zero among its first two bytes.
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, ..] | [_, 0, ..] => return Err(ReadError::Utf16),
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
        _ => bytes,
    };
    let text = std::str::from_utf8(text)
        .map_err(|error| ReadError::NotUtf8 { offset: error.valid_up_to() + (bytes.len() - text.len()) })?;
    if text.trim_ascii().is_empty() {
        return Err(ReadError::Empty);
    }
    if text.contains(NUMBER_KEY) {
        return Err(ReadError::Json {
            message: format!("`{NUMBER_KEY}` is reserved and cannot be carried"),
            line: 1 + text.lines().take_while(|line| !line.contains(NUMBER_KEY)).count(),
            column: 1,
        });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value)).map_err(json_error)
}

fn json_error(error: serde_json::Error) -> ReadError {
    let (line, column) = (error.line(), error.column());
    let place = format!(" at line {line} column {column}");
    let message = error.to_string();
    let message = match message.strip_suffix(&place).unwrap_or(&message) {
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "a \\u escape that is half of a surrogate pair".to_owned()
        }
        "expected ident" => "this is not JSON".to_owned(),
        other => other.replace("EOF while parsing", "the text ends within"),
    };
    ReadError::Json { message, line, column }
}

/// A word for the kind of a value, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Builds a [`Value`], refusing duplicate keys.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if key == NUMBER_KEY {
                let digits: String = entries.next_value()?;
                let number: Number = digits.parse().map_err(A::Error::custom)?;
                return Ok(Value::Number(number));
            }
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice in one object")));
            }
            let value = entries.next_value_seed(Strict)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn json(text: &str) -> Result<Value, ReadError> {
        read_json(text.as_bytes())
    }

    #[test]
    fn numbers_stay_as_written() {
        for number in ["1", "1.0", "1.50", "-0", "9007199254740993", "1e+400", "0.1e-7", "-12.340"] {
            assert_eq!(json(number).unwrap().to_string(), number);
        }
        // The one respelling: the sign of an exponent is written.
        assert_eq!(json("1E5").unwrap().to_string(), "1e+5");
    }

    #[test]
    fn a_duplicate_key_names_its_place() {
        let error = json("{\n  \"a\": 1,\n  \"a\": 2\n}").unwrap_err();
        assert_eq!(error.to_string(), "line 3, column 5: the key `a` stands twice in one object");
    }

    #[test]
    fn bad_bytes_are_named() {
        assert_eq!(json(" \r\n").unwrap_err(), ReadError::Empty);
        assert_eq!(read_json(b"\xFF\xFE{\0").unwrap_err(), ReadError::Utf16);
        assert_eq!(read_json(b"{\0}\0").unwrap_err(), ReadError::Utf16);
        assert_eq!(read_json(b"\"\xC3(\"").unwrap_err(), ReadError::NotUtf8 { offset: 1 });
        assert_eq!(read_json(b"\xEF\xBB\xBF{}").unwrap(), Value::Object(Map::new()));
        assert!(json(r#""\ud800""#).unwrap_err().to_string().contains("surrogate"));
        assert!(json("{} {}").unwrap_err().to_string().contains("trailing characters"));
        assert!(json(&"[".repeat(100_000)).unwrap_err().to_string().contains("recursion limit"));
        assert!(json(&format!("{{\"{NUMBER_KEY}\":\"1\"}}")).unwrap_err().to_string().contains("reserved"));
    }
}
